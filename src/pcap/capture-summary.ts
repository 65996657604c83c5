import { qualityOf, type Shortcomings, type Unread } from "./capture-quality.ts";
import type { CapturePort, Stopped } from "./capture-reader.ts";
import type { ClientTotals } from "./client-totals.ts";
import type { DnsAnalysis, DnsServer } from "./dns-analysis.ts";
import { type Finding, type Found, severityOf } from "./finding.ts";
import { serviceFindings } from "./flow-findings.ts";
import {
  COPIES,
  DUPLICATE_ACKS,
  FAST,
  KEEP_ALIVES,
  LOST_SEGMENTS,
  OUT_OF_ORDER,
  RESETS,
  RETRANSMISSIONS,
  SPURIOUS,
  TIMEOUTS,
  WINDOW_FULL,
  ZERO_WINDOWS,
} from "./flow-layout.ts";
import type { FlowReport } from "./flow-reports.ts";
import type { HttpAnalysis, HttpRequest } from "./http-analysis.ts";
import type { IcmpAnalysis } from "./icmp-analysis.ts";
import { DNS_CODES, dnsFindings, httpFindings, icmpFindings, tlsFindings } from "./message-findings.ts";
import { TUNNELS } from "./packet-registers.ts";
import { type ClientSummary, type ServiceSummary, worstClients, worstServices } from "./service-summaries.ts";
import type { ServiceTotals } from "./service-totals.ts";
import type { Spread } from "./spread.ts";
import { milliseconds, named, type Quantiles, quantilesOf } from "./summary-numbers.ts";
import type { TcpAnalysis } from "./tcp-analysis.ts";
import { alertName, type TlsAnalysis } from "./tls-analysis.ts";

/** A connection as the summary shows it: interfaces by name, where there are several. */
type FlowSummary = Omit<FlowReport, "interface" | "alsoAt"> & {
  readonly interface?: string;
  readonly alsoAt?: readonly string[];
};

/**
 * What a capture holds, as `netcheck pcap --json` prints it. TCP counters are those that Wireshark documents under the same
 * name, of both directions of all connections; one that is seen at several interfaces counts once.
 */
export type CaptureSummary = {
  readonly packets: number;
  /** Bytes on the wire. */
  readonly bytes: number;
  /** Unix microseconds; absent without packets. */
  readonly firstUs?: number;
  readonly lastUs?: number;
  /** TCP connections. */
  readonly flows: number;
  /**
   * `clean`: nothing is wrong in what was recorded; `withheld`: nothing was found, but too much could not be read to say
   * that nothing is wrong (`quality` says why).
   */
  readonly verdict: "clean" | "findings" | "withheld";
  readonly tcp: {
    readonly retransmissions: number;
    readonly fastRetransmissions: number;
    readonly spuriousRetransmissions: number;
    /** Retransmissions that the sender made after 200 ms and more of silence. */
    readonly timeouts: number;
    readonly outOfOrder: number;
    /** The same packet twice: by the network, or by the recorder. */
    readonly copies: number;
    readonly duplicateAcks: number;
    readonly lostSegments: number;
    /** Data that was acknowledged but is not in the capture. */
    readonly unseen: number;
    readonly zeroWindows: number;
    readonly zeroWindowMs: number;
    readonly windowFull: number;
    readonly receiverLimitedMs: number;
    readonly keepAlives: number;
    readonly resets: number;
    readonly handshakes: number;
    /** Refused, unanswered and half open. */
    readonly handshakeFailures: number;
    readonly refused: number;
    readonly unanswered: number;
    readonly halfOpen: number;
    readonly reusedPorts: number;
    /** Of handshakes and of data whose ACK names its end exactly; none of what was sent again. */
    readonly rttMs?: Quantiles;
    /** From the last byte of what the client sent to the first of the answer. */
    readonly answerMs?: Quantiles;
  };
  /** The 50 with the most trouble, of services and of client subnets. */
  readonly services: readonly ServiceSummary[];
  readonly clients: readonly ClientSummary[];
  readonly dns: {
    readonly queries: number;
    readonly responses: number;
    readonly repeated: number;
    readonly unanswered: number;
    readonly truncated: number;
    readonly codes: Readonly<Record<string, number>>;
    readonly servers: readonly Readonly<DnsServer>[];
    readonly failedNames: Readonly<Record<string, number>>;
    readonly timeMs?: Quantiles;
  };
  readonly http: {
    readonly requests: number;
    /** By class: `2xx` … */
    readonly answers: Readonly<Record<string, number>>;
    readonly aborted: number;
    readonly dropped: number;
    readonly timeMs?: Quantiles;
    readonly slowest: readonly {
      readonly request: string;
      readonly server: string;
      readonly ms: number;
      readonly packet: number;
    }[];
  };
  readonly tls: {
    readonly clientHellos: number;
    readonly serverHellos: number;
    readonly alerts: Readonly<Record<string, number>>;
    readonly unanswered: number;
    readonly names: Readonly<Record<string, number>>;
  };
  readonly icmp: {
    readonly echoRequests: number;
    readonly echoReplies: number;
    /** Without a reply within 2 s. */
    readonly echoesLost: number;
    readonly echoMs?: Quantiles;
    readonly unreachable: number;
    readonly prohibited: number;
    readonly timeExceeded: number;
    readonly tooBig: number;
    readonly smallestMtu?: number;
  };
  readonly tunnels: Readonly<Record<string, number>>;
  readonly worstFlows: readonly FlowSummary[];
  /** What could not be read, or not be judged, in sentences; and the numbers that rules need of it. */
  readonly quality: readonly string[];
  readonly unread: Unread;
  readonly findings: readonly Finding[];
  readonly stopped?: Stopped;
};

const MAX_SLOWEST = 10;

export function captureSummary(from: {
  readonly bytes: number;
  readonly firstNs: bigint | undefined;
  /** Of the earliest packet (0 unless time ran backwards) and of the newest, since the first. */
  readonly earliestNs: number;
  readonly newestNs: number;
  readonly tunnels: Float64Array;
  readonly tcp: TcpAnalysis;
  readonly dns: DnsAnalysis;
  readonly icmp: IcmpAnalysis;
  readonly http: HttpAnalysis;
  readonly tls: TlsAnalysis;
  readonly worst: readonly FlowReport[];
  readonly services: readonly ServiceTotals[];
  readonly clients: readonly ClientTotals[];
  readonly roundTrips: Spread;
  readonly answers: Spread;
  readonly shortcomings: Shortcomings;
  readonly stopped?: Stopped;
}): CaptureSummary {
  const { dns, http, tls, services, shortcomings, firstNs } = from;
  const { echoRequests, echoReplies, echoes, unreachable, prohibited, timeExceeded, tooBig, smallestMtu } = from.icmp;
  const firstUs = firstNs === undefined ? undefined : Number(firstNs / 1_000n);
  const timeOf = (atNs: number): number => (firstUs ?? 0) + Math.round(atNs / 1e3);
  const all = [
    ...services.flatMap(serviceFindings),
    ...dnsFindings(dns),
    ...icmpFindings(from.icmp),
    ...httpFindings(http),
    ...tlsFindings(tls),
  ]
    .map((found) => dated(found, timeOf))
    .toSorted((a, b) => severityOf(b) - severityOf(a));
  const findings = all.filter((found) => !all.some((other) => saysMore(other, found)));
  const { sentences, withheld, unread } = qualityOf(shortcomings, findings.length > 0);
  return {
    packets: shortcomings.packets,
    bytes: from.bytes,
    ...(firstUs === undefined ? {} : { firstUs: timeOf(from.earliestNs), lastUs: timeOf(from.newestNs) }),
    flows: shortcomings.flows,
    verdict: findings.length > 0 ? "findings" : withheld ? "withheld" : "clean",
    tcp: tcpOf(from),
    services: worstServices(services),
    clients: worstClients(from.clients),
    dns: {
      queries: dns.queries,
      responses: dns.responses,
      repeated: dns.repeated,
      unanswered: dns.unanswered,
      truncated: dns.truncated,
      codes: Object.fromEntries([...dns.codes].map(([code, count]) => [DNS_CODES[code] ?? `${code}`, count])),
      servers: dns.servers,
      failedNames: Object.fromEntries(dns.failedNames),
      ...named("timeMs", quantilesOf(dns.times)),
    },
    http: {
      requests: http.requests,
      answers: Object.fromEntries(
        [...http.answers].flatMap((count, digit) => (count > 0 ? [[`${digit}xx`, count]] : [])),
      ),
      aborted: http.aborted,
      dropped: http.dropped,
      ...named("timeMs", quantilesOf(http.times)),
      slowest: http.slowest.list().slice(0, MAX_SLOWEST).map(requestOf),
    },
    tls: {
      clientHellos: tls.clientHellos,
      serverHellos: tls.serverHellos,
      alerts: Object.fromEntries([...tls.alerts].map(([number, count]) => [alertName(number), count])),
      unanswered: tls.unanswered,
      names: Object.fromEntries(tls.names),
    },
    icmp: {
      ...{ echoRequests, echoReplies, echoesLost: echoes.lost, unreachable, prohibited, timeExceeded, tooBig },
      ...(smallestMtu > 0 ? { smallestMtu } : {}),
      ...named("echoMs", quantilesOf(echoes.times)),
    },
    tunnels: Object.fromEntries(
      [...from.tunnels].flatMap((count, tunnel) => (count > 0 ? [[TUNNELS[tunnel], count]] : [])),
    ),
    worstFlows: from.worst.map((flow) => flowOf(flow, shortcomings.ports)),
    quality: sentences,
    unread,
    findings,
    ...(from.stopped ? { stopped: from.stopped } : {}),
  };
}

function tcpOf(from: Parameters<typeof captureSummary>[0]): CaptureSummary["tcp"] {
  const { services, tcp } = from;
  const total = (counter: number): number => services.reduce((sum, { counts }) => sum + (counts[counter] as number), 0);
  const sum = (of: (service: ServiceTotals) => number): number =>
    services.reduce((all, service) => all + of(service), 0);
  const refused = sum((service) => service.refused);
  const unanswered = sum((service) => service.unanswered);
  const halfOpen = sum((service) => service.halfOpen);
  return {
    retransmissions: total(RETRANSMISSIONS),
    fastRetransmissions: total(FAST),
    spuriousRetransmissions: total(SPURIOUS),
    timeouts: total(TIMEOUTS),
    outOfOrder: total(OUT_OF_ORDER),
    copies: total(COPIES),
    duplicateAcks: total(DUPLICATE_ACKS),
    lostSegments: total(LOST_SEGMENTS),
    unseen: from.shortcomings.unseen,
    zeroWindows: total(ZERO_WINDOWS),
    zeroWindowMs: milliseconds(sum((service) => service.zeroNs)),
    windowFull: total(WINDOW_FULL),
    receiverLimitedMs: milliseconds(sum((service) => service.fullNs)),
    keepAlives: total(KEEP_ALIVES),
    resets: total(RESETS),
    handshakes: sum((service) => service.established),
    handshakeFailures: refused + unanswered + halfOpen,
    ...{ refused, unanswered, halfOpen },
    reusedPorts: tcp.reusedPorts,
    ...named("rttMs", quantilesOf(from.roundTrips)),
    ...named("answerMs", quantilesOf(from.answers)),
  };
}

function flowOf({ interface: key, alsoAt, ...flow }: FlowReport, ports: readonly CapturePort[]): FlowSummary {
  const place = interfaceText(key, ports);
  return {
    ...flow,
    ...(place === undefined ? {} : { interface: place }),
    ...(alsoAt.length === 0
      ? {}
      : { alsoAt: alsoAt.map((other) => interfaceText(other, ports) ?? "another interface") }),
  };
}

/** The interface that a key stands for: its index in cooked captures above the 16 bits of the place in the file's list. */
function interfaceText(key: number, ports: readonly CapturePort[]): string | undefined {
  const index = key >>> 16;
  if (index !== 0) return `interface ${index}`;
  const name = ports[key & 0xffff]?.name;
  return name === undefined || name === "" ? undefined : name;
}

function requestOf({ request, server, tookNs, packet }: HttpRequest): CaptureSummary["http"]["slowest"][number] {
  return { request, server, ms: milliseconds(tookNs), packet };
}

/** A slow answer of which the request is known needs not be told without it. */
function saysMore(one: Finding, other: Finding): boolean {
  if (one.kind !== "http-slow" || other.kind !== "slow-answers" || one.flow?.server !== other.flow?.server)
    return false;
  return Math.abs((one.numbers["longestMs"] ?? 0) - (other.numbers["longestMs"] ?? 0)) < 1;
}

function dated({ atNs, ...found }: Found, timeOf: (atNs: number) => number): Finding {
  return { ...found, ...(atNs === undefined ? {} : { atUs: timeOf(atNs) }) };
}
