import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { gainsOf, gainsSchema } from "../core/gains.ts";
import type { ReadingProbe } from "../core/probe.ts";

const container = z.object({
  /** The container's id, as its cgroup's folder carries it; empty for the limits of the pod as a whole. */
  id: z.string(),
  /** CPU time that it may use in each period, and the period, µs; absent without a limit. */
  quotaUs: z.number().optional(),
  periodUs: z.number().optional(),
  memoryBytes: z.number().optional(),
  memoryLimitBytes: z.number().optional(),
  /** The process that was closest to its limit of open files in any reading. */
  files: z.object({ open: z.number(), limit: z.number(), pid: z.number(), process: z.string() }).optional(),
  /** Processes and threads, the most that any reading showed, and the limit. */
  tasks: z.object({ most: z.number(), limit: z.number() }).optional(),
  /** Gains of `periods`, `throttled`, `throttledUs`, `oomKills`, and of µs stalled: `cpuStallUs`, `memoryStallUs`, `ioStallUs`. */
  gains: gainsSchema,
});

/** CPU throttling, memory and kills of each container of a pod. Subject: vantage id of the pod. */
export const cgroupsEvidence = defineEvidence("cgroups", z.object({ containers: z.array(container) }));

type Group = {
  quotaUs?: number;
  periodUs?: number;
  memoryBytes?: number;
  memoryLimitBytes?: number;
  files?: NonNullable<z.infer<typeof container>["files"]>;
  tasks?: number;
  tasksLimit?: number;
  readonly counts: Record<string, number>;
};

/** cgroup v1 prints "no limit" as the largest number of pages. */
const NO_LIMIT_BYTES = 2 ** 60;
/** More containers than this are hardly one pod's. */
const MAX_CONTAINERS = 40;

const counters: Readonly<Record<string, string>> = {
  "cpu.stat nr_periods": "periods",
  "cpu.stat nr_throttled": "throttled",
  "cpu.stat throttled_usec": "throttledUs",
  "memory.events oom_kill": "oomKills",
  "memory.oom_control oom_kill": "oomKills",
};
const pressures: Readonly<Record<string, string>> = {
  "cpu.pressure": "cpuStallUs",
  "memory.pressure": "memoryStallUs",
  "io.pressure": "ioStallUs",
};

/** Reads what `netcheck-cgroup` prints: by container id, "" for the pod. Lines that make no sense are left out. */
export function parseCgroups(stdout: string): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  // A line without its end may be a number without its end.
  for (const line of stdout.split("\n").slice(0, -1)) {
    const [, folder = "", file = "", text = ""] = /^(?:([^/:]+)\/)?([a-z_.]+):(.*)$/.exec(line) ?? [];
    if (file === "") continue;
    const id = /[0-9a-f]{12,}/.exec(folder)?.[0] ?? folder;
    const group = groups.get(id) ?? { counts: {} };
    if (!groups.has(id) && groups.size >= MAX_CONTAINERS) continue;
    groups.set(id, group);
    take(group, file, text);
  }
  return groups;
}

function take(group: Group, file: string, text: string): void {
  const [first = "", second = "", third = "", ...rest] = text.split(" ");
  const number = wholeNumber(first);
  const limit = number !== undefined && number < NO_LIMIT_BYTES ? number : undefined;
  switch (file) {
    case "cpu.max": {
      const periodUs = wholeNumber(second);
      if (number !== undefined) group.quotaUs = number;
      if (periodUs !== undefined) group.periodUs = periodUs;
      return;
    }
    case "cpu.cfs_quota_us":
      if (number !== undefined) group.quotaUs = number;
      return;
    case "cpu.cfs_period_us":
      if (number !== undefined) group.periodUs = number;
      return;
    case "fds": {
      const [open, limit, pid] = [first, second, third].map(wholeNumber);
      if (open !== undefined && limit !== undefined && pid !== undefined)
        group.files = { open, limit, pid, process: rest.join(" ") };
      return;
    }
    case "pids.current":
      if (number !== undefined) group.tasks = number;
      return;
    case "pids.max":
      if (number !== undefined) group.tasksLimit = number;
      return;
    case "memory.current":
    case "memory.usage_in_bytes":
      if (number !== undefined) group.memoryBytes = number;
      return;
    case "memory.max":
    case "memory.limit_in_bytes":
      if (limit !== undefined) group.memoryLimitBytes = limit;
      return;
  }
  const pressure = pressures[file];
  const total = wholeNumber(/\btotal=(\d+)$/.exec(text)?.[1] ?? "");
  if (pressure !== undefined && first === "some" && total !== undefined) group.counts[pressure] = total;
  const value = wholeNumber(second);
  // v1 counts nanoseconds.
  if (file === "cpu.stat" && first === "throttled_time" && value !== undefined)
    group.counts["throttledUs"] = Math.round(value / 1_000);
  const counter = counters[`${file} ${first}`];
  if (counter !== undefined && value !== undefined) group.counts[counter] = value;
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,19}$/.test(text) ? Number(text) : undefined;
}

export const cgroups: ReadingProbe = {
  kind: "reading",
  name: "cgroups",
  scope: "netns",
  pace: "often",
  wants: ({ netns }) => netns !== "node",
  argv: ({ netns }) => ["netcheck-cgroup", netns],
  read(samples, { subject }) {
    const good = samples.filter(({ exitCode }) => exitCode === 0);
    const newest = good.at(-1);
    if (!newest) return [];
    const ids = new Set(good.flatMap(({ stdout }) => [...parseCgroups(stdout).keys()]));
    const now = parseCgroups(newest.stdout);
    const fullest = (id: string): Pick<z.infer<typeof container>, "files" | "tasks"> => {
      const seen = good.flatMap(({ stdout }) => parseCgroups(stdout).get(id) ?? []);
      const files = seen
        .flatMap((group) => group.files ?? [])
        .toSorted((a, b) => b.open / b.limit - a.open / a.limit)[0];
      const limit = seen.at(-1)?.tasksLimit;
      const most = Math.max(0, ...seen.flatMap(({ tasks }) => tasks ?? []));
      return { ...(files ? { files } : {}), ...(limit === undefined ? {} : { tasks: { most, limit } }) };
    };
    const containers = [...ids].slice(0, MAX_CONTAINERS).flatMap((id) => {
      const gains = gainsOf(samples, (stdout) => parseCgroups(stdout).get(id)?.counts);
      if (!gains) return [];
      const { quotaUs, periodUs, memoryBytes, memoryLimitBytes } = now.get(id) ?? {};
      const state = { quotaUs, periodUs, memoryBytes, memoryLimitBytes };
      const known = Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined));
      return [{ id, ...known, ...fullest(id), gains }];
    });
    return containers.length === 0 ? [] : [evidenceOf(cgroupsEvidence, subject, newest.atMs, { containers })];
  },
};
