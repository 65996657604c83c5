import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { isMainThread } from "node:worker_threads";
import { NetcheckError } from "#src/core/errors.ts";
import { prefixLengths } from "./addresses.ts";
import type { ClusterPlan } from "./plan.ts";
import { awaitLine, childrenOf, enter, inCgroups, labEnv, run, start, tailOf } from "./processes.ts";

/** A program that runs in the fabric until it is let go. */
type Daemon = { readonly tell: (line: string) => void; readonly stop: () => Promise<void> };

/** The network between the nodes, and the process under which a whole lab lives. */
export type Fabric = {
  /** The lab's PID 1 as seen from here. */
  readonly pid: number;
  readonly run: (argv: readonly string[], options?: { readonly stdin?: string }) => Promise<string>;
  /** Starts one of the programs of `lab/cluster/programs`; it says "ready" and ends when its stdin is closed. */
  readonly daemon: (argv: readonly string[]) => Promise<Daemon>;
  /** Resolves when the lab has ended, by whatever means. */
  readonly ended: Promise<void>;
  readonly kill: () => Promise<void>;
};

const folder = (path: string): string => new URL(path, import.meta.url).pathname;

/** Where the fabric and, while they come up, the nodes see the lab's programs. */
export const programs = "/run/lab/programs";

/** Starts the lab's first process. Everything else lives below it and ends with it, and it ends with us. */
export async function startFabric(plan: ClusterPlan, cgroups: readonly string[]): Promise<Fabric> {
  // The parent-death signal comes when the *thread* that spawned ends.
  if (!isMainThread) throw new Error("a lab must be started from the main thread");
  const child = start(
    [
      "setpriv",
      "--pdeathsig",
      "KILL",
      ...whileParentLives(inCgroups(cgroups, newNamespaces(folder("programs/fabric.sh")))),
    ],
    {
      env: {
        ...labEnv,
        GATEWAY: `${plan.addresses.gateway}/${prefixLengths(plan.addresses.family).net}`,
        FAMILY: plan.addresses.family,
        PROGRAMS: folder("programs"),
        AGENT_BIN: folder("../../deploy/agent/bin"),
      },
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    },
  );
  const log = tailOf(child);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await awaitLine(child, (line) => line === "ready", { log }).catch((cause: unknown) => {
    throw new NetcheckError(
      "bad-config",
      `The lab could not be started: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: "It needs root (or a privileged container) and the packages that `npm run demo` installs.",
        cause,
      },
    );
  });
  const [pid] = childrenOf(child.pid ?? 0);
  if (pid === undefined) throw new Error(`the lab ended while it started: ${log()}`);
  return {
    pid,
    run: (argv, options) => run(enter(pid, argv), options),
    daemon: (argv) => startDaemon(enter(pid, argv)),
    ended,
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Own namespaces of every kind a container has; what is started dies with the process that entered them. */
export const newNamespaces = (script: string): string[] => [
  "unshare",
  "-fpmnuiC",
  "--kill-child=KILL",
  "--mount-proc",
  "--",
  "bash",
  script,
];

/** Closes the moment between our fork and setpriv: had we died in it, no signal would come any more. */
const whileParentLives = (argv: readonly string[]): string[] => [
  "sh",
  "-c",
  '[ "$PPID" = "$1" ] || exit 1; shift; exec "$@"',
  "sh",
  String(process.pid),
  ...argv,
];

async function startDaemon(argv: readonly string[]): Promise<Daemon> {
  const child = start(argv, { stdio: ["pipe", "pipe", "pipe"] });
  const log = tailOf(child);
  child.stdin?.on("error", () => {});
  await awaitReady(child, log);
  return {
    tell: (line) => void child.stdin?.write(`${line}\n`),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.stdin?.end();
      await gone;
    },
  };
}

function awaitReady(child: ChildProcess, log: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${log()}`)));
    child.stdout?.once("data", () => resolve());
  });
}
