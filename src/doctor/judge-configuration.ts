import { editDistance } from "../core/nearest.ts";
import { type Finding, findingsOf } from "./finding.ts";

export type ConfigurationFacts = {
  /** What the reader of the configuration said, each once: `NETCHECK_MAX_CHECKS is "99": it must be …`. */
  readonly faults: readonly string[];
  /** Names of all variables that are set. */
  readonly set: readonly string[];
  /** Names of all variables that netcheck reads. */
  readonly known: readonly string[];
};

const { well, mend } = findingsOf("configuration");
/** A Service's variables (NETCHECK_REDIS_PORT) and our own for development are further away than this. */
const MOST_EDITS = 2;

export function judgeConfiguration({ faults, set, known }: ConfigurationFacts): Finding[] {
  const bad = faults.map((fault) => {
    const [, what = fault, want] = /^(.*?): (?:.* )?it must be (.*)$/.exec(fault) ?? [];
    const name = /^[A-Z0-9_]+/.exec(fault)?.[0] ?? "variables";
    const remedy = want === undefined ? "See docs/configuration.md." : `Set ${name} to ${want}`;
    return mend(name, sentence(what), sentence(remedy));
  });
  const strange = set
    .filter((name) => name.startsWith("NETCHECK_") && !known.includes(name))
    .flatMap((name) => {
      const meant = known.find((one) => editDistance(name, one, MOST_EDITS) !== undefined);
      return meant === undefined ? [] : [mend(name, `Nobody reads ${name}.`, `Rename it to ${meant}.`)];
    });
  const wrong = [...bad, ...strange];
  return wrong.length > 0 ? wrong : [well("variables", "All that are set can be used.")];
}

const sentence = (text: string): string => (text.endsWith(".") ? text : `${text}.`);
