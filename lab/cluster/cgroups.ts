import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { NetcheckError } from "#src/core/errors.ts";

/** A cgroup tree of this machine in which a lab gets a place. */
export type Hierarchy = {
  /** Folder name below /sys/fs/cgroup; "." when the only tree is mounted right there (pure cgroup v2). */
  readonly name: string;
  readonly type: "cgroup" | "cgroup2";
  /** Mount options that give a node the same tree: the controllers, for v1. */
  readonly options: string;
  /** Our own cgroup in it. Labs are made below it, so that limits on us hold for them. */
  readonly own: string;
};

/** What the lab wants to see: v2 where there is one, and the v1 controllers that container runtimes write to. */
const wanted = ["memory", "cpu"];

/**
 * The cgroup trees of this machine: v1, v2 or both side by side. Arguments are the texts of /proc/self/mountinfo and
 * /proc/self/cgroup.
 */
export function findHierarchies(mountinfo: string, cgroup: string): Hierarchy[] {
  const ownPaths = new Map(
    cgroup
      .trim()
      .split("\n")
      .map((line): [string, string] => {
        const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
        return [controllers, path];
      }),
  );
  const found = new Map<string, Hierarchy>();
  for (const line of mountinfo.trim().split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "/", mountPoint = ""] = before.split(" ");
    const [type = "", , superOptions = ""] = after.split(" ");
    if (type === "cgroup2") {
      const alone = mountPoint === "/sys/fs/cgroup";
      found.set("v2", {
        name: alone ? "." : "unified",
        type,
        options: "",
        own: ownFolder(mountPoint, root, ownPaths.get("")),
      });
    } else if (type === "cgroup") {
      const options = superOptions.split(",").filter((option) => !["rw", "ro"].includes(option));
      const name = wanted.find((controller) => options.includes(controller));
      if (name === undefined) continue;
      const path = [...ownPaths].find(([controllers]) => controllers.split(",").includes(name))?.[1];
      found.set(name, { name, type, options: options.join(","), own: ownFolder(mountPoint, root, path) });
    }
  }
  return [...found.values()];
}

/** A path in /proc/self/cgroup counts from the tree's root; a container may have only a part of the tree mounted. */
function ownFolder(mountPoint: string, root: string, path = "/"): string {
  const inside = path === root || path.startsWith(root === "/" ? "/" : `${root}/`) ? path.slice(root.length) : "";
  return join(mountPoint, inside);
}

/** The trees of this machine. Throws when there is none that we may write to. */
export function usableHierarchies(): Hierarchy[] {
  const all = findHierarchies(readFileSync("/proc/self/mountinfo", "utf8"), readFileSync("/proc/self/cgroup", "utf8"));
  const usable = all
    .map((tree) => (existsSync(tree.own) ? tree : { ...tree, own: tree.own.slice(0, tree.own.indexOf("/cgroup") + 7) }))
    .filter(({ own }) => {
      try {
        accessSync(own, constants.W_OK);
        return true;
      } catch {
        return false;
      }
    });
  if (usable.length === 0)
    throw new NetcheckError("bad-config", "A lab needs cgroups that it may write to, and there are none here.", {
      hint: "Run it as root, in a container with --privileged.",
    });
  return usable;
}

/** For the node program: "unified:cgroup2: memory:cgroup:memory". */
export const hierarchyWords = (trees: readonly Hierarchy[]): string =>
  trees.map(({ name, type, options }) => `${name}:${type}:${options}`).join(" ");

/** Makes one cgroup in every tree, with everything above it. */
export function makeCgroups(trees: readonly Hierarchy[], path: string): string[] {
  return trees.map(({ own }) => {
    const folder = join(own, path);
    mkdirSync(folder, { recursive: true });
    return folder;
  });
}

/** The ids of all processes in a cgroup and below it, as seen from here. */
export function processesIn(cgroup: string): number[] {
  const here = readIds(join(cgroup, "cgroup.procs"));
  return [...here, ...subgroups(cgroup).flatMap((sub) => processesIn(sub))];
}

const PERIOD_US = 100_000;

/**
 * Limits a container to so many thousandths of a core, where one of its cgroups' trees knows CPU limits. Returns how to end
 * that; undefined when none does.
 */
export function limitCpu(cgroups: readonly string[], milli: number): (() => void) | undefined {
  const quotaUs = milli * (PERIOD_US / 1_000);
  const undo = cgroups.flatMap((folder) => {
    if (existsSync(join(folder, "cpu.cfs_quota_us"))) {
      writeFileSync(join(folder, "cpu.cfs_period_us"), String(PERIOD_US));
      writeFileSync(join(folder, "cpu.cfs_quota_us"), String(quotaUs));
      return [() => writeFileSync(join(folder, "cpu.cfs_quota_us"), "-1")];
    }
    if (!existsSync(join(folder, "cpu.max"))) return [];
    writeFileSync(join(folder, "cpu.max"), `${quotaUs} ${PERIOD_US}`);
    return [() => writeFileSync(join(folder, "cpu.max"), `max ${PERIOD_US}`)];
  });
  return undo.length === 0 ? undefined : () => undo.forEach((one) => void one());
}

/** Removes a cgroup with all below it. Quiet about what is gone or still in use. */
export function removeCgroup(cgroup: string): void {
  for (const sub of subgroups(cgroup)) removeCgroup(sub);
  try {
    rmdirSync(cgroup);
  } catch {
    // Still in use, or gone already: whoever looks next will see.
  }
}

function subgroups(cgroup: string): string[] {
  try {
    return readdirSync(cgroup, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(cgroup, entry.name));
  } catch {
    return [];
  }
}

function readIds(file: string): number[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .map(Number)
      .filter((id) => id > 0);
  } catch {
    return [];
  }
}
