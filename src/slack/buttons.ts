import type { App, BlockAction } from "@slack/bolt";
import { checkIdSchema } from "../core/check.ts";
import type { NetcheckError } from "../core/errors.ts";
import { judgedSchema } from "../core/judged.ts";
import { drawCancel, drawNotice, drawUnknownCheck } from "../report/answers.ts";
import type { Message } from "../report/blocks.ts";
import { ACTIONS } from "../report/headline.ts";
import type { Wording } from "../report/words.ts";
import { drawFailure } from "./answer.ts";
import type { Desk, Place } from "./desk.ts";

/** The buttons of a check's messages. Every click is answered to the person who clicked, also one that comes too late. */
export function listenToButtons(app: App, desk: Desk): void {
  const { checks } = desk;

  const on = (
    pattern: string | RegExp,
    act: (value: string, place: Place, wording: Wording) => Promise<Message>,
  ): void =>
    app.action<BlockAction>(pattern, async ({ ack, body, action }) => {
      await ack();
      const place = placeOf(body);
      if (place === undefined || !desk.first(place.once)) return;
      const wording = await desk.wordingAt(place.channel);
      const refused = await desk.refusal(place.user, wording);
      await desk.whisper(place, refused ?? (await act(textValue(action), place, wording)));
    });

  on(ACTIONS.cancel, (value, { user }, wording) =>
    withId(value, wording, async (id) => drawCancel(id, await checks.cancel(id, user), wording)),
  );

  on(ACTIONS.rerun, (value, place, wording) =>
    withId(value, wording, async (id) => {
      const seen = await checks.status(id);
      if (seen === undefined) return drawUnknownCheck(id, wording);
      const { command: line, cluster } = seen.request;
      return (await desk.answer(line, withoutThread(place), { cluster })).message;
    }),
  );

  on(ACTIONS.feedback, async (value, { user }, wording) => {
    const [check, cause, answer] = value.split(" ");
    const judged = judgedSchema.safeParse({ check, cause, answer, user, atMs: desk.nowMs() });
    if (!judged.success) return drawNotice(wording.staleControl);
    desk.log.info(judged.data, "cause judged");
    try {
      await desk.past.judge(judged.data);
    } catch (err) {
      // The log has it.
      desk.log.error({ err, check }, "what was said of a cause could not be kept on disk");
    }
    return drawNotice(wording.thanks);
  });

  const known = Object.values(ACTIONS).join("|");
  on(new RegExp(`^(?!(?:${known})$)`), async (_value, _place, wording) => drawNotice(wording.staleControl));

  async function withId(value: string, wording: Wording, act: (id: string) => Promise<Message>): Promise<Message> {
    const id = checkIdSchema.safeParse(value);
    if (!id.success) return drawNotice(wording.staleControl);
    try {
      return await act(id.data);
    } catch (error) {
      return drawFailure(error as NetcheckError, { ...desk, wording }, desk.log);
    }
  }
}

function placeOf({ channel, user, team, trigger_id, message }: BlockAction): Place | undefined {
  if (channel === undefined) return undefined;
  const threadTs: unknown = message?.["thread_ts"];
  return {
    team: team?.id ?? "",
    channel: channel.id,
    user: user.id,
    once: trigger_id,
    ...(typeof threadTs === "string" ? { threadTs } : {}),
  };
}

/** A check that is run again gets a message of its own in the channel. */
function withoutThread({ threadTs: _, ...place }: Place): Place {
  return place;
}

function textValue(action: object): string {
  return "value" in action && typeof action.value === "string" ? action.value : "";
}
