import type { Device as Addressed } from "./addresses.ts";
import { hostEnd } from "./capture-points.ts";
import type { DataPlane, NodeFacts } from "./data-plane.ts";
import { CABLES, type Device } from "./devices.ts";
import { lookUp } from "./routes.ts";

/** The node's ends of cables: those of the pods that were looked at, else of all pods. */
export function cableEnds({ devices = [], pods, ip, addresses, routes }: NodeFacts): readonly Device[] {
  const looked = pods.flatMap((pod) => hostEnd(ownDevice(pod), devices) ?? []);
  if (looked.length > 0) return looked;
  // A node that is itself a container has a cable as its NIC.
  const nics = nicsOf(addresses, devices, ip);
  const uplink = lookUp(routes ?? [], "0.0.0.0").route?.dev;
  return devices.filter(
    ({ name, kind, elsewhere }) =>
      CABLES.has(kind ?? "") && elsewhere === true && !nics.includes(name) && name !== uplink,
  );
}

/** The device of a pod that has its address. */
function ownDevice({ ip, devices, addresses }: NodeFacts["pods"][number]): Device | undefined {
  const name = addresses?.find((one) => one.addresses.some((address) => address.ip === ip))?.name;
  return devices?.find((device) => device.name === name);
}

export function cableKind(facts: NodeFacts, ends: readonly Device[]): DataPlane["cable"] {
  const inside = facts.pods.flatMap((pod) => ownDevice(pod)?.kind ?? []);
  const onNic = inside.find((kind) => kind === "macvlan" || kind === "ipvlan");
  const kinds = new Set(
    onNic !== undefined && ends.length === 0 ? [onNic] : ends.map((end) => endKind(end, facts.devices ?? [])),
  );
  const [kind] = kinds;
  return kinds.size === 1 ? kind : undefined;
}

function endKind({ kind, master }: Device, devices: readonly Device[]): DataPlane["cable"] {
  if (kind === "netkit") return "netkit";
  if (master === undefined) return "routed";
  const joined = devices.find(({ name }) => name === master)?.kind;
  return joined === "bridge" ? "bridge" : joined === "openvswitch" ? "open-vswitch" : undefined;
}

/** Kinds of devices by which a pod reaches others; of a cable the other end has to lie elsewhere. A NIC of its own has none. */
const INTERFACES = new Set([undefined, ...CABLES, "macvlan", "macvtap", "ipvlan", "vlan"]);

/** A pod's devices with addresses by which others reach it; programs in it may have bridges and tunnels of their own. */
export function interfacesOf({ addresses, devices }: Pick<NodeFacts["pods"][number], "addresses" | "devices">) {
  return addressed(addresses).filter(({ name }) => {
    const device = devices?.find((one) => one.name === name);
    return device !== undefined && INTERFACES.has(device.kind) && (!CABLES.has(device.kind ?? "") || device.elsewhere);
  });
}

function addressed(addresses: readonly Addressed[] | undefined): readonly Addressed[] {
  return (addresses ?? []).filter(({ name, addresses: all }) => name !== "lo" && all.length > 0);
}

/** What carries a node's own addresses to the outside: NICs, bonds of them and VLANs on them, and what has the node's address. */
const OUTWARDS = new Set([undefined, "bond", "team", "vlan"]);

export function nicsOf(
  addresses: readonly Addressed[] | undefined,
  devices: readonly Device[],
  nodeIp: string,
): readonly string[] {
  return addressed(addresses)
    .filter(({ name, addresses: all }) => {
      const device = devices.find((one) => one.name === name);
      return all.some(({ ip }) => ip === nodeIp) || (device !== undefined && OUTWARDS.has(device.kind));
    })
    .map(({ name }) => name);
}
