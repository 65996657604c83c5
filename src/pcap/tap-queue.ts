import { type PacketAt, TapPackets } from "./tap-packets.ts";

/** A packet that waits to be written. */
export type QueuedPacket = {
  readonly number: number;
  readonly ns: number;
  readonly link: number;
  readonly original: number;
  readonly bytes: Uint8Array;
};

/** Recorders of several CPUs write packets a little out of order: so far is looked ahead, in packets and in bytes. */
const AHEAD = 512;
const AHEAD_BYTES = 2 << 20;

/** The wanted packets of a tap in the order of their times. */
export class TapQueue {
  readonly #packets: TapPackets;
  #waiting: QueuedPacket[] = [];
  #head = 0;
  #bytes = 0;
  #more = true;

  constructor(
    tap: ConstructorParameters<typeof TapPackets>[0],
    options: ConstructorParameters<typeof TapPackets>[1],
    wanted: (packet: PacketAt) => boolean,
  ) {
    this.#packets = new TapPackets(tap, options, (packet) => {
      if (wanted(packet)) this.#add(packet);
    });
  }

  /** The next one, without taking it. */
  get first(): QueuedPacket | undefined {
    while (this.#more && this.#waiting.length - this.#head <= AHEAD && this.#bytes <= AHEAD_BYTES)
      this.#more = this.#packets.pull();
    return this.#waiting[this.#head];
  }

  take(): void {
    this.#bytes -= this.#waiting[this.#head++]?.bytes.length ?? 0;
    if (this.#head < this.#waiting.length >> 1) return;
    this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }

  close(): void {
    this.#packets.close();
  }

  #add({ number, ns, link, original, bytes, at, kept }: PacketAt): void {
    const packet = { number, ns, link, original, bytes: bytes.slice(at, at + kept) };
    const waiting = this.#waiting;
    let place = waiting.length;
    while (place > this.#head && (waiting[place - 1] as QueuedPacket).ns > ns) place--;
    if (place === waiting.length) waiting.push(packet);
    else waiting.splice(place, 0, packet);
    this.#bytes += kept;
  }
}
