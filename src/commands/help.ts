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
    about: "Says what can be asked; with a word: everything about it.",
    more: ["Examples: help · help check"],
    parse(words): Command | undefined {
      const [at] = words.all;
      if (at === undefined) return undefined;
      const found = all().find(({ name, also }) => name === at.text || also.includes(at.text));
      if (found !== undefined) return found;
      const names = all().map(({ name }) => name);
      throw badCommand(`There is no command ${at.text.length > 40 ? `${at.text.slice(0, 39)}…` : at.text}.`, {
        words,
        at,
        instead: nearestWords(at.text, names),
        hint: `Commands: ${names.join(", ")}.`,
      });
    },
    async run(about, { command, wording }) {
      return {
        message: drawHelp(about === undefined ? all() : [about], { command, detailed: about !== undefined, wording }),
      };
    },
  });
