import { expect, test } from "vitest";
import { loadManifest } from "#lab/slack/server/manifest.ts";

const path = new URL("../../../manifest.yml", import.meta.url).pathname;

test("the app's manifest has the command, Socket Mode, and one event per mention", async () => {
  const manifest = await loadManifest(path);
  expect(manifest.features.slash_commands).toMatchObject([{ command: "/netcheck", should_escape: true }]);
  expect(manifest.settings.socket_mode_enabled).toBe(true);
  const { bot_events } = manifest.settings.event_subscriptions;
  expect(bot_events).toContain("app_mention");
  expect(bot_events).not.toContain("message.channels");
});

test("a manifest that Slack would refuse is refused", async () => {
  await expect(loadManifest({ display_information: { name: "x".repeat(36) } })).rejects.toThrow(
    "not a Slack app manifest",
  );
  await expect(loadManifest("/nowhere/manifest.yml")).rejects.toThrow("ENOENT");
});
