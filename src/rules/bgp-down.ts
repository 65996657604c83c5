import { betweenNodes, cutOff, podsCutOff, silenceLooksLike } from "../core/between-nodes.ts";
import { isPod } from "../core/elements.ts";
import { asked, askedNodes } from "../core/path-facts.ts";
import { lookUp, routesEvidence } from "../core/routes.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { idsOf, sufferText } from "../core/suffering.ts";
import { type BgpSession, bgpEvidence } from "../probes/bgp.ts";

/**
 * The BGP session from which a node learns the routes to another node's pods is down, so the routes are gone. Decisive are the
 * session, which is not Established, no route of its own on the node to those pods, and pods of the two nodes that are cut off.
 * Fooled by a mesh that is switched off by design (there is no session to the other node then, and those that there are, to route
 * reflectors, are up), by a session that restarts while its routes are kept (graceful restart: the routes are there, cleared), and
 * by sessions with peers outside the cluster.
 */
export const bgpDown: Rule = {
  name: "bgp-down",
  title: "BGP session is down",
  needs: [],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan).filter((node) => seen.evidence.get(bgpEvidence, `node/${node}`));
    if (nodes.length === 0)
      return { status: "cleared", because: say("no BGP daemon answers on the nodes of the path") };
    const suspicions = nodes.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("the BGP sessions of {nodes} are up, or the routes are there", { nodes: listed(nodes) }),
    };
  },
};

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const { plan, evidence } = seen;
  const versions = evidence.get(bgpEvidence, `node/${node}`)?.versions ?? [];
  return betweenNodes(node, seen).flatMap((between): readonly Suspicion[] => {
    const peerIp = plan.vantages.find(({ id }) => id === `node/${between.peer}`)?.ip;
    const dead = between.pods.filter(cutOff);
    if (!podsCutOff(between) || !dead.some(({ leg }) => asked(leg)) || hasRoute(node, between.peer, seen)) return [];
    const down = versions.flatMap(({ value }) => sessionsDown(value, peerIp)).at(-1);
    if (!down) return [];
    const direct = down.peer !== undefined && down.peer === peerIp;
    return [
      {
        status: "suspected",
        confidence: direct ? "certain" : "likely",
        where: { kind: "pair", name: node, peer: between.peer },
        because: [
          say("the BGP session {session} of {node} with {peer} is down: {state}", {
            session: down.name,
            node,
            peer: direct ? `${between.peer} (${down.peer})` : (down.peer ?? down.name),
            state: down.state,
          }),
          say("{node} has no route of its own to the pods of {peer}", { node, peer: between.peer }),
          sufferText(dead, plan),
        ],
        against: direct ? [] : [say("it is not a session with {peer} itself", { peer: between.peer })],
        confirm: [
          `calicoctl node status   # on ${node}`,
          `birdcl -s /var/run/calico/bird.ctl show protocols all ${down.name}   # in the pod network's agent of ${node}`,
        ],
        advice: [
          say("Let TCP port 179 through between {node} and {peer}", {
            node,
            peer: direct ? between.peer : (down.peer ?? between.peer),
          }),
          say(
            "Look in the log of BIRD on both sides for why the session ended: hold timer, wrong AS number or password, a node address that has changed",
          ),
        ],
        explains: ["route-missing", "underlay-drop", ...silenceLooksLike],
        legs: idsOf(between.pods),
      },
    ];
  });
}

/** The session with a node; where there is none, any, when none at all is up: then nobody tells it routes. */
function sessionsDown(sessions: readonly BgpSession[], peerIp: string | undefined): readonly BgpSession[] {
  const own = sessions.filter(({ peer }) => peer !== undefined && peer === peerIp);
  if (own.length > 0) return own.filter(({ up }) => !up);
  return sessions.some(({ up }) => up) ? [] : sessions;
}

function hasRoute(node: string, peer: string, { plan, evidence }: Case): boolean {
  const routes = evidence.get(routesEvidence, `node/${node}`)?.versions.at(-1)?.value;
  const pods = plan.vantages.filter((one) => isPod(one) && one.node === peer);
  return routes !== undefined && pods.every(({ ip }) => lookUp(routes, ip).kind === "specific");
}
