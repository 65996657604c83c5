import { hostname } from "node:os";
import { NetcheckError } from "#src/core/errors.ts";
import type { Log } from "#src/log.ts";

/** A started process: `ready` settles when it does its work for the first time, `stop` ends it in good order. */
export type Running = {
  readonly log: Log;
  /** Waits for Slack and for the cluster as long as it takes; rejects when a token or a setting cannot work. */
  readonly ready: Promise<unknown>;
  readonly stop: () => Promise<void>;
};

/** How this process is called in Redis and in messages: host:pid. */
export const processName = (): string => `${hostname()}:${process.pid}`;

const STOP_MS = 15_000;

/**
 * The outside of an entry point: signals, exit codes, the line "ready". Exit code 2 means bad configuration; the message is
 * on stderr. An unhandled rejection ends the process, which is cheap: long work lives on the nodes and state in Redis.
 */
export async function runProcess(
  start: (options: { readonly signal: AbortSignal }) => Promise<Running>,
): Promise<void> {
  const starting = new AbortController();
  let running: Running | undefined;
  let asked = 0;
  const end = async (code: number) => {
    if (++asked > 1) process.exit(130);
    starting.abort(new Error("asked to stop"));
    setTimeout(() => process.exit(1), STOP_MS).unref();
    await running?.stop();
    process.exit(code);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void end(0));
  try {
    running = await start({ signal: starting.signal });
    await running.ready;
    running.log.info("ready");
  } catch (error) {
    if (asked > 0) return;
    process.stderr.write(`${worded(error)}\n`);
    await end(error instanceof NetcheckError && error.code === "bad-config" ? 2 : 1);
  }
}

function worded(error: unknown): string {
  if (error instanceof NetcheckError)
    return error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
