import type { Channel, Json, Message, User } from "../../protocol.ts";
import { ApiError, invalidArguments } from "../errors.ts";
import type { Lab } from "../lab.ts";
import { findMessage } from "../messages.ts";
import type { Tier } from "../rate-limits.ts";
import { BOT_USER } from "../workspace.ts";
import type { World } from "../world.ts";

/** One method of the Web API. */
export type ApiMethod = {
  /** The bot scope it always needs; those that depend on the channel are asked for inside. */
  readonly scope?: string;
  readonly limit: Tier;
  readonly token: "bot" | "app" | "none";
  readonly handle: (lab: Lab, args: Args) => Json;
};

/** Arguments of a call: form fields (nested values as JSON text) or a JSON body. */
export class Args {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return value === undefined || value === null ? undefined : String(value);
  }

  need(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === "") throw invalidArguments(`missing required field: ${name}`);
    return value;
  }

  flag(name: string): boolean {
    return ["true", "1"].includes(this.text(name) ?? "");
  }

  /** A whole number between the limits, or the default. */
  number(name: string, { fallback, max }: { fallback: number; max: number }): number {
    const value = Number(this.text(name) ?? fallback);
    if (!Number.isInteger(value) || value < 1 || value > max) throw new ApiError("invalid_limit");
    return value;
  }

  /** A nested value; `error` is what Slack calls text that is not JSON. */
  json(name: string, error = "invalid_arguments"): unknown {
    const value = this.#values[name];
    if (typeof value !== "string") return value ?? undefined;
    if (value === "") return undefined;
    try {
      return JSON.parse(value);
    } catch {
      throw new ApiError(error);
    }
  }
}

export function needScope({ scopes }: World, scope: string): void {
  if (!scopes.has(scope)) throw new ApiError("missing_scope", { needed: scope, provided: [...scopes].join(",") });
}

/** The kind of a channel, as scopes are named after it: channels:read, groups:read, im:read. */
export const scopeKind = (channel: Channel): "channels" | "groups" | "im" =>
  channel.is_im ? "im" : channel.is_private ? "groups" : "channels";

const isMember = (channel: Channel): boolean => channel.members.includes(BOT_USER);

/** A channel that the app can see: public ones, and private ones it is a member of. */
export function visibleChannel({ world }: Lab, id: string | undefined): Channel {
  const channel = world.channels.get(id ?? "");
  if (!channel || (channel.is_private && !isMember(channel))) throw new ApiError("channel_not_found");
  return channel;
}

/** A channel that the app is a member of. */
export function joinedChannel(lab: Lab, id: string | undefined): Channel {
  const channel = visibleChannel(lab, id);
  if (!isMember(channel)) throw new ApiError("not_in_channel");
  return channel;
}

export function knownUser({ world }: Lab, id: string | undefined): User {
  const user = world.users.get(id ?? "");
  if (!user) throw new ApiError("user_not_found");
  return user;
}

/** A message that the API may speak of; ephemeral ones do not exist for it. */
export function knownMessage(
  { world }: Lab,
  channel: Channel,
  ts: string | undefined,
  error = "message_not_found",
): Message {
  const message = findMessage(world, channel.id, ts);
  if (!message || message.ephemeral_for) throw new ApiError(error);
  return message;
}

type Page<T> = { readonly items: readonly T[]; readonly nextCursor: string };

/** Cuts a list into pages; cursors are opaque to the app. */
export function page<T>(all: readonly T[], args: Args, { fallback, max }: { fallback: number; max: number }): Page<T> {
  const limit = args.number("limit", { fallback, max });
  const cursor = args.text("cursor");
  const from = cursor ? Number(Buffer.from(cursor, "base64").toString()) : 0;
  if (!Number.isInteger(from) || from < 0) throw new ApiError("invalid_cursor");
  const end = from + limit;
  return {
    items: all.slice(from, end),
    nextCursor: end < all.length ? Buffer.from(String(end)).toString("base64") : "",
  };
}
