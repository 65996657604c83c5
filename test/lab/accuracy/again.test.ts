import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { judgedAgain } from "#lab/accuracy/again.ts";
import { namedIn, type Played } from "#lab/accuracy/played.ts";
import { packStored } from "#src/store/stored-check.ts";
import { simulatedCheck } from "#test/support/simulated-check.ts";

const { seen, report } = simulatedCheck("nc-aaaa");
const [cause] = report.causes;
const expected = [{ cause: cause?.cause ?? "", where: cause?.where.name }];
let dir: string;
let check: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "netcheck-again-"));
  check = join(dir, "late-1.json.gz");
  writeFileSync(check, await packStored({ ...seen, report }));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** As rules that named nothing played it. */
const missed: Played = {
  ...{ scenario: "late", seed: 1, version: "7df83e5", kind: "one", expected, named: [], pass: false },
  ...{ wrong: ["it is not named"], verdict: "No fault.", firstFindingS: 6, reportS: 4 },
};

test("a miss of earlier rules is right when today's name the cause; what was measured and how long it took stay", async () => {
  expect(await judgedAgain(missed, { check, expected: {}, version: "84b98c8" })).toEqual({
    ...missed,
    ...{ judged: "84b98c8", pass: true, wrong: [], verdict: report.verdict, named: namedIn(report, expected) },
  });
});

test("status, what must never be named, and the causes of the play itself are held against the report", async () => {
  const other = { ...missed, expected: [{ cause: "path-loss" }] };
  const wanted = { status: "healthy", causes: [], never: [cause?.cause ?? ""] };
  const again = await judgedAgain(other, { check, expected: wanted, version: "84b98c8" });
  expect(again?.wrong).toEqual([
    `status is ${report.status}, not healthy`,
    `cause 1 is ${cause?.cause}, not path-loss`,
    `${cause?.cause} must not be named`,
  ]);
});

test("a play whose check was not kept cannot be judged again; a damaged one says so", async () => {
  expect(
    await judgedAgain(missed, { check: join(dir, "gone.json.gz"), expected: {}, version: "84b98c8" }),
  ).toBeUndefined();
  writeFileSync(join(dir, "cut.json.gz"), "cut");
  await expect(
    judgedAgain(missed, { check: join(dir, "cut.json.gz"), expected: {}, version: "84b98c8" }),
  ).rejects.toThrow("is no stored check");
});
