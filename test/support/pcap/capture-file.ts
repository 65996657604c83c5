/** One packet of a capture that a test makes: its time in nanoseconds since 1970 and the bytes that were recorded. */
export type Recorded = {
  readonly ns: bigint;
  readonly bytes: Uint8Array;
  /** Length on the wire; absent = as recorded. */
  readonly original?: number;
  /** Interface of a pcapng file. */
  readonly port?: number;
};

export const ETHERNET = 1;
export const RAW_IP = 101;
export const COOKED_1 = 113;
export const COOKED_2 = 276;
export const LOOPBACK = 0;

/** A pcap file with nanosecond times, little-endian. */
export function pcapFile(packets: readonly Recorded[], { link = ETHERNET, snapLength = 262_144 } = {}): Uint8Array {
  const cut = packets.map(({ bytes }) => bytes.subarray(0, snapLength));
  const file = new Uint8Array(24 + cut.reduce((sum, bytes) => sum + 16 + bytes.length, 0));
  const view = new DataView(file.buffer);
  view.setUint32(0, 0xa1b23c4d, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, snapLength, true);
  view.setUint32(20, link, true);
  let at = 24;
  for (const [index, packet] of packets.entries()) {
    const bytes = cut[index] ?? new Uint8Array(0);
    view.setUint32(at, Number(packet.ns / 1_000_000_000n), true);
    view.setUint32(at + 4, Number(packet.ns % 1_000_000_000n), true);
    view.setUint32(at + 8, bytes.length, true);
    view.setUint32(at + 12, packet.original ?? packet.bytes.length, true);
    file.set(bytes, at + 16);
    at += 16 + bytes.length;
  }
  return file;
}

/** A pcapng file: one section, the named interfaces, nanosecond times. */
export function pcapngFile(
  packets: readonly Recorded[],
  ports: readonly { readonly name: string; readonly link?: number; readonly dropped?: number }[],
): Uint8Array {
  const blocks: Uint8Array[] = [];
  const block = (type: number, body: Uint8Array): void => {
    const length = 12 + ((body.length + 3) & ~3);
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, type, true);
    view.setUint32(4, length, true);
    bytes.set(body, 8);
    view.setUint32(length - 4, length, true);
    blocks.push(bytes);
  };
  const words = (...values: number[]): number[] =>
    values.flatMap((value) => [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 255));
  block(0x0a0d0d0a, Uint8Array.from([...words(0x1a2b3c4d), 1, 0, 0, 0, ...words(-1, -1)]));
  for (const { name, link = ETHERNET } of ports) {
    const letters = [...new TextEncoder().encode(name)];
    const padding = Array.from({ length: (4 - (letters.length % 4)) % 4 }, () => 0);
    const nameOption = [2, 0, letters.length, 0, ...letters, ...padding];
    block(
      1,
      Uint8Array.from([
        link & 255,
        link >> 8,
        0,
        0,
        ...words(262_144),
        ...nameOption,
        9,
        0,
        1,
        0,
        9,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
      ]),
    );
  }
  for (const { ns, bytes, original, port = 0 } of packets) {
    const head = words(port, Number(ns >> 32n), Number(ns & 0xffff_ffffn), bytes.length, original ?? bytes.length);
    block(6, Uint8Array.from([...head, ...bytes]));
  }
  for (const [port, { dropped }] of ports.entries())
    if (dropped !== undefined)
      block(5, Uint8Array.from([...words(port, 0, 0), 7, 0, 8, 0, ...words(dropped, 0), 0, 0, 0, 0]));
  const file = new Uint8Array(blocks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const bytes of blocks) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}
