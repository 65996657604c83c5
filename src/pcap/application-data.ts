import type { DnsAnalysis } from "./dns-analysis.ts";
import * as layout from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import type { HttpAnalysis } from "./http-analysis.ts";
import { clientOf } from "./tcp-analysis.ts";
import type { TlsAnalysis } from "./tls-analysis.ts";

const { APPLICATION, PORTS, REQUEST, UNINTERESTING } = layout;

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

function lettersOf(text: string): number {
  return [...text].reduce((word, letter) => (word << 8) | letter.charCodeAt(0), 0);
}

/** Hands what a connection carries to whoever reads that; looks only at the beginnings of segments. */
export class ApplicationData {
  readonly #table: FlowTable;
  readonly #http: HttpAnalysis;
  readonly #tls: TlsAnalysis;
  readonly #dns: DnsAnalysis;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(
    table: FlowTable,
    { http, tls, dns }: { readonly http: HttpAnalysis; readonly tls: TlsAnalysis; readonly dns: DnsAnalysis },
  ) {
    this.#table = table;
    this.#http = http;
    this.#tls = tls;
    this.#dns = dns;
  }

  buffer(view: DataView): void {
    this.#view = view;
  }

  /** Data that continues its direction, in the flow that the table found last: `captured` bytes at `at`. */
  data(registers: Int32Array, at: number, captured: number, now: number, packet: number, key: number): void {
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
    const client = direction === clientOf(words, flow);
    if (kind === HTTP) {
      if (captured < TELLS) return;
      const letters = this.#view.getInt32(at, false);
      if (letters === ANSWER) this.#http.answer(this.#table, at, captured, now);
      else if (METHODS.has(letters)) this.#http.request(this.#table, at, captured, now, packet);
    } else if (kind === TLS) this.#tls.record(this.#table, client, at, captured, now, packet);
    else if (kind === DNS && captured >= 2 + DNS_HEADER) {
      const ports = words[flow + PORTS] as number;
      const [low, high] = [ports >>> 16, ports & 0xffff];
      const source = direction === 0 ? low : high;
      this.#dns.message(registers, at + 2, at + captured, source, direction === 0 ? high : low, now, packet, key);
    }
  }

  /** The side of the table's direction closes the flow, or resets it. */
  closing(reset: boolean, now: number, packet: number): void {
    const { words, at } = this.#table;
    const word = words[at + APPLICATION] as number;
    if ((word & 7) === HTTP && (words[at + REQUEST] as number) !== 0)
      this.#http.closing(this.#table, this.#table.direction === clientOf(words, at), reset, now);
    if ((word & 7) === TLS)
      this.#tls.closing(this.#table, this.#table.direction === clientOf(words, at), reset, packet);
  }

  #kindOf(at: number, ports: number): number {
    const view = this.#view;
    const letters = view.getInt32(at, false);
    if (METHODS.has(letters) || letters === ANSWER) return HTTP;
    // A TLS record (RFC 8446, 5.1): handshake or alert, version 3.x.
    const type = view.getUint8(at);
    if ((type === 22 || type === 21) && view.getUint8(at + 1) === 3 && view.getUint8(at + 2) <= 4) return TLS;
    if (ports >>> 16 === DNS_PORT || (ports & 0xffff) === DNS_PORT) return DNS;
    return UNKNOWN;
  }
}
