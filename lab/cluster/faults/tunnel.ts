import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { findNode } from "../names.ts";
import { fdbBatch, tunnelBatch, tunnelMac } from "../node-batches.ts";
import type { PlannedNode } from "../plan.ts";
import { defineFault, type LabParts, machineOf, type Undo, whileBooted } from "./fault.ts";
import { addWireRules, tunnelMatch } from "./wire.ts";

const node = z.string("must be a node");

function tunnelOf({ plan }: LabParts): string {
  if (plan.tunnel === undefined)
    throw new NetcheckError("bad-config", "This lab has no tunnel: its overlay is host-gw.");
  return plan.tunnel;
}

function plannedNode(lab: LabParts, name: string): PlannedNode {
  return machineOf(lab, findNode(lab.store, name).name).planned;
}

/** A node sends what is meant for another node's pods to the wrong tunnel MAC: that of `target`, or of nobody. */
export const neighbourWrong = defineFault(
  "neighbour-wrong",
  { node, to: z.string("must be a node"), target: z.string().optional() },
  {
    ipv4Only: true,
    prepare({ node: name, to, target }, lab) {
      const device = tunnelOf(lab);
      const machine = machineOf(lab, findNode(lab.store, name).name);
      const peer = plannedNode(lab, to);
      const mac =
        target === undefined
          ? `02:${lab.plan.random.hex(10).match(/../g)?.join(":")}`
          : tunnelMac(lab.plan, plannedNode(lab, target));
      const replace = (lladdr: string): Promise<string> =>
        machine.run([
          "ip",
          "neigh",
          "replace",
          `${peer.podPrefix}0`,
          "lladdr",
          lladdr,
          "dev",
          device,
          "nud",
          "permanent",
        ]);
      return {
        description: `${name} has a wrong tunnel neighbour entry for ${to}`,
        async apply() {
          await replace(mac);
          return whileBooted(machine, async () => {
            await replace(tunnelMac(lab.plan, peer));
          });
        },
      };
    },
  },
);

/** A node sends the tunnel packets for one node to another one's address. */
export const fdbWrong = defineFault(
  "fdb-wrong",
  { node, to: z.string("must be a node"), target: z.string("must be a node").optional() },
  {
    ipv4Only: true,
    prepare({ node: name, to, target }, lab) {
      const device = tunnelOf(lab);
      const machine = machineOf(lab, findNode(lab.store, name).name);
      const peer = plannedNode(lab, to);
      const other = lab.plan.nodes.find((one) => ![name, to].includes(one.node.name));
      const wrong = target === undefined ? other?.node : findNode(lab.store, target);
      if (wrong === undefined || wrong.name === to)
        throw new NetcheckError("bad-config", "fdb-wrong needs a third node as target.");
      const replace = (dst: string): Promise<string> =>
        machine.run([
          "bridge",
          "fdb",
          "replace",
          tunnelMac(lab.plan, peer),
          "dev",
          device,
          "dst",
          dst,
          "self",
          "permanent",
        ]);
      return {
        description: `${name} sends the tunnel packets for ${to} to ${wrong.name}`,
        async apply() {
          await replace(wrong.ip);
          return whileBooted(machine, async () => {
            await replace(peer.node.ip);
          });
        },
      };
    },
  },
);

/**
 * A node's NIC has two addresses and the tunnel uses the second as its source. That alone harms nobody: `peers` says
 * who minds, the other nodes' packet filters (drop) or a source guard in the switch (guard).
 */
export const secondAddress = defineFault(
  "second-address",
  {
    node,
    address: z.ipv4("must be an address").optional(),
    dynamic: z.boolean().default(false),
    peers: z.enum(["drop", "guard"], "must be drop or guard").default("guard"),
  },
  {
    ipv4Only: true,
    prepare({ node: name, address, dynamic, peers }, lab) {
      const device = tunnelOf(lab);
      const self = plannedNode(lab, name);
      const machine = machineOf(lab, self.node.name);
      const second = address ?? freeAddress(lab, self);
      const rebuild = async (local: string): Promise<void> => {
        await machine.run(["ip", "link", "del", device]);
        await machine.run(["ip", "-batch", "-"], { stdin: tunnelBatch(lab.plan, self, { device, local }) });
        await machine.run(["bridge", "-batch", "-"], { stdin: fdbBatch(lab.plan, self, device) });
      };
      return {
        description: `${name} has a second address ${second} and uses it as tunnel source, which ${peers === "guard" ? "the switch" : "its peers' packet filter"} drops`,
        async apply() {
          const lifetime = dynamic ? ["valid_lft", "86400", "preferred_lft", "86400"] : [];
          await machine.run(["ip", "addr", "add", `${second}/24`, "dev", "eth0", ...lifetime]);
          await rebuild(second);
          const open =
            peers === "guard"
              ? await addWireRules(lab, [
                  `iifname "${self.port}" ether type ip ${tunnelMatch(lab)} ip saddr != ${self.node.ip} counter drop`,
                ])
              : await admitKnownNodes(lab, self);
          const back = whileBooted(machine, async () => {
            await rebuild(self.node.ip);
            await machine.run(["ip", "addr", "del", `${second}/24`, "dev", "eth0"]);
          });
          return async () => {
            await open();
            await back();
          };
        },
      };
    },
  },
);

function freeAddress({ plan }: LabParts, self: PlannedNode): string {
  const net = self.node.ip.split(".").slice(0, 3).join(".");
  const used = new Set([...plan.addresses.nodeIps, plan.addresses.gateway]);
  for (;;) {
    const candidate = `${net}.${plan.random.between(2, 254)}`;
    if (!used.has(candidate)) return candidate;
  }
}

/** On every peer: tunnel packets only from the addresses that the nodes are registered with. */
async function admitKnownNodes(lab: LabParts, self: PlannedNode): Promise<Undo> {
  const port = String(lab.plan.addresses.vxlanPort);
  const hook = ["INPUT", "-p", "udp", "-m", "udp", "--dport", port, "-j", "OVERLAY-PEERS"];
  const undos: Undo[] = [];
  for (const machine of lab.machines.values()) {
    if (machine.planned === self || machine.pid() === undefined) continue;
    const known = lab.plan.nodes.filter((one) => one !== machine.planned);
    await machine.run(["iptables", "-N", "OVERLAY-PEERS"]);
    for (const { node: peer } of known)
      await machine.run(["iptables", "-A", "OVERLAY-PEERS", "-s", peer.ip, "-j", "ACCEPT"]);
    await machine.run(["iptables", "-A", "OVERLAY-PEERS", "-j", "DROP"]);
    await machine.run(["iptables", "-I", ...hook]);
    undos.push(
      whileBooted(machine, async () => {
        await machine.run(["iptables", "-D", ...hook]);
        await machine.run(["iptables", "-F", "OVERLAY-PEERS"]);
        await machine.run(["iptables", "-X", "OVERLAY-PEERS"]);
      }),
    );
  }
  return async () => {
    for (const undo of undos) await undo();
  };
}
