import type { Window } from "./check.ts";

/** Queries to one server that a long check is held to; beyond it the pace slows down. */
const MAX_QUERIES = 4_000;
/** In 20 s that makes 50 to each server from the source, and some dozen from where it is only compared with. */
const SOURCE_MS = 400;
const ELSEWHERE_MS = 1_500;

/** Milliseconds between two queries from one place to one server. */
export function dnsIntervalMs(source: boolean, { startMs, endMs }: Window): number {
  const usual = source ? SOURCE_MS : ELSEWHERE_MS;
  return Math.round(usual * Math.max(1, (endMs - startMs) / (MAX_QUERIES * SOURCE_MS)));
}
