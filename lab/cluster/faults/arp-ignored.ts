import { z } from "zod";
import { findPod } from "../names.ts";
import { podKey } from "../store.ts";
import { defineFault, machineOf } from "./fault.ts";

/**
 * A pod does not answer ARP for its address (arp_ignore 8, as setups of load balancers use it), and what its neighbours knew of it
 * has run out.
 */
export const arpIgnored = defineFault(
  "arp-ignored",
  { pod: z.string("must be a pod") },
  {
    prepare({ pod: text }, lab) {
      const pod = findPod(lab.store, text);
      const set = (value: number): Promise<string> =>
        lab.pods.run(pod, ["sysctl", "-qw", `net.ipv4.conf.all.arp_ignore=${value}`]);
      return {
        description: `pod ${podKey(pod)} does not answer ARP`,
        async apply() {
          await set(8);
          const machine = machineOf(lab, pod.node);
          await machine.run(["ip", "neigh", "flush", "to", pod.ip]);
          for (const other of lab.store.pods.values())
            if (other.node === pod.node && other !== pod && !other.hostNetwork && other.phase === "Running")
              await lab.pods.run(other, ["ip", "neigh", "flush", "to", pod.ip]);
          return async () => {
            if (machine.pid() !== undefined) await set(0);
          };
        },
      };
    },
  },
);
