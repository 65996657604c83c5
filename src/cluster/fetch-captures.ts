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

/** One exec brings so much at most, bytes; where that takes too long, half of it, and so on down to the least. */
const PIECE_BYTES = { most: 4 * 1024 * 1024, least: 128 * 1024 } as const;
/** A node that does not hand over a single piece, or a store that takes no file, is tried for so long … */
const PATIENCE_MS = 60_000;
/** … and for so long when not even its refusal comes back. */
const HANGING_MS = 2 * PATIENCE_MS;

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
  /** What is here of a segment that was not brought whole in one go, by task. */
  readonly begun: Map<string, { readonly number: number; readonly parts: Buffer[] }>;
  /** How much is asked for at once, by node, where that is not the most. */
  readonly pieceBytes: Map<string, number>;
  /** Since when no piece has come from a node that was asked for one; Unix milliseconds. */
  readonly waiting: Map<string, number>;
  /** Since when nothing can be fetched from a node, or what came cannot be kept, and why; Unix milliseconds. */
  readonly troubles: Map<string, { readonly sinceMs: number; readonly text: Text; readonly with: "node" | "store" }>;
};

/** What is in the store of a check, and why the rest is not. */
export type InStore = Pick<Fetched, "kept" | "gone" | "troubles">;

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
  readonly fetched: (check: string) => Promise<InStore>;
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
    const state: Fetched = {
      ...{ kept: new Map(), gone: new Map(), acknowledged: new Map() },
      ...{ begun: new Map(), pieceBytes: new Map(), waiting: new Map(), troubles: new Map() },
    };
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
    const sinceMs = state.waiting.get(files.node) ?? nowMs();
    if (nowMs() - sinceMs > HANGING_MS) {
      const text = say("{node} did not hand them over in time", { node: files.node });
      state.troubles.set(files.node, { sinceMs, text, with: "node" });
      return 0;
    }
    if (missing.length > 0) state.waiting.set(files.node, sinceMs);
    let brought = 0;
    let at: "node" | "store" = "node";
    try {
      for (const { task, segment } of missing) {
        if (nowMs() >= untilMs || budget.left <= 0) break;
        at = "node";
        const parts = await bring(files, state, { task, segment, signal });
        at = "store";
        await shelf.put(segmentKey(files.check, task, segment.number), pieces(parts), segment.sha256);
        state.troubles.delete(files.node);
        note(state.kept, task, segment.number);
        brought++;
      }
      if (!stays) await acknowledge(files, state);
      state.waiting.delete(files.node);
      state.troubles.delete(files.node);
    } catch (error) {
      return afterTrouble(files, state, {
        ...{ error, at, slow: signal?.aborted === true, left: missing.length - brought },
      });
    }
    return missing.length - brought;
  }

  async function bring(
    { check, node }: ClosedFiles,
    { begun, pieceBytes, waiting, troubles }: Fetched,
    {
      task,
      segment: { number, bytes: size },
      signal,
    }: { readonly task: string; readonly segment: Segment; readonly signal: AbortSignal | undefined },
  ): Promise<readonly Uint8Array[]> {
    const before = begun.get(task);
    const parts = before?.number === number ? before.parts : [];
    begun.set(task, { number, parts });
    const here = (): number => parts.reduce((sum, part) => sum + part.length, 0);
    for (let offset = here(); offset < size; offset = here()) {
      const maxBytes = pieceBytes.get(node) ?? PIECE_BYTES.most;
      const { bytes } = await nodes.segment(node, check, task, number, offset, { maxBytes, signal });
      budget.took(bytes.length);
      if (bytes.length === 0)
        throw new NetcheckError("exec-failed", say("{node} does not have the recorded packets any more.", { node }));
      waiting.delete(node);
      if (troubles.get(node)?.with === "node") troubles.delete(node);
      // A call that was given up may still have brought the same.
      if (here() === offset) parts.push(bytes);
      pieceBytes.set(node, Math.min(2 * maxBytes, PIECE_BYTES.most));
    }
    // If it is refused, it has to be brought anew.
    begun.delete(task);
    return parts;
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
    { troubles, pieceBytes }: Fetched,
    {
      error,
      at,
      slow,
      left,
    }: { readonly error: unknown; readonly at: "node" | "store"; readonly slow: boolean; readonly left: number },
  ): number {
    const known = error instanceof NetcheckError ? error.text : say("internal error, see the worker's log");
    const text = slow && at === "node" ? say("{node} did not hand them over in time", { node }) : known;
    pieceBytes.set(node, Math.max(PIECE_BYTES.least, Math.floor((pieceBytes.get(node) ?? PIECE_BYTES.most) / 2)));
    const before = troubles.get(node);
    if (!before) log.warn({ check, node, err: error }, "recorded packets cannot be fetched");
    const sinceMs = before?.sinceMs ?? nowMs();
    troubles.set(node, { sinceMs, text, with: at });
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
