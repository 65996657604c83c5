import { addressesEvidence } from "../core/addresses.ts";
import { betweenNodes, cutOff, lostWay, podsCutOff, silenceLooksLike } from "../core/between-nodes.ts";
import { isPod } from "../core/elements.ts";
import { asked, askedNodes } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { farTunnel, nodeVantage, type Tunnel, tunnelsEvidence, tunnelTowards } from "../core/tunnels.ts";
import { forwardingEntriesEvidence } from "../probes/forwarding-entries.ts";
import { linksEvidence } from "../probes/links.ts";
import { neighboursEvidence } from "../probes/neighbours.ts";

/** Tunnels that find the far end by an inner MAC address. */
const BY_MAC = new Set(["vxlan", "geneve"]);
const ANY_MAC = "00:00:00:00:00:00";

/**
 * The pod network's tunnel of one node sends what is for another node's pods to the wrong place: the neighbour entry of
 * the next hop has another MAC address than the tunnel device there, or the forwarding entry of that MAC leads to
 * another node. Decisive is the entry, compared with what the other node itself shows, and pods of the two nodes that
 * are cut off in that direction while the nodes talk.
 * Fooled by tunnels whose far end a program sets for each packet (external: no entries, left out), by flooding entries
 * (00:00:00:00:00:00 leads everywhere), and by nodes with several addresses (any of them is right).
 */
export const tunnelEntryWrong: Rule = {
  name: "tunnel-entry-wrong",
  title: "Tunnel entry leads to the wrong place",
  needs: [tunnelsEvidence],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan);
    const ways = nodes.flatMap((node) => {
      const at = nodeVantage(seen.plan, node);
      return at ? betweenNodes(node, seen).map((between) => ({ at, between })) : [];
    });
    const judged = ways.flatMap(({ at, between }) => {
      const peer = nodeVantage(seen.plan, between.peer);
      const entry = peer && entryOf(at, peer, seen);
      return entry ? [{ at, peer, between, entry }] : [];
    });
    const suspicions = judged.flatMap(({ at, peer, between, entry }): readonly Suspicion[] => {
      if (
        entry.wrong === undefined ||
        !podsCutOff(between) ||
        !between.pods.some((one) => cutOff(one) && asked(one.leg))
      )
        return [];
      const way = lostWay(at.node, peer.node, seen);
      if (way && way.from !== at.node) return [];
      const dropped = dropsOf(at, entry.tunnel, seen);
      return [
        {
          status: "suspected",
          confidence: "certain",
          where: { kind: "node", name: at.node },
          because: [
            entry.wrong,
            ...(way
              ? [
                  say("{bad} of {of} of pods from {node} to {peer} are lost, what comes back arrives", {
                    bad: way.bad,
                    of: counted(way.of, "packet"),
                    node: at.label,
                    peer: peer.label,
                  }),
                ]
              : [
                  say("pods of {node} and {peer} do not reach each other: {legs} cut off", {
                    node: at.label,
                    peer: peer.label,
                    legs: counted(between.pods.filter(cutOff).length, "leg"),
                  }),
                ]),
            ...(dropped > 0
              ? [
                  say("{tunnel} on {node} dropped {packets} it had no far end for", {
                    tunnel: entry.tunnel.name,
                    node: at.label,
                    packets: counted(dropped, "packet"),
                  }),
                ]
              : []),
          ],
          against: [],
          confirm: [
            `ip neigh show dev ${entry.tunnel.name}; bridge fdb show dev ${entry.tunnel.name}   # on ${at.label}`,
            `ip -d link show ${entry.tunnel.name}   # on ${peer.label}: its real MAC address`,
          ],
          advice: [
            say("Restart the pod network's agent on {node}: it writes these entries anew", { node: at.label }),
            say("Look in its log for why it missed the change of {peer} (watch lost, stale node object)", {
              peer: peer.label,
            }),
          ],
          explains: silenceLooksLike,
          strikesElsewhere: true,
          legs: between.pods.map(({ leg }) => leg.id),
        },
      ];
    });
    if (suspicions.length > 0) return suspicions;
    if (judged.length === 0)
      return {
        status: "unknown",
        because: say("no tunnel between the nodes of the path has entries that could be read"),
      };
    return {
      status: "cleared",
      because: say("the tunnel entries of {nodes} lead to the right nodes, or nothing is cut off", {
        nodes: listed([...new Set(judged.map(({ at }) => at.label))]),
      }),
    };
  },
};

/** How a node's tunnel finds another node, and in words what is wrong with that. */
function entryOf(
  at: Vantage,
  peer: Vantage,
  { plan, evidence }: Case,
): { readonly tunnel: Tunnel; readonly wrong: Sentence | undefined } | undefined {
  const pod = plan.vantages.find((vantage) => isPod(vantage) && vantage.node === peer.node);
  const found = pod && tunnelTowards(at, pod.ip, evidence);
  if (!found || !BY_MAC.has(found.tunnel.kind) || found.tunnel.external) return undefined;
  const { tunnel, route } = found;
  // The route leads to a third node: its entries may be right, and routes are another matter.
  const carrier = plan.vantages.find(
    ({ id }) =>
      id.startsWith("node/") &&
      evidence
        .get(addressesEvidence, id)
        ?.devices.some(({ addresses }) => addresses.some(({ ip }) => ip === route.gateway)),
  );
  if (carrier && carrier.node !== peer.node) return undefined;
  const real = farTunnel(tunnel, peer, evidence)?.mac;
  const hop = evidence
    .get(neighboursEvidence, at.id)
    ?.neighbours.find(({ ip, device }) => device === tunnel.name && ip === (route.gateway ?? pod.ip));
  const names = { node: at.label, peer: peer.label, tunnel: tunnel.name };
  if (hop?.mac !== undefined && real !== undefined && hop.mac !== real) {
    const owner = plan.vantages.find(({ id }) =>
      evidence.get(tunnelsEvidence, id)?.devices.some(({ mac }) => mac === hop.mac),
    );
    const values = { ...names, mac: hop.mac, hop: hop.ip, real };
    return {
      tunnel,
      wrong: owner
        ? say(
            "on {node} the neighbour entry of {hop} ({tunnel}) has {mac}, which is {owner}; the tunnel of {peer} has {real}",
            { ...values, owner: owner.label },
          )
        : say("on {node} the neighbour entry of {hop} ({tunnel}) has {mac}; the tunnel of {peer} has {real}", values),
    };
  }
  const mac = hop?.mac ?? real;
  const entries = (evidence.get(forwardingEntriesEvidence, at.id)?.entries ?? []).filter(
    ({ device }) => device === tunnel.name,
  );
  const own = entries.filter((entry) => entry.mac === mac);
  if (mac === undefined || entries.length === 0 || entries.some((entry) => entry.mac === ANY_MAC))
    return { tunnel, wrong: undefined };
  if (own.length === 0)
    return {
      tunnel,
      wrong: say("on {node} no forwarding entry of {tunnel} leads to {mac}, the tunnel of {peer}", { ...names, mac }),
    };
  const right = addressesOf(peer, evidence);
  if (own.some(({ to }) => right.includes(to))) return { tunnel, wrong: undefined };
  const to = own[0]?.to ?? "";
  const owner = plan.vantages.find((vantage) => !isPod(vantage) && addressesOf(vantage, evidence).includes(to));
  const values = { ...names, mac, to, registered: peer.ip };
  return {
    tunnel,
    wrong: owner
      ? say(
          "on {node} the forwarding entry of {tunnel} for {peer} ({mac}) leads to {to}, which is {owner}, not to {registered}",
          { ...values, owner: owner.label },
        )
      : say("on {node} the forwarding entry of {tunnel} for {peer} ({mac}) leads to {to}, not to {registered}", values),
  };
}

function addressesOf(node: Vantage, evidence: Case["evidence"]): readonly string[] {
  const devices = evidence.get(addressesEvidence, node.id)?.devices ?? [];
  return [node.ip, ...devices.flatMap(({ addresses }) => addresses.map(({ ip }) => ip))];
}

function dropsOf(at: Vantage, { name }: Tunnel, { evidence }: Case): number {
  const device = evidence.get(linksEvidence, at.id)?.devices.find((one) => one.device === name);
  return device?.gained["tx.dropped"] ?? 0;
}
