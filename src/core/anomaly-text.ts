import type { Anomaly } from "./anomaly.ts";
import type { Comparison, LegResult } from "./compare.ts";
import type { Element } from "./elements.ts";
import { intervalText } from "./interval-text.ts";
import { OTHERS } from "./one-way.ts";
import { bracketed } from "./packet-address.ts";
import { type Place, placeText } from "./place.ts";
import type { Leg, Plan } from "./plan.ts";
import { counted, listed, type Sentence, say } from "./sentence.ts";
import { clockText, durationText, percentText } from "./units.ts";

/** A leg as people read it: `shop/web-0 → shop/db-0:5432`. */
export function legText(leg: Leg, plan: Plan): string {
  const label = (id: string): string =>
    plan.vantages.find((vantage) => vantage.id === id)?.label ?? id.replace(/^address\//, "");
  const known = plan.vantages.some(({ id }) => id === leg.to);
  const to = known ? label(leg.to) : leg.scope === "service" && plan.to.kind === "service" ? plan.to.name : leg.toIp;
  return `${label(leg.from)} → ${leg.port === undefined ? to : `${bracketed(to)}:${leg.port}`}`;
}

/** Where an element lies, as a part of a sentence: "through node-2", "from node-1 to node-2". */
export function whereText(element: Element, place: Place, direction?: Anomaly["direction"]): Sentence {
  const { kind, name } = element;
  const port = element.port ?? "";
  const ends = { name: place.name, peer: place.peer ?? "" };
  const ordered = direction !== undefined && place.peer !== undefined;
  switch (kind) {
    case "port":
      return say("to port {port} of {name}", { port, name });
    case "flow":
    case "icmp-flow":
    case "pair":
      return ordered ? say("from {name} to {peer}", ends) : say("between {name} and {peer}", ends);
    case "flow-port":
      return say("from {name} to port {port} of {peer}", { name, port, peer: element.peer ?? "" });
    case "tunnel-pair":
      return ordered ? say("of pods from {name} to {peer}", ends) : say("of pods between {name} and {peer}", ends);
    case "entry":
    case "pod":
    case "icmp-to":
    case "icmp-from":
    case "icmp-end":
      return say("to and from {name}", { name });
    case "host":
      return say("to and from {name} and its pods", { name });
    case "nic":
      return say("through {name}", { name });
    case "tunnel":
      return say("of pods through {name}", { name });
    case "service":
      return say("to {name}", { name: placeText(place) });
    case "service-at":
      return say("from {name} and its pods to the Service address {service}", {
        name,
        service: `${bracketed(element.peer ?? "")}:${port}`,
      });
    case "address":
      return say("to {name}", { name });
    case "overlay":
      return say("of pods between all nodes");
    case "fabric":
    case "icmp-fabric":
    case "icmp-all":
      return say("between all nodes");
  }
}

/** Which way the badness goes, when only one way does: "all of it leaving node-2". */
export function directionText({ element, direction, kind }: Anomaly): Sentence | undefined {
  if (!direction) return undefined;
  const lost = kind === "loss";
  const one = { share: percentText(share(direction)), name: element.name };
  if (direction.to === OTHERS)
    return lost
      ? say("{share} of what leaves {name} is lost, what enters it is not", one)
      : say("{share} of what leaves {name} is late, what enters it is not", one);
  if (direction.from === OTHERS)
    return lost
      ? say("{share} of what enters {name} is lost, what leaves it is not", one)
      : say("{share} of what enters {name} is late, what leaves it is not", one);
  const { bad, from, to } = direction;
  const counts = { bad, of: counted(direction.of, "packet"), from, to };
  if (lost)
    return bad === 1
      ? say("{bad} of {of} from {from} to {to} was lost, none or nearly none the other way", counts)
      : say("{bad} of {of} from {from} to {to} were lost, none or nearly none the other way", counts);
  return bad === 1
    ? say("{bad} of {of} from {from} to {to} was late, none or nearly none the other way", counts)
    : say("{bad} of {of} from {from} to {to} were late, none or nearly none the other way", counts);
}

function share({ bad, of }: { readonly bad: number; readonly of: number }): number {
  return of === 0 ? 0 : bad / of;
}

/** `12 of 300 (4.0 %, 95 % interval 2.3–6.9 %)`. */
export function sharesText({ bad, of, share: interval }: Pick<Anomaly, "bad" | "of" | "share">): Sentence {
  return say("{bad} of {of} ({share}, {interval})", {
    bad,
    of,
    share: percentText(interval.share),
    interval: intervalText(interval),
  });
}

/** What the legs outside of the place show; undefined when there were none. */
export function controlsText(found: Anomaly, comparison: Comparison): Sentence | undefined {
  // Legs of another bad place that shares some with this one say nothing about either.
  const shares = found.own.length < found.legs.length;
  const rivals = shares ? comparison[found.kind].filter(({ own, legs }) => own.length < legs.length) : [found];
  const outside = [...comparison.legs.values()].filter(
    ({ leg, sent }) => sent > 0 && !rivals.some(({ legs }) => legs.includes(leg.id)),
  );
  if (outside.length === 0 || found.background.of === 0) return undefined;
  const relevant = found.kind === "loss" ? outside.length : outside.filter(({ late }) => late !== undefined).length;
  const { bad, of } = found.background;
  const what = found.kind === "loss" ? say("{bad} of {of} lost", { bad, of }) : say("{bad} of {of} late", { bad, of });
  const legs = counted(relevant, "leg");
  if (relevant === 1)
    return shares
      ? say("{legs} that does not cross either bad place: {what}", { legs, what })
      : say("{legs} that does not cross it: {what}", { legs, what });
  return shares
    ? say("{legs} that do not cross either bad place: {what}", { legs, what })
    : say("{legs} that do not cross it: {what}", { legs, what });
}

/** When it happened, if it did not last throughout. */
export function whenText({ episodes, throughout }: Anomaly): Sentence | undefined {
  const [first] = episodes;
  if (throughout || !first) return undefined;
  const when = ({ startMs, endMs }: typeof first) => ({
    at: clockText(startMs),
    lasted: durationText(Math.max(1_000, endMs - startMs)),
  });
  if (episodes.length === 1) return say("it began at {at} and lasted {lasted}", when(first));
  return say("{count} episodes: {list}", {
    count: episodes.length,
    list: listed(episodes.map((one) => say("{at} for {lasted}", when(one)))),
  });
}

/** Legs inside the place that stay clean although enough was sent: they speak against it. */
export function cleanInside(found: Anomaly, comparison: Comparison, plan: Plan): readonly Sentence[] {
  const clean = found.legs.flatMap((id): LegResult[] => {
    const result = comparison.legs.get(id);
    if (!result) return [];
    const { bad, of } =
      found.kind === "loss"
        ? { bad: result.lost, of: result.sent }
        : { bad: result.late?.bad ?? 0, of: result.late?.of ?? 0 };
    // With this many packets, three bad ones would be expected.
    return bad === 0 && of * found.share.share >= 6 ? [result] : [];
  });
  return clean.map(({ leg, sent }) =>
    say("{leg} crosses it too and is clean ({sent})", { leg: legText(leg, plan), sent: counted(sent, "packet") }),
  );
}

/** Places that the measured legs cannot tell from the named one, as a sentence. */
export function alternativesText(found: Anomaly): Sentence | undefined {
  const others = [...new Set(found.alternatives.map(placeText))].filter((text) => text !== placeText(found.place));
  if (others.length === 0) return undefined;
  return say("what was measured cannot tell it from {others}: no other leg crosses only one of them", {
    others: listed(others),
  });
}
