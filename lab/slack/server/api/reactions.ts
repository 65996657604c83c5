import type { Message } from "../../protocol.ts";
import { ApiError } from "../errors.ts";
import type { Lab } from "../lab.ts";
import { change } from "../messages.ts";
import { BOT_USER } from "../workspace.ts";
import { type ApiMethod, type Args, joinedChannel, knownMessage } from "./method.ts";

/** Adds or takes back one person's reaction; undefined when it already was so. */
export function reacted(message: Message, name: string, user: string, on: boolean): Message | undefined {
  const { reactions = [], ...bare } = message;
  const before = reactions.find((reaction) => reaction.name === name)?.users ?? [];
  if (before.includes(user) === on) return undefined;
  const users = on ? [...before, user] : before.filter((id) => id !== user);
  const others = reactions.filter((reaction) => reaction.name !== name);
  const all = users.length > 0 ? [...others, { name, count: users.length, users }] : others;
  return all.length > 0 ? { ...bare, reactions: all } : bare;
}

function react(lab: Lab, args: Args, on: boolean, unchanged: string): Record<string, never> {
  const name = args.need("name");
  if (!/^[a-z0-9_+'-]+(::skin-tone-[2-6])?$/.test(name)) throw new ApiError("invalid_name");
  const channel = joinedChannel(lab, args.need("channel"));
  const message = knownMessage(lab, channel, args.need("timestamp"));
  const changed = reacted(message, name, BOT_USER, on);
  if (!changed) throw new ApiError(unchanged);
  change(lab.world, channel.id, changed, "reaction");
  return {};
}

export const reactions = {
  "reactions.add": {
    scope: "reactions:write",
    limit: "T3",
    token: "bot",
    handle: (lab, args) => react(lab, args, true, "already_reacted"),
  },
  "reactions.remove": {
    scope: "reactions:write",
    limit: "T2",
    token: "bot",
    handle: (lab, args) => react(lab, args, false, "no_reaction"),
  },
} as const satisfies Record<string, ApiMethod>;
