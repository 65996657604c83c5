import { extname } from "node:path";
import type { FileObject, Message } from "../protocol.ts";
import { LabError } from "./errors.ts";
import type { Lab } from "./lab.ts";
import { botAuthor, type Draft, post } from "./messages.ts";
import { BOT_USER } from "./workspace.ts";
import { channelOf, emit, newId, type StoredFile, type World } from "./world.ts";

/** Bytes of all uploads together; beyond it the oldest bytes are dropped. */
const STORE_BYTES = 256 * 1024 * 1024;

const TYPES: Readonly<Record<string, readonly [mimetype: string, pretty: string]>> = {
  png: ["image/png", "PNG"],
  jpg: ["image/jpeg", "JPEG"],
  jpeg: ["image/jpeg", "JPEG"],
  gif: ["image/gif", "GIF"],
  svg: ["image/svg+xml", "SVG"],
  txt: ["text/plain", "Plain Text"],
  csv: ["text/csv", "CSV"],
  json: ["application/json", "JSON"],
  html: ["text/html", "HTML"],
  pdf: ["application/pdf", "PDF"],
  gz: ["application/gzip", "Gzip"],
};
const BINARY = ["application/octet-stream", "Binary"] as const;

const extension = (name: string): string => extname(name).slice(1).toLowerCase();

/** The type that a file is served and shown with. */
export const mimetypeOf = (name: string): string => (TYPES[extension(name)] ?? BINARY)[0];

/** Announces an upload; the bytes come next. */
export function newUpload(world: World, upload: { name: string; bytes: number; altText?: string }): FileObject {
  const { name, bytes, altText } = upload;
  const id = newId("F");
  const url = `${world.baseUrl}/files/${id}/${encodeURIComponent(name)}`;
  const object: FileObject = {
    id,
    name,
    title: name,
    mimetype: "",
    filetype: "",
    pretty_type: "",
    size: bytes,
    user: BOT_USER,
    created: Math.floor(world.clock.nowMs() / 1_000),
    ...(altText && { alt_txt: altText }),
    url_private: url,
    url_private_download: url,
    permalink: url,
    shares: {},
  };
  world.files.set(id, { object, bytes: undefined, announcedBytes: bytes, completed: false });
  return object;
}

/** Takes the bytes of an announced upload. */
export function takeBytes(world: World, id: string, bytes: Buffer): void {
  const file = world.files.get(id);
  if (!file || file.completed) throw new LabError("no such upload", { status: 404 });
  if (bytes.length !== file.announcedBytes)
    throw new LabError(`announced ${file.announcedBytes} B, got ${bytes.length} B`);
  file.bytes = bytes;
  let held = [...world.files.values()].reduce((sum, { bytes: kept }) => sum + (kept?.length ?? 0), 0);
  for (const old of world.files.values()) {
    if (held <= STORE_BYTES || old === file) break;
    held -= old.bytes?.length ?? 0;
    old.bytes = undefined;
  }
}

type Sharing = {
  readonly channel?: string;
  readonly threadTs?: string;
  readonly content: Pick<Message, "text" | "blocks">;
};

/**
 * Finishes uploads and shares them. The answer shows them unprocessed; mimetype, shares and the message come later,
 * as Slack does it. Two quirks: shares that never come, and files that appear only after the next message.
 */
export function completeUpload(
  lab: Lab,
  uploads: readonly { file: StoredFile; title: string | undefined }[],
  sharing: Sharing,
): FileObject[] {
  const { world, quirks } = lab;
  for (const { file, title } of uploads) {
    file.completed = true;
    if (title) file.object = { ...file.object, title };
  }
  const neverShared = sharing.channel !== undefined && quirks.filesNeverShared > 0;
  if (neverShared) quirks.filesNeverShared -= 1;
  const finish = (): void => {
    for (const { file } of uploads) process(world, file);
    if (sharing.channel !== undefined && !neverShared) share(world, uploads, sharing.channel, sharing);
    for (const { file } of uploads) emit(world, { type: "file", file: file.object });
  };
  if (quirks.fileAfterNextMessage && sharing.channel !== undefined) afterNextMessage(world, sharing.channel, finish);
  else world.clock.after(quirks.fileReadyMs, finish);
  return uploads.map(({ file }) => file.object);
}

function afterNextMessage(world: World, channel: string, finish: () => void): void {
  const listener = (event: { type: string; channel?: unknown }): void => {
    if (event.type !== "message" || event.channel !== channel) return;
    world.changes.off("change", listener);
    world.clock.after(0, finish);
  };
  world.changes.on("change", listener);
}

/** What Slack finds out about a file after the upload. */
function process(world: World, file: StoredFile): void {
  const ending = extension(file.object.name);
  const [mimetype, pretty_type] = TYPES[ending] ?? BINARY;
  file.object = {
    ...file.object,
    mimetype,
    pretty_type,
    filetype: TYPES[ending] ? ending : "binary",
    ...(mimetype === "image/png" && file.bytes && pngSize(file.bytes)),
  };
  world.files.set(file.object.id, file);
}

/** Width and height from the IHDR chunk, which is always the first (PNG specification, 11.2.2). */
function pngSize(bytes: Buffer): { original_w: number; original_h: number } | undefined {
  if (bytes.length < 24 || bytes.toString("latin1", 12, 16) !== "IHDR") return undefined;
  return { original_w: bytes.readUInt32BE(16), original_h: bytes.readUInt32BE(20) };
}

function share(
  world: World,
  uploads: readonly { file: StoredFile }[],
  channelId: string,
  { content, threadTs }: Sharing,
): void {
  const channel = channelOf(world, channelId);
  const draft: Draft = {
    ...botAuthor(world),
    ...content,
    files: uploads.map(({ file }) => file.object),
    ...(threadTs && { thread_ts: threadTs }),
  };
  const { ts } = post(world, channelId, draft);
  const entry = { ts, channel_name: channel.name, team_id: world.team.id, ...(threadTs && { thread_ts: threadTs }) };
  const visibility = channel.is_private ? "private" : "public";
  for (const { file } of uploads) file.object = { ...file.object, shares: { [visibility]: { [channelId]: [entry] } } };
}
