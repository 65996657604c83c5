import { z } from "zod";
import { defineEvidence } from "./evidence.ts";

/** A device of one network namespace, as `ip -j -d link` describes it. */
export const deviceSchema = z.object({
  name: z.string(),
  index: z.number(),
  /** As the kernel names it: veth, netkit, bridge, vxlan, ipip, bond …; absent for plain NICs. */
  kind: z.string().optional(),
  /** The other end of a cable, or the device below; an index in another network namespace when `elsewhere`. */
  peer: z.number().optional(),
  elsewhere: z.boolean().optional(),
  /** Name of the bridge or bond that it is a part of. */
  master: z.string().optional(),
  mtu: z.number(),
  /** It has no carrier, or is switched off. */
  down: z.boolean().optional(),
  /** It takes frames that are for others, too. */
  promiscuous: z.boolean().optional(),
  /** Of tunnel devices: the UDP port in which they wrap packets. */
  tunnelPort: z.number().optional(),
});
export type Device = z.infer<typeof deviceSchema>;

/** Kinds of devices that are a cable between a pod and its node. */
export const CABLES: ReadonlySet<string> = new Set(["veth", "netkit"]);

/** All devices of the ends of the path and of their nodes, newest reading. Subject: vantage id. */
export const devicesEvidence = defineEvidence("devices", z.object({ devices: z.array(deviceSchema) }));
