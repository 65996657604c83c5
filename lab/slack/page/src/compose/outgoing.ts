import type { Channel, User } from "#lab/slack/protocol.ts";

/** The words that mean everybody; Slack writes them as <!here> and so on. */
export const broadcasts = ["here", "channel", "everyone"] as const;

/**
 * What Slack's own client makes of typed text before it sends a message: the three special characters escaped, known
 * @names and #channels as references, addresses in angle brackets. Commands are sent as they were typed instead.
 */
export function encodeMessage(
  text: string,
  { users, channels }: { users: readonly User[]; channels: readonly Channel[] },
): string {
  const userByName = new Map(users.map((user) => [user.name.toLowerCase(), user.id]));
  const channelByName = new Map(
    channels.filter(({ is_im }) => !is_im).map((channel) => [channel.name.toLowerCase(), channel.id]),
  );
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return escaped
    .replace(/https?:\/\/[^\s<>]*[^\s<>.,;:!?)\]'"]/g, (url) => `<${url}>`)
    .replace(
      /(^|[\s(])([@#])([\p{L}\p{N}][\p{L}\p{N}._-]*[\p{L}\p{N}]|[\p{L}\p{N}])/gu,
      (whole, before: string, sign: string, name: string) => {
        const key = name.toLowerCase();
        const channel = channelByName.get(key);
        if (sign === "#") return channel ? `${before}<#${channel}|${name}>` : whole;
        const user = userByName.get(key);
        if (user) return `${before}<@${user}>`;
        return broadcasts.some((word) => word === key) ? `${before}<!${key}>` : whole;
      },
    );
}

/** The slash command a text begins with, e.g. "/netcheck"; undefined for an ordinary message. */
export const commandOf = (text: string): string | undefined => /^\s*(\/[^\s/]+)(\s|$)/.exec(text)?.[1];
