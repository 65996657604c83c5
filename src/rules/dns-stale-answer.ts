import { type Asked, dnsEvidence } from "../core/dns-evidence.ts";
import { type DnsFacts, dnsFacts, losesNames } from "../core/dns-facts.ts";
import { locate } from "../core/dns-place.ts";
import { digs } from "../core/dns-text.ts";
import type { Rule } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";

/**
 * A name server says that a Service does not exist, or gives another address than it has. Decisive is the answer compared
 * with what the Kubernetes API says: three wrong ones at least, 2 % beyond doubt.
 * Fooled by names with search suffixes (only full names are asked), by empty answers of the other IP family (right: the Service has no
 * such address), by headless Services and hosts outside (nothing to compare with), and by a Service that was made anew a moment ago
 * (its name is older than the check).
 */
export const dnsStaleAnswer: Rule = {
  name: "dns-stale-answer",
  title: "DNS gives wrong answers",
  needs: [dnsEvidence],
  evaluate(seen) {
    const facts = dnsFacts(seen);
    if (!facts || facts.names.sent < 5) return { status: "unknown", because: say("too few names were asked for") };
    const { names, used, at } = facts;
    const values = { wrong: names.wrong, sent: names.sent, pod: at.label, server: used };
    if (!losesNames({ ...names, lost: names.wrong }))
      return { status: "cleared", because: say("{wrong} of {sent} answers of {server} to {pod} were wrong", values) };
    const { where, what, sure } = locate(facts, ({ wrong, sent, lost }) => ({ bad: wrong, of: sent - lost }));
    return [
      {
        status: "suspected",
        confidence: sure ? "certain" : "likely",
        where,
        because: [
          say("{wrong} of {sent} answers of {server} to {pod} were wrong ({share})", {
            ...values,
            share: percentText(names.wrong / names.sent),
          }),
          ...wrongAnswers(facts),
          what,
          ...facts.servers.flatMap(({ label, here }) =>
            here.sent === 0
              ? []
              : [
                  say("{server}: {wrong} of {sent} answers wrong", {
                    server: label,
                    wrong: here.wrong,
                    sent: here.sent,
                  }),
                ],
          ),
        ],
        against: [],
        confirm: digs(facts),
        advice: [
          say("Restart the pods behind {service}, and read their log: can they reach the Kubernetes API", {
            service: facts.plan.service,
          }),
        ],
        explains: [],
      },
    ];
  },
};

/** By name: what it should be, and what came instead. */
function wrongAnswers({ plan, data, used }: DnsFacts): readonly Sentence[] {
  return plan.names.flatMap(({ kind, name, expect }) => {
    if (expect === undefined) return [];
    const rows = data.asked.filter((row: Asked) => row.kind === kind && row.server === used && row.transport === "udp");
    const others = rows
      .flatMap(({ answers }) => Object.keys(answers))
      .filter((answer) => answer !== expect && answer !== "-");
    const missing = rows.reduce((sum, { outcomes }) => sum + (outcomes["nxdomain"] ?? 0), 0);
    const full = name.replace("@", "…");
    return [
      ...(missing > 0
        ? [
            say("{name} is at {expect}, but {count} answers say that there is no such name", {
              name: full,
              expect,
              count: missing,
            }),
          ]
        : []),
      ...(others.length > 0
        ? [
            say("{name} is at {expect}, but answers say {others}", {
              name: full,
              expect,
              others: listed([...new Set(others)]),
            }),
          ]
        : []),
    ];
  });
}
