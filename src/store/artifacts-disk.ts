import { createReadStream } from "node:fs";
import { readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Artifact, type ArtifactStore, type Keeping, validKey, whatGoes } from "./artifact.ts";
import { missing, onDisk } from "./artifact-errors.ts";
import { makeFolder, removeAbandoned, syncFolder, type WholeFile, writeWhole } from "./artifact-file.ts";

/** One file of a key. */
type Version = Artifact & { readonly path: string };

/**
 * Artifacts as plain files. `captures/nc-4f2a/capture-3/000012.pcap` lies in that folder as `000012.<sha256>.pcap`: one rename
 * makes it be there, under its name, with its sum. Two writers of one key never wait for each other: the newest file is
 * what the key holds, and whoever comes later removes older ones.
 */
export function openDiskArtifacts({
  dataDir,
  leastFreeBytes,
  ...keeping
}: Keeping & { readonly dataDir: string; readonly leastFreeBytes: number }): ArtifactStore {
  const root = join(dataDir, "artifacts");
  const incoming = join(root, ".incoming");

  async function versionsOf(key: string): Promise<readonly Version[]> {
    return (await filesIn(dirname(key))).filter((version) => version.key === key).toSorted(byAge);
  }

  async function newest(key: string): Promise<Version | undefined> {
    return (await versionsOf(key)).at(-1);
  }

  /** All files of a folder itself; what vanishes meanwhile is left out. */
  async function filesIn(folder: string): Promise<readonly Version[]> {
    const names = await readdir(join(root, folder)).catch(unlessAbsent);
    const files = await Promise.all(
      (names ?? []).map(async (name) => {
        const named = readName(name);
        const path = join(root, folder, name);
        if (!named) return [];
        const about = await stat(path).catch(unlessAbsent);
        if (!about?.isFile()) return [];
        return [{ ...named, key: join(folder, named.key), path, bytes: about.size, storedMs: about.mtimeMs }];
      }),
    );
    return files.flat();
  }

  async function filesBelow(folder: string): Promise<readonly Version[]> {
    const entries = (await readdir(join(root, folder), { withFileTypes: true }).catch(unlessAbsent)) ?? [];
    const found = [await filesIn(folder)];
    for (const entry of entries)
      if (entry.isDirectory() && !entry.name.startsWith(".")) found.push(await filesBelow(join(folder, entry.name)));
    return found.flat();
  }

  async function listed(folder: string): Promise<readonly Version[]> {
    const current = new Map((await filesBelow(folder)).toSorted(byAge).map((version) => [version.key, version]));
    return [...current.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Gives a whole file its place. */
  async function place(key: string, { path, bytes, sha256 }: WholeFile): Promise<Artifact> {
    const before = await newest(key);
    // The last to finish is the newest, whatever the resolution of the clock.
    const storedMs = Math.max(Date.now(), Math.floor(before?.storedMs ?? 0) + 1);
    await utimes(path, storedMs / 1e3, storedMs / 1e3);
    const into = join(root, nameOf(key, sha256));
    await makeFolder(dirname(into), root);
    await rename(path, into);
    await syncFolder(dirname(into));
    for (const old of (await versionsOf(key)).slice(0, -1)) await rm(old.path, { force: true });
    return { key, bytes, sha256, storedMs };
  }

  return {
    put: async (key, source, sha256) =>
      onDisk(validKey(key), async () => {
        const before = sha256 === undefined ? undefined : await newest(key);
        if (before && before.sha256 === sha256) return plain(before);
        const stream = typeof source === "string" ? createReadStream(source) : source;
        const whole = await writeWhole(key, stream, { folder: incoming, leastFreeBytes, sha256 });
        try {
          // Between the making of its folder and the renaming, somebody may have removed all of it.
          return await place(key, whole).catch((error: unknown) => {
            if (unlessAbsent(error) === undefined) return place(key, whole);
            throw error;
          });
        } finally {
          await rm(whole.path, { force: true });
        }
      }),

    localPath: async (key) =>
      onDisk(validKey(key), async () => {
        const found = await newest(key);
        if (!found) throw missing(key);
        return { path: found.path, [Symbol.dispose]: () => {} };
      }),

    about: async (key) =>
      onDisk(validKey(key), async () => {
        const found = await newest(key);
        return found && plain(found);
      }),

    list: async (folder) => onDisk(validKey(folder), async () => (await listed(folder)).map(plain)),

    remove: async (under) =>
      onDisk(validKey(under), async () => {
        for (const { path } of await versionsOf(under)) await rm(path, { force: true });
        await rm(join(root, under), { recursive: true, force: true });
      }),

    link: async (key) => {
      validKey(key);
      return undefined;
    },

    sweep: (nowMs, running) =>
      onDisk("captures", async () => {
        await removeAbandoned(incoming, nowMs);
        const swept = whatGoes(await filesBelow("captures"), { ...keeping, nowMs, running });
        for (const { check } of swept.gone) await rm(join(root, "captures", check), { recursive: true, force: true });
        return swept;
      }),
  };
}

/** Older ones first; of two that are of one age every reader takes the same. */
const byAge = (a: Version, b: Version): number => a.storedMs - b.storedMs || (a.path < b.path ? -1 : 1);

const plain = ({ key, bytes, sha256, storedMs }: Artifact): Artifact => ({ key, bytes, sha256, storedMs });

/** `a/b.pcap` → `a/b.<sha256>.pcap`. */
function nameOf(key: string, sha256: string): string {
  const dot = key.lastIndexOf(".");
  const at = dot > key.lastIndexOf("/") ? dot : key.length;
  return `${key.slice(0, at)}.${sha256}${key.slice(at)}`;
}

function readName(name: string): { readonly key: string; readonly sha256: string } | undefined {
  const [, stem, sha256, extension = ""] = /^(.+)\.([0-9a-f]{64})(\.[^.]*)?$/.exec(name) ?? [];
  return stem === undefined || sha256 === undefined ? undefined : { key: `${stem}${extension}`, sha256 };
}

/** For `catch`: what is not there is undefined, everything else is thrown on. */
function unlessAbsent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
    return undefined;
  throw error;
}
