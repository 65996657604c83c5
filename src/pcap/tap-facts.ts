import { type Evidence, evidenceOf } from "#src/core/evidence.ts";
import { addressText, endText } from "./address-text.ts";
import { CaptureReader, type PacketSink } from "./capture-reader.ts";
import { Decoder } from "./decode.ts";
import { IdleWatch } from "./idle-watch.ts";
import { OuterAddresses } from "./outer-addresses.ts";
import * as packetRegisters from "./packet-registers.ts";
import { MOST_RESETS, MOST_STRETCHES, type SeenReset, type TapFactsData, tapFactsEvidence } from "./tap-evidence.ts";
import { TapFlows } from "./tap-flows.ts";

const { DEPTH, DESTINATION, FAMILY, IP_ID, NOT_IP, PROTOCOL, SOURCE, TRANSPORT, TRANSPORT_LENGTH, TTL, TUNNEL, WHOLE } =
  packetRegisters;

const ETHERNET = 1;
const TCP = 6;
const TCP_HEADER = 20;
const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
/** Of servers, attempts that are waited for, addresses, and MACs of one. */
const MAX_SERVERS = 256;
const MAX_ATTEMPTS = 16_384;
const MAX_ADDRESSES = 256;
const MAX_MACS = 8;
/** What was sent again within this time is one stretch, ns. */
const ONE_STRETCH_NS = 700e6;

type Open = { server: string; attempts: number; syns: number; accepted: number; refused: number };
type Attempt = { readonly open: Open; done: boolean };

/**
 * Reads the capture of one tap for what can be compared between taps. It stands beside `CaptureAnalysis`, which says what
 * is wrong in one capture: feed both the same bytes. One pass, bounded, without garbage for packets that are nothing special.
 */
export class TapFacts implements PacketSink {
  #reader: CaptureReader;
  #clock: Float64Array;
  readonly #decoder = new Decoder();
  readonly #flows = new TapFlows();
  readonly #idle = new IdleWatch(this.#flows);
  readonly #outer = new OuterAddresses();
  readonly #servers = new Map<string, Open>();
  /** By the number that the client has chosen for its first byte, which nobody on the way changes. */
  readonly #attempts = new Map<number, Attempt>();
  readonly #resets: (Omit<SeenReset, "atMs"> & { readonly atNs: number })[] = [];
  readonly #sentAgain: [fromNs: number, toNs: number, segments: number][] = [];
  readonly #arp = new Map<string, { readonly macs: Map<string, number>; newest: string; changes: number }>();
  #resetCount = 0;
  #packets = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor() {
    this.#reader = new CaptureReader(this);
    this.#clock = this.#reader.clock;
  }

  /** Takes a capture of its own. */
  get reader(): CaptureReader {
    return this.#reader;
  }

  /** Another reader's packets are handed to this sink as well: its clock is theirs. */
  readBy(reader: CaptureReader): void {
    this.#reader = reader;
    this.#clock = reader.clock;
  }

  buffer(_bytes: Uint8Array, view: DataView): void {
    this.#view = view;
    this.#decoder.buffer(view);
    this.#outer.buffer(view);
  }

  packet(at: number, captured: number, original: number, link: number): void {
    this.#packets++;
    const registers = this.#decoder.registers;
    const end = at + captured;
    const outcome = this.#decoder.decode(at, captured, original, link);
    if (outcome !== WHOLE) {
      if (outcome === NOT_IP && link === ETHERNET) this.#answerOf(at, end);
      return;
    }
    if ((registers[TUNNEL] as number) !== 0 && link === ETHERNET)
      this.#outer.count(at, end, (registers[DEPTH] as number) > 0 ? undefined : registers);
    if (registers[PROTOCOL] === TCP) this.#segment(registers, end);
  }

  gap(): void {}

  /** What was found. Subject: the tap's label. The clock of its node is `aheadMs` ahead of ours. No packets may follow. */
  evidence(label: string, aheadMs = 0): Evidence {
    const firstMs = Number((this.#reader.firstNs ?? 0n) / 1_000n) / 1_000 - aheadMs;
    const dated = (ns: number): number => firstMs + ns / 1e6;
    const { lived, longestLivedNs, cut } = this.#idle.result();
    const data: TapFactsData = {
      packets: this.#packets,
      outer: this.#outer.list(),
      opens: [...this.#servers.values()].toSorted((a, b) => b.syns - a.syns),
      resetCount: this.#resetCount,
      resets: this.#resets.map(({ atNs, ...reset }) => ({ ...reset, atMs: dated(atNs) })),
      sentAgain: this.#sentAgain.map(([from, to, segments]) => [dated(from), dated(to), segments]),
      idle: {
        lived,
        longestLivedMs: longestLivedNs / 1e6,
        cutCount: cut.length,
        cut: cut.map(({ atNs, silentNs, from, to, how }) => ({
          ...{ from, to, how },
          silentMs: silentNs / 1e6,
          atMs: dated(atNs),
        })),
      },
      arp: [...this.#arp].map(([ip, { macs, changes }]) => ({ ip, macs: Object.fromEntries(macs), changes })),
    };
    return evidenceOf(tapFactsEvidence, label, Math.round(dated(this.#clock[0] as number)), data);
  }

  #segment(registers: Int32Array, end: number): void {
    const view = this.#view;
    const at = registers[TRANSPORT] as number;
    if (end - at < TCP_HEADER) return;
    const now = this.#clock[0] as number;
    const flows = this.#flows;
    const ports = view.getInt32(at, false);
    const sequence = view.getInt32(at + 4, false);
    const flags = view.getUint8(at + 13);
    flows.find(registers, ports);
    const header = (view.getUint8(at + 12) >> 4) << 2;
    const length = Math.max(0, (registers[TRANSPORT_LENGTH] as number) - header);
    if ((flags & (SYN | RST)) !== 0) this.#special(registers, ports, at, flags, now);
    else {
      // One byte below what was sent asks whether the other side is still there: a keep-alive.
      const asks = length <= 1 && flows.highest !== undefined && ((flows.highest - sequence) | 0) === 1;
      if (this.#idle.packet(length > 0 || asks, now)) this.#idle.wake(now, this.#ends(registers, ports));
      if (length > 0 && !asks) this.#data(sequence, length, registers[IP_ID] as number, now);
      flows.heard(registers[TTL] as number);
    }
    if ((flags & FIN) !== 0) this.#idle.ended();
    flows.newestNs = now;
  }

  #data(sequence: number, length: number, id: number, now: number): void {
    const flows = this.#flows;
    const behind = (sequence + length) | 0;
    const { highest } = flows;
    if (highest === undefined || ((behind - highest) | 0) > 0) flows.reach(behind, id);
    // The same IP ID is the same packet once more, which nobody has sent again.
    else if (id <= 0 || id !== flows.id) {
      const last = this.#sentAgain.at(-1);
      if (last && now - last[1] <= ONE_STRETCH_NS) {
        last[1] = Math.max(last[1], now);
        last[2]++;
      } else if (this.#sentAgain.length < MOST_STRETCHES) this.#sentAgain.push([now, now, 1]);
    }
  }

  /** Segments that open or break off a connection. */
  #special(registers: Int32Array, ports: number, at: number, flags: number, now: number): void {
    const view = this.#view;
    const sequence = view.getInt32(at + 4, false);
    const acknowledged = view.getInt32(at + 8, false);
    if ((flags & RST) !== 0) {
      if ((flags & ACK) !== 0) this.#answered(acknowledged, "refused");
      if (this.#idle.reset(now)) this.#idle.unasked(now, this.#ends(registers, ports));
      this.#resetCount++;
      if (this.#resets.length >= MOST_RESETS) return;
      const { usualTtl } = this.#flows;
      this.#resets.push({
        ...this.#ends(registers, ports),
        sequence: sequence >>> 0,
        acknowledged: acknowledged >>> 0,
        ttl: registers[TTL] as number,
        ...(usualTtl === 0 ? {} : { usualTtl }),
        atNs: now,
      });
    } else if ((flags & ACK) !== 0) {
      this.#answered(acknowledged, "accepted");
      this.#flows.heard(registers[TTL] as number);
    } else {
      this.#idle.begun();
      this.#asked(sequence, this.#ends(registers, ports).to);
      this.#flows.heard(registers[TTL] as number);
    }
  }

  #asked(sequence: number, server: string): void {
    const before = this.#attempts.get(sequence);
    if (before) {
      before.open.syns++;
      return;
    }
    const open = this.#servers.get(server) ?? { server, attempts: 0, syns: 0, accepted: 0, refused: 0 };
    if (!this.#servers.has(server)) {
      if (this.#servers.size >= MAX_SERVERS) return;
      this.#servers.set(server, open);
    }
    open.attempts++;
    open.syns++;
    if (this.#attempts.size >= MAX_ATTEMPTS) {
      const [eldest] = this.#attempts.keys();
      if (eldest !== undefined) this.#attempts.delete(eldest);
    }
    this.#attempts.set(sequence, { open, done: false });
  }

  #answered(acknowledged: number, how: "accepted" | "refused"): void {
    const attempt = this.#attempts.get((acknowledged - 1) | 0);
    if (!attempt || attempt.done) return;
    attempt.done = true;
    attempt.open[how]++;
  }

  #ends(registers: Int32Array, ports: number): { readonly from: string; readonly to: string } {
    const six = registers[FAMILY] === 6;
    return {
      from: endText(addressText(registers, SOURCE, six), ports >>> 16),
      to: endText(addressText(registers, DESTINATION, six), ports & 0xffff),
    };
  }

  /** An ARP packet (RFC 826) of Ethernet and IPv4 says who has the address of its sender. */
  #answerOf(at: number, end: number): void {
    const view = this.#view;
    let place = at + 12;
    while (place + 4 <= end && (view.getUint16(place, false) === 0x8100 || view.getUint16(place, false) === 0x88a8))
      place += 4;
    if (end - place < 30 || view.getUint16(place, false) !== 0x0806) return;
    const [kind, protocol, sizes] = [2, 4, 6].map((offset) => view.getUint16(place + offset, false));
    if (kind !== 1 || protocol !== 0x0800 || sizes !== 0x0604) return;
    const word = view.getInt32(place + 16, false);
    // Whoever looks whether an address is free has none yet (RFC 5227).
    if (word === 0) return;
    const ip = addressText(Int32Array.of(word), 0, false);
    const mac = [10, 11, 12, 13, 14, 15]
      .map((offset) =>
        view
          .getUint8(place + offset)
          .toString(16)
          .padStart(2, "0"),
      )
      .join(":");
    const known = this.#arp.get(ip) ?? { macs: new Map<string, number>(), newest: mac, changes: 0 };
    if (!this.#arp.has(ip)) {
      if (this.#arp.size >= MAX_ADDRESSES) return;
      this.#arp.set(ip, known);
    }
    if (known.newest !== mac) known.changes++;
    known.newest = mac;
    const { macs } = known;
    if (macs.has(mac) || macs.size < MAX_MACS) macs.set(mac, (macs.get(mac) ?? 0) + 1);
  }
}
