/** Bytes that may wait for a slow consumer before the socket is paused, and at which it is resumed. */
const HIGH_WATER_BYTES = 4 * 1024 * 1024;
const LOW_WATER_BYTES = 1024 * 1024;

/** Takes output bytes. They are a view into the received message: copy them to keep them. */
export type Sink = (bytes: Uint8Array) => void | Promise<void>;

/**
 * Hands frames to asynchronous sinks strictly one after the other and says when the source has to pause.
 * After a sink threw, everything that follows is dropped.
 */
export class SinkQueue {
  readonly #pause: (paused: boolean) => void;
  readonly #failed: (error: unknown) => void;
  #tail: Promise<void> = Promise.resolve();
  #waitingBytes = 0;
  #paused = false;
  #broken = false;

  constructor({ pause, failed }: { pause: (paused: boolean) => void; failed: (error: unknown) => void }) {
    this.#pause = pause;
    this.#failed = failed;
  }

  get paused(): boolean {
    return this.#paused;
  }

  push(sink: Sink, bytes: Uint8Array): void {
    if (this.#broken) return;
    this.#waitingBytes += bytes.length;
    if (!this.#paused && this.#waitingBytes >= HIGH_WATER_BYTES) this.#set(true);
    this.#tail = this.#tail.then(async () => {
      try {
        if (!this.#broken) await sink(bytes);
      } catch (error) {
        this.#broken = true;
        this.#failed(error);
      }
      this.#waitingBytes -= bytes.length;
      if (this.#paused && this.#waitingBytes <= LOW_WATER_BYTES) this.#set(false);
    });
  }

  /** Settles when everything that was pushed so far has been consumed. */
  async drained(): Promise<void> {
    let tail: Promise<void>;
    do {
      tail = this.#tail;
      await tail;
    } while (tail !== this.#tail);
  }

  #set(paused: boolean): void {
    this.#paused = paused;
    this.#pause(paused);
  }
}
