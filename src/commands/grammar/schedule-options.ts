import { DEFAULT_DIGEST_AT, type Schedule } from "#src/core/schedule.ts";
import { say } from "#src/core/sentence.ts";
import { nearestZones, openZone, type Zone } from "#src/core/zone.ts";
import { badCommand } from "./bad-command.ts";
import type { Word, Words } from "./words.ts";

/** The options of a schedule, with what they take. They may stand before or behind the words of the check. */
export const SCHEDULE_OPTIONS = {
  tz: say("time zone whose clocks the pattern means, such as Europe/Berlin; UTC when left out"),
  digest: say("hour at which the digest is posted, such as 08:00, which it is when left out"),
  quiet: say(
    "yes: a run posts nothing, the digest tells how it ended; no: a run posts its thread at once; yes when left out",
  ),
  missed: say("what becomes of a run that could not start in time: skip, or run it late; skip when left out"),
} as const;

type Name = keyof typeof SCHEDULE_OPTIONS;
type Given = { readonly value: string; readonly at: Word };

export type ScheduleOptions = Pick<Schedule, "quiet" | "missed" | "digestAt"> & { readonly zone: Zone };

/** Takes the options of a schedule out of the words; what is left belongs to the check. */
export function takeScheduleOptions(words: Words): { readonly options: ScheduleOptions; readonly rest: Words } {
  const given = new Map<Name, Given>();
  const rest: Word[] = [];
  const queue = [...words.all];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    const [, dashes = "", name = "", value] = /^(-{0,2})(tz|digest|quiet|missed)(?:=(.*))?$/.exec(at.text) ?? [];
    if (!isName(name) || (dashes === "" && value === undefined)) {
      rest.push(at);
      continue;
    }
    const next = value === undefined ? queue.shift() : at;
    const text = value ?? next?.text ?? "";
    if (next === undefined || text === "")
      throw badCommand(say("The option {name} has no value.", { name }), {
        words,
        at,
        hint: say("Write {name}=VALUE.", { name }),
      });
    if (given.has(name)) throw badCommand(say("The option {name} stands there twice.", { name }), { words, at });
    given.set(name, { value: text, at: next });
  }
  const quiet = oneOf(words, "quiet", given.get("quiet"), ["yes", "no"]) !== "no";
  const digest = given.get("digest");
  const digestAt = digest === undefined ? (quiet ? DEFAULT_DIGEST_AT : undefined) : clock(words, digest);
  return {
    options: {
      zone: zone(words, given.get("tz")),
      quiet,
      missed: oneOf(words, "missed", given.get("missed"), ["skip", "run"]) ?? "skip",
      ...(digestAt !== undefined && { digestAt }),
    },
    rest: { line: words.line, all: rest },
  };
}

const isName = (name: string): name is Name => Object.hasOwn(SCHEDULE_OPTIONS, name);

function oneOf<const T extends string>(
  words: Words,
  name: string,
  given: Given | undefined,
  allowed: readonly [T, T],
): T | undefined {
  if (given === undefined) return undefined;
  const found = allowed.find((one) => one === given.value);
  if (found !== undefined) return found;
  const [first, second] = allowed;
  throw badCommand(
    say("The option {name} is {first} or {second}, not {value}.", { name, first, second, value: short(given.value) }),
    {
      words,
      at: given.at,
      instead: allowed.map((one) => replaced(given, one)),
    },
  );
}

function zone(words: Words, given: Given | undefined): Zone {
  const found = openZone(given?.value ?? "UTC");
  if (found !== undefined) return found;
  const value = given?.value ?? "";
  const near = nearestZones(value);
  throw badCommand(say("There is no time zone {value}.", { value: short(value) }), {
    words,
    at: given?.at,
    instead: given === undefined ? [] : near.map((name) => replaced(given, name)),
    hint: say("Zones are written Area/City, such as {example}, because abbreviations say nothing of summer time.", {
      example: near[0] ?? "Europe/Berlin",
    }),
  });
}

function clock(words: Words, given: Given): number {
  const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(given.value) ?? [];
  if (hour !== undefined && minute !== undefined && Number(hour) < 24 && Number(minute) < 60)
    return 60 * Number(hour) + Number(minute);
  const bare = /^(\d{1,2})(?:h|uhr)?$/.exec(given.value)?.[1];
  throw badCommand(say("{value} is not a time of day.", { value: short(given.value) }), {
    words,
    at: given.at,
    instead: bare !== undefined && Number(bare) < 24 ? [replaced(given, `${bare.padStart(2, "0")}:00`)] : [],
    hint: say("Write hours and minutes from 00:00 to 23:59, such as {example}.", { example: "08:00" }),
  });
}

/** The word with another value in the place of the one that was given. */
const replaced = ({ value, at }: Given, other: string): string =>
  at.text.slice(0, at.text.length - value.length) + other;

const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
