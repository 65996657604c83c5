import { expect, test } from "vitest";
import { startWords } from "#src/cluster/task-words.ts";

const task = (id: string, ...argv: string[]) => ({ id, netns: "node", argv, maxBytes: 1_000 });
const words = (input: Buffer) => input.toString().split("\u001f");

test("words are separated, counted and closed", () => {
  expect(startWords([task("a", "printf", "", "a b"), task("b", "true")]).map(words)).toEqual([
    ["--task", "a", "node", "1000", "3", "printf", "", "a b", "--task", "b", "node", "1000", "1", "true", "--end"],
  ]);
});

test("very many words become several inputs, and no task is split", () => {
  const inputs = startWords(Array.from({ length: 10 }, (_, n) => task(`t${n}`, "x".repeat(20_000))));
  expect(inputs.map((input) => words(input).filter((word) => word === "--task").length)).toEqual([2, 2, 2, 2, 2]);
  for (const input of inputs) expect(words(input).at(-1)).toBe("--end");
  expect(startWords([task("big", "x".repeat(100_000))])).toHaveLength(1);
});

test.each(["a\nb", "a\u001fb", "a\0b"])("an argument with a control character is a bug: %j", (argument) => {
  expect(() => startWords([task("a", argument)])).toThrow(TypeError);
});
