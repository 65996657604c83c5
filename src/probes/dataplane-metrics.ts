import { z } from "zod";
import { dataplaneCommand } from "../core/dataplane-command.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { gainsOf, gainsSchema } from "../core/gains.ts";
import type { ReadingProbe } from "../core/probe.ts";

/** What the agents of a node count about themselves (Prometheus text). Subject: vantage id of the node. */
export const dataplaneMetricsEvidence = defineEvidence(
  "dataplane-metrics",
  z.object({
    /** How full Cilium's maps are, 0 to 1, by their names; the most that was seen. */
    pressure: z.record(z.string(), z.number()),
    /** Packets that Cilium dropped, by reason. */
    drops: gainsSchema,
    /** When kube-proxy last wrote its rules, and when it was last asked to; Unix seconds, newest reading. */
    syncedS: z.number().optional(),
    queuedS: z.number().optional(),
    /** Of changes that took effect while the check ran: how many, and how long after they were asked for on average. */
    programmed: z.object({ count: z.number(), meanS: z.number() }).optional(),
    restoreFailures: z.number(),
  }),
);

type Line = { readonly name: string; readonly labels: string; readonly value: number };

/** Reads lines `name{label="…"} value`; undefined when there is none. */
export function parseMetrics(stdout: string): readonly Line[] | undefined {
  const lines = [...stdout.matchAll(/^([a-z_]+)(?:\{([^}]*)\})? (\S+)(?: \d+)?$/gm)].flatMap(
    ([, name = "", labels = "", value = ""]) =>
      Number.isFinite(Number(value)) ? [{ name, labels, value: Number(value) }] : [],
  );
  return lines.length > 0 ? lines : undefined;
}

function label(labels: string, name: string): string {
  return new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? "";
}

function summed(lines: readonly Line[] | undefined, wanted: string, by?: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { name, labels, value } of lines ?? []) {
    if (name !== wanted) continue;
    const key = by === undefined ? wanted : label(labels, by);
    sums[key] = (sums[key] ?? 0) + value;
  }
  return sums;
}

const PROGRAMMING = "kubeproxy_network_programming_duration_seconds";
const RESTORE = "kubeproxy_sync_proxy_rules_iptables_restore_failures_total";

export const dataplaneMetrics: ReadingProbe = {
  kind: "reading",
  name: "dataplane-metrics",
  scope: "node",
  pace: "seldom",
  argv: dataplaneCommand,
  section: "dataplane-metrics",
  read(samples, { subject }) {
    const read = samples.flatMap(({ exitCode, stdout }) => (exitCode === 0 ? (parseMetrics(stdout) ?? []) : []));
    const newest = samples.findLast(({ exitCode, stdout }) => exitCode === 0 && parseMetrics(stdout));
    const drops = gainsOf(
      samples,
      (text) => parseMetrics(text) && summed(parseMetrics(text), "cilium_drop_count_total", "reason"),
    );
    if (!newest || !drops) return [];
    const pressure: Record<string, number> = {};
    for (const { name, labels, value } of read)
      if (name === "cilium_bpf_map_pressure") {
        const map = label(labels, "map_name");
        pressure[map] = Math.max(pressure[map] ?? 0, value);
      }
    const last = parseMetrics(newest.stdout);
    const one = (name: string): number | undefined => last?.find((line) => line.name === name)?.value;
    const counted = gainsOf(samples, (text) => {
      const lines = parseMetrics(text);
      return (
        lines && {
          ...summed(lines, `${PROGRAMMING}_sum`),
          ...summed(lines, `${PROGRAMMING}_count`),
          ...summed(lines, RESTORE),
        }
      );
    })?.gained;
    const count = counted?.[`${PROGRAMMING}_count`] ?? 0;
    const syncedS = one("kubeproxy_sync_proxy_rules_last_timestamp_seconds");
    const queuedS = one("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds");
    return [
      evidenceOf(dataplaneMetricsEvidence, subject, newest.atMs, {
        pressure,
        drops,
        ...(syncedS === undefined ? {} : { syncedS }),
        ...(queuedS === undefined ? {} : { queuedS }),
        ...(count > 0 ? { programmed: { count, meanS: (counted?.[`${PROGRAMMING}_sum`] ?? 0) / count } } : {}),
        restoreFailures: counted?.[RESTORE] ?? 0,
      }),
    ];
  },
};
