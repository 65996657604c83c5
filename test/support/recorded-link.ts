import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";

/** UDP packets at an even pace; it prints how many the kernel took. */
const SEND = `
  use Socket; use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);
  my ($count, $rate, $bytes) = @ARGV;
  socket my $socket, PF_INET, SOCK_DGRAM, 0 or die;
  my ($to, $payload, $sent) = (pack_sockaddr_in(9, inet_aton("10.77.0.2")), "x" x $bytes, 0);
  my $start = clock_gettime(CLOCK_MONOTONIC);
  while ($sent < $count) {
    my $due = 1 + int((clock_gettime(CLOCK_MONOTONIC) - $start) * $rate);
    while ($sent < $due && $sent < $count) { defined send $socket, $payload, 0, $to or die "send: $!"; $sent++ }
    sleep 0.002;
  }
  print "$sent\\n";`;

let made = 0;

/** Two namespaces and a cable between them; packets go from one end, and `device` is the other one. They end with this process. */
export class RecordedLink implements AsyncDisposable {
  readonly device = `v${process.pid % 100_000}x${++made}`;
  readonly #holder = spawn("unshare", ["-mn", "--propagation", "private", "sh", "-ec", this.#setup()], {
    stdio: ["pipe", "pipe", "inherit"],
  });

  static async make(): Promise<RecordedLink> {
    const link = new RecordedLink();
    await once(link.#holder.stdout as Readable, "data");
    return link;
  }

  /** The same command in the network namespace of the receiving end. */
  inside(...argv: readonly string[]): string[] {
    return ["nsenter", `--net=/proc/${this.#holder.pid}/ns/net`, ...argv];
  }

  /** Sends UDP packets to port 9 of the receiving end; on the wire each has 42 bytes more. */
  async send(count: number, { perSecond = 20_000, bytes = 58 } = {}): Promise<void> {
    const words = ["nsenter", "-t", String(this.#holder.pid), "-m", "-n", "ip", "netns", "exec", "sender"];
    const child = spawn("setsid", ["-w", ...words, "perl", "-e", SEND, ...[count, perSecond, bytes].map(String)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    for await (const part of child.stdout) said += part;
    if (Number(said) !== count) throw new Error(`${said} of ${count} packets were sent`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder.stdin?.end();
    await once(this.#holder, "exit");
  }

  #setup(): string {
    return `
      mount -t tmpfs none /run; mkdir -p /run/netns; ip netns add sender
      ip link add ${this.device} type veth peer name out netns sender
      ip addr add 10.77.0.2/24 dev ${this.device}; ip link set ${this.device} up
      ip -n sender addr add 10.77.0.1/24 dev out; ip -n sender link set out up
      ip -n sender neigh replace 10.77.0.2 lladdr "$(ip -o link show ${this.device} | sed 's/.*ether \\([^ ]*\\).*/\\1/')" dev out
      iptables -A OUTPUT -p icmp -j DROP # nobody listens to what is sent, and the kernel would say so
      echo ready; exec cat`;
  }
}
