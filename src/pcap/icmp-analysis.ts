import { addressText, endText } from "./address-text.ts";
import { Decoder } from "./decode.ts";
import { Echoes } from "./echoes.ts";
import type { FlowEnds } from "./flow-ends.ts";
import {
  FLAGS,
  FLOW_TOO_BIG,
  FLOW_TOO_BIG_1,
  FLOW_TOO_BIG_AGAIN,
  FLOW_UNREACHABLE,
  TIME_LINE,
  TOO_BIG_AT,
  TOO_BIG_MS,
} from "./flow-layout.ts";
import type { FlowTable } from "./flow-table.ts";
import { DESTINATION, FAMILY, PROTOCOL, RAW_IP, SOURCE, TRANSPORT, WHOLE } from "./packet-registers.ts";
import { type TimeLines, TOLD_TOO_BIG } from "./time-lines.ts";
import { WorstList } from "./worst-list.ts";

const ICMP = 1;
const ICMPV6 = 58;
const TCP = 6;
const UDP = 17;
const HEADER = 8;
const KEPT = 10;
/** Who is still told after this that the same is too big did not heed it: one burst may bring many messages. */
const HEEDED_MS = 1_000;
/** Kernels forget after ten minutes what a path carries and have to be told again: longer pauses are no repetition. */
const FORGOTTEN_NS = 60e9;
/** Pairs of senders and receivers without a connection that are remembered. */
const MAX_PAIRS = 256;

/** An error message. `atNs` since the first packet of the capture. */
export type IcmpError = {
  /** Who sent it. */
  readonly from: string;
  /** The packet that it is about, as far as it is quoted: `TCP 10.0.0.1:40000 → 10.0.0.2:80`. */
  readonly about?: string;
  /** Its ends, the sender of the quoted packet first. */
  readonly ends?: FlowEnds;
  /** RFC 1191 and RFC 8201: the largest packet that fits. */
  readonly mtu?: number;
  readonly type: number;
  readonly code: number;
  readonly atNs: number;
  readonly packet: number;
};

/** ICMP and ICMPv6 messages that matter, by type and code (RFC 792, RFC 1191, RFC 1812, RFC 4443). */
export class IcmpAnalysis {
  echoRequests = 0;
  echoReplies = 0;
  readonly echoes = new Echoes();
  unreachable = 0;
  /** "Fragmentation needed" and "packet too big", with the smallest MTU that they named. */
  tooBig = 0;
  smallestMtu = 0;
  /** Filters that say so: codes 9, 10 and 13 of type 3; code 1 of ICMPv6 type 1. */
  prohibited = 0;
  timeExceeded = 0;
  /** Of these, those that are not about the probes of a trace. */
  astray = 0;
  /** Unreachable ports from which somebody had asked DNS and not waited for the answer. */
  lateAnswers = 0;
  /** Senders other than of TCP that were told of packets too big for more than a second, and the first time of each. */
  unheeded = 0;
  readonly unheededFirst = new WorstList<IcmpError>(KEPT);
  readonly prohibitedFirst = new WorstList<IcmpError>(KEPT);
  readonly unreachableFirst = new WorstList<IcmpError>(KEPT);
  readonly timeExceededFirst = new WorstList<IcmpError>(KEPT);
  readonly #table: FlowTable;
  readonly #lines: TimeLines;
  /** By the ends of the quoted packet: when its sender was told first and last, and whether that was counted. */
  readonly #told = new Map<number, { firstNs: number; lastNs: number; counted: boolean }>();
  readonly #quoted = new Decoder();
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(table: FlowTable, lines: TimeLines) {
    this.#table = table;
    this.#lines = lines;
  }

  buffer(view: DataView): void {
    this.#view = view;
    this.#quoted.buffer(view);
  }

  message(registers: Int32Array, end: number, key: number, now: number, packet: number): void {
    const at = registers[TRANSPORT] as number;
    if (end - at < HEADER) return;
    const view = this.#view;
    const type = view.getUint8(at);
    const code = view.getUint8(at + 1);
    const four = registers[PROTOCOL] === ICMP;
    if (type === (four ? 8 : 128)) {
      this.echoRequests++;
      this.echoes.request(registers, view.getInt32(at + 4, false), now, packet);
    } else if (type === (four ? 0 : 129)) {
      this.echoReplies++;
      this.echoes.reply(registers, view.getInt32(at + 4, false), now);
    } else if (type === (four ? 11 : 3)) {
      this.#answersEcho(at, end);
      this.timeExceeded++;
      if (this.#traces(at, end)) return;
      this.astray++;
      this.timeExceededFirst.offer(1, () => this.#error(registers, at, end, type, code, now, packet));
    } else if (four ? type === 3 && code === 4 : type === 2) {
      this.tooBig++;
      const mtu = four ? view.getUint16(at + 6, false) : view.getInt32(at + 4, false);
      if (mtu > 0 && (this.smallestMtu === 0 || mtu < this.smallestMtu)) this.smallestMtu = mtu;
      if (this.#toldBefore(at, end, key, now, packet)) {
        this.unheeded++;
        this.unheededFirst.offer(1, () => ({
          ...this.#error(registers, at, end, type, code, now, packet),
          ...(mtu > 0 ? { mtu } : {}),
        }));
      }
    } else if (type === (four ? 3 : 1)) {
      this.unreachable++;
      this.#answersEcho(at, end);
      if (this.#find(at, end, key)) this.#mark(FLOW_UNREACHABLE);
      const error = (): IcmpError => this.#error(registers, at, end, type, code, now, packet);
      if (four ? code === 9 || code === 10 || code === 13 : code === 1) {
        this.prohibited++;
        this.prohibitedFirst.offer(1, error);
      } else if (this.#answersLate(at, end)) this.lateAnswers++;
      else this.unreachableFirst.offer(1, error);
    }
  }

  /** An error about an echo request is its answer. */
  #answersEcho(at: number, end: number): void {
    if (!this.#decodeQuoted(at, end)) return;
    const { registers } = this.#quoted;
    const transport = registers[TRANSPORT] as number;
    const protocol = registers[PROTOCOL] as number;
    if ((protocol === ICMP || protocol === ICMPV6) && end - transport >= HEADER)
      this.echoes.refused(registers, this.#view.getInt32(transport + 4, false));
  }

  /** Decodes the packet that is quoted; false when there is not enough of it for its ports. */
  #decodeQuoted(at: number, end: number): boolean {
    const quoted = this.#quoted;
    const from = at + HEADER;
    if (end - from < 20) return false;
    const outcome = quoted.decode(from, end - from, 0xffff, RAW_IP);
    return outcome === WHOLE && end - (quoted.registers[TRANSPORT] as number) >= 4;
  }

  /** A trace sends echoes, or datagrams to ports from 33434 on, whose TTL is meant to run out. */
  #traces(at: number, end: number): boolean {
    if (!this.#decodeQuoted(at, end)) return true;
    const { registers } = this.#quoted;
    if (registers[PROTOCOL] === TCP) return false;
    if (registers[PROTOCOL] !== UDP) return true;
    const port = this.#view.getUint16((registers[TRANSPORT] as number) + 2, false);
    return port >= 33_434 && port < 33_934;
  }

  #answersLate(at: number, end: number): boolean {
    if (!this.#decodeQuoted(at, end) || this.#quoted.registers[PROTOCOL] !== UDP) return false;
    return this.#view.getUint16(this.#quoted.registers[TRANSPORT] as number, false) === 53;
  }

  /** Finds the connection that an error is about. */
  #find(at: number, end: number, key: number): boolean {
    if (!this.#decodeQuoted(at, end)) return false;
    const { registers } = this.#quoted;
    if (registers[PROTOCOL] !== TCP) return false;
    const ports = registers[TRANSPORT] as number;
    return this.#table.peek(registers, this.#view.getInt32(ports, false), key);
  }

  #mark(flag: number): void {
    const { words, at } = this.#table;
    words[at + FLAGS] = (words[at + FLAGS] as number) | flag;
  }

  /**
   * A sender is told that a packet is too big, which is how it learns what the path carries (RFC 1191, RFC 8201): nothing is
   * wrong unless it goes on. Notes it with a connection; true when one without a connection is found to go on.
   */
  #toldBefore(at: number, end: number, key: number, now: number, packet: number): boolean {
    if (!this.#find(at, end, key)) return this.#pairToldBefore(at, end, now);
    const { words, at: flow, direction } = this.#table;
    const transport = this.#quoted.registers[TRANSPORT] as number;
    if (end - transport < 8) return false;
    const sequence = this.#view.getInt32(transport + 4, false);
    const flags = words[flow + FLAGS] as number;
    const same = (flags & FLOW_TOO_BIG) !== 0 && ((sequence - (words[flow + TOO_BIG_AT] as number)) | 0) <= 0;
    const ms = Math.min(0x7fff_ffff, Math.floor(now / 1e6));
    if (same) {
      if (ms - (words[flow + TOO_BIG_MS] as number) >= HEEDED_MS) this.#mark(FLOW_TOO_BIG_AGAIN);
      return false;
    }
    words[flow + FLAGS] =
      (flags & ~(FLOW_TOO_BIG_1 | FLOW_TOO_BIG_AGAIN)) | FLOW_TOO_BIG | (direction * FLOW_TOO_BIG_1);
    words[flow + TOO_BIG_AT] = sequence;
    words[flow + TOO_BIG_MS] = ms;
    this.#lines.add(words, flow + TIME_LINE, TOLD_TOO_BIG, direction, now, packet);
    return false;
  }

  #pairToldBefore(at: number, end: number, now: number): boolean {
    if (!this.#decodeQuoted(at, end)) return false;
    const { registers } = this.#quoted;
    let mark = registers[PROTOCOL] as number;
    for (let word = 0; word < (registers[FAMILY] === 6 ? 4 : 1); word++)
      mark =
        Math.imul(mark ^ (registers[SOURCE + word] as number), 0x85ebca6b) ^ (registers[DESTINATION + word] as number);
    const told = this.#told.get(mark);
    if (!told || now - told.lastNs > FORGOTTEN_NS) {
      if (told || this.#told.size < MAX_PAIRS) this.#told.set(mark, { firstNs: now, lastNs: now, counted: false });
      return false;
    }
    told.lastNs = now;
    if (told.counted || now - told.firstNs < HEEDED_MS * 1e6) return false;
    told.counted = true;
    return true;
  }

  #error(
    registers: Int32Array,
    at: number,
    end: number,
    type: number,
    code: number,
    now: number,
    packet: number,
  ): IcmpError {
    const about = this.#decodeQuoted(at, end) ? this.#about() : undefined;
    const from = addressText(registers, SOURCE, registers[FAMILY] === 6);
    return { from, ...about, type, code, atNs: now, packet };
  }

  #about(): Pick<IcmpError, "about" | "ends"> {
    const { registers } = this.#quoted;
    const six = registers[FAMILY] === 6;
    const [source, destination] = [addressText(registers, SOURCE, six), addressText(registers, DESTINATION, six)];
    const protocol = registers[PROTOCOL] as number;
    if (protocol !== TCP && protocol !== UDP)
      return { about: `${source} → ${destination}`, ends: { client: source, server: destination } };
    const ports = registers[TRANSPORT] as number;
    const client = endText(source, this.#view.getUint16(ports, false));
    const server = endText(destination, this.#view.getUint16(ports + 2, false));
    return { about: `${protocol === TCP ? "TCP" : "UDP"} ${client} → ${server}`, ends: { client, server } };
  }
}
