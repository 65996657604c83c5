import type { KubernetesObject, V1Deployment, V1Node, V1Pod, V1Service } from "@kubernetes/client-node";
import type { Inventory } from "../core/inventory.ts";
import { type Kube, listPages } from "./kube-client.ts";

/** Names of one cluster, as they are compared with what was typed. */
export type Names = Pick<Inventory, "pods" | "services" | "deployments" | "nodes">;

/** Of each kind; a cluster of 5,000 nodes is the largest that Kubernetes supports, with 150,000 pods. */
export const MAX_NAMES = 150_000;

/** What is kept of an object whose name is followed: all of Kubernetes' bookkeeping that an informer needs, and the entry. */
export type Named<Entry> = KubernetesObject & { readonly entry: Entry };

/** One kind of object that has names: how it is listed and what is kept of it. */
export type NameKind<T, Entry> = {
  readonly path: string;
  readonly resource: string;
  /** Of an object as the API writes it: what client-node types as a Date is text there. */
  readonly entryOf: (object: T) => Entry;
};

const nameOf = ({ metadata }: KubernetesObject) => ({
  namespace: shared(metadata?.namespace ?? ""),
  name: metadata?.name ?? "",
});

/** Namespaces, nodes and phases stand in many entries: each is held once. */
const texts = new Map<string, string>();
const MAX_TEXTS = 20_000;

function shared(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  if (texts.size >= MAX_TEXTS) texts.clear();
  texts.set(text, text);
  return text;
}

export const podNames: NameKind<V1Pod, Names["pods"][number]> = {
  path: "/api/v1/pods",
  resource: "pods",
  // All of one shape, and no object made of others: a hundred thousand of them are held.
  entryOf: ({ metadata, spec, status }) => ({
    namespace: shared(metadata?.namespace ?? ""),
    name: metadata?.name ?? "",
    phase: shared(status?.phase ?? "Unknown"),
    ip: status?.podIP || undefined,
    node: spec?.nodeName ? shared(spec.nodeName) : undefined,
  }),
};

export const serviceNames: NameKind<V1Service, Names["services"][number]> = {
  path: "/api/v1/services",
  resource: "services",
  entryOf: (service) => {
    const ip = service.spec?.clusterIP;
    return {
      ...nameOf(service),
      ...(ip && ip !== "None" ? { ip } : {}),
      ports: service.spec?.ports?.map(({ port }) => port) ?? [],
    };
  },
};

export const deploymentNames: NameKind<V1Deployment, Names["deployments"][number]> = {
  path: "/apis/apps/v1/deployments",
  resource: "deployments",
  entryOf: nameOf,
};

export const nodeNames: NameKind<V1Node, Names["nodes"][number]> = {
  path: "/api/v1/nodes",
  resource: "nodes",
  entryOf: (node) => {
    const ip = node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
    return { name: shared(node.metadata?.name ?? ""), ...(ip ? { ip } : {}) };
  },
};

/** Lists one kind page by page; see `listPages`. */
export function listNames<T, K>(kube: Kube, kind: NameKind<T, unknown>, keep: (object: T) => K) {
  return listPages(
    (query) => kube.call({ verb: "list", resource: kind.resource }, () => kube.plainPage(kind.path, query, keep)),
    { max: MAX_NAMES, keep: (kept) => [kept] },
  );
}

/** Reads all names once. In a cluster of 100,000 pods that takes many seconds: for what cannot be answered otherwise. */
export async function readNames(kube: Kube): Promise<Names> {
  const read = async <T, Entry>(kind: NameKind<T, Entry>): Promise<Entry[]> =>
    (await listNames(kube, kind, kind.entryOf)).items;
  return {
    services: await read(serviceNames),
    deployments: await read(deploymentNames),
    nodes: await read(nodeNames),
    pods: await read(podNames),
  };
}
