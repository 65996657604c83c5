import { betweenNodes, cutOff, podsCutOff, silenceLooksLike } from "../core/between-nodes.ts";
import { gainedDuring } from "../core/gains.ts";
import { asked, askedNodes, suffers } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { idsOf, sufferText } from "../core/suffering.ts";
import { durationText } from "../core/units.ts";
import { ipsecEvidence } from "../probes/ipsec.ts";
import { type WireguardPeer, wireguardEvidence } from "../probes/wireguard.ts";

/** WireGuard agrees on new keys every two minutes while it sends, and gives up after three (REJECT_AFTER_TIME). */
const HANDSHAKE_S = 180;
const MIN_ERRORS = 3;
/** What IPsec counts when the two sides do not have the same keys and rules. Source: Documentation/networking/xfrm_proc.rst. */
const IPSEC_ERRORS = [
  "XfrmInNoStates",
  "XfrmInStateProtoError",
  "XfrmInStateSeqError",
  "XfrmInStateExpired",
  "XfrmInStateMismatch",
  "XfrmInTmplMismatch",
  "XfrmInNoPols",
  "XfrmOutNoStates",
  "XfrmOutStateExpired",
  "XfrmOutStateSeqError",
] as const;

/**
 * The encryption between two nodes fails: WireGuard has agreed on no key for three minutes although it sends, and nothing comes
 * back; or IPsec throws packets away because keys, states or policies do not match. Decisive are these facts together with pods of
 * the two nodes that are cut off (WireGuard) or lose (IPsec) while the nodes reach each other.
 * Fooled by idle peers, which make no handshake (nothing was sent to them then: cleared), by devices that are used for something
 * else than pods (the peer has to be the other node, by its address or by the pods that it takes), and by a few stray packets
 * after a change of keys.
 */
export const tunnelEncryptionFailing: Rule = {
  name: "tunnel-encryption-failing",
  title: "Encryption between nodes fails",
  needs: [],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan);
    const read = nodes.filter(
      (node) =>
        seen.evidence.get(wireguardEvidence, `node/${node}`) || seen.evidence.get(ipsecEvidence, `node/${node}`),
    );
    if (read.length === 0)
      return { status: "unknown", because: say("nothing was read of encryption on the nodes of the path") };
    const suspicions = nodes.flatMap((node) => [...silentPeers(node, seen), ...mismatches(node, seen)]);
    if (suspicions.length > 0) return suspicions;
    return { status: "cleared", because: say("encryption between the nodes of the path works, or there is none") };
  },
};

function silentPeers(node: string, seen: Case): readonly Suspicion[] {
  const { plan, evidence } = seen;
  const read = evidence.get(wireguardEvidence, `node/${node}`);
  if (!read) return [];
  return betweenNodes(node, seen).flatMap((between): readonly Suspicion[] => {
    const dead = between.pods.filter(cutOff);
    if (!podsCutOff(between) || !dead.some(({ leg }) => asked(leg))) return [];
    const ip = plan.vantages.find(({ id }) => id === `node/${between.peer}`)?.ip;
    const pods = plan.vantages.filter(({ id, node: on }) => id.startsWith("pod/") && on === between.peer);
    const peer = read.peers.find(
      ({ endpoint, allowed }) =>
        (endpoint !== undefined && endpoint === ip) || pods.some((pod) => allowed.includes(`${pod.ip}/32`)),
    );
    const ageS = peer && read.atMs / 1_000 - peer.handshakeS;
    if (!peer || ageS === undefined || ageS <= HANDSHAKE_S || peer.sent === 0 || peer.received > 0) return [];
    return [
      suspicion(node, between.peer, {
        because: [handshakeText(node, between.peer, peer, ageS), sufferText(dead, plan)],
        confirm: [`wg show ${peer.device}   # on ${node} and ${between.peer}: latest handshake, transfer`],
        advice: [
          say("Compare the public keys and endpoints that {node} and {peer} have of each other", {
            node,
            peer: between.peer,
          }),
          say("Let WireGuard's UDP port through between them (51820, 51821, Cilium: 51871)"),
        ],
        legs: idsOf(between.pods),
      }),
    ];
  });
}

function handshakeText(
  node: string,
  peer: string,
  { device, handshakeS, sent }: WireguardPeer,
  ageS: number,
): Sentence {
  const values = { node, peer, device, sent };
  return handshakeS === 0
    ? say("{device} of {node} has never agreed on a key with {peer}; it sent {sent} bytes and received none", values)
    : say("{device} of {node} agreed on a key with {peer} {age} ago; it sent {sent} bytes and received none", {
        ...values,
        age: durationText(ageS * 1_000),
      });
}

function mismatches(node: string, seen: Case): readonly Suspicion[] {
  const gains = seen.evidence.get(ipsecEvidence, `node/${node}`);
  if (!gains) return [];
  const errors = IPSEC_ERRORS.map((name) => ({
    name,
    ...gainedDuring(gains, name, seen.comparison.badSeconds),
  })).filter(({ inside, outside }) => inside >= MIN_ERRORS && inside >= outside);
  if (errors.length === 0) return [];
  return betweenNodes(node, seen).flatMap(({ peer, pods, nodes }): readonly Suspicion[] => {
    const bad = pods.filter(suffers);
    if (!bad.some(({ leg }) => asked(leg)) || nodes.some(suffers)) return [];
    return [
      suspicion(node, peer, {
        because: [
          say("IPsec on {node} threw packets away while packets were lost: {errors}", {
            node,
            errors: listed(errors.map(({ name, inside }) => say("{name} +{count}", { name, count: inside }))),
          }),
          sufferText(bad, seen.plan),
        ],
        confirm: [
          `cat /proc/net/xfrm_stat; ip xfrm state; ip xfrm policy   # on ${node} and ${peer}: SPIs and keys have to be the same`,
        ],
        advice: [
          say("Give both nodes the same keys: a rotation may have reached only one of them"),
          say("Restart the pod network's agent on {node}: it writes states and policies anew", { node }),
        ],
        legs: idsOf(bad),
      }),
    ];
  });
}

function suspicion(
  node: string,
  peer: string,
  said: Pick<Suspicion, "because" | "confirm" | "advice"> & { readonly legs: readonly string[] },
): Suspicion {
  return {
    status: "suspected",
    confidence: "certain",
    where: { kind: "pair", name: node, peer },
    against: [],
    explains: ["underlay-drop", ...silenceLooksLike],
    strikesElsewhere: true,
    ...said,
  };
}
