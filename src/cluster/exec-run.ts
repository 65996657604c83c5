import { setTimeout as sleep } from "node:timers/promises";
import { type ExecAccess, type ExecOptions, openExec } from "./exec.ts";
import { ExecError, mayRetry } from "./exec-error.ts";
import type { ExecRequest } from "./exec-request.ts";

/** The remote side outlives the connection by at most this much. */
const REMOTE_GRACE_MS = 1_000;

export type ExecResult = {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** From the moment the connection stood to the end of the command. */
  readonly openMs: number;
};

export type RunOptions = Omit<ExecOptions, "stdin" | "onStdout" | "onStderr"> & {
  /** Written to the command's input, which stays open: the command must know from its argv how much to read. */
  readonly input?: Uint8Array;
  /** Cap of stdout and stderr together; beyond it the exec fails with `sink`. */
  readonly maxBytes: number;
};

/**
 * Runs a short command to its end and collects its output. The command is wrapped in `timeout`, because cutting an exec
 * does not end the remote process.
 */
export async function runExec(access: ExecAccess, request: ExecRequest, options: RunOptions): Promise<ExecResult> {
  const { input, maxBytes, ...rest } = options;
  const limited = { ...request, command: withTimeLimit(request.command, options.timeoutMs + REMOTE_GRACE_MS) };
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let bytes = 0;
  const into = (parts: Buffer[]) => (part: Uint8Array) => {
    bytes += part.length;
    if (bytes > maxBytes) throw new ExecError("sink", `The output is larger than ${maxBytes} bytes.`);
    parts.push(Buffer.from(part)); // a copy: frames are views
  };
  const exec = await openExec(access, limited, {
    ...rest,
    stdin: input !== undefined,
    onStdout: into(stdout),
    onStderr: into(stderr),
  });
  const openedMs = performance.now();
  if (input !== undefined) await Promise.race([exec.stdin.write(input), exec.done]);
  const exitCode = await exec.done;
  const openMs = performance.now() - openedMs;
  return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString(), openMs };
}

/** TERM at the limit, KILL 5 s later, for the whole process group. */
export function withTimeLimit(command: readonly string[], limitMs: number): string[] {
  return ["timeout", "-k", "5", String(Math.max(1, Math.ceil(limitMs / 1000))), ...command];
}

/**
 * A cancellable command: besides its time limit it holds a lease on the input. When the connection dies, the container
 * runtime closes the input and the command is killed. The input is copied to fd 3 first, because that of a background job
 * is /dev/null. Open the exec with `stdin: true` and write nothing.
 */
export function withStdinLease(command: readonly string[], limitMs: number): string[] {
  const script =
    'exec 3<&0; "$@" 3<&- </dev/null & p=$!; (while read -r _; do :; done <&3; kill $p) >/dev/null 2>&1 & k=$!; ' +
    "wait $p; rc=$?; kill $k 2>/dev/null; exit $rc";
  return ["sh", "-c", script, "_", ...withTimeLimit(command, limitMs)];
}

/** Repeats what may be repeated (see `mayRetry`), waiting `baseMs` × 2ⁿ between attempts. */
export async function retryExec<T>(
  attempt: () => Promise<T>,
  {
    idempotent,
    retries = 5,
    baseMs = 500,
    signal,
  }: { idempotent: boolean; retries?: number; baseMs?: number; signal?: AbortSignal | undefined },
): Promise<T> {
  for (let failures = 0; ; failures++)
    try {
      return await attempt();
    } catch (error) {
      if (failures >= retries || signal?.aborted || !mayRetry(error, { idempotent })) throw error;
      await sleep(baseMs * 2 ** failures, undefined, signal ? { signal } : {}).catch((cause) => {
        throw new ExecError("aborted", "The exec was cancelled.", { cause });
      });
    }
}
