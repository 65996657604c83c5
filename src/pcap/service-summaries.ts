import type { ClientTotals } from "./client-totals.ts";
import { DATA_PACKETS, OUT_OF_ORDER, RESETS, RETRANSMISSIONS, TIMEOUTS } from "./flow-layout.ts";
import type { ServiceTotals } from "./service-totals.ts";
import { meanOf, milliseconds, named, type Quantiles, quantilesOf } from "./summary-numbers.ts";

/** What all connections to one server address and port came to. Durations in milliseconds. */
export type ServiceSummary = {
  readonly server: string;
  readonly flows: number;
  readonly established: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly bytes: number;
  readonly dataPackets: number;
  readonly retransmissions: number;
  readonly timeouts: number;
  readonly outOfOrder: number;
  readonly resets: number;
  readonly zeroWindowMs: number;
  readonly receiverLimitedMs: number;
  readonly stalls: number;
  readonly answers: number;
  readonly meanAnswerMs: number;
  readonly longestAnswerMs: number;
  /** Answered, but never acknowledged by the client. */
  readonly halfOpen: number;
  /** Round trips of handshakes, each from the SYN that was answered. */
  readonly handshakeMs?: Quantiles;
  readonly meanHandshakeMs?: number;
  /** Connections that took about a second or more to open, all SYNs counted. */
  readonly slowHandshakes: number;
  /** Mean round trips of data between the recorder and each side: where the time goes. */
  readonly toServerMs?: number;
  readonly toClientMs?: number;
};

/** What all connections of the clients of one subnet came to (IPv4 /24, IPv6 /64). */
export type ClientSummary = {
  readonly subnet: string;
  readonly flows: number;
  readonly established: number;
  /** Refused, unanswered and half open. */
  readonly failed: number;
  readonly bytes: number;
  readonly dataPackets: number;
  readonly retransmissions: number;
  readonly timeouts: number;
  readonly resets: number;
  readonly meanHandshakeMs?: number;
};

const MOST = 50;

/** Those with the most trouble, then those with the most bytes. */
export function worstServices(services: readonly ServiceTotals[]): readonly ServiceSummary[] {
  return services
    .toSorted((a, b) => troubleOf(b) - troubleOf(a) || b.bytes - a.bytes)
    .slice(0, MOST)
    .map(serviceOf);
}

export function worstClients(clients: readonly ClientTotals[]): readonly ClientSummary[] {
  return clients
    .toSorted((a, b) => clientTrouble(b) - clientTrouble(a) || b.bytes - a.bytes)
    .slice(0, MOST)
    .map(clientOf);
}

function serviceOf(service: ServiceTotals): ServiceSummary {
  const { server, flows, established, refused, unanswered, halfOpen, bytes, counts, stalls, answers } = service;
  const count = (counter: number): number => counts[counter] as number;
  return {
    ...{ server, flows, established, refused, unanswered, halfOpen, bytes, stalls, answers },
    dataPackets: count(DATA_PACKETS),
    retransmissions: count(RETRANSMISSIONS),
    timeouts: count(TIMEOUTS),
    outOfOrder: count(OUT_OF_ORDER),
    resets: count(RESETS),
    zeroWindowMs: milliseconds(service.zeroNs),
    receiverLimitedMs: milliseconds(service.fullNs),
    meanAnswerMs: milliseconds(service.meanAnswerNs),
    longestAnswerMs: milliseconds(service.longestAnswerNs),
    slowHandshakes: service.slowHandshakes,
    ...named("handshakeMs", quantilesOf(service.handshakes)),
    ...named("meanHandshakeMs", inMs(service.meanHandshakeNs)),
    ...named("toServerMs", inMs(service.meanToServerNs)),
    ...named("toClientMs", inMs(service.meanToClientNs)),
  };
}

function clientOf(client: ClientTotals): ClientSummary {
  const { handshakes, handshakeNs, ...rest } = client;
  return { ...rest, ...named("meanHandshakeMs", meanOf(handshakeNs, handshakes)) };
}

const inMs = (ns: number | undefined): number | undefined => (ns === undefined ? undefined : milliseconds(ns));

const clientTrouble = ({ retransmissions, failed }: ClientTotals): number => retransmissions + 5 * failed;

/** How much is wrong with a service, to put the worst first. */
function troubleOf({ counts, refused, unanswered, halfOpen, stalls }: ServiceTotals): number {
  return (counts[RETRANSMISSIONS] as number) + 5 * (refused + unanswered + halfOpen + stalls);
}
