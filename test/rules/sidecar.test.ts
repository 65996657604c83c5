import { expect, test } from "vitest";
import type { ContainerView } from "#src/core/cluster-view.ts";
import { sidecarNotReady } from "#src/rules/sidecar-not-ready.ts";
import { sidecarStarved } from "#src/rules/sidecar-starved.ts";
import { crossing, loses, play, type Scene, startOf, toPort } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { answers, program } from "./http-lines.ts";

const id = "5d41402abc4b2a76b9719d911017c592";
const running: ContainerView = { name: "istio-proxy", id, ports: [], restarts: 0, state: "running", ready: true };
const crashing: ContainerView = {
  ...running,
  restarts: 7,
  state: "waiting",
  reason: "CrashLoopBackOff",
  ready: false,
  lastEnd: { reason: "OOMKilled", exitCode: 137 },
};

/** Puts a proxy beside the program of a pod. */
const beside = (pod: string, proxy: ContainerView, alone = false): Pick<Scene, "views"> => ({
  views: (view) => {
    const pods = view.pods.map((one) =>
      `${one.namespace}/${one.name}` === pod
        ? { ...one, ready: proxy.ready ?? true, containers: alone ? [proxy] : [...one.containers, proxy] }
        : one,
    );
    return [
      { ...view, pods },
      { ...view, pods, atMs: view.atMs + 20_000 },
    ];
  },
});

/** The proxy's cgroup: a limit of 100m, and the share of its periods in which it was throttled. */
const throttled = (share: number, container = id): Pick<Scene, "facts"> => ({
  facts: (at, probe, atMs) => {
    if (probe !== "cgroups" || at.label !== "shop/api-1") return undefined;
    const periods = Math.round((atMs - startOf) / 100);
    return [
      `cri-containerd-${container}.scope/cpu.max:10000 100000`,
      `cri-containerd-${container}.scope/cpu.stat:nr_periods ${500 + periods}`,
      `cri-containerd-${container}.scope/cpu.stat:nr_throttled ${400 + Math.round(periods * share)}`,
      `cri-containerd-${container}.scope/cpu.stat:throttled_usec ${9_000_000 + Math.round(periods * share * 80_000)}`,
      "",
    ].join("\n");
  },
});

const refuses: Pick<Scene, "faults"> = {
  faults: [(packet) => (toPort("shop/api-1", 7000)(packet) ? { refused: true } : undefined)],
};
const late = program({ source: answers(640), node: answers(590), beside: answers(600), self: answers(1.2) });

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "it crashes and connects are refused",
    scene: { ...refuses, ...beside("shop/api-1", crashing) },
    want: "shop/api-1 certain",
  },
  {
    name: "it runs, is not ready, and connects vanish",
    scene: { faults: [loses(1, toPort("shop/api-1", 7000))], ...beside("shop/api-1", { ...running, ready: false }) },
    want: "shop/api-1 likely",
  },
  // What can fool it.
  { name: "it crashes, but everything works", scene: beside("shop/api-1", crashing), want: "cleared" },
  { name: "the one of a stranger crashes", scene: { ...refuses, ...beside("shop/mail-1", crashing) }, want: "cleared" },
  {
    name: "it is well and connects are refused",
    scene: { ...refuses, ...beside("shop/api-1", running) },
    want: "cleared",
  },
  {
    name: "the pod is a gateway: the proxy is its program",
    scene: { ...refuses, ...beside("shop/api-1", crashing, true) },
    want: "cleared",
  },
  { name: "there is none, as in ambient meshes", scene: refuses, want: "cleared" },
])("sidecar-not-ready says $want when $name", ({ scene, want }) => {
  expect(ask(sidecarNotReady, scene).brief).toBe(want);
});

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "its container is throttled and what passes it is late",
    scene: { ...late, ...beside("shop/api-1", running), ...throttled(0.7) },
    want: "shop/api-1 certain",
  },
  {
    name: "what passes it is late for another reason",
    scene: { ...late, ...beside("shop/api-1", running) },
    want: "shop/api-1 likely",
  },
  {
    name: "the program's container is throttled, not the proxy's",
    scene: { ...late, ...beside("shop/api-1", running), ...throttled(0.7, "0123456789abcdef0123") },
    want: "shop/api-1 likely",
  },
  {
    name: "only the source is late, and it has one",
    scene: {
      ...program({ source: answers(640), node: answers(1), beside: answers(1), self: answers(1) }),
      ...beside("shop/api-0", running),
    },
    want: "shop/api-0 likely",
  },
  // What can fool it.
  { name: "there is none", scene: late, want: "cleared" },
  {
    name: "the program itself is slow",
    scene: {
      ...program({ source: answers(640), node: answers(640), self: answers(600) }),
      ...beside("shop/api-1", running),
      ...throttled(0.7),
    },
    want: "cleared",
  },
  {
    name: "it is throttled but nothing is late",
    scene: {
      ...program({ source: answers(2), self: answers(1) }),
      ...beside("shop/api-1", running),
      ...throttled(0.7),
    },
    want: "cleared",
  },
  {
    name: "the path loses",
    scene: { ...late, ...beside("shop/api-1", running), faults: [loses(0.2, crossing)] },
    want: "cleared",
  },
])("sidecar-starved says $want when $name", ({ scene, want }) => {
  expect(ask(sidecarStarved, scene).brief).toBe(want);
});

test("the crash, its reason and what it costs are said, and the refused port is filed beneath it", () => {
  const scene = { ...refuses, ...beside("shop/api-1", crashing) };
  const said = because(ask(sidecarNotReady, scene).verdict);
  expect(said).toContain(
    "the sidecar istio-proxy of shop/api-1 is waiting (CrashLoopBackOff); it was started again 7 times in all",
  );
  expect(said).toContain("its last run ended with OOMKilled (137)");
  expect(play(scene).report.causes.map(({ cause }) => cause)).toEqual(["sidecar-not-ready"]);
});

test("the throttled share is that of the check, with the limit", () => {
  const said = because(ask(sidecarStarved, { ...late, ...beside("shop/api-1", running), ...throttled(0.7) }).verdict);
  expect(said).toContain("the container istio-proxy was throttled in 70 % of its CPU periods during the check");
  expect(said).toContain("its CPU limit is 100m");
  expect(said).toContain("wait 640 ms (p50)");
});
