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

/** `at 12.3 s (packet 211)`. */
export function whenText(atNs: number, packet: number): string {
  return `at ${(atNs / 1e9).toFixed(3)} s (packet ${packet})`;
}

/** `1 connection`, `7 connections`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
