import type { CapturePort } from "./capture-reader.ts";

/** Interfaces beyond this are not told from the last one: a hostile file may describe any number. */
const MAX_PORTS = 65_536;

/**
 * What outlives a section or a file while captures are read one after the other: the clock, the first packet's time and
 * the interfaces.
 */
export class CapturePlace {
  /** [0]: nanoseconds of the present packet since the first one. */
  readonly clock: Float64Array;
  readonly ports: CapturePort[] = [];
  firstNs: bigint | undefined;
  /** Offset in the file of the first byte of the buffer. */
  base = 0;
  /** File or section headers that were read. */
  headers = 0;
  undescribed = 0;
  /** Interfaces from here on belong to the present section; the newest time before it, in ns since the first packet. */
  #sectionAt = 0;
  #sectionFromNs = 0;

  constructor(clock: Float64Array) {
    this.clock = clock;
  }

  /** A file or section begins: its interfaces may be those of before. */
  begin(): void {
    this.headers++;
    this.#sectionAt = this.ports.length;
    this.#sectionFromNs = this.clock[0] as number;
  }

  /** Told a packet's nanoseconds since 1970, answers how long after the first packet of all it came; that may be itself. */
  sinceFirst(ns: bigint): number {
    this.firstNs ??= ns;
    return Number(ns - this.firstNs);
  }

  /**
   * Index of an interface whose first packet of this section came at `sinceFirstNs`. It is that of an earlier section with
   * the same name and link type when time goes on: a recorder has begun a new file. Where times overlap they are two vantage
   * points. Without a time it is a new one.
   */
  portOf(about: CapturePort, sinceFirstNs = Number.NEGATIVE_INFINITY): number {
    const same = (port: CapturePort): boolean => port.link === about.link && port.name === about.name;
    if (sinceFirstNs >= this.#sectionFromNs) {
      const known = this.ports.slice(0, Math.min(this.#sectionAt, 256)).findIndex(same);
      if (known !== -1) return known;
    }
    if (this.ports.length < MAX_PORTS) this.ports.push(about);
    return this.ports.length - 1;
  }
}
