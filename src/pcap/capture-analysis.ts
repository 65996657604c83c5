import { CaptureReader, type PacketSink, type Stopped } from "./capture-reader.ts";
import { type CaptureSummary, pcapSummary } from "./capture-summary.ts";
import {
  COOKED_INDEX,
  CUT,
  Decoder,
  FRAGMENT,
  MALFORMED,
  NOT_IP,
  PROTOCOL,
  TRANSPORT,
  TUNNEL,
  TUNNELS,
  UNKNOWN_LINK,
  WHOLE,
} from "./decode.ts";
import { DnsAnalysis } from "./dns-analysis.ts";
import { FlowReports } from "./flow-reports.ts";
import { FlowTable } from "./flow-table.ts";
import { IcmpAnalysis } from "./icmp-analysis.ts";
import { type PacketFilter, passes } from "./packet-filter.ts";
import { Spread } from "./spread.ts";
import { TcpAnalysis } from "./tcp-analysis.ts";

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const MAX_FLOWS = 65_536;
const MAX_GAPS = 50;

/** Reads captures and says what is in them, in one pass and bounded memory. */
export class CaptureAnalysis implements PacketSink {
  readonly reader: CaptureReader;
  readonly #decoder = new Decoder();
  #view: DataView = new DataView(new ArrayBuffer(0));
  readonly #tcp: TcpAnalysis;
  readonly #dns = new DnsAnalysis();
  readonly #icmp = new IcmpAnalysis();
  readonly #table: FlowTable;
  readonly #flows: FlowReports;
  readonly #roundTrips = new Spread();
  readonly #links = new Map<number, number>();
  readonly #tunnels = new Float64Array(TUNNELS.length);
  readonly #gaps: { readonly offset: number; readonly bytes: number }[] = [];
  readonly #ends = new Float64Array(6);
  #gapCount = 0;
  #packets = 0;
  #bytes = 0;
  /** [0] first, [1] newest time; [2] how often it ran backwards. */
  readonly #times = new Float64Array([Number.POSITIVE_INFINITY, 0, 0]);
  #stopped: Stopped | undefined;

  readonly #filter: PacketFilter | undefined;

  /** `flows`: how many of the worst are kept whole. With a `filter`, other packets are as if they were not there. */
  constructor({ flows = 10, filter }: { readonly flows?: number; readonly filter?: PacketFilter | undefined } = {}) {
    this.#filter = filter;
    this.#flows = new FlowReports(flows);
    this.#table = new FlowTable(MAX_FLOWS, (words, at, times, timesAt) => this.#flows.take(words, at, times, timesAt));
    this.#tcp = new TcpAnalysis(this.#table, { roundTrip: (ns) => this.#roundTrips.add(ns) });
    this.reader = new CaptureReader(this);
  }

  buffer(_bytes: Uint8Array, view: DataView): void {
    this.#view = view;
    this.#decoder.buffer(view);
    this.#tcp.buffer(view);
    this.#dns.buffer(view);
    this.#icmp.buffer(view);
  }

  packet(at: number, captured: number, original: number, link: number, port: number): void {
    const decoder = this.#decoder;
    const registers = decoder.registers;
    const outcome = decoder.decode(at, captured, original, link);
    if (this.#filter && !passes(this.#filter, registers, this.#view, outcome, at + captured)) return;
    this.#packets++;
    this.#bytes += original;
    const clock = this.reader.clock;
    const now = clock[0] as number;
    const times = this.#times;
    if (now < (times[0] as number)) times[0] = now;
    if (now >= (times[1] as number)) times[1] = now;
    else times[2] = (times[2] as number) + 1;
    this.#ends[outcome] = (this.#ends[outcome] as number) + 1;
    if (outcome === UNKNOWN_LINK) this.#links.set(link, (this.#links.get(link) ?? 0) + 1);
    if (outcome === NOT_IP || outcome === UNKNOWN_LINK) return;
    const tunnel = registers[TUNNEL] as number;
    if (tunnel !== 0) this.#tunnels[tunnel] = (this.#tunnels[tunnel] as number) + 1;
    if (outcome !== WHOLE) return;
    // A packet that is seen on several interfaces is another packet on each: copies are told apart by this.
    const key = port | ((registers[COOKED_INDEX] as number) << 8);
    const end = at + captured;
    switch (registers[PROTOCOL]) {
      case TCP:
        this.#tcp.segment(registers, end, key, clock);
        return;
      case UDP:
        this.#dns.datagram(registers, registers[TRANSPORT] as number, end, now);
        return;
      case ICMP:
      case ICMPV6:
        this.#icmp.message(registers, end);
        return;
    }
  }

  gap(offset: number, bytes: number): void {
    this.#gapCount++;
    if (this.#gaps.length < MAX_GAPS) this.#gaps.push({ offset, bytes });
  }

  /** Behind the last byte of an input; more inputs may follow. Says where and why reading stopped early, if it did. */
  end(): Stopped | undefined {
    const stopped = this.reader.end();
    this.#stopped ??= stopped;
    return stopped;
  }

  /** Everything known now. */
  summary(): CaptureSummary {
    this.#table.finish();
    const { firstNs } = this.reader;
    return pcapSummary({
      packets: this.#packets,
      bytes: this.#bytes,
      firstNs,
      spanNs: Math.max(0, (this.#times[1] as number) - Math.min(0, this.#times[0] as number)),
      backwards: this.#times[2] as number,
      undecoded: {
        notIp: this.#ends[NOT_IP] as number,
        fragments: this.#ends[FRAGMENT] as number,
        cut: (this.#ends[CUT] as number) + this.#tcp.cut,
        malformed: this.#ends[MALFORMED] as number,
      },
      unknownLinks: this.#links,
      tunnels: this.#tunnels,
      tcp: this.#tcp,
      dns: this.#dns,
      icmp: this.#icmp,
      flows: this.#flows,
      evicted: this.#table.evicted,
      roundTrips: this.#roundTrips,
      ports: this.reader.ports,
      gaps: this.#gaps,
      gapCount: this.#gapCount,
      ...(this.#stopped ? { stopped: this.#stopped } : {}),
    });
  }
}
