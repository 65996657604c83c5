import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What a lab could leave on the host, as lists so that two moments can be compared. Other labs may run meanwhile:
 * what belongs to one whose owner lives does not count.
 */
export type HostTraces = {
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly rules: readonly string[];
  /** Control groups of labs whose owner is dead. */
  readonly cgroups: readonly string[];
  /** Processes in such control groups. */
  readonly processes: readonly string[];
};

export function hostTraces(): HostTraces {
  return {
    mounts: readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[4] ?? "")
      .toSorted(),
    links: readdirSync("/sys/class/net").toSorted(),
    rules: ruleset(),
    cgroups: foldersBelow("/sys/fs/cgroup").filter(orphaned),
    processes: readdirSync("/proc").filter((name) => /^\d+$/.test(name) && orphaned(textOf(`/proc/${name}/cgroup`))),
  };
}

/** What is there now and was not before. */
export function newTraces(before: HostTraces): string[] {
  const now = hostTraces();
  const kinds = Object.keys(now) as (keyof HostTraces)[];
  return kinds.flatMap((kind) =>
    now[kind].filter((trace) => !before[kind].includes(trace)).map((trace) => `${kind}: ${trace}`),
  );
}

/** A lab's control groups carry the process id of its owner. */
function orphaned(text: string): boolean {
  const owner = /netcheck-lab-(\d+)-/.exec(text)?.[1];
  return owner !== undefined && !existsSync(`/proc/${owner}`);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // the process ended in the meantime
  }
}

function ruleset(): string[] {
  const text = execFileSync("nft", ["list", "ruleset"], { encoding: "utf8" });
  // Counters move by themselves.
  return text.replaceAll(/packets \d+ bytes \d+/g, "").split("\n");
}

function foldersBelow(folder: string, depth = 8): string[] {
  if (depth === 0) return [];
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => [join(folder, entry.name), ...foldersBelow(join(folder, entry.name), depth - 1)])
      .toSorted();
  } catch {
    return []; // a cgroup that went away while it was read
  }
}
