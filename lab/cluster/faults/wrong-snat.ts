import { z } from "zod";
import { findNode } from "../names.ts";
import { defineFault, machineOf, whileBooted } from "./fault.ts";

/** A node gives what its pods send to other nodes' pods its own address: somebody masquerades too much. */
export const wrongSnat = defineFault(
  "wrong-snat",
  { node: z.string("must be a node") },
  {
    ipv4Only: true,
    prepare({ node: name }, lab) {
      const machine = machineOf(lab, findNode(lab.store, name).name);
      const { podCidr } = machine.planned.node;
      const rule = ["POSTROUTING", "-s", podCidr, "!", "-d", podCidr, "-j", "MASQUERADE"];
      return {
        description: `${name} masquerades what its pods send to other nodes' pods`,
        async apply() {
          await machine.run(["iptables", "-t", "nat", "-I", ...rule]);
          // What is known already goes on as it began.
          await machine.run(["conntrack", "-F"]);
          return whileBooted(machine, async () => {
            await machine.run(["iptables", "-t", "nat", "-D", ...rule]);
          });
        },
      };
    },
  },
);
