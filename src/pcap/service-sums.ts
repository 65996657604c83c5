/**
 * What is added up of nearly every connection, by service. Service 0 is all those that are not told apart.
 *
 *   sums        a row of 32 doubles for each, four cache lines: 0-13 below, then the counters of both directions in the
 *               order of COUNTERS (flow-layout.ts). What stands in objects is spread over three times as many lines, each
 *               of which has to be waited for where connections are short and services many.
 *   handshakes  512 counters for each: how the round trips of handshakes are spread (places of spread.ts, 3 bits)
 */
export const ROW = 32;
export const FLOWS = 0;
export const ESTABLISHED = 1;
/** Connections of which packets of both sides, and of one side only, were seen. */
export const BOTH_SIDES = 2;
export const ONE_SIDE = 3;
export const BYTES = 4;
/** Handshakes that took a nanosecond and more, and all of them added up, nanoseconds. */
export const TIMED = 5;
export const HANDSHAKE_NS = 6;
/** Round trips of data from the recorder to each side, and back, added up, nanoseconds. */
export const TO_SERVER = 7;
export const TO_SERVER_NS = 8;
export const TO_CLIENT = 9;
export const TO_CLIENT_NS = 10;
export const ANSWERED = 11;
export const ANSWER_NS = 12;
export const LONGEST_ANSWER_NS = 13;
export const COUNTS = 14;

export const HANDSHAKE_BITS = 3;
const PLACES = 64 << HANDSHAKE_BITS;
/** Services that there is room for at first, and how many times as much there is each time that it grows. */
const FIRST_SERVICES = 16;
const GROWTH = 8;

export class ServiceSums {
  sums = new Float64Array(FIRST_SERVICES * ROW);
  handshakes = new Uint32Array(FIRST_SERVICES * PLACES);

  /** Makes room for one more service than `service`. */
  reserve(service: number): void {
    if (service * ROW < this.sums.length) return;
    const sums = new Float64Array(this.sums.length * GROWTH);
    sums.set(this.sums);
    this.sums = sums;
    const handshakes = new Uint32Array(this.handshakes.length * GROWTH);
    handshakes.set(this.handshakes);
    this.handshakes = handshakes;
  }

  sum(service: number, place: number): number {
    return this.sums[service * ROW + place] as number;
  }

  addHandshake(service: number, place: number): void {
    const counter = service * PLACES + place;
    this.handshakes[counter] = (this.handshakes[counter] as number) + 1;
  }

  /** The counters of a service's handshakes that are not 0, by their places. */
  handshakesOf(service: number): [place: number, count: number][] {
    const counts = this.handshakes.subarray(service * PLACES, (service + 1) * PLACES);
    return [...counts].flatMap((count, place): [number, number][] => (count > 0 ? [[place, count]] : []));
  }
}
