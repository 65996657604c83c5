import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { namespaceCommand } from "../core/namespace-command.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { versionsOf } from "../core/readings.ts";

/** Kernel settings that decide about forwarding, by path below /proc/sys/net, and `kernel/osrelease`; live values. Subject: vantage id. */
export const sysctlsEvidence = defineEvidence(
  "sysctls",
  z.object({ values: z.record(z.string(), z.string()), changed: z.array(z.string()) }),
);

/** Per-device folders whose files are read; nodes have hundreds of pod devices, which say nothing. */
const MAX_VALUES = 200;

/** Reads lines path:value of `netcheck-netns`. */
export function parseSysctls(stdout: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [, path = "", value = ""] of stdout.matchAll(/^\/proc\/sys\/(?:net\/)?([^:]+):(.*)$/gm))
    if (Object.keys(values).length < MAX_VALUES) values[path] = value;
  return values;
}

export const sysctls: ReadingProbe = {
  kind: "reading",
  name: "sysctls",
  scope: "netns",
  pace: "often",
  argv: namespaceCommand,
  section: "sysctls",
  read(samples, { subject }) {
    const versions = versionsOf(samples, parseSysctls);
    const [first, newest] = [versions[0], versions.at(-1)];
    if (!first || !newest) return [];
    const changed = Object.keys(newest.value).filter(
      (path) => first.value[path] !== newest.value[path] && !path.endsWith("conntrack_count"),
    );
    return [evidenceOf(sysctlsEvidence, subject, newest.toMs, { values: newest.value, changed })];
  },
};
