import { expect, test } from "vitest";
import { judge, namesPlace } from "#lab/judge.ts";
import type { Place } from "#src/core/place.ts";
import type { Report } from "#src/core/report.ts";

const cause = (name: string, where: Place, explains: string[] = []) => ({
  cause: name,
  title: name,
  confidence: "certain" as const,
  where,
  because: [],
  against: [],
  confirm: [],
  advice: [],
  explains: explains.map((one) => ({ cause: one, where, because: [] })),
});

const report = (status: Report["status"], causes: Report["causes"]): Report => ({
  check: "nc-test1",
  command: "a b",
  cluster: "lab",
  from: "a",
  to: "b",
  status,
  verdict: "",
  causes,
  cleared: [],
  unknown: [],
  gaps: [],
  measurements: [],
  captures: [],
  hops: [],
  coverage: { share: 1, text: "" },
  charts: [],
  window: { startMs: 0, endMs: 1 },
});

const node2: Place = { kind: "node", name: "node-2", device: "eth0" };

test.each<[Place, string, boolean]>([
  [node2, "node-2", true],
  [node2, "node-2/eth0", true],
  [node2, "node-2/eth1", false],
  [node2, "node-22", false],
  [{ kind: "device", name: "node-2/eth0" }, "node-2", true],
  [{ kind: "device", name: "node-20/eth0" }, "node-2", false],
  [{ kind: "pair", name: "node-1", peer: "node-2" }, "node-1>node-2", true],
  [{ kind: "pair", name: "node-2", peer: "node-1" }, "node-1>node-2", false],
  [{ kind: "pod", name: "shop/db-0" }, "shop/db-0", true],
  [{ kind: "service", name: "svc/shop/web" }, "svc/shop/web", true],
])("place %j names %s: %s", (place, wanted, names) => {
  expect(namesPlace(place, wanted)).toBe(names);
});

test.each([
  { name: "healthy is healthy", expect: { status: "healthy", causes: [] }, got: report("healthy", []), pass: true },
  {
    name: "a cause on a healthy twin is a false alarm",
    expect: { causes: [] },
    got: report("degraded", [cause("path-loss", node2)]),
    pass: false,
  },
  {
    name: "the right cause at the right node passes",
    expect: { causes: [{ cause: "path-loss", where: "node-2" }] },
    got: report("degraded", [cause("path-loss", node2)]),
    pass: true,
  },
  {
    name: "the right cause at the wrong node fails",
    expect: { causes: [{ cause: "path-loss", where: "node-1" }] },
    got: report("degraded", [cause("path-loss", node2)]),
    pass: false,
  },
  {
    name: "a second cause that nobody asked for fails",
    expect: { causes: [{ cause: "path-loss" }] },
    got: report("degraded", [cause("path-loss", node2), cause("link-delay", node2)]),
    pass: false,
  },
  {
    name: "a forbidden cause fails",
    expect: { causes: [{ cause: "path-loss" }], never: ["path-loss"] },
    got: report("broken", [cause("path-loss", node2)]),
    pass: false,
  },
  {
    name: "a symptom beneath the cause that explains it is not a rival",
    expect: { causes: [{ cause: "node-down" }], never: ["path-loss"] },
    got: report("broken", [cause("node-down", node2, ["path-loss"])]),
    pass: true,
  },
  {
    name: "causes in the wrong order fail",
    expect: { causes: [{ cause: "path-loss" }, { cause: "link-delay" }] },
    got: report("degraded", [cause("link-delay", node2), cause("path-loss", node2)]),
    pass: false,
  },
])("$name", ({ expect: expected, got, pass }) => {
  expect(judge(expected, got).pass).toBe(pass);
});
