import { say } from "#src/core/sentence.ts";
import { drawHelp } from "#src/report/answers.ts";
import { badCommand } from "./grammar/bad-command.ts";
import { type Command, defineCommand } from "./grammar/command.ts";
import { nearestWords } from "./grammar/near.ts";

/** Help is made of the other commands; `all` is asked for when it is needed, because help is one of them. */
export const helpFor = (all: () => readonly Command[]): Command =>
  defineCommand({
    name: "help",
    also: ["-h", "--help", "?"],
    usage: "[word]",
    about: say("Says what can be asked; with a word: everything about it."),
    more: [say("Examples: {examples}", { examples: "help · help check" })],
    parse(words): Command | undefined {
      const [at] = words.all;
      if (at === undefined) return undefined;
      const found = all().find(({ name, also }) => name === at.text || also.includes(at.text));
      if (found !== undefined) return found;
      const names = all().map(({ name }) => name);
      const word = at.text.length > 40 ? `${at.text.slice(0, 39)}…` : at.text;
      throw badCommand(say("There is no command {word}.", { word }), {
        words,
        at,
        instead: nearestWords(at.text, names),
        hint: say("Commands: {names}.", { names: names.join(", ") }),
      });
    },
    async run(about, { command, wording }) {
      return {
        message: drawHelp(about === undefined ? all() : [about], { command, detailed: about !== undefined, wording }),
      };
    },
  });
