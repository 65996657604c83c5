import type { FileObject, Json } from "../../protocol.ts";
import { ApiError, invalidArguments } from "../errors.ts";
import { completeUpload, newUpload } from "../files.ts";
import { BOT_USER } from "../workspace.ts";
import { messageContent } from "./content.ts";
import { type ApiMethod, Args, joinedChannel, knownMessage } from "./method.ts";

const FILENAME_MAX = 255;

const getUploadURLExternal: ApiMethod = {
  scope: "files:write",
  limit: "T4",
  token: "bot",
  handle: (lab, args) => {
    const bytes = Number(args.need("length"));
    if (!Number.isInteger(bytes) || bytes < 1) throw invalidArguments("must be more than 0 [json-pointer:/length]");
    const name = args.need("filename").slice(0, FILENAME_MAX);
    // alt_txt is the argument's name; alt_text, which the JavaScript SDK sends, is ignored as Slack ignores it.
    const altText = args.text("alt_txt");
    const file = newUpload(lab.world, { name, bytes, ...(altText && { altText }) });
    return { upload_url: `${lab.world.baseUrl}/upload/${file.id}`, file_id: file.id };
  },
};

type Named = { readonly id: string; readonly title?: string };

function namedFiles(args: Args): readonly Named[] {
  const files = args.json("files");
  if (!Array.isArray(files) || files.length === 0) throw invalidArguments("missing required field: files");
  return files.map((file: unknown) => {
    const { id, title } = (typeof file === "object" && file !== null ? file : {}) as Json;
    if (typeof id !== "string") throw invalidArguments("missing required field: id [json-pointer:/files/0]");
    return { id, ...(typeof title === "string" && { title }) };
  });
}

const completeUploadExternal: ApiMethod = {
  scope: "files:write",
  limit: "T4",
  token: "bot",
  handle: (lab, args) => {
    const files = namedFiles(args);
    const channelId = args.text("channel_id") ?? args.text("channels");
    const channel = channelId === undefined ? undefined : joinedChannel(lab, channelId);
    const threadTs = args.text("thread_ts");
    if (channel && threadTs) knownMessage(lab, channel, threadTs, "thread_not_found");
    const comment = args.text("initial_comment");
    if (comment !== undefined && args.json("blocks") !== undefined)
      throw invalidArguments("provide only one of: initial_comment, blocks");
    const words = new Args({ text: comment ?? "", blocks: args.json("blocks") });
    const content =
      comment || args.json("blocks") !== undefined
        ? messageContent(lab.world, words, { longBlocks: "refused" })
        : { text: "" };
    const stored = files.map(({ id, title }) => {
      const file = lab.world.files.get(id);
      if (!file || file.completed || file.object.user !== BOT_USER) throw new ApiError("file_not_found");
      if (!file.bytes) throw new ApiError("file_upload_incomplete");
      return { file, title };
    });
    const shared = completeUpload(lab, stored, {
      content,
      ...(channel && { channel: channel.id }),
      ...(threadTs && { threadTs }),
    });
    return { files: shared };
  },
};

const info: ApiMethod = {
  scope: "files:read",
  limit: "T4",
  token: "bot",
  handle: (lab, args) => {
    const stored = lab.world.files.get(args.need("file"));
    if (!stored?.completed) throw new ApiError("file_not_found");
    const object: FileObject = stored.object;
    return { file: object, comments: [], response_metadata: { next_cursor: "" } };
  },
};

export const files = {
  "files.getUploadURLExternal": getUploadURLExternal,
  "files.completeUploadExternal": completeUploadExternal,
  "files.info": info,
} as const satisfies Record<string, ApiMethod>;
