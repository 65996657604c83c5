import { type DnsFacts, failing, isDead, type Tally } from "./dns-facts.ts";
import type { Place } from "./place.ts";
import { type Sentence, say } from "./sentence.ts";
import { msText, percentText } from "./units.ts";

/** One line per server that was asked from the source pod: the Service address and each of its pods. */
export function serverLines(facts: DnsFacts): readonly Sentence[] {
  const { own, used, plan, service, servers, names } = facts;
  return [
    ...(own === plan.ip || names.sent === 0 || used !== own ? [] : [serverLine(own, names)]),
    ...(service.sent === 0 ? [] : [serverLine(`${plan.service} (${plan.ip})`, service)]),
    ...servers.flatMap(({ label, ip, node, here }) =>
      here.sent === 0 ? [] : [serverLine(`${label} (${ip}, ${node})`, here)],
    ),
  ];
}

/** `kube-system/coredns-1 (10.1.0.4, node-1): 12 of 50 queries without a usable answer (24 %), p50 0.8 ms, p99 3 ms`. */
export function serverLine(server: string, one: Tally): Sentence {
  const values = { server, bad: one.lost + one.failed, sent: one.sent, share: percentText(failing(one)) };
  if (one.p50 === undefined || one.p99 === undefined)
    return say("{server}: {bad} of {sent} queries without a usable answer ({share})", values);
  return say("{server}: {bad} of {sent} queries without a usable answer ({share}); answers p50 {p50}, p99 {p99}", {
    ...values,
    p50: msText(one.p50),
    p99: msText(one.p99),
  });
}

/** How queries ended: `timeout 12, servfail 3`. */
export function endingsText({ outcomes }: Tally): string {
  return Object.entries(outcomes)
    .filter(([outcome]) => outcome !== "ok" && outcome !== "empty")
    .toSorted(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${outcome} ${count}`)
    .join(", ");
}

export const servicePlace = ({ plan }: DnsFacts): Place => ({ kind: "service", name: plan.service });
export const podPlace = (label: string): Place => ({ kind: "pod", name: label });
export const nodePlace = (node: string): Place => ({ kind: "node", name: node });

/** Commands that show the same by hand. */
export function digs(facts: DnsFacts, ...more: readonly string[]): readonly string[] {
  const name = facts.plan.names[0]?.name.replace("@", domainOf(facts)) ?? ".";
  return [
    ...[{ ip: facts.used, port: undefined }, ...facts.plan.servers].map(
      ({ ip, port }) =>
        `dig @${ip}${port === undefined ? "" : ` -p ${port}`} ${name} +time=2 +tries=1${more.map((word) => ` ${word}`).join("")}   # from ${facts.at.label}`,
    ),
  ];
}

function domainOf({ data }: DnsFacts): string {
  const found = data.resolv?.search.find((suffix) => suffix.startsWith("svc."));
  return found?.slice("svc.".length) ?? "cluster.local";
}

/** What a control says about the Service address: one sentence, where there was one. */
export function controlLines({ near, far }: DnsFacts): readonly Sentence[] {
  return [near, far].flatMap((control) => {
    if (!control || control.service.sent < 5) return [];
    const { label, node } = control.at;
    const values = {
      pod: label,
      node,
      bad: control.service.lost + control.service.failed,
      sent: control.service.sent,
    };
    return [
      isDead(control.service)
        ? say("{pod} on {node} gets no names from the Service address either: {bad} of {sent} failed", values)
        : say("from {pod} on {node} {bad} of {sent} queries to the Service address failed", values),
    ];
  });
}
