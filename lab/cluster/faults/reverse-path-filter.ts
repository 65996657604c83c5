import { z } from "zod";
import { findNode } from "../names.ts";
import { run } from "../processes.ts";
import { defineFault, type LabParts, machineOf, whileBooted } from "./fault.ts";

/** The switch of the second network; one lab has at most one of it. */
const SWITCH = "fab1";

/**
 * A second network joins all nodes, and one node sends what is for its peers through it, while theirs come through the
 * first: with the strict filter it drops what it receives. Its peers do not mind where packets come from.
 */
export const reversePathFilter = defineFault(
  "reverse-path-filter",
  { node: z.string("must be a node") },
  {
    ipv4Only: true,
    prepare({ node: name }, lab) {
      const machine = machineOf(lab, findNode(lab.store, name).name);
      return {
        description: `${name} answers its peers through a second NIC and filters strictly by reverse path`,
        async apply() {
          const network = await secondNetwork(lab);
          const peers = network.nodes.filter((one) => one.name !== name);
          const before = await machine.run(["sysctl", "-n", "net.ipv4.conf.eth0.rp_filter"]);
          for (const { ip, second } of peers)
            await machine.run([
              "ip",
              "route",
              "add",
              `${ip}/32`,
              "via",
              second,
              "dev",
              "eth1",
              "src",
              machine.planned.node.ip,
            ]);
          await machine.run(["sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=1"]);
          const back = whileBooted(machine, async () => {
            await machine.run(["sysctl", "-qw", `net.ipv4.conf.eth0.rp_filter=${before.trim()}`]);
          });
          return async () => {
            await back();
            await network.undo();
          };
        },
      };
    },
  },
);

/** Gives every living node an eth1 in a network of its own; with the devices go its routes. */
async function secondNetwork(lab: LabParts): Promise<{
  readonly nodes: readonly { readonly name: string; readonly ip: string; readonly second: string }[];
  readonly undo: () => Promise<void>;
}> {
  const { fabric, plan, machines } = lab;
  const net = `10.${plan.random.between(240, 254)}.${plan.random.between(0, 254)}`;
  const strict = new Map<string, string>();
  await fabric.run(["ip", "link", "add", SWITCH, "type", "bridge", "forward_delay", "0"]);
  await fabric.run(["ip", "link", "set", SWITCH, "up"]);
  const alive = [...machines.values()].filter((machine) => machine.pid() !== undefined);
  const nodes = alive.map(({ planned: { node, index } }) => ({
    name: node.name,
    ip: node.ip,
    second: `${net}.${index + 10}`,
  }));
  for (const [nth, machine] of alive.entries()) {
    const { index } = machine.planned;
    const port = `s-n${index + 1}`;
    // By process ids as seen from here, so only the network is entered.
    const inFabric = ["nsenter", "-t", `${fabric.pid}`, "-n", "--"];
    await run([
      ...inFabric,
      "ip",
      "link",
      "add",
      port,
      "type",
      "veth",
      "peer",
      "name",
      "eth1",
      "netns",
      `${machine.pid()}`,
    ]);
    await fabric.run(["ip", "link", "set", port, "master", SWITCH, "up"]);
    await machine.run(["ip", "addr", "add", `${nodes[nth]?.second}/24`, "dev", "eth1"]);
    await machine.run(["ip", "link", "set", "eth1", "up"]);
    strict.set(machine.planned.node.name, (await machine.run(["sysctl", "-n", "net.ipv4.conf.all.rp_filter"])).trim());
    await machine.run(["sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth1.rp_filter=2"]);
  }
  return {
    nodes,
    async undo() {
      for (const machine of alive)
        await whileBooted(machine, async () => {
          const value = strict.get(machine.planned.node.name) ?? "0";
          await machine.run(["sysctl", "-qw", `net.ipv4.conf.all.rp_filter=${value}`]);
        })();
      for (const { planned } of alive)
        await fabric.run(["ip", "link", "del", `s-n${planned.index + 1}`]).catch(() => {});
      await fabric.run(["ip", "link", "del", SWITCH]);
    },
  };
}
