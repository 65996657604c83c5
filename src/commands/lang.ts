import { say } from "#src/core/sentence.ts";
import { drawNotice } from "#src/report/answers.ts";
import { wordings } from "#src/report/words.ts";
import { badCommand } from "./grammar/bad-command.ts";
import { defineCommand } from "./grammar/command.ts";
import { parseLanguage } from "./grammar/language.ts";

export const lang = defineCommand({
  name: "lang",
  also: ["language"],
  usage: "[en|zh]",
  about: say(
    "Sets the language in which netcheck answers and reports in this channel; without a word: says which it is.",
  ),
  more: [
    say("One check in another language: {example}", { example: "web-0 db-0 lang=zh" }),
    say("Examples: {examples}", { examples: "lang · lang zh · lang en" }),
  ],
  parse(words) {
    const [at, extra] = words.all;
    if (extra !== undefined) throw badCommand(say("One language at a time."), { words, at: extra });
    return at === undefined ? undefined : parseLanguage(words, at, at.text);
  },
  async run(chosen, { checks, slack, command, wording }) {
    if (chosen === undefined) return { message: drawNotice(wording.languageIs(command)) };
    await checks.setLanguage(slack.channel, chosen);
    return { message: drawNotice(wordings[chosen].languageSet) };
  },
});
