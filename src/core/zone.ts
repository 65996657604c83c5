import { editDistance } from "./nearest.ts";

/** A time zone of the tz database, as this machine knows it. */
export type Zone = {
  /** As the database spells it: "Europe/Berlin". */
  readonly name: string;
  /** How far its clocks are ahead of UTC at a moment, milliseconds. `atMs` is Unix milliseconds. */
  readonly offsetMs: (atMs: number) => number;
};

const FIELDS = { year: "numeric", month: "numeric", day: "numeric" } as const;
const CLOCK = { hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" } as const;

/** The zone of this name, in any case of letters: `Area/City` or UTC. Abbreviations such as CET say nothing of summer time. */
export function openZone(name: string): Zone | undefined {
  if (!/^(utc|[a-z]+(\/[a-z0-9_+-]+)+)$/i.test(name)) return undefined;
  let clock: Intl.DateTimeFormat;
  try {
    clock = new Intl.DateTimeFormat("en-US", { timeZone: name, calendar: "gregory", ...FIELDS, ...CLOCK });
  } catch {
    return undefined;
  }
  function offsetMs(atMs: number): number {
    const second = Math.floor(atMs / 1_000) * 1_000;
    const parts = new Map(clock.formatToParts(second).map(({ type, value }) => [type as string, Number(value)]));
    const part = (type: string): number => parts.get(type) ?? 0;
    const [year, month, day] = [part("year"), part("month"), part("day")];
    return Date.UTC(year, month - 1, day, part("hour"), part("minute"), part("second")) - second;
  }
  return { name: clock.resolvedOptions().timeZone, offsetMs };
}

/** Names that were probably meant, best first, at most three: the same city, the beginning of one, a misspelling. */
export function nearestZones(typed: string): readonly string[] {
  const wanted = typed.toLowerCase();
  const city = wanted.split("/").at(-1)?.replaceAll(" ", "_") ?? "";
  const scored = [...Intl.supportedValuesOf("timeZone"), "UTC"].flatMap((name) => {
    const known = name.toLowerCase();
    const knownCity = known.split("/").at(-1) ?? known;
    if (known === wanted || knownCity === city) return [{ name, score: 0 }];
    if (city.length >= 3 && knownCity.startsWith(city)) return [{ name, score: 1 }];
    const whole = editDistance(wanted, known, 3);
    const part = city.length >= 4 ? editDistance(city, knownCity, 2) : undefined;
    const edits = Math.min(whole ?? Number.POSITIVE_INFINITY, (part ?? Number.POSITIVE_INFINITY) + 0.5);
    return Number.isFinite(edits) ? [{ name, score: 1 + edits }] : [];
  });
  const best = scored.toSorted((a, b) => a.score - b.score || a.name.localeCompare(b.name, "en"));
  return best.slice(0, 3).map(({ name }) => name);
}

/** Date and clock of a zone, the same in every language: `2026-11-27 01:00`. */
export function zoneTime(atMs: number, zone: Zone): string {
  return new Date(atMs + zone.offsetMs(atMs)).toISOString().slice(0, 16).replace("T", " ");
}
