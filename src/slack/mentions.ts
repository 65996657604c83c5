import { setTimeout as wait } from "node:timers/promises";
import type { App } from "@slack/bolt";
import type { Desk, Place } from "./desk.ts";

/** What the reaction on the asking message says: being looked at, answered or healthy, refused or something found. */
const REACTIONS = { seen: "eyes", done: "white_check_mark", refused: "warning" } as const;

/** The same words as a mention in a channel or thread, and as a direct message. */
export function listenToMentions(app: App, desk: Desk): void {
  app.event("app_mention", async ({ event, body }) => {
    if (event.user === undefined || event.bot_id !== undefined || !desk.first(body.event_id)) return;
    const place: Place = {
      team: desk.identity().teamId,
      channel: event.channel,
      user: event.user,
      once: body.event_id,
      ...(event.thread_ts === undefined ? {} : { threadTs: event.thread_ts }),
    };
    const seen = react(desk, place, event.ts, REACTIONS.seen);
    const { message, started, error } = await desk.answer(behindMention(event.text, desk.identity().botUserId), place);
    await desk.whisper(place, message);
    await seen;
    const settle = async (reaction: string): Promise<void> => {
      await react(desk, place, event.ts, reaction);
      await unreact(desk, place, event.ts, REACTIONS.seen);
    };
    if (started === undefined) await settle(error === undefined ? REACTIONS.done : REACTIONS.refused);
    else void whenEnded(started, desk).then((healthy) => settle(healthy ? REACTIONS.done : REACTIONS.refused), ignore);
  });

  app.message(async ({ message, body }) => {
    if (message.channel_type !== "im" || message.subtype !== undefined || message.bot_id !== undefined) return;
    if (!desk.first(body.event_id)) return;
    const place: Place = {
      team: desk.identity().teamId,
      channel: message.channel,
      user: message.user,
      once: body.event_id,
      ...(message.thread_ts === undefined ? {} : { threadTs: message.thread_ts }),
    };
    const said = await desk.answer(behindMention(message.text ?? "", desk.identity().botUserId), place);
    await desk.client.chat
      .postMessage({
        channel: message.channel,
        text: said.message.text,
        blocks: [...said.message.blocks],
        ...(message.thread_ts === undefined ? {} : { thread_ts: message.thread_ts }),
      })
      .catch((err: unknown) => desk.log.warn({ err }, "answer could not be posted"));
  });
}

/** A restart of the bot forgets who waits for what; the reaction then stays as it is. */
const FOLLOW_MS = 3_000;
const ignore = (): void => undefined;

/** Whether the check found everything healthy, once it has ended. Rejects when the bot stops. */
async function whenEnded(check: string, { checks, stopping }: Desk): Promise<boolean> {
  for (;;) {
    await wait(FOLLOW_MS, undefined, { signal: stopping, ref: false });
    const seen = await checks.status(check).catch(() => undefined);
    if (seen?.state === "done") return seen.outcome?.status === "healthy";
  }
}

/** What stands behind the first mention of the bot; all of the text when it is not mentioned. */
export function behindMention(text: string, botUserId: string): string {
  const mention = new RegExp(`<@${botUserId}(\\|[^>]*)?>`).exec(text);
  return mention === null ? text : text.slice(mention.index + mention[0].length);
}

/** Reactions are a courtesy: when one fails, the answer still stands. */
const react = ({ client, log }: Desk, { channel }: Place, timestamp: string, name: string): Promise<unknown> =>
  client.reactions.add({ channel, timestamp, name }).catch((err: unknown) => log.debug({ err, name }, "no reaction"));

const unreact = ({ client, log }: Desk, { channel }: Place, timestamp: string, name: string): Promise<unknown> =>
  client.reactions
    .remove({ channel, timestamp, name })
    .catch((err: unknown) => log.debug({ err, name }, "no reaction"));
