import type { DnsAnalysis } from "./dns-analysis.ts";
import { clientOf } from "./flow-ends.ts";
import * as layout from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import type { HttpAnalysis } from "./http-analysis.ts";
import { HttpMessages } from "./http-messages.ts";
import * as packetRegisters from "./packet-registers.ts";
import type { TlsAnalysis } from "./tls-analysis.ts";

const { APPLICATION, PORTS, REQUEST, UNINTERESTING } = layout;
const { TRANSPORT } = packetRegisters;

/**
 * The word APPLICATION of a flow: bits 0-2 what its data is, bits 3-5 how many segments were looked at in vain, and above
 * that what the analysis of that kind notes.
 */
const UNKNOWN = 0;
export const HTTP = 1;
export const TLS = 2;
const DNS = 4;
const LOOK = 8;
const LOOKS = 0x38;
const DNS_PORT = 53;
/** The least that tells what it is: a DNS header behind its length is the longest of the beginnings looked at. */
const TELLS = 5;
const DNS_HEADER = 12;

/** First four letters of HTTP/1 requests (RFC 9110, 9.3; RFC 5789) and of answers. */
const METHODS = new Set(["GET ", "HEAD", "POST", "PUT ", "DELE", "CONN", "OPTI", "TRAC", "PATC"].map(lettersOf));
const ANSWER = lettersOf("HTTP");
/** No method begins with a letter before this one: most data that is not HTTP need not be looked for. */
const FIRST_LETTER = "C".charCodeAt(0);

function lettersOf(text: string): number {
  return [...text].reduce((word, letter) => (word << 8) | letter.charCodeAt(0), 0);
}

/** Messages behind each other in one segment that are looked at. */
const MAX_MESSAGES = 64;
/**
 * Hands what a connection carries to whoever reads that: messages that begin with a segment, those that follow them in the
 * same segment, and of HTTP/1 those behind a body that began in an earlier one.
 */
export class ApplicationData {
  readonly #table: FlowTable;
  /** [0]: the time of the segment. */
  readonly #clock: Float64Array;
  readonly #http: HttpAnalysis;
  readonly #tls: TlsAnalysis;
  readonly #dns: DnsAnalysis;
  readonly #messages = new HttpMessages();
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(
    table: FlowTable,
    clock: Float64Array,
    { http, tls, dns }: { readonly http: HttpAnalysis; readonly tls: TlsAnalysis; readonly dns: DnsAnalysis },
  ) {
    this.#table = table;
    this.#clock = clock;
    this.#http = http;
    this.#tls = tls;
    this.#dns = dns;
  }

  buffer(view: DataView): void {
    this.#view = view;
    this.#messages.buffer(view);
  }

  /** Data that continues its direction, in the flow that the table found last: `captured` bytes at `at`. */
  data(registers: Int32Array, at: number, captured: number, packet: number, key: number): void {
    const { words, at: flow, direction } = this.#table;
    const word = words[flow + APPLICATION] as number;
    let kind = word & 7;
    if (kind === UNKNOWN) {
      kind = captured < TELLS ? UNKNOWN : this.#kindOf(at, words[flow + PORTS] as number);
      if (kind === UNKNOWN) {
        words[flow + APPLICATION] = (word & LOOKS) === LOOKS ? UNINTERESTING : word + LOOK;
        return;
      }
      words[flow + APPLICATION] = kind;
    }
    const end = at + captured;
    if (kind === HTTP) {
      this.#http1(this.#view.getInt32((registers[TRANSPORT] as number) + 4, false), at, end, packet);
      return;
    }
    const now = this.#clock[0] as number;
    let place = at;
    for (let message = 0; message < MAX_MESSAGES && end - place >= TELLS; message++) {
      if (kind === TLS) {
        // The middle of a record, not the beginning of one.
        if (this.#view.getUint8(place + 1) !== 3) return;
        this.#tls.record(this.#table, direction === clientOf(words, flow), place, end - place, now, packet);
        place += TELLS + this.#view.getUint16(place + 3, false);
      } else if (kind === DNS && end - place >= 2 + DNS_HEADER) {
        const ports = words[flow + PORTS] as number;
        const [low, high] = [ports >>> 16, ports & 0xffff];
        const next = place + 2 + this.#view.getUint16(place, false);
        const [from, to] = direction === 0 ? [low, high] : [high, low];
        this.#dns.message(registers, place + 2, Math.min(next, end), from, to, now, packet, key);
        place = next;
      } else return;
    }
  }

  /** The requests or answers that begin in these bytes, the first of which is `sequence`. */
  #http1(sequence: number, at: number, end: number, packet: number): void {
    const now = this.#clock[0] as number;
    const { words, at: flow, direction } = this.#table;
    const messages = this.#messages;
    const expected = messages.next(words, flow, direction, sequence, at, end);
    let place = !messages.within && end - at >= TELLS && this.#message(at) ? at : expected;
    for (let message = 0; message < MAX_MESSAGES && place < end; message++) {
      // Cut before it can be told what it is: it is not counted, but what follows it is found.
      const cut = end - place < TELLS;
      if (!cut && !this.#message(place)) {
        messages.lose();
        break;
      }
      const answer = !cut && this.#view.getInt32(place, false) === ANSWER;
      if (answer) this.#http.answer(this.#table, place, end - place, now);
      else if (!cut) this.#http.request(this.#table, place, end - place, now, packet);
      place = messages.behind(place, end, answer);
    }
    messages.keep(words, flow, direction, (sequence + Math.max(place, end) - at) | 0);
  }

  #message(at: number): boolean {
    const letters = this.#view.getInt32(at, false);
    return letters === ANSWER || (letters >> 24 >= FIRST_LETTER && METHODS.has(letters));
  }

  /** The side of the table's direction closes the flow, or resets it. */
  closing(reset: boolean, packet: number): void {
    const { words, at } = this.#table;
    const word = words[at + APPLICATION] as number;
    if ((word & 7) === HTTP && (words[at + REQUEST] as number) !== 0)
      this.#http.closing(this.#table, this.#table.direction === clientOf(words, at), reset, this.#clock[0] as number);
    if ((word & 7) === TLS)
      this.#tls.closing(this.#table, this.#table.direction === clientOf(words, at), reset, packet);
  }

  #kindOf(at: number, ports: number): number {
    const view = this.#view;
    if (this.#message(at)) return HTTP;
    // A TLS record (RFC 8446, 5.1): handshake or alert, version 3.x.
    const type = view.getUint8(at);
    if ((type === 22 || type === 21) && view.getUint8(at + 1) === 3 && view.getUint8(at + 2) <= 4) return TLS;
    if (ports >>> 16 === DNS_PORT || (ports & 0xffff) === DNS_PORT) return DNS;
    return UNKNOWN;
  }
}
