import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { commands } from "#src/commands/index.ts";

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
