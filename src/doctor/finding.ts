export const areas = ["configuration", "Slack", "Redis", "Kubernetes API", "agents", "artifacts"] as const;
export type Area = (typeof areas)[number];

/**
 * What one look has shown. well: as it should be · mend: `remedy` says how · note: worth knowing, and nothing must be done ·
 * unseen: nobody looked, and `found` says why.
 */
export type Finding = {
  readonly area: Area;
  /** What was looked at: `bot token`. */
  readonly look: string;
  readonly status: "well" | "mend" | "note" | "unseen";
  readonly found: string;
  /** A command, or a value and where it belongs. There for every `mend`. */
  readonly remedy?: string;
};

/** The findings of one area: `well("bot token", "…")`. */
export const findingsOf = (area: Area) => ({
  well: (look: string, found: string): Finding => ({ area, look, status: "well", found }),
  mend: (look: string, found: string, remedy: string): Finding => ({ area, look, status: "mend", found, remedy }),
  note: (look: string, found: string, remedy?: string): Finding => ({
    ...{ area, look, status: "note", found },
    ...(remedy !== undefined && { remedy }),
  }),
  unseen: (look: string, why: string): Finding => ({
    ...{ area, look, status: "unseen" },
    found: `Not looked at, because ${why}`,
  }),
});

/** 0: nothing to mend. 1: something. 2: with this configuration netcheck would not start. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 | 2 {
  const wrong = findings.filter(({ status }) => status === "mend");
  if (wrong.some(({ area }) => area === "configuration")) return 2;
  return wrong.length > 0 ? 1 : 0;
}

/** Shorter ones would hide ordinary words, and nobody's secret is that short. */
const SHORTEST_SECRET = 4;

const HIDDEN = "(hidden)";
/** Also where somebody has put one into another variable, whose value is shown. */
const SLACK_TOKEN = /\bx(?:ox[a-z]|app)-[\w-]+/g;

/** The same without any of these words, wherever a library or a server has put them. */
export function withoutSecrets(findings: readonly Finding[], secrets: readonly string[]): Finding[] {
  const words = secrets.filter(({ length }) => length >= SHORTEST_SECRET).toSorted((a, b) => b.length - a.length);
  const clean = (text: string) =>
    words.reduce((shown, word) => shown.replaceAll(word, HIDDEN), text).replaceAll(SLACK_TOKEN, HIDDEN);
  return findings.map(({ remedy, ...finding }) => ({
    ...finding,
    found: clean(finding.found),
    ...(remedy !== undefined && { remedy: clean(remedy) }),
  }));
}

const MOST_LINES = 10;

/** Findings of which a large cluster has many: the first of them, and how many more there are. */
export function fewOf(findings: readonly Finding[]): Finding[] {
  const last = findings[MOST_LINES];
  if (last === undefined) return [...findings];
  const more = findings.length - MOST_LINES;
  return [...findings.slice(0, MOST_LINES), findingsOf(last.area).note(last.look, `${more} more like these.`)];
}

const MOST_NAMES = 5;

/** `node-1, node-2 and 3 more`. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES);
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(", ")} and ${more} more`;
  return shown.length > 1 ? `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}` : shown.join("");
}
