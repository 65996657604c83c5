import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { processesIn } from "./cgroups.ts";
import type { LabContainer } from "./model.ts";
import type { Workload } from "./pod-wishes.ts";
import { awaitLine, start, tailOf } from "./processes.ts";
import type { Serves } from "./topology.ts";

/** How many of a container's newest lines `kubectl logs` can read. */
const MAX_LOG_LINES = 2_000;

/** A container's main process. */
export type Running = {
  /** Tells the server to open or close a socket; rejects in its words when it cannot. Other programs have no ear. */
  readonly control: (line: string) => Promise<void>;
  /** Ends it at once with everything in its cgroup, as when PID 1 of a container dies. */
  readonly crash: () => Promise<void>;
  readonly exited: Promise<number>;
};

export type ContainerStart = {
  /** Makes the argv that runs a program in the container's namespaces and cgroup. */
  readonly inside: (argv: readonly string[]) => string[];
  readonly cgroups: readonly string[];
  readonly container: LabContainer;
  readonly workload: Workload;
  readonly serves: readonly Serves[];
  readonly dnsArgv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

const served = ({ port, protocol, status }: Serves): string =>
  `${port}/${protocol}${status === undefined ? "" : `/${status}`}`;

/** Starts the program and resolves when it does its work: when it listens, if it is one that listens. */
export async function runContainer(options: ContainerStart): Promise<Running> {
  const { workload, container } = options;
  const child = start(options.inside(argvOf(options)), { stdio: ["pipe", "pipe", "pipe", "pipe"], env: options.env });
  const tail = tailOf(child);
  const exited = new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? 137)));
  keepLog(child, container);
  child.stdin?.on("error", () => {});
  if (workload === "server" || workload === "dns") await awaitLine(child, (line) => line === "ok", { log: tail });
  return {
    exited,
    control: (line) => control(child, line),
    async crash() {
      if (workload === "server") await control(child, "exit 1");
      for (const cgroup of options.cgroups)
        for (const pid of processesIn(cgroup)) if (pid !== child.pid) killQuietly(pid);
      await exited;
    },
  };
}

function argvOf({ workload, serves, dnsArgv, container }: ContainerStart): readonly string[] {
  if (workload === "command") return [...asUser(container), ...(container.command ?? [])];
  if (workload === "server") return ["/usr/bin/python3", "-ESs", "/srv/app/server.py", ...serves.map(served)];
  return workload === "dns" ? ["/usr/bin/python3", "-ESs", "/srv/app/dns.py", ...dnsArgv] : ["sleep", "infinity"];
}

/** Without a capability and without a way to one, as a container that is not root. */
const asUser = ({ runAsUser }: LabContainer): string[] =>
  runAsUser === undefined
    ? []
    : [
        ...["setpriv", `--reuid=${runAsUser}`, `--regid=${runAsUser}`, "--clear-groups", "--no-new-privs"],
        ...["--inh-caps=-all", "--bounding-set=-all", "--"],
      ];

function keepLog(child: ChildProcess, container: LabContainer): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      container.log.push({ atMs: Date.now(), line });
      if (container.log.length > MAX_LOG_LINES) container.log.shift();
    });
  }
}

async function control(child: ChildProcess, line: string): Promise<void> {
  let answer = "";
  const answered = awaitLine(
    child,
    (text) => {
      answer = text;
      return true;
    },
    { log: () => "" },
  );
  child.stdin?.write(`${line}\n`);
  await answered;
  if (answer !== "ok") throw new Error(answer);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
