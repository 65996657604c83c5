import { z } from "zod";
import type { Window } from "../core/check.ts";
import { defineEvidence, type Evidence, evidenceOf } from "../core/evidence.ts";
import { lineReader } from "../core/line-reader.ts";
import { packetsIn } from "../core/pace.ts";
import type { Plan, Vantage } from "../core/plan.ts";
import type { Reader, SurveyProbe, TapContext } from "../core/probe.ts";

const connection = z.object({
  local: z.string(),
  peer: z.string(),
  port: z.object({ local: z.number(), peer: z.number() }),
  /** When it was first and last seen, Unix ms. */
  fromMs: z.number(),
  toMs: z.number(),
  /** Most bytes that waited to be read by the program, and how long they lay there without getting fewer, ms. */
  unread: z.number(),
  unreadMs: z.number(),
  /** Most bytes that waited to be taken by the other side. */
  unsent: z.number(),
  /** How often it was seen asking a closed window whether it has opened (the persist timer). */
  windowClosed: z.number().int(),
  /** Gained while it was seen, ms: time with something to send, and the part of it that the other side's window allowed none. */
  busyMs: z.number(),
  windowLimitedMs: z.number(),
  /** Segments sent again while it was seen. */
  resent: z.number().int(),
  rttMs: z.number().optional(),
});
export type Connection = z.infer<typeof connection>;

/**
 * Connections of the programs themselves between the two ends of the check, by the kernel's account. Those with full queues
 * first, at most 24. Subject: vantage id.
 */
export const connectionsEvidence = defineEvidence(
  "connections",
  z.object({ samples: z.number().int(), most: z.number().int(), list: z.array(connection) }),
);

const MOST = 24;
const MAX_KEPT = 400;
const FASTEST_MS = 1_500;
const MAX_SAMPLES = 1_200;
/** A line of a connection is about 200 bytes; hardly ever are there 24. */
const BYTES_PER_SAMPLE = 2_000;

/** Watches the programs' own connections at both ends: queues, windows, what was sent again. Sends nothing. */
export const connections: SurveyProbe = {
  kind: "survey",
  name: "connections",
  wants: ({ at, plan }) => peersOf(at, plan).length > 0,
  argv: ({ at, plan }) => ["netcheck-connections", `${everyMs(plan.window)}`, ...peersOf(at, plan)],
  maxBytes: ({ plan }) => 8_192 + packetsIn(plan.window, everyMs(plan.window)) * BYTES_PER_SAMPLE,
  open: openConnections,
};

/** Addresses at the other end: of the target and its Service for the source, of the source for the target. */
function peersOf(at: Vantage, { legs, vantages }: Pick<Plan, "legs" | "vantages">): readonly string[] {
  const asked = legs.filter(({ port, part }) => port !== undefined && part !== "control");
  const source = vantages.find(({ role }) => role === "from");
  if (at.id === source?.id) return [...new Set(asked.filter(({ from }) => from === at.id).map(({ toIp }) => toIp))];
  const ends = source && asked.some(({ from, to }) => from === source.id && to === at.id);
  return ends && source.ip !== "" ? [source.ip] : [];
}

function everyMs({ startMs, endMs }: Window): number {
  return Math.max(FASTEST_MS, Math.ceil((endMs - startMs) / MAX_SAMPLES));
}

type Seen = Connection & { lastUnread: number; stuckSinceMs: number; base: Counters | undefined };
type Counters = { readonly busy: number; readonly limited: number; readonly resent: number };

/** Reads what `netcheck-connections` prints. */
export function openConnections({ at }: Pick<TapContext, "at">): Reader {
  const seen = new Map<string, Seen>();
  let samples = 0;
  let most = 0;
  let nowMs = 0;

  const push = lineReader((line) => {
    const [mark, ...words] = line.trim().split(/\s+/);
    if (mark === "@") {
      const [atMs, count] = words.map(Number);
      if (!(atMs !== undefined && atMs > 0)) return;
      nowMs = atMs;
      samples++;
      most = Math.max(most, Number.isFinite(count) ? (count ?? 0) : 0);
    } else if (mark === "c" && nowMs > 0) note(words);
  });

  const note = ([, local = "", peer = "", unreadWord, unsentWord, timer, ...facts]: readonly string[]): void => {
    const [unread, unsent] = [Number(unreadWord), Number(unsentWord)];
    const port = { local: portOf(local), peer: portOf(peer) };
    if (!(unread >= 0 && unsent >= 0 && port.local > 0 && port.peer > 0)) return;
    const value = (name: string): number =>
      Number(facts.find((fact) => fact.startsWith(`${name}=`))?.slice(name.length + 1) ?? 0) || 0;
    const now = { busy: value("busy"), limited: value("rwnd_limited"), resent: value("retrans") };
    const key = `${local} ${peer}`;
    let one = seen.get(key);
    if (!one) {
      if (seen.size >= MAX_KEPT) return;
      one = {
        ...{ local, peer, port, fromMs: nowMs, toMs: nowMs, unread: 0, unreadMs: 0, unsent: 0, windowClosed: 0 },
        ...{ busyMs: 0, windowLimitedMs: 0, resent: 0, lastUnread: 0, stuckSinceMs: nowMs },
        // What a connection of before the check did until now is history.
        base: samples <= 1 ? now : undefined,
      };
      seen.set(key, one);
    }
    // The end of the other side counts as one byte.
    const waits = unread > 1 && unread >= one.lastUnread && one.lastUnread > 1;
    if (!waits) one.stuckSinceMs = nowMs;
    one.lastUnread = unread;
    one.toMs = nowMs;
    one.unread = Math.max(one.unread, unread);
    one.unreadMs = Math.max(one.unreadMs, nowMs - one.stuckSinceMs);
    one.unsent = Math.max(one.unsent, unsent);
    if (timer === "persist") one.windowClosed++;
    one.busyMs = now.busy - (one.base?.busy ?? 0);
    one.windowLimitedMs = now.limited - (one.base?.limited ?? 0);
    one.resent = now.resent - (one.base?.resent ?? 0);
    const rttMs = value("rtt");
    if (rttMs > 0) one.rttMs = rttMs;
  };

  return {
    push,
    evidence: (): readonly Evidence[] => {
      if (samples === 0) return [];
      const list = [...seen.values()]
        .toSorted((a, b) => b.windowClosed - a.windowClosed || b.unreadMs - a.unreadMs || b.unsent - a.unsent)
        .slice(0, MOST)
        .map(({ lastUnread: _u, stuckSinceMs: _s, base: _b, ...one }) => one);
      return [evidenceOf(connectionsEvidence, at.id, nowMs, { samples, most, list })];
    },
  };
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1)) || 0;
}
