import type { EvidenceSet } from "./evidence.ts";
import type { Plan, Vantage } from "./plan.ts";
import { listed, type Sentence, say } from "./sentence.ts";
import { wilson } from "./stats.ts";
import { type Hop, type Trace, traceEvidence } from "./trace-evidence.ts";

/** Packets to the target that a trace needs before it says anything, and those that have to be lost. */
const MIN_SENT = 8;
const MIN_LOST = 3;
/** Times at which one router has to answer before the way is a circle. */
const ROUND = 3;

/** One trace with its ends. */
type Traced = { readonly from: Vantage; readonly to: Vantage; readonly trace: Trace };

export function tracesOf(plan: Plan, evidence: EvidenceSet): readonly Traced[] {
  return evidence.all(traceEvidence).flatMap(({ subject, data }) => {
    const from = plan.vantages.find(({ id }) => id === subject);
    const to = plan.vantages.find(({ ip }) => ip === data.target);
    return from && to ? [{ from, to, trace: data }] : [];
  });
}

/** What became of packets to the target: those at its distance, or all beyond the last router that answers. */
export function finalOf({ distance, hops }: Trace): Pick<Hop, "sent" | "lost" | "rttMs"> {
  const reached = hops.find(({ ttl }) => ttl === distance);
  if (reached) return reached;
  const beyond = hops.slice(hops.findLastIndex(({ addresses }) => addresses.length > 0) + 1);
  const sent = (beyond.length > 0 ? beyond : hops.slice(-1)).reduce((sum, one) => sum + one.sent, 0);
  return { sent, lost: sent };
}

/**
 * Loss that a trace shows. Only loss that stays up to the target is loss: routers answer for expired packets when they have
 * time, and limit how many they answer, while they pass on everything. So it begins at a hop when all before it answer
 * plainly more often than the target, and no hop from there on does; a hop that answers plainly less than the target limits
 * its answers, and hides where it begins.
 */
export function lossText({ from, to, trace }: Traced): Sentence | undefined {
  const final = finalOf(trace);
  if (final.sent < MIN_SENT || final.lost < MIN_LOST || circleOf(trace)) return undefined;
  const said = { from: from.label, to: to.label, lost: final.lost, sent: final.sent };
  const ends = wilson(final.lost, final.sent);
  const before = trace.hops.filter(({ ttl }) => ttl !== trace.distance);
  if (trace.distance === undefined) {
    const last = before.findLast(({ addresses }) => addresses.length > 0);
    if (!last) return say("the trace from {from} to {to} gets no answer from any router: {lost} of {sent}", said);
    return say("the trace from {from} to {to} ends after {hop}: beyond it {lost} of {sent} get no answer", {
      ...said,
      hop: hopText(last),
    });
  }
  const clean = ({ lost, sent }: Hop): boolean => wilson(lost, sent).high < ends.share || lost === 0;
  const first = before.findIndex((hop) => !clean(hop));
  const begins = first < 0 ? trace.hops.length - 1 : first;
  const hop = trace.hops[begins];
  const rest = before.slice(begins);
  const limited = rest.some(({ lost, sent }) => wilson(lost, sent).low > ends.high);
  const uneven = rest.some(({ lost, sent }) => wilson(lost, sent).high < ends.low || lost === 0);
  if (!hop || limited || uneven) return undefined;
  const near = before[begins - 1];
  const there = { ...said, hop: hopText(hop), some: hop.lost, of: hop.sent };
  if (!near)
    return say(
      "the trace from {from} to {to} loses from its first router on: {some} of {of} at {hop}, {lost} of {sent} at the target",
      there,
    );
  return say(
    "the trace from {from} to {to} loses from {hop} on: {some} of {of} there, {lost} of {sent} at the target, but {few} of {all} at {near} before it",
    { ...there, few: near.lost, all: near.sent, near: hopText(near) },
  );
}

/** Hops that answer plainly less often than the target does: they limit their answers, nothing is lost there. */
export function limitedText({ trace }: Traced): Sentence | undefined {
  const final = finalOf(trace);
  if (trace.distance === undefined || final.sent < MIN_SENT) return undefined;
  const ends = wilson(final.lost, final.sent);
  const hop = trace.hops.find(
    ({ ttl, sent, lost }) => ttl !== trace.distance && lost >= MIN_LOST && wilson(lost, sent).low > ends.high,
  );
  if (!hop) return undefined;
  return say(
    "{hop} answers only {answered} of {of}, but the target behind it answers {there} of {sent}: that router limits its ICMP answers, it loses nothing",
    {
      hop: hopText(hop),
      answered: hop.sent - hop.lost,
      of: hop.sent,
      there: final.sent - final.lost,
      sent: final.sent,
    },
  );
}

/** Routers that packets come to again and again. */
export function circleTraceText({ from, to, trace }: Traced): Sentence | undefined {
  const way = circleOf(trace);
  if (!way) return undefined;
  return say("the trace from {from} to {to} comes to the same routers again and again: {way}", {
    from: from.label,
    to: to.label,
    way: listed([way.join(" → ")]),
  });
}

function circleOf({ hops }: Trace): readonly string[] | undefined {
  const way = hops.flatMap(({ addresses }) => addresses[0]?.ip ?? []);
  const again = way.some((ip) => way.filter((other) => other === ip).length >= ROUND);
  // A router that answers for the next ones, too, is no circle.
  return again && new Set(way).size > 1 ? way : undefined;
}

function hopText({ ttl, addresses }: Hop): Sentence {
  const [first] = addresses;
  return first ? say("hop {ttl} ({ip})", { ttl, ip: first.ip }) : say("hop {ttl}", { ttl });
}
