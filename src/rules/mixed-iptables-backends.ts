import { askedNodes } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { idsOf, sufferers, sufferText } from "../core/suffering.ts";
import { legacyTablesEvidence } from "../probes/legacy-tables.ts";

/**
 * A node has rules of Kubernetes in both of iptables' backends, the old tables and those of nft: the kernel goes through both, and
 * the ones that nobody keeps any more decide with. Decisive are rules for Services in both, and connects to Services from that
 * node that fail or lose.
 * Fooled by old tables that are there and empty, or hold chains without rules (harmless: cleared), by rules of others in one of
 * them, and by a mixture that does no harm yet.
 */
export const mixedIptablesBackends: Rule = {
  name: "mixed-iptables-backends",
  title: "Service rules in both iptables backends",
  needs: [],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan);
    const mixed = nodes.flatMap((node) => mixtureAt(node, seen) ?? []);
    if (mixed.length === 0)
      return {
        status: "cleared",
        because: say("no node of the path has rules for Services in both of iptables' backends"),
      };
    const suspicions = mixed.flatMap((one) => suspect(one, seen));
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("{nodes} have rules for Services in both of iptables' backends, but Services work from there", {
        nodes: listed(mixed.map(({ node }) => node)),
      }),
    };
  },
};

type Mixture = { readonly node: string; readonly legacy: number; readonly nft: number };

function mixtureAt(node: string, { evidence }: Case): Mixture | undefined {
  const tables = evidence.get(legacyTablesEvidence, `node/${node}`)?.tables ?? [];
  const rulesIn = (backend: "legacy" | "nft"): number =>
    tables.reduce((sum, one) => sum + (one.backend === backend ? one.rules : 0), 0);
  const [legacy, nft] = [rulesIn("legacy"), rulesIn("nft")];
  return legacy > 0 && nft > 0 ? { node, legacy, nft } : undefined;
}

function suspect({ node, legacy, nft }: Mixture, seen: Case): readonly Suspicion[] {
  const bad = sufferers(seen, (leg, { from }) => leg.scope === "service" && from?.node === node);
  if (bad.length === 0) return [];
  return [
    {
      status: "suspected",
      confidence: "likely",
      where: { kind: "node", name: node },
      because: [
        say("{node} has {legacy} rules for Services in the old tables of iptables and {nft} in those of nft", {
          node,
          legacy,
          nft,
        }),
        sufferText(bad, seen.plan),
      ],
      against: [],
      confirm: [`iptables-legacy-save | grep -c KUBE-; iptables-nft-save | grep -c KUBE-   # on ${node}`],
      advice: [
        say(
          "Find out which programs on {node} use which backend (iptables -V in each of their images), and let all use the same",
          { node },
        ),
        say(
          "Take the rules out of the one that is left over: drain {node} and restart it, or kube-proxy --cleanup with that backend",
          { node },
        ),
      ],
      explains: [
        "service-rules-missing",
        "stale-endpoint",
        "no-endpoints",
        "port-filtered",
        "port-closed",
        "dns-down",
        "dns-path-loss",
        "path-loss",
      ],
      legs: idsOf(bad),
    },
  ];
}
