import type { Tap } from "#src/core/capture.ts";
import { servingLegs } from "#src/core/path-facts.ts";
import type { Plan, Vantage } from "#src/core/plan.ts";
import type { Case } from "#src/core/rule.ts";
import { counted, type Sentence, say } from "#src/core/sentence.ts";
import { endText } from "./address-text.ts";
import { isWhole, tapFactsEvidence, tapsOf } from "./tap-evidence.ts";

/** Fewer attempts are no proof of anything. */
const MIN_ATTEMPTS = 3;
/** They vanish where less than this share of them goes on. */
const GOES_ON = 0.5;

type Step = { readonly tap: Tap; readonly attempts: number; readonly accepted: number };

/**
 * Addresses and ports by which packets name a port of the target on their way: its own, and that of its Service where no other
 * pod was asked behind that; else nobody knows whom it stands for.
 */
export function serversOf(at: Vantage, port: number, { to, legs }: Plan): readonly string[] {
  const isOnly = servingLegs({ legs }).every((leg) => leg.to === at.id);
  const service =
    to.kind === "service" && to.port !== undefined && at.role === "to" && isOnly ? [endText(to.ip, to.port)] : [];
  return [endText(at.ip, port), ...service];
}

/** How far attempts to connect to a port came, by the taps on the way; nothing where they were answered or not recorded. */
export function opensTexts(at: Vantage, port: number, { plan, evidence }: Case): readonly Sentence[] {
  if (at.role !== "to") return [];
  const servers = serversOf(at, port, plan);
  const all = tapsOf(evidence).flatMap((tap): Step[] => {
    const opens = evidence.get(tapFactsEvidence, tap.label)?.opens.filter(({ server }) => servers.includes(server));
    if (!opens || !isWhole(tap, evidence)) return [];
    const sum = (of: "attempts" | "accepted"): number => opens.reduce((total, open) => total + open[of], 0);
    return [{ tap, attempts: sum("attempts"), accepted: sum("accepted") }];
  });
  // Where programs may pass packets by, absence says nothing.
  const steps = all.filter(({ tap }, n) => !tap.mayBeSkipped || n === 0 || n === all.length - 1);
  const [first] = steps;
  const last = steps.at(-1);
  if (!first || !last || steps.length < 2 || first.attempts < MIN_ATTEMPTS) return [];
  const vanish = steps.findIndex(({ attempts }, n) => n > 0 && attempts < GOES_ON * (steps[n - 1]?.attempts ?? 0));
  const count = counted(first.attempts, "attempt to connect", "attempts to connect");
  const [before, behind] = [steps[vanish - 1], steps[vanish]];
  if (before && behind)
    return [
      say(
        "captured: of {count} at {first}, {there} came to {last} and {few} to {next}: they vanish between these two",
        {
          count,
          first: first.tap.label,
          there: before.attempts,
          last: before.tap.label,
          few: behind.attempts,
          next: behind.tap.label,
        },
      ),
    ];
  const values = { count, first: first.tap.label, there: last.attempts, last: last.tap.label, accepted: last.accepted };
  if (last.accepted < GOES_ON * last.attempts)
    return last.tap.netns === at.netns
      ? [say("captured: of {count} at {first}, {there} came to {last}, and {accepted} were answered there", values)]
      : [];
  const back = steps.toReversed();
  const lost = back.findIndex(({ accepted }, n) => n > 0 && accepted < GOES_ON * (back[n - 1]?.accepted ?? 0));
  const [seen, unseen] = [back[lost - 1], back[lost]];
  return seen && unseen
    ? [
        say("captured: {accepted} of {count} were answered at {last}; the answers vanish between {seen} and {unseen}", {
          ...values,
          seen: seen.tap.label,
          unseen: unseen.tap.label,
        }),
      ]
    : [];
}
