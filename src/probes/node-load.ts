import { evidenceOf } from "../core/evidence.ts";
import { gainsOf } from "../core/gains.ts";
import {
  cpuStepOf,
  type NodeLoad,
  nodeLoadEvidence,
  parseClock,
  parseCpuTimes,
  parseDisks,
  parseFiles,
  parseSoftnet,
  parseTasks,
  parseTcpMemory,
} from "../core/node-load.ts";
import type { ReadingProbe, Sample } from "../core/probe.ts";
import { kernelCommand, NO_LOG } from "./kernel.ts";

/** A wall clock that moved by this much more or less than the time since boot was set, or the machine stood still, s. */
const JUMP_S = 0.5;

/** Reads the numbers of `netcheck-kernel` that belong to the machine as a whole. */
export const nodeLoad: ReadingProbe = {
  kind: "reading",
  name: "node-load",
  scope: "node",
  pace: "often",
  argv: kernelCommand,
  section: "node-load",
  read(all, { subject }) {
    const samples = all.flatMap((sample) =>
      (sample.exitCode === 0 || sample.exitCode === NO_LOG) && /^@boot /m.test(sample.stdout)
        ? [{ ...sample, exitCode: 0 }]
        : [],
    );
    const newest = samples.at(-1);
    if (!newest) return [];
    const boots = new Set(samples.flatMap(({ stdout }) => /^@boot ([0-9a-f-]{36})\b/m.exec(stdout)?.[1] ?? []));
    const bornS = Number(/^@boot \S* ([1-9]\d*)\n/m.exec(newest.stdout)?.[1] ?? 0);
    const bootId = [...boots].at(-1);
    const softnet = gainsOf(samples, parseSoftnet);
    const memory = samples.flatMap(({ stdout }) => parseTcpMemory(stdout) ?? []);
    const [lastMemory] = memory.slice(-1);
    const files = mostOf(samples, parseFiles);
    const tasks = mostOf(samples, parseTasks);
    const clock = parseClock(newest.stdout);
    return [
      evidenceOf(nodeLoadEvidence, subject, newest.atMs, {
        ...(bootId === undefined ? {} : { bootId }),
        ...(bornS === 0 ? {} : { bornS }),
        rebooted: boots.size > 1,
        cpus: cpuSteps(samples),
        ...(softnet ? { softnet } : {}),
        ...(lastMemory
          ? {
              tcpMemory: {
                most: Math.max(...memory.map(({ pages }) => pages)),
                pressure: lastMemory.pressure,
                max: lastMemory.max,
              },
            }
          : {}),
        ...(files ? { files } : {}),
        ...(tasks ? { tasks } : {}),
        disks: parseDisks(newest.stdout),
        ...(clock ? { clock } : {}),
        clockJumps: jumpsOf(samples),
      }),
    ];
  },
};

function mostOf(
  samples: readonly Sample[],
  parse: (stdout: string) => { readonly used: number; readonly max: number } | undefined,
): NodeLoad["files"] {
  const found = samples.flatMap(({ stdout }) => parse(stdout) ?? []);
  const last = found.at(-1);
  return last && { most: Math.max(...found.map(({ used }) => used)), max: last.max };
}

function cpuSteps(samples: readonly Sample[]): NodeLoad["cpus"] {
  const seen = samples.flatMap(({ atMs, stdout }) => {
    const times = parseCpuTimes(stdout);
    return times ? [{ atMs, times }] : [];
  });
  return seen.slice(1).flatMap(({ atMs, times }, index) => {
    const before = seen[index];
    const step = before && cpuStepOf(before.times, times);
    return step ? [{ fromMs: before.atMs, toMs: atMs, ...step }] : [];
  });
}

function jumpsOf(samples: readonly Sample[]): NodeLoad["clockJumps"] {
  const seen = samples.flatMap(({ atMs, stdout }) => {
    const [, now, up] = /^@now (\d+) ([\d.]+) /m.exec(stdout) ?? [];
    return now === undefined ? [] : [{ atMs, bornS: Number(now) / 1_000 - Number(up) }];
  });
  return seen.slice(1).flatMap(({ atMs, bornS }, index) => {
    const before = seen[index];
    const jumpedS = before ? bornS - before.bornS : 0;
    return before && Math.abs(jumpedS) >= JUMP_S ? [{ fromMs: before.atMs, toMs: atMs, jumpedS }] : [];
  });
}
