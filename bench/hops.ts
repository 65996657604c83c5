import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { analyseCaptures } from "#src/cluster/analyse-captures.ts";
import type { Tap } from "#src/core/capture.ts";
import { lossyHops } from "#src/core/hop-loss.ts";
import { addSlices } from "#src/pcap/add-slices.ts";
import type { Bench, Figure } from "./figure.ts";
import { type HopCaptures, PACKETS, POINTS } from "./hop-captures.ts";

const BEGAN_MS = 1_700_000_000_000;
const IDLE_MS = 5_000;

/** Four points of a path, a million packets at each: how long it takes to match and to analyse them, and what the process feels. */
export const hops: Bench = {
  name: "hops",
  async *run() {
    const folder = mkdtempSync(join(tmpdir(), "netcheck-hops-"));
    try {
      const idle = monitorEventLoopDelay({ resolution: 1 });
      idle.enable();
      await sleep(IDLE_MS);
      idle.disable();
      const metric = `longest delay of the event loop in ${IDLE_MS / 1e3} s of doing nothing: what the machine adds`;
      yield { bench: "hops", metric, value: Math.round(idle.max / 1e4) / 100, unit: "ms" };
      for (const perSecond of [50_000, 2_000]) {
        // In a process of its own: its memory is not what is measured.
        const script = new URL("./hop-captures.ts", import.meta.url).pathname;
        const made = execFileSync(process.execPath, [script, folder, `${perSecond}`], { encoding: "utf8" });
        yield* measured(JSON.parse(made) as HopCaptures, perSecond);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

async function* measured({ files, lost, seconds }: HopCaptures, perSecond: number): AsyncIterable<Figure> {
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
  const cpu = process.cpuUsage();
  const began = performance.now();
  const result = await analyseCaptures({
    slice: {
      ...{ taps, from: ["10.42.0.5"], to: ["10.42.1.7"], ahead: { near: 0, far: 0 }, fromMs, toMs },
      recorded: Object.fromEntries(taps.map(({ task }) => [task, [[fromMs, toMs] as const]])),
    },
    files: Object.fromEntries(taps.map(({ task }, index) => [task, [{ path: files[index] ?? "", number: 0, toMs }]])),
  });
  const tookS = (performance.now() - began) / 1e3;
  const { user, system } = process.cpuUsage(cpu);
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
  yield figure("CPU time", (user + system) / 1e6, "s", 10);
  yield figure(`memory of the process (${Math.round(beforeMb)} before)`, mostMb, "MB", 400);
  yield figure("longest delay of the event loop", delay.max / 1e6, "ms", 50);
  yield figure("99.9 % of its delays", delay.percentile(99.9) / 1e6, "ms", 50);
}
