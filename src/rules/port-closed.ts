import { legText } from "../core/anomaly-text.ts";
import type { LegResult } from "../core/compare.ts";
import { type Connects, connectsOf } from "../core/connects.ts";
import { endsOf } from "../core/elements.ts";
import { tcpEvidence } from "../core/leg-evidence.ts";
import { type Outage, podOutagesEvidence } from "../core/outage.ts";
import { bracketed } from "../core/packet-address.ts";
import { asked } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { serviceStateEvidence } from "../core/service-evidence.ts";
import { msText } from "../core/units.ts";
import { type Listener, listenersEvidence } from "../probes/listeners.ts";
import { culpritsOf } from "./firewall-drop.ts";

const MIN_REFUSED = 3;
const EVERYWHERE = new Set(["0.0.0.0", "*", "::"]);

/**
 * Nothing listens on the port: connects are refused and the pod has no socket there.
 * Fooled by a packet filter that rejects with a reset (then a rule took the packets: not this), by a listener on
 * 127.0.0.1 only (said in the evidence), by a side car or load balancer that refuses in the pod's name, by a
 * Service without backends (its address refuses, the pod does not), and by a pod that is not running, whose address may
 * refuse as well: what was refused then is not counted, nor what a backend refuses while its Service sends nobody there.
 */
export const portClosed: Rule = {
  name: "port-closed",
  title: "Nothing listens on the port",
  needs: [tcpEvidence],
  evaluate(seen) {
    const { plan, comparison } = seen;
    const tcp = plan.legs.flatMap(({ id, port }) => (port === undefined ? [] : (comparison.legs.get(id) ?? [])));
    const refusing = tcp.filter(({ leg, refused }) => refused >= MIN_REFUSED && asked(leg) && endsOf(leg, plan).to);
    const targets = Map.groupBy(
      refusing.filter((result) => inService(result, seen).refused >= MIN_REFUSED),
      ({ leg }) => `${leg.to}:${leg.port}`,
    );
    const suspicions = [...targets.values()].flatMap((refused) => suspect(refused, tcp, seen));
    const outside = suspectOutside(tcp, seen);
    if (suspicions.length + outside.length > 0) return [...suspicions, ...outside];
    const connected = tcp.filter(({ leg, sent, lost, refused }) => asked(leg) && sent > lost + refused);
    if (connected.length === 0) {
      return { status: "unknown", because: unknownText(refusing.length > 0, targets.size > 0) };
    }
    return {
      status: "cleared",
      because: say("{leg} connects", { leg: legText((connected[0] as LegResult).leg, plan) }),
    };
  },
};

function unknownText(isRefused: boolean, isServed: boolean): Sentence {
  if (isServed) return say("connects are refused, but not for want of a listener");
  return isRefused ? say("connects were refused while nothing was to serve them") : say("no connect was answered");
}

/** The connects to a pod that were tried while it had to serve them. */
function inService(result: LegResult, seen: Case): Connects {
  const at = endsOf(result.leg, seen.plan).to;
  return connectsOf(result, seen.evidence, { outages: at ? outOfService(at, seen) : [], within: false });
}

function outOfService(at: Vantage, { plan, evidence }: Case): readonly Outage[] {
  const outages = evidence.get(podOutagesEvidence, at.id);
  if (!outages) return [];
  const isAsked = plan.to.kind !== "service" && at.role === "to";
  const services = evidence.all(serviceStateEvidence).filter(({ data }) => data.everIps.includes(at.ip));
  // A Service with other backends sends nobody to one that is not ready.
  const spared = services.length > 0 && services.every(({ data }) => data.ready.length > 0 && !data.publishNotReady);
  return !isAsked && spared ? outages.unready : outages.down;
}

function suspect(refused: readonly LegResult[], tcp: readonly LegResult[], seen: Case): readonly Suspicion[] {
  const { plan, evidence } = seen;
  const leg = refused[0]?.leg;
  const at = leg && endsOf(leg, plan).to;
  const port = leg?.port;
  if (!leg || !at || port === undefined) return [];
  if (isRejected(refused, seen)) return [];

  const all = tcp.filter((result) => result.leg.to === leg.to && result.leg.port === port);
  const connects = all.map((result) => inService(result, seen));
  const sent = connects.reduce((sum, one) => sum + one.sent, 0);
  const refusals = connects.reduce((sum, one) => sum + one.refused, 0);
  const sockets = socketsOn(port, at, evidence);
  if (sockets?.open) return [];
  const counts = {
    port: `${port}`,
    target: at.label,
    refusals,
    connects: counted(sent, "connect"),
    places: counted(all.length, "place"),
  };
  const took = evidence.get(tcpEvidence, leg.id)?.refusedMs?.p50;
  return [
    {
      status: "suspected",
      confidence: sockets ? "certain" : "likely",
      where: at.id.startsWith("pod/") ? { kind: "pod", name: at.label } : { kind: "node", name: at.node },
      because: [
        took === undefined
          ? say("port {port} of {target} refuses: {refusals} of {connects} from {places}", counts)
          : say("port {port} of {target} refuses: {refusals} of {connects} from {places}, answered within {took}", {
              ...counts,
              took: msText(took),
            }),
        ...(sockets ? [sockets.text] : []),
      ],
      against: sockets
        ? []
        : [
            say("the sockets of {target} could not be read, so something on the way may refuse in its name", {
              target: at.label,
            }),
          ],
      confirm: [`ss -ltn 'sport = :${port}'   # in the network of ${at.label}`, ...confirmPod(at)],
      advice: [
        say(
          "Look at why the program of {target} does not listen on {port}: its log, its configuration, the port it was told to use",
          { target: at.label, port: `${port}` },
        ),
      ],
      explains: ["path-loss"],
      legs: all.map((result) => result.leg.id),
    },
  ];
}

const isRejected = (refused: readonly LegResult[], seen: Case): boolean =>
  culpritsOf(seen).some(({ rule, bad }) => rule.action === "reject" && bad.some((result) => refused.includes(result)));

/** Not one connect was accepted, and most were refused. */
const isShut = ({ sent, lost, refused }: LegResult): boolean => sent <= lost + refused && refused > lost;

/** An address outside of the cluster that refuses whoever asks: its sockets cannot be seen, so a box before it may do that. */
function suspectOutside(tcp: readonly LegResult[], seen: Case): readonly Suspicion[] {
  const all = tcp.filter(({ leg, sent }) => leg.scope === "external" && sent > 0);
  const { toIp: address, port } = all[0]?.leg ?? {};
  const refused = all.filter((result) => result.refused >= MIN_REFUSED && isShut(result));
  if (address === undefined || port === undefined || refused.length < all.length || isRejected(refused, seen))
    return [];
  if (!refused.some(({ leg }) => asked(leg))) return [];
  const counts = {
    ...{ port: `${port}`, target: address },
    refusals: all.reduce((sum, one) => sum + one.refused, 0),
    connects: counted(
      all.reduce((sum, { sent }) => sum + sent, 0),
      "connect",
    ),
    places: counted(all.length, "place"),
  };
  return [
    {
      status: "suspected",
      confidence: all.length > 1 ? "likely" : "possible",
      where: { kind: "address", name: address },
      because: [say("port {port} of {target} refuses: {refusals} of {connects} from {places}", counts)],
      against: [
        say("the sockets of {target} could not be read, so something on the way may refuse in its name", counts),
      ],
      confirm: [`nc -vz ${address} ${port}`],
      advice: [
        say(
          "Look at why the program of {target} does not listen on {port}: its log, its configuration, the port it was told to use",
          counts,
        ),
      ],
      explains: ["path-loss"],
      legs: all.map(({ leg }) => leg.id),
    },
  ];
}

function confirmPod({ id, label }: Vantage): readonly string[] {
  return id.startsWith("pod/") ? [`kubectl logs -n ${label.replace("/", " ")}`] : [];
}

/** What the pod's sockets say about a port; undefined when they were not read. */
function socketsOn(
  port: number,
  at: Vantage,
  evidence: Case["evidence"],
): { readonly open: boolean; readonly text: Sentence } | undefined {
  const versions = evidence.get(listenersEvidence, at.id)?.versions;
  if (!versions || versions.length === 0) return undefined;
  const serving = (listeners: readonly Listener[]): boolean =>
    listeners.some((listener) => listener.port === port && (EVERYWHERE.has(listener.ip) || listener.ip === at.ip));
  const open = versions.every(({ value }) => serving(value));
  const local = versions.at(-1)?.value.find((listener) => listener.port === port && /^(127\.|::1$)/.test(listener.ip));
  if (local)
    return {
      open: false,
      text: say("{target} listens on {address} only, which nobody else can reach", {
        target: at.label,
        address: `${bracketed(local.ip)}:${port}`,
      }),
    };
  const others = [...new Set((versions.at(-1)?.value ?? []).map((listener) => listener.port))].toSorted(
    (a, b) => a - b,
  );
  const instead =
    others.length === 0
      ? say("it listens on no port at all")
      : say("it listens on {ports}", { ports: listed(others.map(String), 6) });
  const said = { port: `${port}`, target: at.label, instead };
  const text = versions.some(({ value }) => serving(value))
    ? say("for part of the time nothing listened on {port} in the network of {target}; {instead}", said)
    : say("nothing listens on {port} in the network of {target}; {instead}", said);
  return { open, text };
}
