import type { LegResult } from "./compare.ts";
import { type Asked, type DnsData, dnsEvidence } from "./dns-evidence.ts";
import type { DnsPlan } from "./dns-plan.ts";
import type { Vantage } from "./plan.ts";
import type { Case } from "./rule.ts";
import { wilson } from "./stats.ts";

/** How a server did, over several rows of what was asked. */
export type Tally = {
  readonly sent: number;
  readonly lost: number;
  readonly late: number;
  readonly slow: number;
  /** Answered, but with an error: refused, SERVFAIL, an ICMP error. */
  readonly failed: number;
  /** Answered that there is no such name, or with another address than the right one. */
  readonly wrong: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
};

/** Part of the echoes to a server that is lost where no query gets through. */
const MOST_LOST = 0.5;

/** One DNS pod, asked from several places. */
type ServerFacts = DnsPlan["servers"][number] & {
  readonly here: Tally;
  /** From its own pod, where no network lies between. */
  readonly self: Tally;
  readonly near: Tally;
  readonly far: Tally;
  /** The echoes from the source to it, if they were sent. */
  readonly leg: LegResult | undefined;
};

type Behind = { readonly server: string; readonly address: string; readonly tally: Tally };

/** Everything that was found out about names, from the view of the asking pod. */
export type DnsFacts = {
  readonly plan: DnsPlan;
  readonly at: Vantage;
  readonly data: DnsData;
  /** The same from a pod of the same node and from one of another. */
  readonly nearData: DnsData | undefined;
  readonly farData: DnsData | undefined;
  /** The address that the pod's applications ask first, and whether it is one that it should ask. */
  readonly own: string;
  readonly expected: boolean;
  /** The address by which the pod should resolve: its own, or the Service where its own is a wrong one. */
  readonly used: string;
  readonly names: Tally;
  readonly service: Tally;
  readonly servers: readonly ServerFacts[];
  /** A pod of the same node, and one of another: the Service from there. */
  readonly near: { readonly at: Vantage; readonly service: Tally } | undefined;
  readonly far: { readonly at: Vantage; readonly service: Tally } | undefined;
  /** Root queries to the address that the pod uses, and from the servers' pods to those behind them. */
  readonly outside: Tally;
  readonly behind: readonly Behind[];
};

const GOOD = new Set(["ok", "empty", "truncated"]);
/** Outcomes that say nothing about whether the server works. */
const MAY_BE_RIGHT = new Set([...GOOD, "nxdomain", "timeout"]);
const NODE_LOCAL = "169.254.20.10";

type Select = {
  readonly server?: string | undefined;
  readonly transport?: Asked["transport"];
  readonly outside?: boolean;
};

/** Adds up what a place asked. Without `outside`: names of the cluster, as they decide. */
export function tally(
  data: DnsData | undefined,
  plan: DnsPlan,
  { server, transport = "udp", outside = false }: Select,
): Tally {
  const rows = (data?.asked ?? []).filter(
    (row) =>
      (server === undefined || row.server === server) &&
      row.transport === transport &&
      (row.kind === "outside") === outside &&
      // A host name of somebody else is as good as its servers outside.
      (row.kind !== "target" || plan.names.some(({ kind, expect }) => kind === "target" && expect !== undefined)),
  );
  return addUp(rows, plan);
}

function addUp(rows: readonly Asked[], plan: DnsPlan): Tally {
  const outcomes: Record<string, number> = {};
  let [sent, lost, late, slow, failed, wrong] = [0, 0, 0, 0, 0, 0];
  for (const row of rows) {
    sent += row.sent;
    lost += row.lost;
    late += row.late;
    slow += row.slow;
    const expect = plan.names.find(({ kind }) => kind === row.kind)?.expect;
    if (expect !== undefined) {
      wrong += row.outcomes["nxdomain"] ?? 0;
      // The other family's answer is rightly empty.
      if (row.type === (expect.includes(":") ? "AAAA" : "A")) {
        wrong += row.outcomes["empty"] ?? 0;
        for (const [answer, count] of Object.entries(row.answers)) if (answer !== expect) wrong += count;
      }
    }
    for (const [outcome, count] of Object.entries(row.outcomes)) {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
      if (!MAY_BE_RIGHT.has(outcome)) failed += count;
    }
  }
  const spreads = rows.flatMap(({ ms, sent: weight }) => (ms ? [{ ms, weight }] : []));
  const middle = spreads.toSorted((a, b) => b.weight - a.weight)[0]?.ms.p50;
  const p99 = spreads.length === 0 ? undefined : Math.max(...spreads.map(({ ms }) => ms.p99));
  return { sent, lost, late, slow, failed, wrong, outcomes, p50: middle, p99 };
}

/** Share of queries without a usable answer. */
export function failing({ sent, lost, failed }: Tally): number {
  return sent === 0 ? 0 : (lost + failed) / sent;
}

/** Nothing useful comes from there. */
export function isDead(one: Tally): boolean {
  return one.sent >= 5 && failing(one) >= 0.9;
}

/** It was answered. Places to compare with ask seldom: three answers of three are not to be had where nine of ten fail. */
export function isGood(one: Tally): boolean {
  return one.sent >= 3 && failing(one) < 0.1;
}

/** Losses that are no accident: three at least, and 2 % beyond doubt. */
export function losesNames({ sent, lost }: Tally): boolean {
  return lost >= 3 && wilson(lost, sent).low > 0.02;
}

/** What a check knows about names; undefined where the source asked nothing. */
export function dnsFacts({ plan, evidence, comparison }: Case): DnsFacts | undefined {
  const { dns } = plan;
  const at = plan.vantages.find(({ role }) => role === "from");
  const data = at && evidence.get(dnsEvidence, at.id);
  if (!dns || !at || !data || data.asked.length === 0) return undefined;
  const others = evidence.all(dnsEvidence).flatMap(({ subject, data: seen }) => {
    const vantage = plan.vantages.find(({ id }) => id === subject);
    return vantage && subject !== at.id ? [{ vantage, seen }] : [];
  });
  const controls = others.filter(({ vantage }) => !dns.servers.some(({ id }) => id === vantage.id));
  const near = controls.find(({ vantage }) => vantage.node === at.node);
  const far = controls.find(({ vantage }) => vantage.node !== at.node);
  const own = data.resolv?.nameservers[0] ?? dns.ip;
  const siblings = controls.flatMap(({ seen }) => seen.resolv?.nameservers ?? []);
  const expected = [dns.ip, NODE_LOCAL, ...siblings, ...dns.servers.map(({ ip }) => ip)].includes(own);
  const used = expected ? own : dns.ip;
  const serviceFrom = (control: typeof near) =>
    control && { at: control.vantage, service: tally(control.seen, dns, { server: dns.ip }) };
  return {
    plan: dns,
    at,
    data,
    nearData: near?.seen,
    farData: far?.seen,
    own,
    expected,
    used,
    names: tally(data, dns, { server: used }),
    service: tally(data, dns, { server: dns.ip }),
    servers: dns.servers.map((server) => {
      const from = (seen: DnsData | undefined): Tally => tally(seen, dns, { server: server.ip });
      return {
        ...server,
        here: from(data),
        self: from(evidence.get(dnsEvidence, server.id)),
        near: from(near?.seen),
        far: from(far?.seen),
        leg: comparison.legs.get(`${at.id}>${server.id}`),
      };
    }),
    near: serviceFrom(near),
    far: serviceFrom(far),
    outside: tally(data, dns, { server: used, outside: true }),
    behind: others.flatMap(({ vantage, seen }) =>
      seen.forwards.map((address) => ({
        server: vantage.label,
        address,
        tally: tally(seen, dns, { server: address, outside: true }),
      })),
    ),
  };
}

/** Legs of echoes to name servers that suffer as the queries do: whatever accounts for them accounts for the names. */
export function sufferingLegs({ servers }: DnsFacts): readonly string[] {
  return servers.flatMap(({ leg }) =>
    leg && (leg.state === "dead" || leg.state === "lossy" || leg.state === "late") ? [leg.leg.id] : [],
  );
}

/** Those on which so much is lost that it accounts for queries of which none is answered. */
export function brokenLegs({ servers }: DnsFacts): readonly string[] {
  return servers.flatMap(({ leg }) => (leg && leg.lost >= MOST_LOST * leg.sent ? [leg.leg.id] : []));
}
