import type { Channel, Json, LabEvent, Message } from "../protocol.ts";
import { shown } from "./api/content.ts";
import { scopeKind } from "./api/method.ts";
import type { Lab } from "./lab.ts";
import { eventPayload } from "./payloads.ts";
import { BOT_USER } from "./workspace.ts";
import { nextTs } from "./world.ts";

type AppEvent = Json & { readonly type: string };

/** Scopes without which Slack does not deliver an event, whatever is subscribed. */
const NEEDED_SCOPE: Readonly<Record<string, string>> = {
  app_mention: "app_mentions:read",
  "message.im": "im:history",
  "message.channels": "channels:history",
  "message.groups": "groups:history",
  reaction_added: "reactions:read",
  subteam_members_changed: "usergroups:read",
  subteam_updated: "usergroups:read",
};

function subscribed({ world }: Lab, name: string): boolean {
  const scope = NEEDED_SCOPE[name];
  return (
    world.manifest.settings.event_subscriptions.bot_events.includes(name) &&
    (scope === undefined || world.scopes.has(scope))
  );
}

/** Sends an event to the app if it subscribed to it; `name` is the subscription, e.g. "message.im". */
export function tellApp(lab: Lab, name: string, event: AppEvent, channel?: Channel): boolean {
  if (!subscribed(lab, name)) return false;
  void lab.delivery.deliverEvent(eventPayload(lab, event, { isExtShared: channel?.is_ext_shared ?? false }));
  return true;
}

const messageSubscription = (channel: Channel): string => `message.${scopeKind(channel)}`;

function messageEvents(channel: Channel, message: Message): (readonly [string, AppEvent])[] {
  const base = { ...shown(message), channel: channel.id, event_ts: message.ts };
  const seen = {
    ...base,
    type: "message",
    channel_type: channel.is_im ? "im" : channel.is_private ? "group" : "channel",
  };
  const mentioned = !message.bot_id && message.text.includes(`<@${BOT_USER}>`) && !channel.is_im;
  return [
    ...(mentioned ? [["app_mention", { ...base, type: "app_mention" }] as const] : []),
    [messageSubscription(channel), seen] as const,
  ];
}

/**
 * What the app hears of a change, as subscription and event. One mention can be two events; the app's own messages
 * come back to it in direct messages. Slack tells an app only about channels it is in.
 */
export function eventsFor(lab: Lab, change: LabEvent): readonly (readonly [name: string, event: AppEvent])[] {
  if (!("channel" in change) || typeof change.channel !== "string") return [];
  const channel = lab.world.channels.get(change.channel);
  if (!channel?.members.includes(BOT_USER)) return [];
  const wrap = (more: Json): AppEvent => ({
    type: "message",
    channel: channel.id,
    channel_type: channel.is_im ? "im" : "channel",
    hidden: true,
    ts: nextTs(lab.world),
    event_ts: nextTs(lab.world),
    ...more,
  });
  switch (change.type) {
    case "message":
      return messageEvents(channel, change.message);
    case "message_changed":
      if (change.replies) return [];
      return [[messageSubscription(channel), wrap({ subtype: "message_changed", message: shown(change.message) })]];
    case "message_deleted":
      return [[messageSubscription(channel), wrap({ subtype: "message_deleted", deleted_ts: change.ts })]];
    default:
      return [];
  }
}

/** Listens to everything that happens and tells the app what it subscribed to. */
export function connectEvents(lab: Lab): void {
  lab.world.changes.on("change", (change) => {
    if (!("channel" in change) || typeof change.channel !== "string") return;
    const channel = lab.world.channels.get(change.channel);
    for (const [name, event] of eventsFor(lab, change)) tellApp(lab, name, event, channel);
  });
}
