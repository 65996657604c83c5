import { closeSync, openSync, writeSync } from "node:fs";

const ROOM = 4 << 20;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const FIRST_S = 1_700_000_000;

/** Writes a pcap file (µs, little-endian) of millions of packets: `frame` is filled by the caller, then `add` writes it. */
export class CaptureWriter {
  readonly #fd: number;
  readonly #room = Buffer.alloc(ROOM);
  readonly #snapLength: number;
  #at = FILE_HEADER;
  packets = 0;
  bytes = 0;

  constructor(file: string, { link = 1, snapLength = 262_144 } = {}) {
    this.#fd = openSync(file, "w");
    this.#snapLength = snapLength;
    this.#room.writeUInt32LE(0xa1b2c3d4, 0);
    this.#room.writeUInt16LE(2, 4);
    this.#room.writeUInt16LE(4, 6);
    this.#room.writeUInt32LE(snapLength, 16);
    this.#room.writeUInt32LE(link, 20);
  }

  /** A packet of `length` bytes on the wire that begins with `head`; the rest is zeros. Time is in µs since the first. */
  add(us: number, head: Uint8Array, length: number): void {
    const captured = Math.min(length, this.#snapLength);
    if (this.#at + RECORD_HEADER + captured > ROOM) this.#flush();
    const room = this.#room;
    const at = this.#at;
    room.writeUInt32LE(FIRST_S + Math.floor(us / 1e6), at);
    room.writeUInt32LE(us % 1_000_000, at + 4);
    room.writeUInt32LE(captured, at + 8);
    room.writeUInt32LE(length, at + 12);
    const header = Math.min(head.length, captured);
    room.set(header === head.length ? head : head.subarray(0, header), at + RECORD_HEADER);
    room.fill(0, at + RECORD_HEADER + header, at + RECORD_HEADER + captured);
    this.#at = at + RECORD_HEADER + captured;
    this.packets++;
  }

  close(): void {
    this.#flush();
    closeSync(this.#fd);
  }

  #flush(): void {
    for (let at = 0; at < this.#at; ) at += writeSync(this.#fd, this.#room, at, this.#at - at);
    this.bytes += this.#at;
    this.#at = 0;
  }
}
