import { isDeepStrictEqual } from "node:util";
import { type Place, placeText } from "#src/core/place.ts";
import type { Report } from "#src/core/report.ts";

/** What a scenario file calls a right answer. */
export type Expectation = {
  readonly status?: string | undefined;
  readonly causes?: readonly { readonly cause: string; readonly where?: string | undefined }[] | undefined;
  readonly never?: readonly string[] | undefined;
};

export type Judgement = { readonly pass: boolean; readonly wrong: readonly string[] };

/** An answer names the wanted object if it is that object, or a device of that node. */
export function namesPlace(place: Place, wanted: string): boolean {
  const text = placeText(place);
  if (text === wanted || text.startsWith(`${wanted}/`)) return true;
  return place.device !== undefined && `${place.name}/${place.device}` === wanted;
}

/**
 * Compares a report with what the scenario expects. The causes must be those, in that order, and no others. A symptom
 * that stands beneath the cause which explains it is not a named cause. `replayed` is what the stored check says when it
 * is replayed, which must be the same.
 */
export function judge(expected: Expectation, report: Report, replayed = report): Judgement {
  const wrong: string[] = [];
  if (!isDeepStrictEqual(replayed, report)) wrong.push("the stored check replays to another report");
  if (expected.status !== undefined && report.status !== expected.status)
    wrong.push(`status is ${report.status}, not ${expected.status}`);
  if (expected.causes !== undefined) {
    for (const [index, want] of expected.causes.entries()) {
      const got = report.causes[index];
      if (got === undefined) wrong.push(`${want.cause} is not named`);
      else if (got.cause !== want.cause) wrong.push(`cause ${index + 1} is ${got.cause}, not ${want.cause}`);
      else if (want.where !== undefined && !namesPlace(got.where, want.where))
        wrong.push(`${got.cause} is placed at ${placeText(got.where)}, not ${want.where}`);
    }
    for (const extra of report.causes.slice(expected.causes.length))
      wrong.push(`${extra.cause} at ${placeText(extra.where)} is named without need`);
  }
  for (const never of expected.never ?? [])
    if (report.causes.some(({ cause }) => cause === never)) wrong.push(`${never} must not be named`);
  return { pass: wrong.length === 0, wrong };
}
