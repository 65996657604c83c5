import { addressText, endText } from "./address-text.ts";
import { SLOW_NS } from "./finding.ts";
import type { FlowEnds } from "./flow-ends.ts";
import * as packetRegisters from "./packet-registers.ts";
import { Spread } from "./spread.ts";
import { WorstList } from "./worst-list.ts";

const { DESTINATION, FAMILY, SOURCE } = packetRegisters;

const PENDING = 65_536;
const WAYS = 4;
const WORDS = 8;
const HEADER = 12;
const DNS_PORT = 53;
const TIMEOUT_NS = 5e9;
/** One packet passes the interfaces of a node within this. */
const COPY_NS = 5e6;
const MAX_SERVERS = 64;
const MAX_NAMES = 128;
const KEPT = 10;
const NAME_BYTES = 255;

/** Words of a question that waits, or was answered a moment ago. */
const ADDRESS = 0;
const ADDRESS_REST = 1;
const MARK = 2;
const KEY = 3;
const PACKET = 4;
const SERVER = 5;
const ANSWERED = 6;

/** One server, as far as questions to it were seen. */
export type DnsServer = {
  readonly address: string;
  queries: number;
  answers: number;
  unanswered: number;
  failures: number;
};

/** A question and what became of it. Times in nanoseconds, `atNs` since the first packet of the capture. */
export type DnsQuestion = {
  readonly server: string;
  readonly name?: string;
  readonly code?: number;
  readonly atNs: number;
  readonly tookNs?: number;
  readonly packet: number;
  /** Who asked and who was asked, where that is known. */
  readonly ends?: FlowEnds;
};

/**
 * DNS over UDP and TCP (RFC 1035): questions and answers are paired by client, port and id. Questions that wait lie in a
 * table of fixed size; one that has to make room, or waits for more than five seconds, counts as unanswered. A message that
 * passes several interfaces of one machine counts once.
 */
export class DnsAnalysis {
  queries = 0;
  responses = 0;
  /** Questions with the same client, port and id as one that still waits: asked again. */
  repeated = 0;
  unanswered = 0;
  /** Questions for whose answer there was no time before the capture ended. */
  open = 0;
  /** Answers that took a second or more. */
  slow = 0;
  copies = 0;
  truncated = 0;
  /** Answers that say that something is wrong, by their code (RFC 1035, 4.1.1: 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED). */
  readonly codes = new Map<number, number>();
  /** Names that answers with SERVFAIL or REFUSED were about, the first 128, and how often. */
  readonly failedNames = new Map<string, number>();
  readonly times = new Spread();
  readonly slowest = new WorstList<DnsQuestion>(KEPT);
  readonly lost = new WorstList<DnsQuestion>(KEPT);
  readonly failed = new WorstList<DnsQuestion>(KEPT);
  readonly #servers: DnsServer[] = [];
  readonly #serverWords = new Int32Array(MAX_SERVERS * 5);
  /** The table of questions, empty before the first message; and when each was sent, -1 where there is none. */
  #pending = new Int32Array(0);
  #sentAt = new Float64Array(0);
  readonly #failed: ((sinceFirstNs: number) => void) | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** `failed` is told when a question was asked that was not answered, or when an answer said that something is wrong. */
  constructor(failed?: (sinceFirstNs: number) => void) {
    this.#failed = failed;
  }

  buffer(view: DataView): void {
    this.#view = view;
  }

  get servers(): readonly DnsServer[] {
    return this.#servers;
  }

  /**
   * A message from `at` to `end` (of what was captured), with its ports. Addresses come from the registers, `key` tells
   * interfaces apart.
   */
  message(
    registers: Int32Array,
    at: number,
    end: number,
    source: number,
    destination: number,
    now: number,
    packet: number,
    key: number,
  ): void {
    if (end - at < HEADER) return;
    const view = this.#view;
    const id = view.getUint16(at, false);
    const flags = view.getUint16(at + 2, false);
    const answer = (flags & 0x8000) !== 0;
    const client = answer ? DESTINATION : SOURCE;
    const mark = ((answer ? destination : source) << 16) | id;
    if (this.#sentAt.length === 0) {
      this.#pending = new Int32Array(PENDING * WORDS);
      this.#sentAt = new Float64Array(PENDING).fill(-1);
    }
    const slot = this.#slot(registers, client, mark, now);
    if (answer) this.#answer(registers, at, end, flags, slot, mark, now, packet, key);
    else this.#question(registers, slot, mark, now, packet, key);
  }

  /** Behind the last packet: gives up questions that waited for long enough before it. */
  finish(now: number): void {
    for (let slot = 0; slot < this.#sentAt.length; slot++) {
      const sent = this.#sentAt[slot] as number;
      if (sent < 0 || this.#pending[slot * WORDS + ANSWERED] !== 0) continue;
      if (now - sent > TIMEOUT_NS) this.#giveUp(slot);
      else this.open++;
    }
  }

  #question(registers: Int32Array, slot: number, mark: number, now: number, packet: number, key: number): void {
    const pending = this.#pending;
    const at = slot * WORDS;
    const sent = this.#sentAt[slot] as number;
    const known = sent >= 0 && this.#same(registers, SOURCE, mark, at);
    const waits = known && pending[at + ANSWERED] === 0 && now - sent <= TIMEOUT_NS;
    if (known && pending[at + KEY] !== key && (waits || now - sent < COPY_NS)) {
      this.copies++;
      return;
    }
    this.queries++;
    const server = this.#server(registers, DESTINATION);
    if (server !== -1) (this.#servers[server] as DnsServer).queries++;
    if (waits) {
      this.repeated++;
      return;
    }
    if (sent >= 0 && pending[at + ANSWERED] === 0) this.#giveUp(slot);
    pending[at + ADDRESS] = registers[SOURCE] as number;
    pending[at + ADDRESS_REST] = registers[FAMILY] === 6 ? (registers[SOURCE + 3] as number) : 0;
    pending[at + MARK] = mark;
    pending[at + KEY] = key;
    pending[at + PACKET] = packet;
    pending[at + SERVER] = server;
    pending[at + ANSWERED] = 0;
    this.#sentAt[slot] = now;
  }

  #answer(
    registers: Int32Array,
    at: number,
    end: number,
    flags: number,
    slot: number,
    mark: number,
    now: number,
    packet: number,
    key: number,
  ): void {
    const pending = this.#pending;
    const place = slot * WORDS;
    const sent = this.#sentAt[slot] as number;
    const known = sent >= 0 && this.#same(registers, DESTINATION, mark, place);
    // An answer is counted where its question was.
    if (known && pending[place + KEY] !== key) {
      this.copies++;
      return;
    }
    this.responses++;
    if ((flags & 0x0200) !== 0) this.truncated++;
    const code = flags & 15;
    const waited = known && pending[place + ANSWERED] === 0;
    const server = waited ? (pending[place + SERVER] as number) : this.#server(registers, SOURCE);
    const about = server === -1 ? undefined : this.#servers[server];
    if (about) about.answers++;
    if (waited) {
      this.times.add(now - sent);
      if (now - sent >= SLOW_NS) this.slow++;
      pending[place + ANSWERED] = 1;
    }
    const tookNs = waited ? Math.max(0, now - sent) : undefined;
    const atNs = waited ? sent : now;
    const question = (): DnsQuestion => {
      const name = this.#name(at, end);
      return {
        server: about?.address ?? addressText(registers, SOURCE, registers[FAMILY] === 6),
        ...(name === undefined ? {} : { name }),
        ...(code === 0 ? {} : { code }),
        atNs,
        ...(tookNs === undefined ? {} : { tookNs }),
        packet,
        ends: {
          client: endText(addressText(registers, DESTINATION, registers[FAMILY] === 6), mark >>> 16),
          server: endText(addressText(registers, SOURCE, registers[FAMILY] === 6), DNS_PORT),
        },
      };
    };
    if (tookNs !== undefined) this.slowest.offer(tookNs, question);
    if (code === 0) return;
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    // That a name does not exist is an answer; the search list of a pod asks for many such names.
    if (code === 3) return;
    if (about) about.failures++;
    this.#failed?.(now);
    this.failed.offer(1, question);
    if (this.failedNames.size >= MAX_NAMES) return;
    const name = this.#name(at, end) ?? "";
    this.failedNames.set(name, (this.failedNames.get(name) ?? 0) + 1);
  }

  #giveUp(slot: number): void {
    const at = slot * WORDS;
    this.unanswered++;
    this.#failed?.(this.#sentAt[slot] as number);
    const server = this.#servers[this.#pending[at + SERVER] as number];
    if (server) server.unanswered++;
    this.lost.offer(1, () => ({
      server: server?.address ?? "a server",
      ...this.#endsOf(at, server),
      atNs: this.#sentAt[slot] as number,
      packet: this.#pending[at + PACKET] as number,
    }));
  }

  /** Of IPv6 addresses not enough is kept. */
  #endsOf(at: number, server: DnsServer | undefined): { readonly ends?: FlowEnds } {
    if (!server || server.address.includes(":")) return {};
    const client = endText(
      addressText(this.#pending, at + ADDRESS, false),
      (this.#pending[at + MARK] as number) >>> 16,
    );
    return { ends: { client, server: endText(server.address, DNS_PORT) } };
  }

  /** The place of a question: where it is, or the oldest of the four where it may be. */
  #slot(registers: Int32Array, client: number, mark: number, now: number): number {
    const sentAt = this.#sentAt;
    const rest = registers[FAMILY] === 6 ? (registers[client + 3] as number) : 0;
    const hash = Math.imul(Math.imul((registers[client] as number) ^ rest, 0x85ebca6b) ^ mark, 0xc2b2ae35);
    const bucket = ((hash ^ (hash >>> 15)) & (PENDING / WAYS - 1)) * WAYS;
    let oldest = bucket;
    let age = Number.POSITIVE_INFINITY;
    for (let slot = bucket; slot < bucket + WAYS; slot++) {
      const sent = sentAt[slot] as number;
      if (sent >= 0 && this.#same(registers, client, mark, slot * WORDS)) return slot;
      // Those that have their answer make room first.
      const rank = sent < 0 ? -1 : this.#pending[slot * WORDS + ANSWERED] !== 0 ? sent - now : sent;
      if (rank < age) {
        age = rank;
        oldest = slot;
      }
    }
    return oldest;
  }

  #same(registers: Int32Array, client: number, mark: number, at: number): boolean {
    const pending = this.#pending;
    const rest = registers[FAMILY] === 6 ? (registers[client + 3] as number) : 0;
    return pending[at] === registers[client] && pending[at + ADDRESS_REST] === rest && pending[at + MARK] === mark;
  }

  #server(registers: Int32Array, end: number): number {
    const words = this.#serverWords;
    const family = registers[FAMILY] as number;
    const count = this.#servers.length;
    for (let server = 0; server < count; server++) {
      const at = server * 5;
      if (words[at] !== family || words[at + 1] !== registers[end]) continue;
      if (family === 4 || (words[at + 2] === registers[end + 1] && words[at + 4] === registers[end + 3])) return server;
    }
    if (count === MAX_SERVERS) return -1;
    words[count * 5] = family;
    for (let word = 0; word < 4; word++) words[count * 5 + 1 + word] = registers[end + word] as number;
    const address = addressText(registers, end, family === 6);
    this.#servers.push({ address, queries: 0, answers: 0, unanswered: 0, failures: 0 });
    return count;
  }

  /** The name of the first question; undefined when it is cut or cannot be. Questions hold no pointers (RFC 1035, 4.1.4). */
  #name(at: number, end: number): string | undefined {
    const view = this.#view;
    const labels: string[] = [];
    for (let place = at + HEADER; place < end && place - at < HEADER + NAME_BYTES; ) {
      const size = view.getUint8(place);
      if (size === 0) return labels.join(".") || ".";
      if (size > 63 || place + 1 + size > end) return undefined;
      labels.push(new TextDecoder("latin1").decode(new Uint8Array(view.buffer, view.byteOffset + place + 1, size)));
      place += 1 + size;
    }
    return undefined;
  }
}
