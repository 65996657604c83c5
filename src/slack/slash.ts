import type { App } from "@slack/bolt";
import { cleanText } from "../commands/grammar/clean.ts";
import type { Log } from "../log.ts";
import type { Desk } from "./desk.ts";

/** Slack waits 3 s for the acknowledgement; after this the answer follows through the response address instead. */
const ACK_MS = 2_200;

/** The slash command. Its acknowledgement carries the answer, and comes only after the check is durable in the queue. */
export function listenToCommands(app: App, desk: Desk): void {
  app.command(desk.command, async ({ body, ack, respond }) => {
    const place = { team: body.team_id, channel: body.channel_id, user: body.user_id, once: body.trigger_id };
    const acknowledge = onceOnly(() => ack());
    const late = setTimeout(() => void acknowledge().catch(logged(desk.log)), ACK_MS);
    const { message, error } = await desk.answer(body.text, place, { vouched: body.team_id });
    clearTimeout(late);
    const answer = { response_type: "ephemeral" as const, text: message.text, blocks: [...message.blocks] };
    await desk.tracing.span("acknowledge", {}, async () => {
      if (acknowledge.called()) await respond(answer).catch(logged(desk.log));
      else await ack(answer);
    });
    if (cleanText(body.text) !== "" || error !== undefined) return;
    await desk.client.views
      .open({ trigger_id: body.trigger_id, view: await desk.formAt(body.channel_id) })
      .catch(logged(desk.log));
  });
}

const logged = (log: Log) => (err: unknown) => log.warn({ err }, "slack did not take an answer");

function onceOnly(call: () => Promise<void>): (() => Promise<void>) & { readonly called: () => boolean } {
  let called = false;
  const run = async (): Promise<void> => {
    if (called) return;
    called = true;
    await call();
  };
  return Object.assign(run, { called: () => called });
}
