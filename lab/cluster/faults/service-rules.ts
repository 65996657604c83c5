import { z } from "zod";
import type { LabPod } from "../model.ts";
import { findNode, findService } from "../names.ts";
import { podKey } from "../store.ts";
import { defineFault, type LabParts, type Undo } from "./fault.ts";

/** One node's kube-proxy has lost a service's rules, or all of them; or it never came to write any. */
export const serviceRulesMissing = defineFault(
  "service-rules-missing",
  {
    node: z.string("must be a node"),
    service: z.string().optional(),
    kubeProxy: z
      .enum(["running", "pending", "evicted", "crashing"], "must be running, pending, evicted or crashing")
      .default("running"),
  },
  {
    prepare({ node, service, kubeProxy }, lab) {
      const { name } = findNode(lab.store, node);
      const services = service === undefined ? ("all" as const) : new Set([podKey(findService(lab.store, service))]);
      const proxyPod = [...lab.store.pods.values()].find(
        (pod) => pod.node === name && pod.owner?.name === "kube-proxy",
      );
      const words = kubeProxy === "running" ? "" : `, and its kube-proxy is ${kubeProxy}`;
      return {
        description: `${name} lacks the rules of ${service === undefined ? "all services" : `service ${service}`}${words}`,
        async apply() {
          await using stack = new AsyncDisposableStack();
          const remember = lab.proxy.forget(name, services);
          stack.defer(async () => {
            remember();
            await lab.proxy.sync();
          });
          await lab.proxy.sync();
          if (proxyPod !== undefined) stack.defer(await ways[kubeProxy](lab, proxyPod));
          const applied = stack.move();
          return () => applied.disposeAsync();
        },
      };
    },
  },
);

const ways: Readonly<
  Record<"running" | "pending" | "evicted" | "crashing", (lab: LabParts, pod: LabPod) => Promise<Undo>>
> = {
  running: async () => async () => {},
  async crashing(lab, pod) {
    await lab.pods.crash(pod);
    return () => lab.pods.release(pod);
  },
  pending: (lab, pod) =>
    away(lab, pod, {
      state: { phase: "Pending", unscheduled: noRoom(lab.store.nodes.size) },
      event: { reason: "FailedScheduling", message: noRoom(lab.store.nodes.size) },
    }),
  evicted: (lab, pod) =>
    away(lab, pod, {
      state: { phase: "Failed", reason: "Evicted", message: lowMemory(pod) },
      event: { reason: "Evicted", message: lowMemory(pod) },
    }),
};

/** The scheduler's words about a DaemonSet's pod for which its node has no room. */
const noRoom = (nodes: number): string =>
  `0/${nodes} nodes are available: 1 Insufficient cpu, ${nodes - 1} node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: 0/${nodes} nodes are available: 1 No preemption victims found for incoming pod, ${nodes - 1} Preemption is not helpful for scheduling.`;

const lowMemory = ({ containers: [container] }: LabPod): string =>
  `The node was low on resource: memory. Threshold quantity: 100Mi, available: 71236Ki. Container ${container?.name ?? "kube-proxy"} was using 41288Ki, request is 0, has larger consumption of memory. `;

type Away = {
  readonly state: Pick<LabPod, "phase" | "reason" | "message" | "unscheduled">;
  readonly event: { readonly reason: string; readonly message: string };
};

/** The pod stops running, and the API says why. Without the critical priority class, as it has to be for that. */
async function away({ store, pods }: LabParts, pod: LabPod, { state, event }: Away): Promise<Undo> {
  const { priorityClassName } = pod;
  await pods.stop(pod);
  const [container] = pod.containers;
  if (container)
    Object.assign(container, state.phase === "Failed" ? { state: "terminated", exitCode: 137 } : { state: "waiting" });
  delete pod.priorityClassName;
  Object.assign(pod, { ...state, ready: false });
  store.touched({ pod });
  store.record({ kind: "Pod", pod }, { type: "Warning", ...event });
  return async () => {
    for (const key of Object.keys(state)) if (key !== "phase") Reflect.deleteProperty(pod, key);
    if (priorityClassName !== undefined) pod.priorityClassName = priorityClassName;
    await pods.release(pod);
  };
}
