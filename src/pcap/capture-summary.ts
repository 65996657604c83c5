import type { CapturePort, Stopped } from "./capture-reader.ts";
import { TUNNELS } from "./decode.ts";
import type { DnsAnalysis } from "./dns-analysis.ts";
import type { FlowReport, FlowReports } from "./flow-reports.ts";
import type { IcmpAnalysis } from "./icmp-analysis.ts";
import type { Spread } from "./spread.ts";
import {
  DUPLICATE_ACKS,
  FAST,
  KEEP_ALIVES,
  LOST_SEGMENTS,
  OUT_OF_ORDER,
  RESETS,
  RETRANSMISSIONS,
  SPURIOUS,
  type TcpAnalysis,
  WINDOW_FULL,
  ZERO_WINDOWS,
} from "./tcp-analysis.ts";

type Milliseconds = { readonly p50: number; readonly p90: number; readonly p99: number };

/** What a capture holds, as `netcheck pcap --json` prints it. Counters are those of Wireshark of the same name. */
export type CaptureSummary = {
  readonly packets: number;
  /** Bytes on the wire. */
  readonly bytes: number;
  /** Unix microseconds; absent without packets. */
  readonly firstUs?: number;
  readonly lastUs?: number;
  readonly flows: number;
  readonly tcp: {
    readonly retransmissions: number;
    readonly fastRetransmissions: number;
    readonly spuriousRetransmissions: number;
    readonly outOfOrder: number;
    readonly duplicateAcks: number;
    readonly lostSegments: number;
    readonly zeroWindows: number;
    readonly windowFull: number;
    readonly keepAlives: number;
    readonly resets: number;
    readonly handshakes: number;
    /** Refused and unanswered. */
    readonly handshakeFailures: number;
    readonly reusedPorts: number;
    readonly rttMs?: Milliseconds;
  };
  readonly dns: {
    readonly queries: number;
    readonly responses: number;
    readonly repeated: number;
    readonly unanswered: number;
    readonly truncated: number;
    readonly codes: Readonly<Record<string, number>>;
    readonly timeMs?: Milliseconds;
  };
  readonly icmp: {
    readonly echoRequests: number;
    readonly echoReplies: number;
    readonly unreachable: number;
    readonly prohibited: number;
    readonly timeExceeded: number;
    readonly tooBig: number;
    readonly smallestMtu?: number;
  };
  readonly tunnels: Readonly<Record<string, number>>;
  readonly worstFlows: readonly FlowReport[];
  /** What could not be read, or not be judged, in words. */
  readonly quality: readonly string[];
  readonly findings: readonly string[];
  readonly stopped?: Stopped;
};

const CODES: Readonly<Record<number, string>> = { 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED" };

export function pcapSummary(from: {
  readonly packets: number;
  readonly bytes: number;
  readonly firstNs: bigint | undefined;
  readonly spanNs: number;
  readonly backwards: number;
  readonly undecoded: {
    readonly notIp: number;
    readonly fragments: number;
    readonly cut: number;
    readonly malformed: number;
  };
  readonly unknownLinks: ReadonlyMap<number, number>;
  readonly tunnels: Float64Array;
  readonly tcp: TcpAnalysis;
  readonly dns: DnsAnalysis;
  readonly icmp: IcmpAnalysis;
  readonly flows: FlowReports;
  readonly evicted: number;
  readonly roundTrips: Spread;
  readonly ports: readonly CapturePort[];
  readonly gaps: readonly { readonly offset: number; readonly bytes: number }[];
  readonly gapCount: number;
  readonly stopped?: Stopped;
}): CaptureSummary {
  const { tcp, dns, icmp, flows } = from;
  const total = (counter: number): number => tcp.totals[counter] as number;
  const rttMs = milliseconds(from.roundTrips);
  const timeMs = milliseconds(dns.times);
  const { echoRequests, echoReplies, unreachable, prohibited, timeExceeded, tooBig, smallestMtu } = icmp;
  return {
    packets: from.packets,
    bytes: from.bytes,
    ...(from.firstNs === undefined
      ? {}
      : { firstUs: Number(from.firstNs / 1_000n), lastUs: Number(from.firstNs / 1_000n) + Math.round(from.spanNs / 1e3) }),
    flows: flows.flows,
    tcp: {
      retransmissions: total(RETRANSMISSIONS),
      fastRetransmissions: total(FAST),
      spuriousRetransmissions: total(SPURIOUS),
      outOfOrder: total(OUT_OF_ORDER),
      duplicateAcks: total(DUPLICATE_ACKS),
      lostSegments: total(LOST_SEGMENTS),
      zeroWindows: total(ZERO_WINDOWS),
      windowFull: total(WINDOW_FULL),
      keepAlives: total(KEEP_ALIVES),
      resets: total(RESETS),
      handshakes: tcp.handshakes,
      handshakeFailures: tcp.refused + flows.unanswered,
      reusedPorts: tcp.reusedPorts,
      ...(rttMs ? { rttMs } : {}),
    },
    dns: {
      queries: dns.queries,
      responses: dns.responses,
      repeated: dns.repeated,
      unanswered: dns.unanswered + dns.waiting(from.spanNs),
      truncated: dns.truncated,
      codes: Object.fromEntries([...dns.codes].map(([code, count]) => [CODES[code] ?? `${code}`, count])),
      ...(timeMs ? { timeMs } : {}),
    },
    icmp: {
      ...{ echoRequests, echoReplies, unreachable, prohibited, timeExceeded, tooBig },
      ...(smallestMtu > 0 ? { smallestMtu } : {}),
    },
    tunnels: Object.fromEntries(
      TUNNELS.flatMap((name, index) => ((from.tunnels[index] ?? 0) > 0 ? [[name, from.tunnels[index] ?? 0]] : [])),
    ),
    worstFlows: flows.worst(),
    quality: qualityOf(from),
    findings: [],
    ...(from.stopped ? { stopped: from.stopped } : {}),
  };
}

function milliseconds(spread: Spread): Milliseconds | undefined {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((q) => spread.quantile(q));
  if (p50 === undefined || p90 === undefined || p99 === undefined) return undefined;
  const ms = (ns: number): number => Number((ns / 1e6).toPrecision(3));
  return { p50: ms(p50), p90: ms(p90), p99: ms(p99) };
}

function qualityOf(from: Parameters<typeof pcapSummary>[0]): string[] {
  const { undecoded, unknownLinks, backwards, evicted, ports, gaps, gapCount } = from;
  const dropped = ports.reduce((sum, port) => sum + port.droppedByKernel, 0);
  const said: [number, string][] = [
    [undecoded.cut, `${undecoded.cut} packets are cut before the end of a header: record more bytes of each`],
    [undecoded.malformed, `${undecoded.malformed} packets have a header that cannot be`],
    [undecoded.fragments, `${undecoded.fragments} later fragments have no transport header`],
    [backwards, `time runs backwards ${backwards} times`],
    [evicted, `${evicted} flows were closed early to bound memory; their counts are kept`],
    [dropped, `${dropped} packets were dropped by the recorder`],
    [gapCount, `${gapCount} damaged places were passed over, the first at byte ${gaps[0]?.offset ?? 0}`],
  ];
  return [
    ...said.flatMap(([count, text]) => (count > 0 ? [text] : [])),
    ...[...unknownLinks].map(([link, count]) => `${count} packets of link type ${link} cannot be decoded`),
  ];
}
