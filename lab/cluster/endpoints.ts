import type { LabModel, LabPod, LabService } from "./model.ts";

/** In the place of the address of a service that has none. */
export const HEADLESS = "None";

export const selects = (
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean =>
  Object.keys(selector).length > 0 && Object.entries(selector).every(([key, value]) => labels[key] === value);

/** The ready pods behind a service, in a stable order. */
export function readyPods(model: Pick<LabModel, "pods">, service: LabService): LabPod[] {
  return [...model.pods.values()]
    .filter((pod) => pod.namespace === service.namespace && pod.ready && selects(service.selector, pod.labels))
    .sort((a, b) => a.name.localeCompare(b.name));
}
