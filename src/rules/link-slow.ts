import { type Link, speedText } from "../core/link-text.ts";
import { type Nic, nicsEvidence } from "../core/nic-evidence.ts";
import {
  busiestMbit,
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
import { listed, type Sentence, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";
import { abilities, adviceForMode, carrying, confirmLink, slowLinkSymptoms } from "./link-half-duplex.ts";

/** At this speed or below a link between servers is a fault, not a purchase: nothing newer is slower by design. */
const SURELY_SLOW_MBIT = 100;
/** Share of the link that must be in use before a faster one is suspected. */
const BUSY = 0.5;
/** Others that are this many times faster make it stand out. */
const MUCH = 10;

/**
 * A link on the path runs slower than it could and than those of the other nodes. Judged by the median of the other
 * nodes' links and by the fastest mode that the NIC supports. 100 Mb/s or less is a fault by itself where the NIC can do
 * more; a faster link needs to be at least half full while legs through it suffer, else it is only noted: fleets are
 * mixed on purpose.
 * Fooled by virtual NICs without a speed or with an invented one (compared with nothing else than each other), by links
 * that are down, and by the slow link of a node beside the path (no cause).
 */
export const linkSlow: Rule = {
  name: "link-slow",
  title: "Link runs slower than it could",
  needs: [nicsEvidence],
  evaluate(seen) {
    const nodes = nodesOnPath(seen);
    if (nodes.length === 0) return { status: "cleared", because: say("the path crosses no link between nodes") };
    const slow = nodes.flatMap((at) =>
      carrying(at, seen).flatMap((nic) => {
        const link = newest(nic);
        return link?.speedMbit !== undefined && link.up !== false
          ? judge(at, nic, { ...link, speedMbit: link.speedMbit }, seen)
          : [];
      }),
    );
    const suspicions = slow.flatMap((one) => ("status" in one ? [one] : []));
    if (suspicions.length > 0) return suspicions;
    const notes = slow.flatMap((one) => ("status" in one ? [] : [one]));
    const [note] = notes;
    if (note) return { status: "cleared", because: note };
    const unread = unreadText(nodes);
    if (unread) return { status: "unknown", because: unread };
    const known = nodes.flatMap(({ node, nics }) =>
      wires(nics).flatMap((nic) => {
        const link = newest(nic);
        return link?.speedMbit === undefined
          ? []
          : [say("{place} {link}", { place: `${node}/${nic.device}`, link: linkText(link) })];
      }),
    );
    if (known.length === 0)
      return { status: "unknown", because: say("the NICs of the path report no speed, as virtual NICs do") };
    return { status: "cleared", because: say("links of the path: {links}", { links: listed(known) }) };
  },
};

/** A suspicion, a remark for the record, or nothing. */
function judge(
  { node, legs }: NodeOnPath,
  nic: Nic,
  link: Link & { readonly speedMbit: number },
  seen: Case,
): readonly (Suspicion | Sentence)[] {
  const { device } = nic;
  const { speedMbit, supportedMbit } = link;
  const peers = peerLinks(node, seen);
  const usual = median(peers.flatMap((peer) => (peer.link.speedMbit === undefined ? [] : [peer.link.speedMbit])));
  const below = usual !== undefined && speedMbit < usual;
  const canDoMore = supportedMbit === undefined ? undefined : supportedMbit > speedMbit;
  if (!below && !(canDoMore === true && usual === undefined)) return [];
  const hurts = suffering(legs, seen).length > 0;
  const used = busiestMbit(nic) / speedMbit;
  const confidence = confidenceOf({ speedMbit, usual, canDoMore, hurts, full: hurts && used >= BUSY });
  if (confidence === undefined)
    return [
      say("the link of {node} ({device}) runs at {link}, others at {usual}; nothing on the path suffers from it", {
        node,
        device,
        link: linkText(link),
        usual: speedText(usual ?? speedMbit),
      }),
    ];
  return [
    {
      status: "suspected",
      confidence,
      where: placeOf(node, device),
      because: [
        say("the link of {node} ({device}) runs at {link}", { node, device, link: linkText(link) }),
        ...abilities(link),
        ...(peers.length > 0 ? [peersText(peers)] : []),
        ...(hurts ? [sufferingText(node, legs, seen)] : []),
        ...(used >= BUSY ? [say("up to {share} of it was in use", { share: percentText(Math.min(1, used)) })] : []),
      ],
      against:
        canDoMore === false
          ? [say("the NIC cannot do more: it may be slower on purpose")]
          : hurts
            ? []
            : [say("with the load during the check nothing on the path suffered from it")],
      confirm: confirmLink(node, device),
      advice: adviceForMode(node, device),
      explains: slowLinkSymptoms.filter((name) => name !== "link-slow"),
      legs: idsOf(legs),
    },
  ];
}

type Judged = {
  readonly speedMbit: number;
  readonly usual: number | undefined;
  readonly canDoMore: boolean | undefined;
  readonly hurts: boolean;
  readonly full: boolean;
};

function confidenceOf({ speedMbit, usual, canDoMore, hurts, full }: Judged): Suspicion["confidence"] | undefined {
  if (canDoMore === false) return full ? "possible" : undefined;
  const much = usual !== undefined && usual >= MUCH * speedMbit;
  if (speedMbit > SURELY_SLOW_MBIT) return full ? (canDoMore && much ? "likely" : "possible") : undefined;
  if (canDoMore === undefined) return much ? "likely" : undefined;
  return much ? "certain" : hurts ? "likely" : "possible";
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}
