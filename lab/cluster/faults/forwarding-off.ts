import { z } from "zod";
import { findNode } from "../names.ts";
import { defineFault, machineOf, whileBooted } from "./fault.ts";

/** A node no longer forwards packets between its interfaces: its pods reach each other and the node, nothing else. */
export const forwardingOff = defineFault(
  "forwarding-off",
  { node: z.string("must be a node") },
  {
    prepare({ node }, lab) {
      const machine = machineOf(lab, findNode(lab.store, node).name);
      const path = lab.plan.addresses.family === "ipv4" ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding";
      return {
        description: `${node} does not forward packets`,
        async apply() {
          await machine.run(["sysctl", "-qw", `${path}=0`]);
          return whileBooted(machine, async () => {
            await machine.run(["sysctl", "-qw", `${path}=1`]);
          });
        },
      };
    },
  },
);
