import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import type { Fabric } from "../fabric.ts";
import type { KubeProxy } from "../kube-proxy.ts";
import type { Kubelets } from "../kubelet.ts";
import type { Machine } from "../machine.ts";
import type { ClusterPlan } from "../plan.ts";
import type { Pods } from "../pods.ts";
import type { PolicyEngine } from "../policy-engine.ts";
import type { Store } from "../store.ts";

/** What faults may lay hands on. */
export type LabParts = {
  readonly plan: ClusterPlan;
  readonly store: Store;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly pods: Pods;
  readonly proxy: KubeProxy;
  readonly policies: PolicyEngine;
  readonly kubelets: Kubelets;
  readonly fabric: Fabric;
};

/** Takes back exactly what was done. Does nothing when the thing it was done to has died meanwhile. */
export type Undo = () => Promise<void>;

export type PreparedFault = {
  /** One line for people: "every 4th packet out of node-2's uplink 200–400 ms late". */
  readonly description: string;
  readonly apply: () => Promise<Undo>;
};

/** One way to break a lab. */
export type FaultKind = {
  readonly kind: string;
  readonly schema: z.ZodType<FaultSpec>;
  /** Checks the names in a parsed fault against the lab. Throws `bad-config` before anything is touched. */
  readonly prepare: (spec: unknown, lab: LabParts) => PreparedFault;
};

const seconds = z.number("must be a number of seconds").min(0);
const times = { startS: seconds.optional(), endS: seconds.optional() };

/** A fault as a scenario file says it, with its kind's parameters checked. Times in seconds after the command. */
export type FaultSpec = {
  readonly kind: string;
  readonly startS?: number | undefined;
  readonly endS?: number | undefined;
};

type Rule<S> = { readonly message: string; readonly path?: PropertyKey[]; readonly holds: (spec: S) => boolean };

/** Declares a kind: its parameters, what must hold between them, and how it is made. */
export function defineFault<const K extends string, Shape extends z.ZodRawShape>(
  kind: K,
  shape: Shape,
  {
    rules = [],
    ipv4Only = false,
    prepare,
  }: {
    readonly rules?: readonly Rule<z.output<z.ZodObject<Shape>>>[];
    /** It is made by means that know IPv4 only. */
    readonly ipv4Only?: boolean;
    readonly prepare: (spec: z.output<z.ZodObject<Shape>>, lab: LabParts) => PreparedFault;
  },
): FaultKind {
  const parameters = z.strictObject(shape);
  const schema = z.strictObject({ ...shape, kind: z.literal(kind), ...times }).superRefine((spec, context) => {
    const { startS, endS } = spec as FaultSpec;
    if (startS !== undefined && endS !== undefined && endS <= startS)
      context.addIssue({ code: "custom", message: "must be later than startS", path: ["endS"], input: endS });
    for (const { message, path = [], holds } of rules)
      if (!holds(spec as z.output<z.ZodObject<Shape>>))
        context.addIssue({ code: "custom", message, path, input: spec });
  });
  return {
    kind,
    schema: schema as unknown as z.ZodType<FaultSpec>,
    prepare(spec, lab) {
      schema.parse(spec);
      if (ipv4Only && lab.plan.addresses.family !== "ipv4")
        throw new NetcheckError("bad-config", `${kind} is not available in a lab with ipFamily: ipv6.`);
      const { kind: _kind, startS: _startS, endS: _endS, ...rest } = spec as Record<string, unknown>;
      return prepare(parameters.parse(rest) as z.output<z.ZodObject<Shape>>, lab);
    },
  };
}

/** A living node's machine. */
export function machineOf({ machines }: LabParts, node: string): Machine {
  const machine = machines.get(node);
  if (machine === undefined) throw new Error(`no machine ${node}`);
  return machine;
}

/** Undoes on a node only what was done in the node's present life. */
export function whileBooted(machine: Machine, undo: Undo): Undo {
  const boots = machine.boots();
  return async () => {
    if (machine.pid() !== undefined && machine.boots() === boots) await undo();
  };
}
