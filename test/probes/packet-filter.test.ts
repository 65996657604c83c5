import { expect, test } from "vitest";
import type { DropRule } from "#src/core/drop-rules.ts";
import { nftRules, nftRulesEvidence, parseNftRules } from "#src/probes/nft-rules.ts";
import { packetFilter, packetFilterEvidence, parseDropRules } from "#src/probes/packet-filter.ts";
import { transcript } from "./transcript.ts";

const vantage = { id: "node/n", label: "n", node: "n", netns: "node", ip: "10.0.0.1", role: "control" } as const;

function overTime(...texts: readonly string[]): readonly DropRule[] {
  if (packetFilter.kind !== "reading") throw new Error("not a reading");
  const samples = texts.map((stdout, n) => ({ atMs: n * 5_000, exitCode: 0, stdout }));
  const [evidence] = packetFilter.read(samples, { subject: "node/n", vantage });
  return packetFilterEvidence.schema.parse(evidence?.data).rules;
}

const table = (...rules: readonly string[]) =>
  `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n${rules.join("\n")}\nCOMMIT\n`;

test("a real node with one rule of an administrator shows that one moving", () => {
  const moving = overTime(transcript("packet-filter-first.txt"), transcript("packet-filter-last.txt")).filter(
    ({ owned, packets }) => !owned && (packets ?? 0) > 0,
  );
  expect(moving).toHaveLength(1);
  expect(moving[0]).toMatchObject({ chain: "FORWARD", hooks: ["forward"], action: "drop" });
  expect(moving[0]?.packets).toBeGreaterThan(100);
});

test.each([
  {
    rule: "[5:420] -A INPUT -s 10.1.0.0/16 -i eth0 -p udp -m udp --dport 8472 -m statistic --mode random --probability 0.2 -j DROP",
    want: {
      source: "10.1.0.0/16",
      inDevice: "eth0",
      protocol: "udp",
      ports: [[8472, 8472]],
      share: 0.2,
      more: [],
      action: "drop",
    },
  },
  {
    rule: '[5:420] -A FORWARD -d 10.2.0.9/32 -p tcp -m comment --comment "no -j ACCEPT here" -m multiport --dports 80,8000:8100 -j REJECT --reject-with tcp-reset',
    want: {
      destination: "10.2.0.9/32",
      ports: [
        [80, 80],
        [8000, 8100],
      ],
      action: "reject",
      more: [],
    },
  },
  { rule: "[5:420] -A FORWARD ! -s 10.1.0.0/16 -j DROP", want: { more: ["not -s"] } },
  {
    rule: "[0:0] -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
    want: { owned: true, more: ["ctstate INVALID"] },
  },
  {
    rule: "[3:312] -A OUTPUT -d fd00:7::/64 -p ipv6-icmp -m icmp6 --icmpv6-type 2 -j DROP",
    want: { destination: "fd00:7::/64", protocol: "icmp", more: ["icmp 2"], action: "drop" },
  },
  { rule: "[0:0] -A cali-fw-x -j DROP", want: { owned: true } },
])("$rule is understood", ({ rule, want }) => {
  expect(parseDropRules(table(rule))).toMatchObject([want]);
});

test("a dropping policy is a rule, and a chain knows from which hooks it is reached", () => {
  const text =
    "*filter\n:INPUT DROP [7:400]\n:VXL - [0:0]\n:DEEP - [0:0]\n[1:1] -A INPUT -p udp -j VXL\n[1:1] -A VXL -j DEEP\n[1:1] -A DEEP -j DROP\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
  expect(parseDropRules(text)).toMatchObject([
    { chain: "DEEP", hooks: ["input"] },
    { chain: "INPUT", text: "-P INPUT DROP", count: 7 },
  ]);
});

test.each([
  { name: "a rule was there before", counts: ["[10:0]", "[15:0]"], packets: 5 },
  { name: "a counter was set back", counts: ["[10:0]", "[3:0]"], packets: 3 },
  { name: "a rule appeared during the check", counts: [undefined, "[4:0]", "[9:0]"], packets: 9 },
  { name: "a rule went away", counts: ["[1:0]", "[6:0]", undefined], packets: 5 },
  { name: "nothing moved", counts: ["[10:0]", "[10:0]"], packets: 0 },
])("packets are those of the check when $name", ({ counts, packets }) => {
  const texts = counts.map((count) => (count === undefined ? table() : table(`${count} -A INPUT -p icmp -j DROP`)));
  expect(overTime(...texts)).toMatchObject([{ packets }]);
});

test("two equal rules are counted each", () => {
  const text = (a: number, b: number) => table(`[${a}:0] -A INPUT -j DROP`, `[${b}:0] -A INPUT -j DROP`);
  expect(overTime(text(1, 1), text(4, 2)).map(({ packets }) => packets)).toEqual([3, 1]);
});

test("nft leaves to iptables what is iptables'", () => {
  expect(parseNftRules(transcript("nft-of-iptables.json"))).toEqual([]);
  expect(parseNftRules(transcript("nft-native-drop.json"))).toEqual([]);
});

test("a native nft rule is understood with its matches and its counter", () => {
  const native = transcript("nft-native-drop.json").replaceAll('"filter"', '"site"');
  expect(parseNftRules(native)).toMatchObject([
    {
      table: "ip site",
      chain: "FORWARD",
      hooks: ["forward"],
      action: "drop",
      destination: "10.2.0.2",
      count: 10,
      owned: false,
    },
  ]);
});

test("nft ports, sets, ranges, prefixes and shares are understood", () => {
  const expr = [
    {
      match: {
        op: "==",
        left: { payload: { protocol: "ip", field: "saddr" } },
        right: { prefix: { addr: "10.0.0.0", len: 8 } },
      },
    },
    {
      match: {
        op: "==",
        left: { payload: { protocol: "tcp", field: "dport" } },
        right: { set: [80, { range: [8000, 8100] }] },
      },
    },
    { match: { op: "<", left: { numgen: { mode: "random", mod: 100 } }, right: 20 } },
    { match: { op: "in", left: { ct: { key: "state" } }, right: "invalid" } },
    { drop: null },
  ];
  const text = JSON.stringify({
    nftables: [
      { chain: { family: "inet", table: "site", name: "in", type: "filter", hook: "input", policy: "accept" } },
      { rule: { family: "inet", table: "site", chain: "in", expr } },
    ],
  });
  expect(parseNftRules(text)).toMatchObject([
    {
      source: "10.0.0.0/8",
      ports: [
        [80, 80],
        [8000, 8100],
      ],
      protocol: "tcp",
      share: 0.2,
      more: ["ct"],
      count: undefined,
    },
  ]);
});

test("an empty nft ruleset is a reading, a failed one is not", () => {
  if (nftRules.kind !== "reading") throw new Error("not a reading");
  const read = (stdout: string, exitCode: number) =>
    nftRules.kind === "reading" && nftRules.read([{ atMs: 1, exitCode, stdout }], { subject: "node/n", vantage });
  expect(read('{"nftables": []}', 0)).toMatchObject([{ kind: nftRulesEvidence.name, data: { rules: [] } }]);
  expect(read("netlink: Operation not permitted", 1)).toEqual([]);
});

test("what a node refuses of IPv6 is read as what it refuses of IPv4", () => {
  const refused = parseDropRules(transcript("ip6tables-save-counters.txt"));
  expect(refused.find(({ action }) => action === "reject")).toMatchObject({
    ...{ chain: "KUBE-SERVICES", protocol: "tcp", ports: [[81, 81]], more: [], owned: true },
    destination: expect.stringMatching(/^fd[0-9a-f:]+\/128$/),
  });
});
