import type { V1Pod } from "@kubernetes/client-node";
import type { AgentView } from "../core/cluster-view.ts";
import { NetcheckError } from "../core/errors.ts";
import { say } from "../core/sentence.ts";
import { fromCache, type Kube, listPages, type PageQuery } from "./kube-client.ts";

/** Labels of the agent's DaemonSet pods. */
export const AGENT_SELECTOR = "app.kubernetes.io/name=netcheck-agent";
/** How long a found agent is believed without asking again; a failed exec forgets it at once. */
const BELIEVE_MS = 30_000;
const MAX_AGENTS = 5_000;
/** Agents of nodes that nobody asked for: enough to find two that are ready. */
const MAX_SOME = 20;

/** One netcheck agent and the container in it that takes execs. */
export type Agent = AgentView & { readonly container: string; readonly uid: string };

/** The agents of one cluster, asked for as they are needed and remembered for a while. */
export type Agents = {
  readonly all: () => Promise<readonly Agent[]>;
  /** At most 20, always the same ones while no agent comes or goes. */
  readonly some: () => Promise<readonly Agent[]>;
  /** The agent of a node, ready or not; undefined when there is none. */
  readonly at: (node: string) => Promise<Agent | undefined>;
  /** The ready agent of a node. Throws NetcheckError `not-found` with the reason when there is none. */
  readonly on: (node: string) => Promise<Agent>;
  /** To be called when an exec into a node's agent failed: its pod may have been replaced. */
  readonly forget: (node: string) => void;
};

export function agentsOf(
  kube: Kube,
  {
    namespace,
    selector = AGENT_SELECTOR,
    nowMs = Date.now,
  }: { namespace: string; selector?: string; nowMs?: () => number },
): Agents {
  const known = new Map<string, { readonly atMs: number; readonly agents: Promise<readonly Agent[]> }>();

  const page = (query: PageQuery, fieldSelector?: string) =>
    kube.call({ verb: "list", resource: "pods" }, () =>
      kube.core.listNamespacedPod({
        namespace,
        labelSelector: selector,
        ...query,
        ...(fieldSelector !== undefined && { fieldSelector, ...fromCache }),
      }),
    );
  const remembered = (key: string, list: () => Promise<readonly Agent[]>): Promise<readonly Agent[]> => {
    for (const [other, { atMs }] of known) if (nowMs() - atMs > BELIEVE_MS) known.delete(other);
    const before = known.get(key);
    if (before) return before.agents;
    const agents = list();
    const made = { atMs: nowMs(), agents };
    known.set(key, made);
    agents.catch(() => {
      if (known.get(key) === made) known.delete(key);
    });
    return agents;
  };
  const keyOf = (node: string): string => `node ${node}`;
  const at = async (node: string) => {
    const here = await remembered(keyOf(node), async () => {
      const { items } = await listPages((query) => page(query, `spec.nodeName=${node}`), {
        max: MAX_AGENTS,
        keep: agentOf,
      });
      return items;
    });
    return here.find((agent) => agent.ready) ?? here[0];
  };
  const forget = (node: string) => void known.delete(keyOf(node));
  return {
    all: () => remembered("all", async () => (await listPages(page, { max: MAX_AGENTS, keep: agentOf })).items),
    some: () => remembered("some", async () => (await listPages(page, { max: MAX_SOME, keep: agentOf })).items),
    at,
    forget,
    on: async (node) => {
      let agent = await at(node);
      if (!agent?.ready) {
        forget(node);
        agent = await at(node);
      }
      if (agent?.ready) return agent;
      const why = agent ? say("its agent {pod} is not ready", { pod: agent.pod }) : say("it has no netcheck agent");
      throw new NetcheckError("not-found", say("Nothing can be measured on {node}: {why}.", { node, why }), {
        hint: say("Look at the DaemonSet in the namespace {namespace}.", { namespace }),
      });
    },
  };
}

function agentOf(pod: V1Pod): Agent[] {
  const { name, namespace, uid, deletionTimestamp } = pod.metadata ?? {};
  const node = pod.spec?.nodeName;
  const container = pod.spec?.containers[0]?.name;
  if (!name || !namespace || !uid || !node || !container) return [];
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  return [{ node, pod: name, namespace, uid, container, ready: isReady && deletionTimestamp === undefined }];
}
