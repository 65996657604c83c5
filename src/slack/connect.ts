import { setTimeout as wait } from "node:timers/promises";
import { WebAPIPlatformError, type WebClient } from "@slack/web-api";
import { NetcheckError } from "../core/errors.ts";
import { type Log, occasionally } from "../log.ts";

/** Who we are in Slack. */
export type Identity = {
  readonly teamId: string;
  readonly botId: string;
  readonly botUserId: string;
  readonly botName: string;
};

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** What Slack says about tokens that no waiting repairs. */
const HOPELESS = new Set([
  "invalid_auth",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "not_allowed_token_type",
  "team_access_not_granted",
]);

/**
 * Asks Slack who we are until it answers, with growing pauses; says in the log once a minute that it is waited for.
 * Throws NetcheckError("bad-config") when Slack refuses the token.
 */
export async function identify(client: WebClient, log: Log, signal: AbortSignal): Promise<Identity> {
  const complain = occasionally(log, "slack cannot be reached; trying again");
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      const { team_id, bot_id, user_id, user } = await client.auth.test();
      return { teamId: team_id ?? "", botId: bot_id ?? "", botUserId: user_id ?? "", botName: user ?? "netcheck" };
    } catch (error) {
      throwIfHopeless(error, "NETCHECK_SLACK_BOT_TOKEN");
      complain(error);
      await wait(waitMs, undefined, { signal });
    }
  }
}

/** Turns a refused token into a message that names the variable to repair. */
export function throwIfHopeless(error: unknown, variable: string): void {
  if (!(error instanceof WebAPIPlatformError) || !HOPELESS.has(error.data.error)) return;
  throw new NetcheckError("bad-config", `Slack refuses the token in ${variable}: ${error.data.error}.`, {
    hint: "Install the app again and copy its token.",
    cause: error,
  });
}
