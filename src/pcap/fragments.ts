import {
  DESTINATION,
  FRAGMENT_AT,
  FRAGMENT_ID,
  FRAGMENTED,
  PROTOCOL,
  REGISTERS,
  SOURCE,
  TRANSPORT,
  TRANSPORT_LENGTH,
} from "./packet-registers.ts";

const ENTRIES = 64;
/** What is kept of the first fragment: headers, and the beginning of the data. */
const KEPT = 256;

/**
 * Puts together what is needed of fragmented IP packets (RFC 791, RFC 8200): the beginning of the first fragment and the
 * length of all. 64 packets may be incomplete at a time; the oldest makes room.
 */
export class Fragments {
  /** Beginning of the transport header of the packet that was completed last, as `view` sees it, up to `end`. */
  readonly view: DataView;
  end = 0;
  /** Registers of that packet: those of its first fragment, with the whole length. */
  readonly registers = new Int32Array(REGISTERS);
  /** Packets that were given up, or are still incomplete. */
  incomplete = 0;
  readonly #bytes = new Uint8Array(ENTRIES * KEPT);
  readonly #about = new Int32Array(ENTRIES * REGISTERS);
  readonly #captured = new Int32Array(ENTRIES).fill(-1);
  readonly #received = new Int32Array(ENTRIES);
  readonly #total = new Int32Array(ENTRIES).fill(-1);
  #next = 0;

  constructor() {
    this.view = new DataView(this.#bytes.buffer);
  }

  /** Takes a fragment whose payload was captured from `registers[TRANSPORT]` to `end`; true when its packet is complete. */
  add(view: DataView, registers: Int32Array, end: number): boolean {
    const entry = this.#entry(registers);
    const at = registers[TRANSPORT] as number;
    const length = registers[TRANSPORT_LENGTH] as number;
    const offset = registers[FRAGMENT_AT] as number;
    this.#received[entry] = (this.#received[entry] as number) + length;
    if (registers[FRAGMENTED] === 0) this.#total[entry] = offset + length;
    if (offset === 0) {
      const captured = Math.max(0, Math.min(end - at, length, KEPT));
      this.#bytes.set(new Uint8Array(view.buffer, view.byteOffset + at, captured), entry * KEPT);
      this.#captured[entry] = captured;
      this.#about.set(registers, entry * REGISTERS);
    }
    const total = this.#total[entry] as number;
    if (total === -1 || this.#captured[entry] === -1 || (this.#received[entry] as number) < total) return false;
    this.registers.set(this.#about.subarray(entry * REGISTERS, (entry + 1) * REGISTERS));
    this.registers[TRANSPORT] = entry * KEPT;
    this.registers[TRANSPORT_LENGTH] = total;
    this.registers[FRAGMENTED] = 0;
    this.end = entry * KEPT + (this.#captured[entry] as number);
    this.#clear(entry);
    this.incomplete--;
    return true;
  }

  #entry(registers: Int32Array): number {
    for (let entry = 0; entry < ENTRIES; entry++) if (this.#matches(entry, registers)) return entry;
    const entry = this.#next;
    this.#next = (entry + 1) % ENTRIES;
    this.#clear(entry);
    this.#about.set(registers, entry * REGISTERS);
    this.incomplete++;
    return entry;
  }

  #matches(entry: number, registers: Int32Array): boolean {
    const about = this.#about;
    const at = entry * REGISTERS;
    if ((this.#received[entry] as number) === 0) return false;
    if (about[at + FRAGMENT_ID] !== registers[FRAGMENT_ID] || about[at + PROTOCOL] !== registers[PROTOCOL])
      return false;
    for (let word = 0; word < 4; word++) {
      if (about[at + SOURCE + word] !== registers[SOURCE + word]) return false;
      if (about[at + DESTINATION + word] !== registers[DESTINATION + word]) return false;
    }
    return true;
  }

  #clear(entry: number): void {
    this.#captured[entry] = -1;
    this.#received[entry] = 0;
    this.#total[entry] = -1;
  }
}
