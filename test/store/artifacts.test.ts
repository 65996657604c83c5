import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readWorkerConfig } from "#src/config.ts";
import { openArtifacts } from "#src/store/artifacts.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "netcheck-open-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));
const KEY = "captures/nc-4f2a/merged.pcapng";

test("without a bucket captures are on the disk, and have no address", async () => {
  const store = openArtifacts(readWorkerConfig({ NETCHECK_DATA_DIR: dataDir }));
  async function* one(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("x");
  }
  await store.put(KEY, one());
  using file = await store.localPath(KEY);
  expect(file.path.startsWith(join(dataDir, "artifacts", "captures", "nc-4f2a"))).toBe(true);
  expect(await store.link(KEY, 60)).toBeUndefined();
});

test("with a bucket they have signed addresses, which nobody has to be asked for", async () => {
  process.env["AWS_ACCESS_KEY_ID"] = "key";
  process.env["AWS_SECRET_ACCESS_KEY"] = "secret";
  const env = { NETCHECK_DATA_DIR: dataDir, NETCHECK_S3_BUCKET: "captures", NETCHECK_S3_REGION: "eu-central-1" };
  const address = async (more: Record<string, string>): Promise<URL> =>
    new URL((await openArtifacts(readWorkerConfig({ ...env, ...more })).link(KEY, 3_600)) ?? "");
  const amazon = await address({ NETCHECK_S3_PREFIX: "team" });
  expect([amazon.host, amazon.pathname]).toEqual(["captures.s3.eu-central-1.amazonaws.com", `/team/${KEY}`]);
  expect(amazon.searchParams.get("X-Amz-Expires")).toBe("3600");
  const own = await address({ NETCHECK_S3_ENDPOINT: "https://objects.example.com" });
  expect([own.host, own.pathname]).toEqual(["objects.example.com", `/captures/${KEY}`]);
  expect(existsSync(join(dataDir, "artifacts"))).toBe(false);
});
