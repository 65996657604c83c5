import type { Channel, Json, Message, User, View } from "../protocol.ts";
import { shown } from "./api/content.ts";
import type { Lab } from "./lab.ts";
import { withApp } from "./views.ts";
import { APP_ID, BOT_USER } from "./workspace.ts";
import { newId, nextTs, type World } from "./world.ts";

/** The old verification token; apps that still look at it find this. */
const TOKEN = "lab-verification-token";

const teamField = ({ team }: World): Json => ({ id: team.id, domain: team.domain });
const userField = ({ id, name, team_id }: User): Json => ({ id, username: name, name, team_id });
const channelField = (channel: Channel): Json => ({
  id: channel.id,
  name: channel.is_im ? "directmessage" : channel.name,
});

const common = (world: World): Json => ({
  api_app_id: APP_ID,
  token: TOKEN,
  team: teamField(world),
  enterprise: null,
  is_enterprise_install: false,
});

export function commandPayload(lab: Lab, user: User, channel: Channel, command: string, text: string): Json {
  const { team } = lab.world;
  return {
    token: TOKEN,
    team_id: team.id,
    team_domain: team.domain,
    channel_id: channel.id,
    channel_name: channel.is_im ? "directmessage" : channel.name,
    user_id: user.id,
    user_name: user.name,
    command,
    text,
    api_app_id: APP_ID,
    is_enterprise_install: "false",
    response_url: lab.triggers.newResponseUrl({ user: user.id, channel: channel.id }),
    trigger_id: lab.triggers.newTrigger(user.id),
  };
}

/** Wraps an event as the Events API does. */
export function eventPayload(
  { world, quirks }: Lab,
  event: Json & { readonly type: string },
  more: { readonly isExtShared?: boolean } = {},
): Json {
  const noContext = quirks.omitContextTeamId && event.type === "app_mention";
  return {
    token: TOKEN,
    team_id: world.team.id,
    ...(!noContext && { context_team_id: world.team.id, context_enterprise_id: null }),
    api_app_id: APP_ID,
    event,
    type: "event_callback",
    event_id: newId("Ev"),
    event_time: Math.floor(world.clock.nowMs() / 1_000),
    authorizations: [
      { enterprise_id: null, team_id: world.team.id, user_id: BOT_USER, is_bot: true, is_enterprise_install: false },
    ],
    is_ext_shared_channel: more.isExtShared ?? false,
    event_context: `4-${newId("")}`,
  };
}

type Click = { readonly user: User; readonly action: Json };

/** A control that was used on a message. */
export function messageActionPayload(lab: Lab, { user, action }: Click, channel: Channel, message: Message): Json {
  const { ts, thread_ts, ephemeral_for } = message;
  return {
    type: "block_actions",
    ...common(lab.world),
    user: userField(user),
    trigger_id: lab.triggers.newTrigger(user.id),
    response_url: lab.triggers.newResponseUrl({
      user: user.id,
      channel: channel.id,
      messageTs: ts,
      ...(thread_ts && { threadTs: thread_ts }),
    }),
    container: {
      type: "message",
      message_ts: ts,
      channel_id: channel.id,
      is_ephemeral: ephemeral_for !== undefined,
      ...(thread_ts && { thread_ts }),
    },
    channel: channelField(channel),
    // Slack keeps nothing of an ephemeral message, so it cannot send it back.
    ...(!ephemeral_for && { message: shown(message) }),
    state: { values: {} },
    actions: [{ ...action, action_ts: nextTs(lab.world) }],
  };
}

/** A control that was used in a modal or the Home tab. */
export function viewActionPayload(lab: Lab, { user, action }: Click, view: View): Json {
  return {
    type: "block_actions",
    ...common(lab.world),
    user: userField(user),
    trigger_id: lab.triggers.newTrigger(user.id, { fromModal: view.type === "modal" }),
    container: { type: "view", view_id: view.id },
    view: withApp(lab.world, view),
    actions: [{ ...action, action_ts: nextTs(lab.world) }],
  };
}

export const submissionPayload = (lab: Lab, user: User, view: View): Json => ({
  type: "view_submission",
  ...common(lab.world),
  user: userField(user),
  trigger_id: lab.triggers.newTrigger(user.id, { fromModal: true }),
  view: withApp(lab.world, view),
  response_urls: [],
});

export const closedPayload = (lab: Lab, user: User, view: View, isCleared: boolean): Json => ({
  type: "view_closed",
  ...common(lab.world),
  user: userField(user),
  view: withApp(lab.world, view),
  is_cleared: isCleared,
});

/** A shortcut, from a message's menu or from anywhere. */
export function shortcutPayload(
  lab: Lab,
  user: User,
  callbackId: string,
  on: { readonly channel: Channel; readonly message: Message } | undefined,
): Json {
  const head = {
    ...common(lab.world),
    user: userField(user),
    callback_id: callbackId,
    trigger_id: lab.triggers.newTrigger(user.id),
    action_ts: nextTs(lab.world),
  };
  if (!on) return { type: "shortcut", ...head };
  const { channel, message } = on;
  return {
    type: "message_action",
    ...head,
    channel: channelField(channel),
    message_ts: message.ts,
    message: shown(message),
    response_url: lab.triggers.newResponseUrl({
      user: user.id,
      channel: channel.id,
      ...(message.thread_ts && { threadTs: message.thread_ts }),
    }),
  };
}
