import { z } from "zod";
import { dataplaneCommand } from "../core/dataplane-command.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { versionsOf } from "../core/readings.ts";

const table = z.object({
  backend: z.enum(["legacy", "nft"]),
  table: z.string(),
  chains: z.number().int(),
  rules: z.number().int(),
});

/** Chains and rules of Kubernetes in iptables' old tables, and then also in those of nft, which the kernel keeps beside them. Subject: vantage id of the node. */
export const legacyTablesEvidence = defineEvidence("legacy-tables", z.object({ tables: z.array(table) }));

/** Reads lines `BACKEND TABLE CHAINS RULES`. */
export function parseLegacyTables(stdout: string): z.infer<typeof table>[] | undefined {
  const tables = [...stdout.matchAll(/^(legacy|nft) (\w+) (\d+) (\d+)$/gm)].map(
    ([, backend, name = "", chains, rules]) => ({
      backend: backend === "nft" ? ("nft" as const) : ("legacy" as const),
      table: name,
      chains: Number(chains),
      rules: Number(rules),
    }),
  );
  return tables.length > 0 ? tables : undefined;
}

export const legacyTables: ReadingProbe = {
  kind: "reading",
  name: "legacy-tables",
  scope: "node",
  pace: "seldom",
  argv: dataplaneCommand,
  section: "legacy-tables",
  read(samples, { subject }) {
    const newest = versionsOf(samples, parseLegacyTables).at(-1);
    return newest ? [evidenceOf(legacyTablesEvidence, subject, newest.toMs, { tables: newest.value })] : [];
  },
};
