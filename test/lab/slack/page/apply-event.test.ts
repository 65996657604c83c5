import { expect, test } from "vitest";
import { applyEvent } from "#lab/slack/page/src/live/apply-event.ts";
import type { FileObject, LabEvent, LabState, Message, View } from "#lab/slack/protocol.ts";
import { defaultWorkspace } from "#lab/slack/server/workspace.ts";

const message = (ts: string, text = "", more: Partial<Message> = {}): Message => ({
  type: "message",
  user: "U0BOB",
  ts,
  text,
  ...more,
});

const { team, users, channels, userGroups } = defaultWorkspace;
const [me] = users;
if (!me) throw new Error("an empty workspace");

const empty: LabState = {
  team,
  me,
  bot: me,
  users,
  channels,
  userGroups,
  commands: [],
  shortcuts: [],
  messages: {},
  views: {},
  home: {},
  connections: 0,
};

const play = (state: LabState, ...events: LabEvent[]): LabState => events.reduce(applyEvent, state);
const timesIn = (state: LabState) => state.messages["C1"]?.map(({ ts }) => ts);
const added = (ts: string): LabEvent => ({ type: "message", channel: "C1", message: message(ts) });

test("messages stand by their time, whatever order they come in, and never twice", () => {
  const state = play(empty, added("3.0"), added("1.0"), added("2.0"), added("2.0"), added("4.0"));
  expect(timesIn(state)).toEqual(["1.0", "2.0", "3.0", "4.0"]);
});

test("a change replaces one message and keeps the others as they are", () => {
  const before = play(empty, added("1.0"), added("2.0"));
  const after = play(before, { type: "message_changed", channel: "C1", message: message("1.0", "new") });
  expect(after.messages["C1"]?.[0]?.text).toBe("new");
  expect(after.messages["C1"]?.[1]).toBe(before.messages["C1"]?.[1]);
});

test("a deleted message is gone", () => {
  const state = play(empty, added("1.0"), { type: "message_deleted", channel: "C1", ts: "1.0" });
  expect(timesIn(state)).toEqual([]);
});

test("a file that became ready is seen in the messages that carry it", () => {
  const file = (mimetype: string) => ({ id: "F1", mimetype }) as FileObject;
  const carried: LabEvent = { type: "message", channel: "C1", message: message("1.0", "", { files: [file("")] }) };
  const state = play(empty, carried, added("2.0"), { type: "file", file: file("image/png") });
  expect(state.messages["C1"]?.[0]?.files?.[0]?.mimetype).toBe("image/png");
});

test("modals pile up per person, change in place and close", () => {
  const view = (id: string, hash = "1") => ({ id, hash }) as View;
  const opened = (id: string, hash?: string): LabEvent => ({ type: "view", user: "U1", view: view(id, hash) });
  const two = play(empty, opened("V1"), opened("V2"), opened("V1", "2"));
  expect(two.views["U1"]?.map(({ id, hash }) => [id, hash])).toEqual([
    ["V1", "2"],
    ["V2", "1"],
  ]);
  const one = play(two, { type: "view_closed", user: "U1", view_id: "V2" });
  expect(one.views["U1"]?.map(({ id }) => id)).toEqual(["V1"]);
});

test("a view opened afresh takes the place of those before", () => {
  const root = (id: string) => ({ id, root_view_id: id, previous_view_id: null }) as View;
  const state = play(
    empty,
    { type: "view", user: "U1", view: root("V1") },
    { type: "view", user: "U1", view: root("V2") },
  );
  expect(state.views["U1"]?.map(({ id }) => id)).toEqual(["V2"]);
});
