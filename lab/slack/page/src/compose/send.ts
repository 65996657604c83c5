import type { Channel, User } from "#lab/slack/protocol.ts";
import { server } from "../live/server.ts";

type Outgoing = {
  readonly text: string;
  readonly channel: Channel;
  readonly thread: string | undefined;
  readonly actor: User;
};

export type Sent =
  | { readonly outcome: "sent" }
  /** `problem` is missing when Slackbot says it in the conversation already. */
  | { readonly outcome: "failed"; readonly problem?: string };

/** The slash command a text begins with, e.g. "/netcheck"; undefined for an ordinary message. */
export const commandOf = (text: string): string | undefined => /^\s*(\/[^\s/]+)(\s|$)/.exec(text)?.[1];

/** Sends a command or a message as the acting person, as it was typed: references and escapes are Slack's to make. */
export async function send({ text, channel, thread, actor }: Outgoing): Promise<Sent> {
  const typed = { channel: channel.id, user: actor.id, text: text.trim(), ...(thread ? { thread_ts: thread } : {}) };
  const command = commandOf(text);
  try {
    if (!command) {
      await server.message(typed);
      return { outcome: "sent" };
    }
    const { failed, notice } = await server.command(typed);
    if (!failed) return { outcome: "sent" };
    return notice
      ? { outcome: "failed" }
      : { outcome: "failed", problem: `${command} failed with the error “${failed}”.` };
  } catch (error) {
    return { outcome: "failed", problem: error instanceof Error ? error.message : String(error) };
  }
}
