import { join } from "node:path";
import { seeded } from "#test/support/pcap/mutant.ts";
import { CaptureWriter } from "./pcap/capture-writer.ts";

export const PACKETS = 1_000_000;
const FLOWS = 200;
/** One way, µs after the first point; the last two are behind the loss. */
export const POINTS = [
  { label: "web-0 eth0", node: "near", vxlan: false, afterUs: 0 },
  { label: "near eth0", node: "near", vxlan: true, afterUs: 20 },
  { label: "far eth0", node: "far", vxlan: true, afterUs: 150 },
  { label: "db-0 eth0", node: "far", vxlan: false, afterUs: 170 },
] as const;
const LOSS = 0.002;

export type HopCaptures = { readonly files: readonly string[]; readonly lost: number; readonly seconds: number };

/** The same packets as each point sees them; every second one goes back. Two of a thousand are lost between the nodes, one way. */
function write(folder: string, perSecond: number): HopCaptures {
  const files = POINTS.map((_, index) => join(folder, `${perSecond}-${index}.pcap`));
  const seconds = PACKETS / perSecond;
  let lost = 0;
  for (const [index, point] of POINTS.entries()) {
    const writer = new CaptureWriter(files[index] ?? "", { snapLength: 128 });
    const random = seeded(5);
    const heads = [headOf(point.vxlan, false), headOf(point.vxlan, true)] as const;
    const sequences = new Int32Array(FLOWS * 2);
    const behind = POINTS[3].afterUs;
    // Two ways in the order of time: those that come back are seen later at the near points.
    const waiting: { readonly us: number; readonly write: (us: number) => void }[] = [];
    for (let packet = 0; packet < PACKETS; packet++) {
      const us = Math.floor((packet * 1e6) / perSecond);
      const back = packet % 2 === 1;
      const flow = Math.floor(random() * FLOWS);
      const length = random() < 0.5 ? 1_400 : 0;
      const place = flow * 2 + (back ? 1 : 0);
      const sequence = sequences[place] as number;
      sequences[place] = sequence + length;
      const acknowledged = sequences[flow * 2 + (back ? 0 : 1)] as number;
      const isLost = !back && random() < LOSS;
      if (isLost && index === 0) lost++;
      if (isLost && index > 1) continue;
      const about = { flow, back, sequence, acknowledged, length, id: packet & 0xffff, ms: Math.floor(us / 1_000) };
      waiting.push({
        us: us + (back ? behind - point.afterUs : point.afterUs),
        write: (at) => put(writer, heads[back ? 1 : 0], at, { ...about, vxlan: point.vxlan }),
      });
      if (waiting.length < 64) continue;
      waiting.sort((one, other) => one.us - other.us);
      for (const one of waiting.splice(0, 32)) one.write(one.us);
    }
    for (const one of waiting.sort((one, other) => one.us - other.us)) one.write(one.us);
    writer.close();
  }
  return { files, lost, seconds };
}

const TCP_HEADER = 32;

function headOf(vxlan: boolean, back: boolean): Buffer {
  const ip = vxlan ? 64 : 14;
  const head = Buffer.alloc(ip + 20 + TCP_HEADER);
  if (vxlan) {
    head.writeUInt16BE(0x0800, 12);
    head.set([0x45], 14);
    head.set([64, 17], 22);
    head.set([172, 20, 0, back ? 12 : 11, 172, 20, 0, back ? 11 : 12], 26);
    head.writeUInt16BE(4_789, 36);
    head.set([8], 42);
  }
  head.writeUInt16BE(0x0800, ip - 2);
  head.set([0x45], ip);
  head.set([0x40, 0, 64, 6], ip + 6);
  const ends = [
    [10, 42, 0, 5],
    [10, 42, 1, 7],
  ];
  head.set(ends[back ? 1 : 0] ?? [], ip + 12);
  head.set(ends[back ? 0 : 1] ?? [], ip + 16);
  head[ip + 32] = (TCP_HEADER / 4) << 4;
  head[ip + 33] = 16;
  head.writeUInt16BE(2_000, ip + 34);
  head.set([1, 1, 8, 10], ip + 40);
  return head;
}

function put(
  writer: CaptureWriter,
  head: Buffer,
  us: number,
  about: {
    readonly flow: number;
    readonly back: boolean;
    readonly sequence: number;
    readonly acknowledged: number;
    readonly length: number;
    readonly id: number;
    readonly ms: number;
    readonly vxlan: boolean;
  },
): void {
  const ip = about.vxlan ? 64 : 14;
  const whole = ip + 20 + TCP_HEADER + about.length;
  if (about.vxlan) {
    head.writeUInt16BE(whole - 14, 16);
    head.writeUInt16BE(whole - 34, 38);
  }
  head.writeUInt16BE(whole - ip, ip + 2);
  head.writeUInt16BE(about.id, ip + 4);
  head.writeUInt16BE(about.back ? 80 : 20_000 + about.flow, ip + 20);
  head.writeUInt16BE(about.back ? 20_000 + about.flow : 80, ip + 22);
  head.writeInt32BE(about.sequence | 0, ip + 24);
  head.writeInt32BE(about.acknowledged | 0, ip + 28);
  head.writeUInt32BE(about.ms, ip + 44);
  writer.add(us, head, whole);
}

if (import.meta.main) {
  const [folder = "", perSecond] = process.argv.slice(2);
  console.log(JSON.stringify(write(folder, Number(perSecond))));
}
