import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { analyseCaptures } from "#src/cluster/analyse-captures.ts";
import type { Tap } from "#src/core/capture.ts";
import { lossyHops } from "#src/core/hop-loss.ts";
import { addSlices } from "#src/pcap/add-slices.ts";
import { seeded } from "#test/support/pcap/mutant.ts";
import type { Bench, Figure } from "./figure.ts";
import { CaptureWriter } from "./pcap/capture-writer.ts";

const PACKETS = 1_000_000;
const FLOWS = 200;
/** One way, µs after the first point; the last one is behind the loss. */
const POINTS = [
  { label: "web-0 eth0", node: "near", vxlan: false, afterUs: 0 },
  { label: "near eth0", node: "near", vxlan: true, afterUs: 20 },
  { label: "far eth0", node: "far", vxlan: true, afterUs: 150 },
  { label: "db-0 eth0", node: "far", vxlan: false, afterUs: 170 },
] as const;
const LOSS = 0.002;
const BEGAN_MS = 1_700_000_000_000;

/** Four points of a path, a million packets at each: how long it takes to match and to analyse them, and what the process feels. */
export const hops: Bench = {
  name: "hops",
  async *run() {
    const folder = mkdtempSync(join(tmpdir(), "netcheck-hops-"));
    try {
      for (const perSecond of [50_000, 2_000]) {
        const { files, lost, seconds } = write(folder, perSecond);
        yield* measured(files, { lost, seconds, perSecond });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

async function* measured(
  files: readonly string[],
  { lost, seconds, perSecond }: { readonly lost: number; readonly seconds: number; readonly perSecond: number },
): AsyncIterable<Figure> {
  const taps = POINTS.map(
    ({ label, node }, order): Tap => ({
      ...{ task: `capture-${order}`, label, order, node, netns: "node", device: "eth0", kind: "nic" },
      ...{ mtu: 1_500, snapLength: 128, mayBeSkipped: false },
    }),
  );
  const [fromMs, toMs] = [BEGAN_MS - 1_000, BEGAN_MS + seconds * 1_000 + 1_000];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  // What the process has without any of it.
  const beforeMb = process.memoryUsage.rss() / 1e6;
  let mostMb = beforeMb;
  const watch = setInterval(() => {
    mostMb = Math.max(mostMb, process.memoryUsage.rss() / 1e6);
  }, 20);
  delay.enable();
  const began = performance.now();
  const result = await analyseCaptures({
    slice: {
      ...{ taps, from: ["10.42.0.5"], to: ["10.42.1.7"], ahead: { near: 0, far: 0 }, fromMs, toMs },
      recorded: Object.fromEntries(taps.map(({ task }) => [task, [[fromMs, toMs] as const]])),
    },
    files: Object.fromEntries(taps.map(({ task }, index) => [task, [{ path: files[index] ?? "", number: 0, toMs }]])),
  });
  const tookS = (performance.now() - began) / 1e3;
  delay.disable();
  clearInterval(watch);
  const found = addSlices({ taps, ahead: {}, recordings: {} }, [result]);
  const [worst, ...others] = lossyHops(found.hops);
  const share = worst ? worst.lost / lost : 0;
  if (worst?.from !== POINTS[1].label || others.length > 0 || Math.abs(share - 1) > 0.15 || found.hops.refused > 0)
    throw new Error(`found ${JSON.stringify({ worst, others, refused: found.hops.refused })}; lost were ${lost}`);
  const metric = `${POINTS.length} points, ${PACKETS} packets at the first, ${perSecond} packets/s`;
  const figure = (what: string, value: number, unit: string, wanted: number): Figure => ({
    ...{ bench: "hops", metric: `${metric}: ${what}`, value: Math.round(value * 100) / 100, unit },
    ...{ wanted: `at most ${wanted}`, met: value <= wanted },
  });
  yield figure("time", tookS, "s", 10);
  yield figure(`memory of the process (${Math.round(beforeMb)} before)`, mostMb, "MB", 400);
  yield figure("longest delay of the event loop", delay.max / 1e6, "ms", 50);
  yield figure("99.9 % of its delays", delay.percentile(99.9) / 1e6, "ms", 50);
}

/** The same packets as each point sees them; every second one goes back. Two of a thousand are lost between the nodes, one way. */
function write(
  folder: string,
  perSecond: number,
): { readonly files: readonly string[]; readonly lost: number; readonly seconds: number } {
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
