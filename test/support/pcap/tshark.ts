import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Our counters and the display filters that Wireshark has for the same. */
export const FLAGS = {
  retransmissions: "tcp.analysis.retransmission",
  fastRetransmissions: "tcp.analysis.fast_retransmission",
  spuriousRetransmissions: "tcp.analysis.spurious_retransmission",
  outOfOrder: "tcp.analysis.out_of_order",
  duplicateAcks: "tcp.analysis.duplicate_ack",
  lostSegments: "tcp.analysis.lost_segment",
  zeroWindows: "tcp.analysis.zero_window",
  windowFull: "tcp.analysis.window_full",
  keepAlives: "tcp.analysis.keep_alive",
  resets: "tcp.flags.reset",
  reusedPorts: "tcp.analysis.reused_ports",
} as const;

export type Flag = keyof typeof FLAGS;
export type Counts = Readonly<Record<Flag, number>>;
const names = Object.keys(FLAGS) as Flag[];

/** What tshark says of a capture, in one pass over it. */
export type TsharkSays = {
  readonly counts: Counts;
  /** Packets (numbers from 1) by what they are flagged with. */
  readonly flagged: Readonly<Record<Flag, ReadonlySet<number>>>;
  /** Round trip of the handshake, where it was seen, by packet. */
  readonly rttNs: ReadonlyMap<number, number>;
};

/** 8472 is the older port of VXLAN, which flannel uses. */
export async function tsharkSays(file: string): Promise<TsharkSays> {
  const fields = ["frame.number", "tcp.analysis.initial_rtt", ...Object.values(FLAGS)];
  const { stdout } = await promisify(execFile)(
    "tshark",
    ["-n", "-d", "udp.port==8472,vxlan", "-r", file, "-Y", "tcp", "-T", "fields"].concat(
      fields.flatMap((field) => ["-e", field]),
    ),
    { maxBuffer: 1 << 26 },
  );
  const flagged = Object.fromEntries(names.map((name) => [name, new Set<number>()])) as Record<Flag, Set<number>>;
  const rttNs = new Map<number, number>();
  for (const line of stdout.split("\n").filter((one) => one !== "")) {
    const [packet, rtt, ...values] = line.split("\t");
    if (values.length !== names.length) throw new Error(`tshark said: ${line}`);
    if (rtt) rttNs.set(Number(packet), Number(rtt) * 1e9);
    for (const [place, name] of names.entries())
      if (!["", "0", "False"].includes(values[place] ?? "")) flagged[name].add(Number(packet));
  }
  const counts = Object.fromEntries(names.map((name) => [name, flagged[name].size])) as Counts;
  return { counts, flagged, rttNs };
}

/** Writes the packets that a display filter lets through into another file. */
export async function tsharkOnly(file: string, filter: string, into: string): Promise<void> {
  await promisify(execFile)("tshark", ["-n", "-r", file, "-Y", filter, "-w", into, "-F", "nsecpcap"]);
}
