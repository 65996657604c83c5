import { expect, test } from "vitest";
import { createMeasurer, type Tick } from "#src/cluster/measure.ts";
import type { MeasureState } from "#src/core/measure-state.ts";
import { measureStateSchema } from "#src/core/measure-state.ts";
import { inWords } from "#src/core/sentence.ts";
import { inEnglish } from "#test/support/in-english.ts";
import { measuring, request, unpack } from "../support/measuring.ts";

type World = ReturnType<typeof measuring>;
type Ended = Extract<Tick["next"], { do: "done" }>;

/** Ticks to the end, with the state going through JSON as it does in Redis. `between` runs after each tick. */
async function run(
  world: World,
  { between = () => undefined }: { between?: (tick: Tick, count: number) => unknown } = {},
) {
  let worker = createMeasurer(world.depsOf("a:1"));
  let state: MeasureState | undefined;
  const cancel: { now?: { by: string; atMs: number } } = {};
  for (let count = 1; count < 500; count++) {
    const tick = await worker.tick(request, state, cancel.now);
    state = measureStateSchema.parse(JSON.parse(JSON.stringify(tick.state)));
    if (tick.next.do === "done") return { ...tick.next, state, ticks: count, progress: tick.progress };
    const wish = between(tick, count);
    if (wish === "kill") {
      worker = createMeasurer(world.depsOf("b:2"));
      world.clock.nowMs += 1_000;
    }
    if (wish === "cancel") cancel.now = { by: "<@U1>", atMs: world.clock.nowMs };
    world.clock.nowMs += Math.max(20, tick.next.delayMs);
  }
  throw new Error("the check did not end");
}

const counts = (ended: Ended) =>
  unpack(ended.measured.evidence)
    .filter(({ kind }) => kind === "count")
    .map(({ data }) => data);
const whole = { lines: 100, broken: 0, done: true };

test("a check measures the whole window on every node and leaves nothing behind", async () => {
  const world = measuring();
  const phases: string[] = [];
  const ended = await run(world, { between: ({ progress }) => void phases.push(progress.phase) });
  expect(counts(ended)).toEqual([whole, whole, whole]);
  expect(ended.measured).toMatchObject({ cluster: "lab", gaps: [] });
  expect(ended.leftOn).toEqual([]);
  expect(world.nodes.started.size).toBe(0);
  expect([...new Set(phases)]).toEqual(["starting", "measuring", "finishing", "done"]);
  expect(world.clock.nowMs - 1_000_000).toBeLessThan(14_000);
});

test("the Kubernetes API is read before, while measuring, and after", async () => {
  const ended = await run(measuring());
  const views = unpack(ended.measured.evidence).find(({ kind }) => kind === "views")?.data;
  expect((views as number[]).length).toBe(3);
  expect((views as number[])[0]).toBe(1_000_000);
});

const { ticks } = await run(measuring());

test.each(Array.from({ length: ticks - 1 }, (_, n) => n + 1))(
  "nothing is lost when the worker is killed after tick %i",
  async (at) => {
    const world = measuring();
    const ended = await run(world, { between: (_, count) => (count === at ? "kill" : undefined) });
    expect(counts(ended)).toEqual([whole, whole, whole]);
    expect(inEnglish(ended.measured.gaps)).toEqual([]);
    expect(world.nodes.started.size).toBe(0);
  },
);

test("nothing is lost when the worker is killed after every tick", async () => {
  const world = measuring();
  const ended = await run(world, { between: (_, count) => (count % 4 === 0 ? "kill" : undefined) });
  expect(counts(ended)).toEqual([whole, whole, whole]);
});

test("a worker that dies between starting the nodes and saving that costs a later window, not a gap", async () => {
  const world = measuring();
  const first = createMeasurer(world.depsOf("a:1"));
  const { state } = await first.tick(request, undefined);
  await first.tick(request, state);
  world.clock.nowMs += 20_000;
  const second = createMeasurer(world.depsOf("b:2"));
  let tick = await second.tick(request, state);
  while (tick.next.do === "again") {
    world.clock.nowMs += Math.max(20, tick.next.delayMs);
    tick = await second.tick(request, tick.state);
  }
  expect(counts(tick.next)).toEqual([whole, whole, whole]);
  expect(tick.state.plan?.window.startMs).toBe(1_000_000 + 20_000 + 5_000);
});

test("nodes whose clocks are minutes apart measure the same window, and it is said", async () => {
  const world = measuring();
  world.nodes.ahead.set("node-1", 185_000).set("node-2", -600_000).set("node-3", 900);
  const ended = await run(world);
  expect(counts(ended)).toEqual([whole, whole, whole]);
  expect(inEnglish(ended.measured.gaps)).toEqual([
    {
      probe: "clock",
      subject: "node/node-1",
      reason: "the clock of node-1 is 3 min 5 s ahead of ours: its times were corrected by that estimate",
    },
    {
      probe: "clock",
      subject: "node/node-2",
      reason: "the clock of node-2 is 10 min behind ours: its times were corrected by that estimate",
    },
  ]);
  expect(world.nodes.started.size).toBe(0);
});

test.each([1, 2, 3, 4, 5, 6, 8])("clocks apart and a worker killed after tick %i lose nothing either", async (at) => {
  const world = measuring();
  world.nodes.ahead.set("node-1", 185_000).set("node-2", -600_000);
  const ended = await run(world, { between: (_, count) => (count === at ? "kill" : undefined) });
  expect(counts(ended)).toEqual([whole, whole, whole]);
});

test("a node that is silent for a while loses nothing and is told of meanwhile", async () => {
  const world = measuring();
  const troubles = new Set<string>();
  const ended = await run(world, {
    between({ progress }) {
      const elapsedMs = world.clock.nowMs - 1_000_000;
      if (elapsedMs > 4_000 && elapsedMs < 9_000) world.nodes.down.add("node-2");
      else world.nodes.down.clear();
      if (progress.trouble) troubles.add(inWords(progress.trouble).replace(/\d+ s/, "N s"));
    },
  });
  expect([...troubles]).toEqual(["node-2 cannot be reached since N s; what runs there goes on."]);
  expect(counts(ended)).toEqual([whole, whole, whole]);
  expect(inEnglish(ended.measured.gaps)).toEqual([]);
});

test("a node that stays silent is a gap with a time, and is left to be tidied later", async () => {
  const world = measuring();
  const ended = await run(world, {
    between: () => void (world.clock.nowMs > 1_004_000 && world.nodes.down.add("node-2")),
  });
  expect(inEnglish(ended.measured.gaps)).toEqual([
    {
      probe: "agent",
      subject: "node/node-2",
      reason: expect.stringMatching(/^node-2 does not answer\., since 00:16:4\d UTC$/),
    },
  ]);
  expect(ended.leftOn).toEqual(["node-2"]);
  expect(world.clock.nowMs - 1_000_000).toBeLessThan(25_000);
});

test("a node without an agent is a gap and delays nothing", async () => {
  const world = measuring();
  world.nodes.without.add("node-3");
  const ended = await run(world);
  expect(inEnglish(ended.measured.gaps)).toEqual([
    { probe: "agent", subject: "node/node-3", reason: "There is no netcheck agent on node-3." },
  ]);
  expect(ended.leftOn).toEqual([]);
  expect(world.clock.nowMs - 1_000_000).toBeLessThan(14_000);
});

test("a cancelled check ends soon with what was measured", async () => {
  const world = measuring();
  let asked = false;
  const ended = await run(world, {
    between() {
      if (asked || world.clock.nowMs < 1_006_000) return undefined;
      asked = true;
      return "cancel";
    },
  });
  expect(inEnglish(ended.measured.ended)).toEqual({ code: "cancelled", text: "Cancelled by <@U1>." });
  expect(counts(ended)[0]).toMatchObject({
    broken: 0,
    lines: expect.toSatisfy((lines: number) => lines > 30 && lines < 60),
  });
  expect(world.nodes.started.size).toBe(0);
  expect(world.clock.nowMs).toBeLessThan(1_009_000);
});

test("an unknown name ends the check with the message and its hint", async () => {
  const world = measuring();
  world.api.missing = true;
  const ended = await run(world);
  expect(inEnglish(ended.measured)).toEqual({
    cluster: "lab",
    gaps: [],
    ended: { code: "not-found", text: "There is no pod web-9. Did you mean web-0?" },
  });
  expect(world.nodes.calls).toEqual([]);
});

test("a cluster that cannot be read at first delays the check, and says so", async () => {
  const world = measuring();
  world.api.down = true;
  const troubles: string[] = [];
  const ended = await run(world, {
    between({ progress }) {
      if (progress.trouble) troubles.push(inWords(progress.trouble));
      if (world.clock.nowMs > 1_015_000) world.api.down = false;
    },
  });
  expect(troubles[0]).toBe("Cluster lab cannot be read since 1 s; trying again.");
  expect(counts(ended)).toEqual([whole, whole, whole]);
});

test("a cluster that cannot be read for five minutes ends the check", async () => {
  const world = measuring();
  world.api.down = true;
  const ended = await run(world);
  expect(inEnglish(ended.measured.ended)).toEqual({
    code: "cluster-unreachable",
    text: "Cluster lab could not be read for 5 minutes; nothing was measured.",
  });
});

test("a suspicion is told when it was seen twice in a row, and only once", async () => {
  const world = measuring();
  const told: unknown[] = [];
  const ended = await run(world, {
    between({ progress }, count) {
      world.assessment.next = count === 4 ? { finding: { key: "loss", text: "Loss began." } } : {};
      if (world.clock.nowMs > 1_006_000) world.assessment.next = { finding: { key: "delay", text: "Delay began." } };
      if (progress.firstFinding) told.push(progress.firstFinding);
    },
  });
  expect(new Set(told.map((finding) => JSON.stringify(finding))).size).toBe(1);
  expect(told[0]).toMatchObject({ text: "Delay began." });
  expect(ended.measured.firstFindingAtMs).toBeGreaterThan(1_006_000);
});

test("what takes long to look at is looked at seldom", async () => {
  const world = measuring();
  const beganMs: number[] = [];
  const depsOf = (worker: string) => ({
    ...world.depsOf(worker),
    assess() {
      beganMs.push(world.clock.nowMs);
      world.clock.nowMs += 600;
      return {};
    },
  });
  const ended = await run({ ...world, depsOf });
  expect(counts(ended)).toEqual([whole, whole, whole]);
  expect(beganMs.length).toBeGreaterThan(1);
  for (const [n, atMs] of beganMs.slice(1).entries()) expect(atMs - (beganMs[n] ?? 0)).toBeGreaterThanOrEqual(5 * 600);
});

test("a worker that was away for long says which one was lost before it", async () => {
  const world = measuring();
  const first = createMeasurer(world.depsOf("a:1"));
  let tick = await first.tick(request, undefined);
  tick = await first.tick(request, tick.state);
  world.clock.nowMs += 11_000;
  const second = createMeasurer(world.depsOf("b:2"));
  const { progress } = await second.tick(request, tick.state);
  expect(inEnglish(progress)).toMatchObject({
    worker: "b:2",
    trouble: "Worker a:1 was lost at 00:16:40 UTC; resumed on b:2.",
  });
});

test("output that its reader cannot bear costs that measurement and not the check", async () => {
  const world = measuring();
  const { depsOf } = world;
  const broken: World = {
    ...world,
    depsOf: (worker) => ({
      ...depsOf(worker),
      openReader(task, plan, probes) {
        const reader = depsOf(worker).openReader(task, plan, probes);
        const push = () => {
          throw new TypeError("bug");
        };
        return task.node === "node-2" ? { ...reader, push } : reader;
      },
      assess() {
        throw new TypeError("bug");
      },
    }),
  };
  const ended = await run(broken);
  expect(counts(ended)).toEqual([whole, whole]);
  expect(inEnglish(ended.measured.gaps)).toEqual([
    { probe: "count", subject: "node/node-2", reason: "internal error while reading its output" },
  ]);
  expect(world.nodes.started.size).toBe(0);
});

const tap = {
  ...{ task: "count-node-1", label: "node-1 eth0", order: 0, node: "node-1", netns: "node", device: "eth0" },
  ...{ kind: "nic" as const, mtu: 1_500, snapLength: 128, mayBeSkipped: false },
};

test("an analysis that takes minutes is begun once and goes on beside the ticks, none of which waits for it", async () => {
  const world = measuring();
  const done = Promise.withResolvers<{ evidence: []; gaps: [{ probe: string; subject: string; reason: string }] }>();
  let begun = 0;
  const depsOf = (worker: string) => {
    const deps = world.depsOf(worker);
    return {
      ...deps,
      makePlan: (from: Parameters<typeof deps.makePlan>[0]) => ({ ...deps.makePlan(from), taps: [tap] }),
      captures: {
        ...deps.captures,
        analyse: () => {
          begun++;
          return done.promise;
        },
      },
    };
  };
  const measurer = createMeasurer(depsOf("a:1"));
  let tick: Tick = await measurer.tick(request, undefined);
  const after: string[] = [];
  while (tick.next.do === "again") {
    world.clock.nowMs += Math.max(20, tick.next.delayMs);
    tick = await measurer.tick(request, tick.state);
    if (begun > 0) after.push(tick.next.do);
    if (after.length === 2) done.resolve({ evidence: [], gaps: [{ probe: "record", subject: "a", reason: "told" }] });
  }
  expect(begun).toBe(1);
  expect(after.slice(0, 2)).toEqual(["again", "again"]);
  expect(inEnglish(tick.next.measured.gaps)).toEqual([{ probe: "record", subject: "a", reason: "told" }]);
  expect(counts(tick.next)).toEqual([whole, whole, whole]);
});

test("recorders that died with the agent of their node are started again, and what else died stays a gap", async () => {
  const world = measuring();
  const deps = world.depsOf("a:1");
  const starts: string[] = [];
  let died = false;
  const measurer = createMeasurer({
    ...deps,
    makePlan: (from) => {
      const plan = deps.makePlan(from);
      const recorder = { ...plan.tasks[0], id: "record-1", probe: "record", subject: tap.label } as const;
      return { ...plan, tasks: [...plan.tasks, recorder as (typeof plan.tasks)[number]] };
    },
    nodes: {
      ...deps.nodes,
      async start(node, ...more) {
        starts.push(`${node} ${world.clock.nowMs > 1_008_000 ? "later" : "at first"}`);
        if (starts.length > 3) died = false;
        return deps.nodes.start(node, ...more);
      },
      async sync(node, ...more) {
        const output = await deps.nodes.sync(node, ...more);
        return died && node === "node-1"
          ? { ...output, tasks: output.tasks.map((task) => ({ ...task, state: "orphaned" as const })) }
          : output;
      },
    },
  });
  let tick: Tick = await measurer.tick(request, undefined);
  while (tick.next.do === "again") {
    world.clock.nowMs += Math.max(20, tick.next.delayMs);
    if (starts.length === 3 && world.clock.nowMs > 1_005_000) died = true;
    tick = await measurer.tick(request, tick.state);
  }
  expect(starts.slice(0, 3).toSorted()).toEqual(["node-1 at first", "node-2 at first", "node-3 at first"]);
  expect(starts.slice(3).map((start) => start.split(" ")[0])).toEqual(["node-1"]);
  expect(tick.next.measured.gaps.map(({ probe, subject }) => `${probe} ${subject}`)).toEqual(["count node/node-1"]);
});
