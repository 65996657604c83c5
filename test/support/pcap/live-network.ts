import { type ChildProcess, execFile, spawn } from "node:child_process";
import { on, once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Two hosts, a and b, and a router r between them. */
type Place = "a" | "b" | "r";

const peer = fileURLToPath(new URL("live-peer.py", import.meta.url));
const delayer = fileURLToPath(new URL("../../../lab/cluster/programs/nfqdelay.py", import.meta.url));

/**
 * Without detection of duplicate addresses (DAD): until it is over, a second and more, a router has no link-local address to ask
 * for IPv6 neighbours from, and the first SYN is lost. Offloads are off: packets are what the wire carries. `ra` and `rb` are the
 * router's ends, ra is where captures are taken.
 */
const SETUP = `
mount -t tmpfs none /run; mkdir -p /run/netns /run/lock; ip link set lo up
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0
for h in a b; do
  n=$([ $h = a ] && echo 1 || echo 2)
  ip netns add $h; ip -n $h link set lo up; ip netns exec $h sysctl -qw net.ipv6.conf.default.accept_dad=0
  ip link add r$h type veth peer name eth0 netns $h
  ip addr add 10.9.$n.1/24 dev r$h; ip addr add fd00:$n::1/64 dev r$h nodad; ip link set r$h up
  ip -n $h addr add 10.9.$n.2/24 dev eth0; ip -n $h addr add fd00:$n::2/64 dev eth0 nodad; ip -n $h link set eth0 up
  ip -n $h route add default via 10.9.$n.1; ip -n $h -6 route add default via fd00:$n::1
  ethtool -K r$h tso off gso off gro off >/dev/null 2>&1
  ip netns exec $h ethtool -K eth0 tso off gso off gro off >/dev/null 2>&1
done
echo ready; exec cat`;

export const ADDRESSES = { a: "10.9.1.2", b: "10.9.2.2", b6: "fd00:2::2" };

/** A network of namespaces that ends with the process that holds it. */
export class LiveNetwork implements AsyncDisposable {
  readonly #holder: ChildProcess;
  readonly #children: ChildProcess[] = [];

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async make(): Promise<LiveNetwork> {
    const holder = spawn("unshare", ["-mn", "--propagation", "private", "sh", "-ec", SETUP], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await says(holder, "stdout", /ready/);
    return new LiveNetwork(holder);
  }

  async run(place: Place, ...argv: readonly string[]): Promise<string> {
    const [command = "", ...words] = this.#inside(place, argv);
    return (await promisify(execFile)(command, words)).stdout;
  }

  /** Starts one end and waits until it listens. */
  async serve(place: Place, ...words: readonly string[]): Promise<void> {
    await says(this.#start(place, ["python3", peer, ...words]), "stdout", /ready/);
  }

  /** Runs one end until it is done. */
  async play(place: Place, ...words: readonly string[]): Promise<void> {
    await this.run(place, "python3", peer, ...words);
  }

  /** Delays packets that the router forwards and that match, by what nfqdelay.py calls `distribution`. */
  async delay(distribution: string, ...match: readonly string[]): Promise<void> {
    const queue = String(this.#children.length + 1);
    await says(this.#start("r", ["python3", delayer, queue, "0x1", distribution]), "stdout", /ready/);
    for (const program of ["iptables", "ip6tables"]) {
      const rule = ["-t", "mangle", "-A", "FORWARD"];
      // A delayed packet passes again without the mark: the connection's own packets are told by a second mark.
      await this.run("r", program, ...rule, "-m", "mark", "--mark", "0x2/0x2", "-j", "RETURN");
      await this.run("r", program, ...rule, ...match, "-j", "MARK", "--set-mark", "0x3");
      await this.run("r", program, ...rule, "-m", "mark", "--mark", "0x1/0x1", "-j", "NFQUEUE", "--queue-num", queue);
    }
  }

  /** nft rules in a chain of what the router forwards. */
  async rule(...rules: readonly string[]): Promise<void> {
    const chain = "add table inet t; add chain inet t f { type filter hook forward priority 0; }";
    await this.run("r", "nft", `${chain}; ${rules.map((rule) => `add rule inet t f ${rule}`).join("; ")}`);
  }

  /**
   * Records at a device of the router while `during` runs. Its ring has a slot of the snap length for each packet: with room
   * for no more than what is sent here, thousands of them, so that none is dropped while the machine does other work.
   */
  async record(file: string, device: string, options: readonly string[], during: () => Promise<void>): Promise<void> {
    const tcpdump = this.#start("r", [
      "tcpdump",
      "-Z",
      "root",
      "-U",
      "--immediate-mode",
      "-s",
      "1600",
      "-B",
      "16384",
      "-i",
      device,
      ...options,
      "-w",
      file,
    ]);
    await says(tcpdump, "stderr", /listening on/);
    await during();
    await drained(tcpdump);
    tcpdump.kill("SIGINT");
    await once(tcpdump, "exit");
  }

  /** Segments that the kernels of both hosts say they sent again. */
  async sentAgain(): Promise<number> {
    const counts = await Promise.all(
      (["a", "b"] as const).map(async (place) => {
        const lines = (await this.run(place, "cat", "/proc/net/snmp"))
          .split("\n")
          .filter((line) => line.startsWith("Tcp:"));
        const [names = [], values = []] = lines.map((line) => line.split(" "));
        return Number(values[names.indexOf("RetransSegs")]);
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    this.#holder.stdin?.end();
    await once(this.#holder, "exit");
  }

  #inside(place: Place, argv: readonly string[]): string[] {
    const network = place === "r" ? [] : ["ip", "netns", "exec", place];
    return ["nsenter", "-t", String(this.#holder.pid), "-m", "-n", ...network, ...argv];
  }

  #start(place: Place, argv: readonly string[]): ChildProcess {
    const [command = "", ...words] = this.#inside(place, argv);
    const child = spawn(command, words, { stdio: ["pipe", "pipe", "pipe"] });
    this.#children.push(child);
    return child;
  }
}

/** Waits until tcpdump has read its ring: what still lies there when it is ended is lost, and much may where the CPUs are busy. */
async function drained(tcpdump: ChildProcess): Promise<void> {
  for (;;) {
    const counts = says(tcpdump, "stderr", /(\d+) packets? captured, (\d+) packets? received by filter, (\d+)/);
    tcpdump.kill("SIGUSR1");
    const [captured = 0, received = 0, dropped = 0] = (await counts).slice(1).map(Number);
    if (captured + dropped >= received) return;
  }
}

/** Waits until a process has written something; throws when it ends before. */
async function says(child: ChildProcess, stream: "stdout" | "stderr", words: RegExp): Promise<RegExpExecArray> {
  let heard = "";
  for await (const [bytes] of on(child[stream] as Readable, "data", { close: ["end"] })) {
    heard += bytes;
    const found = words.exec(heard);
    if (found) return found;
  }
  throw new Error(`ended without saying ${words}: ${heard}`);
}
