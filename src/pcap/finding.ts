import type { FlowEnds } from "./flow-ends.ts";

/** What can be found in a capture. */
export type FindingKind =
  | "loss"
  | "needless-retransmissions"
  | "reordering"
  | "mtu-black-hole"
  | "connection-refused"
  | "connection-unanswered"
  | "connection-half-open"
  | "handshake-slow"
  | "reset"
  | "reset-from-elsewhere"
  | "receiver-stopped"
  | "receiver-limited"
  | "stall"
  | "slow-answers"
  | "echo-unanswered"
  | "dns-unanswered"
  | "dns-failures"
  | "dns-slow"
  | "fragmentation-needed"
  | "prohibited"
  | "unreachable"
  | "hops-exceeded"
  | "http-errors"
  | "http-aborted"
  | "http-dropped"
  | "http-slow"
  | "tls-failures";

/** An answer is slow from here on. */
export const SLOW_NS = 1e9;

/** Something that is wrong, as `netcheck pcap --json` prints it in `findings`. */
export type Finding = {
  readonly kind: FindingKind;
  /** One or two sentences with the numbers, the worst example, its time and packet. */
  readonly text: string;
  /** What the numbers of the text are, by name; durations in milliseconds (names end in Ms). */
  readonly numbers: Readonly<Record<string, number>>;
  /** The worst example: its connection, or the parties of a message. */
  readonly flow?: FlowEnds;
  /** When it was first seen there: Unix microseconds; and at which packet, counted from 1. */
  readonly atUs?: number;
  readonly packet?: number;
};

/** A finding before its time is known as a date: `atNs` counts from the first packet of the capture. */
export type Found = Omit<Finding, "atUs"> & { readonly atNs?: number };

/**
 * How bad it is that a kind of thing is found at all, and which of its numbers says how often. 5: something does not work for
 * somebody; 4: it works badly, or now and then; 3: it is slow or was ended; 2: it is held back a little.
 */
const WEIGHTS: Readonly<Record<FindingKind, readonly [weight: number, count: string]>> = {
  "mtu-black-hole": [5.5, "connections"],
  "connection-unanswered": [5, "unanswered"],
  "connection-half-open": [5, "halfOpen"],
  "connection-refused": [5, "refused"],
  "dns-unanswered": [5, "unanswered"],
  "echo-unanswered": [4, "lost"],
  "tls-failures": [5, "failed"],
  loss: [4, "sentAgain"],
  "dns-failures": [4, "failures"],
  "http-errors": [4, "failures"],
  "http-dropped": [4, "dropped"],
  "reset-from-elsewhere": [4, "resets"],
  "fragmentation-needed": [4, "connections"],
  "handshake-slow": [4, "slow"],
  stall: [4, "stalls"],
  prohibited: [4, "messages"],
  unreachable: [4, "messages"],
  "receiver-stopped": [4, "connections"],
  reset: [3, "connections"],
  "http-aborted": [3, "aborted"],
  "hops-exceeded": [3, "messages"],
  "http-slow": [3, "slow"],
  "slow-answers": [3, "connections"],
  "dns-slow": [3, "slow"],
  "receiver-limited": [2, "connections"],
  reordering: [2, "overtaken"],
  "needless-retransmissions": [2, "spurious"],
};

/** To put the worst first: what happens a hundred times weighs as much as once of what is one class worse. */
export function severityOf({ kind, numbers }: Pick<Finding, "kind" | "numbers">): number {
  const [weight, count] = WEIGHTS[kind];
  return weight + Math.log10(Math.max(1, numbers[count] ?? 1)) / 2;
}

/** `at 12.3 s (packet 211)`. */
export function whenText(atNs: number, packet: number): string {
  return `at ${secondsText(atNs)} (packet ${packet})`;
}

/** `12.345 s` after the first packet. */
export function secondsText(atNs: number): string {
  return `${(atNs / 1e9).toFixed(3)} s`;
}

/** `1 connection`, `7 connections`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
