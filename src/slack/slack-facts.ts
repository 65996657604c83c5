import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebClient } from "@slack/web-api";
import type { SlackConfig } from "../config.ts";
import type { SlackAnswer, SlackFacts } from "../doctor/judge-slack.ts";
import { awayOf } from "../doctor/network.ts";
import { silentLog } from "../log.ts";
import { boltLog } from "./bolt-log.ts";

const SIGNING_SECRET = /^[0-9a-f]{32}$/;
const MOST_USERS = 50;

/**
 * Asks Slack about the tokens. Nothing is posted, and no Socket Mode connection is used: Slack would send it what people type.
 * Every call ends within `limitMs`.
 */
export async function slackFacts(
  slack: SlackConfig,
  { limitMs, proxyIgnored }: { readonly limitMs: number; readonly proxyIgnored: boolean },
): Promise<SlackFacts> {
  const clientFor = (token: string): WebClient =>
    new WebClient(token, {
      ...(slack.apiUrl !== undefined && { slackApiUrl: slack.apiUrl }),
      logger: boltLog(silentLog),
      timeout: limitMs,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
    });
  const bot = clientFor(slack.botToken);
  const [auth, app] = await Promise.all([
    answerOf(async () => {
      const { team, user, response_metadata } = await bot.auth.test();
      const scopes = response_metadata?.scopes;
      return { team: team ?? "a workspace", bot: user ?? "a bot", ...(scopes && { scopes }) };
    }),
    slack.mode === "socket"
      ? answerOf(async () => void (await clientFor(slack.appToken).apps.connections.open({})))
      : undefined,
  ]);
  const named = (slack.allowedUsers ?? []).length + slack.allowedGroups.length > 0;
  return {
    mode: slack.mode,
    where: new URL(slack.apiUrl ?? "https://slack.com").host,
    proxyIgnored,
    auth,
    ...(app && { app }),
    ...(slack.mode === "http" && { secretLooksRight: SIGNING_SECRET.test(slack.signingSecret) }),
    ...(named && auth.outcome === "answered" && { strangers: await answerOf(() => strangersOf(bot, slack)) }),
  };
}

async function strangersOf(client: WebClient, { allowedUsers, allowedGroups }: SlackConfig) {
  const users = await Promise.all(
    (allowedUsers ?? []).slice(0, MOST_USERS).map(async (user) => {
      const answer = await answerOf(() => client.users.info({ user }));
      if (answer.outcome === "refused" && /^user_not_(found|visible)$/.test(answer.error)) return [user];
      return [];
    }),
  );
  const known = allowedGroups.length > 0 ? ((await client.usergroups.list({})).usergroups ?? []) : [];
  const handles = new Set(known.map(({ handle }) => handle));
  return { users: users.flat(), groups: allowedGroups.filter((handle) => !handles.has(handle)) };
}

async function answerOf<T>(ask: () => Promise<T>): Promise<SlackAnswer<T>> {
  try {
    return { outcome: "answered", value: await ask() };
  } catch (error) {
    if (error instanceof WebAPIPlatformError) return { outcome: "refused", error: error.data.error };
    if (error instanceof WebAPIRateLimitedError) return { outcome: "busy" };
    if (error instanceof WebAPIHTTPError) return { outcome: "away", reason: `HTTP ${error.statusCode}` };
    return { outcome: "away", ...awayOf(error) };
  }
}
