import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Recording } from "../core/capture.ts";
import { standsOut, type Trigger, triggerSchema } from "../core/capture-triggers.ts";
import type { IndexedSegment } from "../core/keep-segments.ts";
import type { Plan } from "../core/plan.ts";
import { isRing } from "../core/plan-taps.ts";
import { worthFetching } from "../core/trigger-moments.ts";
import type { Log } from "../log.ts";
import { type CaptureFetcher, type InStore, pieces, type Shelf } from "./fetch-captures.ts";
import type { ClosedFiles, Recorded } from "./measure-ports.ts";

/** What a ring holds must still be there when it is known to be worth fetching: short pieces, looked at soon. */
const LOOK_MS = 20_000;
/** More than this at once when a worker comes late. */
const LONGEST_LOOK_MS = 5 * 60_000;
/** Packets before and after a look that are read with it. */
const MARGIN_MS = 10_000;
/** By then the headers of a moment are sealed and fetched. */
const SETTLED_MS = MARGIN_MS + 25_000;
/** A point whose headers do not come is not awaited longer. */
const PATIENCE_MS = 3 * 60_000;
/** So long a check that is over waits for its last look. */
const LAST_LOOK_MS = 60_000;
/** The worst of them matter; a night of storms has more. */
const MOST_TRIGGERS = 2_000;

const watchSchema = z.object({
  /** Up to where was looked, Unix milliseconds by our clock. */
  lookedMs: z.number(),
  triggers: z.array(triggerSchema),
});

type Watch = z.infer<typeof watchSchema> & {
  /** Nothing more comes. */
  done: boolean;
  /** Since when its recorders are known to have ended. */
  overMs?: number;
  /** Numbers of the files of rings that are to be here, by task. */
  wanted: ReadonlyMap<string, ReadonlySet<number>>;
};

export type MomentFile = IndexedSegment & { readonly task: string };

/** Looks for triggers while a check runs, and says which files of whole packets are worth fetching from its rings. */
export type MomentWatch = {
  /** Looks at what has come since the last time, where there are rings. Resolves when that is done; never rejects. */
  readonly advance: (recorded: Recorded) => Promise<void>;
  /** What is to be fetched of the rings of a node, as recordings with no other files. */
  readonly wanted: (files: ClosedFiles) => ClosedFiles["recordings"];
  /** Whether the last look of a check whose recorders have ended is still to come. */
  readonly awaited: (check: string) => boolean;
  /** Waits for a look at work, and forgets the check. Answers what was found while it ran; undefined where there are no rings. */
  readonly end: (plan: Plan) => Promise<readonly Trigger[] | undefined>;
};

/** Files of all rings that are on the nodes or in the store, times by our clock, and those of them that are in the store. */
export function ringFiles(
  { plan, recordings, aheadMs }: Recorded,
  { kept, gone }: InStore,
): {
  readonly all: readonly MomentFile[];
  readonly here: ReadonlySet<MomentFile>;
  readonly lost: readonly MomentFile[];
} {
  const has = (of: typeof kept, { task, number }: MomentFile): boolean => of.get(task)?.has(number) === true;
  const indexed = (from: (recording: Recording) => Recording["segments"]): readonly MomentFile[] =>
    (plan.taps ?? []).flatMap(({ ring, label, node }) => {
      const recording = ring === undefined ? undefined : recordings.get(ring);
      const ahead = aheadMs[node] ?? 0;
      return ring === undefined || !recording
        ? []
        : from(recording).map(({ number, bytes, fromMs, toMs }) => ({
            ...{ task: ring, tap: label, number, bytes, fromMs: fromMs - ahead, toMs: toMs - ahead },
          }));
    });
  const onNode = indexed(({ segments }) => segments);
  const letGo = indexed((recording) => recording.letGo);
  const all = [...onNode, ...letGo.filter((file) => has(kept, file))].filter((file) => !has(gone, file));
  return {
    all,
    here: new Set(all.filter((file) => has(kept, file))),
    lost: [...letGo.filter((file) => !has(kept, file)), ...onNode.filter((file) => has(gone, file))],
  };
}

export function momentWatch({
  triggersIn,
  fetcher,
  shelf,
  maxBytes,
  nowMs,
  log,
}: {
  /** Analyses what was recorded between two moments, with a margin on both sides. */
  readonly triggersIn: (
    recorded: Recorded,
    fromMs: number,
    toMs: number,
    marginMs: number,
  ) => Promise<readonly Trigger[]>;
  readonly fetcher: Pick<CaptureFetcher, "fetched" | "letGo">;
  readonly shelf: Shelf;
  /** Most that is kept of the rings of a check, bytes. */
  readonly maxBytes: number;
  readonly nowMs: () => number;
  readonly log: Log;
}): MomentWatch {
  const watches = new Map<string, Promise<Watch>>();
  const known = new Map<string, Watch>();
  const working = new Map<string, Promise<void>>();
  const keyOf = (check: string): string => `captures/${check}/moments.json`;

  async function read({ check, window }: Plan): Promise<Watch> {
    const stored = (await shelf.list(`captures/${check}`)).some(({ key }) => key === keyOf(check));
    const fresh = { lookedMs: window.startMs, triggers: [] };
    const watch = { ...(stored ? await parsed(keyOf(check)) : fresh), done: false, wanted: new Map() };
    known.set(check, watch);
    return watch;
  }

  async function parsed(key: string): Promise<z.infer<typeof watchSchema>> {
    using file = await shelf.localPath(key);
    return watchSchema.parse(JSON.parse(await readFile(file.path, "utf8")));
  }

  function watchOf(plan: Plan): Promise<Watch> {
    const reading = watches.get(plan.check) ?? read(plan);
    watches.set(plan.check, reading);
    reading.catch(() => watches.delete(plan.check));
    return reading;
  }

  async function advance(recorded: Recorded): Promise<void> {
    const { check } = recorded.plan;
    if (working.has(check) || !hasRings(recorded.plan)) return;
    const work = look(recorded)
      .catch((err: unknown) => log.warn({ check, err }, "triggers cannot be looked for yet"))
      .finally(() => working.delete(check));
    working.set(check, work);
    await work;
  }

  async function look(recorded: Recorded): Promise<void> {
    const { plan, kernel } = recorded;
    const watch = await watchOf(plan);
    const fetched = await fetcher.fetched(plan.check);
    const until = watch.done ? undefined : nextLook(recorded, watch.lookedMs, fetched.kept, nowMs());
    if (until && until.toMs > watch.lookedMs) {
      const found = await triggersIn(recorded, watch.lookedMs, until.toMs, MARGIN_MS);
      // In so short a time some second is always the worst.
      watch.triggers = [...watch.triggers, ...found.filter(standsOut)].slice(-MOST_TRIGGERS);
      watch.lookedMs = until.toMs;
      const { lookedMs, triggers } = watch;
      await shelf.put(keyOf(plan.check), pieces([Buffer.from(JSON.stringify({ lookedMs, triggers }))]));
    }
    const { all, here } = ringFiles(recorded, fetched);
    const worth = worthFetching(all, [...watch.triggers, ...kernel], maxBytes);
    const tasks = Map.groupBy(worth, ({ task }) => task);
    watch.wanted = new Map([...tasks].map(([task, files]) => [task, new Set(files.map(({ number }) => number))]));
    watch.done ||= until?.last === true;
    const old = [...here].filter((file) => !worth.has(file));
    if (old.length > 0)
      await fetcher.letGo(
        plan.check,
        old.map(({ task, number }) => ({ task, number })),
      );
  }

  function wanted({ check, recordings }: ClosedFiles): ClosedFiles["recordings"] {
    const rings = [...recordings].filter(([task]) => isRing(task));
    const over = [...recordings.values()].every(hasEnded);
    const watch = known.get(check);
    if (watch && over) watch.overMs ??= nowMs();
    return new Map(
      rings.map(([task, recording]) => [
        task,
        {
          ...recording,
          segments: recording.segments.filter(({ number }) => watch?.wanted.get(task)?.has(number) === true),
        },
      ]),
    );
  }

  return {
    advance,
    wanted,
    awaited: (check) => {
      const watch = known.get(check);
      return watch?.overMs !== undefined && !watch.done && nowMs() - watch.overMs < LAST_LOOK_MS;
    },
    end: async (plan) => {
      const { check } = plan;
      await working.get(check);
      if (!hasRings(plan)) return undefined;
      const watch = await watchOf(plan).catch((err: unknown) => {
        log.warn({ check, err }, "triggers that were found cannot be read");
        return undefined;
      });
      watches.delete(check);
      known.delete(check);
      return watch?.triggers ?? [];
    },
  };
}

const hasRings = ({ taps = [] }: Plan): boolean => taps.some(({ ring }) => ring !== undefined);

const hasEnded = ({ endedMs, trouble }: Recording): boolean => endedMs !== undefined || trouble !== undefined;

/** Up to where can be looked now, and whether nothing comes behind that; undefined when it is too early. */
function nextLook(
  { plan, recordings, aheadMs }: Recorded,
  lookedMs: number,
  kept: ReadonlyMap<string, ReadonlySet<number>>,
  nowMs: number,
): { readonly toMs: number; readonly last: boolean } | undefined {
  const taps = (plan.taps ?? []).map(({ task, node }) => ({
    ...{ task, aheadMs: aheadMs[node] ?? 0, recording: recordings.get(task) },
  }));
  /** Headers that are known of and not here, the oldest. */
  const missing = taps.flatMap(({ task, aheadMs: ahead, recording }) =>
    (recording?.segments ?? [])
      .filter(({ number }) => !kept.get(task)?.has(number))
      .map(({ fromMs }) => fromMs - ahead),
  );
  if (missing.length === 0 && taps.every(({ recording }) => recording && hasEnded(recording))) {
    const ends = taps.map(({ aheadMs: ahead, recording }) => (recording?.endedMs ?? 0) - ahead);
    return { toMs: Math.max(lookedMs, ...ends), last: true };
  }
  const settledMs = Math.min(nowMs - SETTLED_MS, plan.window.endMs);
  const oldest = Math.min(...missing) - MARGIN_MS;
  const limit = nowMs - oldest > PATIENCE_MS ? settledMs : Math.min(settledMs, oldest);
  const looks = Math.floor(Math.min(limit - lookedMs, LONGEST_LOOK_MS) / LOOK_MS);
  return looks > 0 ? { toMs: lookedMs + looks * LOOK_MS, last: false } : undefined;
}
