import type { HopPoint } from "#src/pcap/hop-summary.ts";
import { pcapFile, type Recorded } from "./capture-file.ts";
import { ACK, type Ends, ethernet, icmpMessage, ip4, tcpSegment, udpDatagram, vxlan } from "./frames.ts";

/** A path of a pod's packets to another pod, as taps on both nodes see it; all random choices from one seed. */

export const POINTS = ["pod", "veth", "tunnel", "nic", "far-nic", "far-tunnel", "far-pod"] as const;
/** Points at which a packet has the same bytes have the same number. */
const LOOKS = [0, 0, 1, 2, 2, 3, 3] as const;
/** Index of the first point on the far node. */
export const FAR = 4;

const [POD, FAR_POD, SERVICE] = ["10.42.0.5", "10.42.1.7", "10.96.3.9"];
const [NODE, FAR_NODE] = ["172.20.0.11", "172.20.0.12"];
const ELSEWHERE = "10.42.9.9";
/** All that they carry on the way, masked or not. */
export const ADDRESSES = { from: [POD, NODE], to: [FAR_POD, SERVICE] };
export const BEGAN_NS = 1_790_000_000_000_000_000n;
export const MTU = 1450;
/** Of the data of a packet. */
const DATA_BYTES = 40;

export type PathOptions = {
  readonly seed: number;
  readonly seconds?: number;
  /** Share of packets that are lost between point `hop` and the next one on the way, one direction. */
  readonly loses?: { readonly hop: number; readonly direction: "forward" | "backward"; readonly share: number };
  /** Share that the recorder at a point misses. */
  readonly misses?: { readonly point: number; readonly share: number };
  readonly overlay?: "vxlan" | "host-gw";
  /** The pod asks a Service: its own points see another address than those behind the rewriting (from point 2 on). */
  readonly service?: boolean;
  /** Pod points see segments before the network card cuts them, far ones after it has merged them. */
  readonly offload?: boolean;
  /** Of the far node's clock. */
  readonly skewMs?: number;
  readonly driftPpm?: number;
  /** Packets above this many bytes are lost at hop 3. */
  readonly mtu?: number;
  /** Points that packets of some direction, or of some protocol, pass by. */
  readonly passes?: readonly {
    readonly point: number;
    readonly direction?: "forward" | "backward";
    readonly protocol?: "tcp" | "udp" | "icmp";
  }[];
  /** A point that sees every packet twice, as a bridge does when a packet goes in and out. */
  readonly twice?: number;
  /** The node puts its own address in the place of the pod's, from its NIC on. */
  readonly masks?: boolean;
  /** What is lost is sent again 300 ms later, and looks the same: without time stamps. */
  readonly resends?: boolean;
  /** Packets of the pod with somebody else, a share of all, seen at its own points only. */
  readonly others?: number;
  /** Datagrams a second that all look the same: without an IP ID, and with the same data. They are lost as often as others. */
  readonly beats?: number;
};

export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Travelling = {
  readonly backward: boolean;
  readonly sentMs: number;
  /** Bytes of data; 0 = an ACK. */
  readonly length: number;
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly id: number;
  readonly sequence: number;
  readonly acknowledged: number;
  /** With somebody else. */
  readonly other?: boolean;
};

/** A file for each point, in the order of POINTS, and how many packets were really lost. */
export function capturesOf(options: PathOptions): { readonly files: readonly Uint8Array[]; readonly lost: number } {
  const { points, lost } = recordedOf(options);
  return { files: points.map((packets) => pcapFile(packets, { snapLength: 128 })), lost };
}

/** What each point recorded, in the order of time. */
export function recordedOf(options: PathOptions): {
  readonly points: readonly (readonly Recorded[])[];
  readonly lost: number;
} {
  const next = random(options.seed);
  const seen: Recorded[][] = POINTS.map(() => []);
  let lost = 0;
  const sendings = traffic(options, next).flatMap((packet) => [
    packet,
    ...(next() < (options.others ?? 0)
      ? [{ ...packet, other: true, id: packet.id ^ 0x8000, sequence: packet.sequence ^ 0x40000000 }]
      : []),
  ]);
  // Drawn last, so that everything else stays as it is without them.
  const { beats = 0, seconds = 8 } = options;
  const beating = Array.from(
    { length: beats * seconds },
    (_, n): Travelling => ({
      ...{
        backward: false,
        sentMs: (n * 1_000) / beats,
        length: 40,
        protocol: "udp",
        id: 0,
        sequence: 0,
        acknowledged: 0,
      },
    }),
  );
  for (const packet of [...sendings, ...beating]) {
    // It looks the same at both points of the pod, at both NICs, and at both points behind them.
    const frames: Pick<Recorded, "bytes" | "original">[] = [];
    const frame = (point: number): Pick<Recorded, "bytes" | "original"> =>
      (frames[LOOKS[point] ?? 0] ??= frameAt(options, point, packet));
    for (let ms: number | undefined = packet.sentMs; ms !== undefined; ms = options.resends ? ms : undefined) {
      const lostThere = travel(options, packet, ms, next, (point, at) => {
        seen[point]?.push({ ns: shown(options, point, at), ...frame(point) });
        if (options.twice === point) seen[point]?.push({ ns: shown(options, point, at + 0.004), ...frame(point) });
      });
      if (!lostThere) break;
      lost++;
      ms += 300;
    }
  }
  return { points: seen.map((packets, point) => inOrder(merged(options, point, packets))), lost };
}

/** A packet on its way, and who sees it; true when it is lost. */
function travel(
  options: PathOptions,
  packet: Travelling,
  sentMs: number,
  next: () => number,
  see: (point: number, ms: number) => void,
): boolean {
  const { loses, mtu, misses, passes = [] } = options;
  let ms = sentMs;
  for (let step = 0; step < (packet.other ? 2 : POINTS.length); step++) {
    const point = packet.backward ? POINTS.length - 1 - step : step;
    if (step > 0) {
      const hop = packet.backward ? point : point - 1;
      // A queue now and then, and the wire between the nodes.
      ms += 0.005 + (hop === FAR - 1 ? 0.15 : 0) + (next() < 0.1 ? next() * 2 : 0);
      const unlucky =
        loses?.hop === hop && (loses.direction === "backward") === packet.backward && next() < loses.share;
      if (unlucky || (mtu !== undefined && hop === FAR - 1 && packet.length + 52 > mtu)) return true;
    }
    if (misses?.point === point && next() < misses.share) continue;
    const way = packet.backward ? "backward" : "forward";
    const { protocol } = packet;
    const isBy = (one: (typeof passes)[number]): boolean =>
      one.point === point && (one.direction ?? way) === way && (one.protocol ?? protocol) === protocol;
    if (passes.some(isBy)) continue;
    see(point, ms);
  }
  return false;
}

/** Points without what only a caller can know. */
export const pointsOf = (more: Partial<HopPoint> = {}): readonly HopPoint[] =>
  POINTS.map((id, index) => ({ id, node: index < FAR ? "near" : "far", ...more }));

function traffic({ seconds = 8 }: PathOptions, next: () => number): readonly Travelling[] {
  const found: Travelling[] = [];
  let [sequence, acknowledged, id, back] = [1_000, 5_000, 7, 60_000];
  for (let ms = 0; ms < seconds * 1_000; ms += 6 + next() * 12) {
    const length = next() < 0.6 ? 1_398 : Math.floor(1 + next() * 1_300);
    const common = { protocol: "tcp" as const };
    // Some at once, which the network card cuts from one large segment.
    for (let burst = next() < 0.1 ? 3 : 1; burst > 0; burst--) {
      const bytes = burst > 1 ? 1_398 : length;
      found.push({ ...common, backward: false, sentMs: ms, length: bytes, id: id++, sequence, acknowledged });
      sequence = (sequence + bytes) | 0;
    }
    found.push({
      ...common,
      backward: true,
      sentMs: ms + 1,
      length: 0,
      id: back++,
      sequence: acknowledged,
      acknowledged: sequence,
    });
    const other = { length: 40, sequence: id, acknowledged: 0 };
    if (next() < 0.2) found.push({ ...other, backward: next() < 0.5, sentMs: ms + 1.5, protocol: "udp", id: id++ });
    if (next() < 0.2) found.push({ ...other, backward: next() < 0.5, sentMs: ms + 1.7, protocol: "icmp", id: id++ });
  }
  return found;
}

function shown({ skewMs = 0, driftPpm = 0 }: PathOptions, point: number, ms: number): bigint {
  const far = point >= FAR ? skewMs + (ms * driftPpm) / 1e6 : 0;
  return BEGAN_NS + BigInt(Math.round((ms + far) * 1e6));
}

/** A capture in files of so many milliseconds each, as a recorder leaves them; by the time of the point's own clock. */
export function segmentsOf(
  packets: readonly Recorded[],
  everyMs: number,
): readonly { readonly number: number; readonly fromMs: number; readonly toMs: number; readonly bytes: Uint8Array }[] {
  const ms = ({ ns }: Recorded): number => Number(ns / 1_000n) / 1e3;
  const [first] = packets;
  if (!first) return [];
  const begin = ms(first);
  const groups = Map.groupBy(packets, (packet) => Math.floor((ms(packet) - begin) / everyMs));
  return [...groups].map(([number, own]) => ({
    ...{ number, fromMs: ms(own[0] as Recorded), toMs: begin + (number + 1) * everyMs },
    bytes: pcapFile(own, { snapLength: 128 }),
  }));
}

const inOrder = (packets: readonly Recorded[]): readonly Recorded[] =>
  packets.toSorted((one, other) => Number(one.ns - other.ns));

/** Recorded headers only, as if the rest had been there: lengths are those of the whole packet. */
function frameAt(
  { service = false, overlay = "vxlan", masks = false, resends = false }: PathOptions,
  point: number,
  packet: Travelling,
): Pick<Recorded, "bytes" | "original"> {
  const far = packet.other ? ELSEWHERE : service && point < 2 ? SERVICE : FAR_POD;
  const near = masks && point > 2 ? NODE : POD;
  const ends: Ends = packet.backward ? { source: far, destination: near } : { source: near, destination: far };
  const payload = payloadOf(packet, ends, {
    rewritten: service && point < 2,
    masked: masks && point > 2,
    stamps: !resends,
  });
  const whole = 20 + payload.length + Math.max(0, packet.length - DATA_BYTES);
  const inner = ip4({ ...ends, ...about(packet), ttl: point < 2 ? 64 : 63, totalLength: whole }, payload);
  if (overlay !== "vxlan" || (point !== 3 && point !== 4)) return { bytes: ethernet(inner), original: 14 + whole };
  const nodes: Ends = packet.backward
    ? { source: FAR_NODE, destination: NODE }
    : { source: NODE, destination: FAR_NODE };
  const bytes = ethernet(vxlan(ethernet(inner), nodes));
  const view = new DataView(bytes.buffer);
  view.setUint16(16, whole + 50);
  view.setUint16(38, whole + 30);
  return { bytes, original: 14 + 50 + whole };
}

const PROTOCOLS = { tcp: 6, udp: 17, icmp: 1 };
const about = ({ protocol, id }: Travelling) => ({
  protocol: PROTOCOLS[protocol],
  id,
  dontFragment: protocol !== "udp",
});

function payloadOf(
  packet: Travelling,
  ends: Ends,
  { rewritten, masked, stamps }: { readonly rewritten: boolean; readonly masked: boolean; readonly stamps: boolean },
): Uint8Array {
  const { backward, length, sequence, acknowledged, protocol, sentMs } = packet;
  const port = rewritten ? 80 : 8_080;
  const [sourcePort, destinationPort] = backward ? [port, 40_000] : [40_000, port];
  if (protocol === "udp") return udpDatagram(sourcePort, destinationPort, filledWith(sequence, length), ends);
  if (protocol === "icmp")
    return icmpMessage(
      backward ? 0 : 8,
      0,
      ((masked ? 0x7777 : 0x1234) << 16) | (sequence & 0xffff),
      filledWith(sequence, length),
    );
  const options = new Uint8Array(12).fill(1);
  if (stamps) {
    new DataView(options.buffer).setUint32(0, 0x0101080a);
    new DataView(options.buffer).setUint32(4, Math.floor(sentMs));
  }
  const segment = { sourcePort, destinationPort, sequence, acknowledged, flags: ACK, window: 500, options };
  return tcpSegment({ ...segment, payload: new Uint8Array(Math.min(length, DATA_BYTES)) }, ends);
}

function filledWith(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setInt32(0, number);
  return bytes;
}

/** IP and TCP. */
const HEADERS = 20 + 32;

/** Neighbouring full segments as one, as the point's network card hands them over. */
function merged({ offload = false }: PathOptions, point: number, packets: readonly Recorded[]): readonly Recorded[] {
  if (!offload || (point > 1 && point < POINTS.length - 1)) return packets;
  const found: Recorded[] = [];
  for (const packet of packets) {
    const before = found.at(-1);
    const joint = before && point !== 0 ? undefined : before && joinedSegments(before, packet);
    if (joint) found[found.length - 1] = joint;
    else found.push(packet);
  }
  return found;
}

/** Two segments that follow each other, of which the first is whole pieces of 1,398 bytes, in one. */
function joinedSegments(one: Recorded, other: Recorded): Recorded | undefined {
  const [first, second] = [new DataView(one.bytes.buffer), new DataView(other.bytes.buffer)];
  const [size, more] = [first.getUint16(16) - HEADERS, second.getUint16(16) - HEADERS];
  const tcp = one.bytes[23] === 6 && other.bytes[23] === 6;
  if (!tcp || size <= 0 || more <= 0 || size % 1_398 !== 0 || size > 10_000) return undefined;
  if (first.getInt32(26) !== second.getInt32(26) || first.getInt32(58) !== second.getInt32(58)) return undefined;
  if (first.getInt32(38) + size !== second.getInt32(38) || first.getInt32(42) !== second.getInt32(42)) return undefined;
  const bytes = Uint8Array.from(one.bytes);
  new DataView(bytes.buffer).setUint16(16, HEADERS + size + more);
  return { ...one, bytes, original: 14 + HEADERS + size + more };
}
