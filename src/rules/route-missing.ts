import { addressesEvidence } from "../core/addresses.ts";
import { legText } from "../core/anomaly-text.ts";
import { silenceLooksLike } from "../core/between-nodes.ts";
import type { LegResult } from "../core/compare.ts";
import { crosses, endsOf, isPod } from "../core/elements.ts";
import { pingEvidence } from "../core/leg-evidence.ts";
import { asked, legsTouching, suffers } from "../core/path-facts.ts";
import type { Leg, Plan, Vantage } from "../core/plan.ts";
import { type Lookup, lookUp, type Route, routesEvidence } from "../core/routes.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { circleTraceText, tracesOf } from "../core/trace-text.ts";
import { clockText } from "../core/units.ts";
import { countersEvidence } from "../probes/counters.ts";

/** One place that has to know the way to an address, and the legs that depend on it. */
type Need = { readonly at: Vantage; readonly towards: Vantage; readonly legs: readonly Leg[] };

/**
 * A node or pod has no route, or a refusing one, to an address of the path. Decisive is the routing table itself: the
 * longest match for the address is unreachable, blackhole or prohibit, or nothing matches, or only the default route
 * does although the same node has its own routes to the pods of other nodes; or the routes of several nodes lead in a
 * circle.
 * Fooled by Calico's blackhole of its own block (a longer match exists, so it is not hit), by clouds where all pods are
 * reached by the default route (then no peer has a route of its own), by policy rules and other tables (a match there
 * counts as a route), by eBPF host routing, which bypasses the table (then the legs are healthy: cleared), and by routes via the
 * node's own address, which hand packets to a program.
 */
export const routeMissing: Rule = {
  name: "route-missing",
  title: "Route missing",
  needs: [routesEvidence],
  evaluate(seen) {
    const needs = needsOf(seen);
    // One missing route to a node's pods is one cause, however many of its pods were tried; all that need it suffer from it.
    const same = Map.groupBy(needs, ({ at, towards }) => `${at.id} ${towards.node}`);
    const suspicions = [...same.values()].flatMap((alike): readonly Suspicion[] => {
      const [found] = alike.flatMap((need) => suspect(need, seen) ?? []);
      const legs = alike.flatMap((need) => badLegs(need, seen)).map(({ leg }) => leg.id);
      return found ? [{ ...found, legs: [...new Set([...(found.legs ?? []), ...legs])] }] : [];
    });
    if (suspicions.length > 0) return merged(suspicions);
    const read = needs.filter(({ at }) => seen.evidence.get(routesEvidence, at.id));
    if (read.length === 0) return { status: "unknown", because: say("no routing table of the path was read") };
    return {
      status: "cleared",
      because: say("the routing tables of {places} lead to both ends", {
        places: listed([...new Set(read.map(({ at }) => at.label))]),
      }),
    };
  },
};

/** Several routes missing at one place are one suspicion. */
function merged(all: readonly Suspicion[]): readonly Suspicion[] {
  return [...Map.groupBy(all, ({ where }) => where.name).values()].flatMap((same) => {
    const [first] = same;
    return first
      ? [{ ...first, because: same.flatMap(({ because }) => because), legs: same.flatMap(({ legs }) => legs ?? []) }]
      : [];
  });
}

/** For each leg that leaves its node: both nodes and both pods must know the way to the other end. */
function needsOf({ plan }: Case): readonly Need[] {
  const found = new Map<string, { at: Vantage; towards: Vantage; legs: Leg[] }>();
  const need = (at: Vantage | undefined, towards: Vantage, leg: Leg): void => {
    if (!at) return;
    const key = `${at.id} ${towards.id}`;
    const known = found.get(key) ?? { at, towards, legs: [] };
    known.legs.push(leg);
    found.set(key, known);
  };
  const nodeOf = ({ node }: Vantage): Vantage | undefined => plan.vantages.find(({ id }) => id === `node/${node}`);
  for (const leg of plan.legs) {
    const { from, to } = endsOf(leg, plan);
    if (!from || !to || !crosses(leg)) continue;
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      if (isPod(one)) need(one, other, leg);
      // A node that talks to a pod uses its tunnel address; the way back to that leads through the same route.
      need(nodeOf(one), isPod(other) || !isPod(one) ? other : one, leg);
    }
  }
  return [...found.values()].filter(({ at, towards }) => at.node !== towards.node);
}

/** Legs that need the way and lose, or on which nothing could be sent. */
function badLegs({ legs }: Need, { comparison }: Case): readonly LegResult[] {
  return legs
    .flatMap(({ id }) => comparison.legs.get(id) ?? [])
    .filter((result) => suffers(result) || result.sent === 0);
}

function suspect({ at, towards, legs }: Need, seen: Case): Suspicion | undefined {
  const { plan, evidence, comparison } = seen;
  const results = legs.flatMap(({ id }) => comparison.legs.get(id) ?? []);
  const bad = badLegs({ at, towards, legs }, seen);
  if (!bad.some(({ leg, sent }) => sent > 0 && asked(leg))) return undefined;
  const versions = evidence.get(routesEvidence, at.id)?.versions ?? [];
  const judged = versions.map(({ fromMs, toMs, value }) => ({
    fromMs,
    toMs,
    routes: value,
    found: lookUp(value, towards.ip),
  }));
  const wrong = judged.findLast(
    ({ found, routes }, index) =>
      failing(found, routes, at, towards, seen) !== undefined && !passing(judged, index, comparison.badSeconds),
  );
  const circle = wrong ? undefined : circleFrom(at, towards, seen);
  const why = wrong ? failing(wrong.found, wrong.routes, at, towards, seen) : circle && circleText(circle, towards);
  if (why === undefined) return undefined;

  const before = wrong && judged.find(({ found, fromMs }) => fromMs < wrong.fromMs && found.kind === "specific");
  const clean = results.filter((result) => result.sent >= 20 && !suffers(result));
  // Only the default route, and yet packets pass: that is how this network works.
  if (wrong?.found.kind === "default" && clean.length > 0) return undefined;
  const noRoutes = evidence.get(countersEvidence, at.id)?.gained;
  const dropped = (noRoutes?.["IpOutNoRoutes"] ?? 0) + (noRoutes?.["IpExtInNoRoutes"] ?? 0);
  const suffering = bad.filter(({ sent }) => sent > 0);
  const sufferers = {
    legs: counted(suffering.length, "leg"),
    list: listed(
      suffering.map(({ leg }) => legText(leg, plan)),
      3,
    ),
  };
  return {
    status: "suspected",
    confidence: clean.length === 0 ? "certain" : "likely",
    where: isPod(at) ? { kind: "pod", name: at.label } : { kind: "node", name: at.node },
    because: [
      why,
      ...(before
        ? [
            say("it had a route until about {at}: {route}", {
              at: clockText(wrong?.fromMs ?? 0),
              route: routeText(before.found.route),
            }),
          ]
        : []),
      suffering.length === 1
        ? say("{legs} that needs it is broken: {list}", sufferers)
        : say("{legs} that need it are broken: {list}", sufferers),
      ...(circle ? [...expiredText(legs, seen), ...tracedText(towards, seen)] : []),
      ...(dropped > 0
        ? [
            say("{dropped} dropped at {place} for want of a route (IpOutNoRoutes, IpExtInNoRoutes)", {
              dropped: counted(dropped, "packet"),
              place: at.label,
            }),
          ]
        : []),
    ],
    against: clean.map(({ leg }) => say("{leg} passes", { leg: legText(leg, plan) })),
    confirm: [
      `ip route get ${towards.ip}   # on ${at.label}`,
      `ip route show table all   # on ${at.label}, compare with a node that works`,
    ],
    advice: [
      circle
        ? say("Correct the routes to the pods of {node} on {places}: compare them with a node that works", {
            node: towards.node,
            places: listed([...new Set(circle.map(({ label }) => label))]),
          })
        : say("Restore the route to the pods of {node} on {place}: restart the CNI agent there and look at its log", {
            node: towards.node,
            place: at.label,
          }),
      circle
        ? say("Find out what wrote them: a routing daemon, a script, or two agents that disagree")
        : say("Find out what removed it: a network manager, a script, or the agent itself"),
    ],
    // Of what goes round or comes back another way, connection tracking sees half.
    explains: [...silenceLooksLike, "conntrack-invalid"],
    // Whoever comes to one of the nodes in the circle is in it.
    legs: circle ? overlayLegs(towards.node, plan) : bad.map(({ leg }) => leg.id),
  };
}

/**
 * A table that one reading shows and the next does not, while packets are lost at other times: whoever makes a tunnel anew
 * takes its routes away for a moment.
 */
function passing(
  versions: readonly { readonly fromMs: number; readonly toMs: number }[],
  index: number,
  badSeconds: ReadonlySet<number>,
): boolean {
  const [before, version, after] = [versions[index - 1], versions[index], versions[index + 1]];
  if (!version || !after || version.toMs > version.fromMs) return false;
  const meanwhile = [...badSeconds].filter(
    (second) => (before === undefined || second * 1_000 >= before.toMs) && second * 1_000 <= after.fromMs,
  );
  return 2 * meanwhile.length < badSeconds.size;
}

function overlayLegs(node: string, plan: Plan): readonly string[] {
  return legsTouching(node, plan).flatMap(({ id, scope }) => (scope === "overlay" ? [id] : []));
}

/** Nodes that a packet passes before it comes to one of them again; undefined when it does not. */
function circleFrom(at: Vantage, towards: Vantage, { plan, evidence }: Case): readonly Vantage[] | undefined {
  if (isPod(at) || !isPod(towards)) return undefined;
  const passed: Vantage[] = [];
  for (let next: Vantage | undefined = at; next; ) {
    if (passed.includes(next)) return [...passed.slice(passed.indexOf(next)), next];
    passed.push(next);
    const { kind, route } = lookUp(evidence.get(routesEvidence, next.id)?.versions.at(-1)?.value ?? [], towards.ip);
    const gateway = kind === "specific" ? route?.gateway : undefined;
    const here: string = next.id;
    // A gateway that is the node's own address goes round nowhere: a program takes the packets there (Cilium's cilium_host).
    next = plan.vantages.find(
      ({ id }) =>
        id.startsWith("node/") &&
        id !== here &&
        evidence
          .get(addressesEvidence, id)
          ?.devices.some(({ addresses }) => addresses.some(({ ip }) => ip === gateway)),
    );
  }
  return undefined;
}

function circleText(circle: readonly Vantage[], { label, ip }: Vantage): Sentence {
  return say("packets for {target} circle between nodes by their routes: {way}", {
    target: `${label} (${ip})`,
    way: circle.map((node) => node.label).join(" → "),
  });
}

/** What came back from packets that went round until their time to live was used up. */
function expiredText(legs: readonly Leg[], { evidence }: Case): readonly Sentence[] {
  const errors = legs.flatMap(({ id }) => evidence.get(pingEvidence, id)?.errors ?? []);
  const expired = errors.filter(({ reason }) => reason === "ttl-exceeded");
  if (expired.length === 0) return [];
  return [
    say("{count} of them came back as expired (time to live exceeded) from {boxes}", {
      count: expired.reduce((sum, { count }) => sum + count, 0),
      boxes: listed([...new Set(expired.map(({ from }) => from))], 3),
    }),
  ];
}

function tracedText({ node }: Vantage, { plan, evidence }: Case): readonly Sentence[] {
  return tracesOf(plan, evidence).flatMap((traced) => (traced.to.node === node && circleTraceText(traced)) || []);
}

/** In words, what is wrong with the way to an address; undefined when nothing is. */
function failing(
  found: Lookup,
  routes: readonly Route[],
  at: Vantage,
  towards: Vantage,
  { plan, evidence }: Case,
): Sentence | undefined {
  const said = { place: at.label, target: `${towards.label} (${towards.ip})`, route: routeText(found.route) };
  if (found.kind === "refused") return say("{place} has a route that refuses packets to {target}: {route}", said);
  if (found.kind === "nothing") return say("{place} has no route at all to {target}", said);
  // A pod knows nothing but its default route.
  if (found.kind === "specific" || isPod(at) || !isPod(towards)) return undefined;
  const others = plan.vantages.filter((vantage) => isPod(vantage) && vantage.node !== towards.node);
  if (others.some(({ ip }) => leadsElsewhere(routes, ip)))
    return say(
      "{place} has no route of its own to {target} and uses its default route ({route}), although it has routes to the pods of other nodes",
      said,
    );
  // Two nodes only: the far node knows the way back by a route of its own.
  const back = evidence.get(routesEvidence, `node/${towards.node}`)?.versions.at(-1)?.value ?? [];
  const near = plan.vantages.filter((vantage) => isPod(vantage) && vantage.node === at.node);
  if (near.some(({ ip }) => leadsElsewhere(back, ip)))
    return say(
      "{place} has no route of its own to {target} and uses its default route ({route}), although {peer} has a route for the way back",
      { ...said, peer: towards.node },
    );
  return undefined;
}

/** Whether an address has a route of its own that leads off the node. */
function leadsElsewhere(routes: readonly Route[], ip: string): boolean {
  const { kind, route } = lookUp(routes, ip);
  return kind === "specific" && route?.gateway !== undefined;
}

function routeText(route: Route | undefined): string {
  if (!route) return "none";
  const kind = route.type === "unicast" ? "" : `${route.type} `;
  return `${kind}${route.dst}${route.gateway === undefined ? "" : ` via ${route.gateway}`}${route.dev === undefined ? "" : ` dev ${route.dev}`}`;
}
