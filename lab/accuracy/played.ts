import { z } from "zod";
import { placeText } from "#src/core/place.ts";
import type { Report } from "#src/core/report.ts";
import { type Expectation, namesPlace } from "../judge.ts";

/**
 * What was wrong in a play. `healthy`: nothing; `busy`: nothing, on CPUs that others keep busy; `twin`: something that must not
 * be named, because it is beside the path, too small to matter or none of netcheck's business; `one`, `several`: causes to name.
 */
export const kinds = ["healthy", "busy", "twin", "one", "several"] as const;
export type Kind = (typeof kinds)[number];

const namedSchema = z.object({
  cause: z.string(),
  where: z.string(),
  confidence: z.enum(["certain", "likely", "possible"]),
  /** It is an expected cause. */
  right: z.boolean(),
  /** It is, and stands at the expected place. */
  placed: z.boolean(),
});

/** One play of a scenario, as a line of the file in which they are gathered. */
export const playedSchema = z.object({
  scenario: z.string(),
  seed: z.number().int(),
  /** Of netcheck: "7df83e5", "7df83e5-dirty" with changes on top. */
  version: z.string(),
  /** The version whose rules judged later what was measured in the play; absent while those of `version` did. */
  judged: z.string().optional(),
  kind: z.enum(kinds),
  expected: z.array(z.object({ cause: z.string(), where: z.string().optional() })),
  /** Named causes, most important first. */
  named: z.array(namedSchema),
  pass: z.boolean(),
  wrong: z.array(z.string()),
  verdict: z.string(),
  /** Seconds from the command to the first finding, and from the end of the asked window to the whole thread. */
  firstFindingS: z.number().optional(),
  reportS: z.number(),
});
export type Played = z.infer<typeof playedSchema>;

export function kindOf(faults: number, noisy: boolean, expected: number): Kind {
  if (expected > 1) return "several";
  if (expected === 1) return "one";
  if (faults > 0) return "twin";
  return noisy ? "busy" : "healthy";
}

/** The causes of a report, each held against what a scenario expects. A place that no scenario names is right wherever. */
export function namedIn(report: Report, expected: Expectation["causes"] = []): Played["named"] {
  return report.causes.map(({ cause, where, confidence }) => {
    const wanted = expected.filter((one) => one.cause === cause);
    const placed = wanted.some((one) => one.where === undefined || namesPlace(where, one.where));
    return { cause, where: placeText(where), confidence, right: wanted.length > 0, placed };
  });
}
