import { expect, test } from "vitest";
import { cut, withinLimits } from "#src/report/limits.ts";
import { code, safe, user } from "#src/report/mrkdwn.ts";
import { elapsedText, partText, thousands } from "#src/report/numbers.ts";
import { readableCause, readablePlace } from "#src/report/places.ts";

test.each([
  [0, 300, "0 %"],
  [3, 300, "1 %"],
  [1, 30_000, "0.003 %"],
  [29_999, 30_000, "> 99.9 %"],
  [300, 300, "100 %"],
  [0, 0, "–"],
])("%d of %d is %s", (part, whole, text) => {
  expect(partText(part, whole)).toBe(text);
});

test.each([
  [0, "0:00"],
  [59_600, "1:00"],
  [372_000, "6:12"],
  [3_972_000, "1:06:12"],
  [-5, "0:00"],
])("%d ms on a clock are %s", (ms, text) => {
  expect(elapsedText(ms)).toBe(text);
});

test.each([
  [999, "999"],
  [1_000, "1,000"],
  [1_234_567, "1,234,567"],
])("%d is written %s", (count, text) => {
  expect(thousands(count)).toBe(text);
});

test.each([
  ["<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"],
  ["a `b` c", "a ˋbˋ c"],
])("%s is made safe", (text, markup) => {
  expect(safe(text)).toBe(markup);
});

test("code cannot be closed from inside, and only ids become mentions", () => {
  expect(code("a` *b*\nc")).toBe("`aˋ *b* c`");
  expect([user("U012AB3CD"), user("<!here>")]).toEqual(["<@U012AB3CD>", "&lt;!here&gt;"]);
});

test("cutting leaves neither half an escape nor half a character", () => {
  expect(cut("abc&amp;def", 8)).toBe("abc…");
  expect(cut("abcdefg🔥", 8)).toBe("abcdefg…".slice(0, 8));
  expect(cut("abc", 3)).toBe("abc");
});

test("a message that is too long loses its longest text first, and keeps its last block", () => {
  const text = (length: number) => ({ type: "section", text: { type: "mrkdwn", text: "x".repeat(length) } });
  const shorter = withinLimits(
    { text: "t", blocks: [text(500), text(5_000), { type: "divider" }] },
    { maxBlocks: 8, maxJson: 1_000 },
  );
  expect(JSON.stringify(shorter.blocks).length).toBeLessThanOrEqual(1_000);
  expect(shorter.blocks).toHaveLength(3);
  const fewer = withinLimits(
    { text: "t", blocks: [...Array.from({ length: 8 }, () => text(75)), { type: "divider" }] },
    { maxBlocks: 9, maxJson: 500 },
  );
  expect(fewer.blocks.at(-1)).toEqual({ type: "divider" });
});

test.each([
  [{ kind: "node", name: "node-2", device: "eth0" }, "node-2, eth0"],
  [{ kind: "pair", name: "node-1", peer: "node-2" }, "node-1 → node-2"],
  [{ kind: "service", name: "svc/shop/web" }, "service shop/web"],
  [{ kind: "device", name: "node-2/eth0" }, "node-2, eth0"],
  [{ kind: "pod", name: "shop/db-0" }, "shop/db-0"],
] as const)("the place %j is read as %s", (place, text) => {
  expect(readablePlace(place)).toBe(text);
});

test.each([
  ["nic-periodic-delay", "NIC periodic delay"],
  ["dns-tcp-blocked", "DNS TCP blocked"],
  ["path-loss", "Path loss"],
])("the cause %s is read as %s", (cause, text) => {
  expect(readableCause(cause)).toBe(text);
});
