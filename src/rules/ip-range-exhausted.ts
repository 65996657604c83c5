import { askedVantages } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { serviceStateEvidence } from "../core/service-evidence.ts";
import { fails, serviceLegs } from "../core/service-legs.ts";
import { clockText } from "../core/units.ts";
import { clusterEventsEvidence } from "../probes/cluster-events.ts";
import { podStateEvidence } from "../probes/pod-state.ts";

/** An event counts for so long: a kubelet tries again every few seconds to minutes and repeats it. */
const RECENT_MS = 300_000;

/**
 * What address managers say when they have none left. Sources: host-local (containernetworking/plugins, allocator.go), amazon-vpc-cni-k8s
 * (ipamd.go, cni.go) and EC2's error code, Calico (libcalico-go ipam), Cilium (pkg/ipam), Azure (azure-container-networking), GKE
 * (troubleshooting "IP_SPACE_EXHAUSTED"), the node controller of Kubernetes (CIDRNotAvailable), Antrea and OVN.
 */
const EXHAUSTED: readonly RegExp[] = [
  /no IP addresses available in (?:range set|network)/i,
  /failed to (?:allocate|assign an IP).*(?:no (?:more )?(?:available )?(?:IP|address)|range is full|pool is empty)/i,
  /failed to assign an IP address to container/i,
  /InsufficientFreeAddressesInSubnet|InsufficientCidrBlocks/,
  /no more (?:free |available )?(?:IPs?|addresses)|No more IPs available/i,
  /could not find an eligible block|no IPs? available in (?:the )?(?:pools?|configured pools)/i,
  /(?:IPAM|pod ?CIDR|range|pool)\b.*(?:is full|exhausted)|IP_SPACE_EXHAUSTED/i,
  /CIDRNotAvailable/,
];

/**
 * New pods get no address because the range, subnet or pool of their node is used up, so that a Service has fewer endpoints than
 * it should, or none. Decisive are the events that say so about pods of the asked Service or about the asked pod itself, not older
 * than five minutes, of pods that still do not run; and connects to the Service that fail.
 * Fooled by old events (the time of the last one counts), by pools that are filled again in a moment (the pod runs then: cleared),
 * and by pods that are nobody's here.
 */
export const ipRangeExhausted: Rule = {
  name: "ip-range-exhausted",
  title: "No addresses left for new pods",
  needs: [clusterEventsEvidence],
  evaluate(seen) {
    const events = exhaustions(seen);
    if (events.length === 0) return { status: "cleared", because: say("no event says that a pod got no address") };
    const suspicion = suspect(events, seen);
    return (
      suspicion ?? {
        status: "cleared",
        because: say("{pods} got no address, but nothing of the asked path waits for it", {
          pods: counted(new Set(events.map(({ object }) => object)).size, "pod"),
        }),
      }
    );
  },
};

type Told = { readonly object: string; readonly atMs: number; readonly message: string; readonly count: number };

function exhaustions({ plan, evidence }: Case): readonly Told[] {
  return (evidence.get(clusterEventsEvidence, "cluster")?.events ?? []).filter(
    ({ atMs, message, reason }) =>
      atMs >= plan.window.startMs - RECENT_MS &&
      EXHAUSTED.some((wording) => wording.test(message) || wording.test(reason)) &&
      // The address manager of a node, and the kubelet for a pod.
      /Failed|CIDRNotAvailable|Insufficient|MissingIAMPermissions|Exhausted/i.test(reason),
  );
}

function suspect(events: readonly Told[], seen: Case): Suspicion | undefined {
  const { plan, evidence } = seen;
  const waiting = events.flatMap((event) => {
    const pod = evidence.get(podStateEvidence, event.object);
    return pod?.present && !pod.ready && (pod.ip === undefined || pod.phase === "Pending") ? [{ event, pod }] : [];
  });
  const bad = serviceLegs(seen).filter(({ result }) => fails(result));
  const concerned = waiting.filter(({ event, pod }) => {
    const [, namespace] = event.object.split("/");
    return bad.some(({ service, state }) => {
      const labels = Object.entries(state.selector);
      return (
        service.split("/")[1] === namespace &&
        labels.length > 0 &&
        labels.every(([key, value]) => pod.labels[key] === value) &&
        evidence.get(serviceStateEvidence, service)?.ready.length === 0
      );
    });
  });
  const own = waiting.filter(({ event }) => askedVantages(plan).some(({ id }) => id === event.object));
  const [one] = [...own, ...concerned];
  if (!one) return undefined;
  const pods = [...new Set([...own, ...concerned].map(({ event }) => event.object.replace(/^pod\//, "")))];
  const node = one.pod.node;
  return {
    status: "suspected",
    confidence: "certain",
    where: node === undefined ? { kind: "cluster", name: "all nodes" } : { kind: "node", name: node },
    because: [
      say("{pods} have no address: {message} (last at {time}, {count} times)", {
        pods: listed(pods),
        message: one.event.message.slice(0, 200),
        time: clockText(one.event.atMs),
        count: one.event.count,
      }),
      ...bad
        .slice(0, 2)
        .map(({ service, state }) =>
          say("{service} has {ready}", { service, ready: counted(state.ready.length, "ready endpoint") }),
        ),
    ],
    against: [],
    confirm: [
      `kubectl get events -A --field-selector reason=FailedCreatePodSandBox --sort-by=.lastTimestamp`,
      `kubectl get pods -A -o wide --field-selector spec.nodeName=${node ?? ""} | wc -l`,
    ],
    advice: [
      say("Give the nodes a larger range, subnet or pool of pod addresses, or spread the pods over more nodes"),
      say(
        "Look for addresses that are held by pods long gone: the files of host-local in /var/lib/cni/networks, `calicoctl ipam check`",
      ),
    ],
    explains: ["target-not-running", "no-endpoints", "port-filtered", "port-closed", "dns-down", "path-loss"],
    // Who asks one of the pods itself finds that it does not run.
    legs: [
      ...bad.map(({ result }) => result.leg.id),
      ...plan.legs.filter(({ to, from }) => pods.some((pod) => [to, from].includes(`pod/${pod}`))).map(({ id }) => id),
    ],
  };
}
