import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What a process in the lab finds in its environment; nothing of ours. */
export const labEnv = { PATH, HOME: "/root" };

/** How much of a command's output is kept; the rest is dropped. */
const MAX_OUTPUT_BYTES = 1_000_000;

type CommandResult = { readonly stdout: string; readonly stderr: string; readonly exitCode: number };

/** Runs a command to its end. Throws, with what it said, unless it ends with 0. */
export async function run(argv: readonly string[], { stdin = "" }: { readonly stdin?: string } = {}): Promise<string> {
  const result = await tryRun(argv, { stdin });
  if (result.exitCode !== 0)
    throw new Error(`${argv.join(" ")} ended with ${result.exitCode}: ${result.stderr.trim() || result.stdout.trim()}`);
  return result.stdout;
}

/** Runs a command to its end, whatever that is. A signal counts as 128 plus its number, as in a shell. */
function tryRun(argv: readonly string[], { stdin = "" }: { readonly stdin?: string } = {}): Promise<CommandResult> {
  const child = start(argv, { stdio: "pipe" });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      if (output[name].length < MAX_OUTPUT_BYTES) output[name] += text;
    });
  child.stdin?.on("error", () => {}).end(stdin);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) =>
      resolve({ ...output, exitCode: code ?? 128 + (signal === "SIGKILL" ? 9 : 15) }),
    );
  });
}

/** Starts a command without a shell and with an environment of its own. */
export function start(argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const [command = "", ...rest] = argv;
  return spawn(command, rest, { env: labEnv, cwd: "/", ...options });
}

/** Enters all namespaces of a process of the lab. */
export const enter = (pid: number, argv: readonly string[]): string[] => [
  "nsenter",
  "-t",
  String(pid),
  "-a",
  "--",
  ...argv,
];

/** Joins cgroups, one per tree, and then becomes the command: entering namespaces alone does not change the cgroup. */
export const inCgroups = (cgroups: readonly string[], argv: readonly string[]): string[] => [
  "sh",
  "-c",
  'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ > "$1/cgroup.procs" || exit 125; n=$((n-1)); shift; done; exec "$@"',
  "sh",
  String(cgroups.length),
  ...cgroups,
  ...argv,
];

/** The ids of a process's children, in this PID namespace; empty when it has gone. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Start time in clock ticks since boot: with the id it names a process for good. Undefined when it has gone. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/**
 * Waits for a line on a child's file descriptor 3. Rejects, with what it wrote to stderr, when the child ends before.
 * `isLast` decides which line is the one; every line goes through it.
 */
export function awaitLine(
  child: ChildProcess,
  isLast: (line: string) => boolean,
  { log }: { log: () => string },
): Promise<void> {
  const pipe = child.stdio[3];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let pending = "";
  const onData = (chunk: Buffer): void => {
    const lines = (pending + chunk.toString()).split("\n");
    pending = lines.pop() ?? "";
    if (lines.some(isLast)) resolve();
  };
  const onEnd = (code: number | null, signal: string | null): void =>
    reject(new Error(`ended (${signal ?? code}) before it was ready: ${log()}`));
  pipe?.on("data", onData);
  child.once("error", reject);
  // Not at its exit: what it started may have the descriptor and be about to write.
  child.once("close", onEnd);
  return promise.finally(() => {
    pipe?.off("data", onData);
    child.off("error", reject);
    child.off("close", onEnd);
  });
}

/** Keeps the last lines a stream wrote, for the error message in case. */
export function tailOf(child: ChildProcess, maxBytes = 4_000): () => string {
  let tail = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-maxBytes);
  });
  return () => tail.trim();
}
