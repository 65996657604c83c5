import { addressesEvidence } from "../core/addresses.ts";
import { isPod } from "../core/elements.ts";
import { nicOf } from "../core/nic-of.ts";
import type { Vantage } from "../core/plan.ts";
import { lookUp, routesEvidence } from "../core/routes.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { mtuEvidence } from "../core/size-evidence.ts";
import { betweenNodes, blockedOnPath, legsOf, type SizedResult, sizedResults } from "../core/size-trouble.ts";
import { tunnelOverhead } from "../core/tunnel-overhead.ts";
import { linksEvidence } from "../probes/links.ts";

/** Headers of a tunnel vary by options and VLAN tags: a limit within this many bytes of the sum is the sum's. */
const SLACK = 8;

/** The device through which a node sends packets to another node's pods, and the NIC under it. */
export type Exit = {
  readonly node: string;
  readonly device: string;
  readonly mtu: number;
  /** What the device adds; 0 when it is no tunnel. */
  readonly overhead: number;
  readonly kind: string | undefined;
  readonly nic: string | undefined;
  readonly nicMtu: number | undefined;
};

/** How a node sends to an address, by its routing table and its devices; undefined when they were not read. */
export function exitOf(node: string, towards: Vantage, { plan, evidence }: Case): Exit | undefined {
  const id = `node/${node}`;
  const devices = evidence.get(linksEvidence, id)?.devices ?? [];
  const routes = evidence.get(routesEvidence, id)?.versions.at(-1)?.value ?? [];
  const nic = nicOf(node, plan, evidence.get(addressesEvidence, id));
  const name = isPod(towards) ? lookUp(routes, towards.ip).route?.dev : nic;
  const found = devices.find(({ device }) => device === name);
  if (!found) return undefined;
  const nicMtu = devices.find(({ device }) => device === nic)?.mtu;
  const nodeIp = plan.vantages.find((vantage) => vantage.id === id)?.ip ?? "";
  const overhead = tunnelOverhead(found.kind, nodeIp) ?? 0;
  return { node, device: found.device, mtu: found.mtu, overhead, kind: found.kind, nic, nicMtu };
}

/**
 * A tunnel device lets packets in that do not fit into the NIC any more once they are wrapped. Decisive are the numbers of one
 * node (tunnel MTU + what the tunnel adds > MTU of its NIC), the device being the one that the routing table uses for the path,
 * and a proven limit where the sum says: largest crossing packet = NIC MTU - overhead, within 8 bytes, while what is small
 * passes. Fooled by kernels that split the wrapped packet without loss and by MTUs set on routes (then full-size packets
 * cross: cleared), and by NICs that differ between nodes, where the tunnel is as its neighbours' are (`mtu-mismatch`).
 */
export const mtuOverlayTooLarge: Rule = {
  name: "mtu-overlay-too-large",
  title: "The overlay's MTU is too large",
  needs: [mtuEvidence],
  evaluate(seen) {
    const results = sizedResults(seen.plan, seen.evidence);
    const blocked = blockedOnPath(results).filter(betweenNodes);
    const exits = exitsOf(results.filter(betweenNodes), seen);
    const large = exits.filter(
      ({ exit }) =>
        tooLarge(exit) &&
        !smallNic(
          exit,
          exits.map((one) => one.exit),
        ),
    );
    const sized = blocked.some(({ way, leg }) => way.limit && leg.scope === "overlay");
    const guilty = large.filter(({ exit }) => blocked.some((one) => fits(one, exit) && (one.way.limit || !sized)));
    // The same mistake on several nodes is one mistake: that of the pod network's settings.
    const kinds = Map.groupBy(guilty, ({ exit: { mtu, overhead, nicMtu } }) => `${mtu} ${overhead} ${nicMtu}`);
    if (kinds.size > 0)
      return [...kinds.values()].map((same) =>
        suspicion(
          same.map(({ exit }) => exit),
          blocked,
          seen,
        ),
      );
    if (exits.length === 0) return { status: "unknown", because: say("the devices of the path's nodes were not read") };
    const [first] = exits;
    if (large[0] && blocked.length === 0) {
      const { device, node, mtu, overhead, nicMtu = 0 } = large[0].exit;
      return {
        status: "cleared",
        because: say(
          "{device} of {node} lets {mtu} bytes in and adds {overhead}, more than the {nicMtu} of its NIC, but full-size packets cross all the same",
          { device, node, mtu, overhead, nicMtu },
        ),
      };
    }
    return {
      status: "cleared",
      because: say("what {device} of {node} lets in ({mtu} bytes, {overhead} added) fits its NIC ({nicMtu} bytes)", {
        device: first?.exit.device ?? "",
        node: first?.exit.node ?? "",
        mtu: first?.exit.mtu ?? 0,
        overhead: first?.exit.overhead ?? 0,
        nicMtu: first?.exit.nicMtu ?? 0,
      }),
    };
  },
};

type Used = { readonly exit: Exit; readonly results: readonly SizedResult[] };

/** Exits of all nodes at either end of these ways, once per node and device. */
export function exitsOf(results: readonly SizedResult[], seen: Case): readonly Used[] {
  const found = new Map<string, { exit: Exit; results: SizedResult[] }>();
  for (const result of results)
    for (const [node, towards] of [
      [result.from.node, result.to],
      [result.to?.node, result.from],
    ] as const) {
      const exit = node !== undefined && towards ? exitOf(node, towards, seen) : undefined;
      if (!exit) continue;
      const key = `${exit.node} ${exit.device}`;
      const known = found.get(key) ?? { exit, results: [] };
      known.results.push(result);
      found.set(key, known);
    }
  return [...found.values()];
}

function tooLarge({ mtu, overhead, nicMtu }: Exit): boolean {
  return overhead > 0 && nicMtu !== undefined && mtu + overhead > nicMtu;
}

/** Whether the NIC is what differs from the other nodes, and not the tunnel. */
function smallNic({ node, mtu, nicMtu = 0 }: Exit, all: readonly Exit[]): boolean {
  const others = all.filter((one) => one.node !== node && one.nicMtu !== undefined && one.overhead > 0);
  return others.some((one) => one.mtu === mtu && (one.nicMtu ?? 0) > nicMtu);
}

/** Whether a blocked way stops where this exit's sum says, and leaves or enters by it. */
function fits({ from, to, way, leg }: SizedResult, { node, overhead, nicMtu = 0 }: Exit): boolean {
  if (leg.scope !== "overlay" || (from.node !== node && to?.node !== node)) return false;
  return way.limit === undefined || Math.abs(way.limit.bytes - (nicMtu - overhead)) <= SLACK;
}

function suspicion(exits: readonly Exit[], blocked: readonly SizedResult[], { plan }: Case): Suspicion {
  const start = plan.vantages.find(({ role }) => role === "from")?.node;
  const exit = exits.find(({ node: name }) => name === start) ?? (exits[0] as Exit);
  const others = exits.filter((one) => one !== exit).map((one) => `${one.node}/${one.device}`);
  const { node, device, mtu, overhead, kind = "tunnel", nic = "its NIC", nicMtu = 0 } = exit;
  const mine = blocked.filter((one) => exits.some((guilty) => fits(one, guilty)));
  const exact = mine.find(({ way }) => way.limit)?.way.limit?.bytes;
  return {
    status: "suspected",
    confidence: exact === undefined ? "likely" : "certain",
    where: { kind: "device", name: `${node}/${device}` },
    because: [
      say(
        "{device} of {node} lets packets of {mtu} bytes in, {kind} adds {overhead}, and {nic} carries {nicMtu}: {over} too many",
        { device, node, mtu, kind, overhead, nic, nicMtu, over: mtu + overhead - nicMtu },
      ),
      ...(others.length > 0 ? [say("it is the same with {devices}", { devices: listed(others) })] : []),
      ...(exact === undefined
        ? []
        : [
            say("the largest packet that crosses has {bytes} bytes, which is {nicMtu} less {overhead}", {
              bytes: exact,
              nicMtu,
              overhead,
            }),
          ]),
      say("full-size TCP segments stall on {ways}", {
        ways: listed(
          mine.map(({ from, to }) => `${from.label} → ${to?.label ?? ""}`),
          3,
        ),
      }),
    ],
    against: [],
    confirm: [`ip -d link show ${device}; ip link show ${nic}   # on ${node}`],
    advice: [
      say(
        "Set the MTU of {device} and of the pods to {right} or less (CNI configuration), and restart the pods: they keep the MTU they were born with",
        { device, right: nicMtu - overhead },
      ),
      say("Or raise the MTU of {nic} and of everything between the nodes to {needed}", { nic, needed: mtu + overhead }),
    ],
    explains: ["mtu-mismatch", "frag-needed-lost", "mtu-black-hole", "path-loss"],
    legs: legsOf(mine, plan),
  };
}
