import { clustersOf } from "#src/core/across.ts";
import type { Digest, ToldRun } from "#src/core/digest.ts";
import type { Schedule } from "#src/core/schedule.ts";
import { inWords, type Sentence, say, type Text } from "#src/core/sentence.ts";
import { msText } from "#src/core/units.ts";
import { openZone, zoneTime } from "#src/core/zone.ts";
import { context, header, type Message, section } from "./blocks.ts";
import { HEADLINE, withinLimits } from "./limits.ts";
import { bold, code, safe } from "./mrkdwn.ts";
import { partText, thousands } from "./numbers.ts";
import { notRunText, patternMarkup } from "./schedules.ts";
import type { Wording } from "./words.ts";

/** Runs that get lines of their own; the rest is counted. */
const MOST_RUNS = 4;
const MOST_CAUSES = 3;

/** What the runs since the last digest have found: one line when all is well, otherwise the worst first. */
export function drawDigest(schedule: Schedule, digest: Digest, wording: Wording): Message {
  return digest.clean ? drawClean(schedule, digest, wording) : drawFindings(schedule, digest, wording);
}

function drawClean(schedule: Schedule, { runs, baseline }: Digest, wording: Wording): Message {
  const worded = (text: Text): string => inWords(text, wording.language);
  const [sent, lost] = [total(runs, "sent"), total(runs, "lost")];
  const text = worded(
    say("{id} is clean: {runs} of {path}, loss {loss}, p99 {p99}{before}.", {
      id: schedule.id,
      runs: runsText(runs.length),
      path: pathOf(schedule, runs),
      loss: lossText(lost, sent),
      p99: slowest(runs),
      before:
        baseline === undefined
          ? ""
          : say(" (usual: {p99})", { p99: baseline.p99Ms === undefined ? "–" : msText(baseline.p99Ms) }),
    }),
  );
  const ids = runs.flatMap(({ run }) => run.check ?? []);
  return withinLimits(
    { text: safe(text), blocks: [section(`:white_check_mark: ${safe(text)} ${ids.slice(0, 3).map(code).join(" ")}`)] },
    HEADLINE,
  );
}

function drawFindings(schedule: Schedule, { runs, baseline }: Digest, wording: Wording): Message {
  const worded = (text: Text): string => inWords(text, wording.language);
  const bad = runs.filter(({ clean }) => !clean);
  const path = pathOf(schedule, runs);
  const title = worded(
    say("{path}: {bad} of {all} need a look", { path, bad: bad.length, all: runsText(runs.length) }),
  );
  const parts = bad.slice(0, MOST_RUNS).map((one) => runMarkup(schedule, one, wording));
  const rest = [
    ...(bad.length > MOST_RUNS ? [wording.listed([wording.more(bad.length - MOST_RUNS)])] : []),
    ...(bad.length < runs.length ? [worded(say("{runs} clean.", { runs: runsText(runs.length - bad.length) }))] : []),
    worded(baselineText(baseline)),
  ];
  const footer = [schedule.id, patternMarkup(schedule), safe(clustersOf(schedule.request).join(", "))].join(" · ");
  const blocks = [header(title), ...parts.map(section), section(safe(rest.join(" "))), context(footer)];
  const worst = bad[0]?.summary?.verdict;
  return withinLimits({ text: safe(worst === undefined ? title : `${title}. ${worst}`), blocks }, HEADLINE);
}

/** One run: how it ended, against what is usual, with its causes and whether they are new. */
function runMarkup(schedule: Schedule, { run, summary, loss, p99, causes }: ToldRun, wording: Wording): string {
  const worded = (text: Text): string => inWords(text, wording.language);
  if (summary === undefined)
    return safe(worded(say("{id}: {why}", { id: schedule.id, why: notRunText(schedule, run) })));
  const zone = openZone(schedule.zone);
  const at = zone === undefined ? "" : zoneTime(run.dueMs, zone);
  const title = wording.about(`${wording.status[summary.status]}, ${at}`, summary.verdict);
  const numbers = [
    worded(say("loss {loss}", { loss: lossText(summary.lost, summary.sent) })) + mark(loss, wording),
    worded(say("p99 {p99}", { p99: summary.p99Ms === undefined ? "–" : msText(summary.p99Ms) })) + mark(p99, wording),
    ...(summary.coverage < 0.995 ? [worded(say("observed {share}", { share: partText(summary.coverage, 1) }))] : []),
  ];
  const reasons = causes.slice(0, MOST_CAUSES).map((one) => `• ${safe(worded(causeText(one)))}`);
  return [bold(title), `${code(summary.check)} ${safe(numbers.join(" · "))}`, ...reasons].join("\n");
}

const mark = (change: "worse" | "better" | undefined, wording: Wording): string => {
  if (change === undefined) return "";
  return inWords(change === "worse" ? say(", worse than usual") : say(", better than usual"), wording.language);
};

function causeText({ title, where, before }: ToldRun["causes"][number]): Sentence {
  const what = say("{title}, {where}", { title, where });
  return before === 0
    ? say("{what}: new", { what })
    : say("{what}: also on {count} of the runs before", { what, count: before });
}

function baselineText(baseline: Digest["baseline"]): Sentence {
  if (baseline === undefined) return say("No runs of the seven days before to compare with.");
  return say("Usual in the seven days before, over {runs}: loss {loss}, p99 {p99}.", {
    runs: runsText(baseline.runs),
    loss: lossText(baseline.lost, baseline.sent),
    p99: baseline.p99Ms === undefined ? "–" : msText(baseline.p99Ms),
  });
}

const runsText = (count: number): Sentence => (count === 1 ? say("1 run") : say("{count} runs", { count }));

const total = (runs: readonly ToldRun[], what: "sent" | "lost"): number =>
  runs.reduce((sum, { summary }) => sum + (summary?.[what] ?? 0), 0);

/** The worst of all runs. */
function slowest(runs: readonly ToldRun[]): string {
  const values = runs.flatMap(({ summary }) => summary?.p99Ms ?? []);
  return values.length === 0 ? "–" : msText(Math.max(...values));
}

const lossText = (lost: number, sent: number): Sentence =>
  say("{percent} ({lost} of {sent})", { percent: partText(lost, sent), lost: thousands(lost), sent: thousands(sent) });

/** As the newest report names it; before there is one, as it was typed. */
function pathOf({ request }: Schedule, runs: readonly ToldRun[]): string {
  const named = runs.find(({ summary }) => summary !== undefined)?.summary;
  return named === undefined ? request.command : `${named.from} → ${named.to}`;
}
