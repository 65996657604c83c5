import { expect, test } from "vitest";
import { EvidenceSet, evidenceOf } from "#src/core/evidence.ts";
import type { KernelEvent } from "#src/core/kernel-log.ts";
import { kernelEvidence } from "#src/probes/kernel.ts";
import { kernelMarks } from "#src/probes/timeline/kernel-marks.ts";
import { play, startOf } from "../../core/simulate.ts";

const { plan } = play({ seconds: 5 });
const logOf = (node: string, events: readonly KernelEvent[]) =>
  evidenceOf(kernelEvidence, `node/${node}`, startOf, {
    ...{ fromMs: startOf, toMs: startOf + 5_000, netns: node, logRead: true, runnable: [] },
    events: [...events],
  });
const event = (kind: KernelEvent["kind"], more: Partial<KernelEvent> = {}): KernelEvent => ({
  ...{ atMs: startOf + 1_000, kind, text: `${kind} ${JSON.stringify(more)}` },
  ...more,
});

test.each<{ event: KernelEvent; en: string; zh: string }>([
  {
    event: event("oom", { process: "logstash" }),
    en: "OOM kill of logstash on graz",
    zh: "graz 上 logstash 被 OOM 杀死",
  },
  { event: event("task-hung", { process: "nfsd" }), en: "nfsd hung on graz", zh: "graz 上 nfsd 挂起" },
  { event: event("nic-reset"), en: "NIC reset on graz", zh: "graz 上网卡重置" },
  { event: event("oom"), en: "OOM kill on graz", zh: "graz 上 OOM 杀进程" },
])("$event.kind is marked as $en", ({ event: one, en, zh }) => {
  const evidence = new EvidenceSet([logOf("graz", [one])]);
  expect(kernelMarks({ plan, evidence })).toEqual([{ atMs: startOf + 1_000, kind: "kernel", label: en }]);
  expect(kernelMarks({ plan, evidence }, "zh").map(({ label }) => label)).toEqual([zh]);
});

test("lines that several nodes show are nobody's, and other nodes are not of the path", () => {
  const shared = event("lockup");
  const evidence = new EvidenceSet([
    logOf("graz", [shared]),
    logOf("ulm", [shared]),
    logOf("bonn", [event("nic-reset")]),
  ]);
  expect(kernelMarks({ plan, evidence })).toEqual([]);
});
