import { COOKED_1, COOKED_2, LOOPBACK, pcapFile, pcapngFile, RAW_IP, type Recorded } from "./capture-file.ts";
import {
  cooked1,
  cooked2,
  dnsMessage,
  ethernet,
  fragments,
  geneve,
  gre,
  icmpMessage,
  ip4,
  ipInIp,
  joined,
  loopback,
  tcpSegment,
  text,
  udpDatagram,
  vxlan,
} from "./frames.ts";
import { converse, type Seen, type Truth, truthOf } from "./tcp-conversation.ts";
import type { Flag } from "./tshark.ts";

/** 2023-11-14 22:13:20 UTC. */
export const BEGAN_NS = 1_700_000_000_000_000_000n;

/** A counter that is not tshark's: what it should be, and why tshark has another one. */
export type Difference = { readonly ours: number; readonly tshark: number; readonly why: string };

/** A capture of which everything is known. */
export type Generated = {
  readonly name: string;
  readonly file: Uint8Array;
  /** What those who sent the packets know. Undefined counters are not known exactly to them; tshark's hold. */
  readonly truth: Truth & { readonly handshakes: number; readonly failures: number };
  readonly differences: Partial<Readonly<Record<Flag, Difference>>>;
  /** The kinds of findings, in their order. */
  readonly findings: readonly string[];
};

const OUTER = { source: "192.168.50.11", destination: "192.168.50.12" };
const BACK = { source: OUTER.destination, destination: OUTER.source };
const outer = ({ from }: Seen): typeof OUTER => (from === "client" ? OUTER : BACK);

const recorded = (
  seen: readonly Seen[],
  frame: (one: Seen) => Uint8Array = ({ packet }) => ethernet(packet),
): Recorded[] => seen.map((one) => ({ ns: BEGAN_NS + BigInt(one.atNs), bytes: frame(one) }));
const inTime = (...lists: readonly Recorded[][]): Recorded[] => lists.flat().toSorted((a, b) => Number(a.ns - b.ns));
const at = (ms: number): bigint => BEGAN_NS + BigInt(Math.round(ms * 1e6));

const download = [{ from: "client", says: 300 } as const, { from: "server", says: 600_000, afterMs: 30 } as const];
const every = (n: number, place: number, nth: number): boolean => nth % n === place;

const NO_FAILURES = { handshakes: 1, failures: 0 };
const BY_TIME =
  "tshark tells reordered from resent by time alone: what comes within a handshake's round trip is out of order to it";
const TWICE =
  "the same packet twice, by its time stamp or IP ID; tshark knows only packets that were sent again or are late";
const TWENTY_MS = "tshark calls it fast only within 20 ms of the last ACK, however far away the sender is";

/** Segments lost before and behind the tap, and ACKs lost; far from the server. */
function lossy(): Generated {
  const seen = converse({
    turns: download,
    fate: ({ from, length, nth, again }) => {
      if (from === "server" && length > 0 && !again && every(41, 5, nth)) return "lost before the tap";
      if (from === "server" && length > 0 && !again && every(67, 9, nth)) return "lost behind the tap";
      return from === "client" && every(50, 7, nth) ? "lost before the tap" : undefined;
    },
  });
  const truth = truthOf(seen);
  return {
    name: "loss on both sides of the tap",
    file: pcapFile(recorded(seen)),
    truth: { ...truth, ...NO_FAILURES },
    differences: {
      retransmissions: { ours: truth.sentAgain, tshark: 10, why: BY_TIME },
      fastRetransmissions: { ours: 15, tshark: 0, why: TWENTY_MS },
      outOfOrder: { ours: 0, tshark: 7, why: BY_TIME },
    },
    findings: ["loss"],
  };
}

/** One segment in 37 overtaken, in a VXLAN tunnel. */
function reordered(): Generated {
  const seen = converse({
    turns: download,
    fate: ({ from, length, nth }) =>
      from === "server" && length > 0 && every(37, 5, nth) ? { lateMs: 0.05 } : undefined,
  });
  const spread = seen.map((one, index) => ({ ...one, atNs: one.atNs + index }));
  const truth = truthOf(seen);
  return {
    name: "reordering inside VXLAN",
    file: pcapFile(recorded(spread, (one) => ethernet(vxlan(ethernet(one.packet), outer(one), { port: 8472 })))),
    truth: { ...truth, ...NO_FAILURES },
    differences: {
      retransmissions: { ours: truth.sentAgain, tshark: 87, why: BY_TIME },
      outOfOrder: { ours: truth.overtaken, tshark: 22, why: BY_TIME },
    },
    findings: ["loss", "needless-retransmissions", "reordering"],
  };
}

/** Every 23rd data packet twice, 9 µs apart, over IPv6. */
function doubled(): Generated {
  const seen = converse({
    client: "2001:db8:1::1",
    server: "2001:db8:2::2",
    mss: 1428,
    turns: download,
    fate: ({ from, length, nth }) => (from === "server" && length > 0 && every(23, 5, nth) ? "doubled" : undefined),
  });
  const truth = truthOf(seen);
  return {
    name: "packets doubled by the network, IPv6",
    file: pcapFile(recorded(seen, ({ packet }) => ethernet(packet, [7]))),
    truth: { ...truth, ...NO_FAILURES },
    differences: {
      retransmissions: { ours: 0, tshark: 2, why: TWICE },
      outOfOrder: { ours: 0, tshark: 17, why: TWICE },
    },
    findings: [],
  };
}

/** A server that does not read for two and a half seconds. */
function deaf(probes: "byte" | "empty"): Generated {
  const seen = converse({
    serverBuffer: 20_000,
    scale: 0,
    probes,
    deaf: { side: "server", fromMs: 30, toMs: 2_500 },
    turns: [
      { from: "client", says: 100_000 },
      { from: "server", says: 10 },
    ],
  });
  return {
    name: probes === "byte" ? "a receiver that stops reading, probed by a byte, GRE" : "a receiver that stops reading",
    file: pcapFile(recorded(seen, (one) => ethernet(probes === "byte" ? gre(one.packet, outer(one), 9) : one.packet))),
    truth: { ...truthOf(seen), ...NO_FAILURES, ...(probes === "empty" ? { keepAlives: 3 } : {}) },
    differences: {},
    findings: ["receiver-stopped"],
  };
}

/** Full-size segments never arrive; the sender tries smaller ones after four time-outs. Geneve. */
function blackHole(): Generated {
  const seen = converse({
    turns: [
      { from: "client", says: 100 },
      { from: "server", says: 20 },
      { from: "client", says: 10_000 },
      { from: "server", says: 10 },
    ],
    fate: ({ length }) => (length > 1_000 ? "lost behind the tap" : undefined),
    shrinks: { after: 4, mss: 500 },
  });
  return {
    name: "an MTU black hole, Geneve",
    file: pcapFile(
      recorded(seen, (one) => ethernet(geneve(ethernet(one.packet), outer(one), { options: new Uint8Array(8) }))),
    ),
    truth: { ...truthOf(seen), ...NO_FAILURES },
    differences: {},
    findings: ["mtu-black-hole", "loss", "stall"],
  };
}

/** Refused, unanswered, half a handshake, reset with data in flight, ports used again; IPIP. */
function endings(): Generated {
  const port = (clientPort: number, startMs: number): { clientPort: number; startMs: number } => ({
    clientPort,
    startMs,
  });
  const turns = [{ from: "client", says: 100 } as const, { from: "server", says: 200_000 } as const];
  const all = [
    converse({ ...port(40_001, 0), listens: "refuses" }),
    converse({ ...port(40_002, 5), listens: "keeps silent", server: "10.2.0.9" }),
    converse({ ...port(40_003, 10), turns, ending: { resetBy: "client", atMs: 80 } }),
    converse({ ...port(40_004, 20), turns: [turns[0] ?? { from: "client", says: 1 }] }),
    converse({ ...port(40_004, 3_000), clientStart: 77_000_000, turns: [turns[0] ?? { from: "client", says: 1 }] }),
    converse({
      ...port(40_005, 30),
      turns: [turns[0] ?? { from: "client", says: 1 }],
      ending: { resetBy: "server", atMs: 900 },
    }),
  ];
  const truths = all.map(truthOf);
  const sum = (of: (truth: Truth) => number): number => truths.reduce((total, truth) => total + of(truth), 0);
  return {
    name: "how connections end, IPIP",
    file: pcapFile(inTime(...all.map((seen) => recorded(seen, (one) => ethernet(ipInIp(one.packet, outer(one))))))),
    truth: {
      sentAgain: sum((truth) => truth.sentAgain),
      timeouts: 0,
      overtaken: 0,
      copies: 0,
      resets: sum((truth) => truth.resets),
      keepAlives: 0,
      handshakes: 4,
      failures: 2,
    },
    differences: {},
    findings: ["connection-refused", "connection-unanswered", "reset"],
  };
}

/** A quiet connection that is kept open, begun before the capture; sequence numbers wrap. Raw IP. */
function midFlow(): Generated {
  const seen = converse({
    turns: [
      { from: "client", says: 100 },
      { from: "server", says: 200_000 },
    ],
    serverStart: 0xffff_0000 | 0,
    clientStart: -50,
    keepAlivesMs: [3_000, 4_000],
    ending: "open",
  }).slice(9);
  return {
    name: "begun in mid-flow, wrapping sequence numbers, keep-alives",
    file: pcapFile(
      recorded(seen, ({ packet }) => packet),
      { link: RAW_IP },
    ),
    truth: { ...truthOf(seen), handshakes: 0, failures: 0 },
    differences: {},
    findings: [],
  };
}

/** `tcpdump -i any` on a node: each packet at four interfaces, the last of them a tunnel. Cooked v1. */
function anyV1(): Generated {
  const seen = converse({
    turns: download,
    fate: ({ from, length, nth, again }) =>
      from === "server" && length > 0 && !again && every(61, 5, nth) ? "lost behind the tap" : undefined,
  });
  const truth = truthOf(seen);
  const packets = seen.flatMap((one): Recorded[] => {
    const [near, far] = one.from === "client" ? [0, 4] : [4, 0];
    return [
      { ns: at(one.atNs / 1e6), bytes: cooked1(one.packet, near) },
      { ns: at(one.atNs / 1e6 + 0.004), bytes: cooked1(one.packet, near) },
      { ns: at(one.atNs / 1e6 + 0.009), bytes: cooked1(one.packet, far) },
      { ns: at(one.atNs / 1e6 + 0.013), bytes: cooked1(vxlan(ethernet(one.packet), outer(one)), far) },
    ];
  });
  const copies = "every packet is in the capture four times; tshark takes each for another packet";
  return {
    name: "all interfaces at once, cooked v1",
    file: pcapFile(
      packets.toSorted((a, b) => Number(a.ns - b.ns)),
      { link: COOKED_1 },
    ),
    truth: { ...truth, ...NO_FAILURES },
    differences: {
      retransmissions: { ours: truth.sentAgain, tshark: 183, why: copies },
      fastRetransmissions: { ours: truth.sentAgain, tshark: 36, why: copies },
      outOfOrder: { ours: 0, tshark: 1105, why: copies },
      duplicateAcks: { ours: seen.filter(isDuplicateAck(seen)).length, tshark: 276, why: copies },
    },
    findings: ["loss"],
  };
}

/** The same with interface numbers. Cooked v2. */
function anyV2(): Generated {
  const seen = converse({
    turns: download,
    fate: ({ from, length, nth, again }) =>
      from === "server" && length > 0 && !again && every(61, 5, nth) ? "lost behind the tap" : undefined,
  });
  const truth = truthOf(seen);
  const packets = seen.flatMap((one): Recorded[] => {
    const [near, far] = one.from === "client" ? [0, 4] : [4, 0];
    return [
      { ns: at(one.atNs / 1e6), bytes: cooked2(one.packet, near, 12) },
      { ns: at(one.atNs / 1e6 + 0.004), bytes: cooked2(one.packet, near, 4) },
      { ns: at(one.atNs / 1e6 + 0.013), bytes: cooked2(vxlan(ethernet(one.packet), outer(one)), far, 2) },
    ];
  });
  const copies = "every packet is in the capture three times; tshark takes each for another packet";
  return {
    name: "all interfaces at once, cooked v2",
    file: pcapFile(
      packets.toSorted((a, b) => Number(a.ns - b.ns)),
      { link: COOKED_2 },
    ),
    truth: { ...truth, ...NO_FAILURES },
    differences: {
      retransmissions: { ours: truth.sentAgain, tshark: 122, why: copies },
      fastRetransmissions: { ours: truth.sentAgain, tshark: 22, why: copies },
      outOfOrder: { ours: 0, tshark: 739, why: copies },
      duplicateAcks: { ours: seen.filter(isDuplicateAck(seen)).length, tshark: 205, why: copies },
    },
    findings: ["loss"],
  };
}

/** ACKs without news, as their sender knows them. */
function isDuplicateAck(seen: readonly Seen[]): (one: Seen) => boolean {
  const acks = new Map<Seen, number>(
    seen.map((one) => [one, new DataView(one.packet.buffer, one.packet.byteOffset).getInt32(28)]),
  );
  return (one) => {
    if (one.from !== "client" || one.length > 0 || one.flags !== 16) return false;
    const before = seen.filter((other) => other.from === "client" && other.nth < one.nth).at(-1);
    return (
      before !== undefined &&
      acks.get(before) === acks.get(one) &&
      before.offset + before.length === one.offset &&
      before.flags === 16 &&
      before.length === 0
    );
  };
}

/** Segments of up to 28 kB that only the network card cuts, some without an IP length; and fragmented segments. */
function offloaded(): Generated {
  const large = converse({
    turns: download,
    offload: 20,
    flight: 60,
    fate: ({ from, length, nth, again }) =>
      from === "server" && length > 0 && !again && nth === 6 ? "lost behind the tap" : undefined,
  });
  const small = converse({ clientPort: 40_009, startMs: 7, turns: download.slice(0, 1) });
  const cut = small.flatMap((one): Recorded[] => {
    const ns = at(one.atNs / 1e6);
    const ends =
      one.from === "client"
        ? { source: "10.1.0.1", destination: "10.2.0.2" }
        : { source: "10.2.0.2", destination: "10.1.0.1" };
    if (one.length === 0) return [{ ns, bytes: ethernet(one.packet) }];
    return fragments({ ...ends, protocol: 6, id: 4_242 }, one.packet.subarray(20), 220).map((piece, index) => ({
      ns: ns + BigInt(index * 1_000),
      bytes: ethernet(piece),
    }));
  });
  const truth = truthOf(large);
  const zeroLength = (one: Seen): Uint8Array => {
    const bytes = ethernet(one.packet);
    if (one.length > 20_000) new DataView(bytes.buffer).setUint16(16, 0);
    return bytes;
  };
  return {
    name: "segmentation offload and fragments",
    file: pcapFile(inTime(recorded(large, zeroLength), cut)),
    truth: { ...truth, handshakes: 2, failures: 0 },
    differences: {},
    findings: ["loss"],
  };
}

/** The application's side: HTTP answers late, with an error, not at all; a TLS alert; DNS over UDP and TCP; ICMP. */
function applications(): Generated {
  const request = text("GET /orders/7?secret=1 HTTP/1.1\r\nHost: shop\r\n\r\n");
  const answer = (code: number): Uint8Array => text(`HTTP/1.1 ${code} X\r\nContent-Length: 0\r\n\r\n`);
  const hello = joined(
    Uint8Array.of(22, 3, 1, 0, 62, 1, 0, 0, 58, 3, 3),
    new Uint8Array(32),
    Uint8Array.of(0, 0, 2, 0x13, 0x01, 1, 0, 0, 15, 0, 0, 0, 11, 0, 9, 0, 0, 6),
    text("shop.x"),
  );
  const overTcp = joined(Uint8Array.of(0, 22), dnsMessage(9, "big.x"));
  const overTcpAnswer = joined(Uint8Array.of(0, 22), dnsMessage(9, "big.x", { code: 0 }));
  const seen = [
    converse({
      turns: [
        { from: "client", says: request },
        { from: "server", says: answer(200), afterMs: 2_000 },
        { from: "client", says: request },
        { from: "server", says: answer(503), afterMs: 5 },
      ],
    }),
    converse({
      clientPort: 40_010,
      startMs: 50,
      turns: [{ from: "client", says: request }],
      ending: { resetBy: "client", atMs: 800 },
    }),
    converse({
      clientPort: 40_011,
      startMs: 60,
      turns: [{ from: "client", says: request }],
      ending: { closedBy: "server", atMs: 300 },
    }),
    converse({
      clientPort: 40_012,
      serverPort: 443,
      startMs: 70,
      turns: [
        { from: "client", says: hello },
        { from: "server", says: Uint8Array.of(21, 3, 3, 0, 2, 2, 40) },
      ],
    }),
    converse({
      clientPort: 40_013,
      serverPort: 53,
      startMs: 80,
      turns: [
        { from: "client", says: overTcp },
        { from: "server", says: overTcpAnswer },
      ],
    }),
  ];
  const client = { source: "10.1.0.1", destination: "10.96.0.10" };
  const server = { source: "10.96.0.10", destination: "10.1.0.1" };
  const udp = (ms: number, ends: typeof client, ports: readonly [number, number], payload: Uint8Array): Recorded => ({
    ns: at(ms),
    bytes: ethernet(ip4({ ...ends, protocol: 17 }, udpDatagram(...ports, payload, ends))),
  });
  const quoted = ip4(
    { source: "10.1.0.1", destination: "10.2.0.2", protocol: 6 },
    tcpSegment(
      { sourcePort: 40_000, destinationPort: 8080, sequence: 1, acknowledged: 0, flags: 16, window: 1 },
      { source: "10.1.0.1", destination: "10.2.0.2" },
    ),
  );
  const icmp = (ms: number, code: number, rest: number): Recorded => ({
    ns: at(ms),
    bytes: ethernet(
      ip4(
        { source: "10.1.0.254", destination: "10.1.0.1", protocol: 1 },
        icmpMessage(3, code, rest, quoted.subarray(0, 28)),
      ),
    ),
  });
  const messages = [
    udp(1, client, [50_000, 53], dnsMessage(1, "a.svc.cluster.local")),
    udp(3, server, [53, 50_000], dnsMessage(1, "a.svc.cluster.local", { code: 0 })),
    udp(4, client, [50_001, 53], dnsMessage(2, "b.x")),
    udp(9, server, [53, 50_001], dnsMessage(2, "b.x", { code: 2 })),
    udp(10, client, [50_002, 53], dnsMessage(3, "lost.x")),
    udp(2_010, client, [50_002, 53], dnsMessage(3, "lost.x")),
    udp(2_020, client, [50_003, 53], dnsMessage(4, "c.x")),
    udp(2_030, server, [53, 50_003], dnsMessage(4, "c.x", { code: 3 })),
    icmp(100, 4, 1_400),
    icmp(110, 13, 0),
    udp(9_000, client, [50_004, 53], dnsMessage(5, "late.x")),
    udp(9_001, server, [53, 50_004], dnsMessage(5, "late.x", { code: 0, truncated: true })),
  ];
  return {
    name: "HTTP, TLS, DNS and ICMP",
    file: pcapFile(inTime(...seen.map((one) => recorded(one)), messages)),
    truth: { ...truthOf(seen.flat()), overtaken: 0, handshakes: 5, failures: 0 },
    differences: {},
    findings: [
      "dns-unanswered",
      "tls-failures",
      "dns-failures",
      "prohibited",
      "http-errors",
      "http-dropped",
      "http-aborted",
      "http-slow",
    ],
  };
}

/** BSD loopback: time-outs of the last segments of a burst, no time stamps, no IP IDs. */
function tailLoss(): Generated {
  const seen = converse({
    timeStamps: false,
    countedIds: false,
    tapToServerMs: 0.1,
    turns: Array.from({ length: 40 }, (_, index) => ({
      from: index % 2 === 0 ? ("client" as const) : ("server" as const),
      says: 2_000,
      afterMs: 5,
    })),
    fate: ({ from, length, again, nth }) =>
      from === "server" && length > 0 && length < 1_448 && !again && every(3, 1, nth)
        ? "lost behind the tap"
        : undefined,
  });
  return {
    name: "tail loss without time stamps, loopback",
    file: pcapFile(
      recorded(seen, ({ packet }) => loopback(packet)),
      { link: LOOPBACK },
    ),
    truth: { ...truthOf(seen), ...NO_FAILURES },
    differences: {},
    findings: ["loss"],
  };
}

/** One connection at two named interfaces of a pcapng file; the recorder says that it lost some at one of them. */
export function twoInterfaces(): Uint8Array {
  const seen = converse({ turns: download });
  const packets = seen.flatMap((one, index): Recorded[] => [
    { ns: at(one.atNs / 1e6), bytes: ethernet(one.packet), port: 0 },
    ...(index % 10 === 3
      ? []
      : [{ ns: at(one.atNs / 1e6 + 0.02), bytes: ethernet(vxlan(ethernet(one.packet), outer(one))), port: 1 }]),
  ]);
  return pcapngFile(
    packets.toSorted((a, b) => Number(a.ns - b.ns)),
    [{ name: "veth12" }, { name: "eth0", dropped: 43 }],
  );
}

/** All of them, made anew. */
export function generatedCaptures(): readonly Generated[] {
  return [
    lossy(),
    reordered(),
    doubled(),
    deaf("empty"),
    deaf("byte"),
    blackHole(),
    endings(),
    midFlow(),
    anyV1(),
    anyV2(),
    offloaded(),
    applications(),
    tailLoss(),
  ];
}
