import { closeSync, openSync, writeSync } from "node:fs";

const ROOM = 1 << 20;

/** A file that is written in large pieces, at once. What goes wrong is thrown as `inWords` puts it. */
export class OutputFile {
  readonly #inWords: (error: unknown) => unknown;
  readonly #fd: number;
  readonly #room = Buffer.alloc(ROOM);
  #at = 0;

  /** `flags`: "w" writes over what is there, "wx" refuses to. */
  constructor(path: string, flags: "w" | "wx", inWords: (error: unknown) => unknown) {
    this.#inWords = inWords;
    this.#fd = this.#try(() => openSync(path, flags, flags === "wx" ? 0o600 : 0o666));
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
      throw this.#inWords(error);
    }
  }
}
