import { dnsEvidence } from "../core/dns-evidence.ts";
import { dnsFacts, failing, isGood, tally } from "../core/dns-facts.ts";
import { locate } from "../core/dns-place.ts";
import { digs, endingsText, serverLine } from "../core/dns-text.ts";
import type { Rule } from "../core/rule.ts";
import { say } from "../core/sentence.ts";

const MIN_QUERIES = 3;
const MOST = 0.9;
const SLOW_SHARE = 0.5;

/**
 * Names are answered over UDP, but not over TCP, which resolvers use for answers that do not fit: those names fail alone.
 * Decisive is the same query over both, to the same server, in the same seconds.
 * Fooled by a server that is down (UDP fails as well: not this) and by a slow one (UDP is slow as well).
 */
export const dnsTcpBlocked: Rule = {
  name: "dns-tcp-blocked",
  title: "DNS over TCP is blocked",
  needs: [dnsEvidence],
  evaluate(seen) {
    const facts = dnsFacts(seen);
    const { data, plan, used, names, at } = facts ?? {};
    if (!facts || !plan || !names || !used || !at)
      return { status: "unknown", because: say("too few names were asked for") };
    const tcp = tally(data, plan, { server: used, transport: "tcp" });
    if (tcp.sent < MIN_QUERIES) return { status: "unknown", because: say("DNS over TCP was tried too little") };
    const values = { bad: tcp.lost + tcp.failed, sent: tcp.sent, pod: at.label, server: used };
    if (failing(tcp) < MOST)
      return {
        status: "cleared",
        because: say("{bad} of {sent} queries of {pod} over TCP failed at {server}", values),
      };
    if (!isGood(names))
      return { status: "unknown", because: say("names of the cluster fail as well at {server}", { server: used }) };
    // Who takes seconds over UDP does not take less over TCP.
    if (names.slow > SLOW_SHARE * names.sent)
      return { status: "unknown", because: say("answers of {server} are slow", { server: used }) };
    const { where, what, sure } = locate(facts, ({ lost, failed, sent }) => ({ bad: lost + failed, of: sent }), "tcp");
    return [
      {
        status: "suspected",
        confidence: sure ? "certain" : "likely",
        where,
        because: [
          say("{bad} of {sent} queries of {pod} over TCP to {server} failed ({endings}), over UDP they are answered", {
            ...values,
            endings: endingsText(tcp),
          }),
          what,
          serverLine(`${used} UDP`, names),
          serverLine(`${used} TCP`, tcp),
          ...facts.servers.flatMap(({ label, ip }) => {
            const one = tally(data, plan, { server: ip, transport: "tcp" });
            return one.sent === 0 ? [] : [serverLine(`${label} (${ip}) TCP`, one)];
          }),
        ],
        against: [],
        confirm: digs(facts, "+tcp"),
        advice: [
          say(
            "Allow TCP to port 53 wherever UDP to port 53 is allowed: network policies, firewalls, the Service's ports",
          ),
        ],
        explains: [],
      },
    ];
  },
};
