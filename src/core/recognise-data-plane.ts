import type { DataPlane, NodeFacts } from "./data-plane.ts";
import { cableEnds, cableKind, interfacesOf, nicsOf } from "./pod-cables.ts";
import { podNetwork } from "./pod-networks.ts";
import { ipBits, lookUp } from "./routes.ts";
import { translator } from "./service-translator.ts";
import { encryption, waysBetween } from "./ways-between.ts";

/** Undefined where next to nothing of the node was read. */
export function recogniseDataPlane(facts: NodeFacts): DataPlane | undefined {
  const { devices = [], addresses, routes, pods } = facts;
  if (!facts.devices && !routes) return undefined;
  const lines = cableEnds(facts);
  const found = routes && facts.elsewhere.map((ip) => lookUp(routes, ip));
  const { networks, contradicting } = podNetwork({
    cables: lines.map(({ name }) => name),
    ways: found?.flatMap(({ route }) => route?.dev ?? []) ?? [],
    programs: facts.programs.filter(({ device }) => lines.some(({ name }) => name === device)).map(({ name }) => name),
    devices: devices.map(({ name }) => name),
    chains: facts.chains,
    agents: facts.agents,
  });
  const between = waysBetween(found, facts, networks);
  const encrypted = encryption(facts, between);
  const cable = cableKind(facts, lines);
  const families = familiesOf(facts);
  const services = translator(facts, networks, families);
  const nodeLocalDns = dnsOnNode(facts);
  const nics = nicsOf(addresses, devices, facts.ip);
  const further = pods.some((pod) => interfacesOf(pod).length > 1);
  return {
    network: [...networks],
    ...(contradicting.length > 0 ? { contradicting: [...contradicting] } : {}),
    ...(between ? { between: [...between] } : {}),
    ...(encrypted ? { encrypted } : {}),
    ...(cable ? { cable } : {}),
    ...(services ? { services } : {}),
    ...(nodeLocalDns ? { nodeLocalDns } : {}),
    families: [...families],
    ...(nics.length > 1 ? { nics: [...nics] } : {}),
    ...(further ? { furtherInterfaces: true } : {}),
  };
}

/** NodeLocal DNSCache: kubernetes/dns cmd/node-cache (the device), kubernetes.io "Using NodeLocal DNSCache" (the address). */
const DNS = { device: "nodelocaldns", ip: "169.254.20.10" } as const;

function dnsOnNode({ addresses = [], listens53 }: NodeFacts): DataPlane["nodeLocalDns"] {
  const ips = addresses
    .filter(({ name, addresses: all }) => name === DNS.device || all.some(({ ip }) => ip === DNS.ip))
    .flatMap(({ addresses: all }) => all.map(({ ip }) => ip));
  if (ips.length === 0 || !listens53) return undefined;
  return listens53.some((ip) => ips.includes(ip) || ip === "0.0.0.0" || ip === "::" || ip === "*")
    ? "listens"
    : "silent";
}

function familiesOf({ pods }: NodeFacts): DataPlane["families"] {
  const ips = pods.flatMap((pod) => [
    pod.ip,
    ...interfacesOf(pod).flatMap(({ addresses }) => addresses.map((address) => address.ip)),
  ]);
  const has = (bits: number): boolean => ips.some((ip) => ipBits(ip)?.length === bits);
  return [...(has(32) ? (["IPv4"] as const) : []), ...(has(128) ? (["IPv6"] as const) : [])];
}
