import type { App } from "@slack/bolt";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type LabSlack, startSlack } from "#lab/slack/server.ts";
import { boltApp, connected } from "../lab/slack/bolt-app.ts";

const alice = "U0ALICE";
const oncall = "C0ONCALL";
const command = (text: string, channel = oncall) => ({ channel, user: alice, text });

describe("a Bolt app in Socket Mode", () => {
  let slack: LabSlack;
  let app: App;
  beforeAll(async () => {
    slack = await startSlack();
    app = boltApp(slack);
    app.command("/netcheck", async ({ ack, command, respond, client }) => {
      await ack();
      const [verb = ""] = command.text.split(" ");
      if (verb === "modal") {
        await client.views.open({
          trigger_id: command.trigger_id,
          view: {
            type: "modal",
            callback_id: "check",
            title: { type: "plain_text", text: "Check" },
            submit: { type: "plain_text", text: "Start" },
            blocks: [
              {
                type: "input",
                block_id: "from",
                label: { type: "plain_text", text: "From" },
                element: { type: "plain_text_input", action_id: "pod", initial_value: "web-0" },
              },
              {
                type: "input",
                block_id: "to",
                label: { type: "plain_text", text: "To" },
                element: { type: "plain_text_input", action_id: "pod" },
              },
            ],
          },
        });
        return;
      }
      if (verb === "thread") {
        const { ts = "" } = await client.chat.postMessage({ channel: command.channel_id, text: "M1" });
        await client.chat.postMessage({ channel: command.channel_id, text: "T1", thread_ts: ts });
        await client.chat.update({
          channel: command.channel_id,
          ts,
          text: "M1 done",
          blocks: [
            {
              type: "actions",
              block_id: "ctl:1",
              elements: [
                { type: "button", action_id: "again", text: { type: "plain_text", text: "Run Again" }, value: "nc-1" },
              ],
            },
          ],
        });
        return;
      }
      await respond(`queued ${command.text}`);
    });
    app.action("again", async ({ ack, action, respond }) => {
      await ack();
      await respond({ text: `again ${"value" in action ? action.value : ""}`, replace_original: false });
    });
    app.view("check", async ({ ack, view, client, body }) => {
      const to = view.state.values["to"]?.["pod"]?.value ?? "";
      if (!to.startsWith("db")) {
        await ack({ response_action: "errors", errors: { to: `There is no ${to}` } });
        return;
      }
      await ack();
      const from = view.state.values["from"]?.["pod"]?.value;
      await client.chat.postMessage({ channel: oncall, text: `${body.user.name} checks ${from} to ${to}` });
    });
    app.event("app_mention", async ({ event, say }) => {
      await say({ text: `heard: ${event.text}`, thread_ts: event.thread_ts ?? event.ts });
    });
    app.event("app_home_opened", async ({ event, client }) => {
      await client.views.publish({
        user_id: event.user,
        view: { type: "home", blocks: [{ type: "header", text: { type: "plain_text", text: "My checks" } }] },
      });
    });
    app.shortcut("netcheck_from_message", async ({ ack, shortcut, respond }) => {
      await ack();
      if (shortcut.type === "message_action") await respond(`about: ${shortcut.message.text}`);
    });
    await connected(slack, app);
  });
  afterEach(() => slack.reset());
  afterAll(async () => {
    await app.stop();
    await slack.stop();
  });

  test("acknowledges a command and answers through the response_url", async () => {
    const sent = await slack.command(command("/netcheck web-0 db-0 20s"));
    expect(sent).toMatchObject({ delivered: true });
    const answer = await slack.waitFor(({ text }) => text === "queued web-0 db-0 20s");
    expect(answer.ephemeral_for).toBe(alice);
  });

  test("posts a message, replies in its thread and updates it, and a button on it works", async () => {
    await slack.command(command("/netcheck thread"));
    const parent = await slack.waitFor(({ text }) => text === "M1 done");
    expect(slack.thread(oncall, parent.ts).map(({ text }) => text)).toEqual(["M1 done", "T1"]);
    expect(parent).toMatchObject({ reply_count: 1, bot_id: "B0NETCHECK" });
    expect(parent.edited).toBeUndefined();
    const click = { user: alice, channel: oncall, message_ts: parent.ts, block_id: "ctl:1", action_id: "again" };
    expect(await slack.action(click)).toMatchObject({ delivered: true });
    expect((await slack.waitFor(({ text }) => text === "again nc-1")).thread_ts).toBe(parent.ts);
    await expect(slack.action({ ...click, block_id: "ctl:0" })).rejects.toThrow("no control");
    expect(await slack.action({ ...click, block_id: "ctl:0", stale: true })).toMatchObject({ delivered: true });
  });

  test("opens a modal, refuses a wrong answer, and takes the right one", async () => {
    await slack.command(command("/netcheck modal"));
    const { view } = await new Promise<{ view: { id: string } }>((resolve) => {
      const [open] = slack.state().views[alice] ?? [];
      if (open) resolve({ view: open });
      const stop = slack.watch((event) => {
        if (event.type !== "view") return;
        stop();
        resolve(event);
      });
    });
    const submit = (to: string) =>
      slack.submitView({ user: alice, view_id: view.id, values: { to: { pod: { value: to } } } });
    expect(await submit("")).toEqual({ delivered: false, errors: { to: "Please complete this required field." } });
    expect(await submit("nope")).toMatchObject({ response_action: "errors", errors: { to: "There is no nope" } });
    expect(slack.state().views[alice]).toHaveLength(1);
    expect(await submit("db-0")).toMatchObject({ delivered: true });
    expect(slack.state().views[alice]).toBeUndefined();
    await slack.waitFor(({ text }) => text === "alice checks web-0 to db-0");
  });

  test("hears a mention in a thread once and answers there", async () => {
    const { ts } = slack.message(command("look at this"));
    const mention = slack.message({ ...command("@netcheck why?"), thread_ts: ts });
    expect(mention.deliveries).toBe(1);
    const answer = await slack.waitFor(({ text }) => text === "heard: <@U0NETCHECK> why?");
    expect(answer.thread_ts).toBe(ts);
  });

  test("fills the Home tab when it is opened", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = slack.watch(({ type }) => type === "home" && resolve());
    expect(slack.openHome({ user: alice })).toEqual({ delivered: true });
    await promise;
    stop();
    expect(slack.state().home[alice]?.blocks[0]).toMatchObject({ type: "header" });
  });

  test("gets the message that a shortcut was used on", async () => {
    const { ts } = slack.message(command("PodNetworkSlow web-0"));
    await slack.shortcut({ user: alice, callback_id: "netcheck_from_message", channel: oncall, message_ts: ts });
    await slack.waitFor(({ text }) => text === "about: PodNetworkSlow web-0");
  });

  test("uploads a file into a thread, and the file is ready only later", async () => {
    const { ts } = slack.message(command("chart please"));
    const bytes = Buffer.from("89504e470d0a1a0a0000000d49484452000004380000029400000000", "hex");
    const { upload_url = "", file_id = "" } = await app.client.files.getUploadURLExternal({
      filename: "rtt.png",
      length: bytes.length,
      alt_txt: "p99 rises at 02:03",
    } as Parameters<typeof app.client.files.getUploadURLExternal>[0]);
    const uploaded = await fetch(upload_url, { method: "POST", body: bytes });
    expect(uploaded.status).toBe(200);
    const done = await app.client.files.completeUploadExternal({
      files: [{ id: file_id, title: "Round trip" }],
      channel_id: oncall,
      thread_ts: ts,
      initial_comment: "p99 rose",
    });
    expect(done.files?.[0]).toMatchObject({ id: file_id, mimetype: "", shares: {} });
    const shared = await slack.waitFor(({ files }) => files?.[0]?.id === file_id);
    expect(shared).toMatchObject({ thread_ts: ts, text: "p99 rose" });
    const { file } = await app.client.files.info({ file: file_id });
    expect(file).toMatchObject({
      mimetype: "image/png",
      original_w: 1080,
      original_h: 660,
      alt_txt: "p99 rises at 02:03",
      shares: { public: { [oncall]: [{ ts: shared.ts, thread_ts: ts }] } },
    });
    const served = await fetch(file?.url_private ?? "");
    expect(Buffer.from(await served.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test("uploads with the SDK's own helper; its alt_text is ignored, as Slack ignores it", async () => {
    await app.client.filesUploadV2({ channel_id: oncall, filename: "a.txt", content: "hello", alt_text: "x" });
    const { files = [] } = await slack.waitFor((message) => message.files?.[0]?.name === "a.txt");
    expect(files[0]).not.toHaveProperty("alt_txt");
    expect(slack.file(files[0]?.id ?? "")?.toString()).toBe("hello");
  });
});
