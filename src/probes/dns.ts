import { spreadOf } from "../core/buckets.ts";
import { type Asked, type DnsData, dnsEvidence, QUERY_MS, SLOW_MS } from "../core/dns-evidence.ts";
import { type DnsPart, dnsIntervalMs } from "../core/dns-pace.ts";
import { evidenceOf } from "../core/evidence.ts";
import { lineReader } from "../core/line-reader.ts";
import type { Reader, SurveyContext, SurveyProbe } from "../core/probe.ts";

/** How long the probe still listens for an answer after it asked. */
const LATE_MS = 5_000;
const BYTES_PER_QUERY = 240;
/** A query and its answer on Ethernet; one in five is over TCP, one in ten is two. */
const BYTES_PER_EXCHANGE = 360;
const MAX_QUERIES = 60_000;
const MAX_ANSWERS = 8;

/**
 * Queries to each name server on its own by `netcheck-dns`: the pod's resolvers, the DNS Service and each of its pods from
 * the source pod; the same, slower, from a pod of the same node and from one of another; and from the name servers'
 * own pods to themselves and to those behind them. Root queries are the only ones that leave the cluster.
 */
export const dns: SurveyProbe = {
  kind: "survey",
  name: "dns",
  wants: (context) => partOf(context) !== undefined,
  argv: ({ at, plan, view }) => {
    const part = partOf({ at, plan, view });
    const names = plan.dns?.names ?? [];
    const own = plan.dns?.servers.filter(({ id }) => id === at.id) ?? [];
    const servers =
      part === "server" ? own : [{ ip: plan.dns?.ip ?? "", port: undefined }, ...(plan.dns?.servers ?? [])];
    return [
      "netcheck-dns",
      `${dnsIntervalMs(part ?? "source", plan.window)}`,
      `${QUERY_MS}`,
      ...servers.flatMap(({ ip, port }) => ["--server", port === undefined ? ip : `${ip}#${port}`]),
      ...(part === "source" ? ["--own"] : part === "server" ? ["--upstream"] : []),
      ...(plan.dns?.ip.includes(":") ? ["--ipv6"] : []),
      ...names.flatMap(({ kind, name }) => ["--name", `${kind}=${name}`]),
    ];
  },
  maxBytes: ({ at, plan, view }) => {
    const interval = dnsIntervalMs(partOf({ at, plan, view }) ?? "source", plan.window);
    const queries = ((plan.window.endMs - plan.window.startMs + 20_000) / interval) * 8;
    return 8_192 + Math.ceil(Math.min(MAX_QUERIES, queries)) * BYTES_PER_QUERY;
  },
  traffic: ({ at, plan, view }) => {
    const part = partOf({ at, plan, view });
    const servers = (plan.dns?.servers.length ?? 0) + 1;
    const perSecond = ((part === "server" ? 2 : servers) * 1_000) / dnsIntervalMs(part ?? "source", plan.window);
    return { packetsPerSecond: perSecond * 2, bytesPerSecond: perSecond * BYTES_PER_EXCHANGE };
  },
  open: ({ at }) => openDns(at.id),
};

function partOf({ at, plan }: Pick<SurveyContext, "at" | "plan" | "view">): DnsPart | undefined {
  if (!plan.dns || !at.id.startsWith("pod/")) return undefined;
  if (at.role === "from") return "source";
  const isServer = (id: string): boolean => plan.dns?.servers.some((server) => server.id === id) ?? false;
  if (isServer(at.id)) return "server";
  const pods = plan.vantages.filter(({ id }) => id.startsWith("pod/") && !isServer(id));
  const source = pods.find(({ role }) => role === "from");
  const near = pods.find((pod) => pod.role !== "from" && pod.node === source?.node);
  const far = pods.find((pod) => pod.role !== "from" && pod.node !== source?.node);
  return at.id === near?.id || at.id === far?.id ? "control" : undefined;
}

type Query = {
  readonly key: string;
  readonly base: Pick<Asked, "server" | "transport" | "kind" | "type">;
  readonly atMs: number;
  readonly pair: boolean;
  outcome: string;
  ms: number;
  answer: string;
  late: boolean;
};

/** Reads what `netcheck-dns` prints; lines that make no sense are left out. */
export function openDns(subject: string): Reader {
  const queries: Query[] = [];
  const waiting = new Map<string, Query>();
  let resolv: DnsData["resolv"];
  let forwards: string[] = [];
  let newestMs = 0;

  const push = lineReader((line) => {
    const [at = "", word = "", ...rest] = line.trim().split(/\s+/);
    const atMs = Number(at);
    if (!Number.isFinite(atMs) || atMs <= 0) return;
    newestMs = Math.max(newestMs, atMs);
    const list = (text = "-"): string[] => (text === "-" ? [] : text.split(",").filter(Boolean));
    if (word === "resolv" && rest.length >= 3)
      resolv = { nameservers: list(rest[0]), search: list(rest[1]), options: list(rest[2]) };
    else if (word === "forward" && rest.length >= 1) forwards = list(rest[0]);
    else if (word === "query" || word === "late") {
      const query = queryOf(at, atMs, rest);
      if (!query) return;
      newestMs = Math.max(newestMs, atMs + query.ms);
      const before = word === "late" ? waiting.get(query.key) : undefined;
      if (before) {
        before.outcome = query.outcome;
        before.ms = query.ms;
        before.answer = query.answer;
        before.late = true;
        waiting.delete(query.key);
      } else if (word === "query" && queries.length < MAX_QUERIES) {
        queries.push(query);
        if (query.outcome === "timeout") waiting.set(query.key, query);
      }
    }
  });

  return {
    push,
    evidence: ({ done }) => {
      // A query may still be answered late; until then it is neither lost nor answered.
      const known = queries.filter(
        ({ outcome, atMs, base }) =>
          done || outcome !== "timeout" || base.transport === "tcp" || newestMs - atMs > LATE_MS,
      );
      if (known.length === 0 && resolv === undefined && forwards.length === 0) return [];
      const asked = [...Map.groupBy(known, ({ base }) => JSON.stringify(base)).values()].map(summary);
      return [
        evidenceOf(dnsEvidence, subject, newestMs, {
          ...(resolv === undefined ? {} : { resolv }),
          forwards,
          asked,
          pairs: pairsOf(known),
        }),
      ];
    },
  };
}

function queryOf(at: string, atMs: number, rest: readonly string[]): Query | undefined {
  const [server = "", transport, together, kind, type, outcome = "", duration, answer = "-"] = rest;
  const ms = Number(duration);
  if (!Number.isFinite(ms) || server === "" || outcome === "") return undefined;
  if (transport !== "udp" && transport !== "tcp") return undefined;
  if (kind !== "cluster" && kind !== "target" && kind !== "outside") return undefined;
  if (type !== "A" && type !== "AAAA" && type !== "NS") return undefined;
  return {
    key: `${at} ${server} ${transport} ${type}`,
    base: { server, transport, kind, type },
    atMs,
    pair: together === "pair",
    outcome,
    ms,
    answer,
    late: false,
  };
}

function summary(queries: readonly Query[]): Asked {
  const ordered = queries.toSorted((a, b) => a.atMs - b.atMs);
  const outcomes: Record<string, number> = {};
  const answers: Record<string, number> = {};
  let run = 0;
  let longestLostRun = 0;
  for (const { outcome, answer } of ordered) {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    run = outcome === "timeout" ? run + 1 : 0;
    longestLostRun = Math.max(longestLostRun, run);
    if (answer !== "-" && (answer in answers || Object.keys(answers).length < MAX_ANSWERS))
      answers[answer] = (answers[answer] ?? 0) + 1;
  }
  const answered = ordered.filter(({ outcome }) => outcome !== "timeout");
  const ms = spreadOf(answered.map((one) => one.ms));
  const { server, transport, kind, type } = (ordered[0] as Query).base;
  return {
    server,
    transport,
    kind,
    type,
    sent: ordered.length,
    lost: outcomes["timeout"] ?? 0,
    late: ordered.filter(({ late }) => late).length,
    slow: answered.filter((one) => one.ms > SLOW_MS).length,
    longestLostRun,
    outcomes,
    ...(ms ? { ms } : {}),
    answers,
  };
}

/** Two queries of one moment and server are a pair. */
function pairsOf(queries: readonly Query[]): DnsData["pairs"] {
  const halves = queries.filter(({ pair }) => pair);
  const byServer = Map.groupBy(halves, ({ base }) => base.server);
  return [...byServer].map(([server, all]) => {
    const pairs = [...Map.groupBy(all, ({ atMs }) => atMs).values()].filter(({ length }) => length === 2);
    const lost = pairs.map((pair) => pair.filter(({ outcome }) => outcome === "timeout").length);
    return {
      server,
      sent: pairs.length,
      half: lost.filter((count) => count === 1).length,
      both: lost.filter((count) => count === 2).length,
    };
  });
}
