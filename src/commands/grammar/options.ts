import { type Language, languageSchema, say } from "#src/core/sentence.ts";
import { badCommand } from "./bad-command.ts";
import { nearestWords } from "./near.ts";
import type { Word, Words } from "./words.ts";

/** The options of a check, with what they take. All are written `name=value`, `--name=value` or `--name value`. */
export const OPTIONS = {
  port: say("TCP port of the second end, the same as {port} behind it", { port: ":port" }),
  cluster: say("cluster of both ends, the same as @cluster behind them; the channel's own when left out"),
  lang: say("language of the answer and the whole thread, en or zh; the channel's own when left out"),
} as const;

export type OptionName = keyof typeof OPTIONS;
export type Option = { readonly value: string; readonly at: Word };

/** Takes the options out of the words. Every option at most once; an unknown one is refused with the nearest that exists. */
export function takeOptions(words: Words): {
  readonly options: ReadonlyMap<OptionName, Option>;
  readonly rest: readonly Word[];
} {
  const options = new Map<OptionName, Option>();
  const rest: Word[] = [];
  const queue = [...words.all];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    const [, dashes = "", name = "", value] = /^(-{0,2})([a-z][a-z0-9-]*)(?:=(.*))?$/.exec(at.text) ?? [];
    if (name === "" || (dashes === "" && value === undefined)) {
      rest.push(at);
      continue;
    }
    const known = isOption(name) ? name : undefined;
    if (known === undefined) {
      const names = nearestWords(name, Object.keys(OPTIONS));
      throw badCommand(say("There is no option {name}.", { name: dashes + name }), {
        words,
        at,
        instead: names.map((near) => `${dashes}${near}${value === undefined ? "" : `=${value}`}`),
        hint: say("Options: {names}.", { names: Object.keys(OPTIONS).join(", ") }),
      });
    }
    const next = value === undefined ? queue.shift() : at;
    const given = value ?? next?.text ?? "";
    if (given === "" || next === undefined)
      throw badCommand(say("The option {name} has no value.", { name: known }), {
        words,
        at,
        hint: say("Write {name}=VALUE.", { name: known }),
      });
    if (options.has(known))
      throw badCommand(say("The option {name} stands there twice.", { name: known }), { words, at });
    options.set(known, { value: given, at: next });
  }
  return { options, rest };
}

const isOption = (name: string): name is OptionName => Object.hasOwn(OPTIONS, name);

/** The language that a line asks for, whether or not the rest of it can be understood. */
export function languageIn({ all }: Words): Language | undefined {
  const written = all.flatMap(({ text }, index) => {
    const [, value] = /^(?:--)?lang(?:=(.*))?$/.exec(text) ?? [];
    return value ?? (text === "--lang" ? (all[index + 1]?.text ?? []) : []);
  });
  return languageSchema.safeParse(written[0]).data;
}
