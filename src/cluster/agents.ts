import type { V1Pod } from "@kubernetes/client-node";
import type { AgentView } from "../core/cluster-view.ts";
import { NetcheckError } from "../core/errors.ts";
import { say } from "../core/sentence.ts";
import { type Kube, listPages } from "./kube-client.ts";

/** Labels of the agent's DaemonSet pods. */
export const AGENT_SELECTOR = "app.kubernetes.io/name=netcheck-agent";
/** How long a found agent is believed without asking again; a failed exec forgets it at once. */
const BELIEVE_MS = 30_000;
const MAX_AGENTS = 5_000;

/** One netcheck agent and the container in it that takes execs. */
export type Agent = AgentView & { readonly container: string; readonly uid: string };

/** The agents of one cluster, listed on demand and remembered for a while. */
export type Agents = {
  readonly all: () => Promise<readonly Agent[]>;
  /** The ready agent of a node. Throws NetcheckError `not-found` with the reason when there is none. */
  readonly on: (node: string) => Promise<Agent>;
  /** To be called when an exec into an agent failed: its pod may have been replaced. */
  readonly forget: () => void;
};

export function agentsOf(
  kube: Kube,
  {
    namespace,
    selector = AGENT_SELECTOR,
    nowMs = Date.now,
  }: { namespace: string; selector?: string; nowMs?: () => number },
): Agents {
  let known: { readonly atMs: number; readonly agents: Promise<readonly Agent[]> } | undefined;

  const list = async () => {
    const { items } = await listPages(
      (query) =>
        kube.call({ verb: "list", resource: "pods" }, () =>
          kube.core.listNamespacedPod({ namespace, labelSelector: selector, ...query }),
        ),
      { max: MAX_AGENTS },
    );
    return items.flatMap(agentOf);
  };
  const all = () => {
    if (known === undefined || nowMs() - known.atMs > BELIEVE_MS) {
      const agents = list();
      known = { atMs: nowMs(), agents };
      agents.catch(() => {
        known = undefined;
      });
    }
    return known.agents;
  };
  const forget = () => {
    known = undefined;
  };
  const find = async (node: string) => {
    const here = (await all()).filter((agent) => agent.node === node);
    return here.find((agent) => agent.ready) ?? here[0];
  };
  return {
    all,
    forget,
    on: async (node) => {
      let agent = await find(node);
      if (!agent?.ready) {
        forget();
        agent = await find(node);
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
