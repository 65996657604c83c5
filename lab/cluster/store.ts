import { EventEmitter } from "node:events";
import type {
  LabChange,
  LabDaemonSet,
  LabDeployment,
  LabEvent,
  LabModel,
  LabNamespace,
  LabNode,
  LabPod,
  LabPolicy,
  LabService,
} from "./model.ts";
import type { ClusterPlan } from "./plan.ts";

/** Events beyond this many are forgotten, oldest first. */
const MAX_EVENTS = 2_000;

type Involved = { readonly kind: "Node"; readonly node: LabNode } | { readonly kind: "Pod"; readonly pod: LabPod };

/** The live objects of a lab and the ways to change them. */
export type Store = EventEmitter<{ change: [LabChange] }> &
  Pick<LabModel, "pods" | "deployments" | "daemonSets" | "events" | "policies"> & {
    readonly namespaces: Set<string>;
    readonly made: Map<string, LabNamespace>;
    readonly nodes: Map<string, LabNode>;
    readonly services: Map<string, LabService>;
    /** Says that an object of the store has been changed in place. */
    readonly touched: (object: { readonly node: LabNode } | { readonly pod: LabPod }) => void;
    /** Puts a changed service in the place of the one of its name. */
    readonly replaceService: (service: LabService) => void;
    readonly addService: (service: LabService) => void;
    readonly removeService: (service: LabService) => void;
    readonly addNamespace: (namespace: LabNamespace) => void;
    /** Says that it is being deleted. */
    readonly endNamespace: (namespace: LabNamespace) => void;
    readonly removeNamespace: (namespace: LabNamespace) => void;
    readonly addPod: (pod: LabPod) => void;
    readonly removePod: (pod: LabPod) => void;
    readonly addPolicy: (policy: LabPolicy) => void;
    readonly removePolicy: (policy: LabPolicy) => void;
    readonly record: (about: Involved, event: Pick<LabEvent, "type" | "reason" | "message">) => void;
  };

export const podKey = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;

export function createStore(plan: ClusterPlan): Store {
  const emitter = new EventEmitter<{ change: [LabChange] }>();
  // Every watch of the API is a listener.
  emitter.setMaxListeners(0);
  const byKey = <T extends LabService | LabPod | LabDeployment | LabDaemonSet>(list: readonly T[]): Map<string, T> =>
    new Map(list.map((object) => [podKey(object), object]));
  const events: LabEvent[] = [];
  const services = byKey(plan.services);
  const policies = new Map<string, LabPolicy>();
  const made = new Map<string, LabNamespace>();
  const pods = byKey(plan.pods.map(({ pod }) => pod));
  const namespaces = new Set(["default", "kube-system", "netcheck", ...[...pods.values()].map((pod) => pod.namespace)]);
  for (const { namespace } of [...plan.services, ...plan.deployments]) namespaces.add(namespace);
  return Object.assign(emitter, {
    namespaces,
    made,
    nodes: new Map(plan.nodes.map(({ node }) => [node.name, node])),
    pods,
    services,
    policies,
    deployments: byKey(plan.deployments),
    daemonSets: byKey(plan.daemonSets),
    events,
    touched(object: { readonly node: LabNode } | { readonly pod: LabPod }) {
      emitter.emit(
        "change",
        "node" in object
          ? { type: "MODIFIED", kind: "node", object: object.node }
          : { type: "MODIFIED", kind: "pod", object: object.pod },
      );
    },
    replaceService(service: LabService) {
      services.set(podKey(service), service);
      emitter.emit("change", { type: "MODIFIED", kind: "service", object: service });
    },
    addService(service: LabService) {
      services.set(podKey(service), service);
      emitter.emit("change", { type: "ADDED", kind: "service", object: service });
    },
    removeService(service: LabService) {
      services.delete(podKey(service));
      emitter.emit("change", { type: "DELETED", kind: "service", object: service });
    },
    addNamespace(namespace: LabNamespace) {
      namespaces.add(namespace.name);
      made.set(namespace.name, namespace);
      emitter.emit("change", { type: "ADDED", kind: "namespace", object: namespace });
    },
    endNamespace(namespace: LabNamespace) {
      namespace.terminating = true;
      emitter.emit("change", { type: "MODIFIED", kind: "namespace", object: namespace });
    },
    removeNamespace(namespace: LabNamespace) {
      namespaces.delete(namespace.name);
      made.delete(namespace.name);
      emitter.emit("change", { type: "DELETED", kind: "namespace", object: namespace });
    },
    addPod(pod: LabPod) {
      pods.set(podKey(pod), pod);
      emitter.emit("change", { type: "ADDED", kind: "pod", object: pod });
    },
    removePod(pod: LabPod) {
      pods.delete(podKey(pod));
      emitter.emit("change", { type: "DELETED", kind: "pod", object: pod });
    },
    addPolicy(policy: LabPolicy) {
      policies.set(podKey(policy), policy);
      emitter.emit("change", { type: "ADDED", kind: "networkpolicy", object: policy });
    },
    removePolicy(policy: LabPolicy) {
      policies.delete(podKey(policy));
      emitter.emit("change", { type: "DELETED", kind: "networkpolicy", object: policy });
    },
    record(about: Involved, event: Pick<LabEvent, "type" | "reason" | "message">) {
      const made: LabEvent = {
        ...event,
        namespace: about.kind === "Pod" ? about.pod.namespace : "default",
        object:
          about.kind === "Pod"
            ? { kind: "Pod", name: about.pod.name, uid: about.pod.uid }
            : { kind: "Node", name: about.node.name, uid: about.node.name },
        atMs: Date.now(),
      };
      events.push(made);
      if (events.length > MAX_EVENTS) events.shift();
      emitter.emit("change", { type: "ADDED", kind: "event", object: made });
    },
  });
}
