import type { EvidenceSet } from "./evidence.ts";
import { tcpEvidence, tcpOutcomes } from "./leg-evidence.ts";
import type { LegPackets } from "./leg-packets.ts";
import { absences, isDuring } from "./outage.ts";
import type { Leg, Plan } from "./plan.ts";

/** This many in a row are no accident. */
export const LOST_IN_A_ROW = 3;

/** What one leg lost: packets, or attempts to connect that needed more than one SYN. */
export type LossTally = {
  readonly leg: Leg;
  readonly bad: number;
  readonly of: number;
  readonly refused: number;
  readonly deadAtEnd: boolean;
  readonly failsAtEnd: boolean;
  /** Longest run of lost ones. */
  readonly run: number;
  readonly badMs: readonly number[];
};

/** Echoes of a leg that nothing came back for. */
export function pingLoss({ leg, lost, rttMs, leftMs }: LegPackets): LossTally {
  const badMs = leftMs.filter((_, index) => lost[index]);
  const answered = rttMs.filter((ms) => ms !== undefined).length;
  const ended = endsIn(
    leftMs.map((atMs, index) => ({ atMs, works: lost[index] ? false : rttMs[index] === undefined ? undefined : true })),
  );
  const tally = { leg, bad: badMs.length, of: badMs.length + answered, refused: 0, run: longestRun(lost), badMs };
  return { ...tally, deadAtEnd: ended, failsAtEnd: ended };
}

/** A connect that needed a second SYN lost a packet; one that was refused got its answer. */
export function tcpLosses(plan: Plan, evidence: EvidenceSet): readonly LossTally[] {
  return plan.legs.flatMap((leg): LossTally[] => {
    const data = leg.port === undefined ? undefined : evidence.get(tcpEvidence, leg.id);
    if (!data) return [];
    const absent = absences(leg, plan, evidence);
    const judged = data.attempts.flatMap(([offsetMs, outcomeIndex, , resent]) => {
      const outcome = tcpOutcomes[outcomeIndex];
      const atMs = data.startMs + offsetMs;
      if (outcome === "no-port" || outcome === "error" || outcome === undefined || isDuring(absent, atMs)) return [];
      const answered = outcome === "connected" || outcome === "refused" || outcome === "reset";
      return [{ atMs, outcome, bad: !answered || resent > 0, answered, connected: outcome === "connected" }];
    });
    const badMs = judged.flatMap(({ atMs, bad }) => (bad ? [atMs] : []));
    const refused = judged.filter(({ outcome }) => outcome === "refused").length;
    const run = longestRun(judged.map(({ bad }) => bad));
    const deadAtEnd = endsIn(judged.map(({ atMs, answered }) => ({ atMs, works: answered })));
    const failsAtEnd = endsIn(judged.map(({ atMs, connected }) => ({ atMs, works: connected })));
    return [{ leg, bad: badMs.length, of: judged.length, refused, deadAtEnd, failsAtEnd, run, badMs }];
  });
}

/** How long the end of a stream has to stay without success to be called dead. */
const END_MS = 2_000;

/** Whether a stream ends in failures. What is still awaited says nothing. */
function endsIn(packets: readonly { readonly atMs: number; readonly works: boolean | undefined }[]): boolean {
  const known = packets.filter(({ works }) => works !== undefined);
  const worked = known.findLastIndex(({ works }) => works === true);
  const failures = known.slice(worked + 1);
  const [first, last] = [failures[0], failures.at(-1)];
  return (
    failures.length >= LOST_IN_A_ROW && first !== undefined && last !== undefined && last.atMs - first.atMs >= END_MS
  );
}

function longestRun(marks: readonly boolean[]): number {
  let run = 0;
  let longest = 0;
  for (const mark of marks) {
    run = mark ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
