import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { commands } from "#src/commands/index.ts";
import { probes } from "#src/probes/index.ts";
import { rules } from "#src/rules/index.ts";

const root = new URL("..", import.meta.url).pathname;
const biome = join(root, "node_modules", ".bin", "biome");

/** One file per rule of the architecture, each breaking exactly that rule. */
const planted: readonly { file: string; code: string; rule: string }[] = [
  {
    file: "src/core/a.ts",
    code: 'import os from "node:os";\nexport const x = os.hostname();',
    rule: "noRestrictedImports",
  },
  { file: "src/rules/b.ts", code: 'import { pino } from "pino";\nexport const x = pino;', rule: "noRestrictedImports" },
  {
    file: "src/probes/c.ts",
    code: 'import { x } from "../queue/x.ts";\nexport const y = x;',
    rule: "noRestrictedImports",
  },
  {
    file: "src/report/d.ts",
    code: 'import type { App } from "@slack/bolt";\nexport type X = App;',
    rule: "noRestrictedImports",
  },
  { file: "src/commands/e.ts", code: "export const x = Date.now();", rule: "plugin" },
  { file: "src/pcap/f.ts", code: "export const x = Math.random();", rule: "plugin" },
  { file: "src/core/g.ts", code: 'export const x = fetch("x");', rule: "noRestrictedGlobals" },
  {
    file: "src/doctor/ha.ts",
    code: 'import { Redis } from "ioredis";\nexport const y = Redis;',
    rule: "noRestrictedImports",
  },
  { file: "src/doctor/hb.ts", code: "export const x = Date.now();", rule: "plugin" },
  { file: "src/core/h.ts", code: "export const x = process.argv;", rule: "noRestrictedGlobals" },
  {
    file: "src/queue/i.ts",
    code: 'import { x } from "#workers/all.ts";\nexport const y = x;',
    rule: "noRestrictedImports",
  },
  {
    file: "src/queue/j.ts",
    code: 'import { x } from "#lab/owner.ts";\nexport const y = x;',
    rule: "noRestrictedImports",
  },
  {
    file: "src/slack/k.ts",
    code: 'import { x } from "../cluster/exec.ts";\nexport const y = x;',
    rule: "noRestrictedImports",
  },
  {
    file: "src/slack/l.ts",
    code: 'import { KubeConfig } from "@kubernetes/client-node";\nexport const y = KubeConfig;',
    rule: "noRestrictedImports",
  },
  {
    file: "src/cluster/m.ts",
    code: 'import { App } from "@slack/bolt";\nexport const y = App;',
    rule: "noRestrictedImports",
  },
  {
    file: "src/cluster/n.ts",
    code: 'import { Exec } from "@kubernetes/client-node";\nexport const y = Exec;',
    rule: "noRestrictedImports",
  },
  {
    file: "workers/report.ts",
    code: 'import { x } from "#src/cluster/exec.ts";\nexport const y = x;',
    rule: "noRestrictedImports",
  },
  {
    file: "workers/measure.ts",
    code: 'import { App } from "@slack/bolt";\nexport const y = App;',
    rule: "noRestrictedImports",
  },
  { file: "src/queue/o.ts", code: "export const x = process.env;", rule: "noProcessEnv" },
  { file: "src/queue/p.ts", code: "export enum X {\n  A,\n}", rule: "noEnum" },
  { file: "src/queue/q.ts", code: "export default 1;", rule: "noDefaultExport" },
  { file: "src/queue/r.ts", code: 'import { x } from "./log";\nexport const y = x;', rule: "useImportExtensions" },
  { file: "src/queue/s.ts", code: 'console.log("x");\nexport const y = 1;', rule: "noConsole" },
  { file: "src/queue/t.ts", code: "const f = async () => 1;\nf();\nexport const y = f;", rule: "noFloatingPromises" },
];

/** What looks similar and is allowed. */
const allowed: readonly { file: string; code: string }[] = [
  { file: "src/core/ok-date.ts", code: "export const iso = (ms: number): string => new Date(ms).toISOString();\n" },
  { file: "src/slack/ok-clock.ts", code: "export const now = (): number => Date.now();\n" },
  { file: "src/queue/log.ts", code: "export const x = 1;\n" },
  {
    file: "src/cluster/ok-kube.ts",
    code: 'import { KubeConfig } from "@kubernetes/client-node";\n\nexport const make = (): KubeConfig => new KubeConfig();\n',
  },
];

const reported = z.object({
  diagnostics: z.array(
    z.object({
      category: z.string().nullish(),
      location: z.object({ path: z.union([z.string(), z.object({ file: z.string() })]) }),
    }),
  ),
});

const folder = mkdtempSync(join(tmpdir(), "netcheck-lint-"));
const found = new Map<string, string[]>();

beforeAll(() => {
  for (const name of ["biome.json", "package.json", "lint"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  for (const { file, code } of [...planted, ...allowed]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), code);
  }
  const run = spawnSync(biome, ["lint", "--vcs-enabled=false", "--reporter=json", "--max-diagnostics=none", "."], {
    cwd: folder,
    encoding: "utf8",
  });
  for (const { category, location } of reported.parse(JSON.parse(run.stdout)).diagnostics) {
    const path = typeof location.path === "string" ? location.path : location.path.file;
    found.set(path, [...(found.get(path) ?? []), category ?? ""]);
  }
}, 30_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(planted)("the linter sees $rule in $file", ({ file, rule }) => {
  expect(found.get(file)?.some((category) => category.includes(rule))).toBe(true);
});

test.each(allowed)("the linter leaves $file alone", ({ file }) => {
  expect(found.get(file) ?? []).toEqual([]);
});

test.each([
  ["probes", probes],
  ["rules", rules],
  ["commands", commands],
] as const)(
  "every file in src/%s is listed in its index",
  (folderName, listed: readonly { readonly name: string }[]) => {
    const files = readdirSync(join(root, "src", folderName), { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && entry.name !== "index.ts")
      .map((entry) => entry.name.replace(/\.ts$/, ""));
    expect(listed.map((item) => item.name).toSorted()).toEqual(files.toSorted());
  },
);
