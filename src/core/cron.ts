import { type Sentence, say } from "./sentence.ts";

/** A pattern of crontab(5): five sets of numbers, each ascending. Weekdays count from Sunday = 0. */
export type Cron = {
  readonly text: string;
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  readonly weekdays: readonly number[];
  /** When both the day of the month and the weekday are named, one of the two is enough. */
  readonly eitherDay: boolean;
};

/** What is wrong with a pattern: with one of its fields (0 to 4), or with all of it. `instead` is a whole pattern that would work. */
export type CronProblem = {
  readonly field: number | undefined;
  readonly problem: Sentence;
  readonly instead: string | undefined;
};

type Field = {
  readonly name: Sentence;
  readonly low: number;
  readonly high: number;
  /** Names of numbers from `low` on. */
  readonly names: readonly string[];
};

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const WEEKDAYS = "sun mon tue wed thu fri sat".split(" ");
const FIELDS: readonly Field[] = [
  { name: say("minute"), low: 0, high: 59, names: [] },
  { name: say("hour"), low: 0, high: 23, names: [] },
  { name: say("day of the month"), low: 1, high: 31, names: [] },
  { name: say("month"), low: 1, high: 12, names: MONTHS },
  { name: say("day of the week"), low: 0, high: 7, names: WEEKDAYS },
];

const NICKNAMES: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/** Longest month of each month number: what a pattern can ever meet. */
const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

class Bad extends Error {
  readonly sentence: Sentence;
  readonly instead: string | undefined;
  constructor(sentence: Sentence, instead?: string) {
    super(sentence.template);
    this.sentence = sentence;
    this.instead = instead;
  }
}

/** Reads five fields in lower case, as crontab(5) has them: numbers, names, lists, ranges, steps. */
export function parseCron(text: string): { readonly cron: Cron } | CronProblem {
  const fields = text.trim().split(/\s+/);
  const nickname = NICKNAMES[fields[0] ?? ""];
  if (nickname !== undefined)
    return {
      field: undefined,
      problem: say("{word} is a nickname; a pattern is written with its five fields.", { word: fields[0] ?? "" }),
      instead: nickname,
    };
  if (fields.length !== FIELDS.length)
    return {
      field: undefined,
      problem: say(
        "A pattern has five fields: minute, hour, day of the month, month, day of the week. This one has {count}.",
        { count: text.trim() === "" ? 0 : fields.length },
      ),
      // Patterns of other schedulers begin with seconds.
      instead: fields.length === 6 && parsesAll(fields.slice(1)) ? fields.slice(1).join(" ") : undefined,
    };
  const sets: (readonly number[])[] = [];
  for (const [index, field] of FIELDS.entries()) {
    try {
      sets.push(numbersOf(fields[index] ?? "", field));
    } catch (error) {
      if (!(error instanceof Bad)) throw error;
      const instead = error.instead === undefined ? undefined : fields.with(index, error.instead).join(" ");
      return { field: index, problem: error.sentence, instead };
    }
  }
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = sets;
  const cron = { text: fields.join(" "), minutes, hours, days, months, weekdays, eitherDay: namesBoth(fields) };
  const first = days[0] ?? 1;
  if (!cron.eitherDay && months.every((month) => first > (LONGEST[month - 1] ?? 31)))
    return {
      field: 2,
      problem: say("This pattern never fires: none of its months has a day {day}.", { day: first }),
      instead: fields.with(2, `${Math.max(...months.map((month) => LONGEST[month - 1] ?? 31))}`).join(" "),
    };
  return { cron };
}

/** A field that begins with a star restricts nothing that the other one does not (crontab(5), Paul Vixie's rule). */
const namesBoth = (fields: readonly string[]): boolean =>
  !(fields[2] ?? "").startsWith("*") && !(fields[4] ?? "").startsWith("*");

function parsesAll(fields: readonly string[]): boolean {
  return "cron" in parseCron(fields.join(" "));
}

function numbersOf(text: string, field: Field): readonly number[] {
  const found = new Set<number>();
  for (const part of text.split(","))
    for (const number of part === "" ? notA(text, field) : span(part, field)) found.add(number);
  // Both 0 and 7 are Sunday.
  if (field.high === 7 && found.delete(7)) found.add(0);
  return [...found].toSorted((a, b) => a - b);
}

function span(part: string, field: Field): readonly number[] {
  const [range = "", step, ...more] = part.split("/");
  if (more.length > 0) return notA(part, field);
  const every = step === undefined ? 1 : stepOf(step, part, field);
  const { low, high } = field;
  // Sunday is counted once by a star.
  if (range === "*") return upTo(low, high === 7 ? 6 : high, every);
  const [first = "", last, ...rest] = range.split("-");
  if (rest.length > 0 || range === "?") return notA(part, field);
  const from = numberOf(first, part, field);
  if (last === undefined) {
    if (step === undefined) return [from];
    const whole = from === low ? "*" : `${first}-${high === 7 ? 6 : high}`;
    throw new Bad(say("A step follows “*” or a range, not one number: {word}.", { word: part }), `${whole}/${step}`);
  }
  const named = high === 7 && last === "sun" ? 7 : numberOf(last, part, field);
  if (from <= named) return upTo(from, named, every);
  throw new Bad(
    say("The range {range} runs backwards.", { range }),
    step === undefined ? aroundTheEnd(first, last, field) : undefined,
  );
}

/** `22-6` in two pieces: `22-23,0-6`. */
function aroundTheEnd(first: string, last: string, { low, high, names }: Field): string {
  const end = high === 7 ? 6 : high;
  const [top, bottom] = names.includes(first) ? [names[end - low], names[0]] : [end, low];
  return `${first}-${top},${bottom}-${last}`;
}

const upTo = (from: number, to: number, every: number): number[] =>
  Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, index) => from + index * every);

function stepOf(step: string, part: string, { name, low, high }: Field): number {
  const most = high - low;
  const every = Number(step);
  if (/^\d{1,2}$/.test(step) && every >= 1 && every <= most) return every;
  throw new Bad(
    say("{word} has no step that works: for the {field} it is a number from 1 to {most}.", {
      word: part,
      field: name,
      most,
    }),
  );
}

function numberOf(text: string, part: string, field: Field): number {
  const { name, low, high, names } = field;
  const named = names.indexOf(text.slice(0, 3));
  // jan and january, but not janitor.
  if (named >= 0 && (text.length === 3 || LONG_NAMES.has(text))) return low + named;
  if (!/^\d+$/.test(text)) return notA(part, field);
  const number = Number(text);
  if (number >= low && number <= high) return number;
  throw new Bad(
    say("{number} cannot be the {field}: that is a number from {low} to {high}.", {
      number: text.slice(0, 12),
      field: name,
      low,
      high,
    }),
  );
}

const LONG_NAMES: ReadonlySet<string> = new Set(
  (
    "january february march april may june july august september october november december " +
    "sunday monday tuesday wednesday thursday friday saturday"
  ).split(" "),
);

function notA(word: string, { name, low, high, names }: Field): never {
  const example = names.length > 0 ? `${low}-${high}, ${names[0]}-${names.at(-1)}, *` : `${low}-${high}, */5, *`;
  throw new Bad(
    say("{word} cannot be the {field}: write a number, a list, a range, a step or “*”, such as {example}.", {
      word: word === "" ? "“”" : word.slice(0, 40),
      field: name,
      example,
    }),
    word.includes("?") ? word.replaceAll("?", "*") : undefined,
  );
}
