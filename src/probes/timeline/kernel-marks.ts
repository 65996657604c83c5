import type { KernelEvent } from "../../core/kernel-log.ts";
import { askedNodes } from "../../core/path-facts.ts";
import type { Case } from "../../core/rule.ts";
import { inWords, type Language, type Sentence, say } from "../../core/sentence.ts";
import type { ChartMark } from "../../core/timeline-chart.ts";
import { kernelEventsOf } from "../kernel.ts";

/** What the kernels of the asked path's nodes said, for a time line: Unix milliseconds by our clock. */
export function kernelMarks(
  { plan, evidence }: Pick<Case, "plan" | "evidence">,
  language?: Language,
): readonly ChartMark[] {
  return askedNodes(plan).flatMap((node) =>
    kernelEventsOf(evidence, node).map((event) => ({
      atMs: event.atMs,
      kind: "kernel" as const,
      label: inWords(say("{event} on {node}", { event: eventText(event), node }), language),
    })),
  );
}

function eventText({ kind, process }: KernelEvent): Sentence {
  if (kind === "oom" && process !== undefined) return say("OOM kill of {process}", { process });
  if (kind === "task-hung" && process !== undefined) return say("{process} hung", { process });
  return EVENTS[kind];
}

const EVENTS: Readonly<Record<KernelEvent["kind"], Sentence>> = {
  oom: say("OOM kill"),
  "conntrack-full": say("conntrack table full"),
  "syn-flood": say("SYN flood"),
  lockup: say("CPU lockup"),
  "task-hung": say("hung task"),
  "tcp-memory": say("TCP out of memory"),
  "page-allocation": say("page allocation failure"),
  "neighbours-full": say("neighbour table full"),
  "nic-reset": say("NIC reset"),
  link: say("link up or down"),
  martian: say("martian source"),
  "netns-leak": say("netns not released"),
  pcie: say("PCIe error"),
  crash: say("kernel bug"),
  "files-full": say("open files used up"),
  "fork-rejected": say("fork refused"),
};
