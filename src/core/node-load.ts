import { z } from "zod";
import { defineEvidence, type EvidenceSet } from "./evidence.ts";
import { gainsSchema } from "./gains.ts";

const moment = { fromMs: z.number(), toMs: z.number() };

/** One interval of CPU time. Shares of all CPU time of the interval, 0 to 1. */
const cpuStep = z.object({
  ...moment,
  busy: z.number(),
  /** Taken by the hypervisor for others. */
  steal: z.number(),
  /** The CPU that spent most of its time in softirqs, and the most of any other CPU; absent with one CPU. */
  soft: z.object({ cpu: z.number(), share: z.number(), others: z.number() }).optional(),
});
export type CpuStep = z.infer<typeof cpuStep>;

/**
 * Numbers of a node's kernel that belong to the machine as a whole, not to a network namespace. Nodes that are containers of
 * one host have the same: see `onlyHere`. Subject: `node/<name>`.
 */
export const nodeLoadEvidence = defineEvidence(
  "node-load",
  z.object({
    /** Which boot of which kernel; the last one. And whether it changed while the check ran. */
    bootId: z.string().optional(),
    /** When that boot began, seconds since 1970 by the kernel's own reckoning: /proc/stat, btime. */
    bornS: z.number().optional(),
    rebooted: z.boolean(),
    cpus: z.array(cpuStep),
    /** Packets that the queue in front of the stack refused (`dropped`), of one CPU `dropped.<cpu>`; `squeezed`: rounds that ended early. */
    softnet: gainsSchema.optional(),
    /** Memory of all TCP sockets, pages: the most that was seen, and from where on the kernel saves and refuses. */
    tcpMemory: z.object({ most: z.number(), pressure: z.number(), max: z.number() }).optional(),
    /** Open files and tasks of the whole node: the most that was seen, and the limit. */
    files: z.object({ most: z.number(), max: z.number() }).optional(),
    tasks: z.object({ most: z.number(), max: z.number() }).optional(),
    /** File systems as they were last: bytes in all and free for programs, inodes in all and free. */
    disks: z.array(
      z.object({
        path: z.string(),
        bytes: z.number(),
        freeBytes: z.number(),
        inodes: z.number(),
        freeInodes: z.number(),
      }),
    ),
    /** What the kernel thinks of its clock, at last; errors in µs. */
    clock: z.object({ synchronised: z.boolean(), offsetUs: z.number(), maxErrorUs: z.number() }).optional(),
    /** Wall clock against time since boot: jumps of half a second or more. */
    clockJumps: z.array(z.object({ ...moment, jumpedS: z.number() })),
  }),
);
export type NodeLoad = z.infer<typeof nodeLoadEvidence.schema>;

/** Nodes of one kernel that show this share of a number have it in common. */
const IN_COMMON = 0.5;

/** The kernel reckons the second of its boot anew whenever its clock is set. */
const SAME_S = 2;

/** Same boot id, or a boot in the same seconds: containers may be given a boot id of their own. */
function sameKernel(one: NodeLoad, other: NodeLoad): boolean {
  return (
    (one.bootId !== undefined && one.bootId === other.bootId) ||
    (one.bornS !== undefined && other.bornS !== undefined && Math.abs(one.bornS - other.bornS) <= SAME_S)
  );
}

/**
 * Whether a number of a node's kernel is the node's own: no other node of the check that runs on the same kernel shows half of
 * it or more. What several of them show is the host's, and says nothing about one of them.
 */
export function onlyHere(
  evidence: EvidenceSet,
  node: string,
  number: (load: NodeLoad, node: string) => number,
): boolean {
  const mine = evidence.get(nodeLoadEvidence, `node/${node}`);
  if (!mine) return false;
  const value = number(mine, node);
  return evidence
    .all(nodeLoadEvidence)
    .filter(({ subject, data }) => subject !== `node/${node}` && sameKernel(mine, data))
    .every(({ subject, data }) => number(data, subject.replace(/^node\//, "")) < IN_COMMON * value);
}

/** Whether a node has a kernel, and so a clock, that some other node of the check does not have. */
export function hasOwnKernel(evidence: EvidenceSet, node: string): boolean {
  const mine = evidence.get(nodeLoadEvidence, `node/${node}`);
  return mine !== undefined && evidence.all(nodeLoadEvidence).some(({ data }) => !sameKernel(mine, data));
}

type Numbers = Readonly<Record<string, number>>;
export type CpuTimes = {
  readonly stolen: number;
  readonly idle: number;
  readonly all: number;
  readonly soft: ReadonlyMap<number, { readonly soft: number; readonly all: number }>;
};

const numbersOf = (words: string): number[] => words.trim().split(/\s+/).map(Number);

/** Lines `@cpu STEAL IDLE ALL` and `@soft CPU SOFT ALL`, ticks since boot: of /proc/stat, see proc_stat(5). */
export function parseCpuTimes(stdout: string): CpuTimes | undefined {
  const [, stolen, idle, all] = /^@cpu (\d+) (\d+) (\d+)\n/m.exec(stdout) ?? [];
  if (all === undefined) return undefined;
  const soft = new Map(
    [...stdout.matchAll(/^@soft (\d+) (\d+) (\d+)\n/gm)].map(([, cpu, ticks, sum]) => [
      Number(cpu),
      { soft: Number(ticks), all: Number(sum) },
    ]),
  );
  return { stolen: Number(stolen), idle: Number(idle), all: Number(all), soft };
}

/** What two looks at CPU times tell of the time between; undefined when it was none, or a counter fell. */
export function cpuStepOf(before: CpuTimes, after: CpuTimes): Omit<CpuStep, "fromMs" | "toMs"> | undefined {
  const all = after.all - before.all;
  const share = (ticks: number, of: number): number => Math.min(1, Math.max(0, ticks / of));
  if (all <= 0) return undefined;
  const softs = [...after.soft].flatMap(([cpu, now]) => {
    const was = before.soft.get(cpu);
    return was && now.all > was.all ? [{ cpu, share: share(now.soft - was.soft, now.all - was.all) }] : [];
  });
  const [worst, second] = softs.toSorted((a, b) => b.share - a.share);
  return {
    busy: 1 - share(after.idle - before.idle, all),
    steal: share(after.stolen - before.stolen, all),
    ...(worst && second ? { soft: { ...worst, others: second.share } } : {}),
  };
}

/**
 * Lines `@softnet ROW DONE DROPPED SQUEEZED CPU` of /proc/net/softnet_stat (net/core/net-procfs.c), hexadecimal. CPUs that
 * are offline have no row, so a row is not a CPU: kernels since 5.10 tell it in the 13th word. A file whose CPUs have neither
 * dropped nor been squeezed leaves no line; then `@boot`, which is printed as well, shows that it was read.
 */
export function parseSoftnet(stdout: string): Numbers | undefined {
  if (!/^@boot /m.test(stdout)) return undefined;
  const values: Record<string, number> = { dropped: 0, squeezed: 0 };
  const hex = (word = ""): number => (/^[0-9a-f]{1,8}$/i.test(word) ? Number.parseInt(word, 16) : 0);
  for (const [, row = "", , dropped, squeezed, cpu] of stdout.matchAll(
    /^@softnet (\d+) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+|-)\n/gim,
  )) {
    const lost = hex(dropped);
    values["dropped"] = (values["dropped"] ?? 0) + lost;
    values["squeezed"] = (values["squeezed"] ?? 0) + hex(squeezed);
    if (lost > 0) values[`dropped.${cpu === "-" ? `row ${row}` : hex(cpu)}`] = lost;
  }
  return values;
}

/** `@sockstat TCP: inuse 27 orphan 0 tw 0 alloc 28 mem 3` (net/ipv4/proc.c), and `@tcp_mem LOW PRESSURE MAX`; pages. */
export function parseTcpMemory(stdout: string): { pages: number; pressure: number; max: number } | undefined {
  const pages = /^@sockstat TCP:.*\bmem (\d+)\n/m.exec(stdout)?.[1];
  const [, , pressure, max] = /^@tcp_mem (\d+)\s+(\d+)\s+(\d+)\n/m.exec(stdout) ?? [];
  return pages === undefined || max === undefined
    ? undefined
    : { pages: Number(pages), pressure: Number(pressure), max: Number(max) };
}

/** `@files USED FREE MOST`: file-nr of proc_sys_fs(5). Since 2.6 the second is 0 and the first counts what is in use. */
export function parseFiles(stdout: string): { used: number; max: number } | undefined {
  const [, used, free, max] = /^@files (\d+)\s+(\d+)\s+(\d+)\n/m.exec(stdout) ?? [];
  return max === undefined ? undefined : { used: Number(used) - Number(free), max: Number(max) };
}

/** Tasks of `@load`, and `@tasks MOST`. */
export function parseTasks(stdout: string): { used: number; max: number } | undefined {
  const used = /^@load \d+ (\d+) \d+\n/m.exec(stdout)?.[1];
  const max = /^@tasks (\d+)\n/m.exec(stdout)?.[1];
  return used === undefined || max === undefined ? undefined : { used: Number(used), max: Number(max) };
}

/** `@disk PATH SIZE AVAILABLE FILES FREE`: statfs(2). File systems without a fixed number of inodes say 0. */
export function parseDisks(stdout: string): NodeLoad["disks"] {
  return [...stdout.matchAll(/^@disk (\/\S*) (\d+ \d+ \d+ \d+)\n/gm)].map(([, path = "", words = ""]) => {
    const [bytes = 0, freeBytes = 0, inodes = 0, freeInodes = 0] = numbersOf(words);
    return { path, bytes, freeBytes, inodes, freeInodes };
  });
}

/** Bits of adjtimex(2): nobody disciplines the clock; offsets are in ns. */
const STA_UNSYNC = 0x40;
const STA_NANO = 0x2000;
/** State in which the clock is not synchronised. */
const TIME_ERROR = 5;

/** `@clock STATUS OFFSET MAXERROR ESTERROR STATE`. */
export function parseClock(stdout: string): NodeLoad["clock"] | undefined {
  const [, status, offset, maxError, , state] = /^@clock (\d+) (-?\d+) (\d+) (\d+) (\d+)\n/m.exec(stdout) ?? [];
  if (state === undefined) return undefined;
  return {
    synchronised: (Number(status) & STA_UNSYNC) === 0 && Number(state) !== TIME_ERROR,
    offsetUs: (Number(status) & STA_NANO) === 0 ? Number(offset) : Number(offset) / 1_000,
    maxErrorUs: Number(maxError),
  };
}
