import { expect, test } from "vitest";
import { withEmoji } from "#lab/slack/page/src/text/emoji.ts";
import { parseMarkdown } from "#lab/slack/page/src/text/markdown.ts";
import { formatSlackDate } from "#lab/slack/page/src/text/slack-date.ts";

const nowMs = Date.UTC(2026, 10, 21, 12);
const at = Date.UTC(2026, 10, 21, 2, 3, 32) / 1000;

test.each([
  { template: "{date_num} {time_secs}", want: "2026-11-21 02:03:32" },
  { template: "{date_short} at {time}", want: "Nov 21, 2026 at 02:03" },
  { template: "{date_pretty}", want: "today" },
  { template: "{date_long}", want: "Saturday, November 21, 2026" },
  { template: "{ago}", want: "10 hours ago" },
  { template: "{nonsense}", want: "{nonsense}" },
])("a date as $template", ({ template, want }) => {
  expect(formatSlackDate(at, template, { nowMs, timeZone: "UTC" })).toBe(want);
});

test("a date is shown in the reader's zone", () => {
  const shown = formatSlackDate(at, "{date_num} {time}", { nowMs, timeZone: "America/Los_Angeles" });
  expect(shown).toBe("2026-11-20 18:03");
});

test("plain text gets emoji only for codes that are known", () => {
  expect(withEmoji("02:00–02:10 :warning: :what:")).toBe("02:00–02:10 ⚠️ :what:");
});

test("Markdown becomes headings, lists, quotes, fences and styles", () => {
  const text = (value: string) => [{ kind: "text", text: value }];
  const source =
    "## Found\n**late** `x`\n- one\n2. [two](https://a.example)\n> said\n\n```sh\nls *\n```\n[bad](javascript:x)";
  expect(parseMarkdown(source)).toEqual([
    { kind: "heading", level: 2, children: text("Found") },
    {
      kind: "paragraph",
      children: [
        { kind: "bold", children: text("late") },
        { kind: "text", text: " " },
        { kind: "code", text: "x" },
      ],
    },
    { kind: "item", marker: "•", indent: 0, children: text("one") },
    {
      kind: "item",
      marker: "2.",
      indent: 0,
      children: [{ kind: "link", url: "https://a.example", children: text("two") }],
    },
    { kind: "quote", blocks: [{ kind: "paragraph", children: text("said") }] },
    { kind: "pre", text: "ls *" },
    { kind: "paragraph", children: text("bad") },
  ]);
});
