import { createServer } from "node:http";
import type { ModalView } from "@slack/types";
import { WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError, WebClient } from "@slack/web-api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LabSlack, startSlack } from "#lab/slack/server.ts";

const alice = "U0ALICE";
const carol = "U0CAROL";
const oncall = "C0ONCALL";
const random = "C0RANDOM";
const acme = "C0ACME";

let slack: LabSlack;
let client: WebClient;
beforeEach(async () => {
  slack = await startSlack();
  client = clientWith(slack.botToken);
});
afterEach(() => slack.stop());

const clientWith = (token: string, timeout = 0): WebClient => {
  const web = new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout,
  });
  for (const method of ["debug", "info", "warn", "error"] as const)
    Object.assign((web as unknown as { logger: object }).logger, { [method]: () => undefined });
  return web;
};

/** The error code of a refused call. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof WebAPIPlatformError) return error.data.error;
    throw error;
  }
  return "accepted";
}

const posted = async (text = "hello", more: object = {}): Promise<string> =>
  (await client.chat.postMessage({ channel: oncall, text, ...more })).ts ?? "";

/** A trigger_id and a response_url, as a command brings them; nothing is connected, so the payload is read from a request URL. */
async function commandPayload(): Promise<URLSearchParams> {
  const { promise, resolve } = Promise.withResolvers<URLSearchParams>();
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    if (body.startsWith("{")) return response.end(body);
    response.end();
    resolve(new URLSearchParams(body));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("not listening");
  await slack.disturb({ requestUrl: `http://127.0.0.1:${address.port}` });
  await slack.command({ channel: oncall, user: alice, text: "/netcheck help" });
  const payload = await promise;
  server.closeAllConnections();
  server.close();
  return payload;
}

describe("who may call what", () => {
  test.each([
    { name: "a wrong token", token: "xoxb-wrong", error: "invalid_auth" },
    { name: "no token", token: "", error: "not_authed" },
  ])("$name is $error", async ({ token, error }) => {
    expect(await refusal(clientWith(token).auth.test())).toBe(error);
  });

  test("each kind of token has its own methods", async () => {
    expect(await refusal(clientWith(slack.appToken).auth.test())).toBe("not_allowed_token_type");
    expect(await refusal(clientWith(slack.botToken).apps.connections.open())).toBe("not_allowed_token_type");
  });

  test("an unknown method is HTTP 200 and unknown_method", async () => {
    const response = await fetch(`${slack.apiUrl}pins.add`, { method: "POST" });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ ok: false, error: "unknown_method" });
  });

  test("auth.test says who the app is", async () => {
    expect(await client.auth.test()).toMatchObject({
      user_id: "U0NETCHECK",
      team: "Netcheck Lab",
      team_id: "T0NETCHECK",
    });
  });

  test.each([
    { name: "a public channel it is not in", channel: random, error: "not_in_channel" },
    { name: "a channel that does not exist", channel: "C0NOWHERE", error: "channel_not_found" },
    { name: "a channel by its name", channel: "#oncall", error: "channel_not_found" },
  ])("posting to $name is $error", async ({ channel, error }) => {
    expect(await refusal(client.chat.postMessage({ channel, text: "x" }))).toBe(error);
  });

  test("after an invitation the app may post", async () => {
    await slack.command({ channel: random, user: alice, text: "/invite @netcheck" });
    expect(await refusal(client.chat.postMessage({ channel: random, text: "x" }))).toBe("accepted");
  });

  test("a private channel it is not in does not exist for it", async () => {
    const [first] = slack.state().channels;
    if (!first) throw new Error("no channel");
    await using other = await startSlack({
      channels: [{ ...first, id: "G0SECRET", is_private: true, members: [alice] }],
    });
    const web = new WebClient(other.botToken, { slackApiUrl: other.apiUrl, retryConfig: { retries: 0 } });
    expect(await refusal(web.chat.postMessage({ channel: "G0SECRET", text: "x" }))).toBe("channel_not_found");
    expect(await refusal(web.conversations.info({ channel: "G0SECRET" }))).toBe("channel_not_found");
  });

  test("scopes are those of the manifest, optional ones as installed", async () => {
    await using bare = await startSlack({ optionalScopes: false });
    const web = new WebClient(bare.botToken, { slackApiUrl: bare.apiUrl, retryConfig: { retries: 0 } });
    await expect(web.conversations.history({ channel: oncall })).rejects.toMatchObject({
      data: { error: "missing_scope", needed: "channels:history" },
    });
    expect(await refusal(client.conversations.history({ channel: oncall }))).toBe("accepted");
    expect(await refusal(web.users.lookupByEmail({ email: "alice@netcheck.example" }))).toBe("missing_scope");
    expect(await refusal(client.chat.postMessage({ channel: oncall, text: "x", username: "other" }))).toBe(
      "missing_scope",
    );
  });

  test("user groups are read, and their changes are events", async () => {
    const { usergroups = [] } = await client.usergroups.list({ include_users: true });
    expect(usergroups[0]).toMatchObject({ handle: "oncall-net", users: [alice, "U0BOB"] });
    slack.setUserGroup({ handle: "oncall-net", users: ["U0BOB"] });
    const id = usergroups[0]?.id ?? "";
    expect((await client.usergroups.users.list({ usergroup: id })).users).toEqual(["U0BOB"]);
    expect(slack.log().some(({ kind, name }) => kind === "delivery" && name === "events_api")).toBe(true);
  });
});

describe("messages", () => {
  test("metadata is kept and shown only on request", async () => {
    const metadata = { event_type: "netcheck", event_payload: { key: "nc-1:m1:0" } };
    const ts = await posted("hello", { metadata });
    const plain = await client.conversations.history({ channel: oncall });
    expect(plain.messages?.[0]).not.toHaveProperty("metadata");
    const full = await client.conversations.replies({ channel: oncall, ts, include_all_metadata: true });
    expect(full.messages?.[0]?.metadata).toEqual(metadata);
    await client.chat.update({ channel: oncall, ts, text: "changed" });
    const after = await client.conversations.replies({ channel: oncall, ts, include_all_metadata: true });
    expect(after.messages?.[0]?.metadata).toEqual(metadata);
  });

  test("an update with text alone deletes the blocks and is marked; with blocks it is not", async () => {
    const blocks = [{ type: "divider" }];
    const ts = await posted("one", { blocks });
    await client.chat.update({ channel: oncall, ts, text: "two", blocks });
    expect(slack.thread(oncall, ts)[0]).toMatchObject({ text: "two", blocks: [{ type: "divider" }] });
    expect(slack.thread(oncall, ts)[0]).not.toHaveProperty("edited");
    await client.chat.update({ channel: oncall, ts, text: "three" });
    expect(slack.thread(oncall, ts)[0]).not.toHaveProperty("blocks");
    expect(slack.thread(oncall, ts)[0]?.edited).toMatchObject({ user: "U0NETCHECK" });
  });

  const words = (count: number) => ({
    type: "section",
    text: { type: "mrkdwn", text: "x".repeat(count) },
  });
  test.each([
    { name: "text over 4,000 on update", update: { text: "x".repeat(4_001) }, error: "msg_too_long" },
    { name: "nothing at all", update: { text: "" }, error: "no_text" },
    {
      name: "five long sections",
      update: { text: "x", blocks: Array(5).fill(words(2_900)) },
      error: "msg_blocks_too_long",
    },
    { name: "blocks that are no list", update: { text: "x", blocks: "nope" }, error: "invalid_blocks_format" },
  ])("$name is $error", async ({ update, error }) => {
    const ts = await posted();
    expect(await refusal(client.apiCall("chat.update", { channel: oncall, ts, ...update }))).toBe(error);
    expect(slack.thread(oncall, ts)[0]?.text).toBe("hello");
  });

  test("invalid blocks are named by a JSON pointer", async () => {
    await expect(
      client.chat.postMessage({
        channel: oncall,
        text: "x",
        blocks: [{ type: "header", text: { type: "plain_text", text: "x".repeat(151) } }],
      }),
    ).rejects.toMatchObject({
      data: {
        error: "invalid_blocks",
        errors: ["must be less than 151 characters [json-pointer:/blocks/0/text/text]"],
        response_metadata: {
          messages: ["[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"],
        },
      },
    });
  });

  test("ephemeral messages cannot be updated, deleted or read back", async () => {
    const { message_ts: ts = "" } = await client.chat.postEphemeral({ channel: oncall, user: alice, text: "psst" });
    expect(await refusal(client.chat.update({ channel: oncall, ts, text: "x" }))).toBe("message_not_found");
    expect(await refusal(client.chat.delete({ channel: oncall, ts }))).toBe("message_not_found");
    expect((await client.conversations.history({ channel: oncall })).messages).toEqual([]);
    expect(await refusal(client.chat.postEphemeral({ channel: oncall, user: carol, text: "x" }))).toBe(
      "user_not_in_channel",
    );
  });

  test("only the app's own messages can be changed", async () => {
    const { ts } = slack.message({ channel: oncall, user: alice, text: "mine" });
    expect(await refusal(client.chat.update({ channel: oncall, ts, text: "x" }))).toBe("cant_update_message");
    expect(await refusal(client.chat.delete({ channel: oncall, ts }))).toBe("cant_delete_message");
  });

  test("replies need a parent that is no reply", async () => {
    const ts = await posted();
    const reply = await posted("reply", { thread_ts: ts });
    expect(await refusal(posted("x", { thread_ts: "1.000000" }))).toBe("thread_not_found");
    expect(await refusal(posted("x", { thread_ts: reply }))).toBe("cannot_reply_to_message");
    await client.chat.delete({ channel: oncall, ts: reply });
    expect(slack.thread(oncall, ts)[0]).not.toHaveProperty("reply_count");
  });

  test("history is paged and newest first", async () => {
    for (const text of ["1", "2", "3"]) await posted(text);
    const first = await client.conversations.history({ channel: oncall, limit: 2 });
    expect(first.messages?.map(({ text }) => text)).toEqual(["3", "2"]);
    const cursor = first.response_metadata?.next_cursor ?? "";
    const rest = await client.conversations.history({ channel: oncall, limit: 2, cursor });
    expect(rest.messages?.map(({ text }) => text)).toEqual(["1"]);
    expect(rest.has_more).toBe(false);
  });

  test("a scheduled message comes when its time has come", async () => {
    slack.clock.freeze();
    const post_at = Math.floor(slack.clock.nowMs() / 1_000) + 60;
    await client.chat.scheduleMessage({ channel: oncall, text: "later", post_at });
    slack.clock.advance(58_000);
    expect(slack.state().messages[oncall]).toEqual([]);
    slack.clock.advance(2_000);
    expect(slack.state().messages[oncall]?.[0]?.text).toBe("later");
  });

  test("reactions are added once and taken back once", async () => {
    const reaction = { channel: oncall, timestamp: await posted(), name: "eyes" };
    await client.reactions.add(reaction);
    expect(await refusal(client.reactions.add(reaction))).toBe("already_reacted");
    await client.reactions.remove(reaction);
    expect(await refusal(client.reactions.remove(reaction))).toBe("no_reaction");
  });

  test("people have direct messages, permalinks and profiles", async () => {
    const { channel } = await client.conversations.open({ users: "U0BOB" });
    const { ts = "" } = await client.chat.postMessage({ channel: "U0BOB", text: "hi" });
    expect(slack.thread(channel?.id ?? "", ts)).toHaveLength(1);
    const link = await client.chat.getPermalink({ channel: channel?.id ?? "", message_ts: ts });
    expect(link.permalink).toMatch(/\/archives\/D0BOB\/p\d{16}$/);
    const { user } = await client.users.lookupByEmail({ email: "bob@netcheck.example" });
    expect(user).toMatchObject({ id: "U0BOB", team_id: "T0NETCHECK" });
  });
});

describe("scripted faults", () => {
  test("429 carries Retry-After and strikes one channel only", async () => {
    await slack.disturb({ method: "chat.postMessage", channel: oncall, kind: "rate_limited", retryAfterS: 7 });
    const other = client.chat.postMessage({ channel: "C0NETWORK", text: "x" });
    await expect(posted()).rejects.toSatisfy(
      (error) => error instanceof WebAPIRateLimitedError && error.retryAfter === 7,
    );
    expect((await other).ok).toBe(true);
    expect(await posted()).not.toBe("");
  });

  test.each([
    { kind: "http_error", when: "before", taken: 0 },
    { kind: "http_error", when: "after", taken: 1 },
    { kind: "drop", when: "before", taken: 0 },
    { kind: "drop", when: "after", taken: 1 },
    { kind: "hang", when: "after", taken: 1 },
    { kind: "error", when: "after", taken: 1 },
  ] as const)("$kind $when acceptance leaves $taken message", async ({ kind, when, taken }) => {
    await slack.disturb({ method: "chat.postMessage", kind, when });
    const impatient = clientWith(slack.botToken, 300);
    await expect(impatient.chat.postMessage({ channel: oncall, text: "x" })).rejects.toThrow();
    expect(slack.state().messages[oncall] ?? []).toHaveLength(taken);
  });

  test("a dropped connection is a request error for the SDK", async () => {
    await slack.disturb({ method: "chat.update", kind: "drop", when: "after" });
    const ts = await posted();
    await expect(client.chat.update({ channel: oncall, ts, text: "y" })).rejects.toBeInstanceOf(WebAPIRequestError);
    expect(slack.thread(oncall, ts)[0]?.text).toBe("y");
  });

  test("budgets hold on the lab's clock: a message per second and channel, 50 updates a minute in all", async () => {
    slack.clock.freeze();
    await slack.disturb({ quirks: { rateLimits: true } });
    const ts = await posted("1");
    await posted("2");
    await posted("3");
    await expect(posted("4")).rejects.toBeInstanceOf(WebAPIRateLimitedError);
    slack.clock.advance(1_000);
    await posted("4");
    const update = (text: string) => client.chat.update({ channel: oncall, ts, text });
    for (let count = 0; count < 50; count++) await update(String(count));
    await expect(update("51")).rejects.toMatchObject({ retryAfter: 60 });
    slack.clock.advance(60_000);
    await update("51");
  });

  test.each([
    "slack_connect_blocked_file_type",
    "slack_connect_file_upload_sharing_blocked",
    "slack_connect_file_link_sharing_blocked",
  ])("%s can be asked for", async (error) => {
    await slack.disturb({ method: "files.completeUploadExternal", channel: acme, kind: "error", error });
    const args = { files: [{ id: "F1" }], channel_id: acme } as const;
    expect(await refusal(client.apiCall("files.completeUploadExternal", args))).toBe(error);
  });
});

describe("files", () => {
  async function upload(name: string, bytes = Buffer.from("data")): Promise<string> {
    const { upload_url = "", file_id = "" } = await client.files.getUploadURLExternal({
      filename: name,
      length: bytes.length,
    });
    await fetch(upload_url, { method: "POST", body: bytes });
    return file_id;
  }
  const complete = (id: string, channel_id?: string) =>
    client.apiCall("files.completeUploadExternal", { files: [{ id }], ...(channel_id && { channel_id }) });
  const withImage = (id: string) => ({
    blocks: [{ type: "image", alt_text: "chart", slack_file: { id } }],
  });

  test("a picture in a block is invalid until Slack has processed it", async () => {
    const id = await upload("rtt.png");
    await complete(id);
    expect(await refusal(posted("x", withImage(id)))).toBe("invalid_blocks");
    slack.clock.advance(300);
    expect(await refusal(posted("x", withImage(id)))).toBe("accepted");
  });

  test("a completion may answer ok and never share", async () => {
    await slack.disturb({ quirks: { filesNeverShared: 1 } });
    const id = await upload("rtt.png");
    expect(await refusal(complete(id, oncall))).toBe("accepted");
    slack.clock.advance(60_000);
    expect((await client.files.info({ file: id })).file).toMatchObject({ mimetype: "image/png", shares: {} });
    expect(slack.state().messages[oncall]).toEqual([]);
  });

  test("a file may appear only after the next message", async () => {
    await slack.disturb({ quirks: { fileAfterNextMessage: true } });
    await complete(await upload("rtt.png"), oncall);
    slack.clock.advance(60_000);
    expect(slack.state().messages[oncall]).toEqual([]);
    await posted("summary");
    await slack.waitFor(({ files }) => files !== undefined);
    expect(slack.state().messages[oncall]?.map(({ text }) => text)).toEqual(["summary", ""]);
  });

  test("bytes must be as many as announced, and come before the completion", async () => {
    const { upload_url = "", file_id = "" } = await client.files.getUploadURLExternal({ filename: "a", length: 9 });
    expect((await fetch(upload_url, { method: "POST", body: "short" })).status).toBe(400);
    expect(await refusal(complete(file_id, oncall))).toBe("file_upload_incomplete");
    expect(await refusal(complete("F0NOTHING", oncall))).toBe("file_not_found");
  });
});

describe("rights that end", () => {
  const view: ModalView = {
    type: "modal",
    title: { type: "plain_text", text: "Check" },
    blocks: [{ type: "divider" }],
  };

  test("a trigger_id is good once", async () => {
    const payload = await commandPayload();
    const trigger_id = payload.get("trigger_id") ?? "";
    const bad: ModalView = { ...view, title: { type: "plain_text", text: "x".repeat(25) } };
    expect(await refusal(client.views.open({ trigger_id, view: bad }))).toBe("invalid_arguments");
    expect(await refusal(client.views.open({ trigger_id, view }))).toBe("accepted");
    expect(await refusal(client.views.open({ trigger_id, view }))).toBe("exchanged_trigger_id");
    expect(await refusal(client.views.open({ trigger_id: "1.2.3", view }))).toBe("invalid_trigger_id");
    const [open] = slack.state().views[alice] ?? [];
    const update = { view_id: open?.id ?? "", view };
    expect(await refusal(client.views.update({ ...update, hash: "old" }))).toBe("hash_conflict");
    expect(await refusal(client.views.update({ ...update, hash: open?.hash ?? "" }))).toBe("accepted");
  });

  test("a trigger_id is good for 3 s", async () => {
    slack.clock.freeze();
    const payload = await commandPayload();
    slack.clock.advance(3_001);
    const trigger_id = payload.get("trigger_id") ?? "";
    expect(await refusal(client.views.open({ trigger_id, view }))).toBe("expired_trigger_id");
  });

  test("a response_url takes five answers", async () => {
    const url = (await commandPayload()).get("response_url") ?? "";
    const answer = async (): Promise<number> =>
      (await fetch(url, { method: "POST", body: JSON.stringify({ text: "x" }) })).status;
    const statuses = [await answer(), await answer(), await answer(), await answer(), await answer(), await answer()];
    expect(statuses).toEqual([200, 200, 200, 200, 200, 404]);
  });

  test("a response_url is good for 30 minutes, and says what is wrong with blocks", async () => {
    slack.clock.freeze();
    const url = (await commandPayload()).get("response_url") ?? "";
    const answer = (body: object) => fetch(url, { method: "POST", body: JSON.stringify(body) });
    expect((await answer({ text: "x", blocks: [{ type: "nope" }] })).status).toBe(400);
    slack.clock.advance(30 * 60_000 + 1);
    const late = await answer({ text: "x" });
    expect([late.status, await late.json()]).toEqual([404, { ok: false, error: "expired_url" }]);
  });
});

describe("Slack Connect", () => {
  test("an outside user's command is not valid, a mention and a click arrive", async () => {
    expect(await slack.command({ channel: acme, user: carol, text: "/netcheck web-0 db-0" })).toMatchObject({
      delivered: false,
      failed: "invalid_command",
    });
    expect(slack.message({ channel: acme, user: carol, text: "@netcheck hello" }).deliveries).toBe(1);
    const { user } = await client.users.info({ user: carol });
    expect(user?.team_id).toBe("T0ACMECORP");
    expect((await client.conversations.info({ channel: acme })).channel).toMatchObject({ is_ext_shared: true });
  });

  test("a mention is two events for an app that subscribed to both", async () => {
    await using both = await startSlack({
      manifest: {
        display_information: { name: "both" },
        oauth_config: { scopes: { bot: ["app_mentions:read", "channels:history"] } },
        settings: {
          event_subscriptions: { bot_events: ["app_mention", "message.channels"] },
          socket_mode_enabled: true,
        },
      },
    });
    expect(both.message({ channel: oncall, user: alice, text: "@both hello" }).deliveries).toBe(2);
  });
});
