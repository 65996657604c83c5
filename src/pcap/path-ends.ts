import { readAddress } from "./address.ts";
import * as packetRegisters from "./packet-registers.ts";

const { DESTINATION, FAMILY, SOURCE } = packetRegisters;

/** Bits of a way. KNOWN: both addresses are known to be those of the two ends, and not only one of them. */
export const BACKWARD = 1;
export const KNOWN = 2;
/** A packet of others. */
export const STRANGER = -1;

/** Tells by its addresses which way a packet goes between two ends. */
export class PathEnds {
  readonly #from: AddressSet;
  readonly #to: AddressSet;

  /** All addresses that packets of either end carry on the way: its own, those of its Service, and of whoever masks it. */
  constructor(from: readonly string[], to: readonly string[]) {
    this.#from = new AddressSet(from);
    this.#to = new AddressSet(to);
  }

  /**
   * STRANGER, or bits. With one known address it may be a packet of the two whose other address was rewritten, or one
   * of an end and a stranger: that is decided where it is seen with both.
   */
  wayOf(registers: Int32Array): number {
    const fromHere = this.#from.has(registers, SOURCE);
    const toThere = this.#to.has(registers, DESTINATION);
    if (fromHere && toThere) return KNOWN;
    const fromThere = this.#to.has(registers, SOURCE);
    const toHere = this.#from.has(registers, DESTINATION);
    if (fromThere && toHere) return KNOWN | BACKWARD;
    if (fromHere || toThere) return 0;
    return fromThere || toHere ? BACKWARD : STRANGER;
  }
}

/** Addresses that the decoder's registers can be asked for. */
class AddressSet {
  readonly #marks = new Set<number>();

  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const address = readAddress(text);
      if (!address) throw new RangeError(`not an address: ${text}`);
      const [first = 0, second = 0, third = 0, fourth = 0] = address.words;
      this.#marks.add(markOf(first, second, third, fourth));
    }
  }

  has(registers: Int32Array, at: number): boolean {
    const first = registers[at] as number;
    if (registers[FAMILY] === 4) return this.#marks.has(markOf(first, 0, 0, 0));
    return this.#marks.has(
      markOf(first, registers[at + 1] as number, registers[at + 2] as number, registers[at + 3] as number),
    );
  }
}

/** IPv4 addresses are their own marks; of IPv6 it is as good as certain that two differ. */
function markOf(first: number, second: number, third: number, fourth: number): number {
  return first ^ Math.imul(second, 0x9e3779b1) ^ Math.imul(third, 0x85ebca6b) ^ Math.imul(fourth, 0xc2b2ae35);
}
