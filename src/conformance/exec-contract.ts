import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Agent } from "../cluster/agents.ts";
import { openExec } from "../cluster/exec.ts";
import { ExecError } from "../cluster/exec-error.ts";
import { type ExecResult, runExec } from "../cluster/exec-run.ts";
import type { Kube } from "../cluster/kube-client.ts";
import { type Asked, failed, ok, type Step, skipped } from "./step.ts";

const LIMIT_MS = 15_000;
const MAX_BYTES = 8 << 20;
const LINES = 400_000;
const AT_ONCE = 12;
/** A command is ended this long after its time at the latest: netcheck's second of grace, and a slow node. */
const ENDED_MS = 6_000;

type Contract = Omit<Asked, "area"> & {
  readonly remedy: string;
  /** Says what it saw, or throws `Broken` with that. */
  readonly try: (exec: Exec, signal: AbortSignal) => Promise<string>;
};

type Exec = {
  readonly run: (
    command: readonly string[],
    options?: { input?: Uint8Array; timeoutMs?: number },
  ) => Promise<ExecResult>;
  readonly to: (pod: string, command: readonly string[]) => Promise<number>;
  readonly pod: string;
};

class Broken extends Error {}

const must = (holds: boolean, seen: string): void => {
  if (!holds) throw new Broken(seen);
};

const PROXY =
  "Something between here and the agent changes what is exchanged: try the API server's direct address, and look at the container runtime's log on the node.";

/** Prints 1 to `LINES`, one a line. */
const COUNT = ["perl", "-e", `print "$_\\n" for 1 .. ${LINES}`];

const contract: readonly Contract[] = [
  {
    step: "exit code",
    did: "ran `exit 7`",
    expected: "exit code 7",
    remedy:
      "The status channel is lost on the way: let WebSockets with v5.channel.k8s.io or v4.channel.k8s.io pass unchanged.",
    async try({ run }) {
      const { exitCode } = await run(["sh", "-c", "exit 7"]);
      must(exitCode === 7, `exit code ${exitCode}`);
      return "exit code 7";
    },
  },
  {
    step: "two outputs",
    did: "wrote to standard output and standard error",
    expected: "each by itself",
    remedy: PROXY,
    async try({ run }) {
      const { stdout, stderr } = await run(["sh", "-c", "echo to-out; echo to-err >&2"]);
      const seen = `out: ${JSON.stringify(stdout.toString())}, err: ${JSON.stringify(stderr)}`;
      must(stdout.toString() === "to-out\n" && stderr === "to-err\n", seen);
      return "each by itself";
    },
  },
  {
    step: "arguments",
    did: "passed spaces, quotes, $, &, + and % as one argument",
    expected: "the same argument",
    remedy: PROXY,
    async try({ run }) {
      const odd = `a b'c"d $HOME & + %20 ;`;
      const { stdout } = await run(["sh", "-c", 'printf %s "$1"', "sh", odd]);
      must(stdout.toString() === odd, `${JSON.stringify(stdout.toString())}`);
      return "unchanged";
    },
  },
  {
    step: "whole output",
    did: `read ${LINES} lines, three times`,
    expected: "every byte, by sha256",
    remedy:
      "The end of outputs is lost (kubernetes/kubernetes#60140, or a proxy). Captures are fetched by offset and checksum and come whole all the same; updating the API server mends it.",
    async try({ run }) {
      const all = Array.from({ length: LINES }, (_, index) => `${index + 1}\n`).join("");
      const wanted = digest(Buffer.from(all));
      for (let round = 1; round <= 3; round++) {
        const { stdout } = await run(COUNT);
        must(digest(stdout) === wanted, `round ${round}: ${stdout.length} of ${all.length} bytes, and exit code 0`);
      }
      return `${all.length} bytes, three times`;
    },
  },
  {
    step: "input",
    did: "sent 300 000 bytes to a command that reads so many",
    expected: "the same bytes back",
    remedy: PROXY,
    async try({ run }) {
      const input = Buffer.from("0123456789".repeat(30_000));
      const { stdout } = await run(["head", "-c", String(input.length)], { input });
      must(stdout.equals(input), `${stdout.length} bytes came back`);
      return "the same bytes";
    },
  },
  {
    step: "missing program",
    did: "asked for a program that is not there",
    expected: "a refusal, or exit code 126 or 127",
    remedy: "The runtime's failure is lost on the way: look for a proxy that ends WebSockets itself.",
    async try({ to, pod }) {
      const end = await outcome(to(pod, ["netcheck-no-such-program"]));
      must(end === 126 || end === 127 || (end instanceof ExecError && end.kind === "api"), told(end));
      return told(end);
    },
  },
  {
    step: "missing pod",
    did: "asked for a pod that is not there",
    expected: "HTTP 404 with a Status",
    remedy: "A proxy answers in the API server's place: let refused WebSocket upgrades pass with their body.",
    async try({ to, pod }) {
      const end = await outcome(to(`${pod}-no-such`, ["true"]));
      must(end instanceof ExecError && end.kind === "http" && end.code === 404 && !!end.status, told(end));
      return "HTTP 404 with a Status";
    },
  },
  {
    step: "at once",
    did: `ran ${AT_ONCE} commands at once`,
    expected: "to each its own output",
    remedy:
      "Connections are mixed up or limited on the way: look at the limits of proxies for connections of one client.",
    async try({ run }) {
      const all = await Promise.all(
        Array.from({ length: AT_ONCE }, async (_, index) => {
          const { stdout } = await run(["sh", "-c", 'sleep 0.1; echo "$1"', "sh", `mark-${index}`]);
          return stdout.toString() === `mark-${index}\n`;
        }),
      );
      must(all.every(Boolean), `${all.filter((one) => !one).length} got another output`);
      return `${AT_ONCE} of ${AT_ONCE}`;
    },
  },
  {
    step: "time limit",
    did: "cut a command of 300 s after 1 s",
    expected: "it ends in the agent, too",
    remedy: "`timeout` does not end commands in the agent: run the agent image of this version.",
    async try({ run }, signal) {
      const mark = `300.${String(Date.now()).slice(-6)}`;
      const end = await outcome(run(["sleep", mark], { timeoutMs: 1_000 }).then(({ exitCode }) => exitCode));
      must(end === 124 || (end instanceof ExecError && end.kind === "timeout"), told(end));
      for (let waitedMs = 0; waitedMs <= ENDED_MS; waitedMs += 500) {
        await sleep(500, undefined, { signal });
        // The brackets keep the pattern from finding itself.
        const pattern = mark.replace(/^./, "[$&]");
        const { exitCode } = await run([
          "sh",
          "-c",
          'cat /proc/[0-9]*/cmdline 2>/dev/null | grep -qa "sleep.$1"',
          "sh",
          pattern,
        ]);
        if (exitCode !== 0) return "it ended";
      }
      throw new Broken(`it still runs after ${ENDED_MS / 1_000} s`);
    },
  },
];

const digest = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

const outcome = (exec: Promise<number>): Promise<number | ExecError> =>
  exec.catch((error: unknown) => {
    if (error instanceof ExecError) return error;
    throw error;
  });

const told = (end: number | ExecError): string =>
  end instanceof ExecError ? `${end.kind}: ${end.message}` : `exit code ${end}`;

/** What netcheck relies on when it runs commands in agents, one by one in one agent, by the worker's own exec. */
export async function execSteps(kube: Kube, agent: Agent | undefined, signal: AbortSignal): Promise<Step[]> {
  const steps: Step[] = [];
  for (const { try: attempt, remedy, ...rest } of contract) {
    const asked: Asked = { area: "exec", ...rest };
    if (agent === undefined) steps.push(skipped(asked, "no agent is ready."));
    else if (signal.aborted) steps.push(skipped(asked, "the run was ended."));
    else steps.push(await tried(asked, remedy, () => attempt(execIn(kube, agent, signal), signal)));
  }
  return steps;
}

async function tried(asked: Asked, remedy: string, attempt: () => Promise<string>): Promise<Step> {
  try {
    return ok(asked, await attempt());
  } catch (error) {
    if (error instanceof Broken) return failed(asked, error.message, remedy);
    if (!(error instanceof ExecError)) throw error;
    return failed(asked, told(error), error.code === 401 || error.code === 403 ? GRANT : remedy);
  }
}

const GRANT = "Grant get and create on pods/exec in the agents' namespace to this credential.";

function execIn(kube: Kube, { namespace, pod, container }: Agent, signal: AbortSignal): Exec {
  return {
    pod,
    run: (command, { timeoutMs = LIMIT_MS, ...options } = {}) =>
      runExec(
        kube.exec,
        { namespace, pod, container, command },
        { maxBytes: MAX_BYTES, timeoutMs, signal, ...options },
      ),
    to: async (name, command) => {
      const request = { namespace, pod: name, container, command };
      const exec = await openExec(kube.exec, request, { timeoutMs: LIMIT_MS, signal });
      return exec.done;
    },
  };
}
