import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { processesIn, usableHierarchies } from "#lab/cluster/cgroups.ts";
import { startCluster } from "#lab/cluster/cluster.ts";
import { removeLeftovers } from "#lab/cluster/leftovers.ts";
import { childrenOf } from "#lab/cluster/processes.ts";
import { loadTopology } from "#lab/cluster/topology.ts";
import { whyNoLab } from "../lab/cluster/can-run-lab.ts";

const reason = whyNoLab();
const folder = mkdtempSync(join(tmpdir(), "netcheck-lab-"));
afterAll(() => rmSync(folder, { recursive: true }));

const owner = new URL("../lab/cluster/owner-process.ts", import.meta.url).pathname;

type Owner = {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly saw: { readonly lost: number; readonly agent: string };
  /** Begins the end in the way given, and waits until the owner has gone. */
  readonly end: (how: () => unknown) => Promise<void>;
  /** Looks for what is left of the lab: from outside, and without asking it. */
  readonly traces: () => Traces;
};

type Traces = Record<"cgroups" | "namespaces" | "mounts" | "links" | "netns" | "files", readonly string[]>;

async function startOwner({ front = [] }: { front?: readonly string[] } = {}): Promise<Owner> {
  const before = lookAtHost();
  const [command = "", ...argv] = [...front, process.execPath, owner, folder];
  const child = spawn(command, argv, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the owner ended with ${code}`);
  });
  const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
  ended.catch(() => {});
  const pid = child.pid ?? 0;
  const cgroups = (): string[] => cgroupsNamed(`netcheck-lab-${pid}-`);
  const own = hold(cgroups().flatMap(processesIn), { but: new Set(namespacesOf(pid)) });
  const end: Owner["end"] = async (how) => {
    const exited = once(child, "exit");
    how();
    await exited;
  };
  const traces = (): Traces => {
    const now = lookAtHost();
    const living = livingNamespaces();
    return {
      cgroups: cgroups(),
      namespaces: own.filter((one) => living.has(one)),
      mounts: now.mounts.filter((one) => !before.mounts.includes(one)),
      links: now.links.filter((one) => !before.links.includes(one)),
      netns: now.netns.filter((one) => !before.netns.includes(one)),
      files: readdirSync(folder),
    };
  };
  return { child, pid, saw: JSON.parse(line), end, traces };
}

const nothing: Traces = { cgroups: [], namespaces: [], mounts: [], links: [], netns: [], files: [] };

function lookAtHost() {
  return {
    mounts: readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n"),
    links: readdirSync("/sys/class/net"),
    netns: execFileSync("ip", ["netns", "list"], { encoding: "utf8" }).split("\n").filter(Boolean),
  };
}

const NAMESPACES = ["net", "pid", "mnt", "uts", "ipc", "cgroup"] as const;

/** "net:[4026531833]" and the like; none when the process has gone. */
function namespacesOf(pid: number): string[] {
  try {
    return NAMESPACES.map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`));
  } catch {
    return [];
  }
}

/** Namespaces that the tests hold open, until they are over. */
const held: number[] = [];
afterEach(() => {
  for (const descriptor of held.splice(0)) closeSync(descriptor);
});

/**
 * The namespaces of some processes. They are held open: otherwise the kernel gives the number of one that has gone to the
 * next one that anybody on the machine makes, and a stranger who lives in that would look like somebody left behind.
 */
function hold(pids: readonly number[], { but }: { readonly but: ReadonlySet<string> }): string[] {
  const found = new Set<string>();
  for (const pid of pids)
    for (const kind of NAMESPACES)
      try {
        const descriptor = openSync(`/proc/${pid}/ns/${kind}`, "r");
        const name = readlinkSync(`/proc/self/fd/${descriptor}`);
        if (but.has(name) || found.has(name)) closeSync(descriptor);
        else {
          found.add(name);
          held.push(descriptor);
        }
      } catch {
        // The process has gone.
      }
  return [...found];
}

/** In which any process of the machine lives. */
const livingNamespaces = (): Set<string> =>
  new Set(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => namespacesOf(Number(pid))),
  );

function cgroupsNamed(prefix: string): string[] {
  return usableHierarchies().flatMap(({ own }) =>
    readdirSync(own)
      .filter((name) => name.startsWith(prefix))
      .map((name) => join(own, name)),
  );
}

const childRunning = (pid: number, script: string): number | undefined =>
  childrenOf(pid).find((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").includes(script));

describe.skipIf(reason !== undefined)(`the end of a lab${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  test("leaves nothing when its owner stops it", async () => {
    const { child, end, traces } = await startOwner();
    expect(traces().cgroups).not.toEqual([]);
    await end(() => child.stdin?.write("stop\n"));
    expect(traces()).toEqual(nothing);
  });

  test("leaves nothing when its owner is killed with SIGKILL", async () => {
    const { child, end, traces } = await startOwner();
    expect(traces().namespaces.length).toBeGreaterThan(20);
    expect(traces().cgroups).not.toEqual([]);
    await end(() => child.kill("SIGKILL"));
    await expect.poll(() => traces()).toEqual(nothing);
  });

  test("leaves nothing when it comes while nodes and pods are being started", async () => {
    const start = startCluster(await loadTopology(), {
      dir: folder,
      log: (line) => {
        const lab = line.includes(" is up ") ? childRunning(process.pid, "fabric.sh") : undefined;
        if (lab !== undefined) process.kill(lab, "SIGKILL");
      },
    });
    await expect(start).rejects.toThrow();
    const cgroups = (): string[] => cgroupsNamed(`netcheck-lab-${process.pid}-`);
    expect(cgroups()).toEqual([]);
    // Whoever was still at work had time to make one.
    await new Promise((resolve) => setImmediate(resolve));
    expect([...cgroups(), ...readdirSync(folder)]).toEqual([]);
  });

  test("leaves only empty cgroups when its reaper is killed as well, and the next start removes them", async () => {
    const { child, pid, end, traces } = await startOwner();
    const reaper = childRunning(pid, "reap.sh");
    if (reaper === undefined) throw new Error("no reaper");
    process.kill(reaper, "SIGKILL");
    await end(() => child.kill("SIGKILL"));
    await expect.poll(() => traces().namespaces).toEqual([]);
    expect(traces().cgroups).not.toEqual([]);
    await expect
      .poll(() => {
        removeLeftovers(folder);
        return traces();
      })
      .toEqual(nothing);
  });

  test("is as complete on a machine that has cgroup v2 alone", async () => {
    const remount = 'umount -R -l /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"';
    const { child, saw, end, traces } = await startOwner({ front: ["unshare", "-m", "sh", "-c", remount, "sh"] });
    expect(saw.lost).toBe(0);
    expect(saw.agent).toMatch(/^0::\/kubepods\/burstable\/pod[0-9a-f-]{36}\/[0-9a-f]{64}$/m);
    expect(saw.agent).toMatch(/ on \/sys\/fs\/cgroup type cgroup2 /);
    expect(saw.agent).toMatch(/^\/proc\/\d+\/cgroup$/m);
    await end(() => child.kill("SIGKILL"));
    await expect.poll(() => traces()).toEqual(nothing);
  });
});
