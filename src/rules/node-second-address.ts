import { addressesEvidence, type Device } from "../core/addresses.ts";
import {
  type BetweenNodes,
  betweenNodes,
  cutOff,
  lostWay,
  podsCutOff,
  silenceLooksLike,
} from "../core/between-nodes.ts";
import type { Tap } from "../core/capture.ts";
import { crosses, endsOf, isPod } from "../core/elements.ts";
import { asked, askedNodes, suffers } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { nodeVantage, outerSource, type Tunnel, tunnelTowards } from "../core/tunnels.ts";
import { isWhole, tapFactsEvidence, tapsOf } from "../pcap/tap-evidence.ts";
import { forwardingEntriesEvidence } from "../probes/forwarding-entries.ts";
import { culpritsOf } from "./firewall-drop.ts";

/** A node whose tunnel sends with another address of the same interface than the one the cluster knows. */
type Mismatch = {
  readonly at: Vantage;
  readonly tunnel: Tunnel;
  readonly source: string;
  readonly device: Device;
};

/**
 * A node's interface has two addresses and the pod network's tunnel sends with the one that the cluster does not know.
 * Peers or switches that accept only known nodes then drop all of its tunnel packets, while the nodes themselves talk.
 * Decisive: the outer source (as captured at the node's NIC, else of the tunnel device, or by the route) differs from the node's InternalIP, both lie on one
 * interface, and pods across this node are cut off (three legs in four) while node-to-node echoes pass.
 * The difference alone harms nobody: without loss it is cleared. Fooled by networks that are meant to use another
 * address (then the peers' forwarding entries lead to it: not this), by a peer that is cut off from everybody, by a
 * filter on the node itself, and by losses of what enters the node instead of what leaves it.
 */
export const nodeSecondAddress: Rule = {
  name: "node-second-address",
  title: "Node sends with its second address",
  needs: [addressesEvidence],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan);
    const read = nodes.filter((node) => seen.evidence.get(addressesEvidence, `node/${node}`));
    const mismatches = read.flatMap((node) => mismatchAt(node, seen));
    const suspicions = mismatches.flatMap((mismatch) => suspect(mismatch, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0) return { status: "unknown", because: say("the addresses of no node of the path were read") };
    const [harmless] = mismatches;
    if (harmless)
      return {
        status: "cleared",
        because: say(
          "the tunnel of {node} sends with {source} instead of {registered}, but that is not why packets are lost",
          {
            node: harmless.at.label,
            source: harmless.source,
            registered: harmless.at.ip,
          },
        ),
      };
    return {
      status: "cleared",
      because: say("{nodes} send with the addresses that the cluster knows", { nodes: listed(read) }),
    };
  },
};

function mismatchAt(node: string, { plan, evidence }: Case): readonly Mismatch[] {
  const at = nodeVantage(plan, node);
  if (!at) return [];
  const devices = evidence.get(addressesEvidence, at.id)?.devices ?? [];
  for (const pod of plan.vantages.filter((vantage) => isPod(vantage) && vantage.node !== node)) {
    const peer = nodeVantage(plan, pod.node);
    const found = tunnelTowards(at, pod.ip, evidence);
    const source =
      capturedSources(at, devices, evidence)[0]?.source ??
      (found && peer && outerSource(found.tunnel, at, peer.ip, evidence));
    if (!found || source === undefined || source === at.ip) continue;
    const device = devices.find((one) => {
      const ips = one.addresses.map(({ ip }) => ip);
      return ips.includes(source) && ips.includes(at.ip);
    });
    if (device) return [{ at, tunnel: found.tunnel, source, device }];
  }
  return [];
}

function suspect(mismatch: Mismatch, seen: Case): readonly Suspicion[] {
  const { at, source, tunnel, device } = mismatch;
  const { plan, comparison } = seen;
  const peers = betweenNodes(at.node, seen);
  const silent = peers.filter((between) => podsCutOff(between) && fromHere(between, mismatch, seen));
  const cut = silent.flatMap(({ pods }) => pods.filter(cutOff));
  const services = [...comparison.legs.values()].filter(
    (result) => result.leg.scope === "service" && suffers(result) && endsOf(result.leg, plan).from?.node === at.node,
  );
  if (![...cut, ...services].some(({ leg }) => asked(leg)) || silent.length === 0) return [];
  // What its own filter takes never gets as far as a peer that could mind the address.
  if (culpritsOf(seen).some((culprit) => culprit.at.id === at.id)) return [];
  const passing = peers.filter((between) => between.pods.length > 0 && !silent.includes(between));
  const echoes = silent.flatMap(({ nodes }) => nodes);
  const dynamic = device.addresses.find(({ ip }) => ip === source)?.dynamic === true;
  const way = silent.map(({ peer }) => lostWay(at.node, peer, seen)).find((direction) => direction !== undefined);
  return [
    {
      status: "suspected",
      confidence: way && passing.length === 0 && echoes.length > 0 ? "certain" : "likely",
      where: { kind: "node", name: at.node },
      because: [
        say("{tunnel} on {node} sends with the outer source {source}, but the cluster knows the node as {registered}", {
          tunnel: tunnel.name,
          node: at.label,
          source,
          registered: at.ip,
        }),
        addressesText(device, at),
        ...capturedTexts(mismatch, silent[0]?.peer, seen),
        say("pods across {node} are cut off: {legs} to and from {peers}, {lost} lost", {
          node: at.label,
          legs: counted(cut.length, "leg"),
          peers: listed(silent.map(({ peer }) => peer)),
          lost: counted(
            cut.reduce((sum, { lost }) => sum + lost, 0),
            "packet",
          ),
        }),
        ...(way
          ? [
              say("what leaves {node} is lost ({bad} of {of} to {peer}), what comes to it arrives", {
                node: at.label,
                bad: way.bad,
                of: counted(way.of, "packet"),
                peer: way.to,
              }),
            ]
          : []),
        ...(echoes.length > 0
          ? [
              say("the nodes themselves reach each other: {lost} of {sent} lost", {
                lost: echoes.reduce((sum, { lost }) => sum + lost, 0),
                sent: counted(
                  echoes.reduce((sum, { sent }) => sum + sent, 0),
                  "echo",
                  "echoes",
                ),
              }),
            ]
          : []),
      ],
      against: passing.map(({ peer }) => say("pods of {peer} get through to it all the same", { peer })),
      confirm: [
        `ip -d link show ${tunnel.name}   # on ${at.label}: "local" is the outer source`,
        `ip addr show dev ${device.name}   # on ${at.label}: two addresses; "dynamic" comes from DHCP`,
        `tcpdump -n -c 20 -i ${device.name} ${tunnel.port === undefined ? "host" : `udp port ${tunnel.port} and host`} ${source}   # on ${at.label} and on ${silent[0]?.peer ?? "a peer"}`,
      ],
      advice: [
        dynamic
          ? say("Turn DHCP off for {device} on {node}, so that only {registered} is left", {
              device: device.name,
              node: at.label,
              registered: at.ip,
            })
          : say("Remove {source} from {device} on {node}, or bind the pod network to {registered}", {
              source,
              device: device.name,
              node: at.label,
              registered: at.ip,
            }),
        say("Restart the pod network's agent on {node}: it chooses the source address when it starts", {
          node: at.label,
        }),
      ],
      explains: ["firewall-drop", "service-rules-missing", ...silenceLooksLike],
      strikesElsewhere: true,
      legs: [...peers.flatMap(({ pods }) => pods), ...services].map(({ leg }) => leg.id),
    },
  ];
}

type Outer = { readonly tap: Tap; readonly source: string; readonly packets: number };

/** Addresses of its own with which a node's tunnels send, as its NICs show it; most packets first. */
function capturedSources(at: Vantage, devices: readonly Device[], evidence: Case["evidence"]): readonly Outer[] {
  const own = new Set(devices.flatMap(({ addresses }) => addresses.map(({ ip }) => ip)));
  return outerAt(at.node, evidence)
    .filter(({ source }) => own.has(source))
    .toSorted((a, b) => b.packets - a.packets);
}

/** What the NICs of a node show of tunnels; members of a bond show the same once more. */
function outerAt(node: string, evidence: Case["evidence"]): readonly Outer[] {
  return tapsOf(evidence)
    .filter((tap) => tap.node === node && tap.kind === "nic")
    .flatMap((tap) => (evidence.get(tapFactsEvidence, tap.label)?.outer ?? []).map((outer) => ({ tap, ...outer })));
}

/** How many packets left with the wrong address, and whether they came to the peer. */
function capturedTexts(
  { at, source, device }: Mismatch,
  peer: string | undefined,
  { evidence }: Case,
): readonly Sentence[] {
  const sent = capturedSources(at, [device], evidence);
  const wrong = sent.filter((one) => one.source === source);
  const [first] = wrong;
  if (!first) return [];
  const count = (all: readonly Outer[]): number => all.reduce((sum, { packets }) => sum + packets, 0);
  const far = tapsOf(evidence).find((tap) => tap.node === peer && tap.kind === "nic" && isWhole(tap, evidence));
  const came = far && count(outerAt(far.node, evidence).filter((one) => one.source === source));
  const values = { tap: first.tap.label, source, wrong: count(wrong), all: counted(count(sent), "packet") };
  return [
    say("captured at {tap}: {wrong} of {all} that its tunnel sent have the outer source {source}", values),
    ...(far && came !== undefined
      ? came === 0
        ? [say("captured at {far}: none of them came there, so they are dropped on the way", { far: far.label })]
        : [
            say("captured at {far}: {came} of them came there, so {peer} itself drops them", {
              far: far.label,
              came,
              peer: far.node,
            }),
          ]
      : []),
  ];
}

function addressesText({ name, addresses }: Device, at: Vantage): Sentence {
  const each = addresses.map(({ ip, prefix, dynamic }) =>
    dynamic
      ? say("{address} (dynamic, from DHCP)", { address: `${ip}/${prefix}` })
      : say("{address} (static)", { address: `${ip}/${prefix}` }),
  );
  return say("{device} of {node} has {count} addresses: {addresses}", {
    device: name,
    node: at.label,
    count: addresses.length,
    addresses: listed(each),
  });
}

/** Whether it can be the node's source address that cuts these two off. */
function fromHere({ peer }: BetweenNodes, { at, source, tunnel }: Mismatch, seen: Case): boolean {
  const { plan, evidence, comparison } = seen;
  const way = lostWay(at.node, peer, seen);
  if (way && way.from !== at.node) return false;
  // The peer sends to that very address: it is meant to be used.
  const entries = evidence.get(forwardingEntriesEvidence, `node/${peer}`)?.entries ?? [];
  const own = entries.filter(({ mac }) => mac === tunnel.mac);
  if (own.length > 0 && own.every(({ to }) => to === source)) return false;
  // A peer that nobody's pods reach has a trouble of its own.
  const others = [...comparison.legs.values()].filter(({ leg, sent }) => {
    const { from, to } = endsOf(leg, plan);
    const nodes = [from?.node, to?.node];
    return sent > 0 && leg.scope === "overlay" && crosses(leg) && nodes.includes(peer) && !nodes.includes(at.node);
  });
  return others.length === 0 || !others.every(cutOff);
}
