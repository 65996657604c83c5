import { createHash } from "node:crypto";
import { z } from "zod";

/**
 * running: started or waiting for the window · done: ended, see `reason` · orphaned: its supervisor died, so nothing runs and
 * what was written can still be read · absent: not known on this node · refused: not started, see `reason`.
 */
const stateSchema = z.enum(["running", "done", "orphaned", "absent", "refused"]);

const taskSchema = z.object({
  id: z.string(),
  state: stateSchema,
  /**
   * done: exited, duration, stopped, lease-expired, quota, disk-low, no-netns, term ·
   * refused: argv-differs, no-such-pod, disk-low.
   */
  reason: z.string().optional(),
  exitCode: z.number().int().optional(),
});
export type TaskAnswer = z.infer<typeof taskSchema>;

const clock = { clockMs: z.number(), bootId: z.string() };
export const answerSchema = z.object({ ...clock, tasks: z.array(taskSchema) });
export const listSchema = z.object({
  ...clock,
  checks: z.array(
    z.object({ check: z.string(), running: z.boolean(), tasks: z.number().int(), renewedSecondsAgo: z.number() }),
  ),
});
export const removedSchema = z.object({ removed: z.boolean() });

const syncSchema = z.object({
  ...clock,
  tasks: z.array(
    taskSchema.extend({
      totalBytes: z.number().int(),
      offset: z.number().int(),
      length: z.number().int(),
      errLength: z.number().int(),
    }),
  ),
});

const segmentSchema = z.object({
  ...clock,
  number: z.number().int(),
  /** open: still written, by a recorder that lives or whose death nobody has seen yet · absent: deleted, or there is none yet. */
  state: z.enum(["sealed", "open", "absent"]),
  totalBytes: z.number().int(),
  offset: z.number().int(),
  length: z.number().int(),
});
export const acknowledgedSchema = z.object({ ...clock, deleted: z.number().int() });

/** A part of a segment that begins at `offset`; empty unless it is sealed. `totalBytes` is the size of the whole segment. */
export type SegmentPart = Omit<z.infer<typeof segmentSchema>, "length" | keyof typeof clock> & {
  readonly bytes: Buffer;
};

/** The new output of one task. `bytes` begins at `offset`; `stderr` is the beginning of the error output, at most 600 bytes. */
export type SyncedTask = TaskAnswer & {
  readonly totalBytes: number;
  readonly offset: number;
  readonly bytes: Buffer;
  readonly stderr: string;
};
export type SyncReply = { readonly clockMs: number; readonly bootId: string; readonly tasks: readonly SyncedTask[] };

const trailer = /^\nsha256 ([0-9a-f]{64})\n$/;
const TRAILER_BYTES = "\nsha256 \n".length + 64;

/**
 * Takes a reply of `netcheck-task sync` apart: a line of JSON, the bytes it announces, a checksum over all before it.
 * Undefined when it was cut or damaged, whatever the exit code said.
 */
export function parseSyncReply(reply: Buffer): SyncReply | undefined {
  const whole = wholeReply(reply);
  if (!whole) return undefined;
  const head = syncSchema.parse(whole.head);
  let position = 0;
  const take = (length: number) => {
    position += length;
    return whole.bytes.subarray(position - length, position);
  };
  const tasks = head.tasks.map(({ length, errLength, ...task }) => {
    const bytes = take(length);
    return { ...task, bytes, stderr: take(errLength).toString() };
  });
  return position === whole.bytes.length ? { clockMs: head.clockMs, bootId: head.bootId, tasks } : undefined;
}

/** The same for a reply of `netcheck-task segment`. */
export function parseSegmentReply(reply: Buffer): SegmentPart | undefined {
  const whole = wholeReply(reply);
  if (!whole) return undefined;
  const { length, number, state, totalBytes, offset } = segmentSchema.parse(whole.head);
  return length === whole.bytes.length ? { number, state, totalBytes, offset, bytes: whole.bytes } : undefined;
}

function wholeReply(reply: Buffer): { head: unknown; bytes: Buffer } | undefined {
  const end = reply.length - TRAILER_BYTES;
  const sum = end < 0 ? undefined : trailer.exec(reply.toString("latin1", end))?.[1];
  const body = reply.subarray(0, Math.max(0, end));
  if (sum === undefined || createHash("sha256").update(body).digest("hex") !== sum) return undefined;
  const lineEnd = body.indexOf(0x0a);
  return { head: JSON.parse(body.toString("utf8", 0, lineEnd)), bytes: body.subarray(lineEnd + 1) };
}
