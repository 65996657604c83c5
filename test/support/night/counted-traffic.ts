import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { LabModel } from "#lab/cluster/model.ts";
import { ipOf } from "#test/lab/cluster/in-pod.ts";

const PORT = 9_999;
/** Every packet begins with it; a 32-bit number in network order follows, counted from 1. */
export const MARK = "ncnight!";

/** How often the sender says how far it is. */
export const SAYS_EVERY_MS = 100;

/** Says how many it has sent so far, and when: `unixMs count`. */
const SEND = `
  use Socket; use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC CLOCK_REALTIME);
  my ($to, $rate) = @ARGV;
  socket my $socket, PF_INET, SOCK_DGRAM, 0 or die;
  connect $socket, pack_sockaddr_in(${PORT}, inet_aton($to)) or die;
  $| = 1; vec(my $in, 0, 1) = 1;
  my ($sent, $start, $told) = (0, clock_gettime(CLOCK_MONOTONIC), 0);
  while (!select my $closed = $in, undef, undef, 0.002) {
    my $at = clock_gettime(CLOCK_MONOTONIC) - $start;
    while ($sent < $at * $rate) { defined send $socket, "${MARK}" . pack("N", ++$sent) . "x" x 20, 0 or die "send: $!" }
    if (($at - $told) * 1000 >= ${SAYS_EVERY_MS}) { $told = $at; printf "%.3f %d\\n", clock_gettime(CLOCK_REALTIME) * 1000, $sent }
  }
  printf "%.3f %d\\n", clock_gettime(CLOCK_REALTIME) * 1000, $sent;`;

const TAKE = `
  use Socket; use Socket qw(SO_RCVBUF);
  socket my $socket, PF_INET, SOCK_DGRAM, 0 or die;
  setsockopt $socket, SOL_SOCKET, SO_RCVBUF, 4 << 20;
  bind $socket, pack_sockaddr_in(${PORT}, INADDR_ANY) or die;
  $| = 1; print "ready\\n"; vec(my $in, 0, 1) = 1; vec($in, fileno $socket, 1) = 1; my $count = 0;
  while (1) {
    select my $ready = $in, undef, undef, undef;
    if (vec $ready, fileno $socket, 1) { recv $socket, my $packet, 100, 0; $count++ } elsif (vec $ready, 0, 1) { last }
  }
  print "$count\\n";`;

/** What is true: how many packets had been sent at a moment, ascending; and how many came to the other program. */
export type Sent = { readonly steps: readonly (readonly [atMs: number, count: number])[]; readonly received: number };

export type CountedTraffic = AsyncDisposable & {
  /** Ends it. May be asked again. */
  readonly stop: () => Promise<Sent>;
};

/** UDP packets of 32 bytes at an even pace from one pod to another (`ns/name`), each with its number in it. */
export async function countedTraffic(
  lab: LabModel,
  { from, to, perSecond }: { readonly from: string; readonly to: string; readonly perSecond: number },
): Promise<CountedTraffic> {
  const start = (name: string, program: string, ...words: string[]) => {
    const pod = lab.pods.get(name);
    if (pod === undefined) throw new Error(`no pod ${name}`);
    const child = lab.exec(pod, pod.containers[0]?.name ?? "", ["perl", "-e", program, ...words]);
    child.stdin?.on("error", () => {});
    child.stderr?.pipe(process.stderr, { end: false });
    return { child, said: textOf(child) };
  };
  const taker = start(to, TAKE);
  await once(taker.child.stdout ?? taker.child, "data");
  const sender = start(from, SEND, ipOf(lab, to), String(perSecond));
  let sent: Promise<Sent> | undefined;
  const end = async (): Promise<Sent> => {
    sender.child.stdin?.end();
    const steps = (await sender.said)
      .trim()
      .split("\n")
      .map((line) => line.split(" ").map(Number));
    taker.child.stdin?.end();
    const received = Number((await taker.said).trim().split("\n").at(-1));
    return { steps: steps.map(([atMs = 0, count = 0]) => [atMs, count] as const), received };
  };
  const stop = () => (sent ??= end());
  return { stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

async function textOf(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  await once(child, "close");
  return text;
}
