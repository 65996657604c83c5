import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { processesIn, removeCgroup } from "./cgroups.ts";
import { startTimeOf } from "./processes.ts";

const recordSchema = z.object({ pid: z.number(), startTime: z.string(), cgroups: z.array(z.string()) });

/** What a lab leaves on the machine while it lives, and who sees to it that it goes. */
export type Trace = {
  /** Ends the reaper's wait; resolves when everything has been taken away. */
  readonly reap: () => Promise<void>;
};

const reaper = new URL("programs/reap.sh", import.meta.url).pathname;

/**
 * Writes down which cgroups a lab is about to make, and starts the process that removes them when this one has gone,
 * by whatever means. It waits on a pipe that only we hold, so it costs nothing.
 */
export function leaveTrace({ dir, id, cgroups }: { dir: string; id: string; cgroups: readonly string[] }): Trace {
  const folder = join(dir, `cluster-${id}`);
  mkdirSync(folder, { recursive: true });
  const record = { pid: process.pid, startTime: startTimeOf(process.pid) ?? "", cgroups };
  writeFileSync(join(folder, "trace.json"), JSON.stringify(record));
  const child = spawn("sh", [reaper, folder, ...cgroups], {
    detached: true,
    cwd: "/",
    stdio: ["pipe", "ignore", "ignore"],
  });
  letGo(child);
  return {
    async reap() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      const gone = once(child, "exit");
      child.stdin?.end();
      await gone;
    },
  };
}

/** Neither the reaper nor our end of its pipe keeps this process running. */
function letGo(child: ChildProcess): void {
  child.unref();
  const { stdin } = child;
  if (stdin !== null && "unref" in stdin && typeof stdin.unref === "function") stdin.unref();
  stdin?.on("error", () => {});
}

/** Takes away what labs left whose owner and reaper were both killed. */
export function removeLeftovers(dir: string): void {
  for (const name of namesIn(dir).filter((entry) => entry.startsWith("cluster-"))) {
    const folder = join(dir, name);
    const record = readRecord(folder);
    if (record !== undefined) {
      if (startTimeOf(record.pid) === record.startTime) continue;
      if (record.cgroups.some((cgroup) => processesIn(cgroup).length > 0)) continue;
      for (const cgroup of record.cgroups) removeCgroup(cgroup);
      if (record.cgroups.some(existsSync)) continue;
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

function readRecord(folder: string): z.infer<typeof recordSchema> | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(join(folder, "trace.json"), "utf8")));
  } catch {
    return undefined;
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
