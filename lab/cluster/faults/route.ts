import { isIP } from "node:net";
import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { findEnd, findNode } from "../names.ts";
import { defineFault, type LabParts, machineOf, type PreparedFault, whileBooted } from "./fault.ts";

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
      const before = await Promise.all(cidrs.map((cidr) => machine.run(["ip", "route", "show", "exact", cidr])));
      for (const cidr of cidrs) await machine.run(change(cidr));
      return whileBooted(machine, async () => {
        for (const [index, cidr] of cidrs.entries()) {
          const line = before[index]?.trim() ?? "";
          if (line === "") await machine.run(["ip", "route", "del", cidr]);
          else await machine.run(["ip", "route", "replace", ...line.split(/\s+/)]);
        }
      });
    },
  };
}

function targets(lab: LabParts, from: string, to: string | undefined): string[] {
  if (to === undefined)
    return [...lab.store.nodes.values()].filter(({ name }) => name !== from).map(({ podCidr }) => podCidr);
  const [ip = "", bits] = to.split("/");
  if (isIP(ip) === 4 && bits !== undefined) return [to];
  const end = findEnd(lab.store, to);
  const node = "node" in end ? end.node : findNode(lab.store, end.pod.node);
  if (node.name === from)
    throw new NetcheckError("bad-config", `${to} is on ${from} itself: there is no route to lose.`);
  return [node.podCidr];
}
