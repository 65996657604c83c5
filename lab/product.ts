import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";

export type ProductOptions = {
  /** Entry point below `workers/`: "all", "bot" or "worker". */
  readonly entry: "all" | "bot" | "worker";
  readonly env: Readonly<Record<string, string>>;
  /** Its log is written to `<folder>/<entry>.log`. */
  readonly folder: string;
};

/** A netcheck process as an operator would start it; it dies with us. */
export type Product = AsyncDisposable & {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly logFile: string;
};

/**
 * Starts netcheck itself, with nothing but documented environment variables. The lab is an ordinary cluster to it.
 */
export function startProduct({ entry, env, folder }: ProductOptions): Product {
  mkdirSync(folder, { recursive: true });
  const logFile = join(folder, `${entry}.log`);
  const log = openSync(logFile, "a");
  // The parent-death signal is tied to this thread: it must be the main one, and it is.
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", process.execPath, "--disable-warning=ExperimentalWarning", join("workers", `${entry}.ts`)],
    {
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
      stdio: ["ignore", log, log],
      cwd: rootFolder(),
    },
  );
  closeSync(log);
  if (child.pid === undefined) throw new Error("netcheck could not be started: is setpriv installed?");
  return {
    process: child,
    pid: child.pid,
    logFile,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      const killer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await exited;
      clearTimeout(killer);
    },
  };
}

function rootFolder(): string {
  return new URL("..", import.meta.url).pathname;
}
