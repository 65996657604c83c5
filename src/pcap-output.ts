import { closeSync, openSync, statSync, writeSync } from "node:fs";
import type { CaptureSummary } from "./pcap/capture-summary.ts";
import { FlowExtract } from "./pcap/flow-extract.ts";
import { CaptureInputError, openInput, readInput, reasonOf } from "./pcap-input.ts";

const ROOM = 1 << 20;

/**
 * Reads the files again and writes what the findings of `summary` are about to `out`, a pcapng file. Answers how many packets
 * that were. Throws CaptureInputError when `out` cannot be written, or is one of the files.
 */
export async function writeFindings(files: readonly string[], summary: CaptureSummary, out: string): Promise<number> {
  refuseInput(files, out);
  const file = new OutputFile(out);
  try {
    const extract = new FlowExtract(summary, (bytes) => file.write(bytes));
    for (const path of files) {
      await readInput(openInput(path), extract.reader);
      extract.reader.end();
    }
    file.flush();
    return extract.packets;
  } finally {
    file.close();
  }
}

function refuseInput(files: readonly string[], out: string): void {
  const target = statSync(out, { throwIfNoEntry: false });
  if (!target) return;
  for (const path of files) {
    const { dev, ino } = statSync(path);
    if (dev === target.dev && ino === target.ino)
      throw new CaptureInputError(`${out}: it is one of the captures that are read; write to another file`);
  }
}

/** A file that is written in large pieces. */
class OutputFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #room = Buffer.alloc(ROOM);
  #at = 0;

  constructor(path: string) {
    this.#path = path;
    this.#fd = this.#try(() => openSync(path, "w"));
  }

  write(bytes: Uint8Array): void {
    if (this.#at + bytes.length > ROOM) this.flush();
    if (bytes.length > ROOM) this.#put(bytes);
    else {
      this.#room.set(bytes, this.#at);
      this.#at += bytes.length;
    }
  }

  flush(): void {
    this.#put(this.#room.subarray(0, this.#at));
    this.#at = 0;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #put(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += this.#try(() => writeSync(this.#fd, bytes, at));
  }

  #try<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw new CaptureInputError(`${this.#path}: ${reasonOf(error)}`);
    }
  }
}
