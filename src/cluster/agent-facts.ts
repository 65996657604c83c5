import type { CoreV1Event, V1Node, V1Pod } from "@kubernetes/client-node";
import type { ClockEstimate } from "../core/node-clock.ts";
import { agentCapabilities, agentPrograms, agentScripts, toolVersions } from "../doctor/expected.ts";
import type { AgentLook, AgentPod, AgentsFacts, NodeFacts } from "../doctor/judge-agents.ts";
import { AGENT_SELECTOR } from "./agents.ts";
import { ExecError } from "./exec-error.ts";
import { runExec } from "./exec-run.ts";
import { type Kube, listPages } from "./kube-client.ts";

const MAX_NODES = 5_000;
const MAX_EVENTS = 2_000;
const AT_ONCE = 16;
const MAX_OUTPUT_BYTES = 64 << 10;

/**
 * What an agent is asked: its clock at the start and at the end, its capabilities, whether node tasks can keep their state, which
 * of the programs are not there, and what each tool says about its version within 3 s. Nothing in it comes from a user.
 */
const SCRIPT = `date +%s%3N
grep ^CapEff: /proc/self/status
state=\${NETCHECK_STATE:-/var/lib/netcheck}
mkdir -p "$state" 2>/dev/null; [ -w "$state" ] || echo state
say() {
  command -v "$1" >/dev/null || return
  tool=$1; shift
  said=$(timeout 3 "$@" 2>&1) && echo "version $tool $said" || echo "failing $tool"
}
${Object.entries(toolVersions)
  .map(([tool, { argv }]) => `say ${tool} ${argv} &`)
  .join("\n")}
say netcheck-task netcheck-task list &
for program do command -v "$program" >/dev/null || echo "missing $program"; done
wait
date +%s%3N
`;

type Options = { readonly limitMs: number; readonly nowMs: () => number; readonly signal: AbortSignal };
type Target = { readonly node: string; readonly pod: string; readonly container: string };

/** Lists nodes and agents, and asks every ready agent about itself; when `signal` aborts, those not asked yet are `late`. */
export async function agentFacts(kube: Kube, namespace: string, options: Options): Promise<AgentsFacts> {
  const [nodes, pods] = await Promise.all([listNodes(kube, options), listAgents(kube, namespace, options)]);
  const covered = new Set(pods.map(({ spec }) => spec?.nodeName));
  const incomplete = nodes.some(({ name, unsuited }) => unsuited === undefined && !covered.has(name));
  const [looks, elsewhere, refused] = await Promise.all([
    askAll(kube, namespace, { targets: pods.flatMap(targetOf), ...options }),
    pods.length > 0 ? { namespaces: [], unlabelled: [] } : lookElsewhere(kube, namespace, options),
    incomplete ? refusal(kube, namespace, options) : undefined,
  ]);
  return {
    namespace,
    label: AGENT_SELECTOR,
    nodes,
    pods: pods.map(agentPod),
    elsewhere: elsewhere.namespaces,
    unlabelled: elsewhere.unlabelled,
    ...(refused !== undefined && { refused }),
    looks,
  };
}

async function listNodes(kube: Kube, { limitMs }: Options): Promise<NodeFacts[]> {
  const { items } = await listPages(
    (query) => kube.call({ verb: "list", resource: "nodes" }, () => kube.core.listNode(query), { deadlineMs: limitMs }),
    { max: MAX_NODES, keep: nodeFacts },
  );
  return items;
}

function nodeFacts({ metadata, status }: V1Node): NodeFacts {
  const labels = metadata?.labels ?? {};
  const unsuited =
    labels["kubernetes.io/os"] === "windows"
      ? "Windows"
      : labels["eks.amazonaws.com/compute-type"] === "fargate"
        ? "Fargate"
        : labels["type"] === "virtual-kubelet"
          ? "a virtual kubelet"
          : undefined;
  const ready = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
  return { name: metadata?.name ?? "", ready, ...(unsuited !== undefined && { unsuited }) };
}

async function listAgents(kube: Kube, namespace: string, { limitMs }: Options): Promise<V1Pod[]> {
  const { items } = await listPages(
    (query) =>
      kube.call(
        { verb: "list", resource: "pods" },
        () => kube.core.listNamespacedPod({ namespace, labelSelector: AGENT_SELECTOR, ...query }),
        { deadlineMs: limitMs },
      ),
    { max: MAX_NODES, keep: (pod) => (pod.metadata?.deletionTimestamp === undefined ? [pod] : []) },
  );
  return items;
}

function agentPod({ metadata, spec, status }: V1Pod): AgentPod {
  const container = status?.containerStatuses?.[0];
  const conditions = status?.conditions ?? [];
  const ready = conditions.some((one) => one.type === "Ready" && one.status === "True");
  const stopped = container?.state?.waiting?.reason ?? container?.state?.terminated?.reason;
  const unplaced = conditions.find((one) => one.type === "PodScheduled" && one.status === "False")?.message;
  const reason = stopped ?? unplaced ?? status?.reason;
  return {
    pod: metadata?.name ?? "",
    ...(spec?.nodeName !== undefined && { node: spec.nodeName }),
    ready,
    ...(!ready && reason !== undefined && { reason }),
    image: spec?.containers[0]?.image ?? "",
    hostNetwork: spec?.hostNetwork ?? false,
  };
}

function targetOf(pod: V1Pod): Target[] {
  const container = pod.spec?.containers[0]?.name;
  const { pod: name, node, ready } = agentPod(pod);
  return ready && node !== undefined && container !== undefined ? [{ node, pod: name, container }] : [];
}

const ofDaemonSet = ({ metadata }: V1Pod) => metadata?.ownerReferences?.some(({ kind }) => kind === "DaemonSet");

/** For a namespace without any agent: where else there are some, and what there may be meant. */
async function lookElsewhere(kube: Kube, namespace: string, { limitMs }: Options) {
  const call = { verb: "list", resource: "pods" };
  const [labelled, here] = await Promise.all([
    listPages(
      (query) =>
        kube.call(call, () => kube.core.listPodForAllNamespaces({ labelSelector: AGENT_SELECTOR, ...query }), {
          deadlineMs: limitMs,
        }),
      { max: MAX_NODES, keep: ({ metadata }) => metadata?.namespace ?? "" },
    ),
    listPages(
      (query) => kube.call(call, () => kube.core.listNamespacedPod({ namespace, ...query }), { deadlineMs: limitMs }),
      { max: MAX_NODES, keep: (pod) => (ofDaemonSet(pod) ? [pod.metadata?.name ?? ""] : []) },
    ),
  ]);
  return { namespaces: [...new Set(labelled.items)].sort(), unlabelled: here.items };
}

/** The newest words of a DaemonSet of the namespace that could not make a pod. */
async function refusal(kube: Kube, namespace: string, { limitMs }: Options): Promise<string | undefined> {
  const { items } = await listPages(
    (query) =>
      kube.call({ verb: "list", resource: "events" }, () => kube.core.listNamespacedEvent({ namespace, ...query }), {
        deadlineMs: limitMs,
      }),
    { max: MAX_EVENTS, keep: (event) => (isRefusal(event) ? [event.message] : []) },
  ).catch(() => ({ items: [] }));
  return items.at(-1);
}

const isRefusal = ({ reason, involvedObject }: CoreV1Event): boolean =>
  reason === "FailedCreate" && involvedObject.kind === "DaemonSet";

async function askAll(
  kube: Kube,
  namespace: string,
  { targets, ...options }: Options & { readonly targets: readonly Target[] },
): Promise<AgentLook[]> {
  const looks: AgentLook[] = [];
  const waiting = [...targets];
  const work = async () => {
    for (let target = waiting.shift(); target; target = waiting.shift())
      looks.push(
        options.signal.aborted
          ? { node: target.node, outcome: "late" }
          : await askOne(kube, namespace, target, options),
      );
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return looks.sort((a, b) => (a.node < b.node ? -1 : 1));
}

async function askOne(
  kube: Kube,
  namespace: string,
  { node, pod, container }: Target,
  { limitMs, nowMs, signal }: Options,
): Promise<AgentLook> {
  const command = ["sh", "-c", SCRIPT, "sh", ...agentPrograms, ...agentScripts];
  try {
    const { stdout, openMs } = await runExec(
      kube.exec,
      { namespace, pod, container, command },
      { timeoutMs: limitMs, maxBytes: MAX_OUTPUT_BYTES, signal },
    );
    return readLook(node, stdout.toString(), { gotMs: nowMs(), openMs });
  } catch (error) {
    if (!(error instanceof ExecError)) throw error;
    // A refusal without a Status is not the API server's.
    if (error.code === 403 && error.status) return { node, outcome: "forbidden", reason: error.message };
    if (error.kind === "aborted") return { node, outcome: "late" };
    const passed = ["api", "sink", "timeout"].includes(error.kind) || error.status !== undefined;
    return { node, outcome: "failed", reason: error.message, passed };
  }
}

function readLook(node: string, output: string, { gotMs, openMs }: { gotMs: number; openMs: number }): AgentLook {
  const lines = output.split("\n");
  const clocks = lines.filter((line) => /^\d{13}$/.test(line)).map(Number);
  const [first, last] = [clocks[0], clocks.at(-1)];
  if (first === undefined || last === undefined)
    return { node, outcome: "failed", reason: "what it answers makes no sense.", passed: true };
  const after = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const has = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(output)?.[1] ?? "0"}`);
  const versions = after("version").flatMap((line) => {
    const [, tool = "", version = ""] = /^(\S+) .*?(\d+(?:\.\d+)+|\d{8})/.exec(line) ?? [];
    return toolVersions[tool] === undefined ? [] : [[tool, version] as const];
  });
  return {
    node,
    outcome: "answered",
    missing: after("missing"),
    failing: after("failing"),
    versions: Object.fromEntries(versions),
    lacksCapabilities: Object.entries(agentCapabilities).flatMap(([name, bit]) =>
      (has >> BigInt(bit)) & 1n ? [] : [name],
    ),
    stateFails: lines.includes("state"),
    clock: clockBetween({ first, last }, { openedMs: gotMs - openMs, gotMs }),
  };
}

/** The first reading was not before the stream stood, the last not after everything had come. */
function clockBetween(
  { first, last }: { first: number; last: number },
  { openedMs, gotMs }: { openedMs: number; gotMs: number },
): ClockEstimate {
  const [least, most] = [last - gotMs, first - openedMs];
  return { offsetEstimateMs: (least + most) / 2, offsetErrorMs: Math.abs(most - least) / 2 };
}
