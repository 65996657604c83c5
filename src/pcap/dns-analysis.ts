import { DESTINATION, FAMILY, SOURCE } from "./decode.ts";
import { Spread } from "./spread.ts";

const PENDING = 65_536;
const WAYS = 4;
const WORDS = 4;
const HEADER = 12;
const TIMEOUT_NS = 5e9;

/**
 * DNS over UDP: queries and answers are paired by client, port and id. Queries that wait lie in a table of fixed size; one
 * that has to make room, or waits for more than five seconds, counts as unanswered.
 */
export class DnsAnalysis {
  queries = 0;
  responses = 0;
  /** Queries with the same client, port and id as one that still waits: asked again. */
  repeated = 0;
  unanswered = 0;
  /** Answers that say that something is wrong, by their code (RFC 1035, 4.1.1: 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED). */
  readonly codes = new Map<number, number>();
  truncated = 0;
  readonly times = new Spread();
  readonly #keys = new Int32Array(PENDING * WORDS);
  readonly #sentAt = new Float64Array(PENDING).fill(-1);
  #view: DataView = new DataView(new ArrayBuffer(0));

  buffer(view: DataView): void {
    this.#view = view;
  }

  datagram(registers: Int32Array, at: number, end: number, now: number): void {
    if (end - at < 8 + HEADER) return;
    const view = this.#view;
    const source = view.getUint16(at, false);
    const destination = view.getUint16(at + 2, false);
    if (source !== 53 && destination !== 53) return;
    const flags = view.getUint16(at + 10, false);
    const answer = (flags & 0x8000) !== 0;
    const id = view.getUint16(at + 8, false);
    const client = answer ? DESTINATION : SOURCE;
    const port = answer ? destination : source;
    if (answer) {
      this.responses++;
      if ((flags & 0x0200) !== 0) this.truncated++;
      const code = flags & 15;
      if (code !== 0) this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    } else this.queries++;
    this.#pair(registers, client, (port << 16) | id, answer, now);
  }

  /** Queries that were never answered by the end of the capture, given that it went on for a while after them. */
  waiting(now: number): number {
    return this.#sentAt.reduce((sum, sent) => sum + (sent >= 0 && now - sent > TIMEOUT_NS ? 1 : 0), 0);
  }

  #pair(registers: Int32Array, client: number, mark: number, answer: boolean, now: number): void {
    const keys = this.#keys;
    const sentAt = this.#sentAt;
    const address = registers[client] as number;
    const rest = registers[FAMILY] === 6 ? (registers[client + 3] as number) : 0;
    const hash = Math.imul(Math.imul(address ^ rest, 0x85ebca6b) ^ mark, 0xc2b2ae35);
    const bucket = ((hash ^ (hash >>> 15)) & (PENDING / WAYS - 1)) * WAYS;
    let oldest = bucket;
    for (let slot = bucket; slot < bucket + WAYS; slot++) {
      const sent = sentAt[slot] as number;
      if (sent < (sentAt[oldest] as number)) oldest = slot;
      const at = slot * WORDS;
      if (sent < 0 || keys[at] !== address || keys[at + 1] !== rest || keys[at + 2] !== mark) continue;
      if (answer) {
        this.times.add(now - sent);
        sentAt[slot] = -1;
      } else if (now - sent > TIMEOUT_NS) {
        // The same id after a long time is another question.
        this.unanswered++;
        sentAt[slot] = now;
      } else this.repeated++;
      return;
    }
    if (answer) return;
    if ((sentAt[oldest] as number) >= 0) this.unanswered++;
    keys[oldest * WORDS] = address;
    keys[oldest * WORDS + 1] = rest;
    keys[oldest * WORDS + 2] = mark;
    sentAt[oldest] = now;
  }
}
