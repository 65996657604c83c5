import { z } from "zod";

/**
 * Where something is wrong. `name` by kind: node "node-2" · pod "ns/name" · service "svc/ns/name" ·
 * device "node-2/eth0" · pair "node-1" with peer "node-2" (ordered: from name to peer) · address "10.0.0.7" · cluster.
 */
export const placeSchema = z.object({
  kind: z.enum(["node", "pod", "service", "device", "pair", "address", "cluster"]),
  name: z.string(),
  peer: z.string().optional(),
  /** The network device concerned, when the place is a node and the device is known. */
  device: z.string().optional(),
});
export type Place = z.infer<typeof placeSchema>;

/** The short notation used in texts and scenario files: `node-2`, `shop/db-0`, `svc/shop/web`, `node-1>node-2`. */
export function placeText(place: Place): string {
  return place.peer === undefined ? place.name : `${place.name}>${place.peer}`;
}
