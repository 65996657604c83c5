import type { Socket } from "node:net";
import { setTimeout as after } from "node:timers/promises";
import type { WebSocket } from "ws";
import type { ExecFaults } from "./faults.ts";

/** Real API servers send nothing larger. */
const MAX_FRAME_BYTES = 32 * 1024;
/** The command's pipes are not read while more than this waits for the client. */
const MAX_QUEUED_BYTES = 1024 * 1024;

/** Sends frames in order with back-pressure, and is where the faults of a running stream happen. */
export class FrameWriter {
  readonly #connection: WebSocket;
  readonly #tcp: Socket;
  readonly #faults: ExecFaults;
  readonly #idle: NodeJS.Timeout | undefined;
  #sentBytes = 0;
  #silent = false;
  #cutDone = false;
  /** One frame after the other, also while two pipes write. */
  #queue: Promise<void> = Promise.resolve();

  constructor({ connection, tcp, faults }: { connection: WebSocket; tcp: Socket; faults: ExecFaults }) {
    this.#connection = connection;
    this.#tcp = tcp;
    this.#faults = faults;
    if (faults.idleCutMs !== undefined) this.#idle = setTimeout(() => tcp.destroy(), faults.idleCutMs);
    connection.once("close", () => clearTimeout(this.#idle));
    this.#fallSilentAt(0);
    if (faults.cut?.afterBytes === 0) this.#queue = this.#cut(faults.cut.how);
  }

  /** True once the black hole has opened: nothing is sent or read any more. */
  get isSilent(): boolean {
    return this.#silent;
  }

  /** Data arrived, or was sent: the idle cut starts anew. */
  sawData(): void {
    this.#idle?.refresh();
  }

  /** A frame that counts neither as output nor for the faults. */
  control(frame: Buffer | string): void {
    if (this.#open) this.#connection.send(frame);
  }

  /** Output on a channel, in frames of at most 32 KiB; resolves when there is room for more. */
  data(channel: number, bytes: Buffer): Promise<void> {
    this.#queue = this.#queue.then(() => this.#frames(channel, bytes));
    return this.#queue;
  }

  /** The last frame; resolves when the kernel has it and all before it. */
  async last(frame: Buffer): Promise<void> {
    await this.#queue;
    if (this.#open) await this.#send(frame);
  }

  get #open(): boolean {
    return !this.#silent && !this.#cutDone && this.#connection.readyState === this.#connection.OPEN;
  }

  async #frames(channel: number, bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && this.#open; ) {
      const piece = bytes.subarray(at, at + this.#roomBytes());
      at += piece.length;
      if (piece.length > 0) await this.#frame(Buffer.concat([Buffer.from([channel]), piece]));
      this.#sentBytes += piece.length;
      if (this.#faults.cut?.afterBytes === this.#sentBytes) await this.#cut(this.#faults.cut.how);
      this.#fallSilentAt(this.#sentBytes);
      if (this.#faults.bytesPerSecond) await after((1000 * piece.length) / this.#faults.bytesPerSecond);
    }
  }

  /** How many bytes the next frame may have: never past the byte where a fault happens, in tenths of a second when slow. */
  #roomBytes(): number {
    const { cut, silentAfterBytes, bytesPerSecond } = this.#faults;
    const stops = [cut?.afterBytes, silentAfterBytes].map(
      (stop) => (stop ?? Number.POSITIVE_INFINITY) - this.#sentBytes,
    );
    const pace = Math.max(1, Math.floor((bytesPerSecond ?? Number.POSITIVE_INFINITY) / 10));
    return Math.max(0, Math.min(MAX_FRAME_BYTES, pace, ...stops.filter((stop) => stop >= 0)));
  }

  async #frame(frame: Buffer): Promise<void> {
    this.sawData();
    const sent = this.#send(frame);
    if (this.#connection.bufferedAmount > MAX_QUEUED_BYTES) await sent;
  }

  /** Resolves also when the connection is lost: the process runs on, its output goes nowhere. */
  #send(frame: Buffer): Promise<void> {
    return new Promise((resolve) => this.#connection.send(frame, () => resolve()));
  }

  #fallSilentAt(bytes: number): void {
    if (this.#faults.silentAfterBytes === undefined || bytes < this.#faults.silentAfterBytes) return;
    this.#silent = true;
    this.#connection.pause();
  }

  async #cut(how: "fin" | "rst" | "close"): Promise<void> {
    this.#cutDone = true;
    // A ping that the kernel has taken proves that everything before it is on its way.
    await new Promise<void>((resolve) => this.#connection.ping(undefined, false, () => resolve()));
    if (how === "rst") this.#tcp.resetAndDestroy();
    else if (how === "fin") this.#tcp.destroy();
    else this.#connection.close(1000);
  }
}
