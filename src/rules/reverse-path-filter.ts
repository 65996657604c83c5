import { addressesEvidence } from "../core/addresses.ts";
import { betweenNodes, cutOff, silenceLooksLike } from "../core/between-nodes.ts";
import type { LegResult } from "../core/compare.ts";
import { crosses, endsOf } from "../core/elements.ts";
import { gainedDuring } from "../core/gains.ts";
import { asked, servingNodes } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import { lookUp, routesEvidence } from "../core/routes.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { nodeVantage } from "../core/tunnels.ts";
import { countersEvidence } from "../probes/counters.ts";
import { sysctlsEvidence } from "../probes/sysctls.ts";

const COUNTER = "TcpExtIPReversePathFilter";
const MIN_DROPS = 3;
/** Part of our lost packets that the filter has to have counted; it counts other people's, too. */
const MOVES_WITH_US = 0.5;

/** A peer whose packets do not arrive, and the two devices that do not agree. */
type Refused = {
  readonly peer: Vantage;
  readonly bad: readonly LegResult[];
  readonly nodes: readonly LegResult[];
  readonly comesBy: string | undefined;
  readonly goesBy: string | undefined;
};

/**
 * A node drops what it receives because the way back to the sender leads through another device (strict reverse-path
 * filter). Decisive: the strict filter (the larger of "all" and the device's value is 1) is on, and the route to a sender
 * leads out of another device than the one with the node's address; and its counter of such drops moved in the bad
 * seconds by at least half of what was lost, or, as it then answers no ARP requests either, nothing of that node arrives.
 * Fooled by martians of strangers (a trickle that does not keep up with our losses: cleared), and by loose mode (2),
 * which is fine. Without a table that shows the other way it is only likely: policy rules may do it.
 */
export const reversePathFilter: Rule = {
  name: "reverse-path-filter",
  title: "Reverse-path filter drops the traffic",
  needs: [countersEvidence],
  evaluate(seen) {
    const nodes = servingNodes(seen.plan).flatMap((node) => nodeVantage(seen.plan, node) ?? []);
    const read = nodes.filter(({ id }) => seen.evidence.get(countersEvidence, id));
    const suspicions = read.flatMap((at) => suspect(at, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0) return { status: "unknown", because: say("the counters of no node of the path were read") };
    return {
      status: "cleared",
      because: say("no packets of the check were dropped for their reverse path on {nodes}", {
        nodes: listed(read.map(({ label }) => label)),
      }),
    };
  },
};

function suspect(at: Vantage, seen: Case): readonly Suspicion[] {
  const { plan, evidence, comparison } = seen;
  const gains = evidence.get(countersEvidence, at.id);
  const drops = gains ? gainedDuring(gains, COUNTER, comparison.badSeconds).inside : 0;
  const strict = strictDevices(at, seen);
  if (strict?.length === 0) return [];
  const refused = betweenNodes(at.node, seen).flatMap(({ peer: name, pods, nodes }): readonly Refused[] => {
    const peer = nodeVantage(plan, name);
    const bad = [...nodes, ...pods].filter(cutOff);
    return peer && bad.length > 0 ? [{ peer, bad, nodes, ...devicesFor(at, peer, seen) }] : [];
  });
  const bad = refused.flatMap((one) => one.bad);
  const lost = bad.reduce((sum, one) => sum + one.lost, 0);
  if (!bad.some(({ leg }) => asked(leg))) return [];
  const apart = refused.find(
    ({ comesBy, goesBy }) => comesBy !== undefined && goesBy !== undefined && comesBy !== goesBy,
  );
  const moves = drops >= MIN_DROPS && drops >= MOVES_WITH_US * lost;
  // On one network the node does not even answer who it is (ARP): then nothing comes that could be counted.
  const mute =
    apart?.comesBy !== undefined &&
    strict?.includes(apart.comesBy) === true &&
    apart.nodes.length > 0 &&
    apart.nodes.every(cutOff);
  if (!moves && !mute) return [];
  return [
    {
      status: "suspected",
      confidence: apart && strict ? "certain" : "likely",
      where: { kind: "node", name: at.node },
      because: [
        ...(drops > 0
          ? [
              say("{node} dropped {drops} in the bad seconds because of their reverse path ({counter})", {
                node: at.label,
                drops: counted(drops, "packet"),
                counter: COUNTER,
              }),
            ]
          : []),
        ...(apart
          ? [
              say("what {peer} sends arrives at {in}, but the route back to {ip} leads out of {out}", {
                peer: apart.peer.label,
                ip: apart.peer.ip,
                in: apart.comesBy ?? "",
                out: apart.goesBy ?? "",
              }),
            ]
          : []),
        ...(strict
          ? [say("the strict filter (rp_filter = 1) is on for {devices}", { devices: listed(strict, 3) })]
          : []),
        say("between {node} and {peers} {lost} are lost on {legs}", {
          node: at.label,
          peers: listed(refused.map(({ peer }) => peer.label)),
          lost: counted(lost, "packet"),
          legs: counted(bad.length, "leg"),
        }),
      ],
      against: apart ? [] : [say("its routes do not show which way back is meant: look at the policy rules (ip rule)")],
      confirm: [
        `nstat -az ${COUNTER}   # on ${at.label}, twice: it grows with the traffic`,
        `ip route get ${(apart ?? refused[0])?.peer.ip ?? ""}; sysctl -a 2>/dev/null | grep '\\.rp_filter'   # on ${at.label}`,
      ],
      advice: [
        say("Send answers the way the packets came: correct the route on {node}", { node: at.label }),
        say(
          "Or set rp_filter to 2 (loose) for that device on {node}: net.ipv4.conf.all and the device, the larger counts",
          {
            node: at.label,
          },
        ),
      ],
      explains: silenceLooksLike,
      legs: plan.legs
        .filter((leg) => {
          const { from, to } = endsOf(leg, plan);
          return crosses(leg) && (from?.node === at.node || to?.node === at.node);
        })
        .map(({ id }) => id),
    },
  ];
}

/** Devices for which the strict filter is on; undefined when that was not read. */
function strictDevices(at: Vantage, { evidence }: Case): readonly string[] | undefined {
  const values = evidence.get(sysctlsEvidence, at.id)?.values ?? {};
  const all = Number(values["ipv4/conf/all/rp_filter"] ?? 0);
  const devices = Object.entries(values).flatMap(([path, value]) => {
    const device = /^ipv4\/conf\/(.+)\/rp_filter$/.exec(path)?.[1];
    return device === undefined || device === "all" || device === "default"
      ? []
      : [{ device, mode: Math.max(all, Number(value)) }];
  });
  if (devices.length === 0) return undefined;
  return devices.filter(({ mode, device }) => mode === 1 && device !== "lo").map(({ device }) => device);
}

function devicesFor(at: Vantage, peer: Vantage, { evidence }: Case): Pick<Refused, "comesBy" | "goesBy"> {
  const routes = evidence.get(routesEvidence, at.id)?.versions.at(-1)?.value ?? [];
  const devices = evidence.get(addressesEvidence, at.id)?.devices ?? [];
  return {
    goesBy: lookUp(routes, peer.ip).route?.dev,
    comesBy: devices.find(({ addresses }) => addresses.some(({ ip }) => ip === at.ip))?.name,
  };
}
