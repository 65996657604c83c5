import type { Tap } from "../core/capture.ts";
import { placeOf } from "../core/elements.ts";
import type { Place } from "../core/place.ts";
import type { Plan, Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion, Verdict } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { betweenTaps } from "../core/tap-hooks.ts";
import { durationText } from "../core/units.ts";
import { type IdleCut, isWhole, tapFactsEvidence, tapsOf } from "../pcap/tap-evidence.ts";

/** Connections that did not outlive their silence, before it is no accident. */
const MIN_CUT = 3;
/** Part of a limit by which a known one may be missed. */
const ABOUT = 0.02;
/** A timer that resets ends all silences at one length, but for this part and this much: it looks now and then only. */
const SAME_LENGTH = { part: 0.1, ms: 1_000 } as const;
/** What is known to forget connections after so many seconds of silence. */
const KNOWN: readonly (readonly [seconds: number, who: string])[] = [
  [240, "Azure Load Balancer"],
  [350, "AWS Network Load Balancer"],
  [600, "Google Cloud VPC"],
  [3_600, "ip_vs"],
];

type AtTap = { readonly tap: Tap; readonly cut: readonly IdleCut[]; readonly longestLivedMs: number };

/**
 * Something forgets connections that are silent for some time: what follows the silence is reset, or sent again in vain.
 * Decisive is a limit: at one tap three connections or more did not outlive silences, all of which are longer than any
 * that a connection outlived. The place is behind the last tap that saw what followed; where the target's own device saw
 * it, too, it is the target that has forgotten. Or an end, or something in its name, breaks the silence with a reset itself:
 * then all of them last as long, and the place is before the first tap that saw the resets. A program may do that on purpose
 * and harm nobody, so it is never certain.
 * Fooled by an end that restarts (only what spoke after the first cut and was cut as well tells of a limit), by
 * keep-alives (they end silences), by packets that are lost by chance (then others of the same length get through), and by
 * taps that did not record all.
 */
export const idleTimeout: Rule = {
  name: "idle-timeout",
  title: "Idle connections are cut",
  needs: [tapFactsEvidence],
  evaluate(seen): Verdict | readonly Suspicion[] {
    const all = tapsOf(seen.evidence).flatMap((tap): AtTap[] => {
      const facts = isWhole(tap, seen.evidence) ? seen.evidence.get(tapFactsEvidence, tap.label) : undefined;
      return facts ? [{ tap, cut: facts.idle.cut, longestLivedMs: facts.idle.longestLivedMs }] : [];
    });
    const taps = all.map((one) => ({ ...one, cut: mostOf(one.cut) }));
    const worst = taps.toSorted((a, b) => b.cut.length - a.cut.length)[0];
    if (!worst) return { status: "unknown", because: say("no capture of the path is whole") };
    const longestMs = Math.max(...taps.map(({ longestLivedMs }) => longestLivedMs));
    if (worst.cut.length >= MIN_CUT && shortestOf(worst.cut) > longestMs) {
      if (isRepeated(worst.cut)) return [suspicion(worst, taps, longestMs, seen)];
      return {
        status: "unknown",
        because: say(
          "{cut} connections did not outlive a silence, all of them silent at the same time: an end may have restarted",
          { cut: worst.cut.length },
        ),
      };
    }
    const lived = taps.map(({ tap }) => seen.evidence.get(tapFactsEvidence, tap.label)?.idle.lived ?? 0);
    const values = { cut: worst.cut.length, lived: Math.max(...lived), longest: durationText(longestMs) };
    return worst.cut.length === 0 && values.lived === 0
      ? { status: "unknown", because: say("no connection was silent and spoke again while it was recorded") }
      : {
          status: "cleared",
          because: say("{lived} connections outlived silences of up to {longest}, {cut} did not", values),
        };
  },
};

/** Those that were cut when they spoke again, or those that were reset in their silence: whichever are more. */
function mostOf(cut: readonly IdleCut[]): readonly IdleCut[] {
  const unasked = cut.filter(({ how }) => how === "unasked");
  return 2 * unasked.length > cut.length ? sameLength(unasked) : cut.filter(({ how }) => how !== "unasked");
}

/** Those that a timer may have ended: as long as the middle one of them. */
function sameLength(cut: readonly IdleCut[]): readonly IdleCut[] {
  const middle = cut.map(({ silentMs }) => silentMs).toSorted((a, b) => a - b)[cut.length >> 1] ?? 0;
  const off = Math.max(SAME_LENGTH.ms, middle * SAME_LENGTH.part);
  return cut.filter(({ silentMs }) => Math.abs(silentMs - middle) <= off);
}

/** Whether a connection that was alive after the first one was cut did not outlive its silence either. */
function isRepeated(cut: readonly IdleCut[]): boolean {
  const firstMs = Math.min(...cut.map(({ atMs }) => atMs));
  return cut.some(({ atMs, silentMs }) => atMs - silentMs > firstMs);
}

function shortestOf(cut: readonly IdleCut[]): number {
  return Math.min(...cut.map(({ silentMs }) => silentMs));
}

function suspicion({ tap, cut }: AtTap, taps: readonly AtTap[], longestMs: number, seen: Case): Suspicion {
  const shortestMs = shortestOf(cut);
  const resets = cut.filter(({ how }) => how === "reset").length;
  const isUnasked = cut.some(({ how }) => how === "unasked");
  const values = {
    count: counted(cut.length, "connection"),
    tap: tap.label,
    least: durationText(shortestMs),
    most: durationText(Math.max(...cut.map(({ silentMs }) => silentMs))),
  };
  // Recorders do not begin in the same instant: one that saw any of these connections lies on the way of all.
  const ends = new Set(cut.map(({ from, to }) => `${from} ${to}`));
  const saw = taps.map((one) => ({ ...one, cut: one.cut.filter(({ from, to }) => ends.has(`${from} ${to}`)) }));
  const place = isUnasked ? placeOfResets(tap, saw, seen) : placeOfCut(tap, saw, seen);
  const seconds = Math.floor(shortestMs / 1_000);
  return {
    status: "suspected",
    confidence: longestMs > 0 && place.sure ? "certain" : "likely",
    where: place.where,
    because: [
      isUnasked
        ? say("captured at {tap}: {count} were reset after {least} of silence, and nobody had spoken", values)
        : say(
            "captured at {tap}: {count} did not outlive a silence of {least} to {most}; what followed was reset on {resets} and got no answer on {silent}",
            { ...values, resets, silent: cut.length - resets },
          ),
      ...(longestMs > 0
        ? [say("silences of up to {longest} were outlived", { longest: durationText(longestMs) })]
        : []),
      ...place.texts,
      ...knownText(longestMs, shortestMs),
      say("between {connections}", {
        connections: listed([...new Set(cut.map(({ from, to }) => `${from} → ${to}`))], 3),
      }),
    ],
    against: longestMs > 0 ? [] : [say("no silence was outlived that could be compared with")],
    confirm: [
      `ss -tno   # at both ends: which connections have a keep-alive timer, and how long it runs`,
      `sysctl net.ipv4.tcp_keepalive_time net.netfilter.nf_conntrack_tcp_timeout_established   # at the ends, and on the nodes and gateways between`,
    ],
    advice: [
      say("Let the programs send keep-alives, or close connections, before {seconds} s of silence", { seconds }),
      say("Or raise the idle time-out of what lies between: load balancer, firewall, NAT gateway, conntrack"),
    ],
    explains: ["reset-by-middle", "reset-by-peer", "capture-loss-located"],
    // No legs: what is lost are packets of the programs' connections, and the check's own are never silent.
    within: place.within,
  };
}

type CutPlace = {
  readonly where: Place;
  /** Where else it may be, as `Suspicion.within`. */
  readonly within: readonly string[];
  readonly sure: boolean;
  readonly texts: readonly Sentence[];
};

function atTap({ node, device }: Tap): CutPlace {
  return { where: { kind: "node", name: node, device }, within: [node], sure: false, texts: [] };
}

function atEnd(end: Vantage, sure: boolean, text: Sentence): CutPlace {
  return { where: placeOf(end), within: [end.label, end.node], sure, texts: [text] };
}

function atBetween(from: Tap, to: Tap, plan: Plan, text: Sentence): CutPlace {
  const { where, within } = betweenTaps(from, to, plan);
  return { where, within, sure: true, texts: [text] };
}

/** The taps that all packets cross, in the order in which those of the speaker do. */
function fromSpeaker(
  taps: readonly AtTap[],
  { plan }: Case,
): {
  readonly inTurn: readonly AtTap[];
  readonly speaker: Vantage | undefined;
  readonly listener: Vantage | undefined;
} {
  const from = plan.vantages.find(({ role }) => role === "from");
  const to = plan.vantages.find(({ role }) => role === "to");
  const speaker = speakerOf(taps, plan);
  const onWay = taps.filter((one) => !one.tap.mayBeSkipped);
  return speaker === to
    ? { inTurn: onWay.toReversed(), speaker, listener: from }
    : { inTurn: onWay, speaker, listener: to };
}

/** Before the first tap that saw the resets, on their way from whom they name as their sender. */
function placeOfResets(tap: Tap, taps: readonly AtTap[], seen: Case): CutPlace {
  const { inTurn, speaker } = fromSpeaker(taps, seen);
  const index = inTurn.findIndex(({ cut }) => cut.length > 0);
  const first = inTurn[index]?.tap ?? tap;
  const before = inTurn[index - 1];
  if (before)
    return atBetween(
      before.tap,
      first,
      seen.plan,
      say("they were seen at {first}, but not at {before}: what lies between sends them", {
        first: first.label,
        before: before.tap.label,
      }),
    );
  if (!speaker || first.kind !== "pod" || first.netns !== speaker.netns) return atTap(first);
  const text = say("{pod} itself sends them, which may be its way to end what is not used", { pod: speaker.label });
  return atEnd(speaker, false, text);
}

/** Behind the last tap that saw what followed the silence, on its way from whoever spoke. */
function placeOfCut(tap: Tap, taps: readonly AtTap[], seen: Case): CutPlace {
  const { plan } = seen;
  const { inTurn, listener } = fromSpeaker(taps, seen);
  const last = inTurn.findLast(({ cut }) => cut.length > 0) ?? { tap };
  const next = inTurn[inTurn.findIndex((one) => one.tap === last.tap) + 1];
  if (next)
    return atBetween(
      last.tap,
      next.tap,
      plan,
      say("what followed was seen at {last}, but not at {next}: what lies between has forgotten the connection", {
        last: last.tap.label,
        next: next.tap.label,
      }),
    );
  if (!listener || last.tap.kind !== "pod" || last.tap.netns !== listener.netns) return atTap(last.tap);
  const values = { last: last.tap.label, pod: listener.label };
  return atEnd(listener, true, say("what followed came to {last}: {pod} itself has forgotten the connection", values));
}

/** Which end spoke after the silence, by its address; the first one where that was rewritten. */
function speakerOf(taps: readonly AtTap[], { vantages }: Case["plan"]): Vantage | undefined {
  const [cut] = taps.flatMap((one) => one.cut);
  const of = (role: Vantage["role"]): Vantage | undefined => vantages.find((vantage) => vantage.role === role);
  const to = of("to");
  const isOf = (end: string, vantage: Vantage | undefined): boolean =>
    vantage !== undefined && (end.startsWith(`${vantage.ip}:`) || end.startsWith(`[${vantage.ip}]:`));
  return cut && isOf(cut.from, to) ? to : of("from");
}

/** A limit that lies between what was outlived and what was not, and belongs to something that is known. */
function knownText(longestMs: number, shortestMs: number): readonly Sentence[] {
  return KNOWN.filter(
    ([seconds]) =>
      seconds * 1_000 <= shortestMs * (1 + ABOUT) && seconds * 1_000 > Math.max(longestMs, shortestMs * 0.5),
  )
    .slice(-1)
    .map(([seconds, who]) => say("{seconds} s is what {who} allows by default", { seconds, who }));
}
