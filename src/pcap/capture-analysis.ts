import { ApplicationData } from "./application-data.ts";
import { CaptureReader, type PacketSink, type Stopped } from "./capture-reader.ts";
import { type CaptureSummary, captureSummary } from "./capture-summary.ts";
import { Decoder } from "./decode.ts";
import { DnsAnalysis } from "./dns-analysis.ts";
import * as layout from "./flow-layout.ts";
import { FlowReports } from "./flow-reports.ts";
import { FlowTable } from "./flow-table.ts";
import { Fragments } from "./fragments.ts";
import { HttpAnalysis } from "./http-analysis.ts";
import { IcmpAnalysis } from "./icmp-analysis.ts";
import { type PacketFilter, passes } from "./packet-filter.ts";
import * as packetRegisters from "./packet-registers.ts";
import { RecentPackets } from "./recent-packets.ts";
import { Services } from "./services.ts";
import { TcpAnalysis } from "./tcp-analysis.ts";
import { TimeLines } from "./time-lines.ts";
import { TlsAnalysis } from "./tls-analysis.ts";

const {
  COOKED_INDEX,
  COOKED_TYPE,
  CUT,
  DEPTH,
  FRAGMENT,
  FRAGMENTED,
  MALFORMED,
  NOT_IP,
  OUTER_BYTES,
  PROTOCOL,
  TRANSPORT,
  TUNNEL,
  TUNNELS,
  UNKNOWN_LINK,
  WHOLE,
} = packetRegisters;
const { COPIES, DATA_PACKETS, TIME_LINE } = layout;

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const COOKED_1 = 113;
const DNS_PORT = 53;
const UDP_HEADER = 8;
const MAX_FLOWS = 65_536;
const MAX_GAPS = 50;
const MAX_LINKS = 64;
/**
 * In #sums: bytes on the wire, the newest and the earliest time (the first packet's is 0), how often time ran backwards, and
 * the time of the newest packet that came after a later one.
 */
const BYTES = 0;
const NEWEST = 1;
const EARLIEST = 2;
const BACKWARDS = 3;
const BEHIND = 4;

/** Reads captures and says what is in them, in one pass and bounded memory. */
export class CaptureAnalysis implements PacketSink {
  readonly reader: CaptureReader;
  readonly #clock = new Float64Array(1);
  readonly #decoder = new Decoder();
  readonly #recent = new RecentPackets();
  readonly #fragments = new Fragments();
  readonly #lines: TimeLines;
  readonly #services: Services;
  readonly #table: FlowTable;
  readonly #flows: FlowReports;
  readonly #tcp: TcpAnalysis;
  readonly #http = new HttpAnalysis();
  readonly #tls = new TlsAnalysis();
  readonly #dns: DnsAnalysis;
  readonly #icmp: IcmpAnalysis;
  readonly #application: ApplicationData;
  readonly #links = new Map<number, number>();
  readonly #tunnels = new Float64Array(TUNNELS.length);
  readonly #cut = new Float64Array(TUNNELS.length);
  readonly #outerBytes = new Float64Array(TUNNELS.length);
  readonly #gaps: { readonly offset: number; readonly bytes: number }[] = [];
  /** Packets that are not whole, by what decoding them ended with. */
  readonly #ends = new Float64Array(6);
  #gapCount = 0;
  #gapBytes = 0;
  /** Of the packet that is being read, counted from 1, also those that the filter leaves out. */
  #number = 0;
  #packets = 0;
  readonly #sums = new Float64Array(5);
  /** Which packet it was whose time stands at BEHIND. */
  #behindAt = -1;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Registers and interface of the packet that is being read. */
  #registers = this.#decoder.registers;
  #key = 0;
  #stopped: Stopped | undefined;
  #summary: CaptureSummary | undefined;

  readonly #filter: PacketFilter | undefined;

  /**
   * `flows`: how many of the worst are kept whole. With a `filter`, other packets are as if they were not there. `readBy`: makes
   * the reader, for whoever has more to do with its packets. `told` and `dnsFailed`: TimeLines and DnsAnalysis.
   */
  constructor({
    flows = 10,
    maxFlows = MAX_FLOWS,
    filter,
    readBy = (sink, clock) => new CaptureReader(sink, clock),
    told,
    dnsFailed,
  }: {
    readonly flows?: number;
    readonly maxFlows?: number;
    readonly filter?: PacketFilter | undefined;
    readonly readBy?: (sink: PacketSink, clock: Float64Array<ArrayBuffer>) => CaptureReader;
    readonly told?: (event: number) => void;
    readonly dnsFailed?: (sinceFirstNs: number) => void;
  } = {}) {
    this.#filter = filter;
    this.#lines = new TimeLines(told);
    this.#services = new Services(this.#lines);
    this.#dns = new DnsAnalysis(dnsFailed);
    this.#flows = new FlowReports(flows, this.#lines);
    this.#table = new FlowTable(maxFlows, {
      left: (slot, copies, split) => {
        this.#http.left(slot);
        this.#services.add(slot, copies.length > 0, split);
        this.#flows.take(slot, copies);
        this.#lines.release(slot.words, slot.at + TIME_LINE);
      },
      dropped: (slot) => this.#lines.release(slot.words, slot.at + TIME_LINE),
    });
    this.#icmp = new IcmpAnalysis(this.#table, this.#lines);
    const [http, tls, dns] = [this.#http, this.#tls, this.#dns];
    this.#application = new ApplicationData(this.#table, this.#clock, { http, tls, dns });
    this.#tcp = new TcpAnalysis(
      this.#table,
      { lines: this.#lines, clock: this.#clock },
      {
        data: (at, captured, packet) => this.#application.data(this.#registers, at, captured, packet, this.#key),
        closing: (reset, packet) => this.#application.closing(reset, packet),
      },
    );
    this.reader = readBy(this, this.#clock);
  }

  buffer(_bytes: Uint8Array, view: DataView): void {
    this.#view = view;
    this.#look(view);
  }

  packet(at: number, captured: number, original: number, link: number, port: number): void {
    const packet = ++this.#number;
    const decoder = this.#decoder;
    const registers = decoder.registers;
    const end = at + captured;
    const outcome = decoder.decode(at, captured, original, link);
    if (this.#filter && !passes(this.#filter, registers, this.#view, outcome, end)) return;
    this.#packets++;
    const now = this.#clock[0] as number;
    const sums = this.#sums;
    sums[BYTES] = (sums[BYTES] as number) + original;
    if (now >= (sums[NEWEST] as number)) sums[NEWEST] = now;
    else this.#backwards(now);
    if (outcome !== WHOLE) {
      this.#notWhole(outcome, end, link, packet);
      return;
    }
    const tunnel = registers[TUNNEL] as number;
    if (tunnel !== 0) this.#tunnels[tunnel] = (this.#tunnels[tunnel] as number) + 1;
    // A packet that is seen on several interfaces is another packet on each: copies are told apart by this.
    const key = port | ((registers[COOKED_INDEX] as number) << 16);
    this.#key = key;
    if (link === COOKED_1) {
      // It does not say at which interface. Direction and encapsulation differ on the way through a machine.
      const where = (registers[COOKED_TYPE] as number) | ((registers[DEPTH] as number) << 8);
      if (this.#recent.seen(registers, end, where, now)) return;
    }
    const protocol = registers[PROTOCOL] as number;
    if (protocol === TCP) {
      if (registers[FRAGMENTED] === 1) this.#fragment(end, packet);
      else if (!this.#tcp.segment(registers, end, key, packet)) this.#cutPacket();
    } else if (protocol === UDP) this.#datagram(end, now, packet);
    else if (protocol === ICMP || protocol === ICMPV6) {
      if (key !== 0 && this.#recent.seen(registers, end, key, now)) return;
      this.#icmp.message(registers, end, key, now, packet);
    }
  }

  gap(offset: number, bytes: number): void {
    this.#gapCount++;
    this.#gapBytes += bytes;
    this.#table.epoch++;
    if (this.#gaps.length < MAX_GAPS) this.#gaps.push({ offset, bytes });
  }

  /** Behind the last byte of an input; more inputs may follow. Says where and why reading stopped early, if it did. */
  end(): Stopped | undefined {
    const stopped = this.reader.end();
    this.#stopped ??= stopped;
    return stopped;
  }

  /** Everything that was found. No packets may follow. */
  summary(): CaptureSummary {
    this.#summary ??= this.#finish();
    return this.#summary;
  }

  #finish(): CaptureSummary {
    const newestNs = this.#sums[NEWEST] as number;
    this.#services.until = newestNs;
    this.#table.finish();
    this.#dns.finish(newestNs);
    this.#icmp.echoes.finish(newestNs);
    const ends = (outcome: number): number => this.#ends[outcome] as number;
    return captureSummary({
      bytes: this.#sums[BYTES] as number,
      firstNs: this.reader.firstNs,
      earliestNs: Math.min(0, this.#sums[EARLIEST] as number),
      newestNs,
      tunnels: this.#tunnels,
      tcp: this.#tcp,
      dns: this.#dns,
      icmp: this.#icmp,
      http: this.#http,
      tls: this.#tls,
      worst: this.#flows.worst(),
      services: this.#services.list,
      clients: this.#services.clients.list,
      roundTrips: this.#tcp.roundTrips,
      answers: this.#tcp.answers,
      shortcomings: {
        packets: this.#packets,
        ipPackets: this.#packets - ends(NOT_IP) - ends(UNKNOWN_LINK),
        incompleteFragments: this.#fragments.incomplete,
        cut: this.#cut,
        outerBytes: this.#outerBytes,
        malformed: ends(MALFORMED) + this.#tcp.malformed,
        backwards: this.#sums[BACKWARDS] as number,
        evicted: this.#table.evicted,
        timeLinesLost: this.#lines.lost,
        otherServices: this.#services.others.flows,
        otherClients: this.#services.clients.others.flows,
        halfSeen: this.#services.halfSeen,
        split: this.#services.split,
        flows: this.#flows.flows,
        unseen: this.#services.unseen,
        merged: this.#services.merged,
        copies: this.#recent.copies + this.#dns.copies,
        segments: this.#services.total(DATA_PACKETS),
        twice: this.#services.total(COPIES),
        unknownLinks: this.#links,
        ports: this.reader.ports,
        gaps: this.#gaps,
        gapCount: this.#gapCount,
        gapBytes: this.#gapBytes,
        open: this.#services.open + this.#dns.open + this.#icmp.echoes.open,
        encrypted: this.#tunnels[TUNNELS.indexOf("WireGuard")] as number,
        answers:
          this.#services.list.reduce((sum, { bothSides }) => sum + bothSides, 0) +
          this.#dns.responses +
          this.#icmp.echoReplies,
        undescribed: this.reader.undescribed,
      },
      ...(this.#stopped ? { stopped: this.#stopped } : {}),
    });
  }

  /** Where everything reads bytes from. */
  #look(view: DataView): void {
    this.#decoder.buffer(view);
    this.#recent.buffer(view);
    this.#tcp.buffer(view);
    this.#application.buffer(view);
    this.#http.buffer(view);
    this.#tls.buffer(view);
    this.#dns.buffer(view);
    this.#icmp.buffer(view);
  }

  #datagram(end: number, now: number, packet: number): void {
    const registers = this.#registers;
    const at = registers[TRANSPORT] as number;
    if (end - at < UDP_HEADER) {
      this.#cutPacket();
      return;
    }
    const source = this.#view.getUint16(at, false);
    const destination = this.#view.getUint16(at + 2, false);
    if (source === DNS_PORT || destination === DNS_PORT)
      this.#dns.message(registers, at + UDP_HEADER, end, source, destination, now, packet, this.#key);
  }

  /** A piece of a TCP segment: the whole is followed when the last piece has come. */
  #fragment(end: number, packet: number): void {
    const fragments = this.#fragments;
    if (!fragments.add(this.#view, this.#decoder.registers, end)) return;
    this.#look(fragments.view);
    this.#registers = fragments.registers;
    this.#tcp.segment(fragments.registers, fragments.end, this.#key, packet);
    this.#registers = this.#decoder.registers;
    this.#look(this.#view);
  }

  /** A packet that is older than the newest. */
  #backwards(now: number): void {
    const sums = this.#sums;
    if (now < (sums[EARLIEST] as number)) sums[EARLIEST] = now;
    // Once for a clock that was set or a file that begins earlier, however many packets follow until the newest time.
    if (this.#behindAt !== this.#packets - 1 || now < (sums[BEHIND] as number))
      sums[BACKWARDS] = (sums[BACKWARDS] as number) + 1;
    this.#behindAt = this.#packets;
    sums[BEHIND] = now;
  }

  /** A packet whose decoding ended before its transport header. */
  #notWhole(outcome: number, end: number, link: number, packet: number): void {
    const registers = this.#decoder.registers;
    this.#ends[outcome] = (this.#ends[outcome] as number) + 1;
    if (outcome === UNKNOWN_LINK) this.#unknownLink(link);
    if (outcome === NOT_IP || outcome === UNKNOWN_LINK) return;
    const tunnel = registers[TUNNEL] as number;
    if (tunnel !== 0) this.#tunnels[tunnel] = (this.#tunnels[tunnel] as number) + 1;
    if (outcome === CUT) this.#cutPacket();
    else if (outcome === FRAGMENT && registers[PROTOCOL] === TCP) this.#fragment(end, packet);
  }

  #cutPacket(): void {
    const registers = this.#decoder.registers;
    const tunnel = registers[TUNNEL] as number;
    this.#cut[tunnel] = (this.#cut[tunnel] as number) + 1;
    this.#outerBytes[tunnel] = Math.max(this.#outerBytes[tunnel] as number, registers[OUTER_BYTES] as number);
  }

  #unknownLink(link: number): void {
    if (this.#links.size < MAX_LINKS || this.#links.has(link)) this.#links.set(link, (this.#links.get(link) ?? 0) + 1);
  }
}
