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
  resets: "tcp.flags.reset == 1",
  reusedPorts: "tcp.analysis.reused_ports",
} as const;

export type Flag = keyof typeof FLAGS;
export type Counts = Readonly<Record<Flag, number>>;

/** Counts what tshark flags in a capture, in one pass over it. */
export async function tsharkCounts(file: string): Promise<Counts> {
  const names = Object.keys(FLAGS) as Flag[];
  const statistics = ["io,stat,0", ...names.map((name) => `COUNT(frame)frame && ${FLAGS[name]}`)].join(",");
  const { stdout } = await promisify(execFile)("tshark", ["-n", "-q", "-r", file, "-z", statistics], {
    maxBuffer: 1 << 24,
  });
  // | 0.0 <> 12.3 |  COUNT |  COUNT | …
  const row = stdout.split("\n").find((line) => line.includes("<>")) ?? "";
  const numbers = row
    .split("|")
    .slice(2, 2 + names.length)
    .map(Number);
  if (numbers.length !== names.length || numbers.some(Number.isNaN)) throw new Error(`tshark said:\n${stdout}`);
  return Object.fromEntries(names.map((name, index) => [name, numbers[index]])) as Counts;
}
