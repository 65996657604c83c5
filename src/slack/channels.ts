import { WebAPIPlatformError, type WebClient } from "@slack/web-api";
import { Cache } from "./cache.ts";

/** Whether a thread can be opened in a channel, and if not, why. */
export type Room = "usable" | "not-member" | "shared";

export type Channels = {
  /** Never throws; when Slack gives no answer the channel counts as usable, and the outbox finds out. */
  readonly room: (channel: string) => Promise<Room>;
  readonly forget: (channel: string) => void;
};

const TTL_MS = 10 * 60_000;
const NOT_FOUND = new Set(["channel_not_found", "not_in_channel", "missing_scope"]);

/** Looks channels up and remembers the usable ones; the others are asked for again, so that an invitation works at once. */
export function createChannels({
  client,
  nowMs = Date.now,
}: {
  readonly client: WebClient;
  readonly nowMs?: () => number;
}): Channels {
  const usable = new Cache<Room>({ ttlMs: TTL_MS, nowMs });

  async function look(channel: string): Promise<Room> {
    try {
      const { channel: found } = await client.conversations.info({ channel });
      if (found?.is_ext_shared || found?.is_pending_ext_shared) return "shared";
      return found?.is_im || found?.is_member ? "usable" : "not-member";
    } catch (error) {
      const hidden = error instanceof WebAPIPlatformError && NOT_FOUND.has(error.data.error);
      return hidden ? "not-member" : "usable";
    }
  }

  return {
    async room(channel) {
      const known = usable.get(channel);
      if (known !== undefined) return known;
      const room = await look(channel);
      if (room === "usable") usable.set(channel, room);
      return room;
    },
    forget: (channel) => usable.delete(channel),
  };
}
