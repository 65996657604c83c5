import { crc32, createInflateRaw, createZstdDecompress, type InflateRaw, type ZstdDecompress } from "node:zlib";
import { gzipHeaderLength, ZSTD_START, ZstdFrame, zstdStart } from "./pcap-frames.ts";

/** Where decompressed bytes go. `done` says that no more are wanted. */
type Plain = { readonly push: (bytes: Uint8Array) => void; readonly done: boolean };

/** Takes compressed bytes piece by piece; a piece may be used again when the promise is kept. */
export type Decompressor = {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly end: () => Promise<void>;
  /** What was wrong, in words; undefined while all is well. */
  readonly trouble: string | undefined;
};

const OUTPUT_BYTES = 1 << 20;
/** Of a gzip member: checksum and size. */
const GZIP_TRAILER = 8;
const SIZE_BYTES = 4;
/** A capture of equal packets shrinks to a thirtieth; what grows beyond this was made to exhaust its reader. */
const BOMB_RATIO = 250;
const BOMB_BYTES = 256 << 20;
/** Longer headers (a file name of 64 KiB) are no headers. */
const MAX_HEADER = 1 << 17;

type Engine = InflateRaw | ZstdDecompress;

/**
 * One gzip member or zstd frame. Never more than one is given to an engine of Node: Node 24's zstd silently ends behind the
 * first frame, and its gunzip loses decoded bytes when something else follows.
 */
class Stage {
  readonly #engine: Engine;
  #given = 0;
  #ended = false;
  #error: unknown;
  /** Told of the end or a failure while somebody waits. */
  #onEnd: () => void = () => undefined;
  #onError: (error: unknown) => void = () => undefined;

  constructor(engine: Engine, take: (bytes: Uint8Array) => void) {
    this.#engine = engine;
    engine.on("data", take);
    engine.on("end", () => {
      this.#ended = true;
      this.#onEnd();
    });
    engine.on("error", (error) => {
      this.#error = error;
      this.#onError(error);
    });
  }

  /** How many of the bytes the engine took: fewer when the stream ends within them. */
  async feed(bytes: Uint8Array): Promise<number> {
    this.#given += bytes.length;
    await this.#wait((done) => this.#engine.write(bytes, (error) => (error ? this.#onError(error) : done())));
    const left = this.#given - this.#engine.bytesWritten;
    if (left > 0) await this.#drained();
    return bytes.length - left;
  }

  /** No more bytes come. Rejects when the stream is not complete. */
  async end(): Promise<void> {
    this.#engine.end();
    await this.#drained();
  }

  close(): void {
    this.#engine.destroy();
  }

  async #drained(): Promise<void> {
    if (!this.#ended) await this.#wait((done) => (this.#onEnd = done));
  }

  #wait(start: (done: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#error) reject(this.#error);
      this.#onError = reject;
      start(resolve);
    });
  }
}

/** What both formats share: counting, giving up, and telling why. */
class Growth {
  trouble: string | undefined;
  given = 0;
  #made = 0;
  readonly #plain: Plain;

  constructor(plain: Plain) {
    this.#plain = plain;
  }

  get over(): boolean {
    return this.trouble !== undefined || this.#plain.done;
  }

  readonly take = (bytes: Uint8Array): void => {
    if (this.over) return;
    this.#made += bytes.length;
    if (this.#made > BOMB_BYTES && this.#made > BOMB_RATIO * this.given)
      this.trouble = `it grows to more than ${BOMB_RATIO} times its size when decompressed; reading stopped there`;
    else this.#plain.push(bytes);
  };
}

/** gzip (RFC 1952): members behind each other, zeros between them, and whatever else behind the last one. */
export class Gunzip implements Decompressor {
  readonly #growth: Growth;
  #member: Stage | undefined;
  /** Bytes of a trailer that are still to come; and those that are here, as a number (RFC 1952, 2.3.1: CRC32, then the size). */
  #trailer = 0;
  #sum = 0;
  /** Checksum of what the present member gave. */
  #crc = 0;
  #damaged = false;
  /** A header that is not complete. */
  #header: Uint8Array = new Uint8Array(0);
  #members = 0;

  constructor(plain: Plain) {
    this.#growth = new Growth(plain);
  }

  get trouble(): string | undefined {
    return this.#growth.trouble;
  }

  async write(piece: Uint8Array): Promise<void> {
    this.#growth.given += piece.length;
    for (let bytes = piece; bytes.length > 0 && !this.#growth.over; ) {
      if (this.#member) bytes = await this.#inflate(this.#member, bytes);
      else if (this.#trailer > 0) {
        this.#check(bytes[0] ?? 0);
        bytes = bytes.subarray(1);
      } else bytes = this.#begin(bytes);
    }
  }

  async end(): Promise<void> {
    const member = this.#member;
    if (this.#growth.over) member?.close();
    else if (member) await member.end().catch(() => this.#cut());
    else if (this.#trailer > 0 || (this.#header.length > 0 && this.#members === 0)) this.#cut();
    else if (this.#header.length > 0) this.#garbage();
    this.#member = undefined;
    if (this.#damaged) this.#growth.trouble ??= "its compressed data is damaged: a checksum is wrong";
  }

  /** Takes a byte of the trailer. */
  #check(byte: number): void {
    this.#trailer--;
    if (this.#trailer < SIZE_BYTES) return;
    this.#sum = (this.#sum >>> 8) | (byte << 24);
    if (this.#trailer === SIZE_BYTES && this.#sum >>> 0 !== this.#crc) this.#damaged = true;
  }

  /** Reads a member's header; answers what lies behind it. */
  #begin(bytes: Uint8Array): Uint8Array {
    const padding = this.#header.length > 0 ? 0 : bytes.findIndex((byte) => byte !== 0);
    if (padding === -1) return bytes.subarray(bytes.length);
    this.#header = Buffer.concat([this.#header, bytes.subarray(padding)]);
    const length = gzipHeaderLength(this.#header);
    if (length === "none" || (length === "more" && this.#header.length > MAX_HEADER)) this.#garbage();
    if (typeof length === "string") return bytes.subarray(bytes.length);
    const rest = this.#header.subarray(length);
    this.#header = new Uint8Array(0);
    this.#members++;
    this.#crc = 0;
    this.#member = new Stage(createInflateRaw({ chunkSize: OUTPUT_BYTES }), (plain) => {
      this.#crc = crc32(plain, this.#crc);
      this.#growth.take(plain);
    });
    return rest;
  }

  async #inflate(member: Stage, bytes: Uint8Array): Promise<Uint8Array> {
    try {
      const taken = await member.feed(bytes);
      if (taken === bytes.length) return bytes.subarray(taken);
      this.#trailer = GZIP_TRAILER;
      this.#member = undefined;
      member.close();
      return bytes.subarray(taken);
    } catch {
      this.#growth.trouble = `its compressed data is damaged near byte ${this.#growth.given - bytes.length}`;
      this.#member = undefined;
      return bytes.subarray(bytes.length);
    }
  }

  #cut(): void {
    this.#growth.trouble ??= "its compressed data is cut off";
  }

  #garbage(): void {
    this.#growth.trouble ??= "something that is not gzip follows its compressed data, and was left out";
  }
}

type Frame = { readonly stage: Stage; readonly bounds: ZstdFrame };

/** zstd (RFC 8878): frames behind each other, skippable ones among them. */
export class Unzstd implements Decompressor {
  readonly #growth: Growth;
  #frame: Frame | undefined;
  /** Beginning of a frame that is too short to tell its kind. */
  #start: Uint8Array = new Uint8Array(0);
  /** Bytes of a skippable frame that are still to come. */
  #skip = 0;

  constructor(plain: Plain) {
    this.#growth = new Growth(plain);
  }

  get trouble(): string | undefined {
    return this.#growth.trouble;
  }

  async write(piece: Uint8Array): Promise<void> {
    this.#growth.given += piece.length;
    let bytes = this.#start.length > 0 ? Buffer.concat([this.#start, piece]) : piece;
    this.#start = new Uint8Array(0);
    while (bytes.length > 0 && !this.#growth.over) {
      if (this.#frame) bytes = await this.#decompress(this.#frame, bytes);
      else if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length);
        this.#skip -= skipped;
        bytes = bytes.subarray(skipped);
      } else if (bytes.length < ZSTD_START) {
        this.#start = Uint8Array.from(bytes);
        return;
      } else this.#begin(zstdStart(bytes));
    }
  }

  async end(): Promise<void> {
    const frame = this.#frame;
    this.#frame = undefined;
    if (this.#growth.over) frame?.stage.close();
    else if (frame) await frame.stage.end().catch(() => this.#cut());
    else if (this.#start.length > 0 || this.#skip > 0) this.#cut();
  }

  #begin(start: ReturnType<typeof zstdStart>): void {
    if (start === "frame") {
      const stage = new Stage(createZstdDecompress({ chunkSize: OUTPUT_BYTES }), this.#growth.take);
      this.#frame = { stage, bounds: new ZstdFrame() };
    } else if (start === "none")
      this.#growth.trouble = "something that is not zstd follows its compressed data, and was left out";
    else this.#skip = start;
  }

  /** Answers what lies behind the frame. */
  async #decompress({ stage, bounds }: Frame, bytes: Uint8Array): Promise<Uint8Array> {
    const end = bounds.endIn(bytes);
    try {
      await stage.feed(bytes.subarray(0, end));
      if (end === undefined) return bytes.subarray(bytes.length);
      await stage.end();
      stage.close();
    } catch (error) {
      this.#growth.trouble = zstdTrouble(error, this.#growth.given - bytes.length);
    }
    this.#frame = undefined;
    return bytes.subarray(end);
  }

  #cut(): void {
    this.#growth.trouble ??= "its compressed data is cut off";
  }
}

function zstdTrouble(error: unknown, at: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ZSTD_error_frameParameter_windowTooLarge")
    return "its compressed data needs more than 128 MiB of memory to decompress (zstd --long)";
  return `its compressed data is damaged near byte ${at}`;
}
