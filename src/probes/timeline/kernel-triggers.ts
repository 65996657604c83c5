import type { Trigger } from "../../core/capture-triggers.ts";
import type { KernelEvent } from "../../core/kernel-log.ts";
import { askedNodes } from "../../core/path-facts.ts";
import type { Case } from "../../core/rule.ts";
import { kernelEventsOf } from "../kernel.ts";

/** Events after which packets may go wrong within seconds. Tables that are full, and hung tasks, are told of much later. */
const SUDDEN: ReadonlySet<KernelEvent["kind"]> = new Set(["oom", "lockup", "nic-reset", "link", "crash"]);

/** Moments at which the kernels of the asked path's nodes said that something has happened; within the window, by our clock. */
export function kernelTriggers({ plan, evidence }: Pick<Case, "plan" | "evidence">): readonly Trigger[] {
  const { startMs, endMs } = plan.window;
  return askedNodes(plan).flatMap((node) => {
    const seconds = kernelEventsOf(evidence, node)
      .filter(({ kind, atMs }) => SUDDEN.has(kind) && atMs >= startMs && atMs <= endMs)
      .map(({ atMs }) => Math.floor(atMs / 1_000));
    return [...Map.groupBy(seconds, (second) => second)].map(([second, { length }]) => ({
      ...{ kind: "kernel-event" as const, tap: node, fromS: second, toS: second, worstS: second },
      ...{ count: length, usual: 0 },
    }));
  });
}
