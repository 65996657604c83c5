import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** What a lab could leave on the host, each as a sorted list so that two moments can be compared. */
export type HostTraces = {
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly rules: readonly string[];
  readonly cgroups: readonly string[];
  /** Network namespaces that any process of this machine lives in. */
  readonly netns: readonly string[];
  readonly temporary: readonly string[];
};

/** Files of other programs that come and go while tests run. */
const foreign = /^(vitest|node-compile-cache|tsx-|\.org\.chromium|playwright|snap|bash_jobs)/;

export function hostTraces(): HostTraces {
  return {
    mounts: readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[4] ?? "")
      .toSorted(),
    links: readdirSync("/sys/class/net").toSorted(),
    rules: ruleset(),
    cgroups: foldersBelow("/sys/fs/cgroup").filter((path) => /netcheck|lab/.test(path)),
    netns: networkNamespaces(),
    temporary: readdirSync("/tmp")
      .filter((name) => !foreign.test(name))
      .toSorted(),
  };
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

function networkNamespaces(): string[] {
  const seen = new Set<string>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      seen.add(readlinkSync(`/proc/${pid}/ns/net`));
    } catch {
      // the process ended in the meantime, or is a kernel thread
    }
  }
  return [...seen].toSorted();
}
