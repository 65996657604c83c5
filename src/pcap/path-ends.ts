import { readAddress } from "./address.ts";
import * as packetRegisters from "./packet-registers.ts";

const { DESTINATION, FAMILY, PROTOCOL, SOURCE, TRANSPORT, WHOLE } = packetRegisters;

const ICMP = 1;
const ICMPV6 = 58;

/** Bits of a way. FROM_OWN, TO_OWN: this end is seen by its own address, and not by one that stands for it. */
export const BACKWARD = 1;
export const FROM_OWN = 2;
export const TO_OWN = 4;
/** A packet of others. */
export const STRANGER = -1;

/** Tells by its addresses which way a packet goes between two ends. */
export class PathEnds {
  readonly #from: AddressSet;
  readonly #to: AddressSet;
  readonly #ownFrom: AddressSet;
  readonly #ownTo: AddressSet;

  /** All addresses that packets of either end carry on the way: first its own, then of its Services, and of whoever masks it. */
  constructor(from: readonly string[], to: readonly string[]) {
    this.#from = new AddressSet(from);
    this.#to = new AddressSet(to);
    this.#ownFrom = new AddressSet(from.slice(0, 1));
    this.#ownTo = new AddressSet(to.slice(0, 1));
  }

  /**
   * STRANGER, or bits. A packet is between the two when each of them was seen by its own address somewhere: what goes to a
   * Service may end at another pod, and what comes from a node need not be the pod that the node masks.
   */
  wayOf(registers: Int32Array): number {
    const forward = this.#from.has(registers, SOURCE) || this.#to.has(registers, DESTINATION);
    const backward = this.#to.has(registers, SOURCE) || this.#from.has(registers, DESTINATION);
    if (!forward && !backward) return STRANGER;
    // Both: one of its addresses stands for an end, the other is of a stranger's connection to the other end.
    const isBack =
      forward && backward ? this.#ownTo.has(registers, SOURCE) || this.#ownFrom.has(registers, DESTINATION) : backward;
    const [ofFrom, ofTo] = isBack ? [DESTINATION, SOURCE] : [SOURCE, DESTINATION];
    return (
      (isBack ? BACKWARD : 0) |
      (this.#ownFrom.has(registers, ofFrom) ? FROM_OWN : 0) |
      (this.#ownTo.has(registers, ofTo) ? TO_OWN : 0)
    );
  }
}

/** A number for the connection of a packet, the same both ways; never 0. Of fragments the addresses have to do. */
export function connectionOf(registers: Int32Array, view: DataView, outcome: number, end: number): number {
  const at = registers[TRANSPORT] as number;
  const protocol = registers[PROTOCOL] as number;
  let [first, second] = [0, 0];
  if (outcome === WHOLE && end - at >= 8) {
    const echo = protocol === ICMP || protocol === ICMPV6;
    first = view.getUint16(echo ? at + 4 : at, false);
    second = view.getUint16(echo ? at + 4 : at + 2, false);
  }
  const one = Math.imul(addressMark(registers, SOURCE) ^ Math.imul(first, 0x9e3779b1), 0x85ebca6b);
  const other = Math.imul(addressMark(registers, DESTINATION) ^ Math.imul(second, 0x9e3779b1), 0x85ebca6b);
  return ((one ^ (one >>> 15)) + (other ^ (other >>> 15)) + protocol) | 1;
}

function addressMark(registers: Int32Array, at: number): number {
  const first = registers[at] as number;
  if (registers[FAMILY] === 4) return first;
  return markOf(first, registers[at + 1] as number, registers[at + 2] as number, registers[at + 3] as number);
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
    return this.#marks.has(addressMark(registers, at));
  }
}

/** IPv4 addresses are their own marks; of IPv6 it is as good as certain that two differ. */
function markOf(first: number, second: number, third: number, fourth: number): number {
  return first ^ Math.imul(second, 0x9e3779b1) ^ Math.imul(third, 0x85ebca6b) ^ Math.imul(fourth, 0xc2b2ae35);
}
