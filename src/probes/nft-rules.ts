import { z } from "zod";
import { hooksOf } from "../core/chain-hooks.ts";
import { type CountedRule, dropRuleSchema, ownedByCluster, rulesOverTime } from "../core/drop-rules.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { parseJson } from "../core/readings.ts";

/** The same as `packet-filter`, for tables made with nft itself. Subject: vantage id. */
export const nftRulesEvidence = defineEvidence("nft-rules", z.object({ rules: z.array(dropRuleSchema) }));

const ruleset = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) });
const chainSchema = z.object({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  hook: z.string().optional(),
  policy: z.string().optional(),
});
const ruleSchema = z.object({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  expr: z.array(z.record(z.string(), z.unknown())),
});
const IPTABLES_TABLES = new Set(["filter", "nat", "mangle", "raw", "security"]);
const MAX_RULES = 200;

/** `nft -j list ruleset`; what iptables keeps there is read by `packet-filter` and left out here. */
export const nftRules: ReadingProbe = {
  kind: "reading",
  name: "nft-rules",
  scope: "netns",
  pace: "often",
  argv: ["nft", "-j", "list", "ruleset"],
  read(samples, { subject }) {
    const parsed = samples.flatMap(({ exitCode, stdout, atMs }) => {
      const rules = exitCode === 0 ? parseNftRules(stdout) : undefined;
      return rules ? [{ atMs, rules }] : [];
    });
    const last = parsed.at(-1);
    if (!last) return [];
    const rules = rulesOverTime(parsed.map((reading) => reading.rules));
    const kept = rules.toSorted((a, b) => (b.packets ?? 0) - (a.packets ?? 0)).slice(0, MAX_RULES);
    return [evidenceOf(nftRulesEvidence, subject, last.atMs, { rules: kept })];
  },
};

/** Reads the JSON of nft and keeps what drops or refuses. */
export function parseNftRules(stdout: string): readonly CountedRule[] | undefined {
  const parsed = ruleset.safeParse(parseJson(stdout === "" ? '{"nftables":[]}' : stdout)).data;
  if (!parsed) return undefined;
  const chains = parsed.nftables.flatMap(({ chain }) => {
    const read = chainSchema.safeParse(chain).data;
    return read ? [read] : [];
  });
  const rules = parsed.nftables.flatMap(({ rule }) => {
    const read = ruleSchema.safeParse(rule).data;
    return read ? [read] : [];
  });
  const ofIptables = (family: string, table: string): boolean =>
    (family === "ip" || family === "ip6") &&
    IPTABLES_TABLES.has(table) &&
    chains.every(
      (chain) =>
        chain.table !== table ||
        chain.family !== family ||
        chain.hook === undefined ||
        chain.name === chain.name.toUpperCase(),
    );
  const full = ({ family, table }: { family: string; table: string }): string => `${family} ${table}`;

  const found: CountedRule[] = [];
  for (const [table, mine] of Map.groupBy(chains, full)) {
    const [family = "", name = ""] = table.split(" ");
    if (ofIptables(family, name)) continue;
    const inside = rules.filter((rule) => full(rule) === table);
    const hooks = hooksOf(
      inside.flatMap(({ chain, expr }) => targetsOf(expr).map((to) => ({ from: chain, to }))),
      new Map(mine.flatMap((chain) => (chain.hook === undefined ? [] : [[chain.name, chain.hook] as const]))),
    );
    for (const chain of mine)
      if (chain.policy === "drop")
        found.push({
          table,
          chain: chain.name,
          hooks: hooks(chain.name),
          action: "drop",
          text: `chain ${table} ${chain.name}: policy drop`,
          more: [],
          owned: ownedByCluster(name),
          count: undefined,
        });
    for (const { chain, expr } of inside) {
      const action = expr.some((part) => "drop" in part)
        ? "drop"
        : expr.some((part) => "reject" in part)
          ? "reject"
          : undefined;
      if (!action) continue;
      const { count, words, ...match } = matchOf(expr);
      const text = `${table} ${chain}: ${[...words, action].join(" ")}`;
      found.push({
        table,
        chain,
        hooks: hooks(chain),
        action,
        text,
        owned: ownedByCluster(name) || ownedByCluster(chain),
        ...match,
        count,
      });
    }
  }
  return found;
}

function targetsOf(expr: readonly Record<string, unknown>[]): string[] {
  const target = z.object({ target: z.string() });
  return expr.flatMap((part) => {
    const read = target.safeParse(part["jump"] ?? part["goto"]).data;
    return read ? [read.target] : [];
  });
}

const matchSchema = z.object({ op: z.string(), left: z.record(z.string(), z.unknown()), right: z.unknown() });
const payloadSchema = z.object({ protocol: z.string(), field: z.string() });
const metaSchema = z.object({ key: z.string() });
const numgenSchema = z.object({ mode: z.string(), mod: z.number() });

type Match = Pick<
  CountedRule,
  | "source"
  | "destination"
  | "protocol"
  | "ports"
  | "sourcePorts"
  | "inDevice"
  | "outDevice"
  | "share"
  | "more"
  | "count"
>;

function matchOf(expr: readonly Record<string, unknown>[]): Match & { readonly words: readonly string[] } {
  const match: { -readonly [K in keyof Match]: Match[K] } = { more: [], count: undefined };
  const words: string[] = [];
  for (const part of expr) {
    const counter = z.object({ packets: z.number() }).safeParse(part["counter"]).data;
    if (counter) match.count = counter.packets;
    const read = matchSchema.safeParse(part["match"]).data;
    if (!read) {
      for (const name of Object.keys(part)) if (!SILENT.has(name)) match.more.push(name);
      continue;
    }
    const payload = payloadSchema.safeParse(read.left["payload"]).data;
    const meta = metaSchema.safeParse(read.left["meta"]).data;
    const numgen = numgenSchema.safeParse(read.left["numgen"]).data;
    const right = rightText(read.right);
    const left = payload ? `${payload.protocol} ${payload.field}` : meta ? meta.key : (Object.keys(read.left)[0] ?? "");
    words.push(`${left}${read.op === "==" || read.op === "in" ? "" : ` ${read.op}`} ${right}`);
    if (numgen)
      match.share = typeof read.right === "number" && read.op === "<" ? read.right / numgen.mod : 1 / numgen.mod;
    else if (read.op !== "==" && read.op !== "in") match.more.push(`${left} ${read.op}`);
    else if (payload?.field === "saddr" && typeof read.right !== "number") match.source = right;
    else if (payload?.field === "daddr") match.destination = right;
    else if (payload?.field === "dport") {
      match.ports = portRanges(read.right);
      match.protocol = payload.protocol;
    } else if (payload?.field === "sport") {
      match.sourcePorts = portRanges(read.right);
      match.protocol = payload.protocol;
    } else if (payload?.field === "protocol" || payload?.field === "nexthdr" || meta?.key === "l4proto")
      match.protocol = right === "ipv6-icmp" ? "icmp" : right;
    else if (payload?.protocol === "icmp" || payload?.protocol === "icmpv6") match.protocol = "icmp";
    else if (meta?.key === "iifname" || meta?.key === "iif") match.inDevice = right;
    else if (meta?.key === "oifname" || meta?.key === "oif") match.outDevice = right;
    else match.more.push(left);
  }
  return { ...match, words };
}

/** Statements that do not narrow down which packets are meant. */
const SILENT = new Set(["counter", "drop", "reject", "comment", "log"]);

function rightText(right: unknown): string {
  const prefix = z.object({ prefix: z.object({ addr: z.string(), len: z.number() }) }).safeParse(right).data?.prefix;
  return prefix ? `${prefix.addr}/${prefix.len}` : typeof right === "string" ? right : JSON.stringify(right);
}

function portRanges(right: unknown): [number, number][] {
  if (typeof right === "number") return [[right, right]];
  const set = z.object({ set: z.array(z.unknown()) }).safeParse(right).data;
  if (set) return set.set.flatMap(portRanges);
  const range = z.object({ range: z.tuple([z.number(), z.number()]) }).safeParse(right).data;
  return range ? [range.range] : [];
}
