/** How long a gzip member's header is (RFC 1952, 2.3); "more" bytes are needed to tell, or it is "none". */
export function gzipHeaderLength(bytes: Uint8Array): number | "more" | "none" {
  const magic = [0x1f, 0x8b, 8];
  if (magic.some((byte, at) => at < bytes.length && bytes[at] !== byte)) return "none";
  if (bytes.length < 10) return "more";
  const flags = bytes[3] ?? 0;
  let at = 10;
  if ((flags & 4) !== 0) {
    if (bytes.length < at + 2) return "more";
    at += 2 + (bytes[at] ?? 0) + ((bytes[at + 1] ?? 0) << 8);
  }
  // Name and comment end with a zero byte.
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue;
    const zero = bytes.indexOf(0, at);
    if (zero === -1) return "more";
    at = zero + 1;
  }
  if ((flags & 2) !== 0) at += 2;
  return at <= bytes.length ? at : "more";
}

const ZSTD_MAGIC = 0xfd2fb528;
/** Any frame is longer than this, so that a frame's kind can be told from so many bytes. */
export const ZSTD_START = 8;

/** What begins with these eight bytes: a zstd frame, or a skippable one of so many bytes (RFC 8878, 3.1); or neither. */
export function zstdStart(bytes: Uint8Array): "frame" | "none" | number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0, true);
  if (magic === ZSTD_MAGIC) return "frame";
  return magic >>> 4 === 0x184d2a5 ? ZSTD_START + view.getUint32(4, true) : "none";
}

/** Of the block types, this one gives the size of its content instead of the room that it takes. */
const RLE = 1;

/** Finds where one zstd frame ends (RFC 8878, 3.1.1) from its headers alone, whatever the pieces in which it comes. */
export class ZstdFrame {
  /** What the next header is, how many bytes it needs, and those of them that are here. */
  #header: "magic" | "descriptor" | "fields" | "block" = "magic";
  #need = 4;
  #have: number[] = [];
  /** Bytes that follow before the next header, or before the end when it is the last block. */
  #body = 0;
  #last = false;
  #checksum = false;

  /** Position behind the frame's last byte in this piece; undefined when it goes on. */
  endIn(piece: Uint8Array): number | undefined {
    for (let at = 0; ; ) {
      const step = Math.min(this.#body, piece.length - at);
      this.#body -= step;
      at += step;
      if (this.#last && this.#body === 0) return at;
      if (at === piece.length) return undefined;
      this.#have.push(piece[at++] ?? 0);
      if (this.#have.length === this.#need) this.#next(this.#have.splice(0));
    }
  }

  #next(have: readonly number[]): void {
    const number = have.reduceRight((value, byte) => value * 256 + byte, 0);
    if (this.#header === "magic") {
      this.#header = "descriptor";
      this.#need = 1;
    } else if (this.#header === "descriptor") {
      const single = (number & 0x20) !== 0;
      const contentSize = [single ? 1 : 0, 2, 4, 8][number >> 6] ?? 0;
      const dictionary = [0, 1, 2, 4][number & 3] ?? 0;
      this.#checksum = (number & 4) !== 0;
      // Without a single segment, a byte tells the window's size; with one, the content's is always there.
      this.#header = "fields";
      this.#need = (single ? 0 : 1) + contentSize + dictionary;
    } else if (this.#header === "fields") {
      this.#header = "block";
      this.#need = 3;
    } else {
      this.#last = (number & 1) !== 0;
      this.#body = (((number >> 1) & 3) === RLE ? 1 : number >> 3) + (this.#last && this.#checksum ? 4 : 0);
    }
  }
}
