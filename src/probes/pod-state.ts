import { z } from "zod";
import type { PodView } from "../core/cluster-view.ts";
import { defineEvidence, type EvidenceSet, evidenceOf } from "../core/evidence.ts";
import { outagesOf, type PodOutages, podOutagesEvidence } from "../core/outage.ts";
import type { ClusterProbe } from "../core/probe.ts";
import { type Sentence, say, textSchema } from "../core/sentence.ts";

/** What the Kubernetes API says about a pod, and what changed while the check ran. Subject: `pod/<ns>/<name>`. */
export const podStateEvidence = defineEvidence(
  "pod-state",
  z.object({
    present: z.boolean(),
    phase: z.string(),
    ready: z.boolean(),
    node: z.string().optional(),
    ip: z.string().optional(),
    deletedAtMs: z.number().optional(),
    /** Containers that do not run now: name, state and reason in words. */
    notRunning: z.array(textSchema),
    uid: z.string().optional(),
    /** Every container that the check saw, also those that were replaced: name, and the id that its cgroup carries. */
    containers: z.array(z.object({ name: z.string(), id: z.string() })).default([]),
    /** Restarts that the check saw, all containers together. */
    restarts: z.number().int(),
    /** A pod of the same name but another UID took its place. */
    replaced: z.boolean(),
    /** Some view during the check showed it not running. */
    wasDown: z.boolean(),
    labels: z.record(z.string(), z.string()),
    /** TCP ports that its containers declare. */
    declared: z.array(z.number()),
    namedPorts: z.array(z.object({ name: z.string(), port: z.number() })).optional(),
    hostNetwork: z.boolean(),
  }),
);
export type PodState = z.infer<typeof podStateEvidence.schema>;

/** The pod with a UID, as `ns/name`, with its node and the names of its containers by id. Static pods have the hash of their file. */
export function podWithUid(
  evidence: EvidenceSet,
  uid: string,
):
  | { readonly name: string; readonly node: string | undefined; readonly containers: PodState["containers"] }
  | undefined {
  const plain = uid.replaceAll("-", "");
  const found = evidence.all(podStateEvidence).find(({ data }) => data.uid?.replaceAll("-", "") === plain);
  if (!found) return undefined;
  return { name: found.subject.replace(/^pod\//, ""), node: found.data.node, containers: found.data.containers };
}

/** A view of a large cluster has thousands of pods; those that are well and did not change are only kept up to this. */
const MAX_PODS = 300;

export const podState: ClusterProbe = {
  kind: "cluster",
  name: "pod-state",
  read(views) {
    const newest = views.at(-1);
    if (!newest) return [];
    const times = views.map(({ atMs }) => atMs);
    const history = new Map<string, Map<number, PodView>>();
    for (const [n, { pods }] of views.entries())
      for (const pod of pods) {
        const key = `pod/${pod.namespace}/${pod.name}`;
        const seen = history.get(key);
        if (seen) seen.set(n, pod);
        else history.set(key, new Map([[n, pod]]));
      }
    const states = [...history].map(([subject, seen]) =>
      evidenceOf(podStateEvidence, subject, newest.atMs, stateOf([...seen.values()], seen.has(views.length - 1))),
    );
    const unwell = ({ data }: (typeof states)[number]): boolean => data.wasDown || data.restarts > 0 || !data.ready;
    const kept =
      states.length <= MAX_PODS
        ? states
        : [...states.filter(unwell), ...states.filter((state) => !unwell(state))].slice(0, MAX_PODS);
    const outages = kept.flatMap(({ subject }) => {
      const data = outagesOfPod(history.get(subject) ?? new Map(), times);
      return data.unready.length === 0 ? [] : [evidenceOf(podOutagesEvidence, subject, newest.atMs, data)];
    });
    return [...kept, ...outages];
  },
};

function stateOf(seen: readonly PodView[], present: boolean): PodState {
  const [first, last] = [seen[0], seen.at(-1)];
  const restartsOf = (pod: PodView | undefined): number =>
    pod?.containers.reduce((sum, { restarts }) => sum + restarts, 0) ?? 0;
  const replaced = new Set(seen.map(({ uid }) => uid)).size > 1;
  return {
    present,
    phase: last?.phase ?? "Unknown",
    ready: last?.ready ?? false,
    ...(last?.node === undefined ? {} : { node: last.node }),
    ...(last?.ip === undefined ? {} : { ip: last.ip }),
    ...(last?.deletedAtMs === undefined ? {} : { deletedAtMs: last.deletedAtMs }),
    notRunning: last ? downContainers(last) : [],
    ...(last ? { uid: last.uid } : {}),
    containers: containersOf(seen),
    restarts: replaced ? 0 : Math.max(0, restartsOf(last) - restartsOf(first)),
    replaced,
    labels: last?.labels ?? {},
    declared: [
      ...new Set(
        (last?.containers ?? []).flatMap(({ ports }) =>
          ports.filter(({ protocol }) => protocol === "TCP").map(({ port }) => port),
        ),
      ),
    ],
    namedPorts: (last?.containers ?? [])
      .flatMap(({ ports }) => ports)
      .flatMap(({ name, port }) => (name === undefined ? [] : [{ name, port }])),
    hostNetwork: last?.hostNetwork ?? false,
    wasDown: !present || seen.some((pod) => pod.phase !== "Running" || pod.deletedAtMs !== undefined || allDown(pod)),
  };
}

type Reading = { readonly atMs: number; readonly pod: PodView | undefined };

/** `seen` by positions of views. Views before the first that shows the pod do not count: the very first one is cut to the nodes of the plan. */
function outagesOfPod(seen: ReadonlyMap<number, PodView>, times: readonly number[]): PodOutages {
  const [first] = seen;
  if (!first) return { down: [], unready: [] };
  const [since, { uid }] = first;
  const readings = times.slice(since).map((atMs, n): Reading => {
    const pod = seen.get(since + n);
    return { atMs, pod: pod?.uid === uid ? pod : undefined };
  });
  const runs = ({ pod }: Reading, before: Reading | undefined): boolean =>
    pod !== undefined && serves(pod) && !(before?.pod && servingRestarts(pod) > servingRestarts(before.pod));
  const down = outagesOf(readings, runs);
  const unready = outagesOf(readings, (reading, before) => runs(reading, before) && reading.pod?.ready === true);
  return { down: [...down], unready: [...unready] };
}

/** The containers that declare ports; where none does, any may serve. */
function serving({ containers }: PodView): PodView["containers"] {
  const declaring = containers.filter(({ ports }) => ports.length > 0);
  return declaring.length > 0 ? declaring : containers;
}

function serves(pod: PodView): boolean {
  const ended = serving(pod).some(({ state }) => state === "waiting" || state === "terminated");
  return pod.phase === "Running" && pod.deletedAtMs === undefined && !ended;
}

function servingRestarts(pod: PodView): number {
  return serving(pod).reduce((sum, { restarts }) => sum + restarts, 0);
}

function containersOf(seen: readonly PodView[]): PodState["containers"] {
  const names = new Map(
    seen.flatMap(({ containers }) => containers.flatMap(({ name, id }) => (id === undefined ? [] : [[id, name]]))),
  );
  return [...names].map(([id = "", name = ""]) => ({ name, id }));
}

function downContainers({ containers }: PodView): Sentence[] {
  return containers.flatMap(({ name, state, reason }) =>
    state === "running" || state === "unknown"
      ? []
      : [
          reason === undefined
            ? say("{name} is {state}", { name, state })
            : say("{name} is {state} ({reason})", { name, state, reason }),
        ],
  );
}

function allDown(pod: PodView): boolean {
  return pod.containers.length > 0 && downContainers(pod).length === pod.containers.length;
}
