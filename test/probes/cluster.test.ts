import { expect, test } from "vitest";
import type { ClusterView } from "#src/core/cluster-view.ts";
import { EvidenceSet } from "#src/core/evidence.ts";
import { podOutagesEvidence } from "#src/core/outage.ts";
import { say } from "#src/core/sentence.ts";
import { serviceStateEvidence } from "#src/core/service-evidence.ts";
import { clusterEvents, clusterEventsEvidence } from "#src/probes/cluster-events.ts";
import { nodeState, nodeStateEvidence } from "#src/probes/node-state.ts";
import { podState, podStateEvidence } from "#src/probes/pod-state.ts";
import { serviceState } from "#src/probes/service-state.ts";
import { cluster, viewOf } from "../core/simulate.ts";

const view = viewOf(cluster(2));
const pod = "pod/shop/api-0";
type Pod = ClusterView["pods"][number];
const withPod = (change: Partial<Pod>): ClusterView => ({
  ...view,
  pods: view.pods.map((one) => (one.name === "api-0" ? { ...one, ...change } : one)),
});

function stateAfter(...views: readonly ClusterView[]) {
  return new EvidenceSet(podState.kind === "cluster" ? podState.read(views) : []).get(podStateEvidence, pod);
}

const container = { name: "main", ports: [], restarts: 0, state: "running" as const };

test.each([
  {
    name: "it runs",
    views: [view, view],
    want: { present: true, wasDown: false, restarts: 0, replaced: false, notRunning: [] },
  },
  { name: "it is gone", views: [view, { ...view, pods: [] }], want: { present: false, wasDown: true } },
  { name: "another took its place", views: [view, withPod({ uid: "other" })], want: { replaced: true, restarts: 0 } },
  {
    name: "it restarted during the check",
    views: [
      withPod({ containers: [{ ...container, restarts: 4 }] }),
      withPod({ containers: [{ ...container, restarts: 5 }] }),
    ],
    want: { restarts: 1 },
  },
  {
    name: "it restarted long ago",
    views: [
      withPod({ containers: [{ ...container, restarts: 4 }] }),
      withPod({ containers: [{ ...container, restarts: 4 }] }),
    ],
    want: { restarts: 0, wasDown: false },
  },
  {
    name: "its container waits",
    views: [withPod({ containers: [{ ...container, state: "waiting", reason: "CrashLoopBackOff" }] })],
    want: {
      notRunning: [say("{name} is {state} ({reason})", { name: "main", state: "waiting", reason: "CrashLoopBackOff" })],
      wasDown: true,
    },
  },
])("the state of a pod is right when $name", ({ views, want }) => {
  expect(stateAfter(...views)).toMatchObject(want);
});

const after = (atMs: number, seen: ClusterView): ClusterView => ({ ...seen, atMs });
const waits = withPod({ ready: false, containers: [{ ...container, state: "waiting" }] });
const unready = withPod({ ready: false });
const gone = { ...view, pods: [] };
const proxyDown = withPod({
  containers: [
    { ...container, ports: [{ port: 7000, protocol: "TCP" }] },
    { ...container, name: "proxy", state: "terminated" },
  ],
});
const restarted = (restarts: number) => withPod({ containers: [{ ...container, restarts }] });

test.each([
  { name: "it ran", views: [view, view, view], down: [], unready: [] },
  { name: "it was down all the time", views: [waits, waits], down: [{}], unready: [{}] },
  { name: "it went", views: [view, gone, gone], down: [{ fromMs: 1 }], unready: [{ fromMs: 1 }] },
  {
    name: "it came back",
    views: [view, waits, waits, view],
    down: [{ fromMs: 1, toMs: 4 }],
    unready: [{ fromMs: 1, toMs: 4 }],
  },
  {
    name: "it went twice",
    views: [waits, view, waits],
    down: [{ toMs: 2 }, { fromMs: 2 }],
    unready: [{ toMs: 2 }, { fromMs: 2 }],
  },
  {
    name: "it restarted between two views",
    views: [restarted(3), restarted(4), restarted(4)],
    down: [{ fromMs: 1, toMs: 2 }],
    unready: [{ fromMs: 1, toMs: 2 }],
  },
  { name: "it was not ready for a while", views: [view, unready, view], down: [], unready: [{ fromMs: 1, toMs: 3 }] },
  {
    name: "another took its name",
    views: [view, withPod({ uid: "other" })],
    down: [{ fromMs: 1 }],
    unready: [{ fromMs: 1 }],
  },
  { name: "a container without ports ended", views: [view, proxyDown], down: [], unready: [] },
  { name: "it is in the later views only", views: [gone, view, view], down: [], unready: [] },
])("when $name, the stretches in which a pod may not have served are known", ({ views, down, unready: spared }) => {
  const seen = views.map((one, n) => after(n + 1, one));
  const set = new EvidenceSet(podState.kind === "cluster" ? podState.read(seen) : []);
  expect(set.get(podOutagesEvidence, pod) ?? { down: [], unready: [] }).toEqual({ down, unready: spared });
});

test("a node that started anew shows by its boot id", () => {
  const later = { ...view, nodes: view.nodes.map((node) => ({ ...node, bootId: "another" })) };
  const set = new EvidenceSet(nodeState.kind === "cluster" ? nodeState.read([view, later]) : []);
  expect(set.get(nodeStateEvidence, "node/ulm")).toMatchObject({ present: true, ready: "True", rebooted: true });
});

test("a Service tells how many of its backends are ready", () => {
  const service = {
    namespace: "shop",
    name: "api",
    selector: {},
    ports: [{ port: 80, targetPort: 7000, protocol: "TCP" }],
    endpoints: [
      { ip: "10.42.0.5", ready: true, ports: [7000] },
      { ip: "10.42.1.5", ready: false, ports: [7000] },
    ],
  };
  const set = new EvidenceSet(
    serviceState.kind === "cluster" ? serviceState.read([{ ...view, services: [service] }]) : [],
  );
  expect(set.get(serviceStateEvidence, "svc/shop/api")).toMatchObject({
    ports: [{ port: 80, targetPort: 7000 }],
    ready: [{ ip: "10.42.0.5" }],
    others: [{ ip: "10.42.1.5", serving: false }],
    everIps: ["10.42.0.5", "10.42.1.5"],
  });
});

test("an event that several views show is one event", () => {
  const event = { atMs: 1, object: "pod/x", reason: "BackOff", message: "restarting", count: 1 };
  const views = [
    { ...view, events: [event] },
    { ...view, events: [{ ...event, count: 3 }] },
  ];
  const set = new EvidenceSet(clusterEvents.kind === "cluster" ? clusterEvents.read(views) : []);
  expect(set.get(clusterEventsEvidence, "cluster")?.events).toEqual([{ ...event, count: 3 }]);
});
