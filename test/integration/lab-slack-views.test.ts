import type { App } from "@slack/bolt";
import type { ModalView } from "@slack/types";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { View } from "#lab/slack/protocol.ts";
import { type LabSlack, startSlack } from "#lab/slack/server.ts";
import { boltApp, connected } from "../lab/slack/bolt-app.ts";

const alice = "U0ALICE";
const oncall = "C0ONCALL";

const options = ["tcp", "udp"].map((value) => ({ text: { type: "plain_text", text: value } as const, value }));
const modal = (callback_id: string, more: Partial<ModalView> = {}): ModalView => ({
  type: "modal",
  callback_id,
  title: { type: "plain_text", text: callback_id },
  submit: { type: "plain_text", text: "Go" },
  blocks: [
    {
      type: "actions",
      block_id: "more",
      elements: [
        { type: "button", action_id: "deeper", text: { type: "plain_text", text: "More" } },
        { type: "static_select", action_id: "protocol", options },
      ],
    },
  ],
  ...more,
});

let slack: LabSlack;
let app: App;
const heard: string[] = [];
beforeAll(async () => {
  slack = await startSlack();
  app = boltApp(slack);
  app.command("/netcheck", async ({ ack, client, command }) => {
    await ack();
    await client.views.open({ trigger_id: command.trigger_id, view: modal("first", { notify_on_close: true }) });
  });
  app.action("deeper", async ({ ack, client, body }) => {
    await ack();
    if ("trigger_id" in body) await client.views.push({ trigger_id: body.trigger_id, view: modal("second") });
  });
  app.action("protocol", async ({ ack, action }) => {
    await ack();
    if (action.type === "static_select") heard.push(`chose ${action.selected_option.text.text}`);
  });
  app.view("first", async ({ ack, view }) => {
    heard.push(`first with ${view.state.values["more"]?.["protocol"]?.selected_option?.value}`);
    await ack({ response_action: "update", view: modal("third") });
  });
  app.view("second", async ({ ack }) => ack({ response_action: "clear" }));
  app.view({ callback_id: "first", type: "view_closed" }, async ({ ack }) => {
    await ack();
    heard.push("closed");
  });
  await connected(slack, app);
});
beforeEach(() => {
  slack.reset();
  heard.length = 0;
});
afterAll(async () => {
  await app.stop();
  await slack.stop();
});

const pile = (): readonly View[] => slack.state().views[alice] ?? [];

/** Does something and waits for the view that comes of it. */
async function viewAfter(act: () => Promise<unknown>): Promise<View> {
  const { promise, resolve } = Promise.withResolvers<View>();
  const stop = slack.watch((event) => event.type === "view" && resolve(event.view));
  await act();
  const view = await promise;
  stop();
  return view;
}
const opened = () => viewAfter(() => slack.command({ channel: oncall, user: alice, text: "/netcheck" }));

test("a button in a modal pushes another, and clearing closes them all", async () => {
  const { id: view_id } = await opened();
  const second = await viewAfter(() => slack.action({ user: alice, view_id, block_id: "more", action_id: "deeper" }));
  expect(second).toMatchObject({ root_view_id: view_id, previous_view_id: view_id });
  expect(pile().map(({ callback_id }) => callback_id)).toEqual(["first", "second"]);
  expect(await slack.submitView({ user: alice, view_id: second.id, values: {} })).toMatchObject({
    response_action: "clear",
  });
  expect(pile()).toEqual([]);
});

test("a choice is told at once, is there at submission, and the view is replaced in place", async () => {
  const { id: view_id } = await opened();
  await slack.action({
    user: alice,
    view_id,
    block_id: "more",
    action_id: "protocol",
    selected_option: { value: "udp" },
  });
  expect(await slack.submitView({ user: alice, view_id, values: {} })).toMatchObject({ response_action: "update" });
  expect(heard).toEqual(["chose udp", "first with udp"]);
  expect(pile()).toMatchObject([{ id: view_id, callback_id: "third" }]);
});

test("closing is told to an app that asked for it", async () => {
  const { id: view_id } = await opened();
  expect(await slack.closeView({ user: alice, view_id })).toMatchObject({ delivered: true });
  expect(heard).toEqual(["closed"]);
  expect(pile()).toEqual([]);
  await expect(slack.closeView({ user: alice, view_id })).rejects.toThrow("not open");
});
