import { isPod } from "../core/elements.ts";
import { askedVantages } from "../core/path-facts.ts";
import type { Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { idsOf, sufferers, sufferText } from "../core/suffering.ts";
import { podStateEvidence } from "../probes/pod-state.ts";

/**
 * The address management gave one address to two pods, because it lost track of who has it: packets go to one or the other.
 * Decisive are two living pods with the same address by the Kubernetes API and legs of the asked one that lose or are refused.
 * Fooled by pods that have ended and keep their address in the API, by pods that share their node's network, by an address that is
 * given on while its former pod is being deleted (only pods that are not being deleted count), and by copies of an address that
 * Kubernetes knows nothing of (`duplicate-ip`).
 */
export const ipamLeak: Rule = {
  name: "ipam-leak",
  title: "One address was given to two pods",
  needs: [podStateEvidence],
  evaluate(seen) {
    const pods = askedVantages(seen.plan).filter(isPod);
    const living = seen.evidence
      .all(podStateEvidence)
      .filter(
        ({ data }) =>
          data.present &&
          !data.hostNetwork &&
          data.deletedAtMs === undefined &&
          (data.phase === "Running" || data.phase === "Pending"),
      );
    const suspicions = pods.flatMap((pod): readonly Suspicion[] => {
      const own = living.find(({ subject }) => subject === pod.id);
      const twins = living.filter(
        ({ subject, data }) => own && subject !== pod.id && data.ip !== undefined && data.ip === own.data.ip,
      );
      const bad = sufferers(
        seen,
        (leg, { from, to }) => from?.id === pod.id || to?.id === pod.id || leg.toIp === pod.ip,
      );
      if (twins.length === 0 || bad.length === 0) return [];
      const names = twins.map(({ subject, data }) =>
        data.node === undefined
          ? subject.replace(/^pod\//, "")
          : say("{pod} on {node}", { pod: subject.replace(/^pod\//, ""), node: data.node }),
      );
      return [
        {
          status: "suspected",
          confidence: "certain",
          where: { kind: "pod", name: pod.label },
          because: [
            say("{ip} belongs to {pod} on {node} and to {others} as well, by the Kubernetes API", {
              ip: pod.ip,
              pod: pod.label,
              node: pod.node,
              others: listed(names),
            }),
            sufferText(bad, seen.plan),
          ],
          against: [],
          confirm: [
            `kubectl get pods -A -o wide --field-selector status.podIP=${pod.ip}`,
            "calicoctl ipam check   # with Calico",
          ],
          advice: [
            say("Delete one of the pods, so that it gets another address"),
            say(
              "Bring the address management in order: `calicoctl ipam check` and `ipam release`, host-local's files in /var/lib/cni/networks, restart of the agent",
            ),
          ],
          explains: [
            "duplicate-ip",
            "neighbour-unresolved",
            "port-closed",
            "port-filtered",
            "reset-by-peer",
            "path-loss",
            "high-latency",
          ],
          strikesElsewhere: true,
          legs: idsOf(bad),
        },
      ];
    });
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("no other living pod has an address of the path, or nothing is lost there"),
    };
  },
};
