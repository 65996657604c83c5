import { optionalScopes, requiredScopes } from "./expected.ts";
import { type Finding, findingsOf, listed } from "./finding.ts";
import { type Away, remedyFor } from "./network.ts";

/** What a method of Slack's Web API came back with. `refused` carries Slack's word for it, `busy` is a rate limit. */
export type SlackAnswer<T> =
  | { readonly outcome: "answered"; readonly value: T }
  | { readonly outcome: "refused"; readonly error: string }
  | { readonly outcome: "busy" }
  | ({ readonly outcome: "away" } & Away);

export type SlackFacts = {
  readonly mode: "socket" | "http";
  /** Host of the Web API. */
  readonly where: string;
  /** HTTPS_PROXY is set, and Node was not told to obey it. */
  readonly proxyIgnored: boolean;
  /** `scopes` is absent when Slack does not say. */
  readonly auth: SlackAnswer<{ readonly team: string; readonly bot: string; readonly scopes?: readonly string[] }>;
  /** Socket Mode only: apps.connections.open. */
  readonly app?: SlackAnswer<undefined>;
  /** HTTP mode only: 32 hexadecimal digits, as Slack makes them. */
  readonly secretLooksRight?: boolean;
  /** Names in NETCHECK_ALLOWED_USERS and NETCHECK_ALLOWED_GROUPS that Slack does not know; absent where none are set. */
  readonly strangers?: SlackAnswer<{ readonly users: readonly string[]; readonly groups: readonly string[] }>;
};

const { well, mend, note, unseen } = findingsOf("Slack");

const REINSTALL = "Install the app again (api.slack.com/apps → Install App) and copy";
const BOT_TOKEN = `${REINSTALL} its Bot User OAuth Token into NETCHECK_SLACK_BOT_TOKEN.`;
const APP_TOKEN =
  "Generate an app-level token with connections:write (api.slack.com/apps → Basic Information) and set NETCHECK_SLACK_APP_TOKEN to it.";

export function judgeSlack(facts: SlackFacts): Finding[] {
  return [...botToken(facts), ...appSide(facts), ...allowed(facts)];
}

function botToken(facts: SlackFacts): Finding[] {
  const { auth } = facts;
  if (auth.outcome === "refused") {
    const found = `Slack refuses the bot token: ${auth.error}.`;
    return [
      mend("bot token", found, refusedBot[auth.error] ?? BOT_TOKEN),
      unseen("scopes", "the bot token is refused."),
    ];
  }
  if (auth.outcome !== "answered") return [notReached("bot token", auth, facts)];
  const { team, bot, scopes } = auth.value;
  return [well("bot token", `Slack knows it as ${bot} in ${team}.`), ...judgeScopes(scopes)];
}

const refusedBot: Readonly<Record<string, string>> = {
  not_allowed_token_type: "Set NETCHECK_SLACK_BOT_TOKEN to the Bot User OAuth Token: this is a token of another kind.",
  account_inactive: `The app was removed from the workspace, or the workspace is closed. ${BOT_TOKEN}`,
};

function judgeScopes(scopes: readonly string[] | undefined): Finding[] {
  if (scopes === undefined) return [note("scopes", "Slack does not say which scopes the token has.")];
  const missing = requiredScopes.filter((scope) => !scopes.includes(scope));
  const less = Object.entries(optionalScopes).filter(([scope]) => !scopes.includes(scope));
  return [
    missing.length > 0
      ? mend(
          "scopes",
          `The bot token lacks ${missing.join(", ")}.`,
          `Add ${missing.join(", ")} at api.slack.com/apps → OAuth & Permissions → Bot Token Scopes, as in manifest.yml; then ${lower(REINSTALL)} the token.`,
        )
      : well("scopes", `All ${requiredScopes.length} that are needed.`),
    ...less.map(([scope, lost]) =>
      note("scopes", `Without ${scope}, ${lost}.`, `Add ${scope} to the app's bot scopes and install it again.`),
    ),
  ];
}

function appSide(facts: SlackFacts): Finding[] {
  if (facts.mode === "http")
    return [
      facts.secretLooksRight
        ? note(
            "signing secret",
            "It has the right form; whether it is this app's shows only when Slack sends something.",
          )
        : mend(
            "signing secret",
            "It is not 32 hexadecimal digits, as Slack's signing secrets are.",
            "Set NETCHECK_SLACK_SIGNING_SECRET to the Signing Secret at api.slack.com/apps → Basic Information.",
          ),
    ];
  const { app } = facts;
  if (app === undefined) return [];
  if (app.outcome === "answered") return [well("app token", "Slack opens Socket Mode for it.")];
  if (app.outcome !== "refused") return [notReached("app token", app, facts)];
  const found = `Slack does not open Socket Mode: ${app.error}.`;
  return [mend("app token", found, refusedApp[app.error] ?? APP_TOKEN)];
}

const SOCKET_MODE_OFF =
  "Turn on Socket Mode (api.slack.com/apps → Socket Mode), or set NETCHECK_SLACK_MODE=http and NETCHECK_SLACK_SIGNING_SECRET.";
const refusedApp: Readonly<Record<string, string>> = {
  missing_scope: APP_TOKEN,
  not_allowed_token_type: `${APP_TOKEN} A bot token does not do.`,
  socket_mode_not_enabled: SOCKET_MODE_OFF,
};

function allowed(facts: SlackFacts): Finding[] {
  const { strangers } = facts;
  if (strangers === undefined) return [];
  if (strangers.outcome === "refused")
    return [unseen("allowed people", `Slack does not show them: ${strangers.error}.`)];
  if (strangers.outcome !== "answered") return [notReached("allowed people", strangers, facts)];
  const { users, groups } = strangers.value;
  const look = "allowed people";
  return [
    ...(groups.length > 0
      ? [
          mend(
            look,
            `Slack has no user group ${listed(groups)}, so nobody is let in by it.`,
            `Correct ${listed(groups)} in NETCHECK_ALLOWED_GROUPS: it must be the group's handle, without spaces.`,
          ),
        ]
      : []),
    ...(users.length > 0
      ? [
          mend(
            look,
            `Slack has no user ${listed(users)}.`,
            `Correct ${listed(users)} in NETCHECK_ALLOWED_USERS: copy the member ID from the person's profile.`,
          ),
        ]
      : []),
    ...(users.length + groups.length === 0 ? [well(look, "Slack knows all of them.")] : []),
  ];
}

function notReached(
  look: string,
  answer: { readonly outcome: "busy" } | ({ readonly outcome: "away" } & Away),
  { where, proxyIgnored }: SlackFacts,
): Finding {
  if (answer.outcome === "busy") return unseen(look, "Slack asks to wait (rate limit); try again in a minute.");
  const remedy = proxyIgnored
    ? "HTTPS_PROXY is set, and Node does not obey it by itself: set NODE_USE_ENV_PROXY=1."
    : remedyFor(answer, where, "NETCHECK_SLACK_API_URL or Slack's own");
  return mend(look, `Slack cannot be reached: ${answer.reason}.`, remedy);
}

const lower = (text: string): string => `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
