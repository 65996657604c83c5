import { isPod } from "../core/elements.ts";
import { askedVantages } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";
import { countersEvidence } from "../probes/counters.ts";

/** Datagrams dropped while the check ran, at least; of all that came, at least; in so many intervals. */
const MIN_DROPPED = 10;
const MIN_SHARE = 0.01;
const MIN_STEPS = 2;

/**
 * A program of an asked pod does not read its UDP socket as fast as datagrams come: the kernel drops them at the full
 * buffer. Decisive is `UdpRcvbufErrors` gaining in the pod's own namespace during the check, ten or more, in two intervals
 * or more, and 1 % of what came. Fooled by `UdpInErrors`, which counts bad checksums too, by old totals, by the counters of
 * the node or of other pods (namespaces of their own), and by a single burst.
 */
export const udpBufferOverflow: Rule = {
  name: "udp-buffer-overflow",
  title: "UDP datagrams are dropped at a full socket buffer",
  needs: [countersEvidence],
  evaluate(seen) {
    const pods = askedVantages(seen.plan).filter((at) => isPod(at) && seen.evidence.get(countersEvidence, at.id));
    const suspicions = pods.flatMap((at) => suspect(at, seen));
    if (suspicions.length > 0) return suspicions;
    if (pods.length === 0) return { status: "unknown", because: say("the counters of no asked pod could be read") };
    return {
      status: "cleared",
      because: say("no UDP datagram was dropped at a full buffer in {pods}, or hardly any", {
        pods: listed(pods.map(({ label }) => label)),
      }),
    };
  },
};

function suspect(at: Vantage, { plan, evidence }: Case): readonly Suspicion[] {
  const gains = evidence.get(countersEvidence, at.id);
  const dropped = gains?.gained["UdpRcvbufErrors"] ?? 0;
  const steps = gains?.steps.filter(({ gained }) => (gained["UdpRcvbufErrors"] ?? 0) > 0).length ?? 0;
  const came = dropped + (gains?.gained["UdpInDatagrams"] ?? 0);
  if (dropped < MIN_DROPPED || steps < MIN_STEPS || dropped < MIN_SHARE * came) return [];
  return [
    {
      status: "suspected",
      confidence: "likely",
      where: { kind: "pod", name: at.label },
      because: [
        say("the kernel of {pod} dropped {dropped} of {came} that came by UDP, because a socket's buffer was full", {
          pod: at.label,
          dropped,
          came: counted(came, "datagram"),
          // The share is said in the next sentence.
        }),
        say("that is {share}, in {steps} of {all} readings", {
          share: percentText(dropped / came),
          steps,
          all: gains?.steps.length ?? 0,
        }),
      ],
      against: [],
      confirm: [
        `nstat -az UdpRcvbufErrors; ss -uamn   # in the network of ${at.label}, twice: d… counts drops of a socket`,
      ],
      advice: [
        say("Let the program of {pod} read its UDP socket faster: more workers, no blocking work between two reads", {
          pod: at.label,
        }),
        say("Give the socket a larger buffer (SO_RCVBUF, net.core.rmem_max) if the datagrams come in bursts"),
      ],
      explains: ["dns-overloaded"],
      legs: plan.legs.filter(({ to, port }) => to === at.id && port !== undefined).map(({ id }) => id),
    },
  ];
}
