import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quantile } from "../figure.ts";

/** What one process cost, all of it: start, work and end. */
export type Cost = { readonly wallS: number; readonly userS: number; readonly systemS: number; readonly rssMb: number };

/** Runs a shell command with `file` in the cache; throws when it fails. Answers its cost and standard output. */
async function timed(command: string, file: string): Promise<Cost & { readonly output: string }> {
  const folder = mkdtempSync(join(tmpdir(), "netcheck-timed-"));
  const out = join(folder, "time");
  try {
    await run(`cat ${file} > /dev/null`);
    const output = await run(`/usr/bin/time -o ${out} -f '%U %S %M' ${command}`);
    const [userS = 0, systemS = 0, kb = 0] = readFileSync(out, "utf8").trim().split(" ").map(Number);
    return { wallS: output.wallS, userS, systemS, rssMb: kb / 1024, output: output.text };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(command: string): Promise<{ readonly wallS: number; readonly text: string }> {
  const began = performance.now();
  const child = spawn("bash", ["-c", `exec ${command}`], { stdio: ["ignore", "pipe", "pipe"] });
  const text: string[] = [];
  const errors: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (part: string) => text.push(part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => errors.push(part));
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`${command}: exit code ${code}\n${errors.join("")}`);
  return { wallS: (performance.now() - began) / 1e3, text: text.join("") };
}

export type Median = Cost & { readonly userMinS: number; readonly userMaxS: number; readonly output: string };

/** Medians of several runs, one at a time. */
export async function measured(command: string, file: string, runs: number): Promise<Median> {
  const costs: (Cost & { readonly output: string })[] = [];
  for (let at = 0; at < runs; at++) costs.push(await timed(command, file));
  const middle = (pick: (cost: Cost) => number): number => quantile(costs.map(pick), 0.5);
  const users = costs.map(({ userS }) => userS);
  return {
    wallS: middle(({ wallS }) => wallS),
    userS: middle(({ userS }) => userS),
    systemS: middle(({ systemS }) => systemS),
    rssMb: Math.max(...costs.map(({ rssMb }) => rssMb)),
    userMinS: Math.min(...users),
    userMaxS: Math.max(...users),
    output: costs[0]?.output ?? "",
  };
}
