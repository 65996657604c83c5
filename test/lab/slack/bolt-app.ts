import { App, LogLevel, SocketModeReceiver } from "@slack/bolt";
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

type BoltOptions = {
  readonly http?: boolean;
  readonly signingSecret?: string;
  /** Socket Mode: how long the client waits for a pong, and before it connects again. Bolt's default is 5 s. */
  readonly clientPingTimeoutMs?: number;
};

/** A Bolt app that talks to the lab only because its API address says so; nothing else about it is special. */
export function boltApp(slack: LabSlack, options: BoltOptions = {}): App {
  const clientOptions = { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true };
  const { http = false, signingSecret = slack.signingSecret, clientPingTimeoutMs: clientPingTimeout } = options;
  const common = { token: slack.botToken, clientOptions, logger: quiet };
  if (http) return new App({ ...common, signingSecret });
  if (clientPingTimeout === undefined) return new App({ ...common, socketMode: true, appToken: slack.appToken });
  const receiver = new SocketModeReceiver({
    appToken: slack.appToken,
    clientPingTimeout,
    logger: quiet,
    installerOptions: { clientOptions },
  });
  return new App({ ...common, receiver });
}

/** Starts the app and waits until the lab sees its connection. */
export async function connected(slack: LabSlack, app: App): Promise<App> {
  const before = slack.state().connections;
  await app.start();
  await slack.connections(before + 1);
  return app;
}
