import { dnsEvidence } from "../core/dns-evidence.ts";
import { dnsFacts, tally } from "../core/dns-facts.ts";
import { crosses, endsOf } from "../core/elements.ts";
import { measuredLegs, suffers } from "../core/path-facts.ts";
import type { Place } from "../core/place.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { type AskedTarget, sourcePortsEvidence } from "../probes/source-ports.ts";

/** Tries that a source port needs before it counts, and source ports that are needed for a pattern. */
const MIN_TRIES = 5;
const MIN_PORTS = 16;
/** Standard deviations by which the ports have to differ more than chance allows. */
const APART = 6;
/** Loss of the clean ports as a part of that of the bad ones, and how many have to be clean. */
const CLEAN = 0.2;
const MIN_CLEAN = 0.25;
const MIN_LOST = 3;
/** Connections and queries of others that have to suffer before they say where: a single one is an accident. */
const MIN_FLOWS = 2;
/** Part of the lost queries that went to DNS pods beyond the bad path, when what names suffer is its symptom. */
const QUERIES = 0.9;

/** Flows of one pair of vantage points, by what became of them. */
type Flows = {
  readonly from: Vantage;
  readonly to: Vantage;
  readonly target: AskedTarget;
  readonly bad: AskedTarget["sources"];
  readonly clean: AskedTarget["sources"];
};

/**
 * One of several parallel paths (a member of a link aggregation, an equal-cost route) loses: some flows lose always the
 * same share and the others nothing. Decisive is a survey of 32 fixed source ports, each tried again and again: their
 * losses differ by six standard deviations more than chance allows, and fall into two groups, at least a quarter of the
 * ports clean.
 * Fooled by loss that hits all flows alike (then the ports differ by chance only: cleared), by whatever changes source
 * ports on the way (NAT mixes the flows, which hides the pattern but does not make one), and by a single interruption,
 * which all ports share.
 */
export const pathMemberLoss: Rule = {
  name: "path-member-loss",
  title: "One of several parallel paths loses",
  needs: [sourcePortsEvidence],
  evaluate(seen) {
    const asked = seen.evidence
      .all(sourcePortsEvidence)
      .flatMap(({ subject, data }) => data.targets.flatMap((target) => flowsOf(subject, target, seen)));
    if (asked.length === 0) return { status: "unknown", because: say("no target answered enough source ports") };
    const parted = asked.filter(({ bad }) => bad.length > 0);
    const path = parted.find(({ from, to }) => from.role === "from" && to.role === "to");
    if (!path) {
      const [first] = asked as [Flows];
      return {
        status: "cleared",
        because: say("{count} source ports to {to} fared alike: {lost} of {tries} lost", {
          count: first.target.sources.length,
          to: first.to.label,
          lost: lostOf(first.target.sources),
          tries: counted(triesOf(first.target.sources), "packet"),
        }),
      };
    }
    return [suspicion(path, seen)];
  },
};

function suspicion(path: Flows, seen: Case): Suspicion {
  const { from, to, bad, clean, target } = path;
  const where = placeOf(path, seen);
  const legs = measuredLegs(seen.comparison).filter((result) => {
    const ends = endsOf(result.leg, seen.plan);
    const nodes = [ends.from?.node, ends.to?.node];
    const near = where.kind === "node" ? [where.name] : [from.node, to.node];
    return crosses(result.leg)
      ? near.some((node) => nodes.includes(node))
      : result.leg.scope === "service" && suffers(result);
  });
  return {
    status: "suspected",
    confidence: "certain",
    where,
    because: [
      say(
        "of {count} source ports from {from} to {to}, {bad} lose and {clean} do not: {lost} of {tries} ({share}) against {few} of {all}",
        {
          count: bad.length + clean.length,
          from: from.label,
          to: to.label,
          bad: bad.length,
          clean: clean.length,
          lost: lostOf(bad),
          tries: triesOf(bad),
          share: `${((100 * lostOf(bad)) / Math.max(1, triesOf(bad))).toFixed(0)} %`,
          few: lostOf(clean),
          all: counted(triesOf(clean), "packet"),
        },
      ),
      say("source ports that lose: {ports}", {
        ports: listed(
          bad.map(({ port }) => `${port}`),
          8,
        ),
      }),
      ...(where.kind === "node"
        ? [
            say("what other nodes send through {node} is lost as well in part, what goes beside it is not", {
              node: where.name,
            }),
          ]
        : []),
    ],
    against: [],
    confirm: [
      `for p in ${[...bad.slice(0, 2), ...clean.slice(0, 2)].map(({ port }) => port).join(" ")}; do nc -z -w1 -p $p ${to.ip} ${target.port}; echo $p $?; done   # from ${from.label}: the same ports fail each time`,
    ],
    advice: [
      say(
        "Look at the members of link aggregations and equal-cost routes on the way: errors of a single port, a member that forwards nothing",
      ),
      say("Take the bad member out of the group: the others carry its flows"),
    ],
    explains: [
      "port-filtered",
      "path-loss",
      "high-latency",
      ...(namesAreSymptom(path, where, seen) ? ["dns-down", "dns-path-loss", "dns-upstream-failing"] : []),
    ],
    legs: legs.map(({ leg }) => leg.id),
  };
}

/**
 * Each leg of echoes is one flow, each connection and each query another one, so only some of those that cross the bad path
 * suffer: the end through which those of other nodes suffer too is the place; when there is none, or both, the pair that was
 * asked about.
 */
function placeOf({ from, to }: Flows, seen: Case): Place {
  const hit = (node: string, other: string): boolean => {
    const legs = measuredLegs(seen.comparison).filter((result) => {
      const ends = endsOf(result.leg, seen.plan);
      return crosses(result.leg) && isBeside(other, node, [ends.from?.node, ends.to?.node]);
    });
    const connections = legs.filter(({ leg }) => leg.port !== undefined);
    const flows = connections.reduce((sum, { lost }) => sum + lost, 0) + queriesLostBeside(node, other, seen);
    return flows >= MIN_FLOWS || legs.some(({ leg, lost }) => leg.port === undefined && lost >= MIN_LOST);
  };
  const [atTarget, atAsker] = [hit(to.node, from.node), hit(from.node, to.node)];
  if (atTarget !== atAsker) return { kind: "node", name: atTarget ? to.node : from.node };
  return { kind: "pair", name: from.node, peer: to.node };
}

/** One of the two is `node`, and none is `other`. */
function isBeside(other: string, node: string, nodes: readonly (string | undefined)[]): boolean {
  return nodes.includes(node) && !nodes.includes(other);
}

/** How many queries were lost between a node and others than `other`, to DNS pods that lose none in their own network. */
function queriesLostBeside(node: string, other: string, { plan, evidence }: Case): number {
  const { dns, vantages } = plan;
  if (!dns) return 0;
  const lostAt = (subject: string, server: string): number =>
    tally(evidence.get(dnsEvidence, subject), dns, { server }).lost;
  return dns.servers
    .filter(({ id, ip }) => lostAt(id, ip) === 0)
    .flatMap((server) =>
      vantages
        .filter((at) => at.node !== server.node && isBeside(other, node, [at.node, server.node]))
        .map(({ id }) => lostAt(id, server.ip)),
    )
    .reduce((sum, lost) => sum + lost, 0);
}

/** Queries come from ever new source ports: a share of them takes the bad path to the DNS pods beyond it. */
function namesAreSymptom({ from, to }: Flows, where: Place, seen: Case): boolean {
  const servers = dnsFacts(seen)?.servers ?? [];
  const beyond = servers.filter(({ node }) =>
    where.kind === "node" ? node !== from.node && [from.node, node].includes(where.name) : node === to.node,
  );
  const lost = (some: typeof servers): number => some.reduce((sum, { here }) => sum + here.lost, 0);
  return lost(beyond) > 0 && lost(beyond) >= QUERIES * lost(servers);
}

function flowsOf(subject: string, target: AskedTarget, { plan }: Case): readonly Flows[] {
  const from = plan.vantages.find(({ id }) => id === subject);
  const to = plan.vantages.find(({ ip }) => ip === target.ip);
  const known = target.sources.filter(({ tried }) => tried >= MIN_TRIES);
  if (!from || !to || known.length < MIN_PORTS) return [];
  return [{ from, to, target, ...parted(known) }];
}

/** Splits ports where their losses differ most, if they differ by more than chance. */
function parted(sources: AskedTarget["sources"]): Pick<Flows, "bad" | "clean"> {
  const none = { bad: [], clean: sources };
  const share = lostOf(sources) / triesOf(sources);
  if (share === 0 || share === 1) return none;
  const spread = sources.reduce((sum, { tried, answered }) => {
    return sum + (tried - answered - tried * share) ** 2 / (tried * share * (1 - share));
  }, 0);
  const free = sources.length - 1;
  if ((spread - free) / Math.sqrt(2 * free) < APART) return none;
  const sorted = sources.toSorted((a, b) => rateOf(a) - rateOf(b));
  let cut = 1;
  for (let at = 2; at < sorted.length; at++) if (contrastAt(sorted, at) > contrastAt(sorted, cut)) cut = at;
  const [clean, bad] = [sorted.slice(0, cut), sorted.slice(cut)];
  const enough = clean.length >= MIN_CLEAN * sorted.length && lostOf(bad) >= MIN_LOST;
  const apart = lostOf(clean) / triesOf(clean) <= (CLEAN * lostOf(bad)) / triesOf(bad);
  return enough && apart ? { bad: bad.toSorted((a, b) => a.port - b.port), clean } : none;
}

function rateOf({ tried, answered }: AskedTarget["sources"][number]): number {
  return (tried - answered) / tried;
}

/** How well a cut parts the ports in two: the variance between the two groups. */
function contrastAt(sorted: AskedTarget["sources"], at: number): number {
  const [below, above] = [sorted.slice(0, at), sorted.slice(at)];
  const apart = lostOf(above) / triesOf(above) - lostOf(below) / triesOf(below);
  return triesOf(below) * triesOf(above) * apart ** 2;
}

function lostOf(sources: AskedTarget["sources"]): number {
  return sources.reduce((sum, { tried, answered }) => sum + tried - answered, 0);
}

function triesOf(sources: AskedTarget["sources"]): number {
  return sources.reduce((sum, { tried }) => sum + tried, 0);
}
