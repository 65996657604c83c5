import { expect, test } from "vitest";
import type { ReadingProbe } from "#src/core/probe.ts";
import { packetFilter } from "#src/probes/packet-filter.ts";
import { parseServiceRules, serviceRules } from "#src/probes/service-rules.ts";
import { parseIpvs } from "#src/probes/service-rules-ipvs.ts";
import { parseNftServices, serviceRulesNft } from "#src/probes/service-rules-nft.ts";
import { transcript } from "./transcript.ts";

const nat = `*nat
:KUBE-SERVICES - [0:0]
-A KUBE-SERVICES -d 10.96.0.80/32 -p tcp -m comment --comment "shop/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-AAAA
-A KUBE-SVC-AAAA ! -s 10.244.0.0/16 -d 10.96.0.80/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-AAAA -m comment --comment "shop/web -> 10.244.1.3:8080" -m statistic --mode random --probability 0.5 -j KUBE-SEP-ONE
-A KUBE-SVC-AAAA -m comment --comment "shop/web -> 10.244.2.3:8080" -j KUBE-SEP-TWO
-A KUBE-SEP-ONE -p tcp -m tcp -j DNAT --to-destination 10.244.1.3:8080
-A KUBE-SEP-TWO -p tcp -m tcp -j DNAT --to-destination 10.244.2.3:8080
COMMIT
`;
const vantage = { id: "node/n", label: "n", node: "n", netns: "node", ip: "10.0.0.1", role: "from-node" } as const;
const at = { subject: vantage.id, vantage };

test("iptables leads from the cluster address to each backend", () => {
  expect(parseServiceRules(nat)).toEqual({
    frame: true,
    whole: true,
    ipvs: false,
    services: [
      {
        ip: "10.96.0.80",
        port: 80,
        protocol: "tcp",
        endpoints: [
          { ip: "10.244.1.3", port: 8080 },
          { ip: "10.244.2.3", port: 8080 },
        ],
      },
    ],
  });
});

test("a table that was cut is not whole, and one without kube-proxy has no frame", () => {
  for (let length = 5; length < nat.length - 8; length++)
    expect(parseServiceRules(nat.slice(0, length))?.whole).toBe(false);
  expect(parseServiceRules("*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n")).toMatchObject({ frame: false, whole: true });
  expect(parseServiceRules("iptables-save: command not found")).toBeUndefined();
  expect(
    parseServiceRules(
      `*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT\nCOMMIT\n`,
    )?.ipvs,
  ).toBe(true);
});

test("kube-proxy's nft table leads through its maps and chains to each backend", () => {
  expect(parseNftServices(transcript("nft-kube-proxy.json"))).toEqual({
    frame: true,
    services: [
      {
        ip: "10.9.1.80",
        port: 80,
        protocol: "tcp",
        endpoints: [
          { ip: "10.1.1.1", port: 8080 },
          { ip: "10.1.1.2", port: 8080 },
        ],
      },
      { ip: "10.9.1.82", port: 80, protocol: "tcp", endpoints: [{ ip: "10.1.1.3", port: 80 }] },
    ],
  });
});

test("newer nft wraps elements and verdicts; what is cut says nothing", () => {
  const listing = {
    nftables: [
      {
        map: {
          name: "service-ips",
          elem: [
            [{ elem: { val: { concat: ["10.9.1.9", "udp", 53] }, comment: "x" } }, { goto: { target: "service-A" } }],
          ],
        },
      },
      {
        rule: {
          chain: "service-A",
          expr: [{ vmap: { key: {}, data: { set: [[0, { goto: { target: "endpoint-B" } }]] } } }],
        },
      },
      {
        rule: { chain: "endpoint-B", expr: [{ counter: { packets: 1 } }, { dnat: { addr: "10.1.2.3", port: 5353 } }] },
      },
    ],
  };
  const text = JSON.stringify(listing);
  expect(parseNftServices(text)?.services).toEqual([
    { ip: "10.9.1.9", protocol: "udp", port: 53, endpoints: [{ ip: "10.1.2.3", port: 5353 }] },
  ]);
  for (let length = 0; length < text.length; length += 7)
    expect(parseNftServices(text.slice(0, length))).toBeUndefined();
  expect(parseNftServices("[]")).toBeUndefined();
});

test("no such table is an answer, no such program is none", () => {
  if (serviceRulesNft.kind !== "reading" || serviceRules.kind !== "reading") throw new Error("no readings");
  expect(serviceRulesNft.read([{ atMs: 1, exitCode: 1, stdout: "" }], at)).toMatchObject([{ data: { frame: false } }]);
  expect(serviceRulesNft.read([{ atMs: 1, exitCode: 127, stdout: "" }], at)).toEqual([]);
  expect(serviceRules.read([{ atMs: 1, exitCode: 127, stdout: "" }], at)).toEqual([]);
});

test("IPVS has addresses in hexadecimal and leaves out what is drained", () => {
  const text = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A60000A:0035 rr 
  -> 0AF40002:0035      Masq    1      0          0         
  -> 0AF40003:0035      Masq    0      0          0         
`;
  expect(parseIpvs(text)).toEqual([
    {
      ip: "10.96.0.10",
      port: 53,
      protocol: "tcp",
      endpoints: [{ ip: "10.244.0.2", port: 53 }],
      drained: ["10.244.0.3"],
    },
  ]);
  expect(parseIpvs("cat: /proc/net/ip_vs: No such file or directory")).toBeUndefined();
});

test.each([
  ["iptables", () => parseServiceRules(transcript("ip6tables-save-nat.txt"))],
  ["nftables", () => parseNftServices(transcript("nft-kube-proxy-ipv6.json"))],
] as const)("the rules of %s for IPv6 lead to backends as those for IPv4 do", (_, read) => {
  const said = read();
  expect(said?.frame).toBe(true);
  const web = said?.services.find(({ port }) => port === 80);
  const dns = said?.services
    .filter(({ port }) => port === 53)
    .map(({ protocol, endpoints }) => [protocol, endpoints.length]);
  expect(web?.ip).toMatch(/^fd[0-9a-f:]+$/);
  expect(web?.endpoints).toEqual([1, 2].map(() => ({ ip: expect.stringMatching(/^fd[0-9a-f:]+$/), port: 8080 })));
  expect(new Map(dns as [string, number][])).toEqual(
    new Map([
      ["tcp", 2],
      ["udp", 2],
    ]),
  );
});

test("a check of IPv6 reads the tables of IPv6", () => {
  const end = (ip: string) => ({ kind: "pod", name: "a/b", ip }) as const;
  const words = ({ argv }: ReadingProbe, ip: string) =>
    typeof argv === "function" ? argv(vantage, { vantages: [vantage], from: end(ip), to: end(ip) }) : argv;
  const commands = (ip: string) => [serviceRules, serviceRulesNft, packetFilter].map((one) => words(one, ip).join(" "));
  expect(commands("10.0.0.1")).toEqual(["iptables-save -t nat", "nft -j list table ip kube-proxy", "iptables-save -c"]);
  expect(commands("fd00::1")).toEqual([
    "ip6tables-save -t nat",
    "nft -j list table ip6 kube-proxy",
    "ip6tables-save -c",
  ]);
});

test("IPVS writes IPv6 addresses in brackets, with all their zeros", () => {
  const text = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
UDP  [fd00:000a:0000:0000:0000:0000:0000:000a]:0035 rr 
  -> [fd00:000b:0000:0001:0000:0000:0000:0003]:0035      Masq    1      0          0         
  -> [fd00:000b:0000:0001:0000:0000:0000:0004]:0035      Masq    0      0          0         
`;
  expect(parseIpvs(text)).toEqual([
    {
      ip: "fd00:a::a",
      port: 53,
      protocol: "udp",
      endpoints: [{ ip: "fd00:b:0:1::3", port: 53 }],
      drained: ["fd00:b:0:1::4"],
    },
  ]);
});
