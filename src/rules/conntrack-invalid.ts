import type { DropRule } from "../core/drop-rules.ts";
import { gainedDuring } from "../core/gains.ts";
import { saveCommand } from "../core/ip-family.ts";
import { askedNodes } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { idsOf, sufferers, sufferText, touches } from "../core/suffering.ts";
import { conntrackEvidence } from "../probes/conntrack.ts";
import { nftRulesEvidence } from "../probes/nft-rules.ts";
import { packetFilterEvidence } from "../probes/packet-filter.ts";
import { sysctlsEvidence } from "../probes/sysctls.ts";

const MIN_DROPS = 3;
/** What the rule took, as a part of what the path lost: fewer do not explain it. */
const SHARE = 0.2;

/**
 * A node's connection tracking does not recognise packets of the path (out of their window, or of a connection that it has not
 * seen begin) and its packet filter drops what is INVALID. It takes three facts: a rule that drops INVALID packets and whose
 * counter moved, `invalid` of `conntrack -S` gaining while legs of the node lose, and both in the order of what was lost.
 * Fooled by the noise of scans (a few, and not in the bad seconds), by rules that match nothing else but are never reached, and by
 * ways that packets take in one direction only: then routing is the cause and this its symptom, which is why routes and addresses
 * come before it.
 */
export const conntrackInvalid: Rule = {
  name: "conntrack-invalid",
  title: "Packets are dropped as invalid",
  needs: [conntrackEvidence],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan).filter((node) => {
      // One reading alone is baseline.
      return (seen.evidence.get(conntrackEvidence, `node/${node}`)?.steps.length ?? 0) > 0;
    });
    if (nodes.length === 0)
      return { status: "unknown", because: say("the counters of connection tracking could not be read") };
    const suspicions = nodes.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("{nodes} dropped no invalid packets while packets were lost, or only a few", {
        nodes: listed(nodes),
      }),
    };
  },
};

function invalidRules(node: string, { evidence }: Case): readonly DropRule[] {
  const id = `node/${node}`;
  const rules = [
    ...(evidence.get(packetFilterEvidence, id)?.rules ?? []),
    ...(evidence.get(nftRulesEvidence, id)?.rules ?? []),
  ];
  return rules.filter(
    ({ text, more, packets = 0 }) =>
      packets >= MIN_DROPS && (more.some((one) => /ctstate .*INVALID/.test(one)) || /ct state .*invalid/i.test(text)),
  );
}

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const { evidence, comparison, plan } = seen;
  const gains = evidence.get(conntrackEvidence, `node/${node}`);
  const bad = sufferers(seen, (_, ends) => touches(node, ends));
  if (!gains || bad.length === 0) return [];
  const { inside, outside } = gainedDuring(gains, "invalid", comparison.badSeconds);
  const rules = invalidRules(node, seen);
  const dropped = rules.reduce((sum, { packets = 0 }) => sum + packets, 0);
  const lost = bad.reduce((sum, one) => sum + one.lost, 0);
  if (inside < MIN_DROPS || inside < outside || dropped < MIN_DROPS || dropped < SHARE * lost) return [];
  const liberal = evidence.get(sysctlsEvidence, `node/${node}`)?.values["netfilter/nf_conntrack_tcp_be_liberal"];
  return [
    {
      status: "suspected",
      confidence: dropped >= lost ? "certain" : "likely",
      where: { kind: "node", name: node },
      because: [
        say("{node} dropped {packets} as INVALID: {rules}", {
          node,
          packets: counted(dropped, "packet"),
          rules: listed(
            rules.map(({ text }) => text),
            2,
          ),
        }),
        say("its connection tracking called {packets} invalid while packets were lost", {
          packets: counted(inside, "packet"),
        }),
        ...(liberal === undefined
          ? []
          : [say("net.netfilter.nf_conntrack_tcp_be_liberal is {value} there", { value: liberal })]),
        sufferText(bad, plan),
      ],
      against: [],
      confirm: [
        `conntrack -S; ${saveCommand(plan)} -c | grep INVALID   # on ${node}, twice`,
        `sysctl -w net.netfilter.nf_conntrack_log_invalid=6   # on ${node}: the kernel log then says why`,
      ],
      advice: [
        say(
          "Look whether packets of one connection take different ways there and back: then {node} sees only half of them",
          { node },
        ),
        say("If the peers send outside their window, set net.netfilter.nf_conntrack_tcp_be_liberal=1 on {node}", {
          node,
        }),
      ],
      explains: ["firewall-drop", "reset-by-peer", "port-filtered", "path-loss", "idle-timeout"],
      legs: idsOf(bad),
    },
  ];
}
