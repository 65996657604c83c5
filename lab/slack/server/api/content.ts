import type { Block, Json, Message } from "../../protocol.ts";
import { type Problem, wordProblem } from "../blocks/problems.ts";
import { blockProblems, checkView, tooLongTogether } from "../blocks/validate.ts";
import { ApiError, invalidArguments } from "../errors.ts";
import type { World } from "../world.ts";
import type { Args } from "./method.ts";

const TEXT_MAX = 40_000;
const METADATA_MAX_BYTES = 8_000;
const IMAGE = /^image\/(png|jpeg|gif)$/;

/** Whether an uploaded picture may stand in an image block: processed by Slack, and a picture. */
export function imageReady(world: World) {
  return ({ id, url }: { readonly id?: unknown; readonly url?: unknown }): boolean =>
    [...world.files.values()].some(
      ({ object }) => (object.id === id || object.url_private === url) && IMAGE.test(object.mimetype),
    );
}

const refuseBlocks = (problems: readonly Problem[]): ApiError =>
  new ApiError("invalid_blocks", {
    errors: problems.map(wordProblem),
    response_metadata: { messages: problems.map((problem) => `[ERROR] ${wordProblem(problem)}`) },
  });

/** Checks blocks as Slack does before it takes them. */
function checkBlocks(world: World, value: unknown, base = "/blocks"): readonly Block[] {
  if (!Array.isArray(value)) throw new ApiError("invalid_blocks_format");
  const problems = blockProblems(value, { surface: "message", base, imageReady: imageReady(world) });
  if (problems.length > 0) throw refuseBlocks(problems);
  return value as readonly Block[];
}

/** A view that may be shown; what is wrong with it is an `invalid_arguments` with JSON pointers. */
export function checkedView(world: World, value: unknown) {
  const checked = checkView(value, { imageReady: imageReady(world) });
  if ("problems" in checked) throw invalidArguments(...checked.problems.map(wordProblem));
  return { ...checked.view, blocks: checked.view.blocks as readonly Block[] };
}

function checkMetadata(value: unknown): Message["metadata"] {
  if (typeof value !== "object" || value === null) throw new ApiError("invalid_metadata_format");
  if (Object.keys(value).length === 0) return undefined;
  const { event_type, event_payload } = value as Json;
  if (typeof event_type !== "string" || typeof event_payload !== "object" || event_payload === null)
    throw new ApiError("invalid_metadata_schema");
  if (Buffer.byteLength(JSON.stringify(value)) > METADATA_MAX_BYTES) throw new ApiError("metadata_too_large");
  return { event_type, event_payload: event_payload as Json };
}

function checkAttachments(world: World, value: unknown): readonly Json[] {
  if (!Array.isArray(value)) throw new ApiError("invalid_attachments");
  for (const [index, attachment] of (value as readonly Json[]).entries())
    if (attachment["blocks"] !== undefined) checkBlocks(world, attachment["blocks"], `/attachments/${index}/blocks`);
  return value as readonly Json[];
}

export type Content = Pick<Message, "text"> & Partial<Pick<Message, "blocks" | "attachments" | "metadata">>;

/**
 * The content of a message as an app sends it, from arguments or from a response_url's body.
 * `longBlocks` is the total that only the Web API enforces.
 */
export function messageContent(world: World, args: Args, { longBlocks }: { longBlocks: "refused" | "taken" }): Content {
  const blocksGiven = args.json("blocks", "invalid_blocks_format");
  const attachmentsGiven = args.json("attachments", "invalid_attachments");
  const metadataGiven = args.json("metadata", "invalid_metadata_format");
  const blocks = blocksGiven === undefined ? undefined : checkBlocks(world, blocksGiven);
  const text = args.text("text") ?? args.text("markdown_text") ?? "";
  if (text === "" && !blocks?.length && attachmentsGiven === undefined) throw new ApiError("no_text");
  if (args.text("markdown_text") !== undefined && (blocks || args.text("text")))
    throw new ApiError("markdown_text_conflict");
  if (blocks && longBlocks === "refused" && tooLongTogether(blocks)) throw new ApiError("msg_blocks_too_long");
  const metadata = metadataGiven === undefined ? undefined : checkMetadata(metadataGiven);
  return {
    text: text.slice(0, TEXT_MAX),
    ...(blocks?.length && { blocks }),
    ...(attachmentsGiven !== undefined && { attachments: checkAttachments(world, attachmentsGiven) }),
    ...(metadata && { metadata }),
  };
}

/** A message as the Web API shows it. */
export function shown(message: Message, { withMetadata }: { withMetadata: boolean } = { withMetadata: false }): Json {
  const { metadata, ephemeral_for: _, ...rest } = message;
  return withMetadata && metadata ? { ...rest, metadata } : rest;
}
