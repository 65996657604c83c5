import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { failures, type ServiceLeg, serviceLegs, works } from "../core/service-legs.ts";
import { percentText } from "../core/units.ts";
import { hairpinEvidence } from "../probes/links.ts";

const MIN_ATTEMPTS = 8;
const MIN_FAILED = 3;
const LOW = 0.35;
const HIGH = 2.2;

/**
 * A pod that calls its own Service is sent to itself now and then, and that connection never comes back: the bridge does not
 * hand a frame out of the port it came in by. Decisive: the asking pod is one of the endpoints, its connects fail in the
 * share that falls to itself, and everybody else's connects to the same Service work. That its bridge port has hairpin mode
 * off makes it certain.
 * Fooled by anything that fails from other places too (then others fail as well), and by networks without a bridge
 * (no hairpin mode is read: likely at most). Claimed only for a pod that calls its own Service.
 */
export const hairpinBroken: Rule = {
  name: "hairpin-broken",
  title: "Pod cannot reach itself through its own Service",
  needs: [],
  evaluate(seen) {
    const own = serviceLegs(seen).filter(
      ({ from, state }) => from.role === "from" && state.ready.some(({ ip }) => ip === from.ip),
    );
    if (own.length === 0)
      return { status: "cleared", because: say("the pod was not asked to call a Service of its own") };
    const found = own.flatMap((leg) => suspect(leg, seen));
    if (found.length > 0) return found;
    return { status: "cleared", because: say("{pod} reaches its own Service", { pod: own[0]?.from.label ?? "" }) };
  },
};

function suspect(own: ServiceLeg, seen: Case): readonly Suspicion[] {
  const { from, result, service, state, port } = own;
  const expected = 1 / state.ready.length;
  const failed = failures(result);
  const share = result.sent === 0 ? 0 : failed / result.sent;
  if (
    result.sent < MIN_ATTEMPTS ||
    failed < MIN_FAILED ||
    share < LOW * expected ||
    share > Math.min(1, HIGH * expected)
  )
    return [];
  const others = serviceLegs(seen).filter((leg) => leg.service === service && leg.from.id !== from.id);
  if (others.length === 0 || !others.every((leg) => works(leg.result))) return [];
  const ports = seen.evidence.get(hairpinEvidence, `node/${from.node}`)?.ports ?? [];
  const index = seen.evidence.get(hairpinEvidence, from.id)?.peerIndex;
  const mine = ports.find((one) => index !== undefined && one.index === index);
  if (mine?.hairpin) return [];
  return [
    {
      status: "suspected",
      confidence: mine ? "certain" : "likely",
      where: { kind: "pod", name: from.label },
      because: [
        say(
          "{pod} is one of {endpoints} of {service}, and {failed} of {sent} to it fail from there ({share}, its own share is {expected})",
          {
            pod: from.label,
            endpoints: counted(state.ready.length, "endpoint", "endpoints"),
            service: `${service}:${port}`,
            failed,
            sent: counted(result.sent, "connect"),
            share: percentText(share),
            expected: percentText(expected),
          },
        ),
        say("from elsewhere the same Service answers: {places}", {
          places: listed(
            others.map((leg) => `${leg.from.label} ${leg.result.sent - failures(leg.result)}/${leg.result.sent}`),
          ),
        }),
        ...(mine
          ? [
              say("hairpin mode is off on {device} of {node}, the bridge port of {pod}", {
                device: mine.device,
                node: from.node,
                pod: from.label,
              }),
            ]
          : []),
      ],
      against: [],
      confirm: [
        `cat /sys/class/net/${mine?.device ?? "VETH"}/brport/hairpin_mode   # on ${from.node}: 0 is off`,
        `conntrack -L --orig-src ${from.ip} --orig-dst ${state.clusterIp ?? ""} | grep 'src=${from.ip} dst=${from.ip}'   # on ${from.node}`,
      ],
      advice: [
        say(
          "Set hairpinMode: true in the configuration of the bridge plugin, and switch it on for ports that exist: bridge link set dev {device} hairpin on",
          {
            device: mine?.device ?? "VETH",
          },
        ),
        say("Let the program reach itself by localhost instead of its Service until then"),
      ],
      explains: ["path-loss", "port-filtered", "stale-endpoint"],
      legs: [result.leg.id],
    },
  ];
}
