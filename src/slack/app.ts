import { setTimeout as wait } from "node:timers/promises";
import { App, HTTPReceiver, type Receiver, SocketModeReceiver } from "@slack/bolt";
import { WebClient } from "@slack/web-api";
import type { ChecksPort, PastPort, SchedulesPort } from "../commands/grammar/command.ts";
import type { SlackConfig } from "../config.ts";
import { limits } from "../core/check.ts";
import type { Language } from "../core/sentence.ts";
import { type Log, occasionally } from "../log.ts";
import { newCheckId } from "../queue/new-check-id.ts";
import { type Tracing, untraced } from "../tracing.ts";
import { createAccess } from "./access.ts";
import { boltLog } from "./bolt-log.ts";
import { listenToButtons } from "./buttons.ts";
import { createChannels } from "./channels.ts";
import { type Identity, identify, throwIfHopeless } from "./connect.ts";
import { createDesk } from "./desk.ts";
import { listenToForm } from "./form-events.ts";
import { listenToHome } from "./home.ts";
import { listenToMentions } from "./mentions.ts";
import { listenToCommands } from "./slash.ts";

export type SlackApp = {
  /** Resolves when Slack sends us what people type. Waits for Slack as long as it takes; rejects when a token is refused. */
  readonly start: () => Promise<void>;
  /** Whether what people type reaches us now. */
  readonly connected: () => boolean;
  /** Takes nothing new, and resolves when everything that was taken is answered. */
  readonly stop: () => Promise<void>;
};

export type SlackAppOptions = {
  readonly config: {
    readonly slack: SlackConfig;
    /** The cluster that is meant when a command names none. */
    readonly cluster: string;
    readonly language?: Language;
  };
  readonly checks: ChecksPort;
  readonly schedules: SchedulesPort;
  readonly past: PastPort;
  /** Untraced where it is absent. */
  readonly tracing?: Tracing;
  readonly log: Log;
  readonly nowMs?: () => number;
  readonly newId?: () => string;
  readonly maxDurationMs?: number;
  /** Where events come from, when it is not Slack: for tests. */
  readonly receiver?: Receiver;
};

/** Look-ups stand between a command and its acknowledgement, for which Slack waits 3 s in all. */
const LOOKUP_TIMEOUT_MS = 1_200;
const RETRY_MS = 5_000;

/**
 * Slack's side of the bot: slash command, mentions, direct messages, buttons and the form. What is acknowledged as
 * started is durable in the queue; everything else is answered at once and leaves no trace.
 */
export function createSlackApp({
  config: { slack, cluster, language = "en" },
  checks,
  schedules,
  past,
  tracing = untraced,
  log,
  nowMs = Date.now,
  newId = newCheckId,
  maxDurationMs = limits.maxDurationMs,
  receiver = receiverFor(slack, log),
}: SlackAppOptions): SlackApp {
  // Answers and look-ups: each can be asked for again by a person, so nothing is retried behind their back.
  const clientOptions = {
    ...(slack.apiUrl === undefined ? {} : { slackApiUrl: slack.apiUrl }),
    logger: boltLog(log),
    timeout: LOOKUP_TIMEOUT_MS,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  };
  const client = new WebClient(slack.botToken, clientOptions);
  const stopping = new AbortController();
  const underway = new Set<Promise<unknown>>();
  let known: Identity | undefined;
  let started = false;
  const identity = (): Identity => {
    if (known === undefined) throw new Error("slack has not said who we are");
    return known;
  };

  const app = new App({
    receiver,
    authorize: async () => {
      known ??= await identify(client, log, stopping.signal);
      return { botToken: slack.botToken, botId: known.botId, botUserId: known.botUserId, teamId: known.teamId };
    },
    logger: boltLog(log),
    clientOptions,
    convoStore: false,
  });
  app.use(async ({ next, body }) => {
    const title = askedBy(body);
    const work = title === undefined ? next() : tracing.span(title, { root: true, kind: "server" }, next);
    underway.add(work);
    await work.finally(() => underway.delete(work));
  });
  app.error(async (err) => log.error({ err }, "slack event failed"));

  const access = createAccess({
    client,
    team: () => identity().teamId,
    allowedUsers: slack.allowedUsers ?? [],
    allowedGroups: slack.allowedGroups,
    nowMs,
  });
  const channels = createChannels({ client, nowMs });
  const { command } = slack;
  const desk = createDesk({
    ...{ checks, schedules, past, client, access, channels, tracing, log, language, command, identity },
    ...{ cluster, maxDurationMs, newId, nowMs, stopping: stopping.signal },
  });
  listenToCommands(app, desk);
  listenToMentions(app, desk);
  listenToButtons(app, desk);
  listenToForm(app, desk);
  listenToHome(app, desk);
  app.event("subteam_members_changed", async () => access.forgetGroups());
  app.event("subteam_updated", async () => access.forgetGroups());
  app.event("channel_shared", async ({ event }) => channels.forget(event.channel));
  app.event("channel_unshared", async ({ event }) => channels.forget(event.channel));

  async function start(): Promise<void> {
    known ??= await identify(client, log, stopping.signal);
    const complain = occasionally(log, "slack does not take our connection; trying again");
    for (;;) {
      try {
        await app.start();
        break;
      } catch (error) {
        throwIfHopeless(error, "NETCHECK_SLACK_APP_TOKEN");
        if (slack.mode === "http") throw error;
        complain(error);
        await wait(RETRY_MS, undefined, { signal: stopping.signal });
      }
    }
    started = true;
    log.info({ mode: slack.mode, team: known.teamId, bot: known.botName }, "slack connected");
  }

  return {
    start,
    connected: () => started && (!(receiver instanceof SocketModeReceiver) || socketIsOpen(receiver)),
    async stop() {
      stopping.abort();
      await app.stop();
      await Promise.allSettled(underway);
    },
  };
}

/** What a person did, where that may start a check; a trace begins there and ends with the answer. */
function askedBy(body: object): string | undefined {
  if ("command" in body) return "slack command";
  if (!("type" in body)) return undefined;
  if (body.type === "view_submission") return "slack form";
  if (body.type === "block_actions") return "slack button";
  const event = "event" in body && typeof body.event === "object" ? body.event : null;
  const type = event && "type" in event ? event.type : undefined;
  if (type === "app_mention") return "slack mention";
  return type === "message" && event && "channel_type" in event && event.channel_type === "im"
    ? "slack message"
    : undefined;
}

/** Without pongs the library takes the socket for dead within seconds, and opens another. */
const socketIsOpen = ({ client }: SocketModeReceiver): boolean => client.websocket?.isActive() === true;

/** Socket Mode or HTTP, as configured. */
function receiverFor(slack: SlackConfig, log: Log): Receiver {
  const logger = boltLog(log);
  if (slack.mode === "http") return new HTTPReceiver({ signingSecret: slack.signingSecret, port: slack.port, logger });
  // The library ends the process when this call fails after a lost connection, so it is repeated until it succeeds.
  const clientOptions = {
    ...(slack.apiUrl === undefined ? {} : { slackApiUrl: slack.apiUrl }),
    timeout: 10_000,
    retryConfig: { forever: true, factor: 2, minTimeout: 500, maxTimeout: 15_000, randomize: true },
  };
  return new SocketModeReceiver({ appToken: slack.appToken, logger, installerOptions: { clientOptions } });
}
