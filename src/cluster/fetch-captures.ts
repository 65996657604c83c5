import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Recording, Segment } from "../core/capture.ts";
import { NetcheckError } from "../core/errors.ts";
import { say, type Text } from "../core/sentence.ts";
import type { Log } from "../log.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { ClosedFiles } from "./measure-ports.ts";
import type { NodeTasks } from "./node-tasks.ts";

/** What captures need of the artifact store (`store/artifact.ts`): a file is there whole or not at all. */
export type Shelf = {
  readonly put: (key: string, content: AsyncIterable<Uint8Array>, sha256?: string) => Promise<unknown>;
  /** A file of this machine with the same content, until it is disposed of. */
  readonly localPath: (key: string) => Promise<Disposable & { readonly path: string }>;
  /** Everything below a folder. */
  readonly list: (folder: string) => Promise<readonly { readonly key: string }[]>;
  readonly remove: (key: string) => Promise<void>;
};

/** One exec brings so much at most, bytes. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** A node that does not hand its files over, or a store that does not take them, is tried for so long. */
const PATIENCE_MS = 60_000;

/** Where a segment lies in the store. */
export const segmentKey = (check: string, task: string, number: number): string =>
  `captures/${check}/${task}/${String(number).padStart(6, "0")}.pcap`;

const goneKey = (check: string): string => `captures/${check}/let-go.json`;
const goneSchema = z.array(z.object({ task: z.string(), number: z.number() }));
type SegmentName = z.infer<typeof goneSchema>[number];

const KEY = /^captures\/[^/]+\/([^/]+)\/(\d+)\.pcap$/;

/** What is known of the recordings of one check. */
type Fetched = {
  /** Numbers of the segments that are in the store, by task, and of those that were there and did not fit. */
  readonly kept: Map<string, Set<number>>;
  readonly gone: Map<string, Set<number>>;
  /** Up to which segment the nodes were told to delete, by task. */
  readonly acknowledged: Map<string, number>;
  /** Since when nothing can be fetched from a node, and why; Unix milliseconds. */
  readonly troubles: Map<string, { readonly sinceMs: number; readonly text: Text }>;
};

type FetchOptions = {
  readonly limitMs: number;
  readonly signal?: AbortSignal;
  /** What was fetched stays on its node, which looks after its room itself: others of the same task may be wanted later. */
  readonly stays?: boolean;
};

export type CaptureFetcher = {
  /** See `Captures.fetch`. */
  readonly fetch: (files: ClosedFiles, options: FetchOptions) => Promise<number>;
  /** What is here of a check, and why the rest is not. */
  readonly fetched: (check: string) => Promise<Pick<Fetched, "kept" | "gone" | "troubles">>;
  /** Deletes segments from the store that are not worth their room. */
  readonly letGo: (check: string, segments: readonly SegmentName[]) => Promise<void>;
  /** Forgets what was known of a check; the files stay. */
  readonly forget: (check: string) => void;
};

/**
 * Brings sealed segments from the nodes into the store, in the order of time, and lets the nodes delete what is there.
 * Whatever it does may be done twice, or by two workers at once: a segment never changes, and is in the store whole or not at
 * all. What is in the store is asked once per check and worker.
 */
export function captureFetcher({
  nodes,
  shelf,
  budget,
  nowMs,
  log,
}: {
  readonly nodes: Pick<NodeTasks, "segment" | "acknowledge">;
  readonly shelf: Shelf;
  readonly budget: ByteBudget;
  readonly nowMs: () => number;
  readonly log: Log;
}): CaptureFetcher {
  const checks = new Map<string, Promise<Fetched>>();

  function known(check: string): Promise<Fetched> {
    const reading = checks.get(check) ?? listed(check);
    checks.set(check, reading);
    return reading;
  }

  /** A store that cannot be read now is asked again with the first segment that is to be put there. */
  async function listed(check: string): Promise<Fetched> {
    const state: Fetched = { kept: new Map(), gone: new Map(), acknowledged: new Map(), troubles: new Map() };
    try {
      const found = await shelf.list(`captures/${check}`);
      for (const { key } of found) {
        const [, task, number] = KEY.exec(key) ?? [];
        if (task !== undefined) note(state.kept, task, Number(number));
      }
      if (!found.some(({ key }) => key === goneKey(check))) return state;
      using file = await shelf.localPath(goneKey(check));
      const gone = goneSchema.parse(JSON.parse(await readFile(file.path, "utf8")));
      for (const { task, number } of gone) note(state.gone, task, number);
    } catch (err) {
      log.warn({ check, err }, "the artifact store cannot be read");
    }
    return state;
  }

  async function fetch(files: ClosedFiles, { limitMs, signal, stays = false }: FetchOptions): Promise<number> {
    const untilMs = nowMs() + limitMs;
    const state = await known(files.check);
    const missing = missingOf(files.recordings, state);
    let brought = 0;
    try {
      for (const { task, segment } of missing) {
        if (nowMs() >= untilMs || budget.left <= 0) break;
        await bring(files, task, segment, signal);
        note(state.kept, task, segment.number);
        brought++;
      }
      if (!stays) await acknowledge(files, state);
      state.troubles.delete(files.node);
    } catch (error) {
      return afterTrouble(files, state, { error, left: missing.length - brought });
    }
    return missing.length - brought;
  }

  async function bring(
    { check, node }: ClosedFiles,
    task: string,
    segment: Segment,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const parts: Buffer[] = [];
    for (let offset = 0; offset < segment.bytes; ) {
      const { bytes } = await nodes.segment(node, check, task, segment.number, offset, {
        maxBytes: PIECE_BYTES,
        signal,
      });
      if (bytes.length === 0)
        throw new NetcheckError("exec-failed", say("{node} does not have the recorded packets any more.", { node }));
      parts.push(bytes);
      offset += bytes.length;
      budget.took(bytes.length);
    }
    await shelf.put(segmentKey(check, task, segment.number), pieces(parts), segment.sha256);
  }

  async function acknowledge({ check, node, recordings }: ClosedFiles, state: Fetched): Promise<void> {
    const upTo = new Map<string, number>();
    for (const [task, { segments }] of recordings) {
      const gap = segments.findIndex(({ number }) => !has(state, task, number));
      const last = segments.at(gap === -1 ? -1 : gap - 1);
      if (last && gap !== 0 && last.number > (state.acknowledged.get(task) ?? 0)) upTo.set(task, last.number);
    }
    if (upTo.size === 0) return;
    await nodes.acknowledge(node, check, upTo);
    for (const [task, number] of upTo) state.acknowledged.set(task, number);
  }

  /** After a while the rest is given up: it is a gap, and must not keep the check from its end. */
  function afterTrouble(
    { check, node }: ClosedFiles,
    { troubles }: Fetched,
    { error, left }: { readonly error: unknown; readonly left: number },
  ): number {
    const text = error instanceof NetcheckError ? error.text : say("internal error, see the worker's log");
    const before = troubles.get(node);
    if (!before) log.warn({ check, node, err: error }, "recorded packets cannot be fetched");
    const sinceMs = before?.sinceMs ?? nowMs();
    troubles.set(node, { sinceMs, text });
    return nowMs() - sinceMs > PATIENCE_MS ? 0 : left;
  }

  async function letGo(check: string, segments: readonly SegmentName[]): Promise<void> {
    const state = await known(check);
    for (const { task, number } of segments) note(state.gone, task, number);
    const all = [...state.gone].flatMap(([task, numbers]) => [...numbers].map((number) => ({ task, number })));
    // First what is gone: whoever takes over must not look for it on the node.
    await shelf.put(goneKey(check), pieces([Buffer.from(JSON.stringify(all))]));
    for (const { task, number } of segments) await shelf.remove(segmentKey(check, task, number));
    for (const { task, number } of segments) state.kept.get(task)?.delete(number);
  }

  return { fetch, fetched: known, letGo, forget: (check) => void checks.delete(check) };
}

/** Segments that are on a node and not in the store, the oldest first. */
function missingOf(
  recordings: ClosedFiles["recordings"],
  state: Fetched,
): readonly { readonly task: string; readonly segment: Segment }[] {
  return [...recordings]
    .flatMap(([task, { segments }]: readonly [string, Recording]) =>
      segments.filter(({ number }) => !has(state, task, number)).map((segment) => ({ task, segment })),
    )
    .toSorted((one, other) => one.segment.fromMs - other.segment.fromMs);
}

function note(numbers: Map<string, Set<number>>, task: string, number: number): void {
  numbers.set(task, (numbers.get(task) ?? new Set()).add(number));
}

function has({ kept, gone }: Fetched, task: string, number: number): boolean {
  return kept.get(task)?.has(number) === true || gone.get(task)?.has(number) === true;
}

export async function* pieces(all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}
