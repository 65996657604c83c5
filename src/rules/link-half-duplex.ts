import { idleSlaves } from "../core/bond-facts.ts";
import { type Link, speedText } from "../core/link-text.ts";
import { type Nic, nicsEvidence } from "../core/nic-evidence.ts";
import {
  gained,
  idsOf,
  linkText,
  type NodeOnPath,
  newest,
  nodesOnPath,
  peerLinks,
  peersText,
  placeOf,
  suffering,
  sufferingText,
  unreadText,
  wires,
} from "../core/nic-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";

/** What a link that cannot carry its load looks like from above. A program that is slow inside its own network is not. */
export const slowLinkSymptoms = [
  "link-slow",
  "link-rate-limited",
  "qdisc-drops",
  "nic-periodic-delay",
  "link-delay",
  "path-loss",
  "port-filtered",
  "slow-receiver",
  "high-latency",
];

/**
 * A link on the path runs half duplex: both sides may not send at once, so frames collide, wait and get lost under load,
 * while single pings look fine. Mostly one side negotiates and the other is set by hand: the one that negotiates then
 * falls back to half duplex. Decisive is what the kernel says about the link (ethtool or sysfs), where the NIC supports
 * full duplex or the links of other nodes have it; it is a fault without any symptom, because nothing needs half duplex.
 * Fooled by virtual NICs (they report no duplex: no finding), by links that are down, by old collision counts (only what
 * was gained is told), and by the link of a node beside the path (no cause).
 */
export const linkHalfDuplex: Rule = {
  name: "link-half-duplex",
  title: "Link runs half duplex",
  needs: [nicsEvidence],
  evaluate(seen) {
    const nodes = nodesOnPath(seen);
    if (nodes.length === 0) return { status: "cleared", because: say("the path crosses no link between nodes") };
    const suspicions = nodes.flatMap((at) =>
      carrying(at, seen).flatMap((nic) => {
        const link = newest(nic);
        return link?.duplex === "half" && link.up !== false ? [suspicion(at, nic, link, seen)] : [];
      }),
    );
    if (suspicions.length > 0) return suspicions;
    const unread = unreadText(nodes);
    if (unread) return { status: "unknown", because: unread };
    const known = nodes.flatMap(({ node, nics }) =>
      wires(nics).flatMap((nic) => {
        const link = newest(nic);
        return link?.duplex === "full"
          ? [say("{place} {link}", { place: `${node}/${nic.device}`, link: linkText(link) })]
          : [];
      }),
    );
    if (known.length === 0)
      return { status: "unknown", because: say("the NICs of the path report no duplex, as virtual NICs do") };
    return { status: "cleared", because: say("links of the path: {links}", { links: listed(known) }) };
  },
};

/** Devices that carry the node's traffic now: an idle standby of a bond harms nobody. */
export function carrying({ node, nics }: NodeOnPath, { evidence }: Case): readonly Nic[] {
  const idle = idleSlaves(node, evidence);
  return wires(nics).filter(({ device }) => !idle.has(device));
}

function suspicion({ node, legs }: NodeOnPath, nic: Nic, link: Link, seen: Case): Suspicion {
  const { device } = nic;
  const peers = peerLinks(node, seen);
  const betterPeers = peers.filter((peer) => peer.link.duplex === "full");
  const collisions = gained(nic, (name) => /collision/.test(name), seen);
  const hurts = suffering(legs, seen).length > 0;
  const decisive = link.supportsFull === true || betterPeers.length > 0;
  return {
    status: "suspected",
    confidence: decisive ? "certain" : link.supportsFull === false ? "possible" : "likely",
    where: placeOf(node, device),
    because: [
      say("the link of {node} ({device}) runs at {link}", { node, device, link: linkText(link) }),
      ...abilities(link),
      ...(peers.length > 0 ? [peersText(peers)] : []),
      ...(collisions.total > 0
        ? [
            say("{device} counted {collisions} during the check", {
              device,
              collisions: counted(collisions.total, "collision"),
            }),
          ]
        : []),
      ...(hurts ? [sufferingText(node, legs, seen)] : []),
    ],
    against: decisive ? [] : [say("whether full duplex is possible there is not known")],
    confirm: confirmLink(node, device),
    advice: adviceForMode(node, device),
    explains: slowLinkSymptoms,
    legs: idsOf(legs),
  };
}

/** What the link could do, by itself and by what the other side offers, and how much waits for it. */
export function abilities({
  supportedMbit,
  supportsFull,
  partnerMbit,
  autoneg,
  queueLength,
}: Link): readonly Sentence[] {
  return [
    ...(supportedMbit === undefined
      ? []
      : [
          supportsFull === true
            ? say("the NIC supports up to {speed} full duplex", { speed: speedText(supportedMbit) })
            : say("the NIC supports up to {speed}", { speed: speedText(supportedMbit) }),
        ]),
    ...(partnerMbit === undefined
      ? []
      : [say("the other side of the cable offers up to {speed}", { speed: speedText(partnerMbit) })]),
    ...(autoneg === undefined
      ? []
      : [autoneg ? say("auto-negotiation is on") : say("auto-negotiation is off: the mode was set by hand")]),
    ...(queueLength === undefined ? [] : [say("up to {count} packets wait in its queue", { count: queueLength })]),
  ];
}

export function confirmLink(node: string, device: string): readonly string[] {
  return [
    `ethtool ${device}; cat /sys/class/net/${device}/speed /sys/class/net/${device}/duplex   # on ${node}`,
    `ethtool -S ${device} | grep -Ei 'coll|crc|err'   # on ${node}, twice: what moves`,
  ];
}

export function adviceForMode(node: string, device: string): readonly Sentence[] {
  return [
    say(
      "Set auto-negotiation on both sides of the cable of {node} ({device}), on the switch port too; a mode set by hand on one side gives half duplex on the other",
      { node, device },
    ),
    say(
      "Replace the cable and try another switch port when it negotiates the same again: one broken pair of wires is enough",
    ),
    say("Move pods that need bandwidth away from {node} until then", { node }),
  ];
}
