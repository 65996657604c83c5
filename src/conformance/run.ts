import { hostname } from "node:os";
import { requestOf } from "../check-command.ts";
import type { Agent } from "../cluster/agents.ts";
import { type ClusterSide, connectCluster } from "../cluster/cluster-side.ts";
import { connectKube } from "../cluster/kube-client.ts";
import type { WorkerConfig } from "../config.ts";
import { DATA_PLANE } from "../core/data-plane-gaps.ts";
import { NetcheckError } from "../core/errors.ts";
import type { Report } from "../core/report.ts";
import { silentLog } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import { probes } from "../probes/index.ts";
import { openArtifacts } from "../store/artifacts.ts";
import { mergedArtifacts } from "../store/merged-artifact.ts";
import { captureSteps, type Done, judged, runCheck, type Wanted } from "./checks.ts";
import { execSteps } from "./exec-contract.ts";
import { conformanceObjects, type Objects } from "./objects.ts";
import { everythingElse, prepared, QUESTION_MS, type Ready } from "./prepare.ts";
import { type Area, type Asked, failed, ok, type Step, skipped } from "./step.ts";
import { faultChecks, healthyChecks } from "./wanted.ts";
import { probeSteps, watched } from "./watched-probes.ts";
import { NAME } from "./workload.ts";

export type RunOptions = {
  /** Its data folder takes what is recorded, and is the caller's to remove. */
  readonly config: WorkerConfig;
  /** A word of [a-z0-9] that is this run's alone: the end of its namespace's name. */
  readonly id: string;
  /** Of the workload's pods; that of the agents when absent. */
  readonly image: string | undefined;
  /** What to try, areas or steps of them (`checks/pod to Service`); all of it when absent. What that needs is done too. */
  readonly only: readonly string[] | undefined;
  /** How long each check measures. */
  readonly seconds: number;
  /** Whether a check that is not as expected is made once more, alone: two at once may be too much for a busy cluster. */
  readonly secondTry: boolean;
  /** How long pods may take to be ready, and the namespace to be gone. */
  readonly readyMs: number;
  readonly goneMs: number;
  /** Ends the run early; it tidies up all the same. */
  readonly signal: AbortSignal;
  readonly onStep: (step: Step) => void;
};

/** Checks at once: a small cluster is to bear them. */
const AT_ONCE = 2;

/**
 * Tries on a cluster everything that netcheck does there, by the code of its workers, with a workload of its own. Never throws
 * for what a cluster does or is: that is a failed step. The namespace is deleted whatever happens in between.
 */
export async function runConformance(options: RunOptions): Promise<Step[]> {
  const { config, id, signal } = options;
  const steps: Step[] = [];
  const note = (more: readonly Step[]): void => {
    for (const step of more) {
      steps.push(step);
      options.onStep(step);
    }
  };
  const kube = connectKube(config.kube, { headersTimeoutMs: QUESTION_MS });
  const { probes: watching, seen } = watched(probes);
  const side = connectCluster({
    ...{ kube: config.kube, cluster: config.cluster, metrics: createMetrics(), log: silentLog, probes: watching },
    worker: `${hostname()}:${process.pid}`,
    shelf: openArtifacts(config),
    writeMerged: mergedArtifacts({ store: openArtifacts(config), dataDir: config.dataDir }),
  });
  const objects = conformanceObjects(kube, `${NAME}-${id}`);
  try {
    const ready = await prepared({ kube, objects, note, options });
    if (ready === undefined) return steps;
    if (wants(options, "exec")) note(await execSteps(kube, ready.agents[0], signal));
    if (!(["workload", "checks", "probes", "faults"] as const).some((area) => wants(options, area))) return steps;
    if (!ready.mayWrite) {
      note([skipped(everythingElse, "this credential has not the rights.")]);
      return steps;
    }
    const done: Done[] = [];
    const gaps: Report["gaps"] = [];
    try {
      if (await deployed(ready, { objects, note, options }))
        await allChecks(ready, { side, objects, done, gaps, note, options });
    } catch (error) {
      note([
        failed(
          running,
          error instanceof Error ? (error.stack ?? error.message) : String(error),
          "This is a bug of netcheck.",
        ),
      ]);
    } finally {
      note([await removed(objects, options), await tidied(side, ready.agents, done)]);
    }
    if (wants(options, "probes") && done.length > 0) note(probeSteps(probes, seen, gaps));
    return steps;
  } finally {
    await Promise.all([side.close(), kube.close()]);
  }
}

const running: Asked = {
  area: "workload",
  step: "this run",
  did: "made objects and ran checks",
  expected: "no failure of the run itself",
};

type Only = Pick<RunOptions, "only">;

const wants = ({ only }: Only, area: Area): boolean =>
  only === undefined || only.some((one) => one === area || one.startsWith(`${area}/`));

/** Whoever names an area, or one that is needed for another, means all its steps. */
function wantsStep({ only }: Only, area: Area, step: string): boolean {
  const named = only?.filter((one) => one.startsWith(`${area}/`)) ?? [];
  return named.length === 0 || named.includes(`${area}/${step}`) || only?.includes(area) === true;
}

/** What every part of a run has at hand. */
export type Scene = {
  readonly objects: Objects;
  readonly note: (steps: readonly Step[]) => void;
  readonly options: RunOptions;
};

/** True when all pods are ready. */
async function deployed({ image, near, far }: Ready, { objects, note, options }: Scene): Promise<boolean> {
  const { namespace } = objects;
  const made: Asked = {
    area: "workload",
    step: "objects",
    did: `made the namespace ${namespace} with pods, Services and a NetworkPolicy`,
    expected: "all accepted",
  };
  try {
    await objects.create({ image, near, far });
  } catch (error) {
    if (!(error instanceof NetcheckError)) throw error;
    note([
      failed(
        made,
        error.message,
        "Let these objects pass the cluster's admission, quotas and RBAC: docs/conformance.md lists them.",
      ),
    ]);
    return false;
  }
  const two: Asked = {
    area: "workload",
    step: "two nodes",
    did: "looked for nodes that take pods and have an agent",
    expected: "two",
  };
  note([ok(made, "all accepted"), near === far ? skipped(two, `only ${near} does.`) : ok(two, `${near} and ${far}`)]);
  const started: Asked = {
    area: "workload",
    step: "pods",
    did: `waited for pods of ${image}`,
    expected: `ready within ${options.readyMs / 1_000} s`,
  };
  const waiting = await objects.unready(options.readyMs, options.signal);
  if (options.signal.aborted) {
    note([skipped(started, "the run was ended.")]);
    return false;
  }
  note([
    waiting.length === 0
      ? ok(started, "all ready")
      : failed(
          started,
          waiting.join("; "),
          "The reason stands with each pod. Where the agents' image cannot be used by others, name one with perl and tini by --image.",
        ),
  ]);
  return waiting.length === 0;
}

type Checking = { readonly side: ClusterSide; readonly done: Done[]; readonly gaps: Report["gaps"] };

async function allChecks(
  { agents }: Ready,
  { side, objects, done, gaps, note, options }: Scene & Checking,
): Promise<void> {
  const nodes = agents.map(({ node }) => node);
  const again: { readonly wanted: Wanted; readonly before: readonly Step[] }[] = [];
  const healthy = wants(options, "checks") || wants(options, "probes") ? healthyChecks(objects.namespace, nodes) : [];
  const faults = wants(options, "faults") ? faultChecks(objects.namespace) : [];
  const attempt = async (wanted: Wanted, before?: readonly Step[]): Promise<void> => {
    const result = options.signal.aborted ? undefined : await tryCheck(wanted, side, options);
    if (result) done.push(result);
    const judgement = judged(wanted, result);
    const seen = [judgement, ...(result && wanted.recorded ? captureSteps(result) : [])];
    const lacks = wanted.area === "checks" ? (result?.report?.gaps ?? []) : [];
    const bad = seen.filter(({ status }) => status === "failed");
    if (options.secondTry && !before && (bad.length > 0 || lacks.some(({ probe }) => probe !== DATA_PLANE))) {
      again.push({ wanted, before: bad });
      return;
    }
    gaps.push(...lacks);
    const [first] = before ?? [];
    note(first ? seen.map((step) => (step === judgement ? second(step, first) : step)) : seen);
  };
  const chosen = (wanted: readonly Wanted[]) => wanted.filter(({ area, step }) => wantsStep(options, area, step));
  for (const wanted of [healthy, faults]) await inTurns(chosen(wanted), (one) => attempt(one));
  for (const { wanted, before } of again) await attempt(wanted, before);
}

/** Says that it is the second try that counts, so that what comes and goes is not hidden. */
const second = (step: Step, { step: name, seen }: Step): Step => ({
  ...step,
  seen: `${step.seen} (tried twice; at first ${name === step.step ? "" : `${name}: `}${seen})`,
});

/** Recorders come when the nodes have said what devices they have; then there has to be time left. */
const RECORDED_SECONDS = 15;

async function tryCheck(
  { words, recorded }: Wanted,
  side: ClusterSide,
  { config, seconds, signal }: RunOptions,
): Promise<Done> {
  return runCheck(side.measurer, requestOf(`${words} ${seconds + (recorded ? RECORDED_SECONDS : 0)}s`, config), signal);
}

async function inTurns<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...all];
  const take = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, take));
}

async function removed(objects: Objects, { goneMs }: RunOptions): Promise<Step> {
  const { namespace } = objects;
  const asked: Asked = {
    area: "cleanup",
    step: "namespace",
    did: `deleted ${namespace}`,
    expected: `gone within ${goneMs / 1_000} s`,
  };
  const left = await objects.remove(goneMs);
  if (left === undefined) return ok(asked, "gone");
  return failed(
    asked,
    `${namespace} is left: ${left}`,
    `kubectl get namespace ${namespace} -o yaml shows its conditions and finalizers; then kubectl delete namespace ${namespace}.`,
  );
}

/** Whether the run's checks have left anything on nodes. */
async function tidied({ nodes }: ClusterSide, agents: readonly Agent[], done: readonly Done[]): Promise<Step> {
  const asked: Asked = {
    area: "cleanup",
    step: "nodes",
    did: "asked every agent for tasks of this run's checks",
    expected: "none",
  };
  const ids = new Set(done.map(({ id }) => id));
  const left = await Promise.all(
    agents.map(async ({ node }) => {
      try {
        const { checks } = await nodes.list(node);
        return checks.flatMap(({ check }) => (ids.has(check) ? [`${check} on ${node}`] : []));
      } catch (error) {
        if (!(error instanceof NetcheckError)) throw error;
        return [`unknown on ${node}: ${error.message}`];
      }
    }),
  );
  const all = left.flat();
  if (all.length === 0) return ok(asked, `none on ${agents.length} nodes`);
  return failed(
    asked,
    all.join("; "),
    "They end by themselves two minutes after the last question; netcheck-task list in the agent shows them.",
  );
}
