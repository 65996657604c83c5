import type { LegResult } from "../core/compare.ts";
import { bracketed } from "../core/packet-address.ts";
import { measuredLegs } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { otherFamilyEvidence } from "../probes/other-family.ts";

/** A family works with this share of its echoes answered, and is broken with less than that. */
const WORKS = 0.9;
const BROKEN = 0.1;
const MIN_ECHOES = 8;

/**
 * One IP family works between the two ends and the other does not, although both have addresses of both: its routes, its
 * forwarding, its rules or its policies are missing. Decisive are echoes of both families between the same two pods in the same
 * seconds.
 * Fooled by a target or a source that has one family only (then the other is not tried), by applications that hide it (they try
 * one family after the other), and by echoes that are filtered in one family alone: TCP has to be tried to tell (`confirm`).
 */
export const ipFamilyBroken: Rule = {
  name: "ip-family-broken",
  title: "One IP family does not work",
  needs: [],
  evaluate(seen) {
    const from = seen.plan.vantages.find(({ role }) => role === "from");
    const other = from && seen.evidence.get(otherFamilyEvidence, from.id);
    if (!other) return { status: "cleared", because: say("the ends do not both have addresses of both IP families") };
    const used = endToEnd(seen);
    if (!used || used.sent < MIN_ECHOES || other.sent < MIN_ECHOES)
      return { status: "unknown", because: say("too few echoes of both IP families were sent") };
    const one = {
      ip: used.leg.toIp,
      answered: used.sent - used.lost,
      sent: used.sent,
      errors: [] as readonly string[],
    };
    const two = { ip: other.target, answered: other.answered, sent: other.sent, errors: other.errors };
    const share = ({ answered, sent }: typeof one): number => answered / sent;
    if (share(one) >= WORKS && share(two) <= BROKEN) return suspicion(seen, { broken: two, works: one, legs: [] });
    if (share(two) >= WORKS && share(one) <= BROKEN)
      return suspicion(seen, { broken: one, works: two, legs: [used.leg.id] });
    return { status: "cleared", because: say("both IP families work between the ends, or neither does") };
  },
};

function endToEnd({ comparison }: Case): LegResult | undefined {
  return measuredLegs(comparison).find(
    ({ leg }) => leg.part === "end-to-end" && leg.port === undefined && leg.scope !== "service",
  );
}

type Family = {
  readonly ip: string;
  readonly answered: number;
  readonly sent: number;
  readonly errors: readonly string[];
};

function suspicion(
  { plan }: Case,
  { broken, works, legs }: { readonly broken: Family; readonly works: Family; readonly legs: readonly string[] },
): Suspicion {
  const nameOf = ({ ip }: Family): string => (ip.includes(":") ? "IPv6" : "IPv4");
  const [from, to] = [plan.from.name, plan.to.name];
  return {
    status: "suspected",
    confidence: "likely",
    where: { kind: "pair", name: from, peer: to },
    because: [
      say("{family} does not work from {from} to {to} ({ip}): {answered} of {sent} answered", {
        family: nameOf(broken),
        from,
        to,
        ip: broken.ip,
        answered: broken.answered,
        sent: counted(broken.sent, "echo", "echoes"),
      }),
      say("{family} does ({ip}): {answered} of {sent} answered", {
        family: nameOf(works),
        ip: works.ip,
        answered: works.answered,
        sent: counted(works.sent, "echo", "echoes"),
      }),
      ...(broken.errors.length > 0 ? [say("what came back: {errors}", { errors: listed(broken.errors) })] : []),
    ],
    against: [],
    confirm: [
      `ip ${broken.ip.includes(":") ? "-6 " : ""}route get ${broken.ip}   # in the network of ${from} and on its node`,
      `curl -sv --connect-timeout 3 telnet://${bracketed(broken.ip)}:${plan.to.port ?? "PORT"}   # in the network of ${from}`,
    ],
    advice: [
      say(
        "Compare routes, forwarding (net.ipv6.conf.all.forwarding) and packet filter rules of both families on the two nodes",
      ),
      say("Look whether the pod network, its policies and the nodes' firewalls are set up for {family}", {
        family: nameOf(broken),
      }),
    ],
    explains: ["path-loss"],
    alike: ["path-loss"],
    legs,
  };
}
