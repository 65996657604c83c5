import { HEADLESS } from "./endpoints.ts";
import type { KubeProxy } from "./kube-proxy.ts";
import type { Machine } from "./machine.ts";
import type { LabNamespace, LabPod, LabWrites, PodOrder } from "./model.ts";
import { type ClusterPlan, type PlannedNode, type PlannedPod, planOrdered } from "./plan.ts";
import type { Pods } from "./pods.ts";
import type { PolicyEngine } from "./policy-engine.ts";
import { podKey, type Store } from "./store.ts";

type Parts = {
  readonly plan: ClusterPlan;
  readonly store: Store;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly pods: Pods;
  readonly proxy: KubeProxy;
  readonly policies: PolicyEngine;
  readonly names: { readonly sync: () => Promise<void> };
  readonly log: (line: string) => void;
};

/** What the control plane and the kubelets do about objects that users make and take away through the API. */
export function createWrites({ plan, store, machines, pods, proxy, policies, names, log }: Parts): LabWrites {
  /** What users wait for shows in the objects; what fails behind them is a bug of the lab. */
  const soon = (what: string, work: Promise<unknown>): void => {
    work.catch((error: unknown) => log(`${what}: ${error instanceof Error ? error.message : String(error)}`));
  };
  const images = new Set(plan.pods.flatMap(({ pod }) => pod.containers.map(({ image }) => image)));
  const given = new Map<string, number>();
  const servicesChanged = (): void => soon("services", Promise.all([proxy.sync(), names.sync()]));
  const policiesChanged = (): void => soon("policies", policies.sync());
  const isOf =
    (name: string) =>
    ({ namespace }: { readonly namespace: string }): boolean =>
      namespace === name;

  const start = async (planned: PlannedPod): Promise<void> => {
    const { pod } = planned;
    if (pod.containers.some(({ image }) => !images.has(image))) return withoutImage(pod);
    await pods.add(planned);
    // Policies are about addresses, and this one is new.
    if (store.policies.size > 0) await policies.sync();
  };

  const withoutImage = (pod: LabPod): void => {
    const [container] = pod.containers;
    if (container) Object.assign(container, { state: "waiting", reason: "ImagePullBackOff" });
    store.addPod(pod);
    store.record(
      { kind: "Pod", pod },
      {
        type: "Warning",
        reason: "Failed",
        message: `Failed to pull image "${container?.image}": this lab has no registry, its nodes have the images of its own pods`,
      },
    );
  };

  const deletePod = async (pod: LabPod): Promise<void> => {
    // Nothing was made for a pod that waits for a node or for its image.
    const made = pod.unscheduled === undefined && pod.containers[0]?.reason !== "ImagePullBackOff";
    if (made) await pods.remove(pod);
    else store.removePod(pod);
  };

  const empty = async (namespace: LabNamespace, stays: boolean): Promise<void> => {
    const { name } = namespace;
    for (const policy of [...store.policies.values()].filter(isOf(name))) store.removePolicy(policy);
    for (const service of [...store.services.values()].filter(isOf(name))) store.removeService(service);
    await Promise.all([...store.pods.values()].filter(isOf(name)).map(deletePod));
    await Promise.all([proxy.sync(), names.sync(), policies.sync()]);
    if (!stays) store.removeNamespace(namespace);
  };

  const freeClusterIp = (): string => {
    const used = new Set([...store.services.values()].map(({ clusterIp }) => clusterIp));
    for (;;) {
      const ip = plan.addresses.serviceIp(plan.random.between(0, 255), plan.random.between(11, 254));
      if (!used.has(ip)) return ip;
    }
  };

  return {
    createNamespace(name, labels) {
      store.addNamespace({ name, labels, uid: plan.random.uuid(), createdAtMs: Date.now(), terminating: false });
    },
    deleteNamespace(name, { stays }) {
      const namespace = store.made.get(name);
      if (namespace === undefined || namespace.terminating) return;
      store.endNamespace(namespace);
      soon(`namespace ${name}`, empty(namespace, stays));
    },
    createPod(order) {
      const node = choose(order, { plan, store, machines });
      const planned = planOrdered(order, node, { pods: [...store.pods.values()], given, random: plan.random });
      if (node === undefined) {
        planned.pod.unscheduled = `0/${plan.nodes.length} nodes are available: ${plan.nodes.length} node(s) didn't match Pod's node affinity/selector.`;
        store.addPod(planned.pod);
      } else soon(`pod ${podKey(planned.pod)}`, start(planned));
    },
    deletePod,
    createService({ headless, ...service }) {
      store.addService({ ...service, uid: plan.random.uuid(), clusterIp: headless ? HEADLESS : freeClusterIp() });
      servicesChanged();
    },
    deleteService(service) {
      store.removeService(service);
      servicesChanged();
    },
    createPolicy(policy) {
      store.addPolicy({ ...policy, uid: plan.random.uuid(), createdAtMs: Date.now() });
      policiesChanged();
    },
    deletePolicy(policy) {
      store.removePolicy(policy);
      policiesChanged();
    },
  };
}

/** The scheduler: of the living nodes whose labels fit, the one with the fewest pods. */
function choose(
  { nodeSelector }: PodOrder,
  { plan, store, machines }: Pick<Parts, "plan" | "store" | "machines">,
): PlannedNode | undefined {
  const load = ({ node }: PlannedNode): number =>
    [...store.pods.values()].filter((pod) => pod.node === node.name).length;
  const fits = ({ node }: PlannedNode): boolean => {
    const labels: Readonly<Record<string, string>> = {
      "kubernetes.io/hostname": node.name,
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": "amd64",
    };
    return Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
  };
  const living = plan.nodes.filter(
    ({ node }) => store.nodes.get(node.name)?.ready === "True" && machines.get(node.name)?.pid() !== undefined,
  );
  return living.filter(fits).toSorted((a, b) => load(a) - load(b))[0];
}
