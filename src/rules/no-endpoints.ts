import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { fails, serviceLegs } from "../core/service-legs.ts";
import { failsText } from "../core/service-text.ts";
import { clusterEventsEvidence } from "../probes/cluster-events.ts";
import { podStateEvidence } from "../probes/pod-state.ts";

/**
 * The asked Service has no ready endpoint: its selector finds pods, and none of them is ready, so nodes refuse or drop
 * what is sent to its address. Decisive are the EndpointSlices, and connects of which nine in ten fail.
 * Fooled by Services that publish addresses before they are ready, by endpoints that are being ended but still serve (then
 * connects work), and by a selector that finds no pod at all (that is `selector-mismatch`).
 */
export const noEndpoints: Rule = {
  name: "no-endpoints",
  title: "Service has no ready endpoints",
  needs: [],
  evaluate(seen) {
    const { to } = seen.plan;
    const legs = serviceLegs(seen).filter(({ service }) => service === to.name);
    const [first] = legs;
    if (!first) return { status: "cleared", because: say("no Service was asked about") };
    const { ready } = first.state;
    if (ready.length > 0)
      return {
        status: "cleared",
        because: say("{service} has {ready}", {
          service: to.name,
          ready: counted(ready.length, "ready endpoint", "ready endpoints"),
        }),
      };
    if (!first.state.listed) return { status: "unknown", because: say("the EndpointSlices could not be read") };
    return (
      suspect(legs, seen) ?? {
        status: "unknown",
        because: say("{service} has no ready endpoint, but answers or was not tried", { service: to.name }),
      }
    );
  },
};

function suspect(legs: ReturnType<typeof serviceLegs>, { plan, evidence }: Case): Suspicion | undefined {
  const bad = legs.filter(({ result }) => fails(result));
  const [first] = bad;
  if (!first) return undefined;
  const { state, service } = first;
  const selects = Object.keys(state.selector).length > 0;
  if (selects && state.selected === 0) return undefined;
  const namespace = service.split("/")[1] ?? "";
  const states = state.others.map(({ pod = "", ip }) => {
    const seen = evidence.get(podStateEvidence, `pod/${namespace}/${pod}`);
    const [why] = seen?.notRunning ?? [];
    return why === undefined
      ? say("{pod} is not ready", { pod: pod === "" ? ip : pod })
      : say("{pod} is not ready: {why}", { pod, why });
  });
  const unready = new Set(state.others.map(({ pod }) => `pod/${namespace}/${pod}`));
  const event = (evidence.get(clusterEventsEvidence, "cluster")?.events ?? []).findLast(
    ({ object, reason }) => unready.has(object) && /Unhealthy|BackOff|Failed/.test(reason),
  );
  return {
    status: "suspected",
    confidence: "certain",
    where: { kind: "service", name: service },
    because: [
      say("{service} has no ready endpoint; {unready} listed", {
        service,
        unready: counted(state.others.length, "address that is not ready is", "addresses that are not ready are"),
      }),
      ...bad.slice(0, 2).map(failsText),
      ...(states.length > 0 ? [say("of its pods {states}", { states: listed(states) })] : []),
      ...(event
        ? [
            say("event {reason} of {object}: {message}", {
              reason: event.reason,
              object: event.object,
              message: event.message,
            }),
          ]
        : []),
    ],
    against: [],
    confirm: [
      `kubectl get endpointslices -n ${namespace} -l kubernetes.io/service-name=${service.split("/")[2] ?? ""}`,
      ...(state.others[0]?.pod === undefined ? [] : [`kubectl describe pod -n ${namespace} ${state.others[0].pod}`]),
    ],
    advice: [
      selects
        ? say(
            "Find out why the pods behind {service} are not ready: their readiness probe, their log, what they wait for",
            { service },
          )
        : say("Write the EndpointSlices of {service}: it has no selector, so nobody does that for it", { service }),
    ],
    explains: ["port-closed", "port-filtered", "path-loss"],
    legs: plan.legs.filter(({ toIp, scope }) => scope === "service" && toIp === state.clusterIp).map(({ id }) => id),
    breaks: true,
  };
}
