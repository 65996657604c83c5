import type { Block, Message } from "../protocol.ts";
import { APP_ID, BOT_ID, BOT_USER } from "./workspace.ts";
import { emit, newId, nextTs, type World } from "./world.ts";

/** Messages kept per channel; the oldest give way. */
const MESSAGES_PER_CHANNEL = 5_000;

export type Draft = Omit<Message, "ts" | "type"> & { readonly ts?: string };

const inChannel = (world: World, channel: string): Message[] => {
  const messages = world.messages.get(channel) ?? [];
  world.messages.set(channel, messages);
  return messages;
};

/** All messages of a channel that still exist, oldest first. */
export const messagesIn = (world: World, channel: string): readonly Message[] => world.messages.get(channel) ?? [];

export const findMessage = (world: World, channel: string, ts: string | undefined): Message | undefined =>
  messagesIn(world, channel).find((message) => message.ts === ts);

/** The parent and its replies, oldest first, without ephemeral ones. */
export const threadOf = (world: World, channel: string, ts: string): Message[] =>
  messagesIn(world, channel).filter(
    (message) => !message.ephemeral_for && (message.ts === ts || message.thread_ts === ts),
  );

/** What every message of the app carries. */
export const botAuthor = (world: World): Pick<Message, "user" | "bot_id" | "app_id" | "username" | "team"> => ({
  user: BOT_USER,
  bot_id: BOT_ID,
  app_id: APP_ID,
  username: world.users.get(BOT_USER)?.name ?? "",
  team: world.team.id,
});

const ACTION_TYPES = /button|select|picker|input|overflow|checkboxes/;

/** Slack fills in the ids that an app leaves out; without them a click could not be told from another. */
export function withIds(blocks: readonly Block[]): Block[] {
  const named = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(named);
    if (typeof value !== "object" || value === null) return value;
    const fields: Record<string, unknown> = Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, named(item)]),
    );
    const { type, action_id } = fields;
    if (typeof type === "string" && ACTION_TYPES.test(type) && type !== "input" && action_id === undefined)
      fields["action_id"] = newId("");
    return fields;
  };
  return blocks.map((block) => ({ ...block, ...(named(block) as Block), block_id: block.block_id ?? newId("") }));
}

function replace(world: World, channel: string, message: Message): void {
  const messages = inChannel(world, channel);
  const index = messages.findIndex(({ ts }) => ts === message.ts);
  if (index >= 0) messages[index] = message;
}

/** Replies change their parent's counters, and whoever watches the parent is told. */
function touchParent(world: World, channel: string, parentTs: string): void {
  const parent = findMessage(world, channel, parentTs);
  if (!parent) return;
  const replies = threadOf(world, channel, parentTs).filter(({ ts }) => ts !== parentTs);
  const { thread_ts: _, reply_count: __, reply_users: ___, latest_reply: ____, ...bare } = parent;
  const latest = replies.at(-1);
  const touched: Message = latest
    ? {
        ...bare,
        thread_ts: parentTs,
        reply_count: replies.length,
        reply_users: [...new Set(replies.map(({ user }) => user))],
        latest_reply: latest.ts,
      }
    : bare;
  replace(world, channel, touched);
  emit(world, { type: "message_changed", channel, message: touched, replies: true });
}

/** Adds a message. Nothing is checked here: who may post what is decided before. */
export function post(world: World, channel: string, draft: Draft): Message {
  const message: Message = {
    type: "message",
    ...draft,
    ts: draft.ts ?? nextTs(world),
    ...(draft.blocks && { blocks: withIds(draft.blocks) }),
  };
  const messages = inChannel(world, channel);
  messages.push(message);
  if (messages.length > MESSAGES_PER_CHANNEL) messages.shift();
  if (message.ephemeral_for) {
    emit(world, { type: "ephemeral", channel, user: message.ephemeral_for, message });
  } else {
    emit(world, { type: "message", channel, message });
    if (message.thread_ts) touchParent(world, channel, message.thread_ts);
  }
  return message;
}

/** Puts new content in place of a message. `type` is what watchers hear. */
export function change(
  world: World,
  channel: string,
  message: Message,
  type: "message_changed" | "reaction" = "message_changed",
): Message {
  const changed = message.blocks ? { ...message, blocks: withIds(message.blocks) } : message;
  replace(world, channel, changed);
  if (type === "reaction") emit(world, { type, channel, ts: changed.ts, message: changed });
  else if (changed.ephemeral_for)
    emit(world, { type: "ephemeral", channel, user: changed.ephemeral_for, message: changed });
  else emit(world, { type, channel, message: changed });
  return changed;
}

/** Removes a message; a parent with replies leaves a tombstone behind, as in Slack. */
export function remove(world: World, channel: string, message: Message): void {
  if ((message.reply_count ?? 0) > 0) {
    const { blocks: _, files: __, metadata: ___, bot_id: ____, app_id: _____, username: ______, ...bare } = message;
    change(world, channel, { ...bare, subtype: "tombstone", user: "USLACKBOT", text: "This message was deleted." });
    return;
  }
  const messages = inChannel(world, channel);
  const index = messages.findIndex(({ ts }) => ts === message.ts);
  if (index >= 0) messages.splice(index, 1);
  emit(world, { type: "message_deleted", channel, ts: message.ts });
  if (message.thread_ts && message.thread_ts !== message.ts) touchParent(world, channel, message.thread_ts);
}
