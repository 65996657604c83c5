import { expect, test } from "vitest";
import { counted, inWords, listed, say } from "#src/core/sentence.ts";
import { chinese } from "#src/core/sentences-zh.ts";

const names = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name).toSorted();

test("every Chinese sentence has the same names in braces as the English one", () => {
  const wrong = Object.entries(chinese).filter(([english, text]) => `${names(english)}` !== `${names(text)}`);
  expect(wrong).toEqual([]);
});

test.each([
  { text: counted(1, "packet"), en: "1 packet", zh: "1 个包" },
  { text: counted(12_345, "packet"), en: "12,345 packets", zh: "12,345 个包" },
  { text: counted(2, "echo", "echoes"), en: "2 echoes", zh: "2 次 ping" },
  { text: say("{count} more", { count: 3 }), en: "3 more", zh: "另外 3 个" },
  { text: "ip route get 10.0.0.7", en: "ip route get 10.0.0.7", zh: "ip route get 10.0.0.7" },
])("$en is said in both languages", ({ text, en, zh }) => {
  expect(inWords(text)).toBe(en);
  expect(inWords(text, "zh")).toBe(zh);
});

test.each([
  { list: [], en: "" },
  { list: ["a"], en: "a" },
  { list: ["a", "b", "c"], en: "a, b and c" },
  { list: ["a", "b", "c", "d", "e"], en: "a, b, c and 2 more" },
])("a list reads $en", ({ list, en }) => {
  expect(inWords({ template: "{count} more", values: { count: listed(list) } })).toBe(`${en} more`);
});
