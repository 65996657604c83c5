import { expect, test } from "vitest";
import { addressText } from "#src/pcap/address-text.ts";
import { Decoder } from "#src/pcap/decode.ts";
import {
  CUT,
  DESTINATION,
  FAMILY,
  MALFORMED,
  NOT_IP,
  SOURCE,
  TRANSPORT,
  TUNNEL,
  TUNNELS,
  UNKNOWN_LINK,
  WHOLE,
} from "#src/pcap/packet-registers.ts";
import { COOKED_1, COOKED_2, ETHERNET, LOOPBACK, RAW_IP } from "#test/support/pcap/capture-file.ts";
import {
  cooked1,
  cooked2,
  ethernet,
  fragments,
  geneve,
  gre,
  ip4,
  ip6,
  ipInIp,
  joined,
  loopback,
  udpDatagram,
  vxlan,
} from "#test/support/pcap/frames.ts";

const ends = { source: "10.0.0.1", destination: "10.0.0.2" };
const ends6 = { source: "2001:db8::1", destination: "2001:db8:0:1::2" };
const outer = { source: "192.168.0.1", destination: "192.168.0.2" };
const datagram = udpDatagram(1_234, 5_678, new Uint8Array(40), ends);
const packet = ip4({ ...ends, protocol: 17 }, datagram);
const packet6 = ip6({ ...ends6, protocol: 17 }, udpDatagram(1_234, 5_678, new Uint8Array(40), ends6));
const extended = ip6(
  {
    ...ends6,
    protocol: 17,
    next: 0,
    // Hop by hop, authentication, destination options, then UDP.
    extensions: Uint8Array.of(51, 0, 1, 4, 0, 0, 0, 0, 60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0),
  },
  udpDatagram(1_234, 5_678, new Uint8Array(40), ends6),
);
const innermost = (depth: number): Uint8Array =>
  Array.from({ length: depth }).reduce<Uint8Array>((inner) => ipInIp(inner, outer), packet);

const decodable: readonly {
  name: string;
  link: number;
  bytes: Uint8Array;
  tunnel?: (typeof TUNNELS)[number];
  six?: true;
}[] = [
  { name: "Ethernet", link: ETHERNET, bytes: ethernet(packet) },
  { name: "a VLAN tag", link: ETHERNET, bytes: ethernet(packet, [5]) },
  { name: "QinQ", link: ETHERNET, bytes: ethernet(packet6, [5, 6]), six: true },
  { name: "cooked v1", link: COOKED_1, bytes: cooked1(packet, 4) },
  { name: "cooked v2", link: COOKED_2, bytes: cooked2(packet6, 0, 7), six: true },
  { name: "raw IP", link: RAW_IP, bytes: packet },
  { name: "loopback", link: LOOPBACK, bytes: loopback(packet6), six: true },
  { name: "IPv6 extension headers", link: RAW_IP, bytes: extended, six: true },
  { name: "VXLAN", link: ETHERNET, bytes: ethernet(vxlan(ethernet(packet), outer)), tunnel: "VXLAN" },
  {
    name: "Linux's older VXLAN port",
    link: ETHERNET,
    bytes: ethernet(vxlan(ethernet(packet6, [9]), outer, { port: 8472 })),
    tunnel: "VXLAN",
    six: true,
  },
  { name: "Geneve with Ethernet", link: ETHERNET, bytes: ethernet(geneve(ethernet(packet), outer)), tunnel: "Geneve" },
  {
    name: "Geneve with options and IP",
    link: ETHERNET,
    bytes: ethernet(geneve(packet, outer, { type: 0x0800, options: new Uint8Array(12) })),
    tunnel: "Geneve",
  },
  { name: "IPIP", link: ETHERNET, bytes: ethernet(ipInIp(packet, outer)), tunnel: "IPIP" },
  { name: "6in4", link: ETHERNET, bytes: ethernet(ipInIp(packet6, outer)), tunnel: "6in4", six: true },
  { name: "GRE", link: ETHERNET, bytes: ethernet(gre(packet, outer)), tunnel: "GRE" },
  { name: "GRE with a key", link: ETHERNET, bytes: ethernet(gre(packet6, outer, 4)), tunnel: "GRE", six: true },
  { name: "VXLAN in GRE", link: ETHERNET, bytes: ethernet(gre(vxlan(ethernet(packet), outer), outer)), tunnel: "GRE" },
  {
    name: "the first fragment of VXLAN",
    link: ETHERNET,
    bytes: ethernet(
      fragments({ ...outer, protocol: 17, id: 7 }, vxlan(ethernet(packet), outer).subarray(20), 100)[0] ?? packet,
    ),
    tunnel: "VXLAN",
  },
  {
    name: "WireGuard, from the outside",
    link: ETHERNET,
    bytes: ethernet(
      ip4(
        { ...ends, protocol: 17 },
        udpDatagram(1_234, 51_820, joined(Uint8Array.of(4, 0, 0, 0), new Uint8Array(40)), ends),
      ),
    ),
    tunnel: "WireGuard",
  },
  { name: "five tunnels in each other", link: RAW_IP, bytes: innermost(5), tunnel: "IPIP" },
];

function decode(
  bytes: Uint8Array,
  link: number,
  captured = bytes.length,
): { outcome: number; decoder: Decoder; view: DataView } {
  const decoder = new Decoder();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  decoder.buffer(view);
  return { outcome: decoder.decode(0, captured, bytes.length, link), decoder, view };
}

test.each(decodable)("the innermost packet is found behind $name", ({ bytes, link, tunnel = "none", six = false }) => {
  const { outcome, decoder, view } = decode(bytes, link);
  const { registers } = decoder;
  expect(outcome).toBe(WHOLE);
  expect(registers[FAMILY]).toBe(six ? 6 : 4);
  expect([SOURCE, DESTINATION].map((place) => addressText(registers, place, six))).toEqual(
    six ? [ends6.source, ends6.destination] : [ends.source, ends.destination],
  );
  expect(view.getUint16(registers[TRANSPORT] ?? 0)).toBe(1_234);
  expect(TUNNELS[registers[TUNNEL] ?? 0]).toBe(tunnel);
});

test.each(decodable)("any length of $name is decoded, cut or passed over", ({ bytes, link }) => {
  for (let captured = 0; captured <= bytes.length; captured++)
    expect([WHOLE, CUT]).toContain(decode(bytes, link, captured).outcome);
});

test.each([
  { name: "ARP", bytes: ethernet(packet, [], 0x0806), link: ETHERNET, outcome: NOT_IP },
  { name: "an unknown link type", bytes: packet, link: 147, outcome: UNKNOWN_LINK },
  {
    name: "IP version 7",
    bytes: Uint8Array.from(packet, (byte, at) => (at === 0 ? 0x75 : byte)),
    link: RAW_IP,
    outcome: MALFORMED,
  },
  {
    name: "an IPv4 header of 16 bytes",
    bytes: Uint8Array.from(packet, (byte, at) => (at === 0 ? 0x44 : byte)),
    link: RAW_IP,
    outcome: MALFORMED,
  },
  { name: "six tunnels in each other", bytes: innermost(6), link: RAW_IP, outcome: MALFORMED },
  {
    name: "200 extension headers behind the end",
    bytes: ip6({ ...ends6, protocol: 0, extensions: new Uint8Array(1_600) }, new Uint8Array(0)),
    link: RAW_IP,
    outcome: CUT,
  },
])("$name is counted as what it is", ({ bytes, link, outcome }) => {
  expect(decode(bytes, link).outcome).toBe(outcome);
});
