import { endedIn } from "../core/asked-ports.ts";
import { isPod } from "../core/elements.ts";
import { httpEvidence } from "../core/http-evidence.ts";
import { asked, askedVantages, suffers } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, say } from "../core/sentence.ts";
import { type Sidecar, sidecarEvidence } from "../probes/sidecars.ts";

const MIN_FAILED = 3;

/**
 * The mesh's proxy of a pod does not run or is not ready, so what the pod's network redirects to it meets nothing:
 * connects are refused or die although the program listens. Needs a proxy container that the Kubernetes API calls not
 * running, not ready or restarted during the check, and connects or requests of the asked path that fail.
 * Fooled by proxies of pods that are not on the path (only the two ends count), by one that is not ready while everything
 * works (said as cleared), and by ambient meshes, whose pods have no proxy of their own. A gateway's only container is its
 * program, no sidecar.
 */
export const sidecarNotReady: Rule = {
  name: "sidecar-not-ready",
  title: "Sidecar is not ready",
  needs: [],
  evaluate(seen) {
    const proxies = askedVantages(seen.plan).flatMap((at) => {
      const proxy = isPod(at) ? seen.evidence.get(sidecarEvidence, at.id) : undefined;
      return proxy ? [{ at, proxy }] : [];
    });
    if (proxies.length === 0)
      return { status: "cleared", because: say("no pod at the ends of the path has a sidecar") };
    const suspicions = proxies.flatMap(({ at, proxy }) => suspect(at, proxy, seen));
    if (suspicions.length > 0) return suspicions;
    const { at, proxy } = proxies[0] as (typeof proxies)[number];
    return {
      status: "cleared",
      because: say("the sidecar {name} of {pod} is {state}, and what passes it works", {
        name: proxy.name,
        pod: at.label,
        state: proxy.state,
      }),
    };
  },
};

function suspect(at: Vantage, proxy: Sidecar, { plan, evidence, comparison }: Case): readonly Suspicion[] {
  if (proxy.running && proxy.ready && proxy.restarted === 0) return [];
  const results = plan.legs.flatMap((leg) => {
    const result =
      leg.port !== undefined && (leg.to === at.id || leg.from === at.id) ? comparison.legs.get(leg.id) : undefined;
    return result ? [result] : [];
  });
  const failing = results.filter((result) => result.refused >= MIN_FAILED || suffers(result));
  const unanswered = results.filter(({ leg }) => {
    const data = evidence.get(httpEvidence, leg.id);
    return data !== undefined && endedIn(data, "reset", "closed", "no-answer", "refused") >= MIN_FAILED;
  });
  const bad = [...new Set([...failing, ...unanswered])];
  if (!bad.some(({ leg }) => asked(leg))) return [];
  const refused = bad.reduce((sum, one) => sum + one.refused, 0);
  const sent = bad.reduce((sum, one) => sum + one.sent, 0);
  return [
    {
      status: "suspected",
      confidence: proxy.running ? "likely" : "certain",
      where: { kind: "pod", name: at.label },
      because: [
        say("the sidecar {name} of {pod} is {state}; it was started again {restarts} in all", {
          name: proxy.name,
          pod: at.label,
          state: proxy.running && !proxy.ready ? say("running but not ready") : proxy.state,
          restarts: counted(proxy.restarts, "time"),
        }),
        ...(proxy.lastEnd ? [say("its last run ended with {end}", { end: proxy.lastEnd })] : []),
        say("connections that have to pass it fail: {refused} of {connects} were refused on {legs}", {
          refused,
          connects: counted(sent, "connect"),
          legs: counted(bad.length, "leg"),
        }),
      ],
      against: [],
      confirm: [
        `kubectl get pod -n ${at.label.replace("/", " ")} -o jsonpath='{range .status.containerStatuses[*]}{.name}{" ready="}{.ready}{" restarts="}{.restartCount}{"\\n"}{end}'`,
        `kubectl logs -n ${at.label.replace("/", " ")} -c ${proxy.name} --previous --tail=50`,
      ],
      advice: [
        say(
          "Look at why {name} of {pod} does not become ready: its log, its configuration from the mesh's control plane, its memory and CPU limits",
          {
            name: proxy.name,
            pod: at.label,
          },
        ),
      ],
      explains: [
        "port-closed",
        "port-filtered",
        "path-loss",
        "server-slow",
        "slow-receiver",
        "reset-by-peer",
        "reset-by-middle",
        "http-error",
        "no-endpoints",
      ],
      legs: bad.map(({ leg }) => leg.id),
    },
  ];
}
