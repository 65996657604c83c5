import { SLOW_NS } from "./finding.ts";
import { type FlowEnds, flowEnds } from "./flow-ends.ts";
import { REQUEST, type Slot } from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import { Spread } from "./spread.ts";
import { WorstList } from "./worst-list.ts";

const WAITING = 4_096;
const TEXT = 128;
const KEPT = 10;

/** A request and what became of it. Times in nanoseconds, the start since the first packet of the capture. */
export type HttpRequest = FlowEnds & {
  /** Method and target as far as they were captured, 128 bytes at most: `GET /orders/7`. */
  readonly request: string;
  readonly atNs: number;
  /** To the first byte of the answer, or until it was given up. */
  readonly tookNs: number;
  readonly packet: number;
  /** Code of the answer (RFC 9110, 15). */
  readonly status?: number;
  readonly by?: "client" | "server";
};

/**
 * HTTP/1 (RFC 9112) by the first line of requests and answers. A request is timed to the first byte of its answer; of
 * requests that are sent ahead of answers only the oldest is. Requests in waiting lie in a ring of 4,096; one that is
 * overwritten is forgotten.
 */
export class HttpAnalysis {
  requests = 0;
  /** Answers by the first digit of their code; interim answers (1xx) are not counted. */
  readonly answers = new Float64Array(6);
  /** Given up by the client before an answer came: what servers log as 499. */
  aborted = 0;
  /** Closed or reset by the server before an answer. */
  dropped = 0;
  /** Answers that began after a second or more. */
  slow = 0;
  readonly times = new Spread();
  readonly slowest = new WorstList<HttpRequest>(KEPT);
  readonly abortedLongest = new WorstList<HttpRequest>(KEPT);
  readonly droppedLongest = new WorstList<HttpRequest>(KEPT);
  /** Answers 5xx, the slowest first. */
  readonly failed = new WorstList<HttpRequest>(KEPT);
  /** Empty before the first request. */
  #texts = new Uint8Array(0);
  readonly #lengths = new Uint8Array(WAITING);
  readonly #serials = new Int32Array(WAITING);
  readonly #packets = new Int32Array(WAITING);
  readonly #times = new Float64Array(WAITING);
  /** When the client closed its direction; 0 = it has not. */
  readonly #closed = new Float64Array(WAITING);
  #serial = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));

  buffer(view: DataView): void {
    this.#view = view;
  }

  request({ words, at: flow }: FlowTable, at: number, captured: number, now: number, packet: number): void {
    this.requests++;
    if (this.#waiting(words[flow + REQUEST] as number) !== -1) return;
    const serial = ++this.#serial;
    const place = serial % WAITING;
    const length = Math.min(captured, TEXT);
    if (this.#texts.length === 0) this.#texts = new Uint8Array(WAITING * TEXT);
    this.#texts.set(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length), place * TEXT);
    this.#lengths[place] = length;
    this.#serials[place] = serial;
    this.#packets[place] = packet;
    this.#times[place] = now;
    this.#closed[place] = 0;
    words[flow + REQUEST] = serial;
  }

  answer({ words, at: flow }: FlowTable, at: number, captured: number, now: number): void {
    // "HTTP/1.1 200": the code begins behind nine characters.
    if (captured < 12) return;
    const digit = (index: number): number => this.#view.getUint8(at + 9 + index) - 48;
    const status = digit(0) * 100 + digit(1) * 10 + digit(2);
    if (!(status >= 200 && status < 600)) return;
    const family = Math.floor(status / 100);
    this.answers[family] = (this.answers[family] as number) + 1;
    const place = this.#waiting(words[flow + REQUEST] as number);
    words[flow + REQUEST] = 0;
    if (place === -1) return;
    const tookNs = Math.max(0, now - (this.#times[place] as number));
    this.times.add(tookNs);
    if (tookNs >= SLOW_NS) this.slow++;
    const whole = (): HttpRequest => ({ ...this.#whole(words, flow, place, tookNs), status });
    this.slowest.offer(tookNs, whole);
    if (family === 5) this.failed.offer(tookNs, whole);
  }

  /**
   * One side ends the connection while a request waits. A client that closes its direction may still read (RFC 9112, 9.6):
   * whether it gave up shows when the connection ends without an answer.
   */
  closing({ words, at: flow }: FlowTable, byClient: boolean, reset: boolean, now: number): void {
    const place = this.#waiting(words[flow + REQUEST] as number);
    if (place === -1) return;
    if (byClient && !reset) {
      this.#closed[place] = now;
      return;
    }
    this.#ended(words, flow, place, byClient || this.#closed[place] !== 0, now);
  }

  /** The flow is over, or its slot is needed. */
  left({ words, at: flow }: Slot): void {
    const place = this.#waiting(words[flow + REQUEST] as number);
    if (place !== -1 && this.#closed[place] !== 0) this.#ended(words, flow, place, true, 0);
  }

  #ended(words: Int32Array, flow: number, place: number, byClient: boolean, now: number): void {
    const until = (this.#closed[place] as number) || now;
    const tookNs = Math.max(0, until - (this.#times[place] as number));
    words[flow + REQUEST] = 0;
    const whole = (): HttpRequest => ({
      ...this.#whole(words, flow, place, tookNs),
      by: byClient ? "client" : "server",
    });
    if (byClient) {
      this.aborted++;
      this.abortedLongest.offer(tookNs, whole);
    } else {
      this.dropped++;
      this.droppedLongest.offer(tookNs, whole);
    }
  }

  #waiting(serial: number): number {
    const place = serial % WAITING;
    return serial !== 0 && this.#serials[place] === serial ? place : -1;
  }

  #whole(words: Int32Array, flow: number, place: number, tookNs: number): HttpRequest {
    const bytes = this.#texts.subarray(place * TEXT, place * TEXT + (this.#lengths[place] as number));
    const line = new TextDecoder("latin1").decode(bytes).split("\r", 1)[0] ?? "";
    return {
      ...flowEnds(words, flow),
      // Queries may hold what nobody wants to read in a report.
      request: line.replace(/ HTTP\/1\..*$/, "").replace(/\?.*$/, "?…"),
      atNs: this.#times[place] as number,
      tookNs,
      packet: this.#packets[place] as number,
    };
  }
}
