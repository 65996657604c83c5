import type { Window } from "./check.ts";
import type { ClusterView } from "./cluster-view.ts";
import { connectIntervalMs, packetsIn, pingIntervalMs } from "./pace.ts";
import type { Plan, TaskSpec } from "./plan.ts";
import type { Probe, ReadingProbe, Traffic } from "./probe.ts";

/** Seconds between two rounds of readings, and the most rounds of a long check. */
const READ_EVERY_S = 5;
const MAX_ROUNDS = 120;
/** Room for one reading; `netcheck-read` cuts each at 256 KiB. */
const BYTES_PER_READING = 16_384;
const MAX_READ_BYTES = 256_000_000;

/** The node tasks of a plan: taps first, then streams and surveys, then one task of readings per node. */
export function makeTasks(
  plan: Plan,
  probes: readonly Probe[],
  { measurable, view }: { readonly measurable: ReadonlySet<string>; readonly view: ClusterView },
): TaskSpec[] {
  const points = plan.vantages.filter(({ id }) => measurable.has(id));
  const tasks: TaskSpec[] = [];
  const add = (task: Omit<TaskSpec, "id">): void => {
    const nth = tasks.filter(({ probe }) => probe === task.probe).length + 1;
    tasks.push({ id: `${task.probe}-${nth}`, ...task });
  };

  for (const probe of probes) {
    if (probe.kind === "tap")
      for (const at of points) {
        const legs = plan.legs.filter(({ to }) => to === at.id);
        if (!probe.wants(at, legs)) continue;
        const context = { at, plan };
        const argv = [...probe.argv(context)];
        add({
          probe: probe.name,
          subject: at.id,
          node: at.node,
          netns: at.netns,
          argv,
          maxBytes: probe.maxBytes(context),
        });
      }
    if (probe.kind === "survey")
      for (const at of points) {
        const context = { at, plan, view };
        if (!probe.wants(context)) continue;
        add({
          probe: probe.name,
          subject: at.id,
          node: at.node,
          netns: at.netns,
          argv: [...probe.argv(context)],
          maxBytes: probe.maxBytes(context),
          ...(probe.traffic ? { traffic: probe.traffic(context) } : {}),
        });
      }
    if (probe.kind === "stream")
      for (const [index, leg] of plan.legs.entries()) {
        const from = points.find(({ id }) => id === leg.from);
        if (!from || !probe.wants(leg)) continue;
        const context = { leg, from, index, window: plan.window, check: plan.check };
        const argv = [...probe.argv(context)];
        add({
          probe: probe.name,
          subject: leg.id,
          node: from.node,
          netns: from.netns,
          argv,
          maxBytes: probe.maxBytes(context),
        });
      }
  }
  for (const node of new Set(points.map((point) => point.node))) {
    const task = readTask(node, plan, points, probes);
    if (task) add(task);
  }
  return tasks;
}

/** All readings of a node in one task: `netcheck-read EVERY_S { --read|--seldom NETNS ARGC ARG… }…`. */
function readTask(
  node: string,
  plan: Plan,
  points: Plan["vantages"],
  probes: readonly Probe[],
): Omit<TaskSpec, "id"> | undefined {
  const readings = points
    .filter((point) => point.node === node)
    .flatMap((point) =>
      probes
        .filter((probe): probe is ReadingProbe => probe.kind === "reading")
        .filter(
          ({ scope, wants }) =>
            (scope === "netns" ? point.role !== "dns" : point.id === `node/${node}`) && wants?.(point, plan) !== false,
        )
        .map((probe) => ({
          probe,
          point,
          words: typeof probe.argv === "function" ? probe.argv(point, plan) : probe.argv,
        })),
    );
  if (readings.length === 0) return undefined;
  const commands = [
    ...Map.groupBy(readings, ({ probe, point, words }) => JSON.stringify([probe.pace, point.id, words])).values(),
  ].flatMap((same) => (same[0] ? [{ ...same[0], names: same.map(({ probe }) => probe.name) }] : []));
  const durationS = (plan.window.endMs - plan.window.startMs) / 1_000;
  const everyS = Math.max(READ_EVERY_S, Math.ceil(durationS / MAX_ROUNDS));
  const rounds = Math.ceil(durationS / everyS) + 3;
  return {
    probe: "read",
    subject: node,
    node,
    netns: "node",
    argv: [
      "netcheck-read",
      `${everyS}`,
      ...commands.flatMap(({ probe, point, words }) => [
        probe.pace === "often" ? "--read" : "--seldom",
        point.netns,
        `${words.length}`,
        ...words,
      ]),
    ],
    maxBytes: Math.min(MAX_READ_BYTES, rounds * readings.length * BYTES_PER_READING),
    readings: commands.map(({ names, point }) => ({ probes: names, subject: point.id })),
  };
}

/** On Ethernet: an echo and its reply of 60 bytes each; a connect and its end, about six packets of 70. */
const BYTES_PER_ECHO = 120;
const BYTES_PER_CONNECT = 420;

/** What a check puts on the network, all legs and surveys together. */
export function trafficOf({ legs, tasks, window }: Pick<Plan, "legs" | "tasks" | "window">): {
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly connectsPerSecond: number;
  /** Packets and connects over the whole window. */
  readonly total: number;
} {
  let echoes = 0;
  let connects = 0;
  let total = 0;
  for (const [index, leg] of legs.entries()) {
    const { port } = leg;
    const intervalMs = port === undefined ? pingIntervalMs(index, window) : connectIntervalMs(index, window, leg);
    if (port === undefined) echoes += 1_000 / intervalMs;
    else connects += 1_000 / intervalMs;
    total += packetsIn(window as Window, intervalMs);
  }
  const surveys = tasks.flatMap(({ traffic }) => traffic ?? []);
  const asked = (per: (traffic: Traffic) => number): number => surveys.reduce((sum, one) => sum + per(one), 0);
  return {
    packetsPerSecond: Math.round(echoes * 2 + connects * 6 + asked((one) => one.packetsPerSecond)),
    bytesPerSecond: Math.round(
      echoes * BYTES_PER_ECHO + connects * BYTES_PER_CONNECT + asked((one) => one.bytesPerSecond),
    ),
    connectsPerSecond: Math.round(connects * 10) / 10,
    total,
  };
}
