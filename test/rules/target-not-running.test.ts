import { expect, test } from "vitest";
import type { ClusterView } from "#src/core/cluster-view.ts";
import { targetNotRunning } from "#src/rules/target-not-running.ts";
import { loses, type Packet, type Scene, toPort } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

type Pod = ClusterView["pods"][number];
const container = { name: "main", ports: [{ port: 7000, protocol: "TCP" }], restarts: 0, state: "running" as const };
const pod = (name: string, change: Partial<Pod>): Pick<Scene, "views"> => ({
  views: (view) => [view, { ...view, pods: view.pods.map((one) => (one.name === name ? { ...one, ...change } : one)) }],
});
const refuses = {
  faults: [(packet: Packet) => (toPort("shop/api-1", 7000)(packet) ? ({ refused: true } as const) : undefined)],
};
const silent = { faults: [loses(1, ({ from, to }) => [from, to].includes("shop/api-1"))] };
const waiting = { containers: [{ ...container, state: "waiting" as const, reason: "CrashLoopBackOff", restarts: 3 }] };

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "its container crashes again and again",
    scene: { ...pod("api-1", waiting), ...refuses },
    want: "shop/api-1 certain",
  },
  {
    name: "it is Failed and silent",
    scene: { ...pod("api-1", { phase: "Failed", ready: false }), ...silent },
    want: "shop/api-1 certain",
  },
  {
    name: "it is being deleted",
    scene: { ...pod("api-1", { deletedAtMs: 1_800_000_003_000 }), ...silent },
    want: "shop/api-1 certain",
  },
  { name: "it was replaced", scene: { ...pod("api-1", { uid: "other" }), ...silent }, want: "shop/api-1 certain" },
  {
    name: "the source is the one that ended",
    scene: pod("api-0", { phase: "Succeeded", ready: false }),
    want: "shop/api-0 certain",
  },
  {
    name: "it restarted once during the check",
    scene: pod("api-1", { containers: [{ ...container, restarts: 1 }] }),
    want: "shop/api-1 certain",
  },
  { name: "all is well", scene: {}, want: "cleared" },
  // What can fool it.
  { name: "it is not ready but serves", scene: pod("api-1", { ready: false }), want: "cleared" },
  {
    name: "a side container ended and everything answers",
    scene: pod("api-1", {
      containers: [container, { ...container, name: "init", state: "terminated", reason: "Completed" }],
    }),
    want: "cleared",
  },
  {
    name: "it restarted long before the check",
    scene: {
      views: (view) => [
        pod("api-1", { containers: [{ ...container, restarts: 9 }] }).views?.(view)[1] ?? view,
        pod("api-1", { containers: [{ ...container, restarts: 9 }] }).views?.(view)[1] ?? view,
      ],
    },
    want: "cleared",
  },
  { name: "another pod is down", scene: pod("mail-2", { phase: "Failed" }), want: "cleared" },
  { name: "the ends are nodes", scene: { from: "ulm", to: "graz" }, want: "cleared" },
])("target-not-running says $want when $name", ({ scene, want }) => {
  expect(ask(targetNotRunning, scene).brief).toBe(want);
});

test("it names container, state and reason, and how many legs still answer", () => {
  const { verdict } = ask(targetNotRunning, { ...pod("api-1", waiting), ...refuses });
  expect(because(verdict)).toContain("container main is waiting (CrashLoopBackOff)");
  expect(because(verdict)).toContain("restarted 3 times during the check");
  expect(because(verdict)).toMatch(/\d+ of \d+ legs to and from it answer/);
});
