import { shells } from "#test/support/agent-shell.ts";
import { RecordedLink } from "#test/support/recorded-link.ts";
import type { Bench, Figure } from "./figure.ts";
import { type Played, playKills } from "./kill-sequence.ts";

const SEQUENCES = Number(process.env["KILLS_SEQUENCES"] ?? 1_000);
/** A sequence is known by its number: `KILLS_FIRST=713 KILLS_SEQUENCES=1` plays one of them again. */
const FIRST = Number(process.env["KILLS_FIRST"] ?? 1);
/** They mostly wait. */
const TOGETHER = 6;
const TOLD_EVERY = 50;

/**
 * Sequences of kills, cut replies and repeated starts around node tasks, a third of them under each shell that an agent may have.
 * After each nothing may be left of its check, neither process nor file, and every segment that was sealed has to have been
 * fetched as it was sealed. What was wrong is told on standard error, with the steps that led there.
 */
export const kills: Bench = {
  name: "kills",
  async *run() {
    const all: Played[] = [];
    let next = FIRST;
    const lane = async (): Promise<void> => {
      await using link = await RecordedLink.make();
      while (next < FIRST + SEQUENCES) {
        const number = next++;
        const shell = shells[number % shells.length] ?? "dash";
        const played = await playKills(number, shell, link);
        all.push(played);
        if (played.wrong.length > 0)
          console.error(`sequence ${number} under ${shell}: ${played.wrong.join("; ")}\n  ${played.steps.join(", ")}`);
        if (all.length % TOLD_EVERY === 0) console.error(`${all.length} of ${SEQUENCES}`);
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, lane));

    const figure = (metric: string, value: number): Figure => ({ bench: "kills", metric, value, unit: "" });
    const sum = (of: (one: Played) => number) => all.reduce((total, one) => total + of(one), 0);
    yield figure(`sequences under ${shells.join(", ")}`, all.length);
    const killed = Map.groupBy(
      all.flatMap((one) => one.killed),
      (victim) => victim,
    );
    for (const [victim, times] of killed) yield figure(`killed: ${victim}`, times.length);
    yield figure(
      "replies that were cut",
      sum(({ cut }) => cut),
    );
    yield figure(
      "segments sealed",
      sum(({ sealed }) => sealed),
    );
    const wrong = all.filter((one) => one.wrong.length > 0).length;
    const wanted = "sequences in which something sealed was lost or something was left behind";
    yield { ...figure(wanted, wrong), wanted: "0", met: wrong === 0 };
  },
};
