import { type FlowEnds, flowEnds } from "./flow-ends.ts";
import { APPLICATION, NEWEST } from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import { WorstList } from "./worst-list.ts";

const HANDSHAKE = 22;
const ALERT = 21;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const FATAL = 2;
const CLOSE_NOTIFY = 0;
const SERVER_NAME = 0;
const RECORD_HEADER = 5;
/** Behind the record header: type, length, version, random. */
const HELLO_FIXED = 4 + 2 + 32;
const KEPT = 10;
const NAMES = 64;

/** Notes in the word APPLICATION. */
const HELLO_SEEN = 1 << 6;
const ANSWERED = 1 << 7;
const TOLD = 1 << 8;

/** Alerts (RFC 8446, 6.2) that say what is wrong. */
const ALERTS: Readonly<Record<number, string>> = {
  10: "unexpected message",
  20: "bad record MAC",
  40: "handshake failure",
  42: "bad certificate",
  43: "unsupported certificate",
  44: "certificate revoked",
  45: "certificate expired",
  46: "certificate unknown",
  47: "illegal parameter",
  48: "unknown CA",
  49: "access denied",
  50: "decode error",
  51: "decrypt error",
  70: "protocol version",
  71: "insufficient security",
  80: "internal error",
  86: "inappropriate fallback",
  90: "user canceled",
  109: "missing extension",
  112: "unrecognized name",
  116: "certificate required",
  120: "no application protocol",
};

/** A TLS handshake that went wrong. `atNs` since the first packet of the capture. */
export type TlsFailure = FlowEnds & {
  readonly what: string;
  readonly by: "client" | "server";
  readonly atNs: number;
  readonly packet: number;
};

/** TLS by its plain records: hellos, the name that was asked for (RFC 6066, 3), alerts before encryption begins. */
export class TlsAnalysis {
  clientHellos = 0;
  serverHellos = 0;
  /** Fatal alerts in plain text, by their number. */
  readonly alerts = new Map<number, number>();
  /** Connections that were closed or reset between the two hellos. */
  unanswered = 0;
  /** Names asked for, the first 64, and how often. */
  readonly names = new Map<string, number>();
  readonly failures = new WorstList<TlsFailure>(KEPT);
  #view: DataView = new DataView(new ArrayBuffer(0));

  buffer(view: DataView): void {
    this.#view = view;
  }

  record(table: FlowTable, client: boolean, at: number, captured: number, now: number, packet: number): void {
    const view = this.#view;
    const { words, at: flow } = table;
    if (captured < RECORD_HEADER + 2 || view.getUint8(at + 1) !== 3) return;
    const type = view.getUint8(at);
    const length = view.getUint16(at + 3, false);
    if (type === ALERT && length === 2) {
      this.#alert(table, client, view.getUint8(at + 5), view.getUint8(at + 6), now, packet);
      return;
    }
    if (type !== HANDSHAKE) return;
    const message = view.getUint8(at + RECORD_HEADER);
    if (message === CLIENT_HELLO && client) {
      this.clientHellos++;
      words[flow + APPLICATION] = (words[flow + APPLICATION] as number) | HELLO_SEEN;
      this.#count(this.#serverName(at + RECORD_HEADER + HELLO_FIXED, at + captured));
    } else if (message === SERVER_HELLO && !client) {
      this.serverHellos++;
      words[flow + APPLICATION] = (words[flow + APPLICATION] as number) | ANSWERED;
    }
  }

  /** One side ends the connection: a hello without an answer is a failure. */
  closing(table: FlowTable, byClient: boolean, reset: boolean, packet: number): void {
    const { words, at, times, timesAt } = table;
    const word = words[at + APPLICATION] as number;
    if ((word & (HELLO_SEEN | ANSWERED | TOLD)) !== HELLO_SEEN) return;
    words[at + APPLICATION] = word | TOLD;
    this.unanswered++;
    this.failures.offer(1, () => ({
      ...flowEnds(words, at),
      what: `${reset ? "reset" : "closed"} before the server's hello`,
      by: byClient ? "client" : "server",
      atNs: times[timesAt + NEWEST] as number,
      packet,
    }));
  }

  #alert(table: FlowTable, client: boolean, level: number, number: number, now: number, packet: number): void {
    if (level !== FATAL || number === CLOSE_NOTIFY) return;
    const { words, at } = table;
    words[at + APPLICATION] = (words[at + APPLICATION] as number) | TOLD;
    this.alerts.set(number, (this.alerts.get(number) ?? 0) + 1);
    this.failures.offer(2, () => ({
      ...flowEnds(words, at),
      what: `alert ${number}, ${alertName(number)}`,
      by: client ? "client" : "server",
      atNs: now,
      packet,
    }));
  }

  #count(name: string | undefined): void {
    if (name === undefined || (this.names.size >= NAMES && !this.names.has(name))) return;
    this.names.set(name, (this.names.get(name) ?? 0) + 1);
  }

  /** The name in a client hello whose session id begins at `start`; undefined when there is none or it is cut. */
  #serverName(start: number, end: number): string | undefined {
    const view = this.#view;
    let at = start;
    if (at >= end) return undefined;
    at += 1 + view.getUint8(at);
    if (at + 2 > end) return undefined;
    at += 2 + view.getUint16(at, false);
    if (at >= end) return undefined;
    at += 1 + view.getUint8(at) + 2;
    while (at + 4 <= end) {
      const extension = view.getUint16(at, false);
      const length = view.getUint16(at + 2, false);
      at += 4;
      if (extension === SERVER_NAME && at + 5 <= end) {
        const size = view.getUint16(at + 3, false);
        if (view.getUint8(at + 2) !== 0 || at + 5 + size > end || size > 255) return undefined;
        return new TextDecoder("latin1").decode(new Uint8Array(view.buffer, view.byteOffset + at + 5, size));
      }
      at += length;
    }
    return undefined;
  }
}

export function alertName(number: number): string {
  return ALERTS[number] ?? "of an unknown kind";
}
