import type { Place } from "#src/core/place.ts";

/** A place as people read it: "node-2, eth0", "node-1 → node-2", "service shop/web". */
export function readablePlace(place: Place): string {
  const device = place.device === undefined ? "" : `, ${place.device}`;
  if (place.peer !== undefined) return `${place.name} → ${place.peer}${device}`;
  if (place.kind === "service") return `service ${place.name.replace(/^svc\//, "")}`;
  if (place.kind === "device") return place.name.replace("/", ", ");
  return `${place.name}${device}`;
}

/** A leg, vantage point or object as people read it: "pod/shop/web-0>node/node-1" → "shop/web-0 → node-1". */
export function readableSubject(subject: string): string {
  return subject
    .split(">")
    .map((part) => part.replace(/^(pod|node|address)\//, ""))
    .join(" → ");
}

const CAPITALS = new Set(
  "nic dns tcp udp mtu mss ip oom cpu crc bgp tls http ipvs nat snat fdb pcie vm cni mtls fd".split(" "),
);

/** A cause's name in words: "nic-periodic-delay" → "NIC periodic delay". */
export function readableCause(cause: string): string {
  const words = cause.split("-").map((word) => (CAPITALS.has(word) ? word.toUpperCase() : word));
  const [first = "", ...rest] = words;
  return [first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(" ");
}
