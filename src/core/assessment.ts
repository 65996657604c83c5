import { type Place, placeText } from "./place.ts";
import type { Progress } from "./progress.ts";
import type { Report } from "./report.ts";

/** What is known while a check still runs. `finding.key` tells one suspicion from another, `finding.text` is shown. */
export type Assessment = {
  readonly finding?: { readonly key: string; readonly text: string };
  readonly soFar?: Progress["soFar"];
};

/** What a report on a part of the window says while the rest is still measured. `text`: its first finding in words. */
export function assessmentOf(report: Report, text: string | undefined): Assessment {
  const asked = report.measurements.filter(({ part }) => part === "end-to-end");
  const path = asked.find(({ probe }) => probe === "ping") ?? asked[0];
  const soFar = path && {
    sent: path.sent,
    lost: path.lost,
    ...(path.rttMs && { p50Ms: path.rttMs.p50, maxMs: path.rttMs.max }),
  };
  return { ...(text !== undefined && { finding: { key: keyOf(report), text } }), ...(soFar && { soFar }) };
}

const keyOf = ({ causes: [first], status }: Report): string =>
  first === undefined ? status : `${first.cause} ${place(first.where)}`;

const place = (where: Place): string => `${where.kind} ${placeText(where)}`;
