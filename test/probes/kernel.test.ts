import { expect, test } from "vitest";
import { EvidenceSet, evidenceOf } from "#src/core/evidence.ts";
import type { Vantage } from "#src/core/plan.ts";
import type { Sample } from "#src/core/probe.ts";
import { kernel, kernelEventsOf, kernelEvidence } from "#src/probes/kernel.ts";
import { podStateEvidence } from "#src/probes/pod-state.ts";

const vantage: Vantage = { id: "node/n", label: "n", node: "n", netns: "node", ip: "10.0.0.1", role: "control" };
const read = (...samples: readonly (Partial<Sample> & { stdout: string })[]) => {
  const all = samples.map((sample, n): Sample => ({ atMs: 1_000_000 + 5_000 * n, exitCode: 0, ...sample }));
  const [evidence] = kernel.read(all, { subject: vantage.id, vantage });
  return evidence === undefined ? undefined : kernelEvidence.schema.parse(evidence.data);
};
const head = (n: number, more = "") =>
  `@now ${1_000_000 + 5_000 * n} ${500 + 5 * n}.25 4026531840\n@psi cpu some ${1_000 * n}\n@load ${3 + n} 400 8\n@conntrack ${100 - 10 * n} 1000\n${more}`;

test("stalls, load and the connection table over all readings", () => {
  expect(read({ stdout: head(0) }, { stdout: head(1) }, { stdout: head(2) })).toMatchObject({
    netns: "4026531840",
    logRead: true,
    cpus: 8,
    runnable: [2, 3, 4],
    conntrack: { most: 100, max: 1_000 },
    stalls: { gained: { "cpu.some": 2_000 } },
  });
});

test("log lines are timed by the node's wall clock, and read once", () => {
  const line = "502.250000 TCP: out of memory -- consider tuning tcp_mem\n";
  const seen = read({ stdout: head(0) }, { stdout: head(1, line) }, { stdout: head(2, line) });
  expect(seen?.events).toEqual([expect.objectContaining({ kind: "tcp-memory", atMs: 1_002_000 })]);
});

test("a clock of the log that has drifted is set right by when lines appeared", () => {
  // By the log's clock it happened 40 s before it was first seen; but 5 s before it was not there.
  const line = "465.000000 TCP: out of memory -- consider tuning tcp_mem\n";
  const seen = read({ stdout: head(0) }, { stdout: head(1) }, { stdout: head(2, line) });
  expect(seen?.events[0]?.atMs).toBeGreaterThanOrEqual(1_005_000);
  expect(seen?.events[0]?.atMs).toBeLessThanOrEqual(1_010_100);
});

test("without the right to read the log the rest is there, and that it was not read is said", () => {
  expect(read({ stdout: head(0), exitCode: 77 }, { stdout: head(1), exitCode: 77 })).toMatchObject({
    logRead: false,
    cpus: 8,
  });
});

test("garbage and output that was cut anywhere do no harm", () => {
  expect(read({ stdout: "Killed" })).toBeUndefined();
  const text = head(0, "502.250000 TCP: out of memory -- consider tuning tcp_mem\n");
  for (let end = 0; end <= text.length; end++) expect(() => read({ stdout: text.slice(0, end) })).not.toThrow();
});

test("of a log that nodes share, only what names a pod or a namespace of the node is its own", () => {
  const uid = "f9fd9cc7-df1b-4ac8-989c-899b053e7b29";
  const lines = [
    `501.1 oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/kubepods/pod${uid}/${"a".repeat(64)},task=java,pid=7,uid=0`,
    "501.2 Memory cgroup out of memory: Killed process 7 (java) total-vm:1kB, anon-rss:2kB",
    "501.3 nf_conntrack: table full in netns 4026531840, dropping packet",
    "501.4 nf_conntrack: table full in netns 4026539999, dropping packet",
    "501.5 TCP: out of memory -- consider tuning tcp_mem",
    "",
  ].join("\n");
  const shared = read({ stdout: head(0) }, { stdout: head(1, lines) });
  if (!shared) throw new Error("nothing read");
  const pod = {
    present: true,
    phase: "Running",
    ready: true,
    notRunning: [],
    restarts: 0,
    replaced: false,
    wasDown: false,
  };
  const set = new EvidenceSet([
    evidenceOf(kernelEvidence, "node/n", 1, shared),
    evidenceOf(podStateEvidence, "pod/a/b", 1, {
      ...pod,
      node: "n",
      uid,
      containers: [],
      labels: {},
      declared: [],
      hostNetwork: false,
    }),
  ]);
  expect(kernelEventsOf(set, "n").map(({ kind }) => kind)).toEqual(["oom", "conntrack-full", "tcp-memory"]);
  set.add(evidenceOf(kernelEvidence, "node/m", 1, { ...shared, netns: "4026539999" }));
  expect(kernelEventsOf(set, "n").map(({ kind }) => kind)).toEqual(["oom", "conntrack-full"]);
  expect(kernelEventsOf(set, "m").map(({ kind, netns }) => [kind, netns])).toEqual([["conntrack-full", "4026539999"]]);
});
