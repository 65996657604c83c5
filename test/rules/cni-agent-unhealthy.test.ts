import { expect, test } from "vitest";
import type { ClusterView, PodView } from "#src/core/cluster-view.ts";
import { cniAgentUnhealthy } from "#src/rules/cni-agent-unhealthy.ts";
import { loses, type Packet, play, type Scene, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

/** A view with the agent of a pod network on each node; `change` alters that of one. */
const agents = (
  view: ClusterView,
  changes: Readonly<Record<string, Partial<PodView> | "none">> = {},
  labels: PodView["labels"] = { "k8s-app": "calico-node" },
): ClusterView => ({
  ...view,
  pods: [
    ...view.pods,
    ...view.nodes.flatMap(({ name, ip }): PodView[] => {
      const change = changes[name];
      if (change === "none") return [];
      return [
        {
          namespace: "kube-system",
          name: `agent-${name}`,
          uid: `agent-${name}`,
          node: name,
          ip,
          hostNetwork: true,
          phase: "Running",
          ready: true,
          labels,
          containers: [{ name: "agent", ports: [], restarts: 2, state: "running" }],
          ...change,
        },
      ];
    }),
  ],
});
const crashing: Partial<PodView> = {
  ready: false,
  readySinceMs: 1_799_999_000_000,
  containers: [{ name: "agent", ports: [], restarts: 9, state: "waiting", reason: "CrashLoopBackOff" }],
};
const restarted: Partial<PodView> = { containers: [{ name: "agent", ports: [], restarts: 3, state: "running" }] };
const during = (change: Partial<PodView> | "none", node = "graz"): Pick<Scene, "views"> => ({
  views: (view) => [agents(view), agents(view, { [node]: change })],
});
const cut = loses(
  1,
  ({ leg, fromNode, toNode }: Packet) =>
    leg.scope === "overlay" && fromNode !== toNode && [fromNode, toNode].includes("graz"),
);

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "it crashes and pods are cut off", scene: { ...during(crashing), faults: [cut] }, want: "graz likely" },
  { name: "the node has none and pods are cut off", scene: { ...during("none"), faults: [cut] }, want: "graz likely" },
  {
    name: "it has restarted and pods are cut off",
    scene: { ...during(restarted), faults: [cut] },
    want: "graz possible",
  },
  // What can fool it.
  { name: "all is well", scene: { views: (view) => [agents(view)] }, want: "cleared" },
  { name: "it crashes and the data plane goes on", scene: during(crashing), want: "cleared" },
  { name: "it was restarted in a rollout", scene: during(restarted), want: "cleared" },
  {
    name: "pods are cut off and it is well",
    scene: { views: (view) => [agents(view)], faults: [cut] },
    want: "cleared",
  },
  {
    name: "that of a node beside the path crashes",
    scene: { ...during(crashing, "bern"), faults: [cut] },
    want: "cleared",
  },
  {
    name: "the nodes do not reach each other either",
    scene: { ...during(crashing), faults: [loses(1, through("graz"))] },
    want: "cleared",
  },
  {
    name: "the cluster has no agent that is known",
    scene: { views: (view) => [agents(view, {}, { app: "else" })], faults: [cut] },
    want: "unknown",
  },
])("cni-agent-unhealthy says $want when $name", ({ scene, want }) => {
  expect(ask(cniAgentUnhealthy, scene).brief).toBe(want);
});

test.each(["calico-node", "cilium", "aws-node"])("the agent %s is known by its label", (app) => {
  const scene: Scene = { views: (view) => [agents(view, { graz: crashing }, { "k8s-app": app })], faults: [cut] };
  expect(ask(cniAgentUnhealthy, scene).brief).toBe("graz likely");
});

test("it says the state of the agent, and what is cut off is beneath it", () => {
  const scene: Scene = { ...during(crashing), faults: [cut] };
  expect(because(ask(cniAgentUnhealthy, scene).verdict)).toContain(
    "kube-system/agent-graz, the agent of calico on graz, is not ready since 07:43:20 UTC: CrashLoopBackOff, 9 restarts",
  );
  expect(play(scene).report.causes.map(({ cause }) => cause)).toEqual(["cni-agent-unhealthy"]);
});
