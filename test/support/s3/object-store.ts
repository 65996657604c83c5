import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { S3Place } from "#src/store/s3-client.ts";

const PYTHON = "/usr/bin/python3";
export const canStoreObjects = existsSync("/usr/lib/python3/dist-packages/swift/common/middleware/s3api");

/** The AWS SDK finds it here, as it would in production. */
const CREDENTIAL = { AWS_ACCESS_KEY_ID: "test:tester", AWS_SECRET_ACCESS_KEY: "testing" };

/** A real object store, OpenStack Swift behind its S3 API, in a process that ends with this one. */
export async function objectStore(): Promise<AsyncDisposable & { readonly port: number; readonly client: S3Client }> {
  Object.assign(process.env, CREDENTIAL);
  const folder = await mkdtemp(join(tmpdir(), "netcheck-objects-"));
  const script = new URL("object-store.py", import.meta.url).pathname;
  const child = spawn(PYTHON, ["-W", "ignore", script, folder], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), "line"),
    ended.then(() => {
      throw new Error("the object store ended before it served");
    }),
  ])) as [string];
  const { port } = JSON.parse(line) as { port: number };
  const client = new S3Client({ endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: "captures" }));
  return {
    port,
    client,
    async [Symbol.asyncDispose]() {
      client.destroy();
      child.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const placeAt = (port: number, change: Partial<S3Place> = {}): S3Place => ({
  ...{ bucket: "captures", endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", prefix: "team/" },
  ...{ pathStyle: true, cacheBytes: 1 << 20 },
  ...change,
});
