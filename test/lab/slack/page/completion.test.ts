import { expect, test } from "vitest";
import { completionAt } from "#lab/slack/page/src/compose/completion.ts";
import { commandOf } from "#lab/slack/page/src/compose/send.ts";
import type { User } from "#lab/slack/protocol.ts";
import { defaultWorkspace } from "#lab/slack/server/workspace.ts";

const bot: User = { id: "U0BOT", name: "netcheck", real_name: "netcheck", team_id: "T1", is_bot: true };
const known = {
  users: [...defaultWorkspace.users, bot],
  userGroups: defaultWorkspace.userGroups,
  channels: defaultWorkspace.channels,
  commands: [{ command: "/netcheck", description: "Check", usage_hint: "pod1 pod2", should_escape: true }],
};

const inserts = (text: string, caret = text.length) =>
  completionAt(text, caret, known)?.choices.map((choice) => choice.insert);

test.each([
  { text: "/", want: ["/netcheck "] },
  { text: "/NET", want: ["/netcheck "] },
  { text: "/other", want: undefined },
  { text: "/netcheck web", want: undefined },
  { text: "hello /net", want: undefined },
  { text: "@", want: ["@netcheck ", "@alice ", "@bob ", "@carol ", "@oncall-net "] },
  { text: "ask @lind", want: ["@bob "] },
  { text: "@on", want: ["@oncall-net "] },
  { text: "@he", want: ["@here "] },
  { text: "mail@al", want: undefined },
  { text: "#net", want: ["#network "] },
  { text: "look :ey", want: [":eyes: "] },
  { text: "02:00", want: undefined },
])("typing $text offers $want", ({ text, want }) => {
  expect(inserts(text)).toEqual(want);
});

test("the word before the caret counts, not the end of the text", () => {
  expect(completionAt("ask @bo about it", 7, known)).toMatchObject({ kind: "mention", from: 4 });
  expect(completionAt("ask @bo about it", 16, known)).toBeUndefined();
});

test.each([
  ["/netcheck web-0 db-0", "/netcheck"],
  ["  /netcheck", "/netcheck"],
  ["see /netcheck", undefined],
  ["/etc/hosts is wrong", undefined],
  ["//", undefined],
])("%j is the command %j", (text, want) => {
  expect(commandOf(text)).toBe(want);
});
