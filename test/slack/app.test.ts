import type { App, Receiver, ReceiverEvent } from "@slack/bolt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ChecksPort } from "#src/commands/grammar/command.ts";
import { NetcheckError } from "#src/core/errors.ts";
import { silentLog } from "#src/log.ts";
import type { Message } from "#src/report/blocks.ts";
import { createSlackApp, type SlackAppOptions } from "#src/slack/app.ts";
import { type FakeSlack, fakeSlack } from "#test/support/fake-slack.ts";
import { memoryChecks } from "#test/support/memory-checks.ts";
import { memoryPast, memorySchedules } from "#test/support/memory-schedules.ts";

type Json = Record<string, unknown>;

/** Three methods are all that Bolt asks of a receiver; `deliver` resolves when the listeners are done. */
function receiver(): Receiver & { readonly deliver: (body: Json) => Promise<unknown[]> } {
  let app: App | undefined;
  return {
    init: (bolt) => {
      app = bolt;
    },
    start: async () => undefined,
    stop: async () => undefined,
    async deliver(body) {
      const acks: unknown[] = [];
      await app?.processEvent({ body, ack: async (answer) => void acks.push(answer ?? {}) } as ReceiverEvent);
      return acks;
    },
  };
}

type Options = Partial<SlackAppOptions["config"]["slack"]> & { readonly checks?: Partial<ChecksPort> };

async function bot(slack: FakeSlack, { checks: more = {}, ...config }: Options = {}) {
  const source = receiver();
  const checks = memoryChecks(more);
  let ids = 0;
  const app = createSlackApp({
    config: {
      cluster: "prod",
      slack: {
        mode: "http",
        signingSecret: "not-used-here-at-all",
        port: 1,
        botToken: "xoxb-test",
        apiUrl: slack.apiUrl,
        command: "/netcheck",
        allowedUsers: [],
        allowedGroups: [],
        ...config,
      } as SlackAppOptions["config"]["slack"],
    },
    checks,
    schedules: memorySchedules(),
    past: memoryPast(),
    log: silentLog,
    newId: () => `nc-test${++ids}`,
    receiver: source,
  });
  await app.start();
  const home = { id: "T0HOME", domain: "home" };
  let events = 0;
  return {
    checks,
    stop: app.stop,
    slash: (text: string, more: Json = {}) =>
      source.deliver({
        command: "/netcheck",
        text,
        team_id: "T0HOME",
        channel_id: "C0OPS",
        user_id: "U0ALICE",
        trigger_id: `trigger-${++events}`,
        response_url: slack.responseUrl,
        ...more,
      }),
    event: (event: Json, eventId = `Ev${++events}`) =>
      source.deliver({ type: "event_callback", team_id: "T0HOME", event_id: eventId, event }),
    click: (action: Json, more: Json = {}) =>
      source.deliver({
        type: "block_actions",
        team: home,
        user: { id: "U0ALICE", team_id: "T0HOME" },
        channel: { id: "C0OPS" },
        trigger_id: `trigger-${++events}`,
        response_url: slack.responseUrl,
        actions: [{ type: "button", block_id: "ctl:nc-test1:1", action_ts: "1.1", ...action }],
        ...more,
      }),
    submit: (values: Record<string, string>, user = "U0ALICE") =>
      source.deliver({
        type: "view_submission",
        team: home,
        user: { id: user },
        view: {
          id: `V${++events}`,
          hash: "1",
          type: "modal",
          callback_id: "netcheck_form",
          private_metadata: JSON.stringify({ channel: "C0OPS" }),
          state: {
            values: Object.fromEntries(Object.entries(values).map(([field, value]) => [field, { [field]: { value } }])),
          },
        },
      }),
  };
}

let slack: FakeSlack;
beforeEach(async () => {
  slack = await fakeSlack();
});
afterEach(() => slack[Symbol.asyncDispose]());

/** The one acknowledgement, which must be an answer that only the asking person sees. */
function whispered(acks: readonly unknown[]): Message & { readonly response_type: string } {
  expect(acks).toHaveLength(1);
  const [answer] = acks as (Message & { response_type: string })[];
  expect(answer).toMatchObject({ response_type: "ephemeral", text: expect.any(String), blocks: expect.any(Array) });
  return answer as Message & { response_type: string };
}
const texts = (message: { readonly blocks?: unknown }): string => JSON.stringify(message.blocks);

describe("the slash command", () => {
  test("a check is in the queue before it is acknowledged", async () => {
    const order: string[] = [];
    const { slash, checks } = await bot(slack, {
      checks: {
        submit: async () => {
          order.push("queued");
          return { position: 3 };
        },
      },
    });
    const acks = await slash("web-0 db-0 10m");
    order.push("acknowledged");
    expect(whispered(acks).text).toBe("Queued nc-test1, position 3. shop/web-0 → shop/db-0, 10 min, prod");
    expect(order).toEqual(["queued", "acknowledged"]);
    expect(checks.all.size).toBe(0);
  });

  test("the request holds who asked, where, and both ends with their namespaces", async () => {
    const { slash, checks } = await bot(slack);
    await slash("WEB-0 svc/db:5432 90s");
    expect([...checks.all.values()].map(({ request }) => request)).toMatchObject([
      {
        id: "nc-test1",
        command: "web-0 svc/db:5432 90s",
        cluster: "prod",
        from: { kind: "pod", namespace: "shop", name: "web-0" },
        to: { kind: "service", namespace: "shop", name: "db", port: 5432 },
        durationMs: 90_000,
        slack: { team: "T0HOME", channel: "C0OPS", user: "U0ALICE" },
      },
    ]);
  });

  test("the same invocation delivered twice starts one check", async () => {
    const { slash, checks } = await bot(slack);
    const [first, second] = await Promise.all([
      slash("web-0 db-0", { trigger_id: "same" }),
      slash("web-0 db-0", { trigger_id: "same" }),
    ]);
    expect(checks.all.size).toBe(1);
    expect([whispered(first ?? []).text, whispered(second ?? []).text].join()).toMatch(/already started/);
  });

  test.each([
    ["web-0 paymnts-0 10m", "There is no pod paymnts-0 in cluster prod."],
    ["web-0 web-0", "Both ends are the pod shop/web-0"],
    ["web-0 new-0", "has no address yet"],
    ["web-0 db-0 -5m", "A duration cannot be negative"],
    ["web-0 db-0 99h", "99h is too long"],
    ["staus", "staus is not a command"],
    ["cancle nc-4f2a", "cancle is not a command"],
    ["help chek", "There is no command chek."],
    ["status what-is-this-id-supposed-to-be", "is not the id of a check"],
    ["cancel", "Which check? An id is missing."],
    ["web-0@prod db-0@nowhere", "There is no cluster nowhere."],
    ["web-0@nowhere db-0", "There is no cluster nowhere."],
    ["cluster nowhere", "There is no cluster nowhere."],
    ["web-0 db-0; rm -rf /", "The character ; has a meaning for shells"],
    ["<@U012AB3CD|alice> db-0", "@alice is a person"],
    ["web-0 :fire:", ":fire: is an emoji"],
    ["web-0 שלום", "U+05E9"],
    ["x".repeat(10_000), "10000 characters long"],
    ["web-0", "The second end is missing."],
  ])("%s is answered and starts nothing", async (text, problem) => {
    const { slash, checks } = await bot(slack);
    const answer = whispered(await slash(text));
    expect(answer.text).toContain(problem);
    expect(answer.text).toContain("Nothing was started.");
    expect(texts(answer)).toContain("^");
    expect(checks.all.size).toBe(0);
  });

  test("an empty command is answered with help, and a form opens", async () => {
    const { slash } = await bot(slack);
    expect(texts(whispered(await slash("  ")))).toContain("/netcheck check &lt;from&gt; &lt;to&gt;");
    expect(slack.of("views.open")).toMatchObject([
      { trigger_id: "trigger-1", view: { callback_id: "netcheck_form", private_metadata: '{"channel":"C0OPS"}' } },
    ]);
  });

  test("help and status are answered without a form", async () => {
    const { slash } = await bot(slack);
    expect(whispered(await slash("help")).text).toContain("/netcheck status [id]");
    expect(texts(whispered(await slash("help check")))).toContain("Option port=…");
    expect(whispered(await slash("status")).text).toBe("No check is running.");
    await slash("web-0 db-0");
    expect(texts(whispered(await slash("list")))).toContain("nc-test1");
    expect(whispered(await slash("status nc-test1")).text).toBe("shop/web-0 → shop/db-0: queued");
    expect(whispered(await slash("status test1")).text).toBe("shop/web-0 → shop/db-0: queued");
    expect(whispered(await slash("status nc-none")).text).toBe("There is no check nc-none.");
    expect(whispered(await slash("cancel nc-test1")).text).toContain("nc-test1 is being cancelled.");
    expect(slack.of("views.open")).toEqual([]);
  });

  test.each([
    ["C0ALIEN", "Invite me with `/invite @netcheck`"],
    ["C0SHARED", "This channel is shared with another organisation"],
  ])("in the channel %s nothing is queued", async (channel_id, text) => {
    const { slash, checks } = await bot(slack);
    expect(whispered(await slash("web-0 db-0", { channel_id })).text).toContain(text);
    expect(checks.all.size).toBe(0);
  });

  test("an invitation works at once, and a usable channel is looked up once", async () => {
    let member = false;
    await using other = await fakeSlack({ "conversations.info": () => ({ channel: { is_member: member } }) });
    const { slash, checks } = await bot(other);
    await slash("web-0 db-0");
    member = true;
    await slash("web-0 db-0");
    await slash("web-0 db-0");
    expect(checks.all.size).toBe(2);
    expect(other.of("conversations.info")).toHaveLength(2);
    expect(other.of("users.info")).toHaveLength(1);
  });

  test("a queue that is away is said, and that nothing was started", async () => {
    const away = async () => {
      throw new NetcheckError("queue-unavailable", "no answer");
    };
    const said = "The queue is unavailable: nothing was started. Try again in a minute.";
    const { slash } = await bot(slack, { checks: { submit: away } });
    expect(whispered(await slash("web-0 db-0")).text).toBe(said);
    // The channel's choice is not replaced by a guess.
    const { slash: other, checks } = await bot(slack, { checks: { channelCluster: away } });
    expect(whispered(await other("web-0 db-0")).text).toBe(said);
    expect(checks.all.size).toBe(0);
  });

  test("a bug is shown as an id and not as its message", async () => {
    const { slash } = await bot(slack, {
      checks: {
        submit: async () => {
          throw new TypeError("secret detail");
        },
      },
    });
    const answer = whispered(await slash("web-0 db-0"));
    expect(answer.text).toMatch(/^Internal error, quote nc-test\d\./);
    expect(JSON.stringify(answer)).not.toContain("secret");
  });

  test("a slow queue does not cost the acknowledgement: the answer follows", async () => {
    const slow = Promise.withResolvers<{ position: number }>();
    const { slash } = await bot(slack, { checks: { submit: () => slow.promise } });
    setTimeout(() => slow.resolve({ position: 1 }), 2_500);
    const acks = await slash("web-0 db-0");
    expect(acks).toEqual([{}]);
    expect(slack.of("response_url")).toMatchObject([
      { response_type: "ephemeral", text: expect.stringContaining("Queued nc-test1") },
    ]);
  });

  test("without an inventory the check is queued and the person is told", async () => {
    const { slash, checks } = await bot(slack, { checks: { readInventory: async () => undefined } });
    expect(texts(whispered(await slash("some-0 other-0")))).toContain("could not be compared");
    expect(checks.all.size).toBe(1);
  });
});

describe("who may", () => {
  const deniedText = async (options: Options, body: Json = {}): Promise<string> => {
    const { slash, checks } = await bot(slack, options);
    const { text } = whispered(await slash("web-0 db-0", body));
    return checks.all.size === 0 ? text : "started";
  };

  test("people of other organisations are denied, whatever they send", async () => {
    const { slash, event, click, submit, checks } = await bot(slack);
    const text = "netcheck answers people of its own workspace only.";
    expect(whispered(await slash("web-0 db-0", { user_id: "U9EVE" })).text).toContain(text);
    await event({ type: "app_mention", user: "U9EVE", text: "<@U0BOT> web-0 db-0", channel: "C0OPS", ts: "5.1" });
    await click({ action_id: "netcheck_cancel", value: "nc-test1" }, { user: { id: "U9EVE" } });
    expect(slack.of("chat.postEphemeral").map((call) => call["text"])).toEqual([
      expect.stringContaining(text),
      expect.stringContaining(text),
    ]);
    expect(await submit({ from: "web-0", to: "db-0" }, "U9EVE")).toMatchObject([
      { response_action: "errors", errors: { from: expect.stringContaining(text) } },
    ]);
    expect(checks.all.size).toBe(0);
  });

  test.each([
    [{ allowedUsers: ["U0ALICE"] }, "started"],
    [{ allowedUsers: ["U0BOB"] }, "You are not on the list"],
    [{ allowedGroups: ["oncall-net"] }, "You are not on the list"],
    [{ allowedUsers: ["U0BOB"], allowedGroups: ["oncall"] }, "started"],
  ])("with %j the answer is %s", async (lists, expected) => {
    await slack[Symbol.asyncDispose]();
    slack = await fakeSlack({
      "usergroups.list": () => ({
        usergroups: [
          { handle: "oncall", users: ["U0ALICE"] },
          { handle: "oncall-net", users: ["U0CAROL"] },
        ],
      }),
    });
    expect(await deniedText(lists)).toContain(expected);
  });

  test("a group that was never loaded lets nobody in", async () => {
    await slack[Symbol.asyncDispose]();
    slack = await fakeSlack({ "usergroups.list": () => ({ ok: false, error: "internal_error" }) });
    expect(await deniedText({ allowedGroups: ["oncall"] })).toContain("Slack did not say who you are");
  });

  test("a changed group is looked up again, and the old list serves while Slack is away", async () => {
    await slack[Symbol.asyncDispose]();
    let answer: Json = { usergroups: [{ handle: "oncall", users: ["U0ALICE"] }] };
    slack = await fakeSlack({ "usergroups.list": () => answer });
    const { slash, event, checks } = await bot(slack, { allowedGroups: ["oncall"] });
    await slash("web-0 db-0");
    await slash("web-0 db-0");
    expect(slack.of("usergroups.list")).toHaveLength(1);
    answer = { ok: false, error: "internal_error" };
    await event({ type: "subteam_members_changed", subteam_id: "S1" });
    await slash("web-0 db-0");
    expect(checks.all.size).toBe(3);
    answer = { usergroups: [{ handle: "oncall", users: [] }] };
    expect(whispered(await slash("web-0 db-0")).text).toContain("You are not on the list");
  });

  test("while Slack does not answer, the team in a slash command counts and a mention is refused", async () => {
    await slack[Symbol.asyncDispose]();
    slack = await fakeSlack({ "users.info": () => ({ ok: false, error: "internal_error" }) });
    const { slash, event, checks } = await bot(slack);
    await slash("web-0 db-0");
    await event({ type: "app_mention", user: "U0ALICE", text: "<@U0BOT> web-0 db-0", channel: "C0OPS", ts: "5.1" });
    expect(checks.all.size).toBe(1);
    expect(slack.of("chat.postEphemeral")[0]?.["text"]).toContain("Slack did not say who you are");
  });
});

describe("the language", () => {
  const asked = (checks: {
    readonly all: ReadonlyMap<string, { readonly request: { readonly language?: unknown } }>;
  }) => [...checks.all.values()].map(({ request }) => request.language);

  test("a channel chooses its own, and its checks are reported in it", async () => {
    const { slash, checks } = await bot(slack);
    await slash("web-0 db-0");
    expect(whispered(await slash("lang zh")).text).toBe("从现在起 netcheck 在本频道使用中文。");
    expect(whispered(await slash("web-0 db-0")).text).toMatch(/^已排队 nc-test2/);
    await slash("web-0 db-0", { channel_id: "C0OTHER" });
    expect(asked(checks)).toEqual(["en", "zh", "en"]);
    expect(whispered(await slash("lang")).text).toContain("`/netcheck lang en`");
  });

  test("one check may be asked for in another", async () => {
    const { slash, checks } = await bot(slack);
    expect(whispered(await slash("web-0 db-0 lang=zh")).text).toMatch(/^已排队/);
    await slash("web-0 db-0 --lang en");
    expect(asked(checks)).toEqual(["zh", "en"]);
  });

  test("one that netcheck does not speak is refused in the language in force, with what it does speak", async () => {
    const { slash, checks } = await bot(slack);
    expect(whispered(await slash("web-0 db-0 lang=fr")).text).toMatch(
      /^netcheck does not speak fr\. Languages: en \(English\), zh \(中文\)\./,
    );
    await slash("lang zh");
    const answer = whispered(await slash("lang klingon"));
    expect(answer.text).toMatch(/^netcheck 不支持语言 klingon。/);
    expect(texts(answer)).toContain("/netcheck lang en");
    expect(checks.all.size).toBe(0);
  });

  test("a queue that is away costs the channel's choice and not the answer", async () => {
    const away = async () => {
      throw new NetcheckError("queue-unavailable", "away");
    };
    const { slash } = await bot(slack, { checks: { language: away, submit: away } });
    expect(whispered(await slash("web-0 db-0")).text).toMatch(/^The queue is unavailable/);
  });
});

describe("mentions and direct messages", () => {
  const mention = {
    type: "app_mention",
    user: "U0ALICE",
    text: "hey <@U0BOT> web-0 db-0 10m",
    channel: "C0OPS",
    ts: "5.1",
  };

  test("a mention is the same words, answered to one person, with a reaction", async () => {
    const { event, checks, stop } = await bot(slack);
    await event(mention);
    expect(checks.all.get("nc-test1")?.request).toMatchObject({
      command: "web-0 db-0 10m",
      slack: { channel: "C0OPS" },
    });
    expect(slack.of("chat.postEphemeral")).toMatchObject([
      { channel: "C0OPS", user: "U0ALICE", text: expect.stringContaining("Queued") },
    ]);
    expect(slack.of("reactions.add")).toMatchObject([{ channel: "C0OPS", timestamp: "5.1", name: "eyes" }]);
    expect(slack.of("reactions.remove")).toEqual([]);
    await stop();
  });

  test("in a thread the answer stays in the thread, and the check's id may be left out", async () => {
    const { event, checks } = await bot(slack);
    await event(mention);
    checks.threads.set("C0OPS:4.0", "nc-test1");
    await event({ ...mention, text: "<@U0BOT> cancel", ts: "5.2", thread_ts: "4.0" });
    expect(slack.of("chat.postEphemeral")[1]).toMatchObject({
      thread_ts: "4.0",
      text: expect.stringContaining("nc-test1 is being cancelled"),
    });
    await event({ ...mention, text: "<@U0BOT|netcheck> status", ts: "5.3", thread_ts: "4.0" });
    expect(slack.of("chat.postEphemeral")[2]).toMatchObject({
      text: expect.stringContaining("shop/web-0 → shop/db-0"),
    });
  });

  test.each([
    ["<@U0BOT> web-0 nope", "warning"],
    ["<@U0BOT> help", "white_check_mark"],
    ["<@U0BOT>", "white_check_mark"],
  ])("%s ends with the reaction %s", async (text, name) => {
    const { event } = await bot(slack);
    await event({ ...mention, text });
    expect(slack.of("reactions.add").map((call) => call["name"])).toEqual(["eyes", name]);
    expect(slack.of("reactions.remove")).toMatchObject([{ name: "eyes" }]);
  });

  test("an event that comes twice is answered once", async () => {
    const { event, checks } = await bot(slack);
    await event(mention, "EvSame");
    await event(mention, "EvSame");
    expect(checks.all.size).toBe(1);
    expect(slack.of("chat.postEphemeral")).toHaveLength(1);
  });

  test("other bots are not answered", async () => {
    const { event } = await bot(slack);
    await event({ ...mention, bot_id: "B0OTHER" });
    expect(slack.of("chat.postEphemeral")).toEqual([]);
  });

  test("a direct message is answered in the conversation", async () => {
    const { event, checks } = await bot(slack);
    await event({
      type: "message",
      channel_type: "im",
      channel: "D0ALICE",
      user: "U0ALICE",
      text: "web-0 db-0",
      ts: "6.1",
    });
    expect(checks.all.size).toBe(1);
    expect(slack.of("chat.postMessage")).toMatchObject([
      { channel: "D0ALICE", text: expect.stringContaining("Queued") },
    ]);
    await event({ type: "message", channel_type: "im", subtype: "message_changed", channel: "D0ALICE", ts: "6.2" });
    expect(slack.of("chat.postMessage")).toHaveLength(1);
  });

  test("a failed reaction does not stop the answer", async () => {
    await slack[Symbol.asyncDispose]();
    slack = await fakeSlack({ "reactions.add": () => ({ ok: false, error: "missing_scope" }) });
    const { event } = await bot(slack);
    await event(mention);
    expect(slack.of("chat.postEphemeral")).toHaveLength(1);
  });
});

describe("buttons", () => {
  const said = () => slack.of("chat.postEphemeral").map((call) => String(call["text"]));

  test("every click is answered, the late ones too", async () => {
    const { slash, click, checks } = await bot(slack);
    await slash("web-0 db-0 10m");
    expect(await click({ action_id: "netcheck_cancel", value: "nc-test1" })).toEqual([{}]);
    const seen = checks.all.get("nc-test1");
    if (seen) checks.all.set("nc-test1", { ...seen, state: "done" });
    await click({ action_id: "netcheck_cancel", value: "nc-test1" });
    await click({ action_id: "netcheck_cancel", value: "nc-gone" });
    await click({ action_id: "netcheck_cancel", value: "../etc" });
    await click({ action_id: "netcheck_capture", value: "nc-test1" });
    await click({ type: "feedback_buttons", action_id: "netcheck_feedback", value: "nc-test1 path-loss wrong" });
    expect(said()).toEqual([
      "nc-test1 is being cancelled. What was measured is shown in its thread.",
      "nc-test1 has already ended; nothing was changed.",
      "There is no check nc-gone.",
      "This control belongs to an older message and does nothing any more.",
      "This control belongs to an older message and does nothing any more.",
      "Thank you. Your answer is kept with what this check measured.",
    ]);
  });

  test("Run Again starts the same command as a new check of the person who clicked", async () => {
    const { slash, click, checks } = await bot(slack);
    await slash("web-0 db-0 10m");
    // What is run again is the check in its cluster, whatever the channel means by now.
    await checks.setChannelCluster("C0OPS", "sold");
    const again = { action_id: "netcheck_rerun", value: "nc-test1" };
    await click(again, { user: { id: "U0BOB" }, trigger_id: "same", message: { thread_ts: "4.0" } });
    await click(again, { user: { id: "U0BOB" }, trigger_id: "same", message: { thread_ts: "4.0" } });
    const [, second, third] = [...checks.all.values()];
    expect(third).toBeUndefined();
    expect(second?.request).toMatchObject({ command: "web-0 db-0 10m", cluster: "prod" });
    expect(second?.request).toMatchObject({ slack: { user: "U0BOB", channel: "C0OPS" } });
    expect(second?.request.slack?.threadTs).toBeUndefined();
  });

  test("a queue that is away is said", async () => {
    const { click } = await bot(slack, {
      checks: {
        cancel: async () => {
          throw new NetcheckError("queue-unavailable", "no answer");
        },
      },
    });
    await click({ action_id: "netcheck_cancel", value: "nc-test1" });
    expect(said()[0]).toContain("The queue is unavailable");
  });
});

describe("the form", () => {
  test("a right form starts a check and closes", async () => {
    const { submit, checks } = await bot(slack);
    expect(await submit({ from: "web-0", to: "db-0", duration: "10m" })).toEqual([{}]);
    expect(checks.all.get("nc-test1")?.request).toMatchObject({ durationMs: 600_000, slack: { channel: "C0OPS" } });
    expect(slack.of("chat.postEphemeral")).toMatchObject([
      { channel: "C0OPS", text: expect.stringContaining("Queued") },
    ]);
  });

  test.each([
    [{ from: "web-0", to: "paymnts-0", duration: "" }, "to", "There is no pod paymnts-0"],
    [{ from: "wev-0", to: "db-0", duration: "" }, "from", "There is no pod wev-0"],
    [{ from: "web-0", to: "db-0", duration: "99h" }, "duration", "99h is too long"],
    [{ from: "web-0", to: "db-0; id", duration: "" }, "to", "The character ;"],
  ])("%j shows its mistake at the field %s", async (values, field, text) => {
    const { submit, checks } = await bot(slack);
    expect(await submit(values)).toMatchObject([
      { response_action: "errors", errors: { [field]: expect.stringContaining(text) } },
    ]);
    expect(checks.all.size).toBe(0);
  });
});
