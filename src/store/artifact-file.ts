import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rm, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { damaged, diskFull } from "./artifact-errors.ts";

/** What is not whole yet ends so. */
const PART = ".part";
/** How often free room is looked at while a stream comes in. */
const LOOK_EVERY_BYTES = 16 << 20;
/** Unfinished files that nobody has written to for so long are nobody's. */
const ABANDONED_MS = 24 * 3_600_000;

/** A file that is complete and on the disk, with a name of its own; whoever wanted it renames it. */
export type WholeFile = { readonly path: string; readonly bytes: number; readonly sha256: string };

/**
 * Writes a stream into a new file of `folder`, and through to the disk. Nothing is left of it when that fails, or the bytes are not
 * those of `sha256`. `leastFreeBytes` of the disk stay free.
 */
export async function writeWhole(
  key: string,
  source: AsyncIterable<Uint8Array>,
  { folder, leastFreeBytes, sha256 }: { folder: string; leastFreeBytes: number; sha256?: string | undefined },
): Promise<WholeFile> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${randomUUID()}${PART}`);
  const file = await open(path, "wx", 0o600);
  try {
    const hash = createHash("sha256");
    let [bytes, lookAt] = [0, 0];
    for await (const chunk of source) {
      if (bytes >= lookAt) {
        await leave(leastFreeBytes, folder, key);
        lookAt = bytes + LOOK_EVERY_BYTES;
      }
      hash.update(chunk);
      for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
      bytes += chunk.length;
    }
    const found = hash.digest("hex");
    if (sha256 !== undefined && found !== sha256) throw damaged(key);
    await file.sync();
    return { path, bytes, sha256: found };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function leave(leastFreeBytes: number, folder: string, key: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < leastFreeBytes) throw diskFull(key);
}

/** Makes a folder whose name survives a power cut; `root` and what is above it are there already. */
export async function makeFolder(path: string, root: string): Promise<void> {
  if ((await mkdir(path, { recursive: true, mode: 0o700 })) === undefined) return;
  for (let at = path; at !== root && at.startsWith(root); at = dirname(at)) await syncFolder(dirname(at));
}

/** What was renamed into a folder, or made in it, is on the disk when this returns. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes what killed processes have left of their puts. */
export async function removeAbandoned(folder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(PART)) continue;
    const path = join(folder, name);
    const about = await stat(path).catch(() => undefined);
    if (about && nowMs - about.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
  }
}

/** The sha256 of a file. Throws `damaged` when it is not the expected one. */
export async function sumOf(key: string, path: string, expected: string | undefined): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  const sha256 = hash.digest("hex");
  if (expected !== undefined && sha256 !== expected) throw damaged(key);
  return sha256;
}
