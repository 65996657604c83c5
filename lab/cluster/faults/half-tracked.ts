import { z } from "zod";
import { findNode, findPod } from "../names.ts";
import { defineFault, machineOf, whileBooted } from "./fault.ts";

/**
 * A node does not track the first packet of connections to a pod's port, so that the answer belongs to no connection it knows:
 * it is invalid, and the rule for such packets drops it. As of a half of a rule that was to exempt that port from tracking.
 */
export const halfTracked = defineFault(
  "half-tracked",
  {
    node: z.string("must be a node"),
    to: z.string("must be a pod"),
    port: z.number().int().min(1).max(65_535),
  },
  {
    ipv4Only: true,
    prepare({ node: name, to, port }, lab) {
      const machine = machineOf(lab, findNode(lab.store, name).name);
      const { ip } = findPod(lab.store, to);
      const rule = ["PREROUTING", "-d", ip, "-p", "tcp", "-m", "tcp", "--dport", `${port}`, "-j", "CT", "--notrack"];
      return {
        description: `${name} tracks only the answers of connections to ${to}:${port}`,
        async apply() {
          await machine.run(["iptables", "-t", "raw", "-I", ...rule]);
          await machine.run(["conntrack", "-F"]);
          return whileBooted(machine, async () => {
            await machine.run(["iptables", "-t", "raw", "-D", ...rule]);
          });
        },
      };
    },
  },
);
