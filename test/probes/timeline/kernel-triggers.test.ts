import { expect, test } from "vitest";
import { EvidenceSet, evidenceOf } from "#src/core/evidence.ts";
import type { KernelEvent } from "#src/core/kernel-log.ts";
import { kernelEvidence } from "#src/probes/kernel.ts";
import { kernelTriggers } from "#src/probes/timeline/kernel-triggers.ts";
import { play, startOf } from "../../core/simulate.ts";

const { plan } = play({ seconds: 5 });
const logOf = (node: string, events: readonly KernelEvent[]) =>
  evidenceOf(kernelEvidence, `node/${node}`, startOf, {
    ...{ fromMs: startOf, toMs: startOf + 5_000, netns: node, logRead: true, runnable: [] },
    events: [...events],
  });
const event = (kind: KernelEvent["kind"], afterMs: number): KernelEvent => ({
  ...{ atMs: plan.window.startMs + afterMs, kind, text: `${kind} ${afterMs}` },
});
const triggersOf = (node: string, ...events: readonly KernelEvent[]) =>
  kernelTriggers({ plan, evidence: new EvidenceSet([logOf(node, events)]) });

test.each<KernelEvent["kind"]>(["oom", "lockup", "nic-reset", "link", "crash"])("%s is a trigger", (kind) => {
  const second = Math.floor((plan.window.startMs + 1_000) / 1_000);
  expect(triggersOf("graz", event(kind, 1_000))).toEqual([
    {
      ...{ kind: "kernel-event", tap: "graz", fromS: second, toS: second, worstS: second, count: 1, usual: 0 },
    },
  ]);
});

test.each<{ name: string; node: string; event: KernelEvent }>([
  { name: "what is told of long after it began", node: "graz", event: event("task-hung", 1_000) },
  { name: "what lasts", node: "graz", event: event("conntrack-full", 1_000) },
  { name: "what was before the check", node: "graz", event: event("oom", -1_000) },
  { name: "a node that is not of the path", node: "bonn", event: event("oom", 1_000) },
])("$name is none", ({ node, event: one }) => {
  expect(triggersOf(node, one)).toEqual([]);
});

test("kills of one second are one trigger", () => {
  const begin = Math.ceil(plan.window.startMs / 1_000) * 1_000 - plan.window.startMs;
  expect(triggersOf("graz", event("oom", begin), event("oom", begin + 400)).map(({ count }) => count)).toEqual([2]);
});
