import { describe, expect, test } from "vitest";
import { Decoder } from "#src/pcap/decode.ts";
import { headerBytes } from "#src/pcap/header-bytes.ts";
import { COOKED_1, COOKED_2, ETHERNET, LOOPBACK, RAW_IP } from "../support/pcap/capture-file.ts";
import * as frames from "../support/pcap/frames.ts";

const ends = { source: "10.0.0.1", destination: "10.0.0.2" };
const ends6 = { source: "fd00::1", destination: "fd00::2" };
const SECRET = frames.text("the secret that programs say to each other");
const base = { sourcePort: 40_000, destinationPort: 80, sequence: 1, acknowledged: 1, flags: frames.ACK, window: 500 };
const tcp = (options = new Uint8Array(0)) => frames.tcpSegment({ ...base, options, payload: SECRET }, ends);
const stamps = Uint8Array.from([1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]);
const packet = frames.ip4({ ...ends, protocol: 6 }, tcp(stamps));
const udp = frames.ip4({ ...ends, protocol: 17 }, frames.udpDatagram(40_000, 53, SECRET, ends));
const icmp = (type: number, payload: Uint8Array) =>
  frames.ip4({ ...ends, protocol: 1 }, frames.icmpMessage(type, type === 3 ? 4 : 0, 0, payload));

function kept(frame: Uint8Array, link = ETHERNET): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const decoder = new Decoder();
  decoder.buffer(view);
  const outcome = decoder.decode(0, frame.length, frame.length, link);
  return headerBytes(view, { at: 0, end: frame.length, link, outcome, registers: decoder.registers });
}

const arp = frames.joined(new Uint8Array(12), Uint8Array.of(8, 6), new Uint8Array(28), SECRET);
const cases: readonly (readonly [name: string, frame: Uint8Array, bytes: number, link?: number])[] = [
  ["TCP with options", frames.ethernet(packet), 14 + 20 + 32],
  ["TCP behind two VLAN tags", frames.ethernet(packet, [1, 2]), 22 + 20 + 32],
  ["UDP, be it DNS", frames.ethernet(udp), 14 + 20 + 8],
  ["an echo", frames.ethernet(icmp(8, SECRET)), 14 + 20 + 8],
  ["an ICMP error, with the headers that it quotes", frames.ethernet(icmp(3, udp)), 14 + 20 + 8 + 20 + 8],
  ["an ICMP error about TCP", frames.ethernet(icmp(3, packet)), 14 + 20 + 8 + 20 + 20],
  ["TCP in VXLAN", frames.ethernet(frames.vxlan(frames.ethernet(packet), ends)), 14 + 20 + 8 + 8 + 14 + 20 + 32],
  ["TCP in Geneve", frames.ethernet(frames.geneve(frames.ethernet(packet), ends)), 14 + 20 + 8 + 8 + 14 + 20 + 32],
  ["TCP in IPIP", frames.ethernet(frames.ipInIp(packet, ends)), 14 + 20 + 20 + 32],
  ["TCP in GRE", frames.ethernet(frames.gre(packet, ends)), 14 + 20 + 4 + 20 + 32],
  ["raw IP", packet, 20 + 32, RAW_IP],
  ["cooked", frames.cooked1(packet, 0), 16 + 20 + 32, COOKED_1],
  ["cooked, version 2", frames.cooked2(packet, 0, 3), 20 + 20 + 32, COOKED_2],
  ["BSD loopback", frames.loopback(packet), 4 + 20 + 32, LOOPBACK],
  [
    "IPv6",
    frames.ethernet(frames.ip6({ ...ends6, protocol: 17 }, frames.udpDatagram(1, 2, SECRET, ends6))),
    14 + 40 + 8,
  ],
  ["a later fragment", frames.ethernet(frames.ip4({ ...ends, protocol: 17, offset: 1_480 }, SECRET)), 14 + 20],
  ["another protocol", frames.ethernet(frames.ip4({ ...ends, protocol: 50 }, SECRET)), 14 + 20],
  ["ARP, without what pads it", arp, 14 + 28],
  ["what is no IP", frames.joined(new Uint8Array(12), Uint8Array.of(0x88, 0xcc), SECRET), 14],
  ["what cannot be IP", frames.joined(new Uint8Array(12), Uint8Array.of(8, 0), SECRET), 14],
  ["a link that nobody knows", SECRET, 0, 147],
];

describe("headers", () => {
  test.each(cases.map(([name, frame, bytes, link]) => ({ name, frame, bytes, link })))("of $name", (one) => {
    const { frame, bytes, link } = one;
    expect(kept(frame, link)).toBe(bytes);
  });

  test("cut anywhere are what is left of them", () => {
    for (const [name, frame, bytes, link] of cases)
      for (let length = 0; length <= frame.length; length++) {
        const part = kept(frame.slice(0, length), link);
        expect([name, length, part <= length && part <= bytes]).toEqual([name, length, true]);
      }
  });
});
