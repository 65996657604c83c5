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
  { text: say("between {name} and {peer}", { name: "a", peer: "b" }), en: "between a and b", zh: "a 与 b 之间的流量" },
  { text: "ip route get 10.0.0.7", en: "ip route get 10.0.0.7", zh: "ip route get 10.0.0.7" },
])("$en is said in both languages", ({ text, en, zh }) => {
  expect(inWords(text)).toBe(en);
  expect(inWords(text, "zh")).toBe(zh);
});

test.each([
  { list: ["a"], en: "a", zh: "a" },
  { list: ["a", "b", "c"], en: "a, b and c", zh: "a、b 和 c" },
  { list: ["a", "b", "c", "d", "e"], en: "a, b, c and 2 more", zh: "a、b、c 等（另有 2 个）" },
])("a list reads $en", ({ list, en, zh }) => {
  const text = say("not measured: {kinds}", { kinds: listed(list) });
  expect(inWords(text)).toBe(`not measured: ${en}`);
  expect(inWords(text, "zh")).toBe(`没有测量：${zh}`);
});

test("Chinese parts are joined without spaces", () => {
  const where = say("between {name} and {peer}", { name: "a", peer: "b" });
  const text = say("packets {where} are lost: {shares}", { where, shares: "1 of 2" });
  expect(inWords(text, "zh")).toBe("a 与 b 之间的流量丢包：1 of 2");
});

test("a template of another version is said as it is", () => {
  const text = JSON.parse('{"template":"{what} of tomorrow","values":{"what":"news"}}');
  expect(inWords(text, "zh")).toBe("news of tomorrow");
});
