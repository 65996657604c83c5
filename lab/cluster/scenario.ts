import { dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import { faultSchema } from "./faults/table.ts";
import { loadTopology, type Topology, topologyOf } from "./topology.ts";
import { noiseSchema, trafficSchema } from "./traffic.ts";
import { parseWith, readYaml } from "./yaml-file.ts";

const text = z.string("must be text");

const scenarioSchema = z.strictObject({
  scenario: text.regex(/^[a-z0-9][a-z0-9-]{0,79}$/, "must be lower-case letters, digits and dashes"),
  about: text.optional(),
  case: text.optional(),
  /** Checked on its own: it may be a path to a file. */
  topology: z.unknown().optional(),
  traffic: z.array(trafficSchema, "must be a list").default([]),
  noise: noiseSchema.optional(),
  faults: z.array(faultSchema, "must be a list of faults").default([]),
  command: text.min(1, "must say what follows /netcheck"),
  repeat: z.number("must be a number").int().min(1).max(1_000).default(1),
  expect: z
    .strictObject({
      status: z
        .enum(["healthy", "degraded", "broken", "partial"], "must be healthy, degraded, broken or partial")
        .optional(),
      causes: z
        .array(z.strictObject({ cause: text, where: text.optional() }), "must be a list of { cause, where }")
        .optional(),
      never: z.array(text, "must be a list of causes").optional(),
    })
    .default({}),
});

/** A scenario file, checked, with its topology read and every default filled in. */
export type LoadedScenario = Omit<z.output<typeof scenarioSchema>, "topology"> & {
  readonly file: string;
  readonly topology: Topology;
  /** Parts of the topology that the file chose itself, such as `overlay`. */
  readonly insists: readonly string[];
  /** How long the check may take, its own window included. */
  readonly timeoutMs: number;
};

/** Minutes and hours in a command's words, for how long to wait; netcheck itself decides what they mean. */
const DURATION = /\b(\d+)(s|m|h)\b/g;
const DEFAULT_DURATION_MS = 60_000;
const AROUND_MS = 60_000;

/** Reads a scenario from any path. Throws `bad-config` with one line per mistake: "file:line: what is wrong". */
export async function loadScenario(path: string): Promise<LoadedScenario> {
  const file = await readYaml(path);
  const { topology: written, ...scenario } = parseWith(scenarioSchema, file);
  const topology =
    typeof written === "string"
      ? await loadTopology(isAbsolute(written) ? written : join(dirname(path), written))
      : written === undefined || written === null
        ? await loadTopology()
        : topologyOf(file);
  const insists = typeof written === "object" && written !== null ? Object.keys(written) : [];
  return { ...scenario, file: path, topology, insists, timeoutMs: durationOf(scenario.command) + AROUND_MS };
}

function durationOf(command: string): number {
  const units = { s: 1_000, m: 60_000, h: 3_600_000 } as const;
  const found = [...command.matchAll(DURATION)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units],
    0,
  );
  return found === 0 ? DEFAULT_DURATION_MS : found;
}
