import { checkIdSchema } from "../core/check.ts";

/** A file that is kept. */
export type Artifact = {
  /** `captures/nc-4f2a/capture-3/000012.pcap`: words of letters, digits, `.`, `_` and `-`, with slashes between them. */
  readonly key: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** Unix milliseconds. */
  readonly storedMs: number;
};

/** A file on this machine. It stays there until it is disposed of: `using file = await store.localPath(key)`. */
export type LocalFile = Disposable & { readonly path: string };

/** What went and what is left. */
export type Swept = {
  readonly gone: readonly { readonly check: string; readonly why: "expired" | "quota"; readonly bytes: number }[];
  /** Bytes that are kept now: more than the quota only when running checks need that much. */
  readonly bytes: number;
};

/**
 * Where captures are kept. Whatever it answers, an artifact is there with all of its bytes or not at all, also behind a kill
 * or a power cut in the middle. Every method may throw a NetcheckError: `disk-full`, `forbidden`, `not-found`, `damaged`
 * (its bytes are not those of the sha256), `store-unavailable`; what was kept before stays as it is.
 */
export type ArtifactStore = {
  /**
   * Keeps a file (by its path) or a stream under a key; returns when it would survive a power cut. With `sha256` other bytes are
   * refused as `damaged`, and nothing is done when just that is kept under the key already. What the key held before is replaced.
   */
  readonly put: (key: string, source: string | AsyncIterable<Uint8Array>, sha256?: string) => Promise<Artifact>;
  readonly localPath: (key: string) => Promise<LocalFile>;
  /** What is kept under a key; undefined where there is nothing. */
  readonly about: (key: string) => Promise<Artifact | undefined>;
  /** Everything below a folder (`captures/nc-4f2a`), by key. */
  readonly list: (folder: string) => Promise<readonly Artifact[]>;
  /** Removes the artifact of that key, or all below that folder. That there is none is no error. */
  readonly remove: (under: string) => Promise<void>;
  /** An address at which anybody may fetch it for so long; undefined where there is none. */
  readonly link: (key: string, seconds: number) => Promise<string | undefined>;
  /**
   * Lets whole checks go (`captures/<check>/…`): those that are too old, then the oldest until the rest fits the quota; never
   * those that run. What unfinished puts have left is removed as well.
   */
  readonly sweep: (nowMs: number, running: ReadonlySet<string>) => Promise<Swept>;
};

/** How much is kept, and how long. */
export type Keeping = {
  readonly days: number;
  readonly quotaBytes: number;
};

const WORD = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const MAX_WORDS = 8;
/** The disk store puts the sha256 into names. */
const HAS_SHA = /[0-9a-f]{64}/;

/** Throws a RangeError for what is no key: keys are made by us, from check ids and task names. */
export function validKey(key: string): string {
  const words = key.split("/");
  if (words.length > MAX_WORDS || !words.every((word) => WORD.test(word) && !HAS_SHA.test(word)))
    throw new RangeError(`not a key of an artifact: ${JSON.stringify(key.slice(0, 200))}`);
  return key;
}

type Kept = Pick<Artifact, "key" | "bytes" | "storedMs">;

/** What a sweep lets go. A check is as old as its newest artifact; artifacts of no check are kept. */
export function whatGoes(
  kept: readonly Kept[],
  { days, quotaBytes, nowMs, running }: Keeping & { readonly nowMs: number; readonly running: ReadonlySet<string> },
): Swept {
  const checks = new Map<string, { check: string; bytes: number; newestMs: number }>();
  for (const { key, bytes, storedMs } of kept) {
    const [folder, check = ""] = key.split("/");
    if (folder !== "captures" || !checkIdSchema.safeParse(check).success) continue;
    const known = checks.get(check) ?? { check, bytes: 0, newestMs: 0 };
    known.bytes += bytes;
    known.newestMs = Math.max(known.newestMs, storedMs);
    checks.set(check, known);
  }
  let left = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  const gone: Swept["gone"][number][] = [];
  for (const { check, bytes, newestMs } of [...checks.values()].toSorted((a, b) => a.newestMs - b.newestMs)) {
    const expired = nowMs - newestMs > days * 86_400_000;
    if (running.has(check) || (!expired && left <= quotaBytes)) continue;
    gone.push({ check, why: expired ? "expired" : "quota", bytes });
    left -= bytes;
  }
  return { gone, bytes: left };
}
