import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { addProcessMetrics, createMetrics } from "#src/metrics.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const rulesSchema = z.object({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Netcheck[A-Z][A-Za-z]+$/),
          expr: z.string(),
          for: z
            .string()
            .regex(/^\d+m$/)
            .optional(),
          labels: z.strictObject({ severity: z.enum(["page", "ticket"]) }),
          annotations: z.strictObject({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});
const alerts = rulesSchema.parse(parse(read("deploy/monitoring/alerts.yaml"))).groups.flatMap(({ rules }) => rules);
const dashboard = z
  .object({
    panels: z.array(
      z.object({
        id: z.number(),
        title: z.string(),
        gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
        targets: z.array(z.object({ expr: z.string() })).default([]),
      }),
    ),
  })
  .parse(JSON.parse(read("deploy/monitoring/dashboard.json")));

const metrics = createMetrics();
addProcessMetrics(metrics);
/** Everything that can be asked for, with its labels; of a histogram its three series. */
const series = new Map<string, readonly string[]>();
for (const one of metrics.registry.getMetricsAsArray()) {
  const { name, type, labelNames } = one as typeof one & { readonly labelNames: readonly string[] };
  // Declared as an enum that exists in the types only.
  if (String(type) !== "histogram") series.set(name, labelNames);
  else for (const part of ["bucket", "sum", "count"]) series.set(`${name}_${part}`, [...labelNames, "le"]);
}

const PROMQL = new Set(["and", "or", "unless", "by", "on", "ignoring", "without", "bool"]);
/** Labels that Prometheus adds. */
const ADDED = ["instance", "job"];

/** Names of series and of labels in an expression. */
function namesIn(expr: string): { readonly names: readonly string[]; readonly labels: readonly string[] } {
  const bare = expr.replaceAll(/"[^"]*"/g, '""');
  const matched = [...bare.matchAll(/\{([^}]*)\}/g)].flatMap(
    ([, inside = ""]) => inside.match(/\w+(?=\s*[=!])/g) ?? [],
  );
  const grouped = [...bare.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(
    ([, inside = ""]) => inside.match(/\w+/g) ?? [],
  );
  const rest = bare.replaceAll(/\{[^}]*\}|\[[^\]]*\]|\b(?:by|on) \([^)]*\)/g, " ");
  const names = rest.match(/\b[a-z_][a-z0-9_]*\b(?!\s*\()/g) ?? [];
  return { names: names.filter((name) => !PROMQL.has(name)), labels: [...matched, ...grouped] };
}

const asked = [
  ...alerts.map(({ alert, expr }) => ({ by: alert, expr })),
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ by: title, expr }))),
];

describe("what is asked for is there", () => {
  test.each(asked)("$by: $expr", ({ expr }) => {
    const { names, labels } = namesIn(expr);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !series.has(name))).toEqual([]);
    const known = new Set([...names.flatMap((name) => series.get(name) ?? []), ...ADDED]);
    expect(labels.filter((label) => !known.has(label))).toEqual([]);
  });

  test("and what is not there would be noticed", () => {
    expect(namesIn('sum by (le, a) (rate(x_bucket{b="c", d!="e"}[5m])) / on (f) y > 0.5 and z')).toEqual({
      names: ["x_bucket", "y", "z"],
      labels: ["b", "d", "le", "a", "f"],
    });
  });
});

test("panels have ids of their own and do not lie on each other", () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});

test("the dashboard shows everything of netcheck's own, and the guide says what it means", () => {
  const own = [...metrics.registry.getMetricsAsArray()]
    .map(({ name }) => name)
    .filter((name) => /^netcheck_/.test(name));
  const shown = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join("\n");
  const guide = read("docs/operating.md");
  expect(own.filter((name) => !shown.includes(name))).toEqual([]);
  expect(own.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
  expect(alerts.filter(({ alert }) => !guide.includes(`\`${alert}\``))).toEqual([]);
});
