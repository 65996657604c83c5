import { COOKED_2, pcapFile, pcapngFile, RAW_IP, type Recorded } from "./capture-file.ts";
import { join, pcapBytes } from "./file-bytes.ts";
import {
  ACK,
  cooked2,
  dnsMessage,
  type Ends,
  ethernet,
  icmpMessage,
  ip4,
  ip6,
  PSH,
  SYN,
  tcpSegment,
  text,
  udpDatagram,
  vxlan,
} from "./frames.ts";
import { converse } from "./tcp-conversation.ts";

const T0 = 1_700_000_000_000_000_000n;
const ends: Ends = { source: "10.0.0.1", destination: "10.0.0.2" };
const back: Ends = { source: ends.destination, destination: ends.source };

const conversation = converse({
  mss: 300,
  turns: [
    { from: "client", says: text("GET /slow HTTP/1.1\r\nHost: shop\r\n\r\n") },
    { from: "server", afterMs: 5, says: 2_400 },
  ],
  fate: ({ from, nth }) => (from === "server" && nth === 4 ? "lost before the tap" : undefined),
});
const recorded = (wrap: (packet: Uint8Array) => Uint8Array): Recorded[] =>
  conversation.map(({ atNs, packet }) => ({ ns: T0 + BigInt(Math.round(atNs)), bytes: wrap(packet) }));

const udp = (sourcePort: number, destinationPort: number, payload: Uint8Array, way = ends): Uint8Array =>
  ip4({ ...way, protocol: 17 }, udpDatagram(sourcePort, destinationPort, payload, way));
const syn = tcpSegment(
  { sourcePort: 4_000, destinationPort: 443, sequence: 1, acknowledged: 0, flags: SYN, window: 9_000 },
  ends,
);
const hello = tcpSegment(
  {
    ...{ sourcePort: 4_000, destinationPort: 443, sequence: 2, acknowledged: 1, flags: ACK | PSH, window: 9_000 },
    payload: Uint8Array.from([22, 3, 1, 0, 50, 1, 0, 0, 46, 3, 3, ...Array.from({ length: 45 }, (_, at) => at)]),
  },
  ends,
);
/** One packet of each kind that has a decoder of its own. */
const mixed: Uint8Array[] = [
  ethernet(udp(5_353, 53, dnsMessage(7, "shop.example"))),
  ethernet(udp(53, 5_353, dnsMessage(7, "shop.example", { code: 2 }), back), [100]),
  ethernet(ip4({ ...back, protocol: 1 }, icmpMessage(3, 4, 1_400, ip4({ ...ends, protocol: 6 }, syn)))),
  ethernet(ip4({ ...ends, protocol: 6 }, syn)),
  ethernet(ip4({ ...ends, protocol: 6 }, hello)),
  ethernet(
    vxlan(ethernet(ip4({ ...ends, protocol: 6 }, hello)), { source: "192.168.0.1", destination: "192.168.0.2" }),
  ),
  ethernet(ip6({ source: "fd00::1", destination: "fd00::2", protocol: 6 }, syn)),
];
const mixedRecords: Recorded[] = mixed.map((bytes, at) => ({ ns: T0 + BigInt(at) * 1_000_000n, bytes }));

/** Small captures that together hold every format, link layer and decoder. */
export const smallCaptures: Readonly<Record<string, Uint8Array>> = {
  "pcap, nanoseconds, Ethernet": pcapFile(recorded((packet) => ethernet(packet))),
  "pcap, raw IP, cut at 60 bytes": pcapFile(
    recorded((packet) => packet),
    { link: RAW_IP, snapLength: 60 },
  ),
  "pcap, microseconds, big-endian": pcapBytes(
    mixed.map((bytes, at) => ({ seconds: 1_700_000_000 + at, bytes })),
    { little: false },
  ),
  "pcap, Linux cooked v2": pcapFile(
    recorded((packet) => cooked2(packet, 4, 3)),
    { link: COOKED_2 },
  ),
  "pcapng, one section": pcapngFile(mixedRecords, [{ name: "eth0", dropped: 3 }]),
  "pcapng, two sections": join([
    pcapngFile(mixedRecords, [{ name: "eth0" }]),
    pcapngFile(
      recorded((packet) => ethernet(packet)).map((packet) => ({ ...packet, ns: packet.ns + 1_000_000_000n })),
      [{ name: "eth1" }],
    ),
  ]),
};
