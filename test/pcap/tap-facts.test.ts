import { expect, test } from "vitest";
import { CaptureReader } from "#src/pcap/capture-reader.ts";
import { addedTapFacts, type TapFactsData } from "#src/pcap/tap-evidence.ts";
import { TapFacts } from "#src/pcap/tap-facts.ts";
import { pcapFile, type Recorded } from "#test/support/pcap/capture-file.ts";
import {
  ACK,
  type Ends,
  ethernet,
  FIN,
  geneve,
  ip4,
  ip6,
  ipInIp,
  RST,
  type Segment,
  SYN,
  tcpSegment,
  vxlan,
} from "#test/support/pcap/frames.ts";

const BEGAN_NS = 1_790_000_000_000_000_000n;
const [CLIENT, SERVER] = ["10.42.0.5", "10.42.1.7"];
const [NODE, FAR] = ["172.20.0.11", "172.20.0.12"];
const BEGAN_MS = Number(BEGAN_NS / 1_000_000n);

type Sent = Partial<Segment> & {
  readonly s: number;
  readonly back?: true;
  readonly ttl?: number;
  readonly id?: number;
};

/** A packet between client port 40000 and server port 5432 at `s` seconds; `back` = from the server. */
function packet({ s, back, ttl = 64, id = 0, ...segment }: Sent, wrap = (inner: Uint8Array) => inner): Recorded {
  const ends: Ends = back ? { source: SERVER, destination: CLIENT } : { source: CLIENT, destination: SERVER };
  const [sourcePort, destinationPort] = back ? [5_432, 40_000] : [40_000, 5_432];
  const bytes = tcpSegment(
    { sourcePort, destinationPort, sequence: 0, acknowledged: 0, flags: ACK, window: 500, ...segment },
    ends,
  );
  return at(s, ethernet(wrap(ip4({ ...ends, protocol: 6, ttl, id }, bytes))));
}
const at = (s: number, bytes: Uint8Array): Recorded => ({ ns: BEGAN_NS + BigInt(Math.round(s * 1e9)), bytes });

function factsOf(packets: readonly Recorded[], chunk = Number.POSITIVE_INFINITY): TapFactsData {
  const facts = new TapFacts();
  const file = pcapFile(packets);
  for (let from = 0; from < file.length; from += chunk) facts.reader.push(file.subarray(from, from + chunk));
  facts.reader.end();
  const { subject, data } = facts.evidence("ulm ens5");
  expect(subject).toBe("ulm ens5");
  return data as TapFactsData;
}

const payload = new Uint8Array(100);
const open: readonly Recorded[] = [
  packet({ s: 0, flags: SYN, sequence: 999 }),
  packet({ s: 0.001, back: true, flags: SYN | ACK, sequence: 4_999, acknowledged: 1_000, ttl: 62 }),
  packet({ s: 0.002, sequence: 1_000, acknowledged: 5_000, payload, id: 7 }),
  packet({ s: 0.003, back: true, sequence: 5_000, acknowledged: 1_100, ttl: 62 }),
];

test("packets of a tunnel are counted by their outermost addresses, most first", () => {
  const nodes: Ends = { source: NODE, destination: FAR };
  const second: Ends = { source: "172.20.0.99", destination: FAR };
  const six: Ends = { source: "fd00::1", destination: "fd00::2" };
  const inner = ethernet(ip4({ source: CLIENT, destination: SERVER, protocol: 17 }, new Uint8Array(20)));
  const { outer } = factsOf([
    at(0, ethernet(vxlan(inner, nodes))),
    at(1, ethernet(vxlan(inner, second))),
    at(2, ethernet(vxlan(inner, second))),
    at(3, ethernet(geneve(inner, nodes), [7])),
    at(4, ethernet(ipInIp(ip4({ source: CLIENT, destination: SERVER, protocol: 17 }, new Uint8Array(20)), nodes))),
    at(5, ethernet(ip6({ ...six, protocol: 41 }, ip6({ ...six, protocol: 17 }, new Uint8Array(20))))),
    at(6, inner),
  ]);
  expect(outer).toEqual([
    { source: NODE, destination: FAR, packets: 3 },
    { source: "172.20.0.99", destination: FAR, packets: 2 },
    { source: "fd00::1", destination: "fd00::2", packets: 1 },
  ]);
});

test("attempts to connect are told apart by their sequence numbers, however often each is sent", () => {
  const { opens } = factsOf([
    ...open,
    ...[1, 2, 4].map((s) => packet({ s, flags: SYN, sequence: 70_000, sourcePort: 40_001 })),
    packet({ s: 5, flags: SYN, sequence: 90_000, sourcePort: 40_002 }),
    packet({ s: 5.1, back: true, flags: RST | ACK, acknowledged: 90_001, destinationPort: 40_002 }),
    // An answer to none of them.
    packet({ s: 6, back: true, flags: SYN | ACK, acknowledged: 12_345 }),
    packet({ s: 7, flags: SYN, sequence: 5, destinationPort: 80 }),
  ]);
  expect(opens).toEqual([
    { server: `${SERVER}:5432`, attempts: 3, syns: 5, accepted: 1, refused: 1 },
    { server: `${SERVER}:80`, attempts: 1, syns: 1, accepted: 0, refused: 0 },
  ]);
});

test("a reset is kept with what its side's packets usually carry", () => {
  const { resets, resetCount } = factsOf([
    ...open,
    packet({ s: 2, back: true, flags: RST, sequence: 5_000, ttl: 61 }),
    packet({ s: 3, flags: RST, sequence: 4_000_000_000, sourcePort: 40_009 }),
  ]);
  expect(resetCount).toBe(2);
  expect(resets).toEqual([
    {
      ...{ from: `${SERVER}:5432`, to: `${CLIENT}:40000`, sequence: 5_000, acknowledged: 0 },
      ...{ ttl: 61, usualTtl: 62, atMs: BEGAN_MS + 2_000 },
    },
    expect.objectContaining({ sequence: 4_000_000_000, ttl: 64, from: `${CLIENT}:40009` }),
  ]);
  expect(resets[1]).not.toHaveProperty("usualTtl");
});

test("data that is sent again makes stretches; copies, keep-alives and new data do not", () => {
  const { sentAgain } = factsOf([
    ...open,
    packet({ s: 1, sequence: 1_100, payload, id: 8 }),
    // The very same packet once more.
    packet({ s: 1.0001, sequence: 1_100, payload, id: 8 }),
    packet({ s: 1.2, sequence: 1_100, payload, id: 9 }),
    packet({ s: 1.6, sequence: 1_000, payload, id: 10 }),
    // Is somebody there?
    packet({ s: 3, sequence: 1_199, payload: new Uint8Array(1), id: 11 }),
    packet({ s: 4, sequence: 1_200, payload, id: 12 }),
    packet({ s: 5, sequence: 1_200, payload, id: 13 }),
    // The other side has numbers of its own.
    packet({ s: 6, back: true, sequence: 1_000, payload }),
  ]);
  expect(sentAgain).toEqual([
    [BEGAN_MS + 1_200, BEGAN_MS + 1_600, 2],
    [BEGAN_MS + 5_000, BEGAN_MS + 5_000, 1],
  ]);
});

const data = (s: number, more: Partial<Sent> = {}): Recorded => packet({ s, sequence: 1_100, payload, id: 9, ...more });

test.each<{ name: string; after: readonly Recorded[]; lived: number; cut: readonly string[] }>([
  {
    name: "is answered",
    after: [data(60), packet({ s: 60.1, back: true, sequence: 5_000, acknowledged: 1_200 })],
    lived: 1,
    cut: [],
  },
  {
    name: "is reset by the other side",
    after: [data(360), packet({ s: 360.1, back: true, flags: RST, sequence: 5_000 })],
    lived: 0,
    cut: ["reset 360"],
  },
  {
    name: "is sent again in vain",
    after: [data(360), data(360.2, { id: 10 }), data(361, { id: 11 }), data(364, { id: 12 })],
    lived: 0,
    cut: ["silence 360"],
  },
  {
    name: "is sent again and given up",
    after: [data(360), data(360.2), data(361), packet({ s: 375, flags: RST, sequence: 1_200 })],
    lived: 0,
    cut: ["silence 360"],
  },
  {
    name: "is answered late",
    after: [data(360), data(361), data(364), packet({ s: 365, back: true, sequence: 5_000, acknowledged: 1_200 })],
    lived: 1,
    cut: [],
  },
  { name: "is where the capture ends", after: [data(360)], lived: 0, cut: [] },
  {
    name: "is a keep-alive that is answered",
    after: [
      packet({ s: 100, sequence: 1_099 }),
      packet({ s: 100.1, back: true, sequence: 5_000, acknowledged: 1_100 }),
      data(105),
      packet({ s: 105.1, back: true, sequence: 5_000, acknowledged: 1_200 }),
    ],
    lived: 2,
    cut: [],
  },
  {
    name: "is the end of the connection",
    after: [packet({ s: 60, flags: FIN | ACK, sequence: 1_100 }), packet({ s: 61, flags: RST, sequence: 1_101 })],
    lived: 0,
    cut: [],
  },
  { name: "comes within a second", after: [data(1), data(1.3), data(5)], lived: 0, cut: [] },
  {
    name: "is a reset that nobody asked for",
    after: [packet({ s: 60, flags: RST, sequence: 1_100 }), packet({ s: 90, flags: RST, sequence: 1_100 })],
    lived: 0,
    cut: ["unasked 60"],
  },
  {
    name: "is a reset when both have said goodbye",
    after: [
      packet({ s: 1, flags: FIN | ACK, sequence: 1_100 }),
      packet({ s: 1.1, back: true, sequence: 5_000, acknowledged: 1_101 }),
      packet({ s: 60, back: true, flags: RST, sequence: 5_000 }),
    ],
    lived: 0,
    cut: [],
  },
  {
    name: "is the next connection from the same port",
    after: [
      data(60),
      packet({ s: 61, flags: SYN, sequence: 90_000 }),
      packet({ s: 61.1, back: true, flags: SYN | ACK, sequence: 70_000, acknowledged: 90_001 }),
      packet({ s: 66, flags: RST, sequence: 90_001 }),
    ],
    lived: 0,
    cut: ["unasked 5"],
  },
])("what follows a silence $name", ({ after, lived, cut }) => {
  const { idle } = factsOf([...open, ...after]);
  expect(idle.lived).toBe(lived);
  expect(idle.cut.map(({ how, silentMs }) => `${how} ${Math.round(silentMs / 1_000)}`)).toEqual(cut);
  expect(idle.cutCount).toBe(cut.length);
  for (const one of idle.cut) expect(one).toMatchObject({ from: `${CLIENT}:40000`, to: `${SERVER}:5432` });
});

function arp(s: number, ip: string, mac: readonly number[], kind = 2): Recorded {
  const address = ip.split(".").map(Number);
  return at(
    s,
    ethernet(Uint8Array.of(0, 1, 8, 0, 6, 4, 0, kind, ...mac, ...address, 0, 0, 0, 0, 0, 0, 10, 0, 0, 9), [], 0x0806),
  );
}

test("who announces or answers for an address by ARP is counted; who only looks whether it is free is not", () => {
  const [one, other] = [
    [2, 0, 0, 0, 0, 1],
    [2, 0, 0, 0, 0, 0xfe],
  ];
  const facts = factsOf([
    arp(0, "10.0.0.5", one),
    arp(1, "10.0.0.5", other),
    arp(2, "10.0.0.5", one, 1),
    arp(3, "0.0.0.0", other, 1),
    arp(4, "10.0.0.6", other),
  ]);
  expect(facts.arp).toEqual([
    { ip: "10.0.0.5", macs: { "02:00:00:00:00:01": 2, "02:00:00:00:00:fe": 1 }, changes: 2 },
    { ip: "10.0.0.6", macs: { "02:00:00:00:00:fe": 1 }, changes: 0 },
  ]);
});

test("however the file is cut into pieces, the facts are the same", () => {
  const packets = [...open, data(60), arp(61, "10.0.0.5", [2, 0, 0, 0, 0, 1]), data(63.5), data(64)];
  expect(factsOf(packets, 7)).toEqual(factsOf(packets));
});

test("packets that are cut anywhere do no harm", () => {
  const inner = ethernet(ip4({ source: CLIENT, destination: SERVER, protocol: 17 }, new Uint8Array(20)));
  const wholes = [
    packet({ s: 0, flags: SYN }).bytes,
    arp(0, "10.0.0.5", [2, 0, 0, 0, 0, 1]).bytes,
    ethernet(vxlan(inner, { source: NODE, destination: FAR }), [3, 4]),
  ];
  const cut = wholes.flatMap((bytes) =>
    Array.from({ length: bytes.length }, (_, length) => ({
      ...at(length / 1_000, bytes.subarray(0, length)),
      original: bytes.length,
    })),
  );
  const facts = factsOf(cut);
  expect(facts.packets).toBe(cut.length);
  // 14 bytes of Ethernet and 28 of ARP are all that it takes; the minimum of a frame is padding.
  for (const { ip } of facts.arp) expect(ip).toBe("10.0.0.5");
  for (const { source } of facts.outer) expect(source).toBe(NODE);
});

test("it reads along with another reader, by a node's clock that is ahead", () => {
  const facts = new TapFacts();
  const reader = new CaptureReader(facts);
  facts.readBy(reader);
  reader.push(pcapFile([...open, packet({ s: 2, back: true, flags: RST, sequence: 5_000 })]));
  reader.end();
  const { resets } = facts.evidence("ulm ens5", 1_500).data as TapFactsData;
  expect(resets.map(({ atMs }) => atMs)).toEqual([BEGAN_MS + 500]);
});

test("facts of the pieces of a capture add up to those of the whole", () => {
  const first = [...open, data(1, { id: 8 }), data(1.3, { id: 9 }), arp(2, "10.0.0.5", [2, 0, 0, 0, 0, 1])];
  const second = [
    packet({ s: 20, flags: SYN, sequence: 7 }),
    packet({ s: 20.1, back: true, flags: RST | ACK, acknowledged: 8 }),
    arp(21, "10.0.0.5", [2, 0, 0, 0, 0, 1]),
    arp(22, "10.0.0.9", [2, 0, 0, 0, 0, 9]),
  ];
  const whole = factsOf([...first, ...second]);
  // The one reset is of a connection of which the second piece does not know what its packets carry.
  const { usualTtl, ...reset } = whole.resets[0] as TapFactsData["resets"][number];
  expect(usualTtl).toBe(62);
  expect(addedTapFacts(factsOf(first), factsOf(second))).toEqual({ ...whole, resets: [reset] });
});

test("more connections than have room are forgotten from the eldest on, and nothing breaks", () => {
  const many = Array.from({ length: 40_000 }, (_, n) =>
    packet({
      s: 1 + n / 10_000,
      flags: SYN,
      sequence: 1e6 + n * 3,
      sourcePort: 1_024 + (n % 60_000),
      destinationPort: 80,
    }),
  );
  const { opens, idle } = factsOf([
    ...open,
    ...many,
    // Its silence is not known any more.
    data(360),
    packet({ s: 360.1, back: true, flags: RST, sequence: 5_000 }),
  ]);
  expect(opens.find(({ server }) => server.endsWith(":80"))).toMatchObject({ attempts: 40_000, syns: 40_000 });
  expect(idle.cut).toEqual([]);
});
