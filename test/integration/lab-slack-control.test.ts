import { get } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LabEvent, LabState } from "#lab/slack/protocol.ts";
import { type LabSlack, startSlack } from "#lab/slack/server.ts";

const alice = "U0ALICE";
const oncall = "C0ONCALL";

let slack: LabSlack;
beforeEach(async () => {
  slack = await startSlack({ teamName: "Somebody's Lab" });
});
afterEach(() => slack.stop());

const send = async (path: string, body: unknown = {}, headers: Record<string, string> = {}) => {
  const response = await fetch(`${slack.url}/lab/${path}`, { method: "POST", body: JSON.stringify(body), headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

/** Reads the event stream until `count` events have come. */
async function events(count: number, act: () => Promise<unknown>): Promise<LabEvent[]> {
  const stop = new AbortController();
  const response = await fetch(`${slack.url}/lab/events`, { signal: stop.signal });
  await act();
  const seen: LabEvent[] = [];
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) if (part.startsWith("data: ")) seen.push(JSON.parse(part.slice(6)) as LabEvent);
    if (seen.length >= count) break;
  }
  stop.abort();
  return seen;
}

test("the state names people, channels and commands", async () => {
  const state = (await (await fetch(`${slack.url}/lab/state`)).json()) as LabState;
  expect(state.team.name).toBe("Somebody's Lab");
  expect(state.me.name).toBe("alice");
  expect(state.channels.map(({ name }) => name)).toEqual(["oncall", "network", "random", "customer-acme", "alice"]);
  expect(state.commands).toMatchObject([{ command: "/netcheck", should_escape: true }]);
  expect(state.messages[oncall]).toEqual([]);
});

test("what happens is streamed as it happens", async () => {
  const seen = await events(4, async () => {
    const { body } = await send("message", { channel: oncall, user: alice, text: "hello" });
    await send("reaction", { channel: oncall, user: alice, message_ts: body["ts"], name: "eyes" });
    await send("command", { channel: oncall, user: alice, text: "/netcheck help" });
    await send("reset");
  });
  expect(seen.map(({ type }) => type)).toEqual(["message", "reaction", "ephemeral", "reset"]);
  expect(seen[1]).toMatchObject({ message: { reactions: [{ name: "eyes", count: 1, users: [alice] }] } });
});

test.each([
  { name: "an unknown address", path: "nothing", body: {}, status: 404 },
  { name: "a missing field", path: "message", body: { channel: oncall, user: alice }, status: 400 },
  { name: "an unknown user", path: "message", body: { channel: oncall, user: "U0", text: "x" }, status: 404 },
  {
    name: "a stranger in the channel",
    path: "message",
    body: { channel: oncall, user: "U0CAROL", text: "x" },
    status: 400,
  },
  { name: "an unknown disturbance", path: "faults", body: { method: "chat.update", kind: "earthquake" }, status: 400 },
  { name: "a view that is not open", path: "view/submit", body: { user: alice, view_id: "V0" }, status: 404 },
  {
    name: "a message that is gone",
    path: "action",
    body: { user: alice, channel: oncall, message_ts: "1.0", action_id: "a" },
    status: 404,
  },
])("$name is $status with a reason", async ({ path, body, status }) => {
  const answer = await send(path, body);
  expect(answer.status).toBe(status);
  expect(answer.body["error"]).toEqual(expect.any(String));
});

test("the clock is moved and faults are set over HTTP", async () => {
  expect((await send("clock", { mode: "virtual", advanceMs: 5_000 })).body).toMatchObject({ mode: "virtual" });
  expect((await send("faults", { method: "chat.update", kind: "rate_limited" })).body).toHaveProperty("faults");
  expect((await send("faults", { clear: true })).status).toBe(200);
});

test("other names for this machine and other sites are turned away", async () => {
  const status = await new Promise<number | undefined>((resolve) => {
    get(`${slack.url}/lab/state`, { headers: { Host: "evil.example" } }, ({ statusCode }) => resolve(statusCode));
  });
  expect(status).toBe(403);
  expect((await send("reset", {}, { Origin: "https://evil.example" })).status).toBe(403);
  expect((await send("reset", {}, { Origin: "http://localhost:5173" })).status).toBe(200);
});

test("commands do not work in threads, unknown ones nowhere", async () => {
  const { ts } = slack.message({ channel: oncall, user: alice, text: "hello" });
  const inThread = await slack.command({ channel: oncall, user: alice, text: "/netcheck help", thread_ts: ts });
  expect(inThread).toMatchObject({
    failed: "invalid_command",
    notice: expect.stringContaining("not supported in threads"),
  });
  expect(await slack.command({ channel: oncall, user: alice, text: "/nope" })).toMatchObject({
    failed: "invalid_command",
  });
});

test("without a page the address says where to look", async () => {
  const response = await fetch(slack.url);
  expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("/lab/state")]);
  expect((await fetch(`${slack.url}/..%2f..%2fetc/passwd`)).status).toBe(404);
});

test("waitFor says what was there when nothing came", async () => {
  slack.message({ channel: oncall, user: alice, text: "something else" });
  await expect(slack.waitFor(() => false, { timeoutMs: 10 })).rejects.toThrow("something else");
});
