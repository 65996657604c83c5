import { otherEndNotes } from "./across.ts";
import { behindIngress } from "./behind-ingress.ts";
import type { CheckRequest, Window } from "./check.ts";
import { choosePorts, type ServiceTarget, witnessServices } from "./choose-ports.ts";
import { type Chosen, chooseVantages } from "./choose-vantages.ts";
import type { ClusterView } from "./cluster-view.ts";
import { planDns } from "./dns-plan.ts";
import { makeTasks } from "./make-tasks.ts";
import type { End, Gap, Leg, Plan, Vantage } from "./plan.ts";
import type { Probe } from "./probe.ts";
import { say } from "./sentence.ts";

/** Most legs of a check: five small packets a second each leave room for surveys within 200 kbit/s, see `trafficOf`. */
export const MAX_LEGS = 27;

type PlanRequest = {
  readonly request: CheckRequest;
  readonly window: Window;
  readonly from: End;
  readonly to: End;
  readonly view: ClusterView;
  readonly probes: readonly Probe[];
};

/**
 * Decides what a check measures: the path end to end and by segments, both directions, and controls that differ from
 * it in one thing each, so that the place of a fault falls out by comparison. What cannot be measured is a gap.
 */
export function makePlan({ request, window, from, to, view, probes }: PlanRequest): Plan {
  const dns = planDns(from, to, view);
  const chosen = chooseVantages(from, to, view, dns);
  const ports = choosePorts(from, to, view);
  const legs = legsOf(chosen, { from, to, ports, witnesses: witnessServices(to, ports.target, view) });
  const { kept, gaps } = withinLimits(legs, chosen);
  const notes = [...behindIngress(to, view), ...otherEndNotes(to, view.nodes)];
  const plan: Plan = {
    check: request.id,
    window,
    from,
    to,
    vantages: [...chosen.vantages],
    legs: kept,
    ...(dns ? { dns } : {}),
    tasks: [],
    aliases: { from: servicesOf(chosen.source?.ip, view), to: servicesOf(chosen.target?.ip, view) },
    gaps: [...chosen.gaps, ...ports.gaps, ...gaps, ...unreadOf(view)],
    ...(notes.length > 0 ? { notes: [...notes] } : {}),
  };
  return { ...plan, tasks: makeTasks(plan, probes, { measurable: chosen.measurable, view }) };
}

/** More Services than these hardly stand for one pod; each makes the filters of recorders longer. */
const MAX_ALIASES = 2;

/** Addresses of the Services that send connections to this one. */
function servicesOf(ip: string | undefined, { services }: ClusterView): string[] {
  return services
    .flatMap(({ clusterIp, endpoints }) =>
      clusterIp !== undefined && clusterIp !== "None" && endpoints.some((endpoint) => endpoint.ip === ip)
        ? [clusterIp]
        : [],
    )
    .slice(0, MAX_ALIASES);
}

type Wanted = { readonly leg: Leg; readonly needs: string };

type Ends = {
  readonly from: End;
  readonly to: End;
  readonly ports: ReturnType<typeof choosePorts>;
  readonly witnesses: ReturnType<typeof witnessServices>;
};

/** Legs in the order of their worth: when there are too many, the last ones go. */
function legsOf(chosen: Chosen, { from, to, ports, witnesses }: Ends): readonly Wanted[] {
  const { source: a, target: b, fromNode, toNode, fromSibling, toSibling, thirds, backends, nameServers } = chosen;
  const [first, second] = thirds;
  const wanted: Wanted[] = [];
  const ping = (one: Vantage | undefined, other: Vantage | undefined, part: Leg["part"]): void => {
    if (one && other && one.id !== other.id && one.ip !== other.ip) wanted.push(pingLeg(one, other, part));
  };
  const connect = (
    one: Vantage | undefined,
    other: Vantage | undefined,
    port: number | undefined,
    part: Leg["part"],
  ): void => {
    if (one && other && port !== undefined && one.id !== other.id && one.ip !== other.ip)
      wanted.push(tcpLeg(one, other, port, part));
  };
  const viaService = to.kind === "service";
  const direct: Leg["part"] = viaService ? "segment" : "end-to-end";

  // The path that was asked for.
  if (viaService && to.ip !== "" && ports.service !== undefined)
    for (const [at, part] of [
      [a, "end-to-end"],
      [fromNode, "segment"],
      [fromSibling, "control"],
      [first?.pod, "control"],
    ] as const)
      if (at) wanted.push(addressLeg(at, to.ip, ports.service, "service", part));
  if (to.kind === "address" && !b)
    for (const [at, part] of [
      [a, "end-to-end"],
      [fromNode, "segment"],
      [fromSibling, "control"],
      [first?.pod ?? first?.node, "control"],
    ] as const)
      if (at) {
        wanted.push(addressLeg(at, to.ip, undefined, "external", part));
        if (to.port !== undefined) wanted.push(addressLeg(at, to.ip, to.port, "external", part));
      }
  if (from.kind === "address" && !a)
    for (const [at, part] of [
      [b, "end-to-end"],
      [toNode, "segment"],
    ] as const)
      if (at) wanted.push(addressLeg(at, from.ip, undefined, "external", part));
  ping(a, b, direct);
  connect(a, b, ports.target, direct);
  ping(b, a, direct);

  // Its segments.
  ping(fromNode, toNode, "segment");
  ping(toNode, fromNode, "segment");
  ping(a, fromNode, "segment");
  ping(b, toNode, "segment");
  ping(fromNode, b, "segment");
  ping(toNode, a, "segment");
  connect(toNode, b, ports.target, "segment");
  connect(fromNode, b, ports.target, "segment");
  for (const { vantage, port } of backends) {
    // Behind a NodePort it is the node that was asked which passes connections on.
    const via = viaService ? a : b;
    ping(via, vantage, "segment");
    connect(via, vantage, port, "segment");
  }

  // Whether the nodes of both ends send Service connections on, and whether another node does.
  const serve = (at: Vantage | undefined, service: ServiceTarget | undefined): void => {
    if (at && service) wanted.push(addressLeg(at, service.ip, service.port, "service", "control"));
  };
  serve(a, witnesses.common);
  if (b?.node !== a?.node) serve(b, witnesses.common);
  serve(first?.pod, witnesses.common);
  serve(a, witnesses.own);

  // The way to the name servers, which applications ask before they connect.
  for (const server of nameServers) ping(a, server, "control");

  // Controls: each differs from the path in one thing.
  ping(first?.node, toNode, "control");
  ping(first?.node, fromNode, "control");
  ping(a, first?.pod, "control");
  ping(first?.pod, b, "control");
  ping(fromSibling, a, "control");
  ping(toSibling, b, "control");
  ping(fromSibling, b, "control");
  ping(toSibling, a, "control");
  connect(toSibling, b, ports.target, "control");
  connect(first?.pod ?? first?.node, b, ports.target, "control");
  connect(fromSibling, b, ports.target, "control");
  ping(fromSibling, fromNode, "control");
  ping(toSibling, toNode, "control");
  ping(fromSibling, toSibling, "control");
  connect(b, a, ports.source, "control");
  ping(second?.node, toNode, "control");
  ping(second?.node, fromNode, "control");
  ping(first?.node, second?.node, "control");
  ping(second?.pod, first?.pod, "control");
  ping(first?.pod, first?.node, "control");
  ping(second?.pod, b, "control");
  return wanted;
}

function pingLeg(one: Vantage, other: Vantage, part: Leg["part"]): Wanted {
  const id = `${one.id}>${other.id}`;
  return { needs: one.id, leg: { id, from: one.id, to: other.id, toIp: other.ip, scope: scopeOf(one, other), part } };
}

function tcpLeg(one: Vantage, other: Vantage, port: number, part: Leg["part"]): Wanted {
  const { leg, needs } = pingLeg(one, other, part);
  return { needs, leg: { ...leg, id: `${leg.id}:${port}`, port } };
}

function addressLeg(at: Vantage, ip: string, port: number | undefined, scope: Leg["scope"], part: Leg["part"]): Wanted {
  const to = `address/${ip}`;
  const id = `${at.id}>${to}${port === undefined ? "" : `:${port}`}`;
  return { needs: at.id, leg: { id, from: at.id, to, toIp: ip, ...(port === undefined ? {} : { port }), scope, part } };
}

/** Which part of the network lies between two vantage points. */
function scopeOf(one: Vantage, other: Vantage): Leg["scope"] {
  const pods = [one, other].filter(({ id }) => id.startsWith("pod/")).length;
  if (one.node !== other.node) return pods === 0 ? "underlay" : "overlay";
  return pods === 2 ? "same-node" : "local";
}

/** Drops legs that cannot be measured (no agent there) and what exceeds the limit; neither silently. */
function withinLimits(
  wanted: readonly Wanted[],
  { measurable }: Chosen,
): { readonly kept: Leg[]; readonly gaps: readonly Gap[] } {
  const seen = new Set<string>();
  const kept: Leg[] = [];
  const gaps: Gap[] = [];
  for (const { leg, needs } of wanted) {
    if (seen.has(leg.id)) continue;
    seen.add(leg.id);
    if (!measurable.has(needs)) {
      if (leg.part === "end-to-end")
        gaps.push({
          probe: leg.port === undefined ? "ping" : "tcp",
          subject: leg.id,
          reason: say("nothing can be measured from there"),
        });
    } else if (kept.length < MAX_LEGS) kept.push(leg);
  }
  return { kept, gaps };
}

/** What the Kubernetes API did not show. */
function unreadOf({ unread = [] }: ClusterView): readonly Gap[] {
  return unread.map((reason) => ({ probe: "cluster", subject: "cluster", reason }));
}
