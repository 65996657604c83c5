import { messageContent } from "./api/content.ts";
import { Args } from "./api/method.ts";
import { ApiError } from "./errors.ts";
import type { Lab } from "./lab.ts";
import { botAuthor, change, findMessage, post, remove } from "./messages.ts";
import type { ResponseTarget } from "./triggers.ts";
import { record } from "./world.ts";

export type ResponseAnswer = {
  readonly status: number;
  readonly body: { readonly ok: boolean; readonly error?: string };
};

/** Takes what an app posts to a response_url: a new answer, or a change of the message that was clicked. */
export function answerResponseUrl(lab: Lab, id: string, values: Readonly<Record<string, unknown>>): ResponseAnswer {
  const target = lab.triggers.spendResponseUrl(id);
  if (typeof target === "string") return refuse(lab, 404, target);
  try {
    const { channel } = target;
    apply(lab, target, new Args(values));
    record(lab.world, { kind: "response_url", name: "response_url", ok: true, channel });
    return { status: 200, body: { ok: true } };
  } catch (error) {
    if (error instanceof ApiError) return refuse(lab, 400, error.error);
    throw error;
  }
}

function refuse(lab: Lab, status: number, error: string): ResponseAnswer {
  record(lab.world, { kind: "response_url", name: "response_url", ok: false, error });
  return { status, body: { ok: false, error } };
}

function apply(lab: Lab, { user, channel, messageTs, threadTs }: ResponseTarget, args: Args): void {
  const original = findMessage(lab.world, channel, messageTs);
  if (args.flag("delete_original")) {
    if (original) remove(lab.world, channel, original);
    return;
  }
  const content = messageContent(lab.world, args, { longBlocks: "taken" });
  if (args.flag("replace_original") && original) {
    const { blocks: _, attachments: __, ...rest } = original;
    change(lab.world, channel, { ...rest, ...content });
    return;
  }
  const thread = args.text("thread_ts") ?? threadTs;
  const inChannel = args.text("response_type") === "in_channel";
  post(lab.world, channel, {
    ...botAuthor(lab.world),
    ...content,
    ...(thread && { thread_ts: thread }),
    ...(!inChannel && { ephemeral_for: user }),
  });
}
