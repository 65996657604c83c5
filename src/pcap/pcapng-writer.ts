const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const STATISTICS = 5;
const ENHANCED_PACKET = 6;
/** Options of every block, of sections, interfaces and statistics (draft-ietf-opsawg-pcapng, 3.5, 4.1, 4.2, 4.6). */
const COMMENT = 1;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const ISB_STARTTIME = 2;
const ISB_ENDTIME = 3;
const ISB_IFRECV = 4;
const ISB_OSDROP = 7;
const NANOSECONDS = 9;
/** An option's length has 16 bits. */
const MAX_OPTION = 65_532;

type Option = readonly [code: number, value: Uint8Array];

/** Cut at the end of a character. */
function utf8(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= MAX_OPTION) return bytes;
  let end = MAX_OPTION;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/** Blocks of a pcapng file of one section, little-endian, with times in nanoseconds. */
export function sectionBlock(comment: string): Uint8Array {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(0, 0x1a2b3c4d, true);
  view.setUint16(4, 1, true);
  view.setBigInt64(8, -1n, true);
  return block(SECTION, body, [
    [COMMENT, utf8(comment)],
    [SHB_USERAPPL, utf8("netcheck")],
  ]);
}

export function interfaceBlock(
  link: number,
  snapLength: number,
  name: string,
  comments: readonly string[] = [],
): Uint8Array {
  const body = new Uint8Array(8);
  const view = new DataView(body.buffer);
  view.setUint16(0, link, true);
  view.setUint32(4, snapLength, true);
  const named: readonly Option[] = name === "" ? [] : [[IF_NAME, utf8(name)]];
  return block(INTERFACE, body, [...said(comments), ...named, [IF_TSRESOL, Uint8Array.of(NANOSECONDS)]]);
}

/** What a recorder counted at an interface from `fromNs` to `toNs`: packets received, and lost by the operating system. */
export function statisticsBlock(
  port: number,
  { fromNs, toNs, received, dropped }: { fromNs: bigint; toNs: bigint; received: number; dropped: number },
): Uint8Array {
  const body = new Uint8Array(12);
  new DataView(body.buffer).setUint32(0, port, true);
  body.set(time(toNs), 4);
  return block(STATISTICS, body, [
    [ISB_STARTTIME, time(fromNs)],
    [ISB_ENDTIME, time(toNs)],
    [ISB_IFRECV, counter(received)],
    [ISB_OSDROP, counter(dropped)],
  ]);
}

/** High word, low word. */
function time(ns: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Number(BigInt.asUintN(32, ns >> 32n)), true);
  view.setUint32(4, Number(BigInt.asUintN(32, ns)), true);
  return bytes;
}

function counter(count: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(count), true);
  return bytes;
}

const said = (comments: readonly string[]): readonly Option[] => comments.map((comment) => [COMMENT, utf8(comment)]);

/** A packet at `ns` nanoseconds since 1970, with a comment for whoever looks at it in Wireshark. */
export function packetBlock(
  port: number,
  ns: bigint,
  packet: Uint8Array,
  original: number,
  comments: readonly string[],
): Uint8Array {
  const body = new Uint8Array(20 + padded(packet.length));
  const view = new DataView(body.buffer);
  view.setUint32(0, port, true);
  body.set(time(ns), 4);
  view.setUint32(12, packet.length, true);
  view.setUint32(16, original, true);
  body.set(packet, 20);
  return block(ENHANCED_PACKET, body, said(comments));
}

/** Bytes of the block of a packet of which `captured` bytes are kept. */
export function packetBlockBytes(captured: number, comments: readonly string[]): number {
  return 32 + padded(captured) + roomOf(said(comments));
}

function block(type: number, body: Uint8Array, options: readonly Option[]): Uint8Array {
  const length = 12 + body.length + roomOf(options);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  bytes.set(body, 8);
  let at = 8 + body.length;
  for (const [code, value] of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  view.setUint32(length - 4, length, true);
  return bytes;
}

const roomOf = (options: readonly Option[]): number =>
  options.reduce((sum, [, value]) => sum + 4 + padded(value.length), options.length > 0 ? 4 : 0);

const padded = (length: number): number => (length + 3) & ~3;
