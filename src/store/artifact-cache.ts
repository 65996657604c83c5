import { readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { LocalFile } from "./artifact.ts";
import { removeAbandoned, type WholeFile } from "./artifact-file.ts";

/** A file that was handed out so lately is about to be opened, perhaps by another process that shares the folder. */
const FRESH_MS = 60_000;

/**
 * Copies of objects on this machine, by their sha256: the longest unused go when they are more than `maxBytes`. What is in use
 * stays, so that more is there only while that much is in use at once.
 */
export class ArtifactCache {
  readonly folder: string;
  readonly #maxBytes: number;
  /** Files in use → by how many. */
  readonly #used = new Map<string, number>();
  /** Downloads under way: two who want one object wait for the same. */
  readonly #coming = new Map<string, Promise<void>>();

  constructor(folder: string, maxBytes: number) {
    this.folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** The copy of these bytes; `fetch` brings one into the folder where there is none. */
  async take(sha256: string, fetch: () => Promise<WholeFile>): Promise<LocalFile> {
    const path = join(this.folder, sha256);
    this.#used.set(path, (this.#used.get(path) ?? 0) + 1);
    const release = (): void => {
      const left = (this.#used.get(path) ?? 1) - 1;
      if (left === 0) this.#used.delete(path);
      else this.#used.set(path, left);
    };
    try {
      const now = Date.now() / 1e3;
      const there = await utimes(path, now, now).then(
        () => true,
        () => false,
      );
      if (!there) await this.#bring(path, fetch);
    } catch (error) {
      release();
      throw error;
    }
    return { path, [Symbol.dispose]: release };
  }

  /** Removes what is over the bound, and what killed downloads have left. */
  async trim(nowMs = Date.now()): Promise<void> {
    await removeAbandoned(this.folder, nowMs);
    const files = await this.#files();
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    for (const { path, bytes: size, usedMs } of files.toSorted((a, b) => a.usedMs - b.usedMs)) {
      if (bytes <= this.#maxBytes) return;
      if (this.#used.has(path) || nowMs - usedMs < FRESH_MS) continue;
      await rm(path, { force: true });
      bytes -= size;
    }
  }

  async #bring(path: string, fetch: () => Promise<WholeFile>): Promise<void> {
    const coming =
      this.#coming.get(path) ??
      fetch()
        .then(async (whole) => {
          await rename(whole.path, path);
          await this.trim();
        })
        .finally(() => this.#coming.delete(path));
    this.#coming.set(path, coming);
    await coming;
  }

  async #files() {
    const names = (await readdir(this.folder).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name));
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.folder, name);
        const about = await stat(path).catch(() => undefined);
        return about ? [{ path, bytes: about.size, usedMs: about.mtimeMs }] : [];
      }),
    );
    return files.flat();
  }
}
