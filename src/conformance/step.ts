import type { Finding } from "../doctor/finding.ts";

/** In the order in which they are run; each needs those before it. */
export const areas = ["cluster", "agents", "exec", "workload", "checks", "probes", "faults", "cleanup"] as const;
export type Area = (typeof areas)[number];

/** What one step has shown. ok: seen is as expected · failed: it is not, and `remedy` says what to do · skipped: `seen` says why. */
export type Step = {
  readonly area: Area;
  /** What was looked at, a few words: `pod to Service`. */
  readonly step: string;
  readonly did: string;
  readonly expected: string;
  readonly seen: string;
  readonly status: "ok" | "failed" | "skipped";
  readonly remedy?: string;
};

/** What a step is about; its outcome is added by `ok`, `failed` or `skipped`. */
export type Asked = Pick<Step, "area" | "step" | "did" | "expected">;

export const ok = (asked: Asked, seen: string): Step => ({ ...asked, seen, status: "ok" });
export const failed = (asked: Asked, seen: string, remedy: string): Step => ({
  ...asked,
  seen,
  status: "failed",
  remedy,
});
export const skipped = (asked: Asked, why: string): Step => ({
  ...asked,
  seen: `Not tried: ${why}`,
  status: "skipped",
});

/** A finding of the doctor's as a step. A note is no failure. */
export function stepOf(area: Area, { look, status, found, remedy }: Finding): Step {
  const outcome = ({ well: "ok", note: "ok", mend: "failed", unseen: "skipped" } as const)[status];
  const asked = { area, step: look, did: `looked at ${look}, as netcheck doctor does`, expected: "nothing to mend" };
  return { ...asked, seen: found, status: outcome, ...(remedy !== undefined && { remedy }) };
}

export type Outcome = "passed" | "failed";

/** Passed: nothing failed, and something was tried. */
export const outcomeOf = (steps: readonly Step[]): Outcome =>
  steps.some(({ status }) => status === "failed") || !steps.some(({ status }) => status === "ok") ? "failed" : "passed";
