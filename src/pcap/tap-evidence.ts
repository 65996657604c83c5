import { z } from "zod";
import { captureKept, hopsEvidence, type Tap } from "#src/core/capture.ts";
import { defineEvidence, type EvidenceSet } from "#src/core/evidence.ts";
import { captureCoverage } from "./capture-evidence.ts";

const count = z.number().int().nonnegative();
/** Unix milliseconds by our clock. */
const ms = z.number();

const reset = z.object({
  /** `address:port`, as the packet claims. */
  from: z.string(),
  to: z.string(),
  /** The same at every point, whatever addresses are rewritten. */
  sequence: z.number(),
  acknowledged: z.number(),
  ttl: count,
  /** TTL of the packets that its side sent before, when there were any. */
  usualTtl: count.optional(),
  atMs: ms,
});
export type SeenReset = z.infer<typeof reset>;

const cut = z.object({
  /** Who spoke after the silence, or reset in it, and whom it spoke to. */
  from: z.string(),
  to: z.string(),
  silentMs: z.number(),
  /** What followed was reset or got no answer; or a reset came in the silence, which nothing had asked for. */
  how: z.enum(["reset", "silence", "unasked"]),
  atMs: ms,
});
export type IdleCut = z.infer<typeof cut>;

/**
 * What the packets of one tap say that only a comparison of taps can use: who put them into which tunnel, whose SYNs are
 * answered, who sends resets, which connections do not outlive a silence. Subject: the tap's label. Lists are bounded
 * (`tap-facts.ts`); counts are whole.
 */
export const tapFactsEvidence = defineEvidence(
  "capture.facts",
  z.object({
    packets: count,
    /** Outermost addresses of tunnelled packets, most packets first. */
    outer: z.array(z.object({ source: z.string(), destination: z.string(), packets: count })),
    /** Attempts to connect by server (`address:port`): distinct ones, the SYNs sent for them, and how they were answered. */
    opens: z.array(z.object({ server: z.string(), attempts: count, syns: count, accepted: count, refused: count })),
    resetCount: count,
    resets: z.array(reset),
    /** Stretches in which data was sent again: begin, end, segments. Those closer than 0.7 s are one. */
    sentAgain: z.array(z.tuple([ms, ms, count])),
    /** Connections that were silent for 1 s or more (10 s in older checks): those that went on, and those that did not. */
    idle: z.object({ lived: count, longestLivedMs: z.number(), cutCount: count, cut: z.array(cut) }),
    /**
     * MAC addresses that announced or answered for an IPv4 address (ARP), how often, and how often it was another one than
     * before: an address that moves changes once.
     */
    arp: z.array(z.object({ ip: z.string(), macs: z.record(z.string(), count), changes: count })),
  }),
);
export type TapFactsData = z.infer<typeof tapFactsEvidence.schema>;

/** Resets that are listed of one tap, the first ones; `resetCount` has all. */
export const MOST_RESETS = 200;
/** Stretches in which data was sent again, and connections that did not outlive a silence, that are listed of one tap. */
export const MOST_STRETCHES = 2_000;
export const MOST_CUT = 200;
/** Share of a tap's packets that may be cut or lost by the recorder before their absence proves nothing. */
const MOST_UNREAD = 0.001;

/** All taps of a check of which anything was kept or compared, in the order in which packets of the first end cross them. */
export function tapsOf(evidence: EvidenceSet): readonly Tap[] {
  const taps = [
    ...evidence.all(hopsEvidence).flatMap(({ data }) => data.taps),
    ...evidence.all(captureKept).map(({ data }) => data.tap),
  ];
  return [...new Map(taps.map((tap) => [tap.label, tap])).values()].toSorted((a, b) => a.order - b.order);
}

/** Whether a tap recorded all that passed it, so that what is not in its capture was not there. */
export function isWhole({ label }: Tap, evidence: EvidenceSet): boolean {
  const kept = evidence.get(captureKept, label);
  const coverage = evidence.get(captureCoverage, label);
  if (!coverage || coverage.packets === 0 || (kept?.letGo ?? 0) > 0) return false;
  const { droppedByRecorder, cut, malformed, gaps, unknownLinks } = coverage.unread;
  const unread = Math.max(kept?.droppedByKernel ?? 0, droppedByRecorder) + cut + malformed + unknownLinks;
  return gaps === 0 && unread <= MOST_UNREAD * coverage.packets;
}

/**
 * What two pieces of one tap's capture say together. A silence is known only where both its begin and its end are in one
 * piece; an attempt to connect that goes on counts in each.
 */
export function addedTapFacts(one: TapFactsData, other: TapFactsData): TapFactsData {
  const idle = [one.idle, other.idle] as const;
  return {
    packets: one.packets + other.packets,
    outer: added(
      [...one.outer, ...other.outer],
      ({ source, destination }) => `${source} ${destination}`,
      (a, b) => ({
        ...a,
        packets: a.packets + b.packets,
      }),
    ).toSorted((a, b) => b.packets - a.packets),
    opens: added(
      [...one.opens, ...other.opens],
      ({ server }) => server,
      (a, b) => ({
        server: a.server,
        attempts: a.attempts + b.attempts,
        syns: a.syns + b.syns,
        accepted: a.accepted + b.accepted,
        refused: a.refused + b.refused,
      }),
    ).toSorted((a, b) => b.syns - a.syns),
    resetCount: one.resetCount + other.resetCount,
    // Without holes: what is listed is all until the last one of the list.
    resets: one.resetCount > one.resets.length ? one.resets : [...one.resets, ...other.resets].slice(0, MOST_RESETS),
    sentAgain: [...one.sentAgain, ...other.sentAgain].slice(0, MOST_STRETCHES),
    idle: {
      lived: idle[0].lived + idle[1].lived,
      longestLivedMs: Math.max(idle[0].longestLivedMs, idle[1].longestLivedMs),
      cutCount: idle[0].cutCount + idle[1].cutCount,
      cut: [...idle[0].cut, ...idle[1].cut].slice(0, MOST_CUT),
    },
    arp: added(
      [...one.arp, ...other.arp],
      ({ ip }) => ip,
      (a, b) => ({ ip: a.ip, macs: addedCounts(a.macs, b.macs), changes: a.changes + b.changes }),
    ),
  };
}

/** Those of one name become one. */
function added<T>(all: readonly T[], nameOf: (one: T) => string, both: (one: T, other: T) => T): T[] {
  const found = new Map<string, T>();
  for (const one of all) {
    const before = found.get(nameOf(one));
    found.set(nameOf(one), before ? both(before, one) : one);
  }
  return [...found.values()];
}

type Counts = Readonly<Record<string, number>>;

function addedCounts(one: Counts, other: Counts): Record<string, number> {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(names.map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
}
