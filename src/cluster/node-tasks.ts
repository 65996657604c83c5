import type { z } from "zod";
import type { Window } from "../core/check.ts";
import { NetcheckError } from "../core/errors.ts";
import type { TaskSpec } from "../core/plan.ts";
import { say } from "../core/sentence.ts";
import type { Agent, Agents } from "./agents.ts";
import type { ExecAccess } from "./exec.ts";
import { ExecError } from "./exec-error.ts";
import { type ExecResult, retryExec, runExec } from "./exec-run.ts";
import {
  acknowledgedSchema,
  answerSchema,
  listSchema,
  parseSegmentReply,
  parseSyncReply,
  removedSchema,
  type SegmentPart,
  type SyncedTask,
  type TaskAnswer,
} from "./task-reply.ts";
import { startWords } from "./task-words.ts";

const VERB_TIMEOUT_MS = 15_000;
/** Answers are a few kB; only `sync` and `segment` carry more. */
const ANSWER_BYTES = 1024 * 1024;
const SYNC_BYTES = 512 * 1024;
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** A node with less free disk than this starts nothing, and stops what runs. */
const KEEP_FREE_MB = 200;

/** The node's clock, and how far it is ahead of ours: the answer is taken to be written half-way through the exec. */
type NodeClock = {
  readonly clockMs: number;
  readonly bootId: string;
  readonly offsetEstimateMs: number;
  /** The true offset lies within this much of the estimate. */
  readonly offsetErrorMs: number;
};
export type TaskAnswers = NodeClock & { readonly tasks: readonly TaskAnswer[] };
export type SyncAnswer = NodeClock & { readonly tasks: readonly SyncedTask[] };

export type StartOrder = {
  readonly check: string;
  readonly leaseSeconds: number;
  readonly window: Window;
  readonly tasks: readonly Pick<TaskSpec, "id" | "netns" | "argv" | "maxBytes">[];
  readonly keepFreeMb?: number;
};

type CallOptions = { readonly signal?: AbortSignal | undefined; readonly retries?: number };

/**
 * Node tasks of one cluster. Every method is one exec (a `start` of very many words: several) and may be repeated. They throw
 * NetcheckError: `cluster-unreachable` and `exec-failed` pass by themselves, `not-found` means that the node has no agent,
 * `forbidden` that the worker may not exec. A node on which single tasks cannot run answers with their state and reason.
 */
export type NodeTasks = {
  readonly start: (node: string, order: StartOrder, options?: CallOptions) => Promise<TaskAnswers>;
  /** Renews the lease and reads what is new. `offsets`: bytes already read of each task; the answer has the same order. */
  readonly sync: (
    node: string,
    check: string,
    offsets: ReadonlyMap<string, number>,
    options?: CallOptions & { readonly maxBytes?: number },
  ) => Promise<SyncAnswer>;
  /** Reads a part of a sealed segment of a recording and renews the lease. Segments never change, so a part may be read again. */
  readonly segment: (
    node: string,
    check: string,
    task: string,
    number: number,
    offset: number,
    options?: CallOptions & { readonly maxBytes?: number },
  ) => Promise<SegmentPart>;
  /** Deletes the sealed segments of each task up to a number, because they are kept elsewhere; renews the lease. */
  readonly acknowledge: (
    node: string,
    check: string,
    upTo: ReadonlyMap<string, number>,
    options?: CallOptions,
  ) => Promise<{ deleted: number }>;
  /** Interrupts tasks (all without `ids`); they end within 5 s and keep their output. */
  readonly stop: (node: string, check: string, ids?: readonly string[], options?: CallOptions) => Promise<TaskAnswers>;
  /** Ends what runs and deletes everything of the check. */
  readonly remove: (node: string, check: string, options?: CallOptions) => Promise<{ removed: boolean }>;
  readonly list: (node: string, options?: CallOptions) => Promise<z.infer<typeof listSchema>>;
};

export function nodeTasks({
  access,
  agents,
  run: exec = runExec,
  nowMs = Date.now,
}: {
  access: ExecAccess;
  agents: Agents;
  /** Every exec goes through it. */
  run?: typeof runExec;
  nowMs?: () => number;
}): NodeTasks {
  const attempt = async (
    agent: Agent,
    words: readonly string[],
    run: { maxBytes: number; input?: Uint8Array },
    signal?: AbortSignal,
  ) => {
    const { namespace, pod, container } = agent;
    const command = ["netcheck-task", ...words];
    const result = await exec(
      access,
      { namespace, pod, container, command },
      { ...run, timeoutMs: VERB_TIMEOUT_MS, signal },
    );
    if (result.exitCode === 75 || result.exitCode === 124 || result.exitCode === 137)
      throw new ExecError("lost", `netcheck-task ended with exit code ${result.exitCode}.`);
    if (result.exitCode !== 0) throw refused(result, agent.node);
    return { result, gotMs: nowMs() };
  };

  /** One verb, retried as `mayRetry` allows: all verbs are idempotent. Failures get their meaning here. */
  const call = async <T>(
    node: string,
    words: readonly string[],
    read: (stdout: Buffer) => T | undefined,
    {
      signal,
      retries = 2,
      maxBytes = ANSWER_BYTES,
      input,
    }: CallOptions & { maxBytes?: number; input?: Uint8Array } = {},
  ) => {
    const agent = await agents.on(node);
    try {
      return await retryExec(
        async () => {
          const { result, gotMs } = await attempt(agent, words, { maxBytes, ...(input ? { input } : {}) }, signal);
          const value = read(result.stdout);
          if (value === undefined) throw new ExecError("lost", "The answer of netcheck-task was cut short.");
          return { value, gotMs, openMs: result.openMs };
        },
        { idempotent: true, retries, signal },
      );
    } catch (error) {
      if (!(error instanceof ExecError) || error.kind !== "aborted") agents.forget(node);
      throw execFailure(error, agent);
    }
  };
  const withClock = <T extends { clockMs: number }>({
    value,
    gotMs,
    openMs,
  }: {
    value: T;
    gotMs: number;
    openMs: number;
  }) => ({
    ...value,
    offsetEstimateMs: value.clockMs - (gotMs - openMs / 2),
    offsetErrorMs: openMs / 2,
  });

  return {
    start: async (node, order, options) => {
      const { check, leaseSeconds, window, keepFreeMb = KEEP_FREE_MB } = order;
      const numbers = [leaseSeconds, window.startMs, window.endMs, keepFreeMb].map((value) =>
        String(Math.round(value)),
      );
      let answer: TaskAnswers | undefined;
      for (const input of startWords(order.tasks)) {
        const words = ["start", check, ...numbers, "--stdin", String(input.length)];
        const part = withClock(await call(node, words, json(answerSchema), { ...options, input }));
        answer = { ...part, tasks: [...(answer?.tasks ?? []), ...part.tasks] };
      }
      if (answer === undefined) throw new TypeError("start needs at least one task");
      return answer;
    },
    sync: async (node, check, offsets, { maxBytes = SYNC_BYTES, ...options } = {}) => {
      const words = ["sync", check, String(maxBytes), ...[...offsets].flatMap(([id, offset]) => [id, String(offset)])];
      return withClock(await call(node, words, parseSyncReply, { ...options, maxBytes: maxBytes + ANSWER_BYTES }));
    },
    segment: async (node, check, task, number, offset, { maxBytes = SEGMENT_BYTES, ...options } = {}) => {
      const words = ["segment", check, task, ...[number, offset, maxBytes].map(String)];
      return (await call(node, words, parseSegmentReply, { ...options, maxBytes: maxBytes + ANSWER_BYTES })).value;
    },
    acknowledge: async (node, check, upTo, options = {}) => {
      const words = ["ack", check, ...[...upTo].flatMap(([task, number]) => [task, String(number)])];
      const { deleted } = (await call(node, words, json(acknowledgedSchema), options)).value;
      return { deleted };
    },
    stop: async (node, check, ids = [], options = {}) =>
      withClock(await call(node, ["stop", check, ...ids], json(answerSchema), options)),
    remove: async (node, check, options = {}) => (await call(node, ["rm", check], json(removedSchema), options)).value,
    list: async (node, options = {}) => (await call(node, ["list"], json(listSchema), options)).value,
  };
}

/** Reads one JSON answer; undefined when it is not whole. A whole answer of another shape is a bug and throws. */
function json<T>(schema: z.ZodType<T>): (stdout: Buffer) => T | undefined {
  return (stdout) => {
    const text = stdout.toString();
    return text.endsWith("}\n") ? schema.parse(JSON.parse(text)) : undefined;
  };
}

function refused(result: ExecResult, node: string): NetcheckError {
  const said = result.stderr.trim().slice(0, 200) || `exit code ${result.exitCode}`;
  return new NetcheckError("exec-failed", say("The agent on {node} could not do it: {said}.", { node, said }));
}

function execFailure(error: unknown, { node, namespace, pod }: Agent): unknown {
  if (!(error instanceof ExecError)) return error;
  const { kind, code, message: said } = error;
  const cause = error;
  if (kind === "aborted") return new NetcheckError("cancelled", say("The check was cancelled."), { cause });
  if (kind === "connect" || (kind === "http" && (code === 429 || code === 503)))
    return new NetcheckError("cluster-unreachable", say("The API server cannot be reached: {said}", { said }), {
      cause,
    });
  if (kind === "http" && (code === 401 || code === 403))
    return new NetcheckError(
      "forbidden",
      say("netcheck may not run commands in {pod}.", { pod: `${namespace}/${pod}` }),
      {
        hint: say("Grant get and create on pods/exec in that namespace to the worker's service account."),
        cause,
      },
    );
  return new NetcheckError("exec-failed", say("The agent on {node} did not answer: {said}", { node, said }), { cause });
}
