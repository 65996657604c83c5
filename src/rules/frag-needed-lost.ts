import type { DropRule } from "../core/drop-rules.ts";
import { isPod } from "../core/elements.ts";
import { gainedDuring } from "../core/gains.ts";
import { isIpv6 } from "../core/ip-family.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { mtuEvidence } from "../core/size-evidence.ts";
import { blockedOnPath, exactOf, legsOf, type SizedResult, sizedResults, wayText } from "../core/size-trouble.ts";
import { countersEvidence } from "../probes/counters.ts";
import { nftRulesEvidence } from "../probes/nft-rules.ts";
import { packetFilterEvidence } from "../probes/packet-filter.ts";

/** Packets that a node refused as too large before they mean anything, when no filter is seen to take the message. */
const MIN_REFUSED = 3;
/**
 * What the kernel counts when it may not forward (net/ipv4/ip_forward.c, net/ipv6/ip6_output.c), what it then owes the sender, and how
 * iptables and nft write that and a condition on types.
 */
const OF_IPV4 = {
  counter: "IpFragFails",
  message: "ICMP type 3 code 4",
  capture: "icmp[0] == 3 and icmp[1] == 4",
  written: /fragmentation-needed|frag-needed|icmp 3\/4|icmp 3$|destination-unreachable/,
};
const OF_IPV6 = {
  counter: "Ip6FragFails",
  message: "ICMPv6 type 2",
  capture: "icmp6 and ip6[40] == 2",
  written: /packet-too-big|icmp 2(\/0)?$/,
};
const TYPED = /icmp(v6)?[- ]type/;

/**
 * A node of the path refuses packets as too large and says "fragmentation needed", but the sender never hears it, so TCP goes
 * on sending what does not fit; over IPv6 it says "packet too big". Decisive are together: full-size TCP segments that stall, a node
 * of that way whose count of refused packets (IpFragFails, Ip6FragFails) grows while it does, and a sender that heard nothing. A packet filter that takes ICMP and whose
 * counter moved is the place; without one it is the node that refuses.
 * Fooled by path MTU discovery that works (the count grows, TCP passes: cleared), by limits of ICMP per second (few messages
 * suffice, so a limited node is heard in the end), and by switches, which drop without counting (`mtu-black-hole`).
 */
export const fragNeededLost: Rule = {
  name: "frag-needed-lost",
  title: '"Fragmentation needed" does not arrive',
  needs: [mtuEvidence],
  evaluate(seen) {
    const results = sizedResults(seen.plan, seen.evidence);
    const deaf = blockedOnPath(results).filter(({ way }) => way.fragNeeded.length === 0);
    const nodes = [...new Set(deaf.flatMap(({ from, to }) => (to ? [from.node, to.node] : [from.node])))];
    const suspicions = nodes.flatMap((node) => suspicion(node, deaf, seen));
    if (suspicions.length > 0) return [...new Map(suspicions.map((one) => [one.where.name, one])).values()];
    const heard = results.find(({ way }) => way.fragNeeded.length > 0);
    if (heard) {
      const [first] = heard.way.fragNeeded;
      return {
        status: "cleared",
        because: say('{from} says "fragmentation needed" (MTU {mtu}), and {at} hears it', {
          from: first?.from ?? "",
          mtu: first?.mtu ?? 0,
          at: heard.from.label,
        }),
      };
    }
    return { status: "cleared", because: say("no node of the path refused packets as too large") };
  },
};

/** Packets that a node refused to forward because they were too large, while the check ran. */
function refused(node: string, counter: string, { evidence }: Case): number {
  const gains = evidence.get(countersEvidence, `node/${node}`);
  if (!gains) return 0;
  const { inside, outside } = gainedDuring(gains, counter, new Set());
  return inside + outside;
}

function suspicion(node: string, deaf: readonly SizedResult[], seen: Case): readonly Suspicion[] {
  const mine = deaf.filter(({ from, to }) => from.node === node || to?.node === node);
  const [first] = mine;
  if (!first) return [];
  const { counter, message, capture, written } = isIpv6(first.leg.toIp) ? OF_IPV6 : OF_IPV4;
  const places = [
    ...seen.plan.vantages.filter(({ id }) => id === `node/${node}`),
    ...new Set(mine.map(({ from }) => from)),
  ];
  const filters = places
    .flatMap((at) => filtersAt(at, written, seen).map((rule) => ({ at, rule })))
    .toSorted((a, b) => (b.rule.packets ?? 0) - (a.rule.packets ?? 0));
  const [filter] = filters;
  const at = filter?.at;
  const exact = exactOf(first);
  const count = refused(node, counter, seen);
  if (count < (filter ? 1 : MIN_REFUSED)) return [];
  return [
    {
      status: "suspected",
      confidence: filter ? "certain" : "likely",
      where: at && isPod(at) ? { kind: "pod", name: at.label } : { kind: "node", name: at?.node ?? node },
      because: [
        say(
          "{node} refused {count} packets as too large to forward ({counter}) and so owed their senders an answer ({message})",
          { node, count, counter, message },
        ),
        say("none reached {senders}, whose full-size TCP segments stall", {
          senders: listed([...new Set(mine.map(({ from }) => from.label))], 3),
        }),
        ...(filter
          ? [
              say("the packet filter of {at} drops them: {rule} took {count} packets during the check", {
                at: filter.at.label,
                rule: `\`${filter.rule.text}\``,
                count: filter.rule.packets ?? 0,
              }),
            ]
          : []),
        ...(exact === undefined
          ? []
          : [
              say("the largest packet that crosses from {way} has {bytes} bytes", {
                way: wayText(first),
                bytes: exact,
              }),
            ]),
      ],
      against: filter ? [] : [say("no packet filter that was read takes them")],
      confirm: [
        `nstat -as ${counter}   # on ${node}, twice while something large is sent`,
        `tcpdump -ni eth0 '${capture}'   # in the network of ${first.from.label}: nothing arrives`,
      ],
      advice: [
        filter
          ? say("Let {message} pass in the packet filter of {at}", { message, at: filter.at.label })
          : say("Find what drops {message} between {node} and {sender}", { message, node, sender: first.from.label }),
        say("Set the MTU of the pods to what the path carries, so that they need no such message"),
      ],
      explains: ["mtu-black-hole", "path-loss"],
      legs: legsOf(mine, seen.plan),
    },
  ];
}

/** Rules that take ICMP, what is owed among it, and took some. */
function filtersAt({ id }: Vantage, written: RegExp, { evidence }: Case): readonly DropRule[] {
  const rules = [
    ...(evidence.get(packetFilterEvidence, id)?.rules ?? []),
    ...(evidence.get(nftRulesEvidence, id)?.rules ?? []),
  ];
  return rules.filter(({ protocol, more, text, packets }) => {
    if (packets === undefined || packets < 1 || !/^(icmp|1|58)$/.test(protocol ?? "")) return false;
    const typed = more.find((condition) => condition.startsWith("icmp ")) ?? text;
    return written.test(typed) || !TYPED.test(text);
  });
}
