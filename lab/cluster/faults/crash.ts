import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { findNode, findPod } from "../names.ts";
import { defineFault, machineOf } from "./fault.ts";

/** A node loses power: everything on it stops at once, and it falls silent. Taking it back boots the node again. */
export const nodeCrash = defineFault(
  "node-crash",
  { node: z.string("must be a node") },
  {
    prepare({ node }, lab) {
      const { name } = findNode(lab.store, node);
      if (machineOf(lab, name).pid() === undefined)
        throw new NetcheckError("bad-config", `Node ${name} is down already.`);
      return {
        description: `${name} has crashed`,
        async apply() {
          await lab.kubelets.crashNode(name);
          return () => lab.kubelets.bootNode(name);
        },
      };
    },
  },
);

/** A container exits with an error, and again whenever the kubelet starts it. The pod keeps its address. */
export const podCrash = defineFault(
  "pod-crash",
  { pod: z.string("must be a pod") },
  {
    prepare({ pod: text }, lab) {
      const pod = findPod(lab.store, text);
      return {
        description: `the container of pod ${pod.namespace}/${pod.name} crashes again and again`,
        async apply() {
          await lab.pods.crash(pod);
          await lab.proxy.sync();
          return () => lab.pods.release(pod);
        },
      };
    },
  },
);

/** A container ends once and is started again: for a moment nobody answers, and it comes back with another id. */
export const podRestart = defineFault(
  "pod-restart",
  { pod: z.string("must be a pod") },
  {
    prepare({ pod: text }, lab) {
      const pod = findPod(lab.store, text);
      return {
        description: `the container of pod ${pod.namespace}/${pod.name} restarts`,
        async apply() {
          await lab.pods.restart(pod);
          await lab.proxy.sync();
          return async () => {};
        },
      };
    },
  },
);

/** A pod is deleted and made anew on another node, as when its node is drained: it comes back with another address. */
export const podMove = defineFault(
  "pod-move",
  { pod: z.string("must be a pod"), to: z.string("must be a node").optional() },
  {
    prepare({ pod: text, to }, lab) {
      const pod = findPod(lab.store, text);
      const elsewhere = [...lab.store.nodes.keys()].filter((name) => name !== pod.node);
      const target = to === undefined ? elsewhere[0] : findNode(lab.store, to).name;
      if (pod.hostNetwork || pod.owner?.kind === "DaemonSet")
        throw new NetcheckError("bad-config", `Pod ${pod.namespace}/${pod.name} belongs to its node and cannot move.`);
      if (target === undefined || target === pod.node)
        throw new NetcheckError("bad-config", `Pod ${pod.namespace}/${pod.name} has no other node to move to.`);
      return {
        description: `pod ${pod.namespace}/${pod.name} moves from ${pod.node} to ${target}`,
        async apply() {
          await lab.pods.move(findPod(lab.store, text), target);
          await lab.policies.sync();
          return async () => {};
        },
      };
    },
  },
);
