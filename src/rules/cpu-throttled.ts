import { type AskedPort, askedPorts, slowerThan } from "../core/asked-ports.ts";
import { isPod } from "../core/elements.ts";
import { type Gains, gainedDuring } from "../core/gains.ts";
import type { HttpData } from "../core/http-evidence.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say, type Text } from "../core/sentence.ts";
import { msText, percentText } from "../core/units.ts";
import { cgroupsEvidence } from "../probes/cgroups.ts";
import { podStateEvidence } from "../probes/pod-state.ts";

/** Share of CPU periods in which a container had to stop, in the slow seconds; and how often at least. */
const THROTTLED = 0.1;
const MIN_THROTTLED = 5;
/** Where no answers could be timed: throttled so much that it cannot be without effect. */
const MUST_HURT = 0.5;
/**
 * First bytes that take longer are slow, ms: a container that was stopped goes on within its period, which is 100 ms as a
 * rule. And how many of the requests must be slow.
 */
const SLOW_MS = 30;
const TIMES_BUSY = 3;
const MIN_SLOW = 3;
const MIN_SLOW_SHARE = 0.15;

/**
 * The container behind the asked port has used up its CPU limit in many periods of 100 ms and has to stop until the next
 * one: connects and pings are answered at once, by the kernel, what the program has to answer comes late. Decisive is
 * `nr_throttled` gaining in 10 % of `nr_periods` or more (five times at least) in the seconds in which its answers are slow.
 * Where the port speaks no HTTP nobody can time its answers: then half of the periods must be throttled.
 * Fooled by another pod's container (only those behind the asked ports are looked at), by a container that is throttled
 * and answers fast all the same (cleared), by old totals, and by a low average of CPU use, which rules nothing out.
 */
export const cpuThrottled: Rule = {
  name: "cpu-throttled",
  title: "Container is throttled by its CPU limit",
  needs: [cgroupsEvidence],
  evaluate(seen) {
    const asked = askedPods(seen).filter(({ at }) => seen.evidence.get(cgroupsEvidence, at.id));
    const suspicions = asked.flatMap((one) => suspect(one, seen));
    if (suspicions.length > 0) return suspicions;
    if (asked.length === 0) return { status: "unknown", because: say("the CPU limits of no asked pod could be read") };
    return {
      status: "cleared",
      because: say("containers behind the asked ports were throttled in {shares} of their CPU periods", {
        shares: listed(
          [...new Map(asked.map(({ at }) => [at.id, at])).values()].map((at) =>
            say("{share} ({pod})", { share: percentText(worstShare(at, seen)), pod: at.label }),
          ),
        ),
      }),
    };
  },
};

type Asked = { readonly at: Vantage; readonly port: AskedPort | undefined };

/** Targets of the check that are pods, with how their port answered where one was asked. */
function askedPods(seen: Case): readonly Asked[] {
  const ports = askedPorts(seen).filter(({ at }) => isPod(at));
  if (ports.length > 0) return ports.map((port) => ({ at: port.at, port }));
  return seen.plan.vantages.flatMap((at) => (isPod(at) && at.role === "to" ? [{ at, port: undefined }] : []));
}

function worstShare(at: Vantage, { evidence }: Case): number {
  const containers = evidence.get(cgroupsEvidence, at.id)?.containers ?? [];
  return Math.max(0, ...containers.map(({ gains: { gained } }) => shareOf(gained["throttled"], gained["periods"])));
}

const shareOf = (throttled = 0, periods = 0): number => (periods === 0 ? 0 : Math.min(1, throttled / periods));

function suspect({ at, port }: Asked, seen: Case): readonly Suspicion[] {
  const { comparison } = seen;
  const limitMs = Math.max(SLOW_MS, TIMES_BUSY * (comparison.busy.get(at.node) ?? 0));
  const timed = [port?.self, port?.node, port?.source].filter((data) => data !== undefined && data.mode !== "hello");
  const slow = timed.find((data) => data && isSlow(data, limitMs));
  if (timed.length > 0 && !slow) return [];
  const seconds = slow ? slowSeconds(slow, limitMs) : undefined;
  const found = throttledOf(at, seconds, seen);
  if (!found || found.share < (slow ? THROTTLED : MUST_HURT)) return [];
  const { name, share, throttled, periods, quotaUs, periodUs, stoppedMs } = found;
  const because: Text[] = [
    say("{container} of {pod} had to stop in {throttled} of {periods} CPU periods ({share}), {time} in all", {
      container: name,
      pod: at.label,
      throttled,
      periods,
      share: percentText(share),
      time: msText(stoppedMs),
    }),
    ...(quotaUs === undefined || periodUs === undefined
      ? []
      : [
          say("its limit is {milli}m: {quota} of CPU in every {period}", {
            milli: `${Math.round((quotaUs / periodUs) * 1_000)}`,
            quota: msText(quotaUs / 1_000),
            period: msText(periodUs / 1_000),
          }),
        ]),
    ...(slow && port
      ? [
          say(
            "in these seconds port {port} is slow: {slow} of {of} waited {limit} or longer for the first byte, while connects take {connect}: it is not the network",
            {
              port: `${port.port}`,
              slow: slowerThan(slow, limitMs).slow,
              of: counted(slowerThan(slow, limitMs).of, "request"),
              limit: msText(limitMs),
              connect: msText(slow.connectMs?.p50 ?? 0),
            },
          ),
        ]
      : []),
  ];
  return [
    {
      status: "suspected",
      confidence: slow && share >= 2 * THROTTLED ? "certain" : "likely",
      where: { kind: "pod", name: at.label },
      because,
      against: slow
        ? []
        : [say("how long the program takes to answer could not be timed: it speaks no HTTP, or nothing was asked")],
      confirm: [
        `cat /sys/fs/cgroup/cpu.stat   # in ${name} of ${at.label}, twice: nr_throttled against nr_periods`,
        `kubectl get pod -n ${at.label.replace("/", " ")} -o jsonpath='{.spec.containers[*].resources}'`,
      ],
      advice: [
        say(
          "Raise or remove the CPU limit of {container} in {pod}, or give it less to do; the network needs no change",
          {
            container: name,
            pod: at.label,
          },
        ),
        say("Watch container_cpu_cfs_throttled_periods_total: the average of CPU use does not show it"),
      ],
      explains: ["server-slow", "http-error", "high-latency", "slow-receiver", "slow-connect", "accept-queue-overflow"],
      legs: port ? [...port.legs] : seen.plan.legs.filter(({ to }) => to === at.id).map(({ id }) => id),
    },
  ];
}

function isSlow(data: HttpData, limitMs: number): boolean {
  const { slow, of } = slowerThan(data, limitMs);
  return slow >= MIN_SLOW && slow / of >= MIN_SLOW_SHARE;
}

/** Unix seconds in which requests were waiting longer than they should. */
function slowSeconds({ startMs, requests, connectMs }: HttpData, limitMs: number): ReadonlySet<number> {
  return new Set(
    requests.flatMap(([offsetMs, , waitMs]) => {
      if (waitMs - (connectMs?.p50 ?? 0) < limitMs) return [];
      const first = Math.floor((startMs + offsetMs) / 1_000);
      return Array.from({ length: 1 + Math.min(10, Math.floor(waitMs / 1_000)) }, (_, n) => first + n);
    }),
  );
}

type Found = {
  readonly name: string;
  readonly share: number;
  readonly throttled: number;
  readonly periods: number;
  readonly stoppedMs: number;
  readonly quotaUs: number | undefined;
  readonly periodUs: number | undefined;
};

/** The container of a pod that was throttled most, in these seconds or in all. The pod as a whole has a limit as well. */
function throttledOf(at: Vantage, seconds: ReadonlySet<number> | undefined, { evidence }: Case): Found | undefined {
  const names = evidence.get(podStateEvidence, at.id)?.containers ?? [];
  const gainOf = (gains: Gains, counter: string): number =>
    seconds ? gainedDuring(gains, counter, seconds).inside : (gains.gained[counter] ?? 0);
  const found = (evidence.get(cgroupsEvidence, at.id)?.containers ?? []).flatMap(({ id, quotaUs, periodUs, gains }) => {
    const [throttled, periods] = [gainOf(gains, "throttled"), gainOf(gains, "periods")];
    if (throttled < MIN_THROTTLED) return [];
    const known = names.find((one) => one.id === id)?.name;
    const name = id === "" ? "the pod as a whole" : (known ?? id.slice(0, 12));
    const stoppedMs = gainOf(gains, "throttledUs") / 1_000;
    return [{ name, id, throttled, periods, share: shareOf(throttled, periods), stoppedMs, quotaUs, periodUs }];
  });
  return found.toSorted((a, b) => Number(a.id === "") - Number(b.id === "") || b.share - a.share)[0];
}
