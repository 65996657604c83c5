import type { Anomaly, Comparison, LegResult } from "./compare.ts";
import type { Element } from "./elements.ts";
import { OTHERS } from "./one-way.ts";
import { type Place, placeText } from "./place.ts";
import type { Leg, Plan } from "./plan.ts";
import { clockText, countText, durationText, intervalText, listText, percentText } from "./units.ts";

/** A leg as people read it: `shop/web-0 → shop/db-0:5432`. */
export function legText(leg: Leg, plan: Plan): string {
  const label = (id: string): string =>
    plan.vantages.find((vantage) => vantage.id === id)?.label ?? id.replace(/^address\//, "");
  const known = plan.vantages.some(({ id }) => id === leg.to);
  const to = known ? label(leg.to) : leg.scope === "service" && plan.to.kind === "service" ? plan.to.name : leg.toIp;
  return `${label(leg.from)} → ${to}${leg.port === undefined ? "" : `:${leg.port}`}`;
}

/** Where an element lies, as the end of a sentence: "through node-2", "from node-1 to node-2". */
export function whereText(element: Element, place: Place, direction?: Anomaly["direction"]): string {
  const { kind, name, port } = element;
  const ordered = direction !== undefined && place.peer !== undefined;
  const pair = ordered ? `from ${place.name} to ${place.peer}` : `between ${place.name} and ${place.peer ?? ""}`;
  switch (kind) {
    case "port":
      return `to port ${port ?? ""} of ${name}`;
    case "flow":
      return pair;
    case "flow-port":
      return `from ${name} to port ${port ?? ""} of ${element.peer ?? ""}`;
    case "pair":
      return pair;
    case "tunnel-pair":
      return `of pods ${pair}`;
    case "entry":
    case "pod":
    case "icmp-end":
      return `to and from ${name}`;
    case "host":
      return `to and from ${name} and its pods`;
    case "nic":
      return `through ${name}`;
    case "tunnel":
      return `of pods through ${name}`;
    case "service":
      return `to ${placeText(place)}`;
    case "service-at":
      return `from ${name} and its pods to the Service address ${element.peer ?? ""}:${port ?? ""}`;
    case "address":
      return `to ${name}`;
    case "overlay":
      return "of pods between all nodes";
    case "fabric":
    case "icmp-fabric":
    case "icmp-all":
      return "between all nodes";
  }
}

/** Which way the badness goes, when only one way does: "all of it leaving node-2". */
export function directionText({ element, direction, kind }: Anomaly): string | undefined {
  if (!direction) return undefined;
  const verb = kind === "loss" ? "lost" : "late";
  if (direction.to === OTHERS)
    return `${percentText(share(direction))} of what leaves ${element.name} is ${verb}, what enters it is not`;
  if (direction.from === OTHERS)
    return `${percentText(share(direction))} of what enters ${element.name} is ${verb}, what leaves it is not`;
  const counts = `${direction.bad.toLocaleString("en-US")} of ${countText(direction.of, "packet")}`;
  return `${counts} from ${direction.from} to ${direction.to} ${direction.bad === 1 ? "was" : "were"} ${verb}, none or nearly none the other way`;
}

function share({ bad, of }: { readonly bad: number; readonly of: number }): number {
  return of === 0 ? 0 : bad / of;
}

/** `12 of 300 (4.0 %, 95 % interval 2.3–6.9 %)`. */
export function sharesText({ bad, of, share: interval }: Pick<Anomaly, "bad" | "of" | "share">): string {
  return `${bad.toLocaleString("en-US")} of ${of.toLocaleString("en-US")} (${percentText(interval.share)}, ${intervalText(interval)})`;
}

/** What the legs outside of the place show; undefined when there were none. */
export function controlsText(found: Anomaly, comparison: Comparison): string | undefined {
  // Legs of another bad place that shares some with this one say nothing about either.
  const shares = found.own.length < found.legs.length;
  const rivals = shares ? comparison[found.kind].filter(({ own, legs }) => own.length < legs.length) : [found];
  const outside = [...comparison.legs.values()].filter(
    ({ leg, sent }) => sent > 0 && !rivals.some(({ legs }) => legs.includes(leg.id)),
  );
  if (outside.length === 0 || found.background.of === 0) return undefined;
  const what = found.kind === "loss" ? "lost" : "late";
  const relevant = found.kind === "loss" ? outside.length : outside.filter(({ late }) => late !== undefined).length;
  return `${countText(relevant, "leg")} that ${relevant === 1 ? "does" : "do"} not cross ${shares ? "either bad place" : "it"}: ${found.background.bad} of ${found.background.of.toLocaleString("en-US")} ${what}`;
}

/** When it happened, if it did not last throughout. */
export function whenText({ episodes, throughout }: Anomaly): string | undefined {
  const [first] = episodes;
  if (throughout || !first) return undefined;
  const lasted = ({ startMs, endMs }: typeof first): string => durationText(Math.max(1_000, endMs - startMs));
  if (episodes.length === 1) return `it began at ${clockText(first.startMs)} and lasted ${lasted(first)}`;
  return `${episodes.length} episodes: ${listText(episodes.map((one) => `${clockText(one.startMs)} for ${lasted(one)}`))}`;
}

/** Legs inside the place that stay clean although enough was sent: they speak against it. */
export function cleanInside(found: Anomaly, comparison: Comparison, plan: Plan): readonly string[] {
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
  return clean.map(
    ({ leg, sent }) => `${legText(leg, plan)} crosses it too and is clean (${countText(sent, "packet")})`,
  );
}

/** Places that the measured legs cannot tell from the named one, as a sentence. */
export function alternativesText(found: Anomaly): string | undefined {
  const others = [...new Set(found.alternatives.map(placeText))].filter((text) => text !== placeText(found.place));
  if (others.length === 0) return undefined;
  return `what was measured cannot tell it from ${listText(others)}: no other leg crosses only one of them`;
}
