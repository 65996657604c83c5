import type { Plan } from "#src/core/plan.ts";
import type { Report } from "#src/core/report.ts";
import { type Block, container, type Message, section } from "./blocks.ts";
import { cut } from "./limits.ts";
import { latencyText, type Measurement, outcomesText } from "./measured.ts";
import { bold, codeBlock, dayAndClock, safe } from "./mrkdwn.ts";
import { partText } from "./numbers.ts";
import { readableSubject } from "./places.ts";
import type { Wording } from "./words.ts";

const MAX_ROWS = 40;
const MAX_BOX = 2_600;

/** A closed box: what was planned, every measurement, what the words of confidence mean, how much was covered. */
export function drawDetails(report: Report, plans: readonly Plan[], wording: Wording): Message {
  const box = (title: string, text: string): Block => section(`${bold(title)}\n${codeBlock(cut(text, MAX_BOX))}`);
  const children = [
    section(
      [
        wording.about(wording.path, `${safe(report.from)} → ${safe(report.to)} (${safe(report.cluster)})`),
        wording.about(
          wording.window,
          wording.fromTo(dayAndClock(report.window.startMs), dayAndClock(report.window.endMs)),
        ),
        wording.about(wording.coverage, safe(report.coverage.text)),
        ...(report.dataPlanes ?? []).map(({ text }) => wording.at(wording.dataPlanes, safe(text))),
      ].join("\n"),
    ),
    ...plans.map((plan) => box(planTitle(plan, plans, wording), planText(plan, wording))),
    ...(report.measurements.length === 0
      ? []
      : [box(wording.measured, measurementsText(report.measurements, wording))]),
    section(`${bold(wording.thresholds)}\n${confidenceText(wording)}`),
  ];
  return {
    text: wording.about(wording.details, safe(report.coverage.text)),
    blocks: [container(wording.details, children)],
  };
}

/** Of two plans it is said whose is whose. */
const planTitle = ({ from, to }: Plan, { length }: readonly Plan[], wording: Wording): string =>
  length === 1 ? wording.plan : `${wording.plan}: ${from.name} → ${to.name}`;

function planText({ legs, tasks, vantages }: Plan, wording: Wording): string {
  const nodes = new Set(vantages.map(({ node }) => node));
  const lines = legs.map(({ from, to, port, scope, part }) => {
    return `${readableSubject(`${from}>${to}`)}${port === undefined ? "" : `:${port}`}  ${wording.names([wording.scopes[scope], wording.parts[part]])}`;
  });
  return limited([wording.planned({ legs: legs.length, tasks: tasks.length, nodes: [...nodes] }), ...lines], wording);
}

function measurementsText(measurements: readonly Measurement[], wording: Wording): string {
  const rank = { "end-to-end": 0, segment: 1, control: 2 } as const;
  return limited(
    measurements
      .toSorted((a, b) => rank[a.part] - rank[b.part])
      .map((one) => {
        const outcome = one.outcomes === undefined ? "" : `  ${outcomesText(one.outcomes, wording)}`;
        const loss = `${one.lost}/${one.sent} (${partText(one.lost, one.sent)})`;
        return `${one.probe} ${one.from} → ${one.to}  ${wording.loss} ${loss}  ${latencyText(one, wording)}${outcome}`;
      }),
    wording,
  );
}

const limited = (lines: readonly string[], wording: Wording): string =>
  (lines.length <= MAX_ROWS ? lines : [...lines.slice(0, MAX_ROWS), wording.more(lines.length - MAX_ROWS)]).join("\n");

const confidenceText = ({ confidence, confidenceMeans, about }: Wording): string =>
  (["certain", "likely", "possible"] as const).map((word) => about(confidence[word], confidenceMeans[word])).join("\n");
