import { type Asked, dnsEvidence } from "./dns-evidence.ts";
import { endsOf } from "./elements.ts";
import type { EvidenceSet } from "./evidence.ts";
import { type HttpOutcome, httpEvidence } from "./http-evidence.ts";
import { pingEvidence, type TcpOutcome, tcpEvidence } from "./leg-evidence.ts";
import type { Leg, Plan } from "./plan.ts";
import type { Report } from "./report.ts";
import { sizedResults } from "./size-trouble.ts";
import { finalOf, tracesOf } from "./trace-text.ts";

type Row = Report["measurements"][number];

/** TCP attempts that got an answer from the far end, whatever it was. */
const ANSWERED: readonly TcpOutcome[] = ["connected", "refused", "reset"];

/** Connections on which the far end did what an HTTP or another server does. */
const SPOKEN: readonly HttpOutcome[] = ["answer", "greeting", "quiet", "closed"];

/**
 * One row per leg on which something was sent, in the order of the plan: the asked path first; then what was asked of programs,
 * packet sizes and the routers on the way; then one per vantage point and name server, for UDP and for TCP.
 */
export function measurementsOf(plan: Plan, evidence: EvidenceSet): Row[] {
  return [
    ...legRows(plan, evidence),
    ...httpRows(plan, evidence),
    ...sizeRows(plan, evidence),
    ...traceRows(plan, evidence),
    ...nameRows(plan, evidence),
  ];
}

/** `rttMs` is the time to the first byte of the answer; `lost` are the connections that failed in any way. */
function httpRows(plan: Plan, evidence: EvidenceSet): Row[] {
  return evidence.all(httpEvidence).flatMap(({ subject, data }): Row[] => {
    if (data.mode === "hello") return [];
    const leg = plan.legs.find(({ id }) => id === subject);
    const label = plan.vantages.find(({ id }) => id === data.to)?.label;
    const spoken = SPOKEN.reduce((sum, outcome) => sum + (data.outcomes[outcome] ?? 0), 0);
    return [
      {
        probe: "http",
        from: plan.vantages.find(({ id }) => id === data.from)?.label ?? data.from,
        to: leg ? targetOf(leg, plan) : `${label ?? data.to}:${data.port}`,
        part: leg?.part ?? "segment",
        sent: data.sent,
        lost: data.sent - spoken,
        ...(data.waitMs ? { rttMs: data.waitMs } : {}),
        outcomes: Object.fromEntries(Object.entries(data.outcomes).filter(([, count]) => count > 0)),
      },
    ];
  });
}

function sizeRows(plan: Plan, evidence: EvidenceSet): readonly Row[] {
  return sizedResults(plan, evidence).flatMap(({ leg, from, way: { largest, limit } }): Row[] => {
    if (leg.part === "control" || largest === undefined) return [];
    const bytes = limit && limit.endedMs === undefined ? limit.bytes : largest;
    const row = { probe: "mtu", from: from.label, to: targetOf(leg, plan), part: leg.part, largestBytes: bytes };
    return [{ ...row, sent: limit?.tried ?? 1, lost: (limit?.tried ?? 0) - (limit?.answered ?? 0) }];
  });
}

function traceRows(plan: Plan, evidence: EvidenceSet): readonly Row[] {
  return tracesOf(plan, evidence).map(({ from, to, trace }): Row => {
    const { sent, lost } = finalOf(trace);
    const path = trace.hops.map(({ addresses: [first], ...hop }) => ({
      ttl: hop.ttl,
      ...(first ? { address: first.ip } : {}),
      sent: hop.sent,
      lost: hop.lost,
      ...(hop.rttMs === undefined ? {} : { rttMs: hop.rttMs }),
    }));
    return { probe: "trace", from: from.label, to: to.label, part: "segment", sent, lost, path };
  });
}

function legRows(plan: Plan, evidence: EvidenceSet): readonly Row[] {
  return plan.legs.flatMap((leg): Row[] => {
    const from = endsOf(leg, plan).from?.label ?? leg.from;
    const base = { from, to: targetOf(leg, plan), part: leg.part };
    if (leg.port === undefined) {
      const data = evidence.get(pingEvidence, leg.id);
      if (!data || data.sent === 0) return [];
      return [
        { probe: "ping", ...base, sent: data.sent, lost: data.lost, ...(data.rttMs ? { rttMs: data.rttMs } : {}) },
      ];
    }
    const data = evidence.get(tcpEvidence, leg.id);
    if (!data || data.sent === 0) return [];
    const answered = ANSWERED.reduce((sum, outcome) => sum + (data.outcomes[outcome] ?? 0), 0);
    const outcomes = Object.fromEntries(Object.entries(data.outcomes).filter(([, count]) => count > 0));
    return [
      {
        probe: "tcp",
        ...base,
        sent: data.sent,
        lost: data.sent - answered,
        ...(data.connectMs ? { rttMs: data.connectMs } : {}),
        outcomes,
      },
    ];
  });
}

function targetOf(leg: Leg, plan: Plan): string {
  const service = leg.scope === "service" && plan.to.kind === "service" ? plan.to.name : undefined;
  const name = endsOf(leg, plan).to?.label ?? service ?? leg.toIp;
  return leg.port === undefined ? name : `${name}:${leg.port}`;
}

/** What was asked of name servers. Answers that came after the deadline are none that are lost. */
function nameRows(plan: Plan, evidence: EvidenceSet): Row[] {
  return plan.vantages.flatMap((at) => {
    const rows = evidence.get(dnsEvidence, at.id)?.asked ?? [];
    const part = at.role === "from" ? ("segment" as const) : ("control" as const);
    return [...Map.groupBy(rows, ({ server, transport }) => `${server} ${transport}`).values()].map((same): Row => {
      const { server, transport } = same[0] as Asked;
      const spreads = same.flatMap(({ ms, sent }) => (ms ? [{ ms, sent }] : []));
      const outcomes: Record<string, number> = {};
      for (const row of same)
        for (const [outcome, count] of Object.entries(row.outcomes))
          outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
      const main = spreads.toSorted((a, b) => b.sent - a.sent)[0]?.ms;
      return {
        probe: "dns",
        from: at.label,
        to: `${serverName(server, plan)}${transport === "tcp" ? " (TCP)" : ""}`,
        part,
        sent: same.reduce((sum, row) => sum + row.sent, 0),
        lost: same.reduce((sum, row) => sum + row.lost, 0),
        ...(main
          ? {
              rttMs: {
                min: Math.min(...spreads.map(({ ms }) => ms.min)),
                p50: main.p50,
                p99: Math.max(...spreads.map(({ ms }) => ms.p99)),
                max: Math.max(...spreads.map(({ ms }) => ms.max)),
              },
            }
          : {}),
        outcomes,
      };
    });
  });
}

function serverName(address: string, { dns }: Plan): string {
  if (address === dns?.ip) return dns.service;
  return dns?.servers.find(({ ip }) => ip === address)?.label ?? address;
}
