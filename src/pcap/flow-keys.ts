import { readAddress } from "./address.ts";
import type { FlowEnds } from "./flow-ends.ts";
import { DESTINATION, FAMILY, SOURCE } from "./packet-registers.ts";

/** An end of a flow: its address in words, and its port; -1 for any. */
type End = { readonly family: 4 | 6; readonly words: readonly number[]; readonly port: number };

/** Tells whether a packet belongs to one of some flows, whichever way it goes. */
export class FlowKeys {
  /** Pairs of ends by the exclusive or of their addresses, which is the same both ways. */
  readonly #pairs = new Map<number, [End, End][]>();

  constructor(flows: readonly FlowEnds[]) {
    for (const { client, server } of flows) {
      const [one, other] = [readEnd(client), readEnd(server)];
      if (!one || !other || one.family !== other.family) continue;
      const mark = [...one.words, ...other.words].reduce((mixed, word) => mixed ^ word, 0);
      const same = this.#pairs.get(mark) ?? [];
      same.push([one, other]);
      this.#pairs.set(mark, same);
    }
  }

  /** `registers` are those of the decoder; ports are -1 where there are none. */
  has(registers: Int32Array, sourcePort: number, destinationPort: number): boolean {
    const words = registers[FAMILY] === 6 ? 4 : 1;
    let mark = 0;
    for (let word = 0; word < words; word++)
      mark ^= (registers[SOURCE + word] as number) ^ (registers[DESTINATION + word] as number);
    const pairs = this.#pairs.get(mark);
    if (!pairs) return false;
    return pairs.some(
      ([one, other]) =>
        (fits(one, registers, SOURCE, sourcePort) && fits(other, registers, DESTINATION, destinationPort)) ||
        (fits(other, registers, SOURCE, sourcePort) && fits(one, registers, DESTINATION, destinationPort)),
    );
  }
}

function fits({ family, words, port }: End, registers: Int32Array, at: number, seenPort: number): boolean {
  if (family !== registers[FAMILY] || (port !== -1 && seenPort !== -1 && port !== seenPort)) return false;
  return words.every((word, index) => word === registers[at + index]);
}

/** Reads `10.0.0.1:80`, `[fd00::1]:80`, or an address without a port. */
function readEnd(text: string): End | undefined {
  const [, six, four, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const address = readAddress(six ?? four ?? text);
  return address && { ...address, port: port === undefined ? -1 : Number(port) };
}
