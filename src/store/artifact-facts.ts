import { randomUUID } from "node:crypto";
import { access, constants, readFile, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { NetcheckError } from "../core/errors.ts";
import type { ClockEstimate } from "../core/node-clock.ts";
import { inWords } from "../core/sentence.ts";
import { clockOfHeader } from "../doctor/clock.ts";
import type { ArtifactFacts, StoreTrouble } from "../doctor/judge-artifacts.ts";
import { type ArtifactConfig, LEAST_FREE_BYTES, openArtifacts } from "./artifacts.ts";

/** The store tries again and again, which is right for a capture and takes too long here. */
const PATIENCE = 2;

/** Puts, reads and deletes a small artifact in the store that is configured, by the ways that captures go. */
export async function artifactFacts(
  { dataDir, artifacts }: { readonly dataDir: string; readonly artifacts: ArtifactConfig },
  { limitMs, nowMs }: { readonly limitMs: number; readonly nowMs: () => number },
): Promise<ArtifactFacts> {
  const { s3, quotaBytes } = artifacts;
  const where = s3 && withoutUser(s3.endpoint ?? `https://s3.${s3.region}.amazonaws.com`);
  const [trouble, clock] = await Promise.all([
    Promise.race([
      notWritable(resolve(dataDir)).then((trouble) => trouble ?? tryStore({ dataDir, artifacts }, limitMs)),
      pause(PATIENCE * limitMs, tooLate(PATIENCE * limitMs), { ref: false }),
    ]),
    where === undefined ? undefined : clockOf(where, { limitMs, nowMs }),
  ]);
  const store = openArtifacts({ dataDir, artifacts });
  const kept = trouble || s3 ? [] : await store.list("captures");
  return {
    dataDir,
    ...(s3 && where !== undefined && { s3: { bucket: s3.bucket, where, region: s3.region, clock } }),
    trouble,
    freeBytes: await freeBytes(resolve(dataDir)),
    keptBytes: kept.reduce((sum, { bytes }) => sum + bytes, 0),
    quotaBytes,
    leastFreeBytes: LEAST_FREE_BYTES,
  };
}

/** An endpoint may carry a name and a password, which are nobody's business. */
function withoutUser(address: string): string {
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname.replace(/\/$/, "")}`;
}

const tooLate = (ms: number): StoreTrouble => ({
  ...{ step: "put", name: "late", code: "ETIMEDOUT" },
  text: `The store did not answer within ${ms / 1_000} s.`,
});

async function tryStore(
  config: { readonly dataDir: string; readonly artifacts: ArtifactConfig },
  silentMs: number,
): Promise<StoreTrouble | undefined> {
  const store = openArtifacts(config, { silentMs });
  const key = `doctor/${randomUUID()}.txt`;
  const bytes = Buffer.from("netcheck doctor\n");
  let step: StoreTrouble["step"] = "put";
  try {
    // Without its sum: the store would be asked first whether it has that, and says nothing about why it refuses such a question.
    await store.put(key, once(bytes));
    step = "get";
    {
      using file = await store.localPath(key);
      await readFile(file.path);
    }
    step = "delete";
    await store.remove(key);
    return undefined;
  } catch (error) {
    if (step === "get") await store.remove(key).catch(() => undefined);
    return troubleOf(error, step);
  }
}

/** Asked for before the store makes folders: Node's recursive mkdir says ENOENT on a disk that is read-only. */
async function notWritable(folder: string): Promise<StoreTrouble | undefined> {
  try {
    await access(folder, constants.W_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    if (code === "ENOENT" && dirname(folder) !== folder) return notWritable(dirname(folder));
    return { step: "put", name: "forbidden", code, text: `${folder} may not be written (${code}).` };
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function troubleOf(error: unknown, step: StoreTrouble["step"]): StoreTrouble {
  if (!(error instanceof NetcheckError)) throw error;
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const code = cause && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  const about = cause && "$metadata" in cause ? (cause.$metadata as { readonly httpStatusCode?: number }) : {};
  return {
    step,
    name: error.code === "disk-full" || cause === undefined ? error.code : cause.name,
    code: code ?? (cause && /^(AbortError|TimeoutError)$/.test(cause.name) ? "ETIMEDOUT" : undefined),
    status: about.httpStatusCode,
    text: error.message,
    hint: error.hint === undefined ? undefined : inWords(error.hint),
  };
}

/** Of the nearest folder above that is there. */
async function freeBytes(folder: string): Promise<number | undefined> {
  const about = await statfs(folder).catch(() => undefined);
  if (about) return about.bavail * about.bsize;
  return dirname(folder) === folder ? undefined : freeBytes(dirname(folder));
}

/** How far the server's clock is ahead, from the head of any answer; undefined when it gives none. */
async function clockOf(
  url: string,
  { limitMs, nowMs }: { readonly limitMs: number; readonly nowMs: () => number },
): Promise<ClockEstimate | undefined> {
  const sentMs = nowMs();
  const answer = await fetch(url, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(limitMs) }).catch(
    () => undefined,
  );
  return clockOfHeader(answer?.headers.get("date"), { sentMs, gotMs: nowMs() });
}
