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
  const options: readonly Option[] = [
    [COMMENT, utf8(comment)],
    [SHB_USERAPPL, utf8("netcheck")],
  ];
  return block(SECTION, 16, options, (view) => {
    view.setUint32(8, 0x1a2b3c4d, true);
    view.setUint16(12, 1, true);
    view.setBigInt64(16, -1n, true);
  });
}

export function interfaceBlock(
  link: number,
  snapLength: number,
  name: string,
  comments: readonly string[] = [],
): Uint8Array {
  const named: readonly Option[] = name === "" ? [] : [[IF_NAME, utf8(name)]];
  const options: readonly Option[] = [...said(comments), ...named, [IF_TSRESOL, Uint8Array.of(NANOSECONDS)]];
  return block(INTERFACE, 8, options, (view) => {
    view.setUint16(8, link, true);
    view.setUint32(12, snapLength, true);
  });
}

/** What a recorder counted at an interface from `fromNs` to `toNs`: packets received, and lost by the operating system. */
export function statisticsBlock(
  port: number,
  { fromNs, toNs, received, dropped }: { fromNs: bigint; toNs: bigint; received: number; dropped: number },
): Uint8Array {
  const options: readonly Option[] = [
    [ISB_STARTTIME, eight((view) => setTime(view, 0, fromNs))],
    [ISB_ENDTIME, eight((view) => setTime(view, 0, toNs))],
    [ISB_IFRECV, eight((view) => view.setBigUint64(0, BigInt(received), true))],
    [ISB_OSDROP, eight((view) => view.setBigUint64(0, BigInt(dropped), true))],
  ];
  return block(STATISTICS, 12, options, (view) => {
    view.setUint32(8, port, true);
    setTime(view, 12, toNs);
  });
}

function eight(fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(8);
  fill(new DataView(bytes.buffer));
  return bytes;
}

/** A packet at `ns` nanoseconds since 1970, with comments for whoever looks at it in Wireshark. */
export function packetBlock(
  port: number,
  ns: bigint,
  packet: Uint8Array,
  original: number,
  comments: readonly string[],
): Uint8Array {
  return block(ENHANCED_PACKET, 20 + padded(packet.length), said(comments), (view, bytes) => {
    view.setUint32(8, port, true);
    setTime(view, 12, ns);
    view.setUint32(20, packet.length, true);
    view.setUint32(24, original, true);
    bytes.set(packet, 28);
  });
}

/** Bytes of the block of a packet of which `captured` bytes are kept. */
export function packetBlockBytes(captured: number, comments: readonly string[]): number {
  return 32 + padded(captured) + (comments.length === 0 ? 0 : roomOf(said(comments)));
}

/** High word, low word. */
function setTime(view: DataView, at: number, ns: bigint): void {
  view.setUint32(at, Number(BigInt.asUintN(32, ns >> 32n)), true);
  view.setUint32(at + 4, Number(BigInt.asUintN(32, ns)), true);
}

const said = (comments: readonly string[]): readonly Option[] => comments.map((comment) => [COMMENT, utf8(comment)]);

/** Type, length, the body of so many bytes (which `fill` writes, from 8 on), options, the length again. */
function block(
  type: number,
  body: number,
  options: readonly Option[],
  fill: (view: DataView, bytes: Uint8Array) => void,
): Uint8Array {
  const length = 12 + body + roomOf(options);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  fill(view, bytes);
  let at = 8 + body;
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
