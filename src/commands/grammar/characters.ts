import { type Sentence, say } from "#src/core/sentence.ts";
import { badCommand } from "./bad-command.ts";
import type { Words } from "./words.ts";

/** Everything a name, address, duration or option can be written with. */
const ALLOWED = /[a-z0-9._:/@[\]=#+-]/;
const SHELL = new Set([..."|&;<>()$`\\\"'*?{}!~^"]);
const EMOJI_CODE = /:[a-z][a-z0-9_+-]*:/;

/** Refuses the first character that no command can contain, and names it. Emoji and foreign scripts get their own words. */
export function refuseStrangeCharacters(words: Words): void {
  for (const at of words.all) {
    const emojiCode = EMOJI_CODE.exec(at.text);
    if (emojiCode && !at.text.includes("["))
      throw badCommand(emoji(emojiCode[0]), {
        words,
        at,
        part: { start: emojiCode.index, end: emojiCode.index + emojiCode[0].length },
        hint: say("Write the name as kubectl shows it."),
      });
    let start = 0;
    for (const character of at.text) {
      const end = start + character.length;
      if (!ALLOWED.test(character)) {
        const instead = character === "," ? at.text.replaceAll(",", " ").trim() : keepAllowed(at.text);
        throw badCommand(sentence(character), {
          words,
          at,
          part: { start, end },
          instead: instead === "" ? [] : [instead],
          hint: say("Names hold a–z, 0–9, “-” and “.”."),
        });
      }
      start = end;
    }
  }
}

const emoji = (emoji: string): Sentence =>
  say("{emoji} is an emoji; a command is made of names, addresses and durations.", { emoji });

function sentence(character: string): Sentence {
  if (SHELL.has(character))
    return say("The character {character} has a meaning for shells and none for netcheck, which never uses one.", {
      character,
    });
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  if (/\p{Extended_Pictographic}|\p{Regional_Indicator}/u.test(character)) return emoji(character);
  return say("The character {character} ({code}) cannot be part of a name, an address or a duration.", {
    character,
    code,
  });
}

/** The word up to its first refused character, if that still looks like a name. */
function keepAllowed(text: string): string {
  const kept = /^[a-z0-9][a-z0-9./:@-]*[a-z0-9]/.exec(text)?.[0] ?? "";
  return kept.length > 1 ? kept : "";
}
