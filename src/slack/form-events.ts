import type { App } from "@slack/bolt";
import { z } from "zod";
import { pointerOf } from "../commands/grammar/bad-command.ts";
import { fullText, NetcheckError } from "../core/errors.ts";
import { inWords, type Language } from "../core/sentence.ts";
import type { Desk } from "./desk.ts";
import { FORM, fieldAt, formLine } from "./form.ts";

const placeSchema = z.object({ channel: z.string() });

/** The form: opened by an empty command or from a message's menu, and read like a command line. */
export function listenToForm(app: App, desk: Desk): void {
  app.shortcut({ callback_id: "netcheck_from_message", type: "message_action" }, async ({ ack, shortcut }) => {
    await ack();
    const view = await desk.formAt(shortcut.channel.id);
    await desk.client.views
      .open({ trigger_id: shortcut.trigger_id, view })
      .catch((err: unknown) => desk.log.warn({ err }, "form could not be opened"));
  });

  app.view(FORM, async ({ ack, body, view }) => {
    const { channel } = placeSchema.parse(JSON.parse(view.private_metadata));
    const user = body.user.id;
    const once = `${view.id}:${view.hash}`;
    const { values } = view.state;
    const said = await desk.answer(formLine(values), { team: body.team?.id ?? "", channel, user, once });
    if (said.error === undefined) {
      await ack();
      await desk.whisper({ channel, user }, said.message);
      return;
    }
    const field = fieldAt(values, pointerOf(said.error));
    const { language } = await desk.wordingAt(channel);
    const text = said.error instanceof NetcheckError ? describe(said.error, language) : said.message.text;
    await ack({ response_action: "errors", errors: { [field]: text } });
  });
}

function describe(error: NetcheckError, language: Language): string {
  const near = pointerOf(error)?.nearest[0];
  return [inWords(fullText(error), language), near === undefined ? undefined : `→ ${near}`].filter(Boolean).join(" ");
}
