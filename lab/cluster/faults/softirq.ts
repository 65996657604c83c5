import { readFileSync } from "node:fs";
import { setInterval } from "node:timers/promises";
import { z } from "zod";
import { findNode } from "../names.ts";
import { delay } from "./delay.ts";
import { defineFault, machineOf, type Undo } from "./fault.ts";
import { recordFile } from "./recorded.ts";

const milliseconds = z.number().min(0).max(60_000);
/** How often the node's numbers grow, ms. */
const STEP_MS = 2_000;
/** Of a CPU's 100 ticks in a second: user, nice, system, idle, iowait, irq, softirq, steal, guest, guest of nice. */
const FULL = [0, 0, 4, 0, 0, 0, 96, 0, 0, 0];
const OTHER = [4, 0, 3, 92, 0, 0, 1, 0, 0, 0];
const CPUS = [OTHER, FULL, OTHER, OTHER];
/** As if it had been up for a week. */
const SINCE_S = 600_000;

/**
 * One CPU of a node does all its packet work and has no time left: what crosses its NIC waits. The waiting is real; the CPUs
 * belong to the whole machine, so what /proc/stat says of them is recorded, and grows with the clock.
 */
export const softirq = defineFault(
  "softirq",
  {
    node: z.string("must be a node"),
    /** How long packets wait for the CPU, either way. */
    delayMs: z
      .union(
        [milliseconds, z.tuple([milliseconds, milliseconds])],
        "must be milliseconds, or [from, to] in milliseconds",
      )
      .default([20, 60]),
  },
  {
    prepare({ node: name, delayMs }, lab) {
      const machine = machineOf(lab, findNode(lab.store, name).name);
      const late = delay.prepare({ kind: "delay", node: name, delayMs, direction: "both" }, lab);
      return {
        description: `one CPU of ${name} does all packet work and has no time left: ${late.description}`,
        async apply(): Promise<Undo> {
          await using stack = new AsyncDisposableStack();
          stack.defer(await late.apply());
          const began = performance.now();
          const record = (): Promise<Undo> =>
            recordFile(machine, { path: "/proc/stat", content: statText((performance.now() - began) / 1_000) });
          let forget = await record();
          const stop = new AbortController();
          const growing = (async () => {
            for await (const _ of setInterval(STEP_MS, undefined, { signal: stop.signal })) {
              const before = forget;
              forget = await record();
              await before();
            }
          })().catch(() => {}); // told to stop, or the node has died
          stack.defer(async () => {
            stop.abort();
            await growing;
            await forget();
          });
          const applied = stack.move();
          return () => applied.disposeAsync();
        },
      };
    },
  },
);

/** `/proc/stat` of a machine with these CPUs, so many seconds later. */
function statText(seconds: number): string {
  const rows = CPUS.map((ticks) =>
    ticks.map((perSecond, field) => Math.round(perSecond * seconds + (OTHER[field] as number) * SINCE_S)),
  );
  const all = OTHER.map((_, field) => rows.reduce((sum, row) => sum + (row[field] as number), 0));
  const lines = [`cpu  ${all.join(" ")}`, ...rows.map((row, cpu) => `cpu${cpu} ${row.join(" ")}`)];
  const rest = readFileSync("/proc/stat", "utf8")
    .split("\n")
    .filter((line) => /^(ctxt|btime|processes) /.test(line));
  return [...lines, ...rest, ""].join("\n");
}
