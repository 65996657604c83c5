import type { LabContainer, LabPod } from "../model.ts";
import { badRequest } from "./status.ts";

/** The container that a request means; without a name only a pod of one container has an answer. */
export function chooseContainer(pod: LabPod, name: string | undefined): LabContainer {
  const [first, ...others] = pod.containers;
  if (name === undefined && first && others.length === 0) return first;
  if (name === undefined)
    throw badRequest(
      `a container name must be specified for pod ${pod.name}, choose one of: [${pod.containers.map((c) => c.name).join(" ")}]`,
    );
  const found = pod.containers.find((container) => container.name === name);
  if (!found) throw badRequest(`container ${name} is not valid for pod ${pod.name}`);
  return found;
}
