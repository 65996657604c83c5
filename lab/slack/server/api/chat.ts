import type { Channel, Message } from "../../protocol.ts";
import { ApiError } from "../errors.ts";
import type { Lab } from "../lab.ts";
import { botAuthor, change, post, remove } from "../messages.ts";
import { BOT_ID, BOT_USER, directMessage } from "../workspace.ts";
import { changeChannel, newId, nextTs } from "../world.ts";
import { messageContent, shown } from "./content.ts";
import { type ApiMethod, type Args, joinedChannel, knownMessage, needScope, visibleChannel } from "./method.ts";

const UPDATE_TEXT_MAX = 4_000;
const SCHEDULE_MAX_S = 120 * 24 * 3_600;

/** Where a message goes: a channel the app is in, or a person's direct message. */
function destination(lab: Lab, id: string): Channel {
  const user = lab.world.users.get(id);
  if (!user) return joinedChannel(lab, id);
  if (user.is_bot) throw new ApiError("channel_not_found");
  const known = lab.world.channels.get(directMessage(user).id);
  if (known) return known;
  const channel = directMessage(user);
  changeChannel(lab.world, channel);
  return channel;
}

/** Replies go under a message that exists and is not a reply itself. */
function threadTs(lab: Lab, channel: Channel, args: Args): Pick<Message, "thread_ts"> | undefined {
  const ts = args.text("thread_ts");
  if (!ts) return undefined;
  const parent = knownMessage(lab, channel, ts, "thread_not_found");
  if (parent.thread_ts && parent.thread_ts !== parent.ts) throw new ApiError("cannot_reply_to_message");
  return { thread_ts: ts };
}

/** Everything that chat.postMessage does, also for messages that come later. */
function postAsBot(lab: Lab, args: Args): { channel: Channel; post: () => Message } {
  const channel = destination(lab, args.need("channel"));
  if (args.text("username") || args.text("icon_emoji") || args.text("icon_url"))
    needScope(lab.world, "chat:write.customize");
  const content = messageContent(lab.world, args, { longBlocks: "refused" });
  const thread = threadTs(lab, channel, args);
  const broadcast = thread && args.flag("reply_broadcast") ? { subtype: "thread_broadcast" } : undefined;
  const username = args.text("username");
  return {
    channel,
    post: () =>
      post(lab.world, channel.id, {
        ...botAuthor(lab.world),
        ...(username && { username }),
        ...content,
        ...thread,
        ...broadcast,
      }),
  };
}

const postMessage: ApiMethod = {
  scope: "chat:write",
  limit: "channel",
  token: "bot",
  handle: (lab, args) => {
    const { channel, post: send } = postAsBot(lab, args);
    const message = send();
    return { channel: channel.id, ts: message.ts, message: shown(message) };
  },
};

const update: ApiMethod = {
  scope: "chat:write",
  limit: "T3",
  token: "bot",
  handle: (lab, args) => {
    const channel = joinedChannel(lab, args.need("channel"));
    const message = knownMessage(lab, channel, args.need("ts"));
    if (message.bot_id !== BOT_ID || message.subtype === "tombstone") throw new ApiError("cant_update_message");
    if ((args.text("text") ?? "").length > UPDATE_TEXT_MAX) throw new ApiError("msg_too_long");
    const content = messageContent(lab.world, args, { longBlocks: "refused" });
    const { blocks: _, attachments: __, edited: ___, metadata: kept, ...bare } = message;
    const metadata = args.json("metadata") === undefined ? kept : content.metadata;
    const { metadata: ____, ...words } = content;
    const changed = change(lab.world, channel.id, {
      ...bare,
      ...words,
      ...(metadata && { metadata }),
      // With blocks Slack shows no "(edited)".
      ...(!content.blocks && { edited: { user: BOT_USER, ts: nextTs(lab.world) } }),
    });
    return { channel: channel.id, ts: changed.ts, text: changed.text, message: shown(changed) };
  },
};

const deleteMessage: ApiMethod = {
  scope: "chat:write",
  limit: "T3",
  token: "bot",
  handle: (lab, args) => {
    const channel = joinedChannel(lab, args.need("channel"));
    const message = knownMessage(lab, channel, args.need("ts"));
    if (message.bot_id !== BOT_ID) throw new ApiError("cant_delete_message");
    remove(lab.world, channel.id, message);
    return { channel: channel.id, ts: message.ts };
  },
};

const postEphemeral: ApiMethod = {
  scope: "chat:write",
  limit: "T4",
  token: "bot",
  handle: (lab, args) => {
    const channel = joinedChannel(lab, args.need("channel"));
    const user = args.need("user");
    if (!channel.members.includes(user)) throw new ApiError("user_not_in_channel");
    const content = messageContent(lab.world, args, { longBlocks: "refused" });
    const message = post(lab.world, channel.id, {
      ...botAuthor(lab.world),
      ...content,
      ...threadTs(lab, channel, args),
      ephemeral_for: user,
    });
    return { message_ts: message.ts };
  },
};

const getPermalink: ApiMethod = {
  limit: "none",
  token: "bot",
  handle: (lab, args) => {
    const channel = visibleChannel(lab, args.need("channel"));
    const { ts, thread_ts } = knownMessage(lab, channel, args.need("message_ts"));
    const inThread = thread_ts && thread_ts !== ts ? `?thread_ts=${thread_ts}&cid=${channel.id}` : "";
    const permalink = `${lab.world.baseUrl}/archives/${channel.id}/p${ts.replace(".", "")}${inThread}`;
    return { channel: channel.id, permalink };
  },
};

const scheduleMessage: ApiMethod = {
  scope: "chat:write",
  limit: "T3",
  token: "bot",
  handle: (lab, args) => {
    const postAt = Number(args.need("post_at"));
    const inS = postAt - lab.world.clock.nowMs() / 1_000;
    if (!Number.isFinite(postAt)) throw new ApiError("invalid_time");
    if (inS <= 0) throw new ApiError("time_in_past");
    if (inS > SCHEDULE_MAX_S) throw new ApiError("time_too_far");
    const { channel, post: send } = postAsBot(lab, args);
    lab.world.clock.after(inS * 1_000, send);
    return { channel: channel.id, scheduled_message_id: newId("Q"), post_at: postAt };
  },
};

export const chat = {
  "chat.postMessage": postMessage,
  "chat.update": update,
  "chat.delete": deleteMessage,
  "chat.postEphemeral": postEphemeral,
  "chat.getPermalink": getPermalink,
  "chat.scheduleMessage": scheduleMessage,
} as const satisfies Record<string, ApiMethod>;
