import type { V1Node } from "@kubernetes/client-node";
import { agentFacts } from "../cluster/agent-facts.ts";
import { type Agent, agentsOf } from "../cluster/agents.ts";
import { apiFacts } from "../cluster/api-facts.ts";
import type { Kube } from "../cluster/kube-client.ts";
import { NetcheckError } from "../core/errors.ts";
import { judgeAgents } from "../doctor/judge-agents.ts";
import { judgeApi } from "../doctor/judge-api.ts";
import { type Objects, steady, wordsOf } from "./objects.ts";
import type { Scene } from "./run.ts";
import { type Asked, failed, ok, type Step, skipped, stepOf } from "./step.ts";

/** One question of the doctor's, and all agents together. */
export const QUESTION_MS = 8_000;
const AGENTS_MS = 30_000;

/** What a cluster has that a run needs; `near` and `far` are where its pods go. */
export type Ready = {
  readonly agents: readonly Agent[];
  readonly image: string;
  readonly near: string;
  readonly far: string;
  readonly mayWrite: boolean;
};
const INSTALL =
  "helm upgrade --install netcheck deploy/chart -n netcheck --create-namespace --set agent.enabled=true installs the agents; docs/install.md says more.";

/** The cluster and its agents, by the doctor's looks; undefined when nothing more can be tried. */
export async function prepared({
  kube,
  objects,
  note,
  options,
}: Scene & { readonly kube: Kube }): Promise<Ready | undefined> {
  const { agentNamespace } = options.config.kube;
  const limitMs = QUESTION_MS;
  const api = judgeApi(await apiFacts(kube, agentNamespace, { limitMs, nowMs: Date.now }), Date.now());
  note(api.map((finding) => stepOf("cluster", finding)));
  const nothing = api.some(({ look, status }) => look === "permissions" && status === "unseen");
  if (nothing) {
    note([skipped(everythingElse, "the API server gives nothing.")]);
    return undefined;
  }
  const rights = await mayWrite(kube, objects);
  note([rights, await leftOver(objects)]);
  const asked: Asked = {
    area: "agents",
    step: "agents",
    did: `listed nodes and the agents in ${agentNamespace}`,
    expected: "an agent on each node",
  };
  try {
    const facts = await steady(() =>
      agentFacts(kube, agentNamespace, {
        ...{ limitMs, nowMs: Date.now },
        signal: AbortSignal.any([options.signal, AbortSignal.timeout(AGENTS_MS)]),
      }),
    );
    const lacksExec = api.some(({ found, status }) => status === "mend" && found.includes("pods/exec"));
    const found = judgeAgents(facts, { mayExec: !lacksExec }).map((finding) => stepOf("agents", finding));
    note(facts.pods.length === 0 ? found.map((step) => ({ ...step, remedy: `${step.remedy} ${INSTALL}` })) : found);
    const answered = new Set(facts.looks.flatMap(({ outcome, node }) => (outcome === "answered" ? [node] : [])));
    const all = await steady(() => agentsOf(kube, { namespace: agentNamespace }).all());
    const agents = all.filter(({ ready, node }) => ready && answered.has(node));
    const image = options.image ?? facts.pods.find(({ ready }) => ready)?.image;
    const places = await placesFor(kube, agents);
    if (places === undefined || image === undefined) {
      note([skipped(everythingElse, "no node that takes pods has an agent in which commands run.")]);
      return undefined;
    }
    return { agents, image, ...places, mayWrite: rights.status === "ok" };
  } catch (error) {
    if (!(error instanceof NetcheckError)) throw error;
    note([failed(asked, wordsOf(error), "Grant it, or look at the API server: nothing can be tried without.")]);
    return undefined;
  }
}

/** For what is not tried at all. */
export const everythingElse: Asked = {
  area: "workload",
  step: "everything else",
  did: "would have made a namespace with pods",
  expected: "pods between which something can be measured",
};

/** Two nodes that take pods and have an agent; twice the same when there is but one. By their label kubernetes.io/hostname. */
async function placesFor(kube: Kube, agents: readonly Agent[]): Promise<Pick<Ready, "near" | "far"> | undefined> {
  const { items } = await steady(() => kube.call({ verb: "list", resource: "nodes" }, () => kube.core.listNode()));
  const covered = new Set(agents.map(({ node }) => node));
  const usable = items.filter((node) => covered.has(node.metadata?.name ?? "") && takesPods(node));
  const [near, far = near] = usable
    .map(({ metadata }) => metadata?.labels?.["kubernetes.io/hostname"])
    .filter((one) => one);
  return near === undefined || far === undefined ? undefined : { near, far };
}

function takesPods({ spec, status }: V1Node): boolean {
  const ready = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
  const closed = spec?.taints?.some(({ effect }) => effect !== "PreferNoSchedule") ?? false;
  return ready && !closed && !spec?.unschedulable;
}

const writeRights = [
  { verb: "create", group: "", resource: "namespaces" },
  { verb: "delete", group: "", resource: "namespaces" },
  { verb: "create", group: "", resource: "pods" },
  { verb: "create", group: "", resource: "services" },
  { verb: "create", group: "networking.k8s.io", resource: "networkpolicies" },
] as const;

async function mayWrite(kube: Kube, { namespace }: Objects): Promise<Step> {
  const asked: Asked = {
    area: "cluster",
    step: "rights of this run",
    did: "asked what this credential may do",
    expected: "create and delete namespaces; create pods, services and networkpolicies",
  };
  try {
    const answers = await Promise.all(
      writeRights.map(async (right) => {
        const spec = { resourceAttributes: right.resource === "namespaces" ? right : { ...right, namespace } };
        const review = await steady(() =>
          kube.call({ verb: "create", resource: "selfsubjectaccessreviews" }, () =>
            kube.authorization.createSelfSubjectAccessReview({ body: { spec } }),
          ),
        );
        return review.status?.allowed ? [] : [`${right.verb} ${right.resource}`];
      }),
    );
    const missing = answers.flat();
    if (missing.length === 0) return ok(asked, "all granted");
    return failed(
      asked,
      `not granted: ${missing.join(", ")}`,
      "Use a kubeconfig of an administrator; docs/conformance.md has a ClusterRole with no more than is needed.",
    );
  } catch (error) {
    if (!(error instanceof NetcheckError)) throw error;
    return failed(asked, wordsOf(error), "Look at the API server: it does not say what is granted.");
  }
}

async function leftOver(objects: Objects): Promise<Step> {
  const asked: Asked = {
    area: "cluster",
    step: "earlier runs",
    did: "looked for namespaces of earlier runs",
    expected: "none",
  };
  try {
    const left = await objects.earlier();
    if (left.length === 0) return ok(asked, "none left");
    return ok(
      asked,
      `${left.join(", ")}: of a run that goes on, or that was killed; kubectl delete namespace removes it.`,
    );
  } catch (error) {
    if (!(error instanceof NetcheckError)) throw error;
    return skipped(asked, wordsOf(error));
  }
}
