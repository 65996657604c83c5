import { addressText } from "./address-text.ts";
import type { FlowEnds } from "./flow-ends.ts";
import { DESTINATION, FAMILY, SOURCE } from "./packet-registers.ts";
import { Spread } from "./spread.ts";

const ENTRIES = 4_096;
const WORDS = 4;
const HASH = 0;
const PACKET = 1;
const FROM = 2;
const TO = 3;
/** ping waits a second, and a second more for the last one. */
const WAIT_NS = 2e9;

/** An echo request without a reply. Times in nanoseconds since the first packet. */
export type LostEcho = { readonly ends?: FlowEnds; readonly atNs: number; readonly packet: number };

/**
 * Echo requests and their replies (RFC 792, RFC 4443), paired by sender, identifier and sequence number. 4,096 requests may
 * wait; one that is overwritten, or waits for two seconds, is lost.
 */
export class Echoes {
  lost = 0;
  /** Requests for whose reply there was no time before the capture ended. */
  open = 0;
  firstLost: LostEcho | undefined;
  readonly times = new Spread();
  readonly #words = new Int32Array(ENTRIES * WORDS);
  readonly #sentAt = new Float64Array(ENTRIES).fill(-1);

  /** `mark` is identifier and sequence number. */
  request(registers: Int32Array, mark: number, now: number, packet: number): void {
    const hash = hashOf(registers, SOURCE, mark);
    const entry = hash & (ENTRIES - 1);
    if ((this.#sentAt[entry] as number) >= 0) this.#lose(entry);
    const at = entry * WORDS;
    this.#words[at + HASH] = hash;
    this.#words[at + PACKET] = packet;
    this.#words[at + FROM] = registers[FAMILY] === 4 ? (registers[SOURCE] as number) : 0;
    this.#words[at + TO] = registers[FAMILY] === 4 ? (registers[DESTINATION] as number) : 0;
    this.#sentAt[entry] = now;
  }

  reply(registers: Int32Array, mark: number, now: number): void {
    const entry = this.#waiting(hashOf(registers, DESTINATION, mark));
    if (entry === -1) return;
    this.times.add(now - (this.#sentAt[entry] as number));
    this.#sentAt[entry] = -1;
  }

  /** Something else came back for a request that an error quotes, as for those of a trace. */
  refused(quoted: Int32Array, mark: number): void {
    const entry = this.#waiting(hashOf(quoted, SOURCE, mark));
    if (entry !== -1) this.#sentAt[entry] = -1;
  }

  /** Behind the last packet. */
  finish(now: number): void {
    for (let entry = 0; entry < ENTRIES; entry++) {
      const sent = this.#sentAt[entry] as number;
      if (sent < 0) continue;
      if (now - sent >= WAIT_NS) this.#lose(entry);
      else this.open++;
    }
  }

  #waiting(hash: number): number {
    const entry = hash & (ENTRIES - 1);
    return (this.#sentAt[entry] as number) >= 0 && this.#words[entry * WORDS + HASH] === hash ? entry : -1;
  }

  #lose(entry: number): void {
    this.lost++;
    const words = this.#words;
    const at = entry * WORDS;
    const atNs = this.#sentAt[entry] as number;
    this.#sentAt[entry] = -1;
    if (this.firstLost && this.firstLost.atNs <= atNs) return;
    const [client, server] = [addressText(words, at + FROM, false), addressText(words, at + TO, false)];
    const ends = words[at + FROM] === 0 ? {} : { ends: { client, server } };
    this.firstLost = { ...ends, atNs, packet: words[at + PACKET] as number };
  }
}

function hashOf(registers: Int32Array, client: number, mark: number): number {
  let hash = Math.imul(mark, 0x9e3779b1);
  for (let word = 0; word < (registers[FAMILY] === 6 ? 4 : 1); word++)
    hash = Math.imul(hash ^ (registers[client + word] as number), 0x85ebca6b) ^ (hash >>> 15);
  return Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) ^ (hash >>> 16);
}
