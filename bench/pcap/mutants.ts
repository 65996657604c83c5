import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { analysed } from "#test/support/pcap/analysed.ts";
import { mutantOf, seeded } from "#test/support/pcap/mutant.ts";
import { smallCaptures } from "#test/support/pcap/small-captures.ts";
import type { Bench, Figure } from "../figure.ts";

const MUTANTS = 100_000;
/** After these, everything that is kept for good has been made. */
const WARM_UP = 5_000;
/** The process may have so much more at the end: nothing is left behind by any mutant. */
const MOST_GROWN_MB = 2;
const SLOWEST_MS = 1_000;

/** Captures with up to eight things wrong each: none may crash the engine, hang it, or leave memory behind. */
export const pcapMutants: Bench = {
  name: "pcap-mutants",
  async *run() {
    const random = seeded(1);
    const files = Object.values(smallCaptures);
    let slowestMs = 0;
    let warmMb = 0;
    let warmRssMb = 0;
    let packets = 0;
    for (let index = 0; index < MUTANTS; index++) {
      const mutant = mutantOf(files[index % files.length] ?? new Uint8Array(0), random);
      const began = process.cpuUsage().user;
      packets += analysed(mutant).packets;
      slowestMs = Math.max(slowestMs, (process.cpuUsage().user - began) / 1e3);
      if (index === WARM_UP) {
        warmMb = inUseMb();
        warmRssMb = process.memoryUsage.rss() / 1e6;
      }
      if (index % 10_000 === 0)
        console.error(
          `${index} mutants, ${inUseMb().toFixed(1)} MB in use, ${process.memoryUsage.rss() / 1e6} MB resident`,
        );
    }
    const metric = (what: string): string => `${MUTANTS} mutants, ${packets} packets read: ${what}`;
    const figure = (what: string, value: number, unit: string, wanted: number): Figure => ({
      ...{
        bench: "pcap-mutants",
        metric: metric(what),
        value,
        unit,
        wanted: `at most ${wanted}`,
        met: value <= wanted,
      },
    });
    yield figure("crashes", 0, "", 0);
    yield figure("slowest, user CPU", Math.round(slowestMs), "ms", SLOWEST_MS);
    const grownMb = Number((inUseMb() - warmMb).toFixed(1));
    yield figure(`memory in use grown since the first ${WARM_UP}`, grownMb, "MB", MOST_GROWN_MB);
    const grownRssMb = Math.round(process.memoryUsage.rss() / 1e6 - warmRssMb);
    yield {
      ...{ bench: "pcap-mutants", metric: metric(`resident memory grown since the first ${WARM_UP}`) },
      ...{ value: grownRssMb, unit: "MB" },
    };
  },
};

/** What is reachable. Resident memory says when the collector came last, and what the allocator keeps for later. */
function inUseMb(): number {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  gc();
  // Buffers that the first has found are given back beside the program; the second waits for that.
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
}
