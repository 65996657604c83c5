import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDiskArtifacts } from "#src/store/artifacts-disk.ts";

const cli = fileURLToPath(new URL("../../src/cli.ts", import.meta.url));
const content = Buffer.from([...Array(200_000).keys()].map((n) => n % 251));
const key = "captures/nc-4f2a/merged.pcapng";
let dataDir: string;
let sha256: string;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "netcheck-artifact-"));
  const store = openDiskArtifacts({ dataDir, days: 14, quotaBytes: 1e9, leastFreeBytes: 0 });
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield content;
  }
  ({ sha256 } = await store.put(key, stream()));
  await store.put("captures/nc-5aaa/record-1/000001.pcap", stream());
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** Runs it as a person would, with these settings and no others. */
function netcheck(...words: readonly string[]): Promise<{ code: number; stdout: Buffer; stderr: string }> {
  const env = { PATH: process.env["PATH"], NETCHECK_DATA_DIR: dataDir };
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, "artifact", ...words], { env, encoding: "buffer" }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr: stderr.toString() }),
    );
  });
}

test("what is kept is listed, all of it or of one check, for people and for programs", async () => {
  const all = await netcheck("list");
  expect([all.code, all.stdout.toString().trim().split("\n").length]).toEqual([0, 2]);
  const one = await netcheck("list", "nc-4f2a");
  expect(one.stdout.toString()).toMatch(new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\S+Z +0\\.2 MB ${sha256} ${key}\\n$`));
  const json = await netcheck("list", "nc-4f2a", "--json");
  expect(JSON.parse(json.stdout.toString())).toMatchObject([{ key, bytes: content.length, sha256 }]);
  const none = await netcheck("list", "nc-9zzz");
  expect(none).toMatchObject({ code: 1, stderr: "Nothing is kept of nc-9zzz.\n" });
});

test("a file is fetched as it was kept, to a file or a pipe, and nothing is written over", async () => {
  const out = join(dataDir, "out.pcapng");
  const got = await netcheck("get", key, "-o", out);
  expect(got).toMatchObject({ code: 0, stderr: `${key}: 0.2 MB, sha256 ${sha256}\n` });
  expect(readFileSync(out)).toEqual(content);
  expect((await netcheck("get", key, "-o", "-")).stdout).toEqual(content);
  writeFileSync(out, "mine");
  const again = await netcheck("get", key, "-o", out);
  expect(again).toMatchObject({ code: 2, stderr: `${out} is there already; nothing was written.\n` });
  expect(readFileSync(out, "utf8")).toBe("mine");
});

test("a file whose bytes have changed on the disk does not leave it", async () => {
  const damaged = "captures/nc-6bbb/merged.pcapng";
  const store = openDiskArtifacts({ dataDir, days: 14, quotaBytes: 1e9, leastFreeBytes: 0 });
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield content;
  }
  await store.put(damaged, stream());
  using file = await store.localPath(damaged);
  writeFileSync(file.path, Buffer.from(content).fill(7, 0, 1));
  const out = join(dataDir, "damaged.pcapng");
  const got = await netcheck("get", damaged, "-o", out);
  expect([got.code, got.stderr]).toEqual([1, expect.stringContaining("another sha256")]);
  expect(() => readFileSync(out)).toThrow("ENOENT");
  await store.remove("captures/nc-6bbb");
});

test.each([
  { words: [], code: 2, says: "Usage: " },
  { words: ["--help"], code: 0, says: "Usage: " },
  { words: ["put"], code: 2, says: '"put" is nothing that can be done with artifacts' },
  { words: ["list", "../etc"], code: 2, says: '"../etc" is no check' },
  { words: ["list", "nc-4f2a", "nc-5aaa"], code: 2, says: "list takes one check" },
  { words: ["get"], code: 2, says: "get takes one key" },
  { words: ["get", key], code: 2, says: "Say with -o FILE" },
  { words: ["get", "../../etc/passwd", "-o", "-"], code: 2, says: '"../../etc/passwd" is no key' },
  { words: ["get", "captures/nc-4f2a/none.pcapng", "-o", "-"], code: 1, says: "is not kept, or not any more" },
  { words: ["get", key, "-o", "/nowhere/x"], code: 2, says: "/nowhere/x cannot be written" },
  { words: ["get", key, "--force"], code: 2, says: "--force" },
])("artifact $words: $says", async ({ words, code, says }) => {
  const { code: ended, stderr, stdout } = await netcheck(...words);
  expect([ended, stdout.length]).toEqual([code, 0]);
  expect(stderr).toContain(says);
});
