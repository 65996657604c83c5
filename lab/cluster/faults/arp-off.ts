import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { findPod } from "../names.ts";
import { podKey } from "../store.ts";
import { defineFault, machineOf } from "./fault.ts";

/** A pod's device does without ARP, so that it answers nobody who asks for its address, and what others knew of it has run out. */
export const arpOff = defineFault(
  "arp-off",
  { pod: z.string("must be a pod") },
  {
    ipv4Only: true,
    prepare({ pod: text }, lab) {
      const pod = findPod(lab.store, text);
      if (pod.hostNetwork)
        throw new NetcheckError("bad-config", `Pod ${podKey(pod)} uses its node's network and has no device.`);
      const machine = machineOf(lab, pod.node);
      const set = (state: "on" | "off"): Promise<string> =>
        lab.pods.run(pod, ["ip", "link", "set", "eth0", "arp", state]);
      return {
        description: `pod ${podKey(pod)} does without ARP`,
        async apply() {
          await set("off");
          await machine.run(["ip", "neigh", "flush", "to", pod.ip]);
          return async () => {
            if (machine.pid() !== undefined) await set("on");
          };
        },
      };
    },
  },
);
