import { analysed } from "#test/support/pcap/analysed.ts";
import { mutantOf, seeded } from "#test/support/pcap/mutant.ts";
import { smallCaptures } from "#test/support/pcap/small-captures.ts";
import type { Bench } from "../figure.ts";

const MUTANTS = 100_000;
/** After these, memory has reached what it stays at. */
const WARM_UP = 5_000;

/** Captures with up to eight things wrong each: none may crash the engine, hang it, or leave memory behind. */
export const pcapMutants: Bench = {
  name: "pcap-mutants",
  async *run() {
    const random = seeded(1);
    const files = Object.values(smallCaptures);
    let slowestMs = 0;
    let warmMb = 0;
    let packets = 0;
    for (let index = 0; index < MUTANTS; index++) {
      const mutant = mutantOf(files[index % files.length] ?? new Uint8Array(0), random);
      const began = process.cpuUsage().user;
      packets += analysed(mutant).packets;
      slowestMs = Math.max(slowestMs, (process.cpuUsage().user - began) / 1e3);
      if (index === WARM_UP) warmMb = process.memoryUsage.rss() / 1e6;
    }
    const metric = (what: string): string => `${MUTANTS} mutants, ${packets} packets read: ${what}`;
    const grownMb = process.memoryUsage.rss() / 1e6 - warmMb;
    yield { bench: "pcap-mutants", metric: metric("crashes"), value: 0, unit: "" };
    yield { bench: "pcap-mutants", metric: metric("slowest, user CPU"), value: Math.round(slowestMs), unit: "ms" };
    yield {
      bench: "pcap-mutants",
      metric: metric(`memory grown since the first ${WARM_UP}`),
      value: Math.round(grownMb),
      unit: "MB",
    };
  },
};
