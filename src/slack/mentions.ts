import type { App } from "@slack/bolt";
import type { Desk, Place } from "./desk.ts";

/** What a reaction on the asking message says. The end of a check is said by whoever posts its report. */
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
      messageTs: event.ts,
      ...(event.thread_ts === undefined ? {} : { threadTs: event.thread_ts }),
    };
    const seen = react(desk, place, event.ts, REACTIONS.seen);
    const { message, started, error } = await desk.answer(behindMention(event.text, desk.identity().botUserId), place);
    await desk.whisper(place, message);
    await seen;
    if (started !== undefined) return;
    await react(desk, place, event.ts, error === undefined ? REACTIONS.done : REACTIONS.refused);
    await unreact(desk, place, event.ts, REACTIONS.seen);
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
