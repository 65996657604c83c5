import { expect, test } from "vitest";
import { neighbourUnresolved } from "#src/rules/neighbour-unresolved.ts";
import { loses, type Packet, play, type Scene, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { tunnelFacts } from "./tunnel-facts.ts";

type Entry = {
  readonly dst: string;
  readonly dev: string;
  readonly state: readonly string[];
  readonly lladdr?: string;
};
/** One entry of a place's neighbour table. */
const entry =
  (label: string, one: Partial<Entry> = {}): NonNullable<Scene["facts"]> =>
  (at, probe) =>
    probe === "neighbours" && at.label === label
      ? JSON.stringify([{ dst: "10.42.1.5", dev: "cni0", state: ["FAILED"], ...one }])
      : undefined;
const target = "shop/api-1";
const cut = loses(1, ({ from, to }: Packet) => from === target || to === target);

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "its own node finds the pod not", scene: { facts: entry("graz"), faults: [cut] }, want: `${target} certain` },
  {
    name: "it is still being asked for",
    scene: { facts: entry("graz", { state: ["INCOMPLETE"] }), faults: [cut] },
    want: `${target} certain`,
  },
  {
    name: "a pod does not find its gateway",
    scene: { facts: entry(target, { dst: "10.42.1.1", dev: "eth0" }), faults: [cut] },
    want: `${target} certain`,
  },
  {
    name: "a node does not find the other",
    scene: { facts: entry("ulm", { dst: "172.20.7.21", dev: "ens5" }), faults: [loses(1, through("graz"))] },
    want: "graz certain",
  },
  // What can fool it.
  { name: "nothing is lost: the address is idle", scene: { facts: entry("graz") }, want: "cleared" },
  {
    name: "the entry is stale, which is normal",
    scene: { facts: entry("graz", { state: ["STALE"], lladdr: "02:00:00:00:00:01" }), faults: [cut] },
    want: "cleared",
  },
  {
    name: "a proxy answers for everybody",
    scene: {
      facts: entry(target, { dst: "10.42.1.1", dev: "eth0", state: ["REACHABLE"], lladdr: "ee:ee:ee:ee:ee:ee" }),
      faults: [cut],
    },
    want: "cleared",
  },
  {
    name: "the entry needs no ARP",
    scene: { facts: entry("graz", { state: ["NOARP"] }), faults: [cut] },
    want: "cleared",
  },
  {
    name: "another address is unresolved",
    scene: { facts: entry("graz", { dst: "10.42.1.77" }), faults: [cut] },
    want: "cleared",
  },
  {
    name: "the same address on another device is",
    scene: { facts: entry("graz", { dev: "docker0" }), faults: [cut] },
    want: "cleared",
  },
  {
    name: "half of what needs it passes",
    scene: { facts: entry("graz"), faults: [loses(0.3, ({ from }: Packet) => from === target)] },
    want: "cleared",
  },
  {
    name: "it is an entry of a tunnel",
    scene: {
      facts: (at, probe) => {
        const own = entry("ulm", { dst: "10.42.1.0", dev: "vx.7" })(at, probe, 0);
        return own ?? tunnelFacts(at, probe);
      },
      faults: [loses(1, ({ leg, fromNode, toNode }: Packet) => leg.scope === "overlay" && fromNode !== toNode)],
    },
    want: "cleared",
  },
  {
    name: "no table could be read",
    scene: { facts: (_, probe) => (probe === "neighbours" ? "garbage" : undefined), faults: [cut] },
    want: "unknown",
  },
])("neighbour-unresolved says $want when $name", ({ scene, want }) => {
  expect(ask(neighbourUnresolved, scene).brief).toBe(want);
});

test("it says who asks for whom, and lost packets are its symptom", () => {
  const scene: Scene = { facts: entry("graz"), faults: [cut] };
  expect(because(ask(neighbourUnresolved, scene).verdict)).toMatch(
    /graz gets no answer to ARP for shop\/api-1 \(10\.42\.1\.5\) on cni0: the entry is FAILED in \d readings/,
  );
  expect(play(scene).report.causes.map(({ cause }) => cause)).toEqual(["neighbour-unresolved"]);
});

test("a pod that has ended explains it", () => {
  const scene: Scene = {
    facts: entry("graz"),
    faults: [cut],
    views: (view) => [
      view,
      {
        ...view,
        pods: view.pods.map((pod) =>
          pod.name === "api-1"
            ? {
                ...pod,
                phase: "Failed",
                ready: false,
                containers: pod.containers.map((one) => ({ ...one, state: "terminated" as const })),
              }
            : pod,
        ),
      },
    ],
  };
  const [cause] = play(scene).report.causes;
  expect(cause?.cause).toBe("target-not-running");
  expect(cause?.explains.map((one) => one.cause)).toContain("neighbour-unresolved");
});
