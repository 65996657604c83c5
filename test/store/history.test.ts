import { mkdtemp, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { judgedSchema } from "#src/core/judged.ts";
import type { Report } from "#src/core/report.ts";
import { openHistory } from "#src/store/history.ts";
import { readStored, reportOf } from "#src/store/stored-check.ts";
import { simulatedCheck } from "#test/support/simulated-check.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "netcheck-history-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const reportOfNothing = (check: string): Report => ({
  check,
  command: "web-0 db-0",
  cluster: "lab",
  from: "shop/web-0",
  to: "shop/db-0",
  status: "healthy",
  verdict: "No fault.",
  ...{ causes: [], cleared: [], unknown: [], gaps: [], measurements: [], captures: [], hops: [], charts: [] },
  coverage: { share: 1, text: "all of it" },
  window: { startMs: 1, endMs: 2 },
});
const { report: simulated, seen } = simulatedCheck("nc-aaaa");

test("a check is kept with all that its report is made of, readable by its owner only", async () => {
  const history = openHistory(dir);
  await history.save({ report: simulated, seen });
  expect(await history.report("nc-aaaa")).toEqual(simulated);
  const folder = join(dir, "history", "nc-aaaa");
  expect((await readdir(folder)).toSorted()).toEqual(["check.json.gz", "report.json", "summary.json"]);
  const { report: then, ...kept } = await readStored(join(folder, "check.json.gz"));
  expect(then).toEqual(simulated);
  expect(JSON.parse(JSON.stringify(reportOf(kept)))).toEqual(simulated);
  for (const name of ["check.json.gz", "report.json"])
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
});

test("a check that measured nothing has a report and nothing to replay", async () => {
  const history = openHistory(dir);
  await history.save({ report: reportOfNothing("nc-aaaa") });
  expect((await readdir(join(dir, "history", "nc-aaaa"))).toSorted()).toEqual(["report.json", "summary.json"]);
});

test("what people say of causes is kept beside the check, one after the other, also where the check is not", async () => {
  const history = openHistory(dir);
  await history.save({ report: simulated, seen });
  const judged = { check: "nc-aaaa", cause: "path-loss", answer: "wrong", user: "U1", atMs: 1 } as const;
  await history.judge(judged);
  await history.judge({ ...judged, answer: "right", user: "U2", atMs: 2 });
  await history.judge({ ...judged, check: "nc-elsewhere" });
  const lines = (await readFile(join(dir, "history", "nc-aaaa", "judged.jsonl"), "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => judgedSchema.parse(JSON.parse(line)).answer)).toEqual(["wrong", "right"]);
  expect(await history.report("nc-elsewhere")).toBeUndefined();
  await history.save({ report: simulated, seen });
  expect(await readdir(join(dir, "history", "nc-aaaa"))).toContain("judged.jsonl");
});

test("the newest come first, and the oldest go when there are too many", async () => {
  const history = openHistory(dir, { maxChecks: 2 });
  for (const [index, check] of ["nc-aaaa", "nc-bbbb", "nc-cccc"].entries()) {
    await history.save({ report: reportOfNothing(check) });
    await utimes(join(dir, "history", check, "report.json"), index + 1, index + 1);
  }
  await history.save({ report: reportOfNothing("nc-dddd") });
  expect(await history.list()).toEqual(["nc-dddd", "nc-cccc"]);
});

test("what was not kept is not there, and an id that is none does not become a path", async () => {
  const history = openHistory(dir);
  expect(await history.report("nc-zzzz")).toBeUndefined();
  expect(await history.list()).toEqual([]);
  await expect(history.report("../nc-aaaa")).rejects.toThrow();
});

const good = (check: string, startMs: number, more: Partial<Report> = {}): Report => ({
  ...reportOfNothing(check),
  window: { startMs, endMs: startMs + 1 },
  ...more,
});

test("the last good check is the newest healthy one of the same path before", async () => {
  const history = openHistory(dir);
  const all = [
    good("nc-aaaa", 10),
    good("nc-bbbb", 20),
    good("nc-cccc", 30, { status: "degraded" }),
    good("nc-dddd", 40, { to: "shop/db-1" }),
    good("nc-eeee", 50, { cluster: "other" }),
    good("nc-ffff", 70),
  ];
  for (const report of all) await history.save({ report });
  expect((await history.lastGood(good("nc-zzzz", 60)))?.check).toBe("nc-bbbb");
  expect((await history.lastGood(good("nc-bbbb", 20)))?.check).toBe("nc-aaaa");
  expect(await history.lastGood(good("nc-aaaa", 10))).toBeUndefined();
  // A check that is made again is seen as it is now.
  await history.save({ report: good("nc-bbbb", 20, { status: "broken" }) });
  expect((await history.lastGood(good("nc-zzzz", 60)))?.check).toBe("nc-aaaa");
});

test("runs of a schedule belong together even when their pods have other names", async () => {
  const history = openHistory(dir);
  await history.save({ report: good("nc-aaaa", 10, { to: "shop/db-1" }), schedule: "sc-aaaa" });
  await history.save({ report: good("nc-bbbb", 20, { status: "broken" }), schedule: "sc-aaaa" });
  await history.save({ report: good("nc-cccc", 15, { to: "shop/db-2" }), schedule: "sc-bbbb" });
  // As another process finds them, and with one that an older version has kept.
  await rm(join(dir, "history", "nc-cccc", "summary.json"));
  const other = openHistory(dir);
  const broken = await other.report("nc-bbbb");
  expect(broken && (await other.lastGood(broken))?.check).toBe("nc-aaaa");
  expect((await other.lastGood(good("nc-zzzz", 99, { to: "shop/db-2" })))?.check).toBe("nc-cccc");
});

test("the newest healthy check of a path stays when thousands of others came after it", async () => {
  const history = openHistory(dir, { maxChecks: 3 });
  const saveAt = async (report: Report, at: number) => {
    await history.save({ report });
    await utimes(join(dir, "history", report.check, "report.json"), at, at);
  };
  await saveAt(good("nc-old1", 1), 1);
  await saveAt(good("nc-old2", 2), 2);
  for (let n = 0; n < 6; n++) await saveAt(good(`nc-bad${n}`, 10 + n, { status: "broken" }), 10 + n);
  await history.save({ report: good("nc-last", 20, { status: "broken" }) });
  expect(await history.list()).toEqual(["nc-last", "nc-bad5", "nc-bad4", "nc-old2"]);
  expect((await history.lastGood(good("nc-last", 20)))?.check).toBe("nc-old2");
});
