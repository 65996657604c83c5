import { createHash } from "node:crypto";
import { type Addresses, withPort } from "./addresses.ts";
import type { ServicePort } from "./service-rules.ts";

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").toUpperCase().slice(0, 8);

/** "default/web:http" → the way kube-proxy's nftables mode writes it in chain names. */
const pathOf = ({ name, protocol }: ServicePort): string => {
  const [object = "", port = ""] = name.split(":");
  return `${object}/${protocol}/${port}`;
};

const elements = (list: readonly string[]): string => (list.length === 0 ? "" : `elements = { ${list.join(", ")} }`);

/** All services as kube-proxy's nftables mode writes them: one table, replaced as a whole in one transaction. */
export function nftRules(
  ports: readonly ServicePort[],
  { podRange, family, nodeIp }: Pick<Addresses, "podRange" | "family"> & { readonly nodeIp: string },
): string {
  const live = ports.filter(({ endpoints }) => endpoints.length > 0);
  const dead = ports.filter(({ endpoints }) => endpoints.length === 0);
  const key = ({ clusterIp, protocol, port }: ServicePort): string => `${clusterIp} . ${protocol} . ${port}`;
  const chain = (port: ServicePort): string => `service-${hash(pathOf(port))}-${pathOf(port)}`;
  const ip = family === "ipv4" ? "ip" : "ip6";
  const address = family === "ipv4" ? "ipv4_addr" : "ipv6_addr";
  type Endpoint = ServicePort["endpoints"][number];
  // Names of chains have no colons: kube-proxy writes dots there.
  const target = (port: ServicePort, end: Endpoint): string =>
    `endpoint-${hash(pathOf(port) + withPort(end.ip, end.port))}-${pathOf(port)}__${end.ip.replaceAll(":", ".")}/${end.port}`;
  const outside = (port: ServicePort): string => `external-${hash(pathOf(port))}-${pathOf(port)}`;
  const open = (list: readonly ServicePort[], verdict: (port: ServicePort) => string): string =>
    elements(
      list.flatMap((port) =>
        port.nodePort === undefined ? [] : [`${port.protocol} . ${port.nodePort} : ${verdict(port)}`],
      ),
    );
  const ips = [...new Set(ports.map(({ clusterIp }) => clusterIp))];
  return `add table ${ip} kube-proxy
delete table ${ip} kube-proxy
table ${ip} kube-proxy {
  comment "rules for kube-proxy"
  set cluster-ips { type ${address}; comment "Active ClusterIPs"; ${elements(ips)} }
  map no-endpoint-services { type ${address} . inet_proto . inet_service : verdict; comment "vmap to drop or reject packets to services with no endpoints"; ${elements(dead.map((port) => `${key(port)} : ${port.elsewhereOnly ? "drop" : "goto reject-chain"}`))} }
  map service-ips { type ${address} . inet_proto . inet_service : verdict; comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"; ${elements(live.map((port) => `${key(port)} : goto ${chain(port)}`))} }
  set nodeport-ips { type ${address}; comment "IPs that accept NodePort traffic"; ${elements([nodeIp])} }
  map service-nodeports { type inet_proto . inet_service : verdict; comment "NodePort traffic"; ${open(live, (port) => `goto ${outside(port)}`)} }
  map no-endpoint-nodeports { type inet_proto . inet_service : verdict; comment "vmap to drop or reject packets to service nodeports with no endpoints"; ${open(dead, () => "goto reject-chain")} }
  chain reject-chain { comment "helper for @no-endpoint-services / @no-endpoint-nodeports"; reject; }
  chain mark-for-masquerade { meta mark set meta mark | 0x00004000; }
  chain masquerading { meta mark & 0x00004000 == 0 return; meta mark set meta mark ^ 0x00004000; masquerade fully-random; }
${live.flatMap((port) => port.endpoints.map((endpoint) => `  chain ${target(port, endpoint)} { ${ip} saddr ${endpoint.ip} jump mark-for-masquerade; meta l4proto ${port.protocol} dnat to ${withPort(endpoint.ip, endpoint.port)}; }`)).join("\n")}
${live.map((port) => `  chain ${chain(port)} { ${ip} daddr ${port.clusterIp} ${port.protocol} dport ${port.port} ${ip} saddr != ${podRange} jump mark-for-masquerade; numgen random mod ${port.endpoints.length} vmap { ${port.endpoints.map((endpoint, index) => `${index} : goto ${target(port, endpoint)}`).join(", ")} }; }`).join("\n")}
${live
  .filter(({ nodePort }) => nodePort !== undefined)
  .map((port) => `  chain ${outside(port)} { jump mark-for-masquerade; goto ${chain(port)}; }`)
  .join("\n")}
  chain services { ${ip} daddr . meta l4proto . th dport vmap @service-ips; ${ip} daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports; }
  chain nodeport-endpoints-check { ${ip} daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports; }
  chain service-endpoints-check { ${ip} daddr . meta l4proto . th dport vmap @no-endpoint-services; }
  chain cluster-ips-check { ${ip} daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"; }
  chain filter-prerouting { type filter hook prerouting priority -110; policy accept; }
  chain filter-input { type filter hook input priority -110; policy accept; ct state new jump nodeport-endpoints-check; ct state new jump service-endpoints-check; }
  chain filter-forward { type filter hook forward priority -110; policy accept; ct state new jump service-endpoints-check; ct state new jump cluster-ips-check; }
  chain filter-output { type filter hook output priority -90; policy accept; ct state new jump service-endpoints-check; }
  chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }
  chain nat-output { type nat hook output priority -100; policy accept; jump services; }
  chain nat-postrouting { type nat hook postrouting priority srcnat; policy accept; jump masquerading; }
}
`;
}
