import type { Channel, Json, Message } from "../../protocol.ts";
import { ApiError } from "../errors.ts";
import { messagesIn, threadOf } from "../messages.ts";
import { directMessage } from "../workspace.ts";
import { changeChannel, type World } from "../world.ts";
import { shown } from "./content.ts";
import {
  type ApiMethod,
  type Args,
  joinedChannel,
  knownMessage,
  knownUser,
  needScope,
  page,
  scopeKind,
  visibleChannel,
} from "./method.ts";

/** A channel as conversations.info shows it. */
function conversation(world: World, channel: Channel): Json {
  const { members, user, name, ...rest } = channel;
  const kinds = { is_channel: !channel.is_im, is_group: channel.is_private && !channel.is_im, is_mpim: false };
  if (channel.is_im) return { ...rest, ...kinds, is_channel: false, user, is_archived: false, is_org_shared: false };
  return {
    ...rest,
    ...kinds,
    name,
    name_normalized: name,
    is_archived: false,
    is_general: false,
    is_shared: channel.is_ext_shared,
    is_org_shared: false,
    is_member: members.some((id) => world.users.get(id)?.is_bot),
    context_team_id: world.team.id,
    num_members: members.length,
    topic: { value: "" },
    purpose: { value: "" },
  };
}

const info: ApiMethod = {
  limit: "T3",
  token: "bot",
  handle: (lab, args) => {
    const channel = visibleChannel(lab, args.need("channel"));
    needScope(lab.world, `${scopeKind(channel)}:read`);
    const { num_members, ...shownChannel } = conversation(lab.world, channel);
    return { channel: args.flag("include_num_members") ? { ...shownChannel, num_members } : shownChannel };
  },
};

function listed(messages: readonly Message[], args: Args): Json {
  const oldest = args.text("oldest") ?? "0";
  const latest = args.text("latest");
  const inclusive = args.flag("inclusive");
  const within = messages.filter(({ ts, ephemeral_for }) => {
    if (ephemeral_for) return false;
    if (Number(ts) < Number(oldest) || (ts === oldest && !inclusive)) return false;
    return latest === undefined || Number(ts) < Number(latest) || (ts === latest && inclusive);
  });
  const { items, nextCursor } = page(within, args, { fallback: 100, max: 999 });
  const withMetadata = args.flag("include_all_metadata");
  return {
    messages: items.map((message) => shown(message, { withMetadata })),
    has_more: nextCursor !== "",
    response_metadata: { next_cursor: nextCursor },
  };
}

const history: ApiMethod = {
  limit: "T3",
  token: "bot",
  handle: (lab, args) => {
    const channel = joinedChannel(lab, args.need("channel"));
    needScope(lab.world, `${scopeKind(channel)}:history`);
    const top = messagesIn(lab.world, channel.id).filter(
      ({ ts, thread_ts, subtype }) => !thread_ts || thread_ts === ts || subtype === "thread_broadcast",
    );
    return listed(top.toReversed(), args);
  },
};

const replies: ApiMethod = {
  limit: "T3",
  token: "bot",
  handle: (lab, args) => {
    const channel = joinedChannel(lab, args.need("channel"));
    needScope(lab.world, `${scopeKind(channel)}:history`);
    const message = knownMessage(lab, channel, args.need("ts"), "thread_not_found");
    return listed(threadOf(lab.world, channel.id, message.thread_ts ?? message.ts), args);
  },
};

const members: ApiMethod = {
  limit: "T4",
  token: "bot",
  handle: (lab, args) => {
    const channel = visibleChannel(lab, args.need("channel"));
    needScope(lab.world, `${scopeKind(channel)}:read`);
    const { items, nextCursor } = page(channel.members, args, { fallback: 100, max: 999 });
    return { members: items, response_metadata: { next_cursor: nextCursor } };
  },
};

const open: ApiMethod = {
  scope: "im:write",
  limit: "T3",
  token: "bot",
  handle: (lab, args) => {
    const ids = args.need("users").split(",");
    if (ids.length > 1) throw new ApiError("not_enough_users");
    const user = knownUser(lab, ids[0]);
    if (user.is_bot) throw new ApiError("cannot_dm_bot");
    const channel = directMessage(user);
    const already = lab.world.channels.has(channel.id);
    if (!already) changeChannel(lab.world, channel);
    const { id } = channel;
    return {
      ...(already && { no_op: true, already_open: true }),
      channel: args.flag("return_im") ? conversation(lab.world, channel) : { id },
    };
  },
};

export const conversations = {
  "conversations.info": info,
  "conversations.history": history,
  "conversations.replies": replies,
  "conversations.members": members,
  "conversations.open": open,
} as const satisfies Record<string, ApiMethod>;
