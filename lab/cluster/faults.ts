import { NetcheckError } from "#src/core/errors.ts";
import type { FaultSpec, LabParts, Undo } from "./faults/fault.ts";
import { faultSchema, findKind } from "./faults/table.ts";

type ListedFault = {
  readonly id: string;
  /** One line for people. */
  readonly description: string;
  /** False before its start and after its end. */
  readonly active: boolean;
  readonly spec: FaultSpec;
  /** Why it could not be made or taken back at its time. */
  readonly error?: string;
};

/** What is broken in a lab, and the ways to break and mend it. */
export type Faults = {
  /**
   * Breaks something, as a scenario file would say it. Resolves when it is in force; with `startS`, when it is waiting.
   * `startS` and `endS` count from now. Throws `bad-config`, before anything is touched, when it does not fit the lab.
   */
  readonly add: (spec: unknown) => Promise<ListedFault>;
  /** Adds all faults of a scenario at once; disposing takes those back. Their clocks start when this resolves. */
  readonly schedule: (specs: readonly unknown[]) => Promise<AsyncDisposable>;
  readonly remove: (id: string) => Promise<void>;
  readonly list: () => ListedFault[];
  /** Mends everything, newest first. */
  readonly clear: () => Promise<void>;
  /** Stops the clocks without mending: the lab is going down. */
  readonly stop: () => void;
};

type Entry = {
  readonly id: string;
  readonly description: string;
  readonly spec: FaultSpec;
  readonly apply: () => Promise<Undo>;
  undo?: Undo;
  error?: string;
  readonly timers: NodeJS.Timeout[];
};

export function createFaults(lab: LabParts): Faults {
  const entries = new Map<string, Entry>();
  let count = 0;
  // One after the other: two changes to the same table at the same time would disturb each other.
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => {});
    return result;
  };

  const prepare = (value: unknown): Entry => {
    const spec = parseFault(value);
    const kind = findKind(spec.kind);
    if (kind === undefined) throw new Error(`no fault kind ${spec.kind}`);
    return { id: `f${++count}`, spec, ...kind.prepare(spec, lab), timers: [] };
  };
  const apply = (entry: Entry): Promise<void> =>
    inTurn(async () => {
      if (entries.has(entry.id)) entry.undo = await entry.apply();
    });
  const undo = (entry: Entry): Promise<void> =>
    inTurn(async () => {
      const mend = entry.undo;
      delete entry.undo;
      await mend?.();
    });
  const later = (entry: Entry, atS: number, work: (entry: Entry) => Promise<void>): void => {
    const timer = setTimeout(() => {
      work(entry).catch((error: unknown) => {
        entry.error = error instanceof Error ? error.message : String(error);
      });
    }, atS * 1_000);
    timer.unref();
    entry.timers.push(timer);
  };
  const startClock = (entry: Entry): void => {
    const { startS, endS } = entry.spec;
    if (startS !== undefined) later(entry, startS, apply);
    if (endS !== undefined) later(entry, endS, undo);
  };
  const listed = ({ id, description, spec, undo: active, error }: Entry): ListedFault => ({
    id,
    description,
    active: active !== undefined,
    spec,
    ...(error === undefined ? {} : { error }),
  });
  const remove = async (id: string): Promise<void> => {
    const entry = entries.get(id);
    if (entry === undefined) throw new NetcheckError("bad-config", `There is no fault "${id}".`);
    for (const timer of entry.timers) clearTimeout(timer);
    await undo(entry);
    entries.delete(id);
  };
  const place = async (entry: Entry): Promise<void> => {
    entries.set(entry.id, entry);
    if (entry.spec.startS !== undefined) return;
    await apply(entry).catch((error: unknown) => {
      entries.delete(entry.id);
      throw error;
    });
  };
  return {
    async add(value) {
      const entry = prepare(value);
      await place(entry);
      startClock(entry);
      return listed(entry);
    },
    async schedule(values) {
      const mine = values.map(prepare);
      await using stack = new AsyncDisposableStack();
      for (const entry of mine) {
        await place(entry);
        stack.defer(async () => {
          if (entries.has(entry.id)) await remove(entry.id);
        });
      }
      for (const entry of mine) startClock(entry);
      const owned = stack.move();
      return { [Symbol.asyncDispose]: () => owned.disposeAsync() };
    },
    remove,
    list: () => [...entries.values()].map(listed),
    async clear() {
      for (const id of [...entries.keys()].reverse()) await remove(id);
    },
    stop() {
      for (const { timers } of entries.values()) for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** Checks a fault's kind and parameters. Throws `bad-config` with everything that is wrong with it. */
function parseFault(value: unknown): FaultSpec {
  const result = faultSchema.safeParse(value);
  if (result.success) return result.data;
  const text = result.error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys")
      return `${issue.keys.map((key) => `"${key}"`).join(", ")} is not known here`;
    return `${issue.path.length > 0 ? `${issue.path.join(".")} ` : ""}${issue.message}`;
  });
  throw new NetcheckError("bad-config", `This fault cannot be made: ${text.join("; ")}.`);
}
