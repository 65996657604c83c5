import { dnsEvidence } from "../core/dns-evidence.ts";
import { dnsFacts, failing, isGood, tally } from "../core/dns-facts.ts";
import { digs, podPlace, serverLine } from "../core/dns-text.ts";
import type { Rule } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";

/**
 * The pod's resolv.conf names a server that is not the cluster's, and that server does not know the cluster's names, while the
 * DNS Service answers the same pod. Decisive is both together: the file, and what the two servers say.
 * Fooled by dnsPolicy None or Default and by dnsConfig with name servers (somebody wants it so: not suspected), by
 * node-local caches (169.254.20.10, or what a neighbour uses too), and by other resolvers that do know the cluster's names.
 */
export const dnsWrongResolver: Rule = {
  name: "dns-wrong-resolver",
  title: "Pod asks a wrong name server",
  needs: [dnsEvidence],
  evaluate(seen) {
    const facts = dnsFacts(seen);
    const resolv = facts?.data.resolv;
    if (!facts || !resolv) return { status: "unknown", because: say("the pod's resolv.conf could not be read") };
    const { at, own, plan, service } = facts;
    if (facts.expected)
      return {
        status: "cleared",
        because: say("{pod} asks {server}, as it should", { pod: at.label, server: own }),
      };
    const theirs = tally(facts.data, plan, { server: own });
    const bad = theirs.lost + theirs.failed + theirs.wrong;
    if (theirs.sent < 5) return { status: "unknown", because: say("{server} was asked too little", { server: own }) };
    if (bad < 0.5 * theirs.sent)
      return {
        status: "cleared",
        because: say("{pod} asks {server}, which is not the cluster's but knows its names", {
          pod: at.label,
          server: own,
        }),
      };
    const intended = plan.ownServers || plan.policy === "None" || plan.policy === "Default";
    if (intended)
      return {
        status: "cleared",
        because: say("{pod} asks {server} because its dnsPolicy or dnsConfig says so", { pod: at.label, server: own }),
      };
    const proven = isGood(service);
    return [
      {
        status: "suspected",
        confidence: proven ? "certain" : "likely",
        where: podPlace(at.label),
        because: [
          say("/etc/resolv.conf of {pod} names {servers}, but the cluster's DNS is {service} at {ip}", {
            pod: at.label,
            servers: listed(resolv.nameservers),
            service: plan.service,
            ip: plan.ip,
          }),
          say("{server} gave no right answer to {bad} of {sent} queries for names of the cluster", {
            server: own,
            bad,
            sent: theirs.sent,
          }),
          ...(proven ? [serverLine(`${plan.service} (${plan.ip})`, service)] : []),
          ...(plan.policy === undefined ? [] : [say("its dnsPolicy is {policy}", { policy: plan.policy })]),
        ],
        against: failing(service) > 0.1 ? [serverLine(`${plan.service} (${plan.ip})`, service)] : [],
        confirm: [`cat /etc/resolv.conf   # in ${at.label}`, ...digs(facts).slice(0, 1)],
        advice: [
          say(
            "Set the kubelet's clusterDNS on {node} to {ip}, or remove what overwrites the file, and recreate {pod}",
            {
              node: at.node,
              ip: plan.ip,
              pod: at.label,
            },
          ),
        ],
        explains: proven ? [] : ["dns-down"],
      },
    ];
  },
};
