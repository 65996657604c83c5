import type { CaptureReader } from "./pcap/capture-reader.ts";
import type { Decompressor } from "./pcap-compressed.ts";

// Not imported: that evaluates everything a built-in module exports, of which much is loaded only then, at every start.
const { closeSync, constants, fstatSync, openSync, readSync } = process.getBuiltinModule("node:fs");

/** An input that cannot be read at all: a sentence for people. Not a NetcheckError, whose import alone takes 0.1 s. */
export class CaptureInputError extends Error {}

/** Where bytes are read to: whoever has some writes them into `room()` and calls `filled()`, one call after the other. */
type Target = {
  readonly room: () => Uint8Array;
  readonly filled: (count: number) => void | Promise<void>;
  /** Nothing more is wanted. */
  readonly done: boolean;
};

const PIECE_BYTES = 1 << 16;
/** From so many bytes on a pipe is worth making wider, and as wide as everybody may make one (/proc/sys/fs/pipe-max-size). */
const LONG_PIPE = 1 << 24;
const PIPE_ROOM = 1 << 20;
/** As many bytes as tell the kinds of compression from each other. */
const MAGIC_BYTES = 6;

/** Beginnings of what some programs write and tcpdump, Wireshark or netcheck cannot read in one step. */
const REFUSED: readonly (readonly [magic: readonly number[], name: string, program: string])[] = [
  [[0x04, 0x22, 0x4d, 0x18], "lz4", "lz4 -dc"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "xz", "xz -dc"],
  [[0x42, 0x5a, 0x68], "bzip2", "bzip2 -dc"],
  [[0x1f, 0x9d], "compress", "gzip -dc"],
  [[0x50, 0x4b, 3, 4], "zip", "unzip -p"],
];

/**
 * Takes one capture as bytes come, compressed or not (told by its first bytes, never by a name), and hands it to a reader:
 * from a file, a pipe, or segments as they arrive.
 */
export class CaptureInput implements Target {
  readonly #reader: CaptureReader;
  readonly #piece = Buffer.alloc(PIECE_BYTES);
  #state: "unknown" | "plain" | "compressed" = "unknown";
  #held = 0;
  #decompressor: Decompressor | undefined;

  constructor(reader: CaptureReader) {
    this.#reader = reader;
  }

  get done(): boolean {
    return this.#reader.done || this.#decompressor?.trouble !== undefined;
  }

  room(): Uint8Array {
    return this.#state === "plain" ? this.#reader.room() : this.#piece.subarray(this.#held);
  }

  /** Throws CaptureInputError for what is compressed in another way than gzip or zstd. */
  filled(count: number): void | Promise<void> {
    if (this.#state === "plain") return this.#reader.filled(count);
    this.#held += count;
    if (this.#state === "unknown" && this.#held < MAGIC_BYTES) return;
    return this.#pass();
  }

  /** Takes bytes that lie elsewhere; they are free again when the promise is kept. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.done; ) {
      const room = this.room();
      const part = bytes.subarray(at, at + room.length);
      room.set(part);
      await this.filled(part.length);
      at += part.length;
    }
  }

  /** Behind the last byte. Answers what was wrong with the compressed data, if anything. The reader is not told. */
  async end(): Promise<string | undefined> {
    if (this.#state === "unknown") this.#reader.push(this.#piece.subarray(0, this.#held));
    await this.#decompressor?.end();
    return this.#decompressor?.trouble;
  }

  async #pass(): Promise<void> {
    const bytes = this.#piece.subarray(0, this.#held);
    this.#held = 0;
    if (this.#state === "unknown") {
      this.#decompressor = await decompressorFor(bytes, this.#reader);
      this.#state = this.#decompressor ? "compressed" : "plain";
    }
    if (this.#decompressor) await this.#decompressor.write(bytes);
    else this.#reader.push(bytes);
  }
}

async function decompressorFor(bytes: Uint8Array, reader: CaptureReader): Promise<Decompressor | undefined> {
  const begins = (...magic: number[]): boolean => magic.every((byte, at) => bytes[at] === byte);
  const refused = REFUSED.find(([magic]) => begins(...magic));
  if (refused) {
    const [, name, program] = refused;
    throw new CaptureInputError(
      `it is compressed with ${name}, which netcheck does not read: pipe it in with ${program} FILE | npm run -s netcheck -- pcap -`,
    );
  }
  const gzip = begins(0x1f, 0x8b);
  const skippable = ((bytes[0] ?? 0) & 0xf0) === 0x50 && begins(bytes[0] ?? 0, 0x2a, 0x4d, 0x18);
  if (!gzip && !skippable && !begins(0x28, 0xb5, 0x2f, 0xfd)) return undefined;
  const { Gunzip, Unzstd } = await import("./pcap-compressed.ts");
  return gzip ? new Gunzip(reader) : new Unzstd(reader);
}

export type OpenInput = {
  readonly name: string;
  readonly fd: number;
  /** Bytes of a regular file; undefined for pipes, whose length nobody knows. */
  readonly size: number | undefined;
};

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a directory",
  ENOSPC: "the disk is full",
  EROFS: "the file system cannot be written to",
  ENOTDIR: "a part of its path is no directory",
  ELOOP: "its symbolic links lead in a circle",
  ENAMETOOLONG: "its name is too long",
  ENXIO: "it is a socket or a device that cannot be opened",
};

/** Opens a file, a named pipe or, for "-", standard input. Throws CaptureInputError when that cannot be. */
export function openInput(path: string): OpenInput {
  const name = path === "-" ? "standard input" : path;
  const fd = path === "-" ? 0 : opened(path);
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw new CaptureInputError(`${name}: it is a directory; name the files in it`);
    if (isTerminal(fd, stat))
      throw new CaptureInputError(`${name}: it is a terminal; pipe a capture into netcheck, or name a file`);
    return { name, fd, size: stat.isFile() ? stat.size : undefined };
  } catch (error) {
    if (error instanceof CaptureInputError) throw error;
    throw new CaptureInputError(`${name}: ${reasonOf(error)}`);
  }
}

/** A terminal is a character device: most of what is asked about is none, and node:tty, which loads sockets, is not needed. */
export function isTerminal(fd: number, stat = fstatSync(fd)): boolean {
  return stat.isCharacterDevice() && process.getBuiltinModule("node:tty").isatty(fd);
}

function opened(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY);
  } catch (error) {
    throw new CaptureInputError(`${path}: ${reasonOf(error)}`);
  }
}

/** The code of a system error, like ENOENT; empty for other errors. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Why a file could not be opened, read or written, in words. */
export function reasonOf(error: unknown): string {
  return REASONS[codeOf(error)] ?? (error instanceof Error ? error.message : String(error));
}

/**
 * Reads an input to its end, or as far as anything is wanted of it, and closes it. `onBytes` is told how many bytes were
 * read so far. Answers what was wrong with compressed data, if anything.
 */
export async function readInput(
  input: OpenInput,
  reader: CaptureReader,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<string | undefined> {
  const target = new CaptureInput(reader);
  try {
    await pump(input, target, onBytes);
    return await target.end();
  } catch (error) {
    if (error instanceof CaptureInputError) throw new CaptureInputError(`${input.name}: ${error.message}`);
    throw error;
  }
}

/**
 * Reads in the thread that analyses: for a file that is cached nothing is faster, and a pipe's reader has nothing else to
 * do. Where the pipe does not wait for its writer (EAGAIN), libuv does.
 */
async function pump(input: OpenInput, target: Target, onBytes: (bytes: number) => void): Promise<void> {
  let total = 0;
  try {
    while (!target.done) {
      const count = readSync(input.fd, target.room());
      if (count === 0) break;
      total += count;
      if (input.size === undefined && total >= LONG_PIPE && total - count < LONG_PIPE) widen(input.fd);
      const passed = target.filled(count);
      if (passed instanceof Promise) await passed;
      onBytes(total);
    }
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return pumpSocket(input.fd, target, (bytes) => onBytes(total + bytes));
    if (error instanceof CaptureInputError || codeOf(error) === "") throw error;
    throw new CaptureInputError(`${reasonOf(error)}, behind byte ${total}`);
  }
  if (input.fd !== 0) closeSync(input.fd);
}

/**
 * Pipes hold 64 KB, and waking their writer for each takes as long as reading it: half of the time that a pipe costs. A
 * recorder that writes into one also loses less when it holds more. Only a program that has the pipe can ask for that
 * (fcntl, F_SETPIPE_SZ = 1031 on Linux), which Node cannot; where there is no perl, it stays as it is.
 */
function widen(fd: number): void {
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  spawnSync("perl", ["-e", `fcntl STDIN, 1031, ${PIPE_ROOM}`], { stdio: [fd, "ignore", "ignore"], timeout: 1_000 });
}

async function pumpSocket(fd: number, target: Target, onBytes: (bytes: number) => void): Promise<void> {
  const { Socket } = await import("node:net");
  let total = 0;
  await new Promise<void>((resolve, reject) => {
    const take = (count: number): boolean => {
      total += count;
      onBytes(total);
      const passed = target.filled(count);
      if (passed instanceof Promise) {
        // The room is in use until then.
        passed.then(
          () => (target.done ? socket.destroy() : socket.resume()),
          (error) => socket.destroy(error),
        );
        return false;
      }
      if (target.done) socket.destroy();
      return true;
    };
    const socket = new Socket({
      ...{ fd, readable: true, writable: false },
      onread: { buffer: () => target.room(), callback: take },
    });
    socket.on("close", () => resolve()).on("error", reject);
    socket.resume();
  });
}
