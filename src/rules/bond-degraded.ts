import { type BondHistory, bondsOnPath, bondText, failuresGained } from "../core/bond-facts.ts";
import type { Bond } from "../core/bond-text.ts";
import { bondsEvidence } from "../core/nic-evidence.ts";
import { idsOf, type NodeOnPath, nodesOnPath, placeOf, suffering, sufferingText } from "../core/nic-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { clockText } from "../core/units.ts";

/** No switch answers: normal for every mode but LACP. */
const NOBODY = "00:00:00:00:00:00";
/** Readings and packets are timed by different processes of a node: they are compared to within 2 s. */
const NEAR_MS = 2_000;

/**
 * A bond on the path does not work as it should: a slave is down, links failed or the active slave changed while the
 * check ran, the switch does not speak LACP, or slaves sit in different LACP groups. What happened during the check is
 * decisive, the more so in seconds in which packets went wrong; what was so all the time needs legs that suffer, or it is
 * only possible.
 * An LACP that merely does not settle is possible at most: kernels of some years keep saying so of bonds in order.
 * Fooled by old failure counts (only gains count), by the standby of active-backup (idle and up: fine), by a zero partner
 * address outside LACP (normal), and by bonds that do not carry the node's address (left out where that can be told).
 */
export const bondDegraded: Rule = {
  name: "bond-degraded",
  title: "Bond is degraded",
  needs: [bondsEvidence],
  evaluate(seen) {
    const nodes = nodesOnPath(seen);
    const all = nodes.flatMap((at) => bondsOnPath(at.node, seen.evidence).map((history) => ({ at, history })));
    const suspicions = all.flatMap(({ at, history }) => suspicion(at, history, seen));
    if (suspicions.length > 0) return suspicions;
    if (all.length === 0) return { status: "cleared", because: say("the path crosses no bond") };
    return {
      status: "cleared",
      because: say("bonds of the path: {bonds}", {
        bonds: listed(all.map(({ at, history }) => bondText(at.node, history))),
      }),
    };
  },
};

function suspicion({ node, legs }: NodeOnPath, history: BondHistory, seen: Case): readonly Suspicion[] {
  const { bond } = history;
  const events = eventsOf(history);
  const standing = standingOf(bond);
  const hurts = suffering(legs, seen).length > 0;
  const down = bond.slaves.filter(({ up }) => up === false).map(({ name }) => name);
  // What LACP thinks of a bond whose slaves are all up matters only to those who suffer.
  if (events.length === 0 && (standing.length === 0 || (down.length === 0 && bond.up !== false && !hurts))) return [];
  const atBadTime = events.some(({ fromMs, toMs }) => badBetween(fromMs, toMs, seen));
  const left = bond.slaves.filter(({ up }) => up !== false).map(({ name }) => name);
  return [
    {
      status: "suspected",
      confidence: atBadTime
        ? "certain"
        : events.length > 0 || (hurts && !onlyUnsettled(bond, standing))
          ? "likely"
          : "possible",
      where: placeOf(node, down[0] ?? bond.name),
      because: [
        ...standing.map((text) => say("{bond} of {node}: {what}", { bond: bond.name, node, what: text })),
        ...events.map(({ toMs, text }) =>
          say("{bond} of {node}, seen at {time}: {what}", { bond: bond.name, node, time: clockText(toMs), what: text }),
        ),
        bondText(node, history),
        ...(hurts ? [sufferingText(node, legs, seen)] : []),
      ],
      against: [
        ...(hurts ? [] : [say("nothing on the path suffered from it during the check")]),
        ...(history.tied ? [] : [say("whether the node's address lies on {bond} cannot be seen", { bond: bond.name })]),
      ],
      confirm: [
        `cat /proc/net/bonding/${bond.name}   # on ${node}`,
        ...down
          .slice(0, 1)
          .map((name) => `ethtool ${name}; ethtool -m ${name}; dmesg -T | grep ${name}   # on ${node}`),
      ],
      advice: [
        ...(down.length > 0
          ? [
              say("Bring {slaves} of {bond} back: cable, transceiver and switch port of {node}", {
                slaves: listed(down),
                bond: bond.name,
                node,
              }),
            ]
          : []),
        ...(bond.mode === "802.3ad" && down.length === 0
          ? [say("Check that the switch ports of {node} are one LACP group in active mode", { node })]
          : []),
        ...(bond.mode === "active-backup" && left.length > 0 && down.length === 0
          ? [
              say("Find out why the active slave of {bond} changed: link log of {node} and of its switch ports", {
                bond: bond.name,
                node,
              }),
            ]
          : []),
      ],
      explains:
        events.length > 0 || hurts
          ? [
              "link-slow",
              "path-loss",
              "link-delay",
              "nic-periodic-delay",
              "high-latency",
              "port-filtered",
              "path-member-loss",
            ]
          : [],
      legs: idsOf(legs),
    },
  ];
}

type Event = { readonly fromMs: number; readonly toMs: number; readonly text: Sentence };

/** What changed from one reading to the next. */
function eventsOf(history: BondHistory): readonly Event[] {
  const { states } = history;
  const events = states.slice(1).flatMap(({ bond, fromMs }, index): Event[] => {
    const before = states[index];
    if (!before) return [];
    const at = { fromMs: before.fromMs, toMs: fromMs };
    const texts = bond.slaves.flatMap(({ name, up, failures = 0 }): Sentence[] => {
      const was = before.bond.slaves.find((slave) => slave.name === name);
      if (!was) return [];
      const more = was.failures === undefined ? 0 : failures - was.failures;
      if (was.up === true && up === false) return [say("{slave} went down", { slave: name })];
      if (was.up === false && up === true) return [say("{slave} came back", { slave: name })];
      return more > 0 ? [say("{slave} failed {count} more times", { slave: name, count: more })] : [];
    });
    if (before.bond.active !== undefined && bond.active !== undefined && before.bond.active !== bond.active)
      texts.push(
        say("the active slave changed from {before} to {after}", { before: before.bond.active, after: bond.active }),
      );
    return texts.map((text) => ({ ...at, text }));
  });
  // States in the middle may have been left out; the sums still tell.
  if (events.length > 0 || failuresGained(history).size === 0) return events;
  const [first, last] = [states[0], states.at(-1)];
  return [...failuresGained(history)].map(([slave, count]) => ({
    fromMs: first?.fromMs ?? 0,
    toMs: last?.fromMs ?? 0,
    text: say("{slave} failed {count} more times", { slave, count }),
  }));
}

/** What is wrong as it stands. */
function standingOf({ mode, up, partner, aggregator, slaves }: Bond): readonly Sentence[] {
  const down = slaves.filter((slave) => slave.up === false).map(({ name }) => name);
  const texts: Sentence[] = [];
  if (up === false) texts.push(say("it is down as a whole"));
  else if (down.length > 0)
    texts.push(
      say("{slaves} down, {left} of {all} slaves left", {
        slaves: listed(down),
        left: slaves.length - down.length,
        all: slaves.length,
      }),
    );
  if (mode !== "802.3ad" || up === false) return texts;
  if (partner === NOBODY) texts.push(say("no switch answers LACP (partner {address})", { address: NOBODY }));
  const apart = slaves.filter(
    (slave) =>
      slave.up !== false &&
      slave.aggregator !== undefined &&
      aggregator !== undefined &&
      slave.aggregator !== aggregator,
  );
  if (apart.length > 0)
    texts.push(
      say("{slaves} in another LACP group than the active one: unused", {
        slaves: listed(apart.map(({ name }) => name)),
      }),
    );
  const churned = slaves.filter((slave) => slave.churned && slave.up !== false && !apart.includes(slave));
  if (churned.length > 0)
    texts.push(say("LACP of {slaves} does not settle (churned)", { slaves: listed(churned.map(({ name }) => name)) }));
  return texts;
}

/** Whether nothing is said against a bond but that LACP is "churned". */
function onlyUnsettled({ slaves }: Bond, standing: readonly Sentence[]): boolean {
  return (
    standing.length === 1 && slaves.some(({ churned }) => churned) && standing[0]?.template.includes("churned") === true
  );
}

function badBetween(fromMs: number, toMs: number, { comparison }: Case): boolean {
  for (let ms = fromMs - NEAR_MS; ms <= toMs + NEAR_MS; ms += 1_000)
    if (comparison.badSeconds.has(Math.floor(ms / 1_000))) return true;
  return false;
}
