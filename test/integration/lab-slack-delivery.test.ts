import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { App } from "@slack/bolt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type LabSlack, startSlack } from "#lab/slack/server.ts";
import { boltApp, connected } from "../lab/slack/bolt-app.ts";

const alice = "U0ALICE";
const oncall = "C0ONCALL";
const netcheck = (text: string) => ({ channel: oncall, user: alice, text: `/netcheck ${text}` });

type Frame = {
  readonly type: string;
  readonly reason?: string;
  readonly envelope_id?: string;
  readonly retry_attempt?: number;
  readonly payload?: { readonly event?: object; readonly [more: string]: unknown };
};

/** A bare Socket Mode client, for what Bolt hides: which frames come, on which connection, and not answering. */
async function bareConnection(slack: LabSlack, { acks }: { acks: boolean }) {
  const opened = await fetch(`${slack.apiUrl}apps.connections.open`, {
    method: "POST",
    headers: { Authorization: `Bearer ${slack.appToken}` },
  });
  const { url } = (await opened.json()) as { url: string };
  const socket = new WebSocket(url);
  const frames: Frame[] = [];
  const waiting: ((frame: Frame) => void)[] = [];
  socket.on("message", (data) => {
    const frame = JSON.parse(data.toString()) as Frame;
    if (acks && frame.envelope_id) socket.send(JSON.stringify({ envelope_id: frame.envelope_id }));
    const next = waiting.shift();
    if (next) next(frame);
    else frames.push(frame);
  });
  const next = (): Promise<Frame> => {
    const frame = frames.shift();
    return frame ? Promise.resolve(frame) : new Promise((resolve) => waiting.push(resolve));
  };
  const [first] = await Promise.all([next(), once(socket, "open")]);
  return { socket, url, first, next, ack: (id = "") => socket.send(JSON.stringify({ envelope_id: id })) };
}

describe("Socket Mode delivery", () => {
  let slack: LabSlack;
  const apps: App[] = [];
  beforeEach(async () => {
    slack = await startSlack();
  });
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.stop()));
    await slack.stop();
  });
  const bolt = async (heard: (text: string) => void, options: Parameters<typeof boltApp>[1] = {}): Promise<App> => {
    const app = boltApp(slack, options);
    app.command("/netcheck", async ({ ack, command }) => {
      await ack();
      heard(command.text);
    });
    apps.push(app);
    return connected(slack, app);
  };

  test("reaches exactly one of two apps that share a token", async () => {
    const heard: string[][] = [[], []];
    for (const texts of heard) await bolt((text) => texts.push(text));
    const sent = Array.from({ length: 20 }, (_, index) => `check-${index}`);
    const results = await Promise.all(sent.map((text) => slack.command(netcheck(text))));
    expect(results.every(({ ackMs }) => ackMs !== undefined)).toBe(true);
    expect(heard.flat().toSorted()).toEqual(sent.toSorted());
    expect(heard.every((texts) => texts.length > 0)).toBe(true);
  });

  test.each(["warning", "refresh_requested"] as const)(
    "%s makes the app come back on a new connection",
    async (reason) => {
      const heard: string[] = [];
      await bolt((text) => heard.push(text), { clientPingTimeoutMs: 1_000 });
      expect(await slack.disturb({ sockets: reason })).toEqual({ connections: 1 });
      expect(await slack.command(netcheck("too early"))).toMatchObject({ delivered: false, failed: "dispatch_failed" });
      await slack.connections(1);
      expect(await slack.command(netcheck("again"))).toMatchObject({ delivered: true });
      expect(heard).toEqual(["again"]);
    },
  );

  test("a half-open connection swallows a command, and the person sees that it failed", async () => {
    const heard: string[] = [];
    await bolt((text) => heard.push(text), { clientPingTimeoutMs: 1_000 });
    await slack.disturb({ sockets: "silent", forMs: 1_500 });
    const lost = slack.command(netcheck("lost"));
    expect(await lost).toMatchObject({ delivered: true, failed: "operation_timeout" });
    await slack.connections(1);
    await slack.command(netcheck("found"));
    expect(heard).toEqual(["found"]);
  });

  test("nobody there fails at once, and the person is told", async () => {
    const result = await slack.command(netcheck("web-0 db-0"));
    expect(result).toMatchObject({ delivered: false, failed: "dispatch_failed" });
    await slack.waitFor(({ text, ephemeral_for }) => ephemeral_for === alice && text.includes("dispatch_failed"));
  });

  test("an eleventh connection is turned away", async () => {
    const open = await Promise.all(Array.from({ length: 10 }, () => bareConnection(slack, { acks: true })));
    expect(open.map(({ first }) => first.type)).toEqual(Array(10).fill("hello"));
    const { first, socket } = await bareConnection(slack, { acks: true });
    expect(first).toMatchObject({ type: "disconnect", reason: "too_many_websockets" });
    if (socket.readyState !== WebSocket.CLOSED) await once(socket, "close");
    expect(slack.state().connections).toBe(10);
    for (const { socket: one } of open) one.terminate();
  });

  test("a ticket opens one connection", async () => {
    const { url, socket } = await bareConnection(slack, { acks: true });
    const again = new WebSocket(url);
    const [error] = (await once(again, "error")) as [Error];
    expect(error.message).toContain("401");
    socket.terminate();
  });

  test("the same envelope comes again, with attempt 0 and above", async () => {
    const client = await bareConnection(slack, { acks: true });
    const { envelopeId = "" } = await slack.command(netcheck("once"));
    const first = await client.next();
    for (const retryAttempt of [0, 2]) {
      expect(await slack.disturb({ redeliver: envelopeId, retryAttempt })).toMatchObject({
        envelopeId,
        delivered: true,
      });
      const again = await client.next();
      expect(again.payload).toEqual(first.payload);
      expect(again.envelope_id).toBe(first.envelope_id);
      expect(again.retry_attempt ?? 0).toBe(retryAttempt);
    }
    client.socket.terminate();
  });

  test("a late acknowledgement is a visible failure and is not accepted any more", async () => {
    slack.clock.freeze();
    const client = await bareConnection(slack, { acks: false });
    const sent = slack.command(netcheck("slow"));
    const { envelope_id } = await client.next();
    slack.clock.advance(2_999);
    expect(slack.log().some(({ error }) => error === "operation_timeout")).toBe(false);
    slack.clock.advance(1);
    expect(await sent).toMatchObject({ delivered: true, failed: "operation_timeout" });
    await slack.waitFor(({ text }) => text.includes("operation_timeout"));
    client.ack(envelope_id);
    client.socket.close();
    await slack.connections(0);
    expect(slack.log().find(({ kind }) => kind === "ack")).toMatchObject({ ok: false, error: "late_or_repeated" });
  });

  test("an event that nobody acknowledges comes at once, after one minute and after five, then no more", async () => {
    slack.clock.freeze();
    const client = await bareConnection(slack, { acks: false });
    slack.message({ channel: oncall, user: alice, text: "@netcheck hello" });
    const attempts = [(await client.next()).retry_attempt];
    for (const waitMs of [0, 60_000, 300_000]) {
      slack.clock.advance(3_000);
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      slack.clock.advance(waitMs);
      attempts.push((await client.next()).retry_attempt);
    }
    expect(attempts).toEqual([0, 1, 2, 3]);
    slack.clock.advance(3_600_000);
    expect(slack.log().filter(({ kind }) => kind === "delivery")).toHaveLength(4);
    client.socket.terminate();
  });

  test("an event on a connection that breaks goes to the other one", async () => {
    const first = await bareConnection(slack, { acks: false });
    slack.message({ channel: oncall, user: alice, text: "@netcheck hello" });
    const sent = await first.next();
    const second = await bareConnection(slack, { acks: true });
    first.socket.terminate();
    const again = await second.next();
    expect(again).toMatchObject({ envelope_id: sent.envelope_id, retry_attempt: 1 });
    second.socket.terminate();
  });

  test("an outside user's mention says which team is whose, as far as Slack says it", async () => {
    const client = await bareConnection(slack, { acks: true });
    const mention = { channel: "C0ACME", user: "U0CAROL", text: "@netcheck hello" };
    slack.message(mention);
    const first = await client.next();
    expect(first.payload).toMatchObject({
      team_id: "T0NETCHECK",
      context_team_id: "T0NETCHECK",
      is_ext_shared_channel: true,
      event: { type: "app_mention", user: "U0CAROL", team: "T0ACMECORP", text: "<@U0NETCHECK> hello" },
    });
    await slack.disturb({ quirks: { omitContextTeamId: true } });
    slack.message(mention);
    expect((await client.next()).payload).not.toHaveProperty("context_team_id");
    client.socket.terminate();
  });

  test("the app's own words in a direct message come back to it; in channels they do not", async () => {
    const client = await bareConnection(slack, { acks: true });
    const post = (channel: string) =>
      fetch(`${slack.apiUrl}chat.postMessage`, {
        method: "POST",
        headers: { Authorization: `Bearer ${slack.botToken}`, "Content-Type": "application/json" },
        body: JSON.stringify({ channel, text: "done" }),
      });
    await post(oncall);
    await post("D0ALICE");
    expect((await client.next()).payload?.event).toMatchObject({ channel: "D0ALICE", bot_id: "B0NETCHECK" });
    client.socket.terminate();
  });

  test("a request URL elsewhere is refused", async () => {
    await expect(slack.disturb({ requestUrl: "https://example.com/slack" })).rejects.toThrow("loopback");
  });

  test("Slack goes away and comes back with everything that was said", async () => {
    const heard: string[] = [];
    await bolt((text) => heard.push(text), { clientPingTimeoutMs: 1_000 });
    slack.message({ channel: oncall, user: alice, text: "before" });
    await slack.goOffline();
    await expect(fetch(`${slack.url}/lab/state`)).rejects.toThrow();
    await slack.goOnline();
    await slack.connections(1);
    await slack.command(netcheck("after"));
    expect(heard).toEqual(["after"]);
    expect(slack.state().messages[oncall]?.[0]?.text).toBe("before");
  });
});

describe("delivery to a request URL", () => {
  let slack: LabSlack;
  let app: App;
  beforeEach(async () => {
    slack = await startSlack();
  });
  afterEach(async () => {
    await app.stop();
    await slack.stop();
  });

  async function listening(options: Parameters<typeof boltApp>[1] = {}): Promise<string> {
    app = boltApp(slack, { http: true, ...options });
    app.command("/netcheck", async ({ ack, command }) => {
      if (command.text === "silence") return;
      await ack({ text: `got ${command.text}`, response_type: "ephemeral" });
    });
    app.event("app_mention", async ({ say, event }) => {
      await say({ text: "heard", thread_ts: event.ts });
    });
    app.action("press", async ({ ack, respond }) => {
      await ack();
      await respond({ text: "pressed", replace_original: true });
    });
    const server = (await app.start(0)) as { address: () => AddressInfo };
    return `http://127.0.0.1:${server.address().port}/slack/events`;
  }

  test("is signed, carries commands, events and interactions, and needs no socket", async () => {
    expect(await slack.disturb({ requestUrl: await listening() })).toMatchObject({});
    const answered = await slack.command(netcheck("web-0 db-0"));
    expect(answered).toMatchObject({
      delivered: true,
      response: { text: "got web-0 db-0", response_type: "ephemeral" },
    });
    const { ts } = slack.message({ channel: oncall, user: alice, text: "@netcheck hi" });
    expect((await slack.waitFor(({ text }) => text === "heard")).thread_ts).toBe(ts);
    const posted = await app.client.chat.postMessage({
      channel: oncall,
      text: "press",
      blocks: [
        {
          type: "actions",
          elements: [{ type: "button", action_id: "press", text: { type: "plain_text", text: "Go" } }],
        },
      ],
    });
    const click = { user: alice, channel: oncall, message_ts: posted.ts ?? "", action_id: "press" };
    expect(await slack.action(click)).toMatchObject({ delivered: true });
    expect((await slack.waitFor(({ text }) => text === "pressed")).ts).toBe(posted.ts);
  });

  test("is refused by an app with another signing secret", async () => {
    const url = await listening({ signingSecret: "another-secret" });
    await expect(slack.disturb({ requestUrl: url })).rejects.toThrow("challenge");
  });

  test("an app that does not answer in 3 s has failed", async () => {
    await slack.disturb({ requestUrl: await listening() });
    slack.clock.freeze();
    const sent = slack.command(netcheck("silence"));
    slack.clock.advance(3_000);
    expect(await sent).toMatchObject({ failed: "operation_timeout" });
  });
});
