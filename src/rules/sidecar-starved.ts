import { type AskedPort, askedPorts, slowerThan } from "../core/asked-ports.ts";
import { type HttpData, httpEvidence } from "../core/http-evidence.ts";
import { suffers } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, say } from "../core/sentence.ts";
import { msText, percentText } from "../core/units.ts";
import { cgroupsEvidence } from "../probes/cgroups.ts";
import { type Sidecar, sidecarEvidence } from "../probes/sidecars.ts";

/** First bytes later than this are late, ms; more where the machine itself is busy. As for a slow program. */
const SLOW_MS = 200;
const TIMES_BUSY = 5;
const MIN_REQUESTS = 4;
const MIN_SLOW = 3;
const MIN_SHARE = 0.15;
/** Inside, past the proxy, it is that many times faster. */
const TIMES_FASTER = 3;
const THROTTLED = 0.1;

/**
 * The mesh's proxy in front of a program has no CPU or takes long otherwise. What passes it is late, the same request
 * inside the pod's own network, which does not pass it, is answered at once; the network is clean.
 * With its container's periods throttled (10 % or more) that is certain, without it likely: then it is slow for another reason.
 * Fooled by a slow program (late inside as well: server-slow), by a path that loses or delays (then nothing is claimed),
 * by another container's throttling, and by pods without a proxy (ambient meshes have none).
 */
export const sidecarStarved: Rule = {
  name: "sidecar-starved",
  title: "Sidecar is starved",
  needs: [httpEvidence],
  evaluate(seen) {
    const ports = askedPorts(seen);
    const suspicions = ports.flatMap((port) => suspect(port, seen));
    if (suspicions.length > 0) return suspicions;
    const has = ports.some(({ at }) => seen.evidence.get(sidecarEvidence, at.id) !== undefined);
    if (!has) return { status: "cleared", because: say("no pod at the ends of the path has a sidecar") };
    return { status: "cleared", because: say("requests that pass the sidecar are not later than those that do not") };
  },
};

function suspect(asked: AskedPort, seen: Case): readonly Suspicion[] {
  const { at, source, node, beside, self, legs } = asked;
  if (!self || self.mode === "hello") return [];
  const limitMs = Math.max(SLOW_MS, TIMES_BUSY * (seen.comparison.busy.get(at.node) ?? 0));
  const late = (data: HttpData | undefined): boolean => {
    if (!data || data.mode === "hello") return false;
    const { slow, of } = slowerThan(data, limitMs);
    return of >= MIN_REQUESTS && slow >= MIN_SLOW && slow / of >= MIN_SHARE;
  };
  if (!source || !late(source) || late(self) || self.waitMs === undefined) return [];
  if (source.waitMs && source.waitMs.p99 < TIMES_FASTER * self.waitMs.p50) return [];
  if (legs.some((id) => suffers(seen.comparison.legs.get(id))) || seen.comparison.late.some(({ onPath }) => onPath))
    return [];
  // Late for its neighbours too: the proxy of the target. Late for the source alone: the one of the source.
  const near = [node, beside].filter((one) => one !== undefined && one.mode !== "hello");
  const where = near.length === 0 || near.some(late) ? at : seen.plan.vantages.find(({ id }) => id === source.from);
  const proxy = where && seen.evidence.get(sidecarEvidence, where.id);
  if (!where || !proxy) return [];
  const throttled = throttling(where, proxy, seen);
  const upstream = source.upstreamMs;
  return [
    {
      status: "suspected",
      confidence: throttled && throttled.share >= THROTTLED ? "certain" : "likely",
      where: { kind: "pod", name: where.label },
      because: [
        say(
          "requests that pass the sidecar {name} of {pod} wait {p50} (p50), {p99} (p99) for the first byte, over {requests}",
          {
            name: proxy.name,
            pod: where.label,
            p50: msText(source.waitMs?.p50 ?? 0),
            p99: msText(source.waitMs?.p99 ?? 0),
            requests: counted(source.sent, "request"),
          },
        ),
        say(
          "the same request inside the network of {pod}, past the sidecar, waits {p50} (p50), {p99} (p99): neither the program nor the network is slow",
          {
            pod: at.label,
            p50: msText(self.waitMs.p50),
            p99: msText(self.waitMs.p99),
          },
        ),
        ...(throttled
          ? [
              say("the container {name} was throttled in {share} of its CPU periods during the check, {held} in all", {
                name: proxy.name,
                share: percentText(throttled.share),
                held: msText(throttled.heldMs),
              }),
            ]
          : []),
        ...(throttled?.limitMilli === undefined
          ? []
          : [say("its CPU limit is {milli}m", { milli: `${throttled.limitMilli}` })]),
        ...(upstream
          ? [
              say("it says itself that the program took {p50} (p50) of that (x-envoy-upstream-service-time)", {
                p50: msText(upstream.p50),
              }),
            ]
          : []),
        ...(proxy.restarted > 0
          ? [say("it was started again {times} during the check", { times: counted(proxy.restarted, "time") })]
          : []),
      ],
      against:
        throttled && throttled.share >= THROTTLED
          ? []
          : [say("its container was not throttled, as far as could be read: it may be slow for another reason")],
      confirm: [
        `kubectl top pod -n ${where.label.replace("/", " ")} --containers`,
        `kubectl logs -n ${where.label.replace("/", " ")} -c ${proxy.name} --since=10m   # response flags and durations of its access log`,
      ],
      advice: [
        say(
          "Give the sidecar {name} of {pod} more CPU (its limit, or none), and look at what it is busy with: access logs, the size of its configuration, TLS handshakes",
          {
            name: proxy.name,
            pod: where.label,
          },
        ),
      ],
      explains: ["server-slow", "cpu-throttled", "http-error", "high-latency", "reset-by-peer", "reset-by-middle"],
      legs: [...legs],
    },
  ];
}

/** How its container was held back during the check; undefined when that could not be read or it has no limit. */
function throttling(
  { id }: Vantage,
  proxy: Sidecar,
  { evidence }: Case,
): { readonly share: number; readonly heldMs: number; readonly limitMilli: number | undefined } | undefined {
  const group = evidence
    .get(cgroupsEvidence, id)
    ?.containers.find(
      (one) => one.id !== "" && proxy.id !== undefined && (one.id.includes(proxy.id) || proxy.id.includes(one.id)),
    );
  const periods = group?.gains.gained["periods"] ?? 0;
  if (!group || periods === 0) return undefined;
  const { quotaUs, periodUs } = group;
  return {
    share: Math.min(1, (group.gains.gained["throttled"] ?? 0) / periods),
    heldMs: (group.gains.gained["throttledUs"] ?? 0) / 1_000,
    limitMilli: quotaUs !== undefined && periodUs ? Math.round((quotaUs / periodUs) * 1_000) : proxy.cpuLimitMilli,
  };
}
