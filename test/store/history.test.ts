import { mkdtemp, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Report } from "#src/core/report.ts";
import { openHistory } from "#src/store/history.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "netcheck-history-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const reportOf = (check: string): Report => ({
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
const evidence = [{ kind: "ping", subject: "a>b", atMs: 1, data: { sent: 1 } }];

test("a report is kept with its plan and evidence, readable by its owner only", async () => {
  const history = openHistory(dir);
  await history.save({ report: reportOf("nc-aaaa"), plan: { legs: 3 }, evidence });
  expect(await history.report("nc-aaaa")).toEqual(reportOf("nc-aaaa"));
  const folder = join(dir, "history", "nc-aaaa");
  expect((await readdir(folder)).toSorted()).toEqual(["evidence.json.gz", "plan.json", "report.json"]);
  expect(JSON.parse(gunzipSync(await readFile(join(folder, "evidence.json.gz"))).toString())).toEqual(evidence);
  expect((await stat(join(folder, "report.json"))).mode & 0o777).toBe(0o600);
});

test("the newest come first, and the oldest go when there are too many", async () => {
  const history = openHistory(dir, { maxChecks: 2 });
  for (const [index, check] of ["nc-aaaa", "nc-bbbb", "nc-cccc"].entries()) {
    await history.save({ report: reportOf(check), evidence: [] });
    await utimes(join(dir, "history", check, "report.json"), index + 1, index + 1);
  }
  await history.save({ report: reportOf("nc-dddd"), evidence: [] });
  expect(await history.list()).toEqual(["nc-dddd", "nc-cccc"]);
});

test("what was not kept is not there, and an id that is none does not become a path", async () => {
  const history = openHistory(dir);
  expect(await history.report("nc-zzzz")).toBeUndefined();
  expect(await history.list()).toEqual([]);
  await expect(history.report("../nc-aaaa")).rejects.toThrow();
});
