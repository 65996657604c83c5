import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { ManifestInput } from "#lab/slack/server/manifest.ts";
import { type LabSlack, startSlack } from "#lab/slack/server.ts";
import { doctor, doctorHome, findsEach, toMend } from "#test/support/doctor.ts";

const cleanup = new DisposableStack();
const servers = new AsyncDisposableStack();
const home = cleanup.use(doctorHome());
const manifest: ManifestInput = parse(readFileSync(new URL("../../manifest.yml", import.meta.url), "utf8"));
const without = (...scopes: string[]): ManifestInput => ({
  ...manifest,
  oauth_config: {
    scopes: { bot: manifest.oauth_config?.scopes?.bot?.filter((scope) => !scopes.includes(scope)) ?? [] },
  },
});
let slack: LabSlack;
let poor: LabSlack;
let socketless: LabSlack;
/** Where nobody listens any more. */
let gone: string;
beforeAll(async () => {
  slack = servers.use(await startSlack());
  await using short = await startSlack();
  gone = short.apiUrl;
  poor = servers.use(await startSlack({ manifest: without("files:write", "usergroups:read") }));
  socketless = servers.use(
    await startSlack({ manifest: { ...manifest, settings: { ...manifest.settings, socket_mode_enabled: false } } }),
  );
});
afterAll(async () => {
  cleanup.dispose();
  await servers.disposeAsync();
});

const at = (one: LabSlack) => ({
  NETCHECK_SLACK_BOT_TOKEN: one.botToken,
  NETCHECK_SLACK_APP_TOKEN: one.appToken,
  NETCHECK_SLACK_API_URL: one.apiUrl,
});
const base = () => ({ ...at(slack), NETCHECK_DATA_DIR: home.folder });
const secrets = () => [slack, poor, socketless].flatMap((one) => [one.botToken, one.appToken, one.signingSecret]);
const http = { NETCHECK_SLACK_MODE: "http", NETCHECK_SLACK_APP_TOKEN: "" };
/** A call of this method ends like that, once. */
const fault = async (request: Parameters<LabSlack["disturb"]>[0]) => {
  await slack.disturb(request);
  return {};
};
const calm = async () => void (await slack.disturb({ clear: true }));

test("a bot alone with all it needs has nothing to mend, and the cluster is not looked at", async () => {
  const findings = await doctor({ ...base(), NETCHECK_ALLOWED_GROUPS: "", NETCHECK_ALLOWED_USERS: "" });
  expect(toMend(findings)).toEqual([]);
  expect(findings).toContainEqual(expect.objectContaining({ area: "Slack", look: "scopes", status: "well" }));
  expect(findings).toContainEqual(expect.objectContaining({ area: "Slack", look: "app token", status: "well" }));
  for (const area of ["Kubernetes API", "agents"])
    expect(findings).toContainEqual(expect.objectContaining({ area, status: "unseen" }));
  // Socket Mode was opened for nobody: an unused connection would be sent what people type.
  expect(slack.state().connections ?? 0).toBe(0);
});

test("what Slack does not say is no fault: busy, and optional scopes", async () => {
  await slack.disturb({ method: "auth.test", kind: "rate_limited" });
  const busy = await doctor(base());
  expect(toMend(busy)).toEqual([]);
  expect(busy).toContainEqual(expect.objectContaining({ look: "bot token", status: "unseen" }));
  await using plain = await startSlack({ optionalScopes: false });
  const findings = await doctor({ ...base(), ...at(plain) });
  expect(toMend(findings)).toEqual([]);
  expect(findings.filter(({ status }) => status === "note").map(({ found }) => found)).toEqual([
    expect.stringContaining("channels:history"),
    expect.stringContaining("groups:history"),
  ]);
});

describe("each is found, with what mends it:", () => {
  findsEach(
    [
      {
        name: "scopes that the app was not given",
        seed: () => at(poor),
        area: "Slack",
        found: /lacks files:write, usergroups:read/,
        remedy: /Add files:write, usergroups:read .*Bot Token Scopes.*install the app again/,
      },
      {
        name: "a bot token of nobody",
        seed: () => ({ NETCHECK_SLACK_BOT_TOKEN: "xoxb-1-wrong" }),
        area: "Slack",
        found: /refuses the bot token: invalid_auth/,
        remedy: /copy its Bot User OAuth Token into NETCHECK_SLACK_BOT_TOKEN/,
      },
      {
        name: "a token that was revoked",
        seed: () => fault({ method: "auth.test", kind: "error", error: "token_revoked" }),
        mend: calm,
        area: "Slack",
        found: /token_revoked/,
        remedy: /Install the app again/,
      },
      {
        name: "an app that was removed",
        seed: () => fault({ method: "auth.test", kind: "error", error: "account_inactive" }),
        mend: calm,
        area: "Slack",
        found: /account_inactive/,
        remedy: /removed from the workspace/,
      },
      {
        name: "an app token of nobody",
        seed: () => ({ NETCHECK_SLACK_APP_TOKEN: "xapp-1-wrong" }),
        area: "Slack",
        found: /does not open Socket Mode: invalid_auth/,
        remedy: /connections:write.*NETCHECK_SLACK_APP_TOKEN/,
      },
      {
        name: "Socket Mode that is off in the app",
        seed: () => at(socketless),
        area: "Slack",
        found: /socket_mode_not_enabled/,
        remedy: /Turn on Socket Mode.*NETCHECK_SLACK_MODE=http/,
      },
      {
        name: "a signing secret that is something else",
        seed: () => ({ ...http, NETCHECK_SLACK_SIGNING_SECRET: "A1b2C3d4E5f6G7h8I9j0K1l2" }),
        area: "Slack",
        found: /not 32 hexadecimal digits/,
        remedy: /Signing Secret at .*Basic Information/,
      },
      {
        name: "a user group that does not exist",
        seed: () => ({ NETCHECK_ALLOWED_GROUPS: "on-call-netz" }),
        area: "Slack",
        found: /no user group on-call-netz/,
        remedy: /NETCHECK_ALLOWED_GROUPS/,
      },
      {
        name: "a user who does not exist",
        seed: () => ({ NETCHECK_ALLOWED_USERS: "U0NOBODY" }),
        area: "Slack",
        found: /no user U0NOBODY/,
        remedy: /NETCHECK_ALLOWED_USERS.*member ID/,
      },
      {
        name: "an address of Slack where nobody listens",
        seed: () => ({
          NETCHECK_SLACK_API_URL: gone,
          NETCHECK_SLACK_MODE: "http",
          NETCHECK_SLACK_SIGNING_SECRET: slack.signingSecret,
        }),
        area: "Slack",
        found: /cannot be reached: .*ECONNREFUSED/,
        remedy: /nobody listens there.*NETCHECK_SLACK_API_URL/,
      },
      {
        name: "a proxy that Node does not use",
        seed: () => ({
          ...http,
          NETCHECK_SLACK_API_URL: gone,
          NETCHECK_SLACK_SIGNING_SECRET: slack.signingSecret,
          HTTPS_PROXY: "http://proxy:3128",
        }),
        area: "Slack",
        found: /cannot be reached/,
        remedy: /NODE_USE_ENV_PROXY=1/,
      },
      {
        name: "a Slack that never answers",
        seed: () => fault({ method: "auth.test", kind: "hang" }),
        mend: calm,
        area: "Slack",
        found: /no answer in time/,
        remedy: /firewalls/,
      },
      {
        name: "the two tokens in each other's place",
        seed: () => ({ NETCHECK_SLACK_BOT_TOKEN: slack.appToken, NETCHECK_SLACK_APP_TOKEN: slack.botToken }),
        area: "configuration",
        found: /NETCHECK_SLACK_BOT_TOKEN is not right/,
        remedy: /begins with "xoxb-"/,
      },
      {
        name: "no app token",
        seed: () => ({ NETCHECK_SLACK_APP_TOKEN: "" }),
        area: "configuration",
        found: /NETCHECK_SLACK_APP_TOKEN is missing/,
        remedy: /begins with "xapp-"/,
      },
      {
        name: "a number out of range",
        seed: () => ({ NETCHECK_MAX_CHECKS: "99" }),
        area: "configuration",
        found: /NETCHECK_MAX_CHECKS is "99"/,
        remedy: /1 to 50/,
      },
      {
        name: "a variable that is misspelt",
        seed: () => ({ NETCHECK_ALOWED_USERS: "U0SAM" }),
        area: "configuration",
        found: /Nobody reads NETCHECK_ALOWED_USERS/,
        remedy: /Rename it to NETCHECK_ALLOWED_USERS/,
      },
    ],
    base,
    secrets,
  );
});
