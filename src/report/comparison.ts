import type { Comparison, LegChange } from "#src/core/compare-reports.ts";
import type { Cause, Report } from "#src/core/report.ts";
import { inWords, type Sentence, say, type Text } from "#src/core/sentence.ts";
import { msText } from "#src/core/units.ts";
import { type Block, context, type Message, section } from "./blocks.ts";
import { REPLY, withinLimits } from "./limits.ts";
import { bold, code, dayAndClock, safe } from "./mrkdwn.ts";
import { partText, thousands } from "./numbers.ts";
import { readablePlace, readableSubject } from "./places.ts";
import type { Wording } from "./words.ts";

/** Lines per paragraph; the rest is counted. */
const MOST = 6;

/** What changed from the earlier check to the later one, the worst first; nothing but that. */
export function drawComparison(comparison: Comparison, wording: Wording): Message {
  const worded = (text: Text): string => inWords(text, wording.language);
  const { before, after, samePath, worse, better, same, onlyBefore, onlyAfter, causes, gaps } = comparison;
  const title = worded(headline(comparison));
  const paragraph = (name: Text, lines: readonly Text[]): Block[] => {
    if (lines.length === 0) return [];
    const shown = lines.slice(0, MOST).map((line) => `• ${safe(worded(line))}`);
    if (lines.length > MOST) shown.push(wording.more(lines.length - MOST));
    return [section([bold(worded(name)), ...shown].join("\n"))];
  };
  const counts = [
    worded(say("Unchanged: {count} of the measurements that both have.", { count: same })),
    ...(onlyBefore + onlyAfter > 0
      ? [worded(say("Only before: {before}, only after: {after}.", { before: onlyBefore, after: onlyAfter }))]
      : []),
    ...(samePath ? [] : [worded(say("The two are about different paths: only what both measured is compared."))]),
  ];
  const blocks = [
    section(`${bold(title)}\n${sideMarkup(before, wording)}\n${sideMarkup(after, wording)}`),
    ...paragraph(say("Causes that came"), causes.came.map(causeText)),
    ...paragraph(say("Causes that went"), causes.went.map(causeText)),
    ...paragraph(say("Causes that stayed"), causes.stayed.map(causeText)),
    ...paragraph(
      say("Worse"),
      worse.map((leg) => legText(leg, "worse")),
    ),
    ...paragraph(
      say("Better"),
      better.map((leg) => legText(leg, "better")),
    ),
    ...paragraph(say("Not measured any more"), gaps.came.map(gapText)),
    ...paragraph(say("Measured again"), gaps.went.map(gapText)),
    context(safe(counts.join(" "))),
  ];
  return withinLimits({ text: safe(title), blocks }, REPLY);
}

/** How well a path does; partial and failed checks cannot say. */
const RANK: Partial<Record<Report["status"], number>> = { healthy: 0, degraded: 1, broken: 2 };

/** A path that was healthy and is degraded got worse, whatever one leg gained; only with the same status, legs and causes decide. */
function headline({ before, after, worse, better, causes, same }: Comparison): Sentence {
  const [earlier, later] = [RANK[before.status], RANK[after.status]];
  if (earlier !== undefined && later !== undefined && earlier !== later)
    return later > earlier ? say("It got worse.") : say("It got better.");
  const changedCauses = causes.came.length + causes.went.length;
  if (worse.length + better.length + changedCauses === 0)
    return same === 0 ? say("The two checks have no measurement in common.") : say("Nothing changed beyond chance.");
  if (worse.length === 0 && causes.came.length === 0) return say("It got better.");
  if (better.length === 0 && causes.went.length === 0) return say("It got worse.");
  return say("Some got worse and some better.");
}

/** One of the two: id, when, how it ended. */
function sideMarkup({ check, window, status, verdict }: Report, wording: Wording): string {
  return `${code(check)} ${dayAndClock(window.startMs)} · ${wording.status[status]} · ${safe(verdict)}`;
}

const causeText = ({ title, where, confidence }: Cause): Sentence =>
  say("{title}, {where} ({confidence})", { title, where: readablePlace(where), confidence: say(confidence) });

const gapText = ({ probe, subject, reason }: Report["gaps"][number]): Sentence =>
  say("{probe} {subject}: {reason}", { probe, subject: readableSubject(subject), reason });

/** What about the leg changed in this direction, in numbers. */
function legText({ probe, from, to, before, after, ...changed }: LegChange, direction: "worse" | "better"): Sentence {
  const parts: Sentence[] = [];
  if (changed.loss === direction)
    parts.push(say("loss {before}, now {after}", { before: lost(before), after: lost(after) }));
  for (const quantile of ["p50", "p99"] as const)
    if (changed[quantile] === direction && before.rttMs && after.rttMs)
      parts.push(
        say("{quantile} {before}, now {after}", {
          quantile,
          before: msText(before.rttMs[quantile]),
          after: msText(after.rttMs[quantile]),
        }),
      );
  if (changed.largest === direction)
    parts.push(
      say("largest packet {before}, now {after} bytes", {
        before: before.largestBytes ?? 0,
        after: after.largestBytes ?? 0,
      }),
    );
  return say("{probe} {from} → {to}: {changes}", { probe, from, to, changes: { list: parts, most: 4 } });
}

const lost = ({ lost, sent }: { readonly lost: number; readonly sent: number }): string =>
  `${partText(lost, sent)} (${thousands(lost)}/${thousands(sent)})`;

export const noReport = (check: string, wording: Wording): string =>
  safe(
    inWords(
      say("There is no report of {check}: it is running, too old, or was never there.", { check }),
      wording.language,
    ),
  );

export const noneGood = ({ from, to }: Report, wording: Wording): string =>
  safe(inWords(say("No earlier check of {from} → {to} that is kept was healthy.", { from, to }), wording.language));
