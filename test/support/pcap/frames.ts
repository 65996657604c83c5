/** Builds packets byte by byte, from the inside out: each function puts one header in front of what it is given. */

/** What a TCP segment says. Payload is given as bytes. */
export type Segment = {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly flags: number;
  readonly window: number;
  /** Options, a multiple of four bytes. */
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
};

export type Ends = { readonly source: string; readonly destination: string };

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
const TCP = 6;
const UDP = 17;

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const text = (words: string): Uint8Array => new TextEncoder().encode(words);

function filled(length: number, fill: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer), bytes);
  return bytes;
}

/** Captures have many packets and few addresses. */
const known = new Map<string, Uint8Array>();
function addressBytes(address: string): Uint8Array {
  const bytes = known.get(address) ?? Uint8Array.from(parsedAddress(address));
  known.set(address, bytes);
  return bytes;
}

const parsedAddress = (address: string): readonly number[] => {
  if (!address.includes(":")) return address.split(".").map(Number);
  const [head = "", tail] = address.split("::");
  const groups = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const [front, back] = [groups(head), groups(tail ?? "")];
  const middle = tail === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => 0);
  return [...front, ...middle, ...back].flatMap((group) => [group >> 8, group & 255]);
};

/** Of words of 16 bits, the last one filled up with zeros. */
function wordSum(bytes: Uint8Array): number {
  let sum = 0;
  const even = bytes.length & ~1;
  for (let at = 0; at < even; at += 2) sum += ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return even === bytes.length ? sum : sum + ((bytes[even] as number) << 8);
}

/** The Internet checksum (RFC 1071) over bytes, with what a pseudo header adds. */
function checksum(bytes: Uint8Array, start = 0): number {
  let sum = start + wordSum(bytes);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function pseudo({ source, destination }: Ends, protocol: number, length: number): number {
  return protocol + length + wordSum(addressBytes(source)) + wordSum(addressBytes(destination));
}

export function tcpSegment(segment: Segment, ends: Ends): Uint8Array {
  const { options = new Uint8Array(0), payload = new Uint8Array(0) } = segment;
  const whole = joined(new Uint8Array(20), options, payload);
  const view = new DataView(whole.buffer);
  view.setUint16(0, segment.sourcePort);
  view.setUint16(2, segment.destinationPort);
  view.setInt32(4, segment.sequence | 0);
  view.setInt32(8, segment.acknowledged | 0);
  view.setUint8(12, ((20 + options.length) / 4) << 4);
  view.setUint8(13, segment.flags);
  view.setUint16(14, segment.window);
  view.setUint16(16, checksum(whole, pseudo(ends, TCP, whole.length)));
  return whole;
}

export function udpDatagram(sourcePort: number, destinationPort: number, payload: Uint8Array, ends: Ends): Uint8Array {
  const header = filled(8, (view) => {
    view.setUint16(0, sourcePort);
    view.setUint16(2, destinationPort);
    view.setUint16(4, 8 + payload.length);
  });
  const whole = joined(header, payload);
  new DataView(whole.buffer).setUint16(6, checksum(whole, pseudo(ends, UDP, whole.length)));
  return whole;
}

/** An ICMP message: type, code, the four bytes behind the checksum, and the rest. */
export function icmpMessage(type: number, code: number, rest: number, payload: Uint8Array): Uint8Array {
  const whole = joined(new Uint8Array(8), payload);
  const view = new DataView(whole.buffer);
  view.setUint8(0, type);
  view.setUint8(1, code);
  view.setUint32(4, rest);
  view.setUint16(2, checksum(whole));
  return whole;
}

type Ip4 = Ends & {
  readonly protocol: number;
  readonly id?: number;
  readonly ttl?: number;
  readonly dontFragment?: boolean;
  /** Bytes in front of this piece, and whether more follow. */
  readonly offset?: number;
  readonly more?: boolean;
  /** What stands in the header for the total length: 0 for segments that only the network card cuts. */
  readonly totalLength?: number;
};

export function ip4(about: Ip4, payload: Uint8Array): Uint8Array {
  const { id = 0, ttl = 64, dontFragment = true, offset = 0, more = false } = about;
  const header = filled(20, (view, bytes) => {
    view.setUint8(0, 0x45);
    view.setUint16(2, about.totalLength ?? 20 + payload.length);
    view.setUint16(4, id & 0xffff);
    view.setUint16(6, (dontFragment && !more && offset === 0 ? 0x4000 : 0) | (more ? 0x2000 : 0) | (offset >> 3));
    view.setUint8(8, ttl);
    view.setUint8(9, about.protocol);
    bytes.set(addressBytes(about.source), 12);
    bytes.set(addressBytes(about.destination), 16);
    view.setUint16(10, checksum(bytes));
  });
  return joined(header, payload);
}

/** `extensions` stand between the header and the payload; `next` is the type of the first of them. */
export function ip6(
  about: Ends & {
    readonly protocol: number;
    readonly hops?: number;
    readonly next?: number;
    readonly extensions?: Uint8Array;
  },
  payload: Uint8Array,
): Uint8Array {
  const { extensions = new Uint8Array(0) } = about;
  const header = filled(40, (view, bytes) => {
    view.setUint32(0, 0x60000000);
    view.setUint16(4, extensions.length + payload.length);
    view.setUint8(6, about.next ?? about.protocol);
    view.setUint8(7, about.hops ?? 64);
    bytes.set(addressBytes(about.source), 8);
    bytes.set(addressBytes(about.destination), 24);
  });
  return joined(header, extensions, payload);
}

/** Cuts an IPv4 packet into fragments of at most `mtu` bytes. */
export function fragments(about: Ip4, payload: Uint8Array, mtu: number): Uint8Array[] {
  const room = (mtu - 20) & ~7;
  const pieces: Uint8Array[] = [];
  for (let offset = 0; offset < payload.length; offset += room)
    pieces.push(
      ip4({ ...about, offset, more: offset + room < payload.length }, payload.subarray(offset, offset + room)),
    );
  return pieces;
}

export const etherTypeOf = (packet: Uint8Array): number => ((packet[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800);

const MAC = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

/** `tags` are VLAN ids, the outermost first. */
export function ethernet(packet: Uint8Array, tags: readonly number[] = [], type = etherTypeOf(packet)): Uint8Array {
  const header = filled(14 + tags.length * 4, (view, bytes) => {
    bytes.set(MAC);
    for (const [place, tag] of tags.entries()) {
      view.setUint16(12 + place * 4, place === 0 && tags.length > 1 ? 0x88a8 : 0x8100);
      view.setUint16(14 + place * 4, tag);
    }
    view.setUint16(12 + tags.length * 4, type);
  });
  return joined(header, packet);
}

/** Linux cooked v1: packet type 0 = to us, 4 = sent by us. */
export function cooked1(packet: Uint8Array, packetType: number): Uint8Array {
  const header = filled(16, (view, bytes) => {
    view.setUint16(0, packetType);
    view.setUint16(2, 1);
    view.setUint16(4, 6);
    bytes.set(MAC.slice(0, 6), 6);
    view.setUint16(14, etherTypeOf(packet));
  });
  return joined(header, packet);
}

/** Linux cooked v2, which says at which interface. */
export function cooked2(packet: Uint8Array, packetType: number, interfaceIndex: number): Uint8Array {
  const header = filled(20, (view, bytes) => {
    view.setUint16(0, etherTypeOf(packet));
    view.setUint32(4, interfaceIndex);
    view.setUint16(8, 1);
    view.setUint8(10, packetType);
    view.setUint8(11, 6);
    bytes.set(MAC.slice(0, 6), 12);
  });
  return joined(header, packet);
}

/** BSD loopback: the address family in the byte order of the host. */
export const loopback = (packet: Uint8Array): Uint8Array =>
  joined(Uint8Array.of(packet[0] === 0x60 ? 24 : 2, 0, 0, 0), packet);

export function vxlan(frame: Uint8Array, outer: Ends, { port = 4789, vni = 1, id = 0 } = {}): Uint8Array {
  const header = filled(8, (view) => {
    view.setUint8(0, 8);
    view.setUint32(4, vni << 8);
  });
  return ip4(
    { ...outer, protocol: UDP, id, dontFragment: false },
    udpDatagram(50_000, port, joined(header, frame), outer),
  );
}

export function geneve(
  inner: Uint8Array,
  outer: Ends,
  { type = 0x6558, options = new Uint8Array(0) } = {},
): Uint8Array {
  const header = filled(8, (view) => {
    view.setUint8(0, options.length / 4);
    view.setUint16(2, type);
    view.setUint32(4, 7 << 8);
  });
  return ip4({ ...outer, protocol: UDP }, udpDatagram(50_001, 6081, joined(header, options, inner), outer));
}

export const ipInIp = (packet: Uint8Array, outer: Ends): Uint8Array =>
  ip4({ ...outer, protocol: etherTypeOf(packet) === 0x0800 ? 4 : 41 }, packet);

export function gre(packet: Uint8Array, outer: Ends, key?: number): Uint8Array {
  const header = filled(key === undefined ? 4 : 8, (view) => {
    view.setUint16(0, key === undefined ? 0 : 0x2000);
    view.setUint16(2, etherTypeOf(packet));
    if (key !== undefined) view.setUint32(4, key);
  });
  return ip4({ ...outer, protocol: 47 }, joined(header, packet));
}

/** A query, or an answer with this code (RFC 1035, 4.1). */
export function dnsMessage(
  id: number,
  name: string,
  answer?: { readonly code: number; readonly truncated?: boolean },
): Uint8Array {
  const labels = name.split(".").flatMap((label) => [label.length, ...text(label)]);
  const header = filled(12, (view) => {
    view.setUint16(0, id);
    view.setUint16(2, answer ? 0x8180 | answer.code | (answer.truncated ? 0x0200 : 0) : 0x0100);
    view.setUint16(4, 1);
  });
  return joined(header, Uint8Array.from([...labels, 0, 0, 1, 0, 1]));
}
