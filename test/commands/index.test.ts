import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { commands } from "#src/commands/index.ts";
import { drawHelp } from "#src/report/answers.ts";
import { wordings } from "#src/report/words.ts";

test("every file in src/commands is listed in its index", async () => {
  const files = await readdir(new URL("../../src/commands/", import.meta.url));
  const names = files
    .filter((file) => file.endsWith(".ts") && file !== "index.ts")
    .map((file) => file.replace(".ts", ""));
  expect(commands.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});

test("no word means two commands", () => {
  const words = commands.flatMap(({ name, also }) => [name, ...also]);
  expect(new Set(words).size).toBe(words.length);
});

test.each([
  { language: "en", says: "Examples: status · status nc-4f2a" },
  { language: "zh", says: "示例：status · status nc-4f2a" },
] as const)("help is in the language of the channel: $language", ({ language, says }) => {
  const drawn = JSON.stringify(
    drawHelp(commands, { command: "/netcheck", detailed: true, wording: wordings[language] }).blocks,
  );
  expect(drawn).toContain(says);
  expect(/Measures the network|Says how far|Ends a check/.test(drawn)).toBe(language === "en");
  expect(drawn).toMatch(/[^：]:port/);
});
