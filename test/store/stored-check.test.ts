import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packStored, readStored } from "#src/store/stored-check.ts";
import { simulatedCheck } from "#test/support/simulated-check.ts";

const root = new URL("../..", import.meta.url).pathname;
const { seen, report } = simulatedCheck("nc-aaaa");
let dir: string;
let good: string;
let packed: Uint8Array;
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "netcheck-stored-"));
  packed = await packStored({ ...seen, report });
  good = file("check.json.gz", packed);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const replay = (...words: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "src/cli.ts"), "replay", ...words], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
};

test("who asked, and where, is not kept", async () => {
  const slack = { team: "T1", channel: "C1", user: "U1" };
  const bytes = await packStored({ ...seen, request: { ...seen.request, ...{ slack } }, report });
  expect(gunzipSync(bytes).toString()).not.toContain('"slack"');
});

test("a check replays to the report that was made of it, and says so", () => {
  const { status, stdout, stderr } = replay(good, "--json");
  expect({ status, stderr }).toEqual({ status: 0, stderr: `${good}: the same report as then\n` });
  expect(JSON.parse(stdout)).toEqual(report);
});

test.each([
  {
    name: "another cause",
    kept: { ...report, causes: report.causes.map((cause) => ({ ...cause, cause: "link-delay" })) },
    says: /then link-delay at graz.*; now nic-periodic-delay at graz/,
  },
  {
    name: "another status",
    kept: { ...report, status: "healthy" as const },
    says: /status healthy then, degraded now/,
  },
  {
    name: "another number",
    kept: { ...report, coverage: { ...report.coverage, share: 0.5 } },
    says: /differs at coverage\.share/,
  },
  {
    name: "nothing about data planes, as those of older versions",
    kept: { ...report, dataPlanes: undefined },
    says: /differs at dataPlanes/,
  },
])("a report with $name is told apart", async ({ kept, says }) => {
  const { status, stdout, stderr } = replay(file("other.json.gz", await packStored({ ...seen, report: kept })));
  expect(status).toBe(1);
  expect(stderr).toMatch(says);
  expect(stdout).toContain("NIC delays one packet in n");
});

test("what is no stored check is told with its file, and the others are replayed all the same", () => {
  const { status, stdout, stderr } = replay(join(dir, "gone.json.gz"), good);
  expect(status).toBe(2);
  expect(stderr).toMatch(/gone\.json\.gz cannot be read: ENOENT/);
  expect(stdout).toContain("NIC delays one packet in n");
  expect(replay().status).toBe(2);
  expect(replay("--nonsense", good).status).toBe(2);
  expect(replay("--help").status).toBe(0);
});

test.each<{ name: string; content: () => string | Uint8Array; says: RegExp }>([
  { name: "nothing", content: () => "", says: /it is not JSON/ },
  { name: "text", content: () => "hello", says: /it is not JSON/ },
  { name: "a folder's worth of zeros", content: () => new Uint8Array(1_000), says: /it is not JSON/ },
  { name: "half of one", content: () => packed.subarray(0, packed.length / 2), says: /it cannot be decompressed/ },
  { name: "a report alone", content: () => JSON.stringify(report), says: /request: / },
  {
    name: "evidence that is none",
    content: () => gzipSync(JSON.stringify({ ...seen, report, evidence: [{ kind: 1 }] })),
    says: /evidence\.0\.kind: /,
  },
])("a file that holds $name is refused", async ({ content, says }) => {
  await expect(readStored(file("bad", content()))).rejects.toThrow(says);
});

test("one that is not compressed is read as well", async () => {
  expect((await readStored(file("plain.json", gunzipSync(packed)))).report).toEqual(report);
});
