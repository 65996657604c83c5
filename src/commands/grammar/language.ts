import { type Language, languageSchema, say } from "#src/core/sentence.ts";
import { badCommand } from "./bad-command.ts";
import type { Word, Words } from "./words.ts";

/** Reads the name of a language; `value` is `at`, or its part behind `lang=`. */
export function parseLanguage(words: Words, at: Word, value: string): Language {
  const { data } = languageSchema.safeParse(value);
  if (data !== undefined) return data;
  const before = at.text.slice(0, at.text.length - value.length);
  throw badCommand(say("netcheck does not speak {language}.", { language: value.slice(0, 40) }), {
    words,
    at,
    instead: languageSchema.options.map((name) => before + name),
    hint: say("Languages: {names}.", { names: "en (English), zh (中文)" }),
  });
}
