import { dnsEvidence } from "../core/dns-evidence.ts";
import { type DnsFacts, dnsFacts, failing, isDead, isGood, losesNames, type Tally, tally } from "../core/dns-facts.ts";
import { digs, podPlace, serverLine, servicePlace } from "../core/dns-text.ts";
import { decide } from "../core/policy.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { ruleText } from "./firewall-drop.ts";
import { type Denied, policyEnd, policyRules, policyWorld } from "./network-policy-deny.ts";

/** Queries over TCP to the pod's server before it is said that they fail. */
const MIN_TCP = 3;

/** Queries over one transport to one DNS pod that a policy forbids, and what became of them. */
type Forbidden = {
  readonly server: DnsFacts["servers"][number];
  readonly transport: "udp" | "tcp";
  readonly tally: Tally;
  readonly denied: Denied;
};

/**
 * NetworkPolicies let the pod talk to its peers but not to the port of the DNS pods, or to those over UDP only. Evaluation
 * says which queries are forbidden, by the addresses of the DNS pods; proof is that those fail, nine in ten of them, and
 * that the names which the pod's applications ask for fail with them.
 * Fooled by pod networks that enforce no policies and by pods that ask a cache which policies do not see (then names are
 * answered: cleared), and by DNS pods that are dead for everybody: then nothing is proven ("possible").
 */
export const dnsPolicyDeny: Rule = {
  name: "dns-policy-deny",
  title: "A network policy forbids DNS",
  needs: [dnsEvidence],
  evaluate(seen) {
    const facts = dnsFacts(seen);
    const world = policyWorld(seen);
    if (!facts) return { status: "unknown", because: say("too few names were asked for") };
    if (!world) return { status: "unknown", because: say("network policies could not be read") };
    const forbidden = forbiddenOf(facts, seen);
    if (forbidden.length === 0)
      return {
        status: "cleared",
        because: say("none of {policies} forbids {pod} to ask the DNS pods", {
          policies: counted(world.policies.length, "network policy", "network policies"),
          pod: facts.at.label,
        }),
      };
    const suspicions = [...Map.groupBy(forbidden, ({ denied }) => `${denied.way} ${denied.policies}`).values()].flatMap(
      (same) => suspect(same, facts, seen),
    );
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("{policies} would forbid some of it, but what it is about passes", {
        policies: listed([...new Set(forbidden.flatMap(({ denied }) => denied.policies))]),
      }),
    };
  },
};

function forbiddenOf({ at, data, plan, servers }: DnsFacts, seen: Case): readonly Forbidden[] {
  const world = policyWorld(seen);
  const from = policyEnd(podOf(at.id), at.ip, seen);
  if (!from || !world) return [];
  return servers.flatMap((server) => {
    const to = policyEnd(podOf(server.id), server.ip, seen);
    return (["udp", "tcp"] as const).flatMap((transport) => {
      const protocol = transport === "udp" ? "UDP" : "TCP";
      const decision = to && decide({ from, to, protocol, port: server.port ?? 53 }, world);
      if (decision?.verdict !== "denied") return [];
      return [{ server, transport, tally: tally(data, plan, { server: server.ip, transport }), denied: decision }];
    });
  });
}

function podOf(id: string): string | undefined {
  return id.startsWith("pod/") ? id.slice("pod/".length) : undefined;
}

function suspect(same: readonly Forbidden[], facts: DnsFacts, seen: Case): readonly Suspicion[] {
  const { at, data, plan, used, names, servers } = facts;
  const tried = same.filter(({ tally: one }) => one.sent > 0);
  const fails = (transport: Forbidden["transport"]): boolean => {
    const some = tried.filter((one) => one.transport === transport);
    return some.length > 0 && some.every(({ tally: one }) => failing(one) >= 0.9);
  };
  const tcp = tally(data, plan, { server: used, transport: "tcp" });
  const suffers = {
    udp: fails("udp") && (isDead(names) || losesNames(names)),
    tcp: fails("tcp") && tcp.sent >= MIN_TCP && failing(tcp) >= 0.9,
  };
  const [first] = same;
  if (!first || (!suffers.udp && !suffers.tcp)) return [];
  const { denied } = first;
  const nodes = [at.node, ...same.map(({ server }) => server.node)];
  const counting = policyRules(denied, nodes, seen);
  const served =
    servers.some(({ self }) => isGood(self)) || [facts.near, facts.far].some((one) => one && isGood(one.service));
  const pods = [...new Set(same.map(({ denied: { pod } }) => pod))];
  const protocols = suffers.udp && suffers.tcp ? "UDP and TCP" : suffers.udp ? "UDP" : "TCP";
  const values = {
    policies: listed(denied.policies),
    pod: at.label,
    protocols,
    servers: listed([...new Set(same.map(({ server }) => server.label))]),
    port: `${first.server.port ?? 53}`,
  };
  return [
    {
      status: "suspected",
      confidence: served ? (counting.length > 0 ? "certain" : "likely") : "possible",
      where: denied.way === "Ingress" && pods.length > 1 ? servicePlace(facts) : podPlace(denied.pod),
      because: [
        denied.way === "Ingress"
          ? say(
              "{policies} isolates {servers} for what comes in and has no rule that allows {pod} {protocols} to port {port}",
              values,
            )
          : say(
              "{policies} isolates {pod} for what goes out and has no rule that allows {protocols} to port {port} of {servers}",
              values,
            ),
        ...(suffers.udp ? [serverLine(`${used} UDP`, names)] : []),
        ...(suffers.tcp ? [serverLine(`${used} TCP`, tcp)] : []),
        ...tried.map(({ server, transport, tally: one }) =>
          serverLine(`${server.label} (${server.ip}) ${transport.toUpperCase()}`, one),
        ),
        ...counting.slice(0, 2).map(({ rule, at: node }) => ruleText(rule, node)),
      ],
      against: served ? [] : [say("nobody else is answered either: the DNS pods may be dead as well")],
      confirm: [
        ...denied.policies.slice(0, 2).map((name) => `kubectl get networkpolicy -n ${name.replace("/", " ")} -o yaml`),
        ...digs(facts, ...(suffers.udp ? [] : ["+tcp"])),
      ],
      advice: [
        denied.way === "Ingress"
          ? say("Allow {protocols} to port {port} in a policy for {servers}, from {pod}", values)
          : say(
              "Allow {protocols} to port {port} of {servers} in a policy for {pod}: names are looked up before anything else",
              values,
            ),
      ],
      explains: [
        "dns-down",
        "dns-path-loss",
        "dns-tcp-blocked",
        "dns-upstream-failing",
        "dns-stale-answer",
        "firewall-drop",
      ],
    },
  ];
}
