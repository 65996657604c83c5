import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { captureFilter, type FilterOrder } from "#src/core/capture-filter.ts";
import { ETHERNET, pcapFile, RAW_IP } from "#test/support/pcap/capture-file.ts";
import {
  type Ends,
  ethernet,
  fragments,
  geneve,
  gre,
  icmpMessage,
  ip4,
  ip6,
  ipInIp,
  joined,
  tcpSegment,
  text,
  udpDatagram,
  vxlan,
} from "#test/support/pcap/frames.ts";

// Real tcpdump on made packets: what passes is what it would have recorded.
const A = "10.244.1.7";
const B = "10.244.2.9";
const C = "10.244.2.10";
const A6 = "fd00:10:244:1::7";
const B6 = "fd00:10:244:2::9";
const C6 = "fd00:10:244:2::a";
const NODES: Ends = { source: "192.168.0.1", destination: "192.168.0.2" };
const NODES6: Ends = { source: "fd01::1", destination: "fd01::2" };
const ROUTER = "172.16.0.1";

const order = (kind: FilterOrder["kind"], more: Partial<FilterOrder> = {}): FilterOrder => ({
  from: [A, A6],
  to: [B, B6],
  kind,
  tunnelPorts: [8472, 4789, 6081],
  ...more,
});

/** Numbers of the packets that pass. */
function passing(filter: string, packets: readonly Uint8Array[], link = ETHERNET): readonly number[] {
  const input = pcapFile(
    packets.map((bytes, number) => ({ ns: BigInt(number) * 1_000_000_000n, bytes })),
    { link },
  );
  const { stdout, stderr, status } = spawnSync("tcpdump", ["-n", "-t", "-tt", "-r", "-", "-w", "-", "--", filter], {
    input,
  });
  if (status !== 0) throw new Error(stderr.toString());
  const numbers: number[] = [];
  for (let at = 24; at < stdout.length; at += 16 + stdout.readUInt32LE(at + 8)) numbers.push(stdout.readUInt32LE(at));
  return numbers;
}

const tcp = (source: string, destination: string, port = 5432) => {
  const ends = { source, destination };
  const segment = tcpSegment(
    { sourcePort: 40_000, destinationPort: port, sequence: 1, acknowledged: 0, flags: 2, window: 100 },
    ends,
  );
  return source.includes(":") ? ip6({ ...ends, protocol: 6 }, segment) : ip4({ ...ends, protocol: 6 }, segment);
};
const error4 = (to: string, about: Uint8Array, from = ROUTER) =>
  ip4({ source: from, destination: to, protocol: 1 }, icmpMessage(3, 4, 1_400, about.subarray(0, 68)));
const error6 = (to: string, about: Uint8Array) =>
  ip6({ source: "fd09::1", destination: to, protocol: 58 }, icmpMessage(2, 0, 1_280, about.subarray(0, 200)));
const echo = (source: string, destination: string) =>
  ip4({ source, destination, protocol: 1 }, icmpMessage(8, 0, 1, text("ping")));
const arp = (sender: string, target: string) => {
  const bytes = new Uint8Array(28);
  bytes.set([0, 1, 8, 0, 6, 4, 0, 1]);
  bytes.set(sender.split(".").map(Number), 14);
  bytes.set(target.split(".").map(Number), 24);
  return ethernet(bytes, [], 0x0806);
};
const datagram6 = (port: number, payload: Uint8Array) =>
  ip6({ ...NODES6, protocol: 17 }, udpDatagram(50_000, port, payload, NODES6));
const vxlanHeader = Uint8Array.of(8, 0, 0, 0, 0, 0, 1, 0);
const geneveHeader = Uint8Array.of(2, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 0x80, 1, 0, 0, 0, 9);
const limit = (next: number) => Uint8Array.of(next, 0, 4, 1, 4, 1, 1, 0);

/** What lies around a packet: a name and how it is put there. */
type Form = readonly [name: string, around: (packet: Uint8Array) => Uint8Array];
const plain: readonly Form[] = [
  ["nothing", (packet) => ethernet(packet)],
  ["a VLAN tag", (packet) => ethernet(packet, [5])],
  ["two VLAN tags", (packet) => ethernet(packet, [5, 6])],
];
const is4 = (packet: Uint8Array) => (packet[0] ?? 0) >> 4 === 4;
const tunnels: readonly Form[] = [
  ["VXLAN", (packet) => ethernet(vxlan(ethernet(packet), NODES, { port: 8472 }))],
  ["VXLAN on the other port", (packet) => ethernet(vxlan(ethernet(packet), NODES, { port: 4789 }))],
  ["VXLAN over IPv6", (packet) => ethernet(datagram6(8472, joined(vxlanHeader, ethernet(packet))))],
  ["Geneve", (packet) => ethernet(geneve(ethernet(packet), NODES))],
  ["Geneve with options", (packet) => ethernet(geneve(ethernet(packet), NODES, { options: new Uint8Array(12) }))],
  [
    "Geneve without Ethernet",
    (packet) => ethernet(geneve(packet, NODES, { type: is4(packet) ? 0x0800 : 0x86dd, options: new Uint8Array(8) })),
  ],
  ["Geneve over IPv6", (packet) => ethernet(datagram6(6081, joined(geneveHeader, ethernet(packet))))],
  ["IPIP or 6in4", (packet) => ethernet(ipInIp(packet, NODES))],
  ["an IPv6 tunnel", (packet) => ethernet(ip6({ ...NODES6, protocol: is4(packet) ? 4 : 41 }, packet))],
  [
    "an IPv6 tunnel with a limit of nesting",
    (packet) => ethernet(ip6({ ...NODES6, protocol: 60, extensions: limit(is4(packet) ? 4 : 41) }, packet)),
  ],
  ["GRE", (packet) => ethernet(gre(packet, NODES))],
  ["GRE with a key", (packet) => ethernet(gre(packet, NODES, 77))],
  [
    "GRE with Ethernet",
    (packet) => ethernet(ip4({ ...NODES, protocol: 47 }, joined(Uint8Array.of(0, 0, 0x65, 0x58), ethernet(packet)))),
  ],
];

/** Packets of the ends, and others that are as close to them as can be. */
const ours = [tcp(A, B), tcp(B, A), tcp(A6, B6), tcp(B6, A6), error4(A, tcp(A, B)), error6(B6, tcp(B6, A6))];
const others = [
  tcp(A, C),
  tcp(C, B),
  tcp(C, A),
  tcp(A6, C6),
  tcp(C6, B6),
  error4(C, tcp(C, A)),
  error6(C6, tcp(C6, A6)),
  echo(C, A),
];

describe.each<[FilterOrder["kind"], readonly Form[]]>([
  ["pod", plain],
  ["host-end", plain],
  ["bridge", plain],
  ["nic", [...plain, ...tunnels]],
  ["bond-member", [...plain, ...tunnels]],
  ["tunnel", [...plain.slice(0, 1), ...tunnels]],
])("what is recorded at a point of kind %s", (kind, forms) => {
  const filter = captureFilter(order(kind));
  test.each(forms)("packets of the ends and no others, with %s around them", (_name, around) => {
    expect(passing(filter, [...others, ...ours].map(around))).toEqual(ours.map((_, n) => others.length + n));
  });
});

test("a tunnel device without Ethernet", () => {
  const packets = [...others, ...ours];
  expect(passing(captureFilter(order("tunnel")), packets, RAW_IP)).toEqual(ours.map((_, n) => others.length + n));
});

test("tunnels are not looked into where there are none", () => {
  const packets = tunnels.map(([, around]) => around(tcp(A, B)));
  expect(passing(captureFilter(order("pod")), packets)).toEqual([]);
});

test("ARP between the ends, and not what others ask", () => {
  const packets = [arp(A, B), arp(B, A), arp(A, C), arp(C, B)];
  expect(passing(captureFilter(order("bridge")), packets)).toEqual([0, 1]);
});

test("all fragments of the ends, also with a user's filter for ports", () => {
  const ends = { source: A, destination: B };
  const datagram = udpDatagram(40_000, 53, new Uint8Array(3_000), ends);
  const pieces = fragments({ ...ends, protocol: 17, id: 9 }, datagram, 1_500).map((piece) => ethernet(piece));
  expect(pieces).toHaveLength(3);
  expect(passing(captureFilter(order("nic")), pieces)).toEqual([0, 1, 2]);
  expect(passing(captureFilter(order("pod", { user: "udp port 53" })), pieces)).toEqual([0, 1, 2]);
});

test("what cannot be told at a NIC is taken: fragments of tunnels, what they do not say, errors about them", () => {
  const carried = vxlan(ethernet(tcp(A, C)), NODES, { port: 8472 });
  const udp = carried.subarray(20);
  const pieces = fragments({ ...NODES, protocol: 17, id: 3 }, joined(udp, new Uint8Array(2_000)), 1_500);
  const wireguard = ip4(
    { ...NODES, protocol: 17 },
    udpDatagram(51_820, 51_820, Uint8Array.of(4, 0, 0, 0, 1, 2, 3, 4), NODES),
  );
  const packets = [
    pieces[0],
    pieces[1],
    wireguard,
    error4(NODES.source, carried),
    error4(NODES.source, ipInIp(tcp(A, C), NODES)),
    error4(NODES.source, tcp(NODES.source, NODES.destination, 443)),
    vxlan(arp(A, C), NODES, { port: 8472 }),
  ].map((packet) => ethernet(packet ?? new Uint8Array(0)));
  // The first piece still shows whose it is.
  expect(passing(captureFilter(order("nic", { tunnelPorts: [8472, 51_820] })), packets)).toEqual([1, 2, 3, 4, 6]);
  expect(passing(captureFilter(order("nic", { tunnelPorts: [] })), packets)).toEqual([4]);
});

describe("a user's filter", () => {
  test.each<[string, readonly number[]]>([
    ["tcp port 5432", [0]],
    ["port 5432 or port 80", [0, 1]],
    ["tcp port 80 or vlan 9", [1]],
    [" not tcp port 80 ", [0]],
  ])("%s narrows packets that nothing lies around", (user, wanted) => {
    const packets = [tcp(A, B, 5432), tcp(A, B, 80), tcp(A, C, 5432)].map((packet) => ethernet(packet));
    expect(passing(captureFilter(order("pod", { user })), packets)).toEqual(wanted);
  });
  test("does not hide what a tunnel carries, nor errors", () => {
    const packets = [
      ...tunnels.map(([, around]) => around(tcp(A, B, 80))),
      ...[error4(A, tcp(A, B)), tcp(A, B, 80)].map((packet) => ethernet(packet)),
    ];
    const passed = passing(captureFilter(order("nic", { user: "tcp port 5432" })), packets);
    expect(passed).toEqual(packets.map((_, n) => n).slice(0, -1));
  });
});

test("ends with many addresses: packets of the end that has fewer, and none of the others", () => {
  const many = Array.from({ length: 60 }, (_, n) => `10.244.9.${n + 1}`);
  const packets = [tcp(A, "10.244.9.60"), tcp("10.244.9.1", A), tcp("10.244.9.1", C)];
  for (const [from, to] of [
    [[A], many],
    [many, [A]],
  ] as const) {
    const filter = captureFilter(order("nic", { from, to }));
    for (const [, around] of [...plain, ...tunnels.slice(0, 1)])
      expect(passing(filter, packets.map(around))).toEqual([0, 1]);
  }
});

test("ends of different families: everything of either, because a translator is between", () => {
  const packets = [tcp(A, "64.64.64.64"), tcp("64.64.64.64", A), tcp(B6, "64::1"), tcp(C, "64.64.64.64")].map(
    (packet) => ethernet(packet),
  );
  expect(passing(captureFilter(order("nic", { from: [A], to: [B6] })), packets)).toEqual([0, 1, 2]);
});

test("the kernel takes the programs of ordinary filters", () => {
  const lists = {
    from: [A, A6, "192.168.0.1", "10.96.0.1"],
    to: [B, B6, "10.96.0.10", "fd00::a"],
  };
  for (const kind of ["pod", "tunnel", "nic"] as const) {
    const filter = captureFilter(order(kind, { ...lists, user: "tcp port 5432" }));
    const { stdout } = spawnSync("tcpdump", ["-y", "EN10MB", "-d", "--", filter]);
    const instructions = stdout.toString().trimEnd().split("\n").length;
    expect(instructions).toBeGreaterThan(20);
    expect(instructions).toBeLessThan(4_096); // BPF_MAXINSNS
  }
});
