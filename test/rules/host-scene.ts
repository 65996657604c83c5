import type { Evidence } from "#src/core/evidence.ts";
import { evidenceOf } from "#src/core/evidence.ts";
import { type HttpData, httpEvidence, httpOutcomes } from "#src/core/http-evidence.ts";
import type { Plan } from "#src/core/plan.ts";
import { type Scene, startOf } from "../core/simulate.ts";

/** What the kernel of a node says so many seconds into the check, line by line as `netcheck-kernel` prints it. */
export type Host = {
  /** Which boot; nodes of one kernel have the same. */
  readonly boot?: string;
  /** Second since 1970 in which it began. */
  readonly bornS?: number;
  /** Lines of section `node-load` besides @now, @load and @boot. */
  readonly lines?: readonly string[];
  /** µs that somebody waited for a CPU, and runnable tasks. */
  readonly waitedUs?: number;
  readonly running?: number;
  /** How much the wall clock has jumped so far, s. */
  readonly jumpedS?: number;
  /** Lines of the kernel log, with the second in which they were written. */
  readonly log?: readonly (readonly [atS: number, text: string])[];
};

const BORN_S = 1_000;
const boots = ["a", "b", "c", "d", "e"].map((letter) => `${letter.repeat(8)}-0000-4000-8000-000000000000`);

/** Facts of the nodes' kernels; nodes that are not named say that all is well. Each has a kernel of its own. */
export function hosts(of: Readonly<Record<string, Host | ((atS: number) => Host)>>): NonNullable<Scene["facts"]> {
  return (at, probe, atMs) => {
    if (probe !== "kernel" && probe !== "node-load") return undefined;
    const atS = (atMs - startOf) / 1_000;
    const told = of[at.node] ?? {};
    const host = typeof told === "function" ? told(atS) : told;
    const nowMs = atMs + Math.round((host.jumpedS ?? 0) * 1_000);
    const head = `@now ${nowMs} ${(BORN_S + atS).toFixed(2)} 40265\n@load ${1 + (host.running ?? 0)} 400 4\n`;
    if (probe === "node-load") {
      const index = ["ulm", "graz", "bern", "linz", "basel"].indexOf(at.node);
      const lines = [
        `@boot ${host.boot ?? boots[index]} ${host.bornS ?? 1_700_000_000 + 977 * index}`,
        ...(host.lines ?? []),
      ];
      return `${head}${lines.map((line) => `${line}\n`).join("")}`;
    }
    const log = (host.log ?? []).filter(([writtenS]) => writtenS <= atS);
    return `${head}@psi cpu some ${host.waitedUs ?? 0}\n${log.map(([writtenS, text]) => `${(BORN_S + writtenS).toFixed(6)} ${text}\n`).join("")}`;
  };
}

/** CPU times so many seconds into the check, of four CPUs with 100 ticks a second: shares stolen, idle, and in softirqs by CPU. */
export function cpuLines(
  atS: number,
  {
    steal = 0,
    idle = 0.9,
    soft = [0.02, 0.02, 0.02, 0.02],
  }: { steal?: number; idle?: number; soft?: readonly number[] },
): readonly string[] {
  const ticks = (share: number, cpus = 1): number => 500_000 + Math.round(100 * cpus * atS * share);
  return [
    `@cpu ${ticks(steal, 4)} ${ticks(idle, 4)} ${ticks(1, 4) + 1_000_000}`,
    ...soft.map((share, cpu) => `@soft ${cpu} ${ticks(share)} ${ticks(1) + 500_000}`),
  ];
}

export type Answer = {
  readonly waitMs?: number;
  readonly outcome?: (typeof httpOutcomes)[number];
  readonly status?: number;
};

/** How the asked port answered a request each second, as its own network saw it. */
export function answers(
  answer: (second: number) => Answer,
  { mode = "head" as HttpData["mode"], seconds = 20 } = {},
): (plan: Plan) => readonly Evidence[] {
  return (plan) => {
    const leg = plan.legs.find(({ port, part }) => port !== undefined && part === "end-to-end");
    if (!leg) return [];
    const requests = Array.from({ length: seconds }, (_, s): [number, number, number, number] => {
      const { waitMs = 2, outcome = "answer", status = 200 } = answer(s);
      return [s * 1_000, httpOutcomes.indexOf(outcome), waitMs, outcome === "answer" ? status : 0];
    });
    const count = <T extends string | number>(of: readonly T[]): Partial<Record<T, number>> =>
      Object.fromEntries([...Map.groupBy(of, (one) => one)].map(([one, same]) => [one, same.length])) as Partial<
        Record<T, number>
      >;
    const spread = { min: 0.2, p50: 0.3, p99: 1, max: 1 };
    return [
      evidenceOf(httpEvidence, leg.id, startOf, {
        from: leg.from,
        to: leg.to,
        port: leg.port ?? 0,
        mode,
        sent: seconds,
        outcomes: count(requests.map(([, outcome]) => httpOutcomes[outcome] ?? "failed")),
        statuses: count(requests.flatMap(([, , , status]) => (status === 0 ? [] : [`${status}`]))) as Record<
          string,
          number
        >,
        connectMs: spread,
        resent: 0,
        acknowledged: 0,
        startMs: startOf,
        requests,
      }),
    ];
  };
}
