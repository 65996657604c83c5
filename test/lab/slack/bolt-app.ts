import { App, LogLevel } from "@slack/bolt";
import type { LabSlack } from "#lab/slack/server.ts";

const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => LogLevel.ERROR,
  setName: () => undefined,
};

/** A Bolt app that talks to the lab only because its API address says so; nothing else about it is special. */
export function boltApp(slack: LabSlack, options: { http?: boolean; signingSecret?: string; port?: number } = {}): App {
  const clientOptions = { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true };
  const { http = false, signingSecret = slack.signingSecret, port = 0 } = options;
  return new App({
    token: slack.botToken,
    clientOptions,
    logger: quiet,
    ...(http ? { signingSecret, port } : { socketMode: true, appToken: slack.appToken }),
  });
}

/** Starts the app and waits until the lab sees its connection. */
export async function connected(slack: LabSlack, app: App): Promise<App> {
  const before = slack.state().connections;
  await app.start();
  await slack.connections(before + 1);
  return app;
}
