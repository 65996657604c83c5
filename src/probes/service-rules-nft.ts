import { z } from "zod";
import { evidenceOf } from "../core/evidence.ts";
import { nftFamily } from "../core/ip-family.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { parseJson } from "../core/readings.ts";
import { type ServiceRule, serviceRulesNftEvidence } from "../core/service-evidence.ts";
import { newestOf } from "./service-rules.ts";

type NftServices = z.infer<typeof serviceRulesNftEvidence.schema>;

const MAX_SERVICES = 400;
const NO_SUCH_TABLE = 1;

const listing = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) });
const mapSchema = z.object({ name: z.string(), elem: z.array(z.unknown()).default([]) });
const ruleSchema = z.object({ chain: z.string(), expr: z.array(z.unknown()) });
const keySchema = z.object({ concat: z.tuple([z.string(), z.string(), z.number()]) });
const goesTo = z.object({ target: z.string() });
const dnatSchema = z.object({ addr: z.string(), port: z.number() });

/**
 * Follows the map `service-ips` through its chains to the addresses they rewrite to, in `nft -j list table ip kube-proxy`, or of ip6.
 * Elements may be bare or wrapped with comments and counters, and jumps may stand in rules or in verdict maps.
 */
export function parseNftServices(stdout: string): NftServices | undefined {
  const parsed = listing.safeParse(parseJson(stdout)).data;
  if (!parsed) return undefined;
  const next = new Map<string, string[]>();
  const targets = new Map<string, { ip: string; port: number }[]>();
  for (const { rule } of parsed.nftables) {
    const read = ruleSchema.safeParse(rule).data;
    if (!read) continue;
    next.set(read.chain, [...(next.get(read.chain) ?? []), ...targetsIn(read.expr)]);
    for (const { addr, port } of found(read.expr, "dnat", dnatSchema))
      targets.set(read.chain, [...(targets.get(read.chain) ?? []), { ip: addr, port }]);
  }
  const endpointsOf = (chain: string, depth = 0): { ip: string; port: number }[] => {
    if (depth > 4) return [];
    return [...(targets.get(chain) ?? []), ...(next.get(chain) ?? []).flatMap((one) => endpointsOf(one, depth + 1))];
  };
  const services = parsed.nftables
    .flatMap(({ map }) => mapSchema.safeParse(map).data ?? [])
    .filter(({ name }) => name === "service-ips")
    .flatMap(({ elem }) => elem)
    .flatMap((pair): ServiceRule[] => {
      if (!Array.isArray(pair)) return [];
      const [key] = found([pair[0]], "concat", keySchema.shape.concat);
      const [chain] = targetsIn([pair[1]]);
      if (!key || chain === undefined) return [];
      const distinct = new Map(endpointsOf(chain).map((end) => [`${end.ip}:${end.port}`, end]));
      return [{ ip: key[0], protocol: key[1], port: key[2], endpoints: [...distinct.values()] }];
    });
  const frame = parsed.nftables.some(({ table, map }) => table !== undefined || map !== undefined);
  return { frame, services: services.slice(0, MAX_SERVICES) };
}

function targetsIn(tree: unknown): string[] {
  return [...found(tree, "goto", goesTo), ...found(tree, "jump", goesTo)].map(({ target }) => target);
}

/** Everything in a tree that stands under a key and has a shape. */
function found<T>(tree: unknown, key: string, schema: z.ZodType<T>, depth = 0): T[] {
  if (depth > 12 || typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([name, value]) => {
    const here = name === key ? schema.safeParse(value).data : undefined;
    return here === undefined ? found(value, key, schema, depth + 1) : [here];
  });
}

export const serviceRulesNft: ReadingProbe = {
  kind: "reading",
  name: "service-rules-nft",
  scope: "node",
  pace: "seldom",
  argv: (_, plan) => ["nft", "-j", "list", "table", nftFamily(plan), "kube-proxy"],
  read(samples, { subject }) {
    const newest = newestOf(samples, ({ exitCode, stdout }): NftServices | undefined => {
      if (exitCode === NO_SUCH_TABLE && stdout.trim() === "") return { frame: false, services: [] };
      return exitCode === 0 ? parseNftServices(stdout) : undefined;
    });
    return newest ? [evidenceOf(serviceRulesNftEvidence, subject, newest.atMs, newest.value)] : [];
  },
};
