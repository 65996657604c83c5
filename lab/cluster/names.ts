import { NetcheckError } from "#src/core/errors.ts";
import type { LabNode, LabPod, LabService } from "./model.ts";
import type { Store } from "./store.ts";

type Objects = Pick<Store, "nodes" | "pods" | "services">;

const listOf = (names: Iterable<string>): string => [...names].sort().join(", ") || "none";

/** A pod by `ns/name`, or by its name alone when only one has it. Throws `bad-config` with the names there are. */
export function findPod({ pods }: Objects, text: string): LabPod {
  const name = text.replace(/^pod\//, "");
  const matches = [...pods.entries()].filter(([key, pod]) => key === name || pod.name === name).map(([, pod]) => pod);
  const [pod] = matches;
  if (pod === undefined)
    throw new NetcheckError("bad-config", `There is no pod "${text}" in this lab; there are ${listOf(pods.keys())}.`);
  if (matches.length > 1)
    throw new NetcheckError(
      "bad-config",
      `Several pods are called "${text}": write ${matches.map((one) => `${one.namespace}/${one.name}`).join(" or ")}.`,
    );
  return pod;
}

export function findNode({ nodes }: Objects, text: string): LabNode {
  const node = nodes.get(text.replace(/^node\//, ""));
  if (node === undefined)
    throw new NetcheckError("bad-config", `There is no node "${text}" in this lab; there are ${listOf(nodes.keys())}.`);
  return node;
}

export function findService({ services }: Objects, text: string): LabService {
  const name = text.replace(/^svc\//, "");
  const matches = [...services.entries()]
    .filter(([key, one]) => key === name || one.name === name)
    .map(([, one]) => one);
  const [service] = matches;
  if (service === undefined || matches.length > 1)
    throw new NetcheckError(
      "bad-config",
      `"${text}" names no single service of this lab; there are ${listOf(services.keys())}.`,
    );
  return service;
}

/** A node or a pod: whatever has an address of its own. */
export function findEnd(objects: Objects, text: string): { readonly node: LabNode } | { readonly pod: LabPod } {
  if (objects.nodes.has(text.replace(/^node\//, ""))) return { node: findNode(objects, text) };
  const named = [...objects.pods.entries()].some(([key, pod]) => key === text || pod.name === text);
  if (named) return { pod: findPod(objects, text) };
  throw new NetcheckError(
    "bad-config",
    `"${text}" is neither a node nor a pod of this lab; there are ${listOf(objects.nodes.keys())} and ${listOf(objects.pods.keys())}.`,
  );
}
