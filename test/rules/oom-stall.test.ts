import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import { oomStall } from "#src/rules/oom-stall.ts";
import { type Fault, play, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

/** The UID that the simulated cluster gives shop/cart-1, which runs on graz. */
const VICTIM = "0000aaaa-0000-4000-8000-000000000004";
const kill = (atS: number, uid = VICTIM): string =>
  [
    `${(100 + atS).toFixed(6)} oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/kubepods/pod${uid}/${"c".repeat(64)},task_memcg=/kubepods/pod${uid}/${"c".repeat(64)},task=logstash,pid=${Math.round(1_000 + atS * 10)},uid=0`,
    `${(100 + atS + 0.001).toFixed(6)} Memory cgroup out of memory: Killed process ${Math.round(1_000 + atS * 10)} (logstash) total-vm:9kB, anon-rss:500000kB`,
    "",
  ].join("\n");

/** The kernel log of a node in which a process is killed at these seconds of the check. */
const log =
  (node: string, killsS: readonly number[], { uid = VICTIM, skewMs = 0 } = {}): NonNullable<Scene["facts"]> =>
  (at: Vantage, probe: string, atMs: number) => {
    if (probe !== "kernel") return undefined;
    const nowS = (atMs - startOf) / 1_000;
    const lines = at.node === node ? killsS.filter((atS) => atS <= nowS).map((atS) => kill(atS, uid)) : [];
    const first = `@now ${atMs + skewMs} ${(100 + nowS).toFixed(2)} 40265\n@conntrack 5 1000\n`;
    return first + lines.join("");
  };

/** Everything through a node stands still for a while after each of these seconds. */
const stalls =
  (node: string, atS: readonly number[], ms: number): Fault =>
  (packet) => {
    if (!through(node)(packet)) return undefined;
    const into = atS.map((s) => packet.atMs - startOf - s * 1_000 - 40).find((after) => after >= 0 && after < ms);
    return into === undefined ? undefined : { lateMs: ms - into };
  };
const loses =
  (node: string, atS: readonly number[], ms: number): Fault =>
  (packet) =>
    stalls(node, atS, ms)(packet, () => 0) ? { lost: true } : undefined;

const every4 = [2, 6, 10, 14, 18];

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "packets are held after every kill",
    scene: { facts: log("graz", every4), faults: [stalls("graz", every4, 900)] },
    want: "graz certain",
  },
  {
    name: "packets are lost after every kill",
    scene: { facts: log("graz", every4), faults: [loses("graz", every4, 900)] },
    want: "graz likely",
  },
  {
    name: "it is the source's node",
    scene: {
      facts: log("ulm", [1, 4, 8, 13, 17], { uid: VICTIM.replace("4", "1").replace(/4$/, "1") }),
      faults: [stalls("ulm", [1, 4, 8, 13, 17], 700)],
    },
    want: "ulm certain",
  },
  {
    name: "clocks are minutes apart",
    scene: {
      clocks: { graz: 180_000 },
      facts: (at, probe, atMs) => log("graz", every4, { skewMs: at.node === "graz" ? 180_000 : 0 })(at, probe, atMs),
      faults: [stalls("graz", every4, 900)],
    },
    want: "graz certain",
  },
  {
    name: "the machine is busy besides",
    scene: { facts: log("graz", every4), faults: [stalls("graz", every4, 900)], busy: { share: 0.1, meanMs: 35 } },
    want: "graz likely",
  },
  { name: "all is well", scene: { facts: log("graz", []) }, want: "cleared" },
  // What can fool it.
  { name: "a stranger is killed and nothing stalls", scene: { facts: log("graz", every4) }, want: "cleared" },
  {
    name: "packets are late at other moments",
    scene: { facts: log("graz", every4), faults: [stalls("graz", [4, 8.2, 12.1, 16], 900)] },
    want: "cleared",
  },
  {
    name: "packets are lost all the time",
    scene: {
      facts: log("graz", every4),
      faults: [(packet, random) => (through("graz")(packet) && random() < 0.1 ? { lost: true } : undefined)],
    },
    want: "cleared",
  },
  {
    name: "another node's process is killed",
    scene: { facts: log("bern", every4), faults: [stalls("graz", every4, 900)] },
    want: "cleared",
  },
  {
    name: "the killed process is of a pod of another node, whose log is the same one",
    scene: {
      facts: (_, probe, atMs) =>
        log("graz", every4, { uid: VICTIM.replace(/4$/, "7") })({ node: "graz" } as Vantage, probe, atMs),
      faults: [stalls("graz", every4, 900)],
    },
    want: "cleared",
  },
  {
    name: "kills are so frequent that every moment is next to one",
    scene: {
      facts: log(
        "graz",
        Array.from({ length: 40 }, (_, n) => n / 2),
      ),
      faults: [stalls("graz", [4, 8.2, 12.1, 16], 900)],
    },
    want: "cleared",
  },
  {
    name: "one kill and one stall are no pattern",
    scene: { facts: log("graz", [6]), faults: [stalls("graz", [6], 900)] },
    want: "cleared",
  },
  {
    name: "the log cannot be read",
    scene: {
      facts: log("graz", every4),
      exits: (_, probe) => (probe === "kernel" ? 77 : undefined),
      faults: [stalls("graz", every4, 900)],
    },
    want: "unknown",
  },
])("oom-stall says $want when $name", ({ scene, want }) => {
  expect(ask(oomStall, scene).brief).toBe(want);
});

test("it names the process, the pod, how often, and how well kills and stalls go together; the delay is its symptom", () => {
  const scene: Scene = { facts: log("graz", every4), faults: [stalls("graz", every4, 900)] };
  const { verdict } = ask(oomStall, scene);
  expect(because(verdict)).toContain(
    "5 OOM kills on graz during the check: logstash of shop/cart-1 5 times (over its memory limit)",
  );
  expect(because(verdict)).toMatch(
    /5 of 5 stretches in which packets of graz were late or lost began within .*ms of a kill/,
  );
  const { report } = play(scene);
  expect(report.causes.map(({ cause, where }) => [cause, where.name])).toEqual([["oom-stall", "graz"]]);
});
