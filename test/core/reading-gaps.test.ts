import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import { play, type Scene, startOf } from "./simulate.ts";

const gaps = (scene: Scene): string[] => play(scene).report.gaps.map(({ reason }) => reason);
const at = (label: string, probe: string, code: number, afterS = 0): NonNullable<Scene["exits"]> => {
  return (place: Vantage, name: string, atMs: number) =>
    place.label === label && name === probe && atMs >= startOf + afterS * 1_000 ? code : undefined;
};

test("a healthy check has no such gap", () => {
  expect(gaps({})).toEqual([]);
});

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "a missing tool",
    scene: { exits: at("graz", "conntrack", 127) },
    want: "conntrack: not installed on graz",
  },
  {
    name: "a tool of another machine type",
    scene: { exits: at("graz", "conntrack", 126) },
    want: "conntrack: cannot be executed on graz",
  },
  {
    name: "a tool that hangs",
    scene: { exits: at("graz", "conntrack", 124) },
    want: "conntrack: no answer in time on graz, in 5 of 5 readings (graz)",
  },
  {
    name: "output without an end",
    scene: { exits: at("graz", "routes", 141) },
    want: "ip: what it prints on graz is too long and was cut (graz)",
  },
  {
    name: "a pod that ends in the middle",
    scene: { exits: (place, _, atMs) => (place.label === "shop/api-1" && atMs >= startOf + 10_000 ? 125 : undefined) },
    want: "shop/api-1 has no process on graz since 08:00:10 UTC: nothing more could be read there",
  },
  {
    name: "garbage",
    scene: {
      facts: (place, probe) => (place.label === "graz" && probe === "conntrack" ? "Segmentation fault" : undefined),
    },
    want: "conntrack: what it prints on graz makes no sense, of another version or damaged (graz)",
  },
])("$name is one gap with its reason, and the check ends as it should", ({ scene, want }) => {
  const { report } = play(scene);
  expect(report.gaps.map(({ reason }) => reason)).toEqual([want]);
  expect(report.status).toBe("healthy");
});

test("a tool that is missing everywhere is one gap for each node, not for each reading", () => {
  const missing = gaps({
    exits: (_, probe) => (["links", "routes", "neighbours"].includes(probe) ? 127 : undefined),
  });
  expect(missing.toSorted()).toEqual(["bern", "graz", "ulm"].map((node) => `ip: not installed on ${node}`));
});

test("one run of many that took too long is no gap", () => {
  expect(
    gaps({
      exits: (place, probe, atMs) =>
        place.label === "graz" && probe === "routes" && atMs === startOf + 5_000 ? 124 : undefined,
    }),
  ).toEqual([]);
});

test("garbage, hanging and missing tools at once still end in a report", () => {
  const codes = [0, 1, 124, 126, 127, 141];
  let n = 0;
  const { report } = play({
    facts: (_, probe) => (n++ % 3 === 0 ? `\u0000{"${probe}": [1, {` : undefined),
    exits: () => codes[n % codes.length],
    silentAfterS: { graz: 8 },
  });
  expect(report.gaps.length).toBeGreaterThan(3);
  expect(report.gaps.length).toBeLessThan(30);
});
