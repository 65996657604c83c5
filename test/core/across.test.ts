import { describe, expect, test } from "vitest";
import {
  clustersOf,
  endTexts,
  otherEnd,
  otherEndNamed,
  otherEndNotes,
  partOf,
  withOtherEnd,
  withPort,
} from "#src/core/across.ts";
import { assess } from "#src/core/assess.ts";
import type { CheckRequest } from "#src/core/check.ts";
import type { Inventory } from "#src/core/inventory.ts";
import { joinedProgress } from "#src/core/joined-progress.ts";
import type { End } from "#src/core/plan.ts";
import type { Progress } from "#src/core/progress.ts";
import type { Target } from "#src/core/target.ts";
import { rules } from "#src/rules/index.ts";
import { inEnglish } from "#test/support/in-english.ts";
import { cluster, loses, play, viewOf } from "./simulate.ts";

const within: CheckRequest = {
  ...{ id: "nc-4f2a", command: "web-0 db-0 1m", cluster: "east", durationMs: 60_000, requestedAtMs: 0 },
  from: { kind: "pod", namespace: "shop", name: "web-0" },
  to: { kind: "pod", namespace: "shop", name: "db-0", port: 5432 },
};
const across: CheckRequest = { ...within, toCluster: "west" };
const names: Inventory = {
  ...{ cluster: "west", atMs: 0, services: [], deployments: [], nodes: [{ name: "node-1", ip: "172.16.0.4" }] },
  pods: [
    { namespace: "shop", name: "db-0", phase: "Running", ip: "10.2.0.9" },
    { namespace: "shop", name: "job-0", phase: "Pending" },
  ],
};

test("a check within one cluster is its own and only part", () => {
  expect(clustersOf(within)).toEqual(["east"]);
  expect(partOf(within, "east")).toEqual(within);
  expect(endTexts(within)).toEqual(["shop/web-0", "shop/db-0:5432"]);
});

test("between two clusters each measures from its own end, the second under an id of its own", () => {
  expect(clustersOf(across)).toEqual(["east", "west"]);
  expect(endTexts(across)).toEqual(["shop/web-0@east", "shop/db-0:5432@west"]);
  expect(partOf(across, "east")).toEqual({
    ...within,
    otherEnd: { cluster: "west", target: within.to, begins: false },
  });
  expect(partOf(across, "west")).toEqual({
    ...within,
    ...{ id: "nc-4f2a2", cluster: "west", from: within.to, to: within.from },
    otherEnd: { cluster: "east", target: within.from, begins: true },
  });
});

describe("the other end is reached by an address", () => {
  const at = (target: Target, known: Inventory | undefined = names) =>
    otherEnd({ cluster: "west", target, begins: false }, known);
  test.each<[Target, string]>([
    [{ kind: "pod", namespace: "shop", name: "db-0", port: 5432 }, "10.2.0.9"],
    [{ kind: "pod", name: "db-0" }, "10.2.0.9"],
    [{ kind: "node", name: "node-1" }, "172.16.0.4"],
    [{ kind: "address", ip: "10.2.0.77", port: 80 }, "10.2.0.77"],
  ])("%o", (target, ip) => {
    const port = target.port === undefined ? {} : { port: target.port };
    expect(at(target)).toEqual({ kind: "address", ip, ...port });
  });
  test.each<[Target, string]>([
    [{ kind: "service", name: "db" }, "svc/db@west has no address that another cluster could reach."],
    [{ kind: "deployment", name: "db" }, "deploy/db@west has no address that another cluster could reach."],
    [{ kind: "host", name: "db.example.com" }, "db.example.com@west has no address that another cluster could reach."],
    [{ kind: "pod", name: "job-0" }, "The address of job-0@west is not known here."],
    [{ kind: "pod", name: "gone-0" }, "The address of gone-0@west is not known here."],
  ])("%o has none", (target, problem) => {
    expect(() => at(target)).toThrow(problem);
  });
  test("nor has anything of a cluster whose names nobody has published", () => {
    expect(() => otherEnd({ cluster: "west", target: within.to, begins: false }, undefined)).toThrow(
      "is not known here",
    );
  });
});

test("what the plan knows has its name; an address that is somebody's here is refused", () => {
  const other = { cluster: "west", target: within.to, begins: false };
  const found: End = { kind: "address", name: "10.2.0.9", ip: "10.2.0.9", port: 5432 };
  expect(otherEndNamed(found, other)).toEqual({ ...found, name: "shop/db-0@west", cluster: "west" });
  expect(() => otherEndNamed({ kind: "pod", name: "shop/api-1", ip: "10.2.0.9" }, other)).toThrow(
    "Both clusters use the address 10.2.0.9",
  );
});

test.each([
  ["shop/db-0", "shop/db-0:80"],
  ["shop/db-0@west", "shop/db-0:80@west"],
])("%s with a port is %s", (name, text) => {
  expect(withPort(name, 80)).toBe(text);
});

test.each([
  ["10.2.0.9", "10.2.0.9:80, 10.2.0.91, 110.2.0.9 and 10.2.0.9.", "there:80, 10.2.0.91, 110.2.0.9 and there."],
  ["fd00::9", "to fd00::9, fd00::91 and 1fd00::9", "to there, fd00::91 and 1fd00::9"],
])("the address %s becomes a name where it stands whole", (ip, text, want) => {
  expect(withOtherEnd(text, { kind: "address", name: "there", ip, cluster: "west" })).toBe(want);
  expect(withOtherEnd(text, { kind: "address", name: "there", ip })).toBe(text);
});

test("an address that lies where this cluster has its pods may never be reached, and that is told", () => {
  const other: End = { kind: "address", name: "shop/db-0@west", ip: "10.2.0.9", cluster: "west" };
  const { nodes } = viewOf(cluster(2));
  const ranges = (...podCidrs: string[]) => nodes.map((node, n) => ({ ...node, podCidrs: podCidrs.slice(n, n + 1) }));
  expect(otherEndNotes(other, ranges("10.1.0.0/24", "10.2.0.0/24")).map(inEnglish)).toEqual([
    "shop/db-0@west has the address 10.2.0.9, and graz has the range 10.2.0.0/24 for its pods: packets may never leave.",
  ]);
  expect(otherEndNotes(other, ranges("10.1.0.0/24"))).toEqual([]);
  expect(otherEndNotes({ kind: "address", name: "10.2.0.9", ip: "10.2.0.9" }, ranges("10.2.0.0/24"))).toEqual([]);
});

describe("what a running check says of itself", () => {
  const part = (cluster: string, more: Partial<Progress>): Progress => ({
    ...{ check: "nc-4f2a", cluster, rev: 1, atMs: 0, worker: "host:1", phase: "measuring" },
    steps: [{ id: "resolve", title: "Resolve targets", status: "complete" }],
    ...more,
  });
  test("of one cluster is as it is", () => {
    const one = part("east", {});
    expect([joinedProgress([]), joinedProgress([one])]).toEqual([undefined, one]);
  });
  test("of two has the steps of both, the phase of the slower, and the earliest finding", () => {
    const joined = joinedProgress([
      part("west", {
        ...{ phase: "finishing", atMs: 9, firstFinding: { atMs: 4, text: "late" }, trouble: "gone" },
        window: { startMs: 1, endMs: 61 },
      }),
      part("east", {
        ...{ phase: "measuring", firstFinding: { atMs: 5, text: "lost" }, soFar: { sent: 9, lost: 1 } },
        window: { startMs: 0, endMs: 60 },
      }),
    ]);
    expect(joined).toMatchObject({ phase: "measuring", firstFinding: { text: "late" }, trouble: "gone" });
    expect([joined?.window?.endMs, joined?.soFar?.sent]).toEqual([61, 9]);
    expect(joined?.steps.map(({ id, title }) => [id, inEnglish(title)])).toEqual([
      ["east-resolve", "east: Resolve targets"],
      ["west-resolve", "west: Resolve targets"],
    ]);
  });
});

describe("while it runs", () => {
  const ip = "198.51.100.7";
  const { plan, evidence } = play({ to: ip, seconds: 20, faults: [loses(1, ({ leg }) => leg.toIp === ip)] });
  const known = { ...plan, to: { ...plan.to, name: "shop/db-0@west", cluster: "west" } };
  const told = (begins: boolean) =>
    assess(
      {
        request: { ...within, otherEnd: { cluster: "west", target: within.to, begins } },
        ...{ plan: known, evidence, gaps: [] },
      },
      rules,
    );
  test("what is lost on the asked way is told with its cluster and the other end's name", () => {
    expect(told(false).finding?.text).toMatch(/^east: .*shop\/db-0@west/);
    expect(told(false).soFar?.lost).toBeGreaterThan(0);
  });
  test("of the way back nothing is told that may be no fault", () => {
    expect(told(true)).toEqual({});
  });
});
