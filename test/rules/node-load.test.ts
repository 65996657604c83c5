import { describe, expect, test } from "vitest";
import { memoryAllocationFailing } from "#src/rules/memory-allocation-failing.ts";
import { nodeCpuPressure } from "#src/rules/node-cpu-pressure.ts";
import { singleCpuSoftirq } from "#src/rules/single-cpu-softirq.ts";
import { softnetDrops } from "#src/rules/softnet-drops.ts";
import { tcpMemoryPressure } from "#src/rules/tcp-memory-pressure.ts";
import { vmStalled } from "#src/rules/vm-stalled.ts";
import { delays, loses, play, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { answers, cpuLines, type Host, hosts } from "./host-scene.ts";

const lossy = { faults: [loses(0.1, through("graz"))] };
const late = { faults: [delays([80, 120], through("graz"))] };
/** Only the first seconds are bad. */
const early = { faults: [loses(0.4, (packet) => through("graz")(packet) && packet.atMs < startOf + 4_000)] };
const hex = (value: number): string => Math.round(value).toString(16).padStart(8, "0");
const on = (graz: Host | ((atS: number) => Host), more: Parameters<typeof hosts>[0] = {}): Pick<Scene, "facts"> => ({
  facts: hosts({ graz, ...more }),
});

describe("softnet-drops", () => {
  const softnet = (dropped: number, { squeezed = 0, cpu = "00000003" } = {}): Host => ({
    lines: [`@softnet 1 ${hex(90_000)} ${hex(dropped)} ${hex(squeezed)} ${cpu}`],
  });
  test.each<{ name: string; scene: Scene; want: string }>([
    { name: "the second word grows", scene: { ...on((s) => softnet(7 + 4 * s)), ...lossy }, want: "graz certain" },
    {
      name: "a kernel that tells no CPU says so",
      scene: { ...on((s) => softnet(4 * s, { cpu: "-" })), ...lossy },
      want: "graz certain",
    },
    { name: "nothing is dropped", scene: { ...on({}), ...lossy }, want: "cleared" },
    // What can fool it.
    {
      name: "CPUs are only out of time",
      scene: { ...on((s) => softnet(0, { squeezed: 50 * s })), ...lossy },
      want: "cleared",
    },
    { name: "the total is old", scene: { ...on(softnet(88_214)), ...lossy }, want: "cleared" },
    { name: "nothing is lost", scene: on((s) => softnet(4 * s)), want: "cleared" },
    { name: "packets are late, not lost", scene: { ...on((s) => softnet(4 * s)), ...late }, want: "cleared" },
    {
      name: "it is at another time",
      scene: { ...on((s) => softnet(s > 14 ? 40 : 0)), ...early },
      want: "cleared",
    },
    {
      name: "a node beside the path drops",
      scene: { facts: hosts({ bern: (s) => softnet(4 * s) }), ...lossy },
      want: "cleared",
    },
    {
      name: "nodes of one host all show it",
      scene: {
        facts: hosts(
          Object.fromEntries(
            ["ulm", "graz", "bern"].map((node) => [node, (s: number) => ({ boot: "f".repeat(36), ...softnet(4 * s) })]),
          ),
        ),
        ...lossy,
      },
      want: "cleared",
    },
    {
      name: "they do, and each claims a boot of its own",
      scene: {
        facts: hosts(
          Object.fromEntries(
            ["ulm", "graz", "bern"].map((node) => [node, (s: number) => ({ bornS: 1_795_636_131, ...softnet(4 * s) })]),
          ),
        ),
        ...lossy,
      },
      want: "cleared",
    },
    { name: "nobody could read it", scene: lossy, want: "unknown" },
  ])("says $want when $name", ({ scene, want }) => {
    expect(ask(softnetDrops, scene).brief).toBe(want);
  });

  test("hexadecimal numbers, and the CPU by its number", () => {
    const { verdict } = ask(softnetDrops, { ...on((s) => softnet(16 * s, { squeezed: s })), ...lossy });
    expect(because(verdict)).toMatch(/dropped 320 packets before its network stack[\s\S]*by CPU: 3: 320/);
  });
});

describe("single-cpu-softirq", () => {
  const full =
    (soft: readonly number[]) =>
    (s: number): Host => ({ lines: cpuLines(s, { soft }) });
  test.each<{ name: string; scene: Scene; want: string }>([
    {
      name: "one CPU is full of packets",
      scene: { ...on(full([0.03, 0.97, 0.02, 0.05])), ...late },
      want: "graz likely",
    },
    { name: "the same with losses", scene: { ...on(full([0.85, 0.1, 0.02, 0.05])), ...lossy }, want: "graz likely" },
    { name: "no CPU is", scene: { ...on(full([0.1, 0.2, 0.1, 0.1])), ...late }, want: "cleared" },
    // What can fool it.
    { name: "all of them are", scene: { ...on(full([0.95, 0.9, 0.95, 0.9])), ...late }, want: "cleared" },
    { name: "packets are on time", scene: on(full([0.03, 0.97, 0.02, 0.05])), want: "cleared" },
    { name: "there is only one CPU", scene: { ...on(full([0.97])), ...late }, want: "unknown" },
    {
      name: "nodes of one host all show it",
      scene: {
        facts: hosts(
          Object.fromEntries(
            ["ulm", "graz"].map((node) => [
              node,
              (s: number) => ({ boot: "f".repeat(36), ...full([0.03, 0.97, 0.02, 0.05])(s) }),
            ]),
          ),
        ),
        ...late,
      },
      want: "cleared",
    },
    { name: "nobody could read it", scene: late, want: "unknown" },
  ])("says $want when $name", ({ scene, want }) => {
    expect(ask(singleCpuSoftirq, scene).brief).toBe(want);
  });

  test("it says that one flow looks the same", () => {
    const { verdict } = ask(singleCpuSoftirq, { ...on(full([0.03, 0.97, 0.02, 0.05])), ...late });
    expect(because(verdict)).toMatch(/CPU 1 of graz spent 97 % of its time on packets, no other more than 5(\.0)? %/);
    expect(JSON.stringify(verdict)).toContain("one single large flow");
  });
});

describe("vm-stalled", () => {
  const stolen =
    (steal: number) =>
    (s: number): Host => ({ lines: cpuLines(s, { steal, idle: 0.9 - steal }) });
  const jump =
    (jumpedS: number) =>
    (s: number): Host => ({ lines: cpuLines(s, {}), jumpedS: s >= 10 ? jumpedS : 0 });
  const announced: Pick<Scene, "views"> = {
    views: (view) => [
      {
        ...view,
        nodes: view.nodes.map((node) =>
          node.name === "graz" ? { ...node, conditions: [{ type: "FreezeScheduled", status: "True" }] } : node,
        ),
      },
    ],
  };
  test.each<{ name: string; scene: Scene; want: string }>([
    { name: "CPU time is stolen", scene: { ...on(stolen(0.25)), ...late }, want: "graz likely" },
    { name: "stolen, and announced", scene: { ...on(stolen(0.25)), ...late, ...announced }, want: "graz certain" },
    {
      name: "the clock jumped and it was announced",
      scene: { ...on(jump(4)), ...late, ...announced },
      want: "graz certain",
    },
    { name: "the clock jumped", scene: { ...on(jump(-4)), ...late }, want: "graz possible" },
    { name: "nothing is stolen", scene: { ...on(stolen(0)), ...late }, want: "cleared" },
    // What can fool it.
    { name: "little is stolen", scene: { ...on(stolen(0.06)), ...late }, want: "cleared" },
    { name: "packets are on time", scene: on(stolen(0.25)), want: "cleared" },
    { name: "it was only announced", scene: { ...on(stolen(0)), ...late, ...announced }, want: "cleared" },
    { name: "the clock is set little by little", scene: { ...on(jump(0.2)), ...late }, want: "cleared" },
    {
      name: "readings are missing for a while",
      scene: {
        facts: (at, probe, atMs) =>
          atMs > startOf && atMs < startOf + 20_000 ? "Killed" : hosts({ graz: stolen(0) })(at, probe, atMs),
        ...late,
      },
      want: "cleared",
    },
    { name: "nobody could read it", scene: late, want: "unknown" },
  ])("says $want when $name", ({ scene, want }) => {
    expect(ask(vmStalled, scene).brief).toBe(want);
  });
});

describe("node-cpu-pressure", () => {
  const busy =
    (share: number, running = 9, boot?: string) =>
    (s: number): Host => ({
      waitedUs: 7_000_000 + share * s * 1_000_000,
      running,
      ...(boot === undefined ? {} : { boot }),
    });
  test.each<{ name: string; scene: Scene; more?: ReturnType<typeof answers>; want: string }>([
    { name: "programs wait, packets are late", scene: { ...on(busy(0.6)), ...late }, want: "graz likely" },
    {
      name: "programs wait, answers are late",
      scene: { ...on(busy(0.6)), port: 7000 },
      more: answers((s) => ({ waitMs: s % 2 ? 700 : 2 })),
      want: "graz likely",
    },
    { name: "nobody waits", scene: { ...on(busy(0.02, 1)), ...late }, want: "cleared" },
    // What can fool it.
    { name: "packets and answers are on time", scene: on(busy(0.9)), want: "cleared" },
    { name: "only a limit makes them wait", scene: { ...on(busy(0.6, 2)), ...late }, want: "cleared" },
    {
      name: "nodes of one host all show it",
      scene: {
        facts: hosts({ ulm: busy(0.6, 9, "f".repeat(36)), graz: busy(0.6, 9, "f".repeat(36)) }),
        ...late,
      },
      want: "cleared",
    },
    { name: "nobody could read it", scene: late, want: "unknown" },
  ])("says $want when $name", ({ scene, more, want }) => {
    expect(ask(nodeCpuPressure, scene, more).brief).toBe(want);
  });
});

describe("tcp-memory-pressure", () => {
  const line = "TCP: out of memory -- consider tuning tcp_mem";
  const memory = (pages: number, host: Host = {}): Host => ({
    ...host,
    lines: [`@sockstat TCP: inuse 90 orphan 0 tw 4 alloc 95 mem ${pages}`, "@tcp_mem 1000\t2000\t3000"],
  });
  const counting = (counters: (s: number) => object, host: Host): Pick<Scene, "facts"> => ({
    facts: (at, probe, atMs) =>
      probe === "counters" && at.node === "graz"
        ? JSON.stringify({ kernel: { IpInReceives: 100, ...counters((atMs - startOf) / 1_000) } })
        : hosts({ graz: host, ulm: memory(5), bern: memory(5) })(at, probe, atMs),
  });
  test.each<{ name: string; scene: Scene; more?: ReturnType<typeof answers>; want: string }>([
    { name: "sockets hold too much", scene: { ...on(memory(2_400)), ...lossy }, want: "graz likely" },
    {
      name: "they do, and the kernel says so",
      scene: { ...on(memory(2_999, { log: [[9, line]] })), ...lossy },
      want: "graz certain",
    },
    {
      name: "the kernel counts pressure",
      scene: { ...counting((s) => ({ TcpExtTCPMemoryPressures: s, TcpExtPruneCalled: 9 * s }), memory(900)), ...late },
      want: "graz likely",
    },
    {
      name: "answers of a program are late",
      scene: { ...on(memory(2_400)), port: 7000 },
      more: answers(() => ({ outcome: "no-answer", waitMs: 5_000 })),
      want: "graz likely",
    },
    { name: "there is room", scene: { ...on(memory(50)), ...lossy }, want: "cleared" },
    // What can fool it.
    { name: "nothing suffers", scene: on(memory(2_400)), want: "cleared" },
    {
      name: "one program does not read",
      scene: { ...counting((s) => ({ TcpExtPruneCalled: 90 * s }), memory(900)), ...late },
      want: "cleared",
    },
    { name: "the line is old", scene: { ...on(memory(50, { log: [[-250, line]] })), ...lossy }, want: "cleared" },
    {
      name: "nodes of one host all show it",
      scene: {
        facts: hosts({
          ulm: memory(2_400, { boot: "f".repeat(36) }),
          graz: memory(2_400, { boot: "f".repeat(36) }),
        }),
        ...lossy,
      },
      want: "cleared",
    },
    { name: "nobody could read it", scene: lossy, want: "unknown" },
  ])("says $want when $name", ({ scene, more, want }) => {
    expect(ask(tcpMemoryPressure, scene, more).brief).toBe(want);
  });
});

describe("memory-allocation-failing", () => {
  const log = (text: string, atS = 9): Host => ({ log: [[atS, text]] });
  const failure = "swapper/3: page allocation failure: order:0, mode:0x1080020(GFP_ATOMIC), nodemask=(null)";
  test.each<{ name: string; scene: Scene; want: string }>([
    { name: "a page for a packet is missing", scene: { ...on(log(failure)), ...lossy }, want: "graz likely" },
    {
      name: "an old kernel gives the mode as a number",
      scene: { ...on(log("ksoftirqd/1: page allocation failure. order:1, mode:0x20")), ...lossy },
      want: "graz likely",
    },
    {
      name: "it happens again and again",
      scene: {
        ...on({
          log: [
            [8, failure],
            [11, failure.replace("swapper/3", "swapper/1")],
          ],
        }),
        ...lossy,
      },
      want: "graz certain",
    },
    { name: "the kernel says nothing", scene: { ...on({}), ...lossy }, want: "cleared" },
    // What can fool it.
    {
      name: "a large block was wanted",
      scene: { ...on(log(failure.replace("order:0", "order:3"))), ...lossy },
      want: "cleared",
    },
    {
      name: "a program wanted it",
      scene: {
        ...on(log("java: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL), nodemask=(null)")),
        ...lossy,
      },
      want: "cleared",
    },
    { name: "nothing suffers", scene: on(log(failure)), want: "cleared" },
    { name: "it is old", scene: { ...on(log(failure, -250)), ...lossy }, want: "cleared" },
    {
      name: "it is another machine's",
      scene: { facts: hosts({ graz: log(failure), bern: log(failure) }), ...lossy },
      want: "cleared",
    },
    { name: "nobody could read it", scene: lossy, want: "unknown" },
  ])("says $want when $name", ({ scene, want }) => {
    expect(ask(memoryAllocationFailing, scene).brief).toBe(want);
  });
});

test("the deepest cause is named first, and what it explains stands beneath it", () => {
  const dropping = (s: number): Host => ({
    lines: [
      ...cpuLines(s, { soft: [0.03, 0.97, 0.02, 0.05] }),
      `@softnet 1 ${hex(90_000)} ${hex(9 * s)} ${hex(0)} 00000001`,
    ],
    waitedUs: 600_000 * s,
    running: 9,
  });
  const { report } = play({ ...on(dropping), ...lossy, seconds: 30 });
  expect(report.causes.map(({ cause, where }) => `${cause} ${where.name}`)).toEqual(["single-cpu-softirq graz"]);
  expect(report.causes[0]?.explains?.map(({ cause }) => cause)).toEqual(
    expect.arrayContaining(["softnet-drops", "node-cpu-pressure", "path-loss"]),
  );
});
