import { createHash } from "node:crypto";
import { type Addresses, type IpFamily, withPort } from "./addresses.ts";

/** One port of a service with the addresses behind it, as kube-proxy sees it. */
export type ServicePort = {
  /** "default/web:http" */
  readonly name: string;
  readonly clusterIp: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  readonly endpoints: readonly { readonly ip: string; readonly port: number }[];
  readonly nodePort?: number;
  /** It has endpoints, but none on this node, and sends to those of its node only. */
  readonly elsewhereOnly?: boolean;
};

/** The names that kube-proxy gives its chains: a hash of what they are about. */
function chainName(prefix: "SVC" | "SEP" | "EXT", text: string): string {
  const digest = createHash("sha256").update(text).digest("hex").toUpperCase();
  return `KUBE-${prefix}-${digest.replaceAll(/[01]/g, (digit) => (digit === "0" ? "Q" : "Z")).slice(0, 16)}`;
}

const comment = (text: string): string => `-m comment --comment "${text}"`;

export const restoreCommand = (family: IpFamily): string =>
  family === "ipv4" ? "iptables-restore" : "ip6tables-restore";

const MULTICAST: Readonly<Record<IpFamily, string>> = { ipv4: "224.0.0.0/4", ipv6: "ff00::/8" };

/** What a node's packet filter holds before any service exists: kube-proxy's frame and flannel's masquerading. */
export function baseRules(
  { podRange, family }: Pick<Addresses, "podRange" | "family">,
  proxy: "iptables" | "nft",
): string {
  const flannel = [
    ":FLANNEL-POSTRTG - [0:0]",
    `-A POSTROUTING ${comment("flanneld masq")} -j FLANNEL-POSTRTG`,
    `-A FLANNEL-POSTRTG -s ${podRange} -d ${podRange} ${comment("flanneld masq")} -j RETURN`,
    `-A FLANNEL-POSTRTG -s ${podRange} ! -d ${MULTICAST[family]} ${comment("flanneld masq")} -j MASQUERADE --random-fully`,
  ];
  if (proxy === "nft") return ["*nat", ...flannel, "COMMIT", ""].join("\n");
  return [
    "*filter",
    ":KUBE-FIREWALL - [0:0]",
    ":KUBE-FORWARD - [0:0]",
    ":KUBE-SERVICES - [0:0]",
    ":KUBE-EXTERNAL-SERVICES - [0:0]",
    `-A INPUT -m conntrack --ctstate NEW ${comment("kubernetes externally-visible service portals")} -j KUBE-EXTERNAL-SERVICES`,
    "-A INPUT -j KUBE-FIREWALL",
    `-A FORWARD ${comment("kubernetes forwarding rules")} -j KUBE-FORWARD`,
    `-A FORWARD -m conntrack --ctstate NEW ${comment("kubernetes service portals")} -j KUBE-SERVICES`,
    `-A OUTPUT -m conntrack --ctstate NEW ${comment("kubernetes service portals")} -j KUBE-SERVICES`,
    "-A OUTPUT -j KUBE-FIREWALL",
    `-A KUBE-FIREWALL ${comment("kubernetes firewall for dropping marked packets")} -m mark --mark 0x8000/0x8000 -j DROP`,
    "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
    `-A KUBE-FORWARD ${comment("kubernetes forwarding rules")} -m mark --mark 0x4000/0x4000 -j ACCEPT`,
    `-A KUBE-FORWARD ${comment("kubernetes forwarding conntrack rule")} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    "COMMIT",
    "*nat",
    ":KUBE-SERVICES - [0:0]",
    ":KUBE-MARK-MASQ - [0:0]",
    ":KUBE-NODEPORTS - [0:0]",
    ":KUBE-POSTROUTING - [0:0]",
    `-A PREROUTING ${comment("kubernetes service portals")} -j KUBE-SERVICES`,
    `-A OUTPUT ${comment("kubernetes service portals")} -j KUBE-SERVICES`,
    `-A POSTROUTING ${comment("kubernetes postrouting rules")} -j KUBE-POSTROUTING`,
    "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
    "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
    `-A KUBE-POSTROUTING ${comment("kubernetes service traffic requiring SNAT")} -j MASQUERADE --random-fully`,
    ...flannel,
    "COMMIT",
    "",
  ].join("\n");
}

export type ServiceRules = {
  /** For `iptables-restore --noflush`: touches kube-proxy's own chains and no other. */
  readonly text: string;
  readonly chains: readonly string[];
};

/** All services as kube-proxy's iptables mode writes them. `before` are the chains of the last time, to be removed. */
export function iptablesRules(
  ports: readonly ServicePort[],
  podRange: string,
  before: readonly string[] = [],
): ServiceRules {
  const chains: string[] = [];
  const nat: string[] = [];
  const filter: string[] = [];
  const external: string[] = [];
  const nodePorts: string[] = [];
  for (const { name, clusterIp, port, protocol, endpoints, nodePort, elsewhereOnly } of ports) {
    const match = `-d ${clusterIp} -p ${protocol}`;
    if (elsewhereOnly) {
      filter.push(
        `-A KUBE-SERVICES ${match} ${comment(`${name} has no local endpoints`)} -m ${protocol} --dport ${port} -j DROP`,
      );
      continue;
    }
    if (endpoints.length === 0) {
      filter.push(
        `-A KUBE-SERVICES ${match} ${comment(`${name} has no endpoints`)} -m ${protocol} --dport ${port} -j REJECT`,
      );
      if (nodePort !== undefined)
        external.push(
          `-A KUBE-EXTERNAL-SERVICES -p ${protocol} ${comment(`${name} has no endpoints`)} -m addrtype --dst-type LOCAL -m ${protocol} --dport ${nodePort} -j REJECT`,
        );
      continue;
    }
    const chain = chainName("SVC", `${name}${protocol}`);
    chains.push(chain);
    nat.push(
      `-A KUBE-SERVICES ${match} ${comment(`${name} cluster IP`)} -m ${protocol} --dport ${port} -j ${chain}`,
      `-A ${chain} ! -s ${podRange} ${match} ${comment(`${name} cluster IP`)} -m ${protocol} --dport ${port} -j KUBE-MARK-MASQ`,
    );
    if (nodePort !== undefined) {
      const outside = chainName("EXT", `${name}${protocol}`);
      chains.push(outside);
      nodePorts.push(
        `-A KUBE-NODEPORTS -p ${protocol} ${comment(name)} -m ${protocol} --dport ${nodePort} -j ${outside}`,
      );
      nat.push(
        `-A ${outside} ${comment(`masquerade traffic for ${name} external destinations`)} -j KUBE-MARK-MASQ`,
        `-A ${outside} -j ${chain}`,
      );
    }
    for (const [index, { ip, port: backendPort }] of endpoints.entries()) {
      const endpoint = withPort(ip, backendPort);
      const target = chainName("SEP", `${name}${protocol}${endpoint}`);
      chains.push(target);
      const left = endpoints.length - index;
      const chance = left === 1 ? "" : ` -m statistic --mode random --probability ${(1 / left).toFixed(11)}`;
      nat.push(
        `-A ${chain} ${comment(`${name} -> ${endpoint}`)}${chance} -j ${target}`,
        `-A ${target} -s ${ip} ${comment(name)} -j KUBE-MARK-MASQ`,
        `-A ${target} -p ${protocol} ${comment(name)} -m ${protocol} -j DNAT --to-destination ${endpoint}`,
      );
    }
  }
  const gone = before.filter((chain) => !chains.includes(chain));
  const declare = (names: readonly string[]): string[] => names.map((chain) => `:${chain} - [0:0]`);
  const text = [
    "*filter",
    ":KUBE-SERVICES - [0:0]",
    ":KUBE-EXTERNAL-SERVICES - [0:0]",
    ...filter,
    ...external,
    "COMMIT",
    "*nat",
    ...declare(["KUBE-SERVICES", "KUBE-NODEPORTS", ...chains, ...gone]),
    ...nat,
    ...nodePorts,
    ...(ports.length > 0
      ? [
          `-A KUBE-SERVICES ${comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain")} -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`,
        ]
      : []),
    ...gone.map((chain) => `-X ${chain}`),
    "COMMIT",
    "",
  ].join("\n");
  return { text, chains };
}
