import { createHash } from "node:crypto";
import type { KubeObject, Scene } from "./resource.ts";

/** RFC 3339 with seconds, as `metav1.Time`. */
export const timeOf = (unixMs: number): string => `${new Date(unixMs).toISOString().slice(0, 19)}Z`;

/** RFC 3339 with microseconds, as `metav1.MicroTime`. */
export const microTimeOf = (unixMs: number): string => new Date(unixMs).toISOString().replace("Z", "000Z");

/** A UID that is the same in every run for the same object; for objects to which the model gives none. */
export function uidFor(text: string): string {
  const hex = createHash("sha1").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

/** `length` hex digits that stand for `text` in generated names. */
export const shortHash = (text: string, length: number): string =>
  createHash("sha1").update(text).digest("hex").slice(0, length);

/** Time of creation for objects to which the model gives none: when the API first saw them. */
export const firstSeen = (previous: KubeObject | undefined, nowMs: number): string =>
  previous?.metadata.creationTimestamp ?? timeOf(nowMs);

export type Condition = {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
};

type WithConditions = KubeObject & {
  readonly status?: { readonly conditions?: readonly (Condition & { readonly lastTransitionTime?: string })[] };
};

/** Adds the time since which each condition has had its status, carried over from the object served before. */
export function withTransitions<C extends Condition>(
  conditions: readonly C[],
  { previous, nowMs }: { previous: KubeObject | undefined; nowMs: number },
): (C & { lastTransitionTime: string })[] {
  return conditions.map((condition) => {
    const before = (previous as WithConditions | undefined)?.status?.conditions?.find(
      ({ type }) => type === condition.type,
    );
    const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
    return { ...condition, lastTransitionTime: since ?? timeOf(nowMs) };
  });
}

/** Whether a service's or workload's selector picks these labels. An empty selector picks nothing. */
function selects(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

/** Pods of a namespace that a selector picks, without those that have ended. */
export function podsSelected(
  model: Scene["model"],
  { namespace, selector }: { readonly namespace: string; readonly selector: Readonly<Record<string, string>> },
) {
  return [...model.pods.values()].filter(
    (pod) =>
      pod.namespace === namespace &&
      pod.phase !== "Succeeded" &&
      pod.phase !== "Failed" &&
      selects(selector, pod.labels),
  );
}

/** `app=web,tier=front`, or `<none>`: how kubectl prints maps. */
export const joined = (map: Readonly<Record<string, string>> = {}): string =>
  Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(",") || "<none>";
