import type { Channel, CommandResult, MessageResult, User, UserGroup } from "../protocol.ts";
import { messageContent } from "./api/content.ts";
import { Args } from "./api/method.ts";
import { reacted } from "./api/reactions.ts";
import { eventsFor, tellApp } from "./app-events.ts";
import { ApiError, LabError } from "./errors.ts";
import { escapeTyped, richTextOf } from "./escape.ts";
import type { Lab } from "./lab.ts";
import { botAuthor, change, findMessage, post } from "./messages.ts";
import { commandPayload } from "./payloads.ts";
import { BOT_USER, directMessage, SLACKBOT } from "./workspace.ts";
import { changeChannel, channelOf, isOutsider, newId, nextTs, record, userOf } from "./world.ts";

/** A person in a channel; people act only where they are members. */
export function personIn(lab: Lab, userId: string, channelId: string): { user: User; channel: Channel } {
  const user = userOf(lab.world, userId);
  const channel = channelOf(lab.world, channelId);
  if (!channel.members.includes(user.id)) throw new LabError(`${user.name} is not in ${channel.name}.`);
  return { user, channel };
}

/** What Slackbot tells one person, in Slack's words. */
function notice(lab: Lab, user: User, channel: Channel, text: string, threadTs?: string): string {
  post(lab.world, channel.id, {
    user: SLACKBOT,
    text,
    ephemeral_for: user.id,
    ...(threadTs && { thread_ts: threadTs }),
  });
  return text;
}

type CommandRequest = {
  readonly user: string;
  readonly channel: string;
  readonly text: string;
  readonly thread_ts?: string | undefined;
};

/**
 * A person sends a slash command. Answers when the app acknowledged or its 3 s are over.
 * Slack itself knows `/invite @name`; commands do not work in threads, nor for people of other workspaces.
 */
export async function sendCommand(lab: Lab, request: CommandRequest): Promise<CommandResult> {
  const { user, channel } = personIn(lab, request.user, request.channel);
  const [, name = "", typed = ""] = /^(\S+)\s*([\s\S]*)$/.exec(request.text.trim()) ?? [];
  if (name === "/invite") return inviteByName(lab, user, channel, typed);
  const command = lab.world.manifest.features.slash_commands.find((one) => one.command === name);
  if (!command || isOutsider(lab.world, user)) {
    const text = `\`${name}\` is not a valid command. In Slack, all messages that start with the "/" character are interpreted as commands.`;
    return { delivered: false, failed: "invalid_command", notice: notice(lab, user, channel, text, request.thread_ts) };
  }
  if (request.thread_ts) {
    const text = `\`${name}\` is not supported in threads. Sorry!`;
    return { delivered: false, failed: "invalid_command", notice: notice(lab, user, channel, text, request.thread_ts) };
  }
  const text = command.should_escape ? escapeTyped(lab.world, typed, { withName: true }) : typed;
  const ack = await lab.delivery.deliver("slash_commands", commandPayload(lab, user, channel, name, text), true);
  const { body, ...delivery } = ack;
  if (ack.failed) {
    const why = `${name} failed with the error "${ack.failed}"`;
    return { ...delivery, notice: notice(lab, user, channel, why) };
  }
  const answer = answerInAck(lab, user, channel, body);
  return answer === "refused"
    ? {
        ...delivery,
        failed: "dispatch_failed",
        notice: notice(lab, user, channel, `${name} failed with the error "dispatch_failed"`),
      }
    : { ...delivery, ...(answer && { response: answer }) };
}

/** Shows the message that came with the acknowledgement, if there was one. */
function answerInAck(lab: Lab, user: User, channel: Channel, body: unknown): CommandResult["response"] | "refused" {
  if (typeof body !== "object" || body === null || Object.keys(body).length === 0) return undefined;
  const args = new Args(body as Record<string, unknown>);
  // `ack("")` is an acknowledgement without a message.
  if (!args.text("text") && !("blocks" in body) && !("attachments" in body)) return undefined;
  try {
    const content = messageContent(lab.world, args, { longBlocks: "taken" });
    const response_type = args.text("response_type") === "in_channel" ? "in_channel" : "ephemeral";
    post(lab.world, channel.id, {
      ...botAuthor(lab.world),
      ...content,
      ...(response_type === "ephemeral" && { ephemeral_for: user.id }),
    });
    const { text, blocks } = content;
    return { text, ...(blocks && { blocks }), response_type };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    record(lab.world, { kind: "ack", name: "slash_commands", ok: false, error: error.error, channel: channel.id });
    return "refused";
  }
}

/** Makes somebody, usually the app, a member of a channel. */
export function invite(lab: Lab, { user: id, channel: channelId }: { user: string; channel: string }): Channel {
  const channel = channelOf(lab.world, channelId);
  const { id: member } = userOf(lab.world, id);
  if (channel.members.includes(member)) return channel;
  const changed = { ...channel, members: [...channel.members, member] };
  changeChannel(lab.world, changed);
  tellApp(lab, "member_joined_channel", {
    type: "member_joined_channel",
    user: member,
    channel: channel.id,
    team: lab.world.team.id,
    event_ts: nextTs(lab.world),
  });
  return changed;
}

function inviteByName(lab: Lab, user: User, channel: Channel, typed: string): CommandResult {
  const name = typed.trim().replace(/^@/, "");
  const guest = [...lab.world.users.values()].find((one) => one.name === name);
  if (!guest)
    return { delivered: false, failed: "invalid_command", notice: notice(lab, user, channel, `There is no @${name}.`) };
  invite(lab, { user: guest.id, channel: channel.id });
  return { delivered: false, notice: notice(lab, user, channel, `@${guest.name} is in the channel now.`) };
}

type MessageRequest = CommandRequest;

/** A person writes a message. Mentions are written @name; the app hears of it as far as it subscribed. */
export function sendMessage(lab: Lab, request: MessageRequest): MessageResult {
  const { user, channel } = personIn(lab, request.user, request.channel);
  const { thread_ts } = request;
  const parent = thread_ts === undefined ? undefined : findMessage(lab.world, channel.id, thread_ts);
  if (thread_ts !== undefined && !parent) throw new LabError("There is no such thread.", { status: 404 });
  if (request.text.trim() === "") throw new LabError("Nothing was written.");
  const text = escapeTyped(lab.world, request.text, { withName: false });
  const message = post(lab.world, channel.id, {
    user: user.id,
    team: user.team_id,
    text,
    blocks: [richTextOf(text)],
    ...(thread_ts && { thread_ts, parent_user_id: parent?.user }),
  });
  const mentionsBot = text.includes(`<@${BOT_USER}>`);
  if (mentionsBot && !channel.members.includes(BOT_USER)) {
    const name = lab.world.users.get(BOT_USER)?.name;
    notice(
      lab,
      user,
      channel,
      `You mentioned @${name}, but they’re not in this channel. Invite them: /invite @${name}`,
      thread_ts,
    );
  }
  const { bot_events } = lab.world.manifest.settings.event_subscriptions;
  const told = eventsFor(lab, { type: "message", channel: channel.id, message });
  return {
    ts: message.ts,
    channel: channel.id,
    deliveries: told.filter(([name]) => bot_events.includes(name)).length,
  };
}

/** A person reacts to a message, or takes the reaction back. */
export function react(
  lab: Lab,
  {
    user: userId,
    channel: channelId,
    message_ts,
    name,
    remove = false,
  }: {
    user: string;
    channel: string;
    message_ts: string;
    name: string;
    remove?: boolean | undefined;
  },
): void {
  const { user, channel } = personIn(lab, userId, channelId);
  const message = findMessage(lab.world, channel.id, message_ts);
  if (!message || message.ephemeral_for) throw new LabError("There is no such message.", { status: 404 });
  const changed = reacted(message, name, user.id, !remove);
  if (!changed) return;
  change(lab.world, channel.id, changed, "reaction");
  const type = remove ? "reaction_removed" : "reaction_added";
  tellApp(lab, type, {
    type,
    user: user.id,
    reaction: name,
    item: { type: "message", channel: channel.id, ts: message.ts },
    item_user: message.user,
    event_ts: nextTs(lab.world),
  });
}

/** Changes who is in a user group, or makes a new one, as an administrator would. */
export function setUserGroup(lab: Lab, { handle, users }: { handle: string; users: readonly string[] }): UserGroup {
  const known = [...lab.world.userGroups.values()].find((group) => group.handle === handle);
  const group: UserGroup = { id: known?.id ?? newId("S"), handle, name: known?.name ?? handle, users };
  for (const id of users) userOf(lab.world, id);
  lab.world.userGroups.set(group.id, group);
  const before = known?.users ?? [];
  const added = users.filter((id) => !before.includes(id));
  const removed = before.filter((id) => !users.includes(id));
  tellApp(lab, "subteam_members_changed", {
    type: "subteam_members_changed",
    subteam_id: group.id,
    team_id: lab.world.team.id,
    date_update: Math.floor(lab.world.clock.nowMs() / 1_000),
    added_users: added,
    added_users_count: added.length,
    removed_users: removed,
    removed_users_count: removed.length,
    event_ts: nextTs(lab.world),
  });
  return group;
}

/** Shares a channel with another workspace, or ends that; the app hears of it. */
export function shareChannel(
  lab: Lab,
  { channel: id, shared, pending = false }: { channel: string; shared: boolean; pending?: boolean | undefined },
): Channel {
  const channel = { ...channelOf(lab.world, id), is_ext_shared: shared, is_pending_ext_shared: pending };
  changeChannel(lab.world, channel);
  const type = shared ? "channel_shared" : "channel_unshared";
  tellApp(lab, type, { type, channel: id, connected_team_id: "T0ACMECORP", event_ts: nextTs(lab.world) });
  return channel;
}

/** The person's direct message with the app, made when there is none. */
export function directMessageOf(lab: Lab, user: User): Channel {
  const channel = directMessage(user);
  if (!lab.world.channels.has(channel.id)) changeChannel(lab.world, channel);
  return channelOf(lab.world, channel.id);
}
