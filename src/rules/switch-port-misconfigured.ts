import { nicHardwareEvidence } from "../core/nic-evidence.ts";
import { idsOf, type NodeOnPath, nodesOnPath, placeOf, suffering, sufferingText } from "../core/nic-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import type { SwitchPort } from "../core/slot-text.ts";

/** Ethernet header, checksum, and one VLAN tag: what a frame has beyond the MTU. */
const HEADER_BYTES = 18;
/** So many switch ports of other nodes must agree before one that differs is odd. */
const MIN_OTHERS = 2;

/**
 * The switch port of a node on the path is set otherwise than the node needs, by what the switch itself says (LLDP): it does not
 * carry the VLAN of the node's device, puts untagged frames into another VLAN than the ports of the other nodes, or takes only frames
 * smaller than the node's MTU. Decisive together with legs through the node that lose packets.
 * Fooled by switches that leave VLANs or sizes out of what they say (nothing is concluded from what is absent), by nodes in
 * different networks on purpose (the others must agree, and the node's legs must be dead or lossy), and by ports that tell of one VLAN
 * only though they carry more. Needs lldpd on the node: without it nothing is known.
 */
export const switchPortMisconfigured: Rule = {
  name: "switch-port-misconfigured",
  title: "Switch port is set wrong",
  needs: [nicHardwareEvidence],
  evaluate(seen) {
    const nodes = nodesOnPath(seen);
    const suspicions = nodes.flatMap((at) => suspect(at, seen));
    if (suspicions.length > 0) return suspicions;
    const told = nodes.flatMap(({ node }) => portsOf(node, seen).map((port) => portText(node, port)));
    if (told.length === 0)
      return { status: "unknown", because: say("no switch tells of its ports on the path (LLDP)") };
    return { status: "cleared", because: say("switch ports of the path: {ports}", { ports: listed(told) }) };
  },
};

function portsOf(node: string, { evidence }: Case): readonly SwitchPort[] {
  return evidence.get(nicHardwareEvidence, `node/${node}`)?.switchPorts ?? [];
}

function portText(node: string, { device, switch: name, port, vlans, untagged }: SwitchPort): Sentence {
  return say("{place}: {port} of {switch}, VLANs {vlans}, untagged {untagged}", {
    place: `${node}/${device}`,
    port: port ?? "?",
    switch: name ?? "?",
    vlans:
      vlans.length === 0
        ? "?"
        : listed(
            vlans.map((vlan) => `${vlan}`),
            8,
          ),
    untagged: untagged === undefined ? "?" : `${untagged}`,
  });
}

function suspect({ node, legs }: NodeOnPath, seen: Case): readonly Suspicion[] {
  if (!suffering(legs, seen).some(({ state }) => state !== "late")) return [];
  const devices = seen.evidence.get(nicHardwareEvidence, `node/${node}`)?.devices ?? [];
  return portsOf(node, seen).flatMap((port): Suspicion[] => {
    const wrong: Sentence[] = [];
    // The VLAN device is made of the one that the port is for: with several cables any of them may carry it.
    const wanted = devices.flatMap(({ slot }) => slot?.vlan ?? []);
    const missing = wanted.filter((vlan) => port.vlans.length > 0 && !port.vlans.includes(vlan));
    const own = missing.length > 0;
    if (own)
      wrong.push(
        say("VLAN {vlans} of {node} is not among those that the port carries", {
          vlans: listed(missing.map((vlan) => `${vlan}`)),
          node,
        }),
      );
    const mtu = Math.max(
      0,
      ...devices.flatMap(({ device, slot }) => (device === port.device ? (slot?.mtu ?? []) : [])),
    );
    const small = port.mostBytes !== undefined && mtu > 0 && port.mostBytes < mtu + HEADER_BYTES - 4;
    if (small)
      wrong.push(
        say("the port takes frames of {most} bytes, and {device} sends packets of {mtu}", {
          most: port.mostBytes ?? 0,
          device: port.device,
          mtu,
        }),
      );
    const others = seen.evidence
      .all(nicHardwareEvidence)
      .flatMap(({ subject, data }) => (subject === `node/${node}` ? [] : data.switchPorts.slice(0, 1)));
    const usual = others[0]?.untagged;
    const odd =
      wanted.length === 0 &&
      usual !== undefined &&
      port.untagged !== undefined &&
      port.untagged !== usual &&
      others.length >= MIN_OTHERS &&
      others.every(({ untagged }) => untagged === usual);
    if (odd)
      wrong.push(
        say("untagged frames go into VLAN {own}, at the ports of the other nodes into VLAN {usual}", {
          own: `${port.untagged}`,
          usual: `${usual}`,
        }),
      );
    if (wrong.length === 0) return [];
    return [
      {
        status: "suspected",
        confidence: own || wrong.length > 1 ? "certain" : "likely",
        where: placeOf(node, port.device),
        because: [...wrong, portText(node, port), sufferingText(node, legs, seen)],
        against: [],
        confirm: [`lldpcli show neighbors ports ${port.device} details; ip -d link show   # on ${node}`],
        advice: [
          say("Have port {port} of {switch} set like those of the other nodes: VLANs, untagged VLAN, largest frame", {
            port: port.port ?? "?",
            switch: port.switch ?? "?",
          }),
        ],
        explains: [
          "mtu-black-hole",
          "mtu-mismatch",
          "frag-needed-lost",
          "route-missing",
          "tunnel-blocked",
          "path-loss",
          "port-filtered",
          "neighbour-unresolved",
          "duplicate-ip",
        ],
        legs: idsOf(legs),
      },
    ];
  });
}
