import type { Window } from "./check.ts";

/** Queries to one server that a long check is held to; beyond it the pace slows down. */
const MAX_QUERIES = 4_000;
/** What a vantage point asks: everything (the source), the same but seldom (controls), or what only a server can. */
export type DnsPart = "source" | "control" | "server";

/** In 20 s that makes 44 to each server from the source, and a dozen or less from where it is only compared with. */
const USUAL_MS = { source: 450, control: 4_000, server: 4_000 } as const;

/** Milliseconds between two queries from one place to one server. */
export function dnsIntervalMs(part: DnsPart, { startMs, endMs }: Window): number {
  return Math.round(USUAL_MS[part] * Math.max(1, (endMs - startMs) / (MAX_QUERIES * USUAL_MS.source)));
}
