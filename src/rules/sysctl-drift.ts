import { isPod } from "../core/elements.ts";
import { gainedDuring } from "../core/gains.ts";
import { type NodeLoad, nodeLoadEvidence } from "../core/node-load.ts";
import { hurtLegs } from "../core/node-trouble.ts";
import { askedVantages } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { say } from "../core/sentence.ts";
import { quantile } from "../core/stats.ts";
import { countersEvidence } from "../probes/counters.ts";
import { kernelEvidence } from "../probes/kernel.ts";
import { sysctlsEvidence } from "../probes/sysctls.ts";

/** A setting is odd when it is at most this share of the median of the others, of which there are so many. */
const LOW = 0.5;
const MIN_OTHERS = 2;
/** Share of a table or of memory that is in use when its limit is felt. */
const FELT = 0.9;

type Setting = {
  readonly path: string;
  /** Where it is set: in the pod's own network namespace, or on the node. */
  readonly scope: "pod" | "node";
  /** Whether the limit was felt at that place in the seconds in which packets went wrong. */
  readonly felt: (at: Vantage, seen: Case) => boolean;
};

const loadOf = (at: Vantage, { evidence }: Case): NodeLoad | undefined =>
  evidence.get(nodeLoadEvidence, `node/${at.node}`);

const SETTINGS: readonly Setting[] = [
  {
    path: "core/somaxconn",
    scope: "pod",
    felt: (at, { evidence, comparison }) => {
      const gains = evidence.get(countersEvidence, at.id);
      return gains !== undefined && gainedDuring(gains, "TcpExtListenOverflows", comparison.badSeconds).inside > 0;
    },
  },
  {
    path: "core/netdev_max_backlog",
    scope: "node",
    felt: (at, seen) => {
      const softnet = loadOf(at, seen)?.softnet;
      return softnet !== undefined && gainedDuring(softnet, "dropped", seen.comparison.badSeconds).inside > 0;
    },
  },
  {
    path: "ipv4/tcp_mem",
    scope: "node",
    felt: (at, seen) => {
      const memory = loadOf(at, seen)?.tcpMemory;
      return memory !== undefined && memory.most >= FELT * memory.pressure;
    },
  },
  {
    path: "netfilter/nf_conntrack_max",
    scope: "node",
    felt: (at, { evidence }) => {
      const table = evidence.get(kernelEvidence, `node/${at.node}`)?.conntrack;
      return table !== undefined && table.most >= FELT * table.max;
    },
  },
];

/**
 * A node or pod of the path has a limit set far below that of the others (somaxconn, netdev_max_backlog, tcp_mem,
 * nf_conntrack_max: at most half of their median), and that limit was felt while packets went wrong. Supporting only: it is a possibility,
 * and stands beneath the cause that names what overflowed.
 * Fooled by settings that differ and limit nothing (not named), by pools of machines of different size (the median of two or more others), and
 * by pods that have their own settings on purpose.
 */
export const sysctlDrift: Rule = {
  name: "sysctl-drift",
  title: "Kernel setting is lower than elsewhere",
  needs: [sysctlsEvidence],
  evaluate(seen) {
    const places = [
      ...askedVantages(seen.plan),
      ...seen.plan.vantages.filter(
        ({ id, node }) => id === `node/${node}` && askedVantages(seen.plan).some((at) => at.node === node),
      ),
    ];
    const unique = [...new Map(places.map((at) => [at.id, at])).values()];
    const suspicions = unique.flatMap((at) => suspect(at, seen));
    if (suspicions.length > 0) return suspicions;
    return unique.some((at) => SETTINGS.some(({ path }) => numberAt(at, path, seen) !== undefined))
      ? { status: "cleared", because: say("no kernel setting of the path is far below that of others and was felt") }
      : { status: "unknown", because: say("kernel settings of the path could not be read") };
  },
};

/** The last number of a setting: of tcp_mem the limit. */
function numberAt(at: Vantage, path: string, { evidence }: Case): number | undefined {
  const last = evidence.get(sysctlsEvidence, at.id)?.values[path]?.trim().split(/\s+/).at(-1);
  return last !== undefined && /^\d+$/.test(last) ? Number(last) : undefined;
}

function suspect(at: Vantage, seen: Case): readonly Suspicion[] {
  const { plan } = seen;
  const legs = hurtLegs(at.node, seen);
  if (legs.length === 0) return [];
  return SETTINGS.filter(({ scope }) => (scope === "pod") === isPod(at)).flatMap(({ path, felt }): Suspicion[] => {
    const own = numberAt(at, path, seen);
    const others = plan.vantages
      .filter((other) => other.id !== at.id && isPod(other) === isPod(at))
      .flatMap((other) => numberAt(other, path, seen) ?? [])
      .toSorted((a, b) => a - b);
    const median = quantile(others, 0.5);
    if (own === undefined || median === undefined || others.length < MIN_OTHERS) return [];
    if (own > LOW * median || !felt(at, seen)) return [];
    const name = `net.${path.replaceAll("/", ".")}`;
    return [
      {
        status: "suspected",
        confidence: "possible",
        where: isPod(at) ? { kind: "pod", name: at.label } : { kind: "node", name: at.node },
        because: [
          say(
            "{setting} of {place} is {own}, that of {count} others {median} (median), and it was felt during the check",
            {
              setting: name,
              place: at.label,
              own,
              count: others.length,
              median,
            },
          ),
        ],
        against: [say("a low limit alone is no fault")],
        confirm: [`sysctl ${name}   # at ${at.label}, and at ${listedOthers(at, plan)}`],
        advice: [
          say("Set {setting} of {place} as on the others, and find out what set it", {
            setting: name,
            place: at.label,
          }),
        ],
        legs: legs.map(({ id }) => id),
        yields: true,
        detail: true,
      },
    ];
  });
}

function listedOthers(at: Vantage, { vantages }: Case["plan"]): string {
  return vantages.find((other) => other.id !== at.id && isPod(other) === isPod(at))?.label ?? "another";
}
