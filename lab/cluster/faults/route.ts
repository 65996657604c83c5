import { isIP } from "node:net";
import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import type { Machine } from "../machine.ts";
import { findEnd, findNode } from "../names.ts";
import type { PlannedNode } from "../plan.ts";
import { defineFault, type LabParts, machineOf, type PreparedFault, type Undo, whileBooted } from "./fault.ts";

const shape = {
  node: z.string("must be a node"),
  /** A node (its pods are meant) or a CIDR; all other nodes' pods when absent. */
  to: z.string().optional(),
};

/** The route to another node's pods is gone from a node: its packets take the default route, into the void. */
export const routeMissing = defineFault("route-missing", shape, {
  prepare: (spec, lab) => prepare(lab, spec, { words: "is missing", change: (cidr) => ["ip", "route", "del", cidr] }),
});

/** The route to another node's pods says: drop. */
export const routeBlackhole = defineFault("route-blackhole", shape, {
  prepare: (spec, lab) =>
    prepare(lab, spec, { words: "leads nowhere", change: (cidr) => ["ip", "route", "replace", "blackhole", cidr] }),
});

/**
 * A node sends what is for another node's pods to a third one, which sends it back: it circles until its time to live
 * is used up. The third node's own packets circle too.
 */
export const routeLoop = defineFault("route-loop", shape, {
  prepare({ node, to }, lab) {
    const { name } = findNode(lab.store, node);
    const cidrs = targets(lab, name, to);
    const loops = cidrs.map((cidr) => {
      const third = lab.plan.nodes.find(({ node: one }) => one.name !== name && one.podCidr !== cidr);
      if (third === undefined) throw new NetcheckError("bad-config", "route-loop needs a third node.");
      return { cidr, third };
    });
    const self = machineOf(lab, name);
    return {
      description: `packets from ${name} to ${to ?? "the other nodes' pods"} circle between it and ${[...new Set(loops.map(({ third }) => third.node.name))].join(", ")}`,
      async apply() {
        const undos: Undo[] = [];
        for (const { cidr, third } of loops)
          for (const [machine, next] of [
            [self, third],
            [machineOf(lab, third.node.name), self.planned],
          ] as const) {
            const restore = await routeKeeper(machine, cidr);
            await machine.run(["ip", "route", "replace", cidr, ...wayTo(lab, next)]);
            undos.push(restore);
          }
        return async () => {
          for (const undo of undos.toReversed()) await undo();
        };
      },
    };
  },
});

/** The end of an `ip route` command that leads to a node, as the overlay does it. */
function wayTo({ plan }: LabParts, { podPrefix, node }: PlannedNode): string[] {
  return plan.tunnel === undefined
    ? ["via", node.ip, "dev", "eth0"]
    : ["via", `${podPrefix}0`, "dev", plan.tunnel, "onlink"];
}

/** Remembers a machine's route and brings it back. */
async function routeKeeper(machine: Machine, cidr: string): Promise<Undo> {
  // To a question, unlike to a command, a prefix alone does not tell the family.
  const family = cidr.includes(":") ? "-6" : "-4";
  const line = (await machine.run(["ip", family, "route", "show", "exact", cidr])).trim();
  return whileBooted(machine, async () => {
    if (line === "") await machine.run(["ip", "route", "del", cidr]);
    else await machine.run(["ip", "route", "replace", ...line.split(/\s+/)]);
  });
}

type Change = { readonly words: string; readonly change: (cidr: string) => readonly string[] };

function prepare(
  lab: LabParts,
  { node, to }: { node: string; to?: string | undefined },
  { words, change }: Change,
): PreparedFault {
  const { name } = findNode(lab.store, node);
  const cidrs = targets(lab, name, to);
  const machine = machineOf(lab, name);
  return {
    description: `on ${name} the route to ${to === undefined ? "the other nodes' pods" : `${to} (${cidrs.join(", ")})`} ${words}`,
    async apply() {
      const undos = await Promise.all(cidrs.map((cidr) => routeKeeper(machine, cidr)));
      for (const cidr of cidrs) await machine.run(change(cidr));
      return async () => {
        for (const undo of undos) await undo();
      };
    },
  };
}

function targets(lab: LabParts, from: string, to: string | undefined): string[] {
  if (to === undefined)
    return [...lab.store.nodes.values()].filter(({ name }) => name !== from).map(({ podCidr }) => podCidr);
  const [ip = "", bits] = to.split("/");
  if (isIP(ip) !== 0 && bits !== undefined) return [to];
  const end = findEnd(lab.store, to);
  const node = "node" in end ? end.node : findNode(lab.store, end.pod.node);
  if (node.name === from)
    throw new NetcheckError("bad-config", `${to} is on ${from} itself: there is no route to lose.`);
  return [node.podCidr];
}
