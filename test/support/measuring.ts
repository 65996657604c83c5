import { gunzipSync } from "node:zlib";
import type { MeasureDeps } from "#src/cluster/measure-ports.ts";
import type { Assessed } from "#src/core/assess.ts";
import type { CheckRequest } from "#src/core/check.ts";
import type { ClusterView } from "#src/core/cluster-view.ts";
import { NetcheckError } from "#src/core/errors.ts";
import type { Evidence } from "#src/core/evidence.ts";
import type { Reader } from "#src/core/probe.ts";
import { silentLog } from "#src/log.ts";
import { fakeNodes } from "./fake-nodes.ts";

export const request: CheckRequest = {
  id: "nc-test",
  command: "web-0 db-0 10s",
  cluster: "lab",
  from: { kind: "pod", namespace: "shop", name: "web-0" },
  to: { kind: "pod", namespace: "shop", name: "db-0" },
  durationMs: 10_000,
  requestedAtMs: 0,
};

/** Says how many numbered lines arrived and whether one was missing, doubled or cut. */
function countingReader(subject: string): Reader {
  let rest = "";
  let next = 0;
  let broken = 0;
  return {
    push(chunk) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== `${next++}`) broken++;
    },
    evidence: ({ nowMs, done }) => [{ kind: "count", subject, atMs: nowMs, data: { lines: next, broken, done } }],
  };
}

/** A cluster of three nodes with one task each. Unless told otherwise, its clock only moves when a test moves it. */
export function measuring(time: { readonly nowMs?: () => number; readonly cluster?: string } = {}) {
  const clock = { nowMs: 1_000_000 };
  const nowMs = time.nowMs ?? (() => clock.nowMs);
  const nodes = fakeNodes(nowMs);
  const api = { down: false, missing: false, reads: 0 };
  const assessment: { next: Assessed } = { next: {} };

  async function readView(): Promise<ClusterView> {
    api.reads++;
    if (api.down) throw new NetcheckError("cluster-unreachable", "The Kubernetes API does not answer.");
    return { atMs: nowMs(), pods: [], nodes: [], services: [], agents: [], events: [] };
  }

  const depsOf = (worker: string): MeasureDeps => ({
    cluster: time.cluster ?? "lab",
    worker,
    log: silentLog,
    nowMs,
    readView,
    span: (_name, work) => work(),
    namesOf: async (cluster) => ({
      ...{ cluster, atMs: 0, services: [], deployments: [], nodes: [] },
      pods: ["web-0", "db-0"].map((name) => ({ namespace: "shop", name, phase: "Running", ip: "10.9.9.9" })),
    }),
    async resolve(target) {
      if (api.missing) throw new NetcheckError("not-found", "There is no pod web-9.", { hint: "Did you mean web-0?" });
      if (target.kind === "address") return { kind: "address", name: target.ip, ip: target.ip };
      return {
        kind: "pod",
        name: `shop/${target.name}`,
        ip: "10.0.0.1",
        node: "node-1",
      };
    },
    nodes: nodes.nodes,
    captures: { fetch: async () => 0, advance: () => undefined, analyse: async () => ({ evidence: [], gaps: [] }) },
    probes: [
      {
        kind: "cluster",
        name: "views",
        read: (views) => [{ kind: "views", subject: "cluster/lab", atMs: 0, data: views.map(({ atMs }) => atMs) }],
      },
    ],
    makePlan: ({ request, window, from, to }) => ({
      check: request.id,
      window,
      from,
      to,
      vantages: [],
      legs: [],
      tasks: ["node-1", "node-2", "node-3"].map((node) => ({
        id: `count-${node}`,
        probe: "count",
        subject: `node/${node}`,
        node,
        netns: "node",
        argv: ["count"],
        maxBytes: 1_000_000,
      })),
      gaps: [],
    }),
    openReader: (task) => countingReader(task.subject),
    assess: () => assessment.next,
  });
  return { clock, nodes, api, assessment, depsOf };
}

export function unpack(evidence: string | undefined): readonly Evidence[] {
  return JSON.parse(gunzipSync(Buffer.from(evidence ?? "", "base64")).toString());
}
