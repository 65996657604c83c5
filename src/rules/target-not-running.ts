import type { LegResult } from "../core/compare.ts";
import { type Connects, connectsOf } from "../core/connects.ts";
import { type Outage, podOutagesEvidence } from "../core/outage.ts";
import { asked, askedVantages, legsTouching } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, inWords, listed, type Sentence, say } from "../core/sentence.ts";
import { type ServiceLeg, serviceLegs } from "../core/service-legs.ts";
import { clockText } from "../core/units.ts";
import { type PodState, podStateEvidence } from "../probes/pod-state.ts";
import { type Sidecar, sidecarEvidence } from "../probes/sidecars.ts";

/** Fewer connects than this fail by chance, also where a Service's rules follow at once. */
const MIN_FAILED = 3;
/** Share of connects to a Service that may fail while all its backends run. */
const FAILS_ANYWAY = 0.1;

/**
 * One of the asked pods does not run: not started, ended, being deleted, replaced, or restarting. Likewise a backend of the
 * asked Service that went during the check, where connects to the Service failed meanwhile, and hardly any at other times or to the other backends.
 * Fooled by completed pods that keep their address, by a container that is not ready but serves (not a finding), by a
 * restart before the check (only what changed during it counts), and by the node being down (then that is the cause).
 */
export const targetNotRunning: Rule = {
  name: "target-not-running",
  title: "Pod is not running",
  needs: [podStateEvidence],
  evaluate(seen) {
    const pods = askedPods(seen).filter(({ name }) => !spared(name, seen));
    if (pods.length === 0) return { status: "cleared", because: say("neither end is a pod") };
    const suspicions = [
      ...pods.flatMap(({ name, state }) => (state ? suspect(name, state, seen) : [])),
      ...suspectBackends(new Set(pods.map(({ name }) => name)), seen),
    ];
    if (suspicions.length > 0) return suspicions;
    if (pods.some(({ state }) => state === undefined))
      return {
        status: "unknown",
        because: say("the state of {pods} was not read", {
          pods: listed(pods.filter(({ state }) => !state).map(({ name }) => name)),
        }),
      };
    return {
      status: "cleared",
      because: say("{pods} ran all the time, without a restart", { pods: listed(pods.map(({ name }) => name)) }),
    };
  },
};

/** Pods at the ends, whether or not something could be measured from them. */
function askedPods({
  plan,
  evidence,
}: Case): readonly { readonly name: string; readonly state: PodState | undefined }[] {
  const names = new Set([
    ...askedVantages(plan).flatMap(({ id, label }) => (id.startsWith("pod/") ? [label] : [])),
    ...[plan.from, plan.to].flatMap(({ kind, name, backend }) =>
      kind === "pod" ? [name] : backend === undefined ? [] : [backend],
    ),
  ]);
  return [...names].map((name) => {
    const state = evidence.get(podStateEvidence, `pod/${name}`);
    const proxy = evidence.get(sidecarEvidence, `pod/${name}`);
    return { name, state: state && proxy ? withoutProxy(state, proxy) : state };
  });
}

/** It only stands for the Service that was asked for, and connects to that work whatever becomes of it: a rollout. */
function spared(name: string, { plan, comparison }: Case): boolean {
  if (plan.to.kind !== "service" || plan.to.backend !== name || plan.from.name === name) return false;
  const tried = [...comparison.legs.values()].filter(({ leg, sent }) => leg.part === "end-to-end" && sent > 0);
  const sent = tried.reduce((sum, one) => sum + one.sent, 0);
  return sent > 0 && mostlyWorks({ sent, failed: tried.reduce((sum, { lost, refused }) => sum + lost + refused, 0) });
}

/** A mesh's proxy that does not run is another cause (sidecar-not-ready): the program beside it does. */
function withoutProxy(state: PodState, { name, restarted }: Sidecar): PodState {
  return {
    ...state,
    notRunning: state.notRunning.filter((text) => !inWords(text).startsWith(`${name} is `)),
    restarts: Math.max(0, state.restarts - restarted),
  };
}

function suspect(name: string, state: PodState, { plan, evidence, comparison }: Case): readonly Suspicion[] {
  const legs = plan.legs.filter(({ from, to }) => from === `pod/${name}` || to === `pod/${name}`);
  const results = legs.flatMap(({ id }) => comparison.legs.get(id) ?? []).filter(({ sent }) => sent > 0);
  const towards = results.filter(({ leg }) => leg.to === `pod/${name}`);
  const { failed, sent } = connects(towards, evidence, outages(name, evidence));
  const said = trouble(name, state);
  const because =
    said.length === 0 && failed >= MIN_FAILED
      ? [
          say("{pod} did not run for part of the check; {failed} of {connects} to it failed meanwhile", {
            pod: name,
            failed,
            connects: counted(sent, "connect"),
          }),
        ]
      : said;
  if (because.length === 0) return [];
  const answering = results.filter(
    ({ state: how, refused, sent, leg }) => how === "healthy" && !(leg.port !== undefined && refused === sent),
  );
  // One side container that ended while everything answers is worth a line elsewhere, not a cause.
  const gone =
    !state.present ||
    state.phase !== "Running" ||
    state.deletedAtMs !== undefined ||
    state.replaced ||
    state.restarts > 0 ||
    said.length === 0;
  if (!gone && results.length > 0 && answering.length === results.length) return [];
  const node = state.node;
  return [
    {
      status: "suspected",
      confidence: answering.length === 0 || gone ? "certain" : "likely",
      where: { kind: "pod", name },
      because: [
        ...because,
        ...(results.length > 0
          ? [
              say("{count} of {legs} to and from it answer", {
                count: answering.length,
                legs: counted(results.length, "leg"),
              }),
            ]
          : []),
      ],
      against: [],
      confirm: confirmOf(name),
      advice: [
        say("Find out why {pod} ended (events, previous log, exit code) before looking at the network", { pod: name }),
      ],
      explains: ["port-closed", "port-filtered", "path-loss", "route-missing"],
      legs: [
        ...new Set([
          ...legs,
          ...(node === undefined
            ? []
            : legsTouching(node, plan).filter(({ from, to }) => [from, to].includes(`pod/${name}`))),
        ]),
      ].map(({ id }) => id),
    },
  ];
}

/** Backends of the asked Service other than one that stands for them all and is judged as an asked pod. */
function suspectBackends(known: ReadonlySet<string>, seen: Case): readonly Suspicion[] {
  const { plan, evidence } = seen;
  const legs = serviceLegs(seen).filter(({ result, service }) => asked(result.leg) && service === plan.to.name);
  const ips = new Set(legs.flatMap(({ state }) => state.everIps));
  return evidence.all(podStateEvidence).flatMap(({ subject, data }) => {
    const name = subject.replace(/^pod\//, "");
    const went = outages(name, evidence).filter(({ fromMs }) => fromMs !== undefined);
    if (data.ip === undefined || !ips.has(data.ip) || known.has(name) || went.length === 0) return [];
    return suspectBackend(name, { state: data, went, legs }, seen);
  });
}

function suspectBackend(
  name: string,
  {
    state,
    went,
    legs,
  }: { readonly state: PodState; readonly went: readonly Outage[]; readonly legs: readonly ServiceLeg[] },
  { plan, evidence, comparison }: Case,
): readonly Suspicion[] {
  const ips = new Set(legs.flatMap(({ state: { everIps } }) => everIps));
  const beside = [...comparison.legs.values()].filter(
    ({ leg }) => asked(leg) && leg.port !== undefined && ips.has(leg.toIp) && leg.to !== `pod/${name}`,
  );
  const results = legs.map(({ result }) => result);
  const meanwhile = connects(results, evidence, went);
  const otherwise = connects(results, evidence, went, false);
  if (meanwhile.failed < MIN_FAILED || !mostlyWorks(otherwise) || !mostlyWorks(connects(beside, evidence, went)))
    return [];
  return [
    {
      status: "suspected",
      confidence: "certain",
      where: { kind: "pod", name },
      because: [
        ...trouble(name, state),
        say("{failed} of {connects} to {service} failed while {pod} went, {rest} of {others} at other times", {
          failed: meanwhile.failed,
          connects: counted(meanwhile.sent, "connect"),
          service: plan.to.name,
          pod: name,
          rest: otherwise.failed,
          others: counted(otherwise.sent, "connect"),
        }),
      ],
      against: [],
      confirm: confirmOf(name),
      advice: [
        say("Find out why {pod} ended (events, previous log, exit code) before looking at the network", { pod: name }),
      ],
      explains: ["path-loss"],
      // Rules that still lead to it later than they should are the deeper cause.
      yields: true,
      legs: [
        ...results.map(({ leg }) => leg.id),
        ...plan.legs.filter(({ to }) => to === `pod/${name}`).map(({ id }) => id),
      ],
    },
  ];
}

/** When the pod did not run. */
function outages(name: string, evidence: Case["evidence"]): readonly Outage[] {
  return evidence.get(podOutagesEvidence, `pod/${name}`)?.down ?? [];
}

function mostlyWorks({ sent, failed }: Pick<Connects, "sent" | "failed">): boolean {
  return failed <= FAILS_ANYWAY * sent;
}

function connects(
  results: readonly LegResult[],
  evidence: Case["evidence"],
  during: readonly Outage[],
  within = true,
): Pick<Connects, "sent" | "failed"> {
  const tried = results.map((result) => connectsOf(result, evidence, { outages: during, within }));
  return {
    sent: tried.reduce((sum, { sent }) => sum + sent, 0),
    failed: tried.reduce((sum, { failed }) => sum + failed, 0),
  };
}

function confirmOf(name: string): readonly string[] {
  return [`kubectl describe pod -n ${name.replace("/", " ")}`, `kubectl logs -n ${name.replace("/", " ")} --previous`];
}

/** What the cluster says against the pod. */
function trouble(pod: string, state: PodState): readonly Sentence[] {
  const because: Sentence[] = [];
  const { phase, deletedAtMs, notRunning, restarts } = state;
  if (!state.present) because.push(say("{pod} is no longer listed by the cluster", { pod }));
  else if (phase !== "Running") because.push(say("{pod} is in phase {phase}", { pod, phase }));
  if (deletedAtMs !== undefined)
    because.push(say("{pod} is being deleted since {at}", { pod, at: clockText(deletedAtMs) }));
  if (state.replaced) because.push(say("{pod} was replaced by a new pod of the same name during the check", { pod }));
  if (state.present && state.ip === undefined && phase !== "Running")
    because.push(say("{pod} has no address", { pod }));
  if (notRunning.length > 0)
    because.push(say("{pod}: container {containers}", { pod, containers: listed(notRunning) }));
  if (restarts > 0)
    because.push(say("{pod} restarted {times} during the check", { pod, times: counted(restarts, "time") }));
  return because;
}
