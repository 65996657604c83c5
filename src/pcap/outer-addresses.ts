import { addressText } from "./address-text.ts";
import { DESTINATION, FAMILY, SOURCE } from "./packet-registers.ts";

/** Pairs of nodes that one tap sees; packets of others are counted nowhere. */
const MAX_PAIRS = 64;

type Pair = { readonly six: boolean; readonly words: Int32Array; packets: number };

/** Counts between which addresses tunnels carry packets: their outermost IP header. */
export class OuterAddresses {
  readonly #pairs: Pair[] = [];
  readonly #words = new Int32Array(8);
  #view: DataView = new DataView(new ArrayBuffer(0));

  buffer(view: DataView): void {
    this.#view = view;
  }

  /** A tunnelled packet in Ethernet at `at`; `outermost` are the decoder's registers where the outermost header is all it saw. */
  count(at: number, end: number, outermost: Int32Array | undefined): void {
    const six = outermost ? outermost[FAMILY] === 6 : this.#read(at, end);
    if (six === undefined) return;
    if (outermost) for (let word = 0; word < 4; word++) this.#take(outermost, word);
    const words = this.#words;
    for (const pair of this.#pairs)
      if (isSame(pair, words, six)) {
        pair.packets++;
        return;
      }
    if (this.#pairs.length < MAX_PAIRS) this.#pairs.push({ six, words: words.slice(), packets: 1 });
  }

  /** Most packets first. */
  list(): { readonly source: string; readonly destination: string; readonly packets: number }[] {
    return this.#pairs
      .toSorted((a, b) => b.packets - a.packets)
      .map(({ six, words, packets }) => ({
        source: addressText(words, 0, six),
        destination: addressText(words, 4, six),
        packets,
      }));
  }

  #take(registers: Int32Array, word: number): void {
    this.#words[word] = registers[SOURCE + word] as number;
    this.#words[4 + word] = registers[DESTINATION + word] as number;
  }

  /** Reads the addresses behind Ethernet and VLAN tags; says whether they are of IPv6, undefined when there is no IP. */
  #read(at: number, end: number): boolean | undefined {
    const view = this.#view;
    const words = this.#words;
    let place = at + 12;
    while (place + 4 <= end && (view.getUint16(place, false) === 0x8100 || view.getUint16(place, false) === 0x88a8))
      place += 4;
    if (end - place < 22) return undefined;
    const type = view.getUint16(place, false);
    if (type === 0x0800) {
      words[0] = view.getInt32(place + 14, false);
      words[4] = view.getInt32(place + 18, false);
      return false;
    }
    if (type !== 0x86dd || end - place < 42) return undefined;
    for (let word = 0; word < 4; word++) {
      words[word] = view.getInt32(place + 10 + word * 4, false);
      words[4 + word] = view.getInt32(place + 26 + word * 4, false);
    }
    return true;
  }
}

function isSame({ six, words }: Pair, others: Int32Array, six2: boolean): boolean {
  if (six !== six2 || words[0] !== others[0] || words[4] !== others[4]) return false;
  if (!six) return true;
  for (let word = 1; word < 4; word++)
    if (words[word] !== others[word] || words[4 + word] !== others[4 + word]) return false;
  return true;
}
