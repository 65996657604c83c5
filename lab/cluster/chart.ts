import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

/** What the Helm chart gives netcheck, so that the lab gives it the same: nothing is right here that would be refused there. */
const files = new URL("../../deploy/chart/files/", import.meta.url);

const rulesSchema = z.array(
  z.strictObject({
    apiGroups: z.array(z.string()).min(1),
    resources: z.array(z.string()).min(1),
    verbs: z.array(z.string()).min(1),
  }),
);

export type ChartRule = z.infer<typeof rulesSchema>[number];

/** Rules of one of the worker's roles. */
export const chartRules = (
  file: "worker-cluster-rules" | "worker-agent-rules" | "worker-lease-rules",
): readonly ChartRule[] => rulesSchema.parse(parse(readFileSync(new URL(`${file}.yaml`, files), "utf8")));

/** The capabilities of an agent's container, as in a pod: `NET_ADMIN`. */
export const agentCapabilities = (): readonly string[] =>
  z.array(z.string().regex(/^[A-Z_]+$/)).parse(parse(readFileSync(new URL("agent-capabilities.yaml", files), "utf8")));

/** Becomes a command with these capabilities and no others, and no way to more, as a container runtime starts it. */
export const confined = (capabilities: readonly string[], argv: readonly string[]): string[] => [
  "setpriv",
  "--no-new-privs",
  "--inh-caps=-all",
  `--bounding-set=${["-all", ...capabilities.map((name) => `+${name.toLowerCase()}`)].join(",")}`,
  "--",
  ...argv,
];
