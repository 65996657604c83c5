import type { Channel, LabState, User } from "#lab/slack/protocol.ts";
import { server } from "../live/server.ts";
import { commandOf, encodeMessage } from "./outgoing.ts";

type Outgoing = {
  readonly text: string;
  readonly channel: Channel;
  readonly thread: string | undefined;
  readonly actor: User;
  readonly users: readonly User[];
  readonly state: LabState;
};

const failures = {
  dispatch_failed: "the app cannot be reached (dispatch_failed)",
  operation_timeout: "the app did not answer in time (operation_timeout)",
  invalid_command: "there is no such command (invalid_command)",
} as const;

/** Sends a command or a message as the acting person; resolves with what to tell them when that failed. */
export async function send({ text, channel, thread, actor, users, state }: Outgoing): Promise<string | undefined> {
  const command = commandOf(text);
  try {
    if (command && thread)
      return `${command} cannot be used in threads. Send it in the channel, or mention the app here.`;
    if (command) {
      const { failed, notice } = await server.command({ channel: channel.id, user: actor.id, text: text.trim() });
      return notice ?? (failed && `${command} failed: ${failures[failed]}.`);
    }
    const encoded = encodeMessage(text.trim(), { users, channels: state.channels });
    await server.message({
      channel: channel.id,
      user: actor.id,
      text: encoded,
      ...(thread ? { thread_ts: thread } : {}),
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
