import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { doctor, doctorHome, findsEach, toMend } from "#test/support/doctor.ts";
import { badLine } from "#test/support/s3/bad-line.ts";
import { canStoreObjects, objectStore } from "#test/support/s3/object-store.ts";

const home = doctorHome();
const base = () => ({ NETCHECK_DATA_DIR: join(home.folder, "data") });
const mounted: string[] = [];
afterAll(() => {
  for (const at of mounted) execFileSync("umount", [at]);
  home[Symbol.dispose]();
});

/** A small disk of its own. */
function disk(name: string, options: string): string {
  const at = join(home.folder, name);
  mkdirSync(at);
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", at]);
  mounted.push(at);
  return at;
}

test("a disk that can be written has nothing to mend, and nothing of the look is left on it", async () => {
  const findings = await doctor(base());
  expect(toMend(findings)).toEqual([]);
  expect(findings).toContainEqual(expect.objectContaining({ area: "artifacts", look: "store", status: "well" }));
  const left = readdirSync(join(home.folder, "data", "artifacts"), { recursive: true, withFileTypes: true });
  expect(left.filter((entry) => entry.isFile())).toEqual([]);
});

describe.skipIf(process.getuid?.() !== 0)("on a disk each is found, with what mends it:", () => {
  findsEach(
    [
      {
        name: "a disk that cannot be written",
        seed: () => ({ NETCHECK_DATA_DIR: disk("frozen", "size=1g,ro") }),
        area: "artifacts",
        found: /could not be put/,
        remedy: /NETCHECK_DATA_DIR to a folder that netcheck's user may write/,
      },
      {
        name: "a disk that is nearly full",
        seed: () => ({ NETCHECK_DATA_DIR: disk("full", "size=1m") }),
        area: "artifacts",
        found: /nearly full/,
        remedy: /256 MiB are left free/,
      },
      {
        name: "a quota that the disk does not hold",
        seed: () => ({ NETCHECK_DATA_DIR: disk("small", "size=2g") }),
        area: "artifacts",
        found: /full before the quota lets old captures go/,
        remedy: /NETCHECK_ARTIFACT_QUOTA_GB=1,/,
      },
    ],
    base,
    () => [],
  );
});

describe.skipIf(!canStoreObjects)("in an object store", () => {
  let swift: Awaited<ReturnType<typeof objectStore>>;
  let line: Awaited<ReturnType<typeof badLine>>;
  /** Speaks HTTP without TLS. */
  const plain = createServer((socket) => socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const saved = { ...process.env };
  beforeAll(async () => {
    plain.listen(0, "127.0.0.1");
    swift = await objectStore();
    line = await badLine(swift.port);
  });
  afterAll(async () => {
    plain.close();
    await line?.[Symbol.asyncDispose]();
    await swift?.[Symbol.asyncDispose]();
    restore();
  });
  const inStore = () => ({
    ...base(),
    NETCHECK_S3_BUCKET: "captures",
    NETCHECK_S3_ENDPOINT: `http://127.0.0.1:${line.port}`,
  });
  /** The AWS SDK reads the environment of the process itself. */
  const aws = (change: Record<string, string>) => {
    Object.assign(process.env, change);
    return change;
  };
  function restore(): void {
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
    for (const [name, value] of Object.entries(saved)) if (name.startsWith("AWS_")) process.env[name] = value;
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: "test:tester", AWS_SECRET_ACCESS_KEY: "testing" });
  }

  test("that works nothing is to mend, and nothing of the look is left there", async () => {
    const findings = await doctor(inStore());
    expect(toMend(findings)).toEqual([]);
    expect(findings).toContainEqual(expect.objectContaining({ area: "artifacts", look: "store", status: "well" }));
    expect(findings).toContainEqual(expect.objectContaining({ area: "artifacts", look: "clock", status: "well" }));
    const { KeyCount } = await swift.client.send(new ListObjectsV2Command({ Bucket: "captures" }));
    expect(KeyCount).toBe(0);
  });

  describe("each is found, with what mends it:", () => {
    findsEach(
      [
        {
          name: "a bucket that does not exist",
          seed: () => ({ NETCHECK_S3_BUCKET: "captured" }),
          area: "artifacts",
          found: /no bucket captured/,
          remedy: /aws s3 mb s3:\/\/captured/,
        },
        {
          name: "a wrong secret key",
          seed: () => aws({ AWS_SECRET_ACCESS_KEY: "not-the-right-one" }),
          mend: restore,
          area: "artifacts",
          found: /does not let netcheck/,
          remedy: /AWS_SECRET_ACCESS_KEY/,
        },
        {
          name: "a key that the store does not know",
          seed: () => aws({ AWS_ACCESS_KEY_ID: "nobody" }),
          mend: restore,
          area: "artifacts",
          found: /does not let netcheck/,
          remedy: /AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY/,
        },
        {
          name: "no credential",
          seed: () => aws({ AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_EC2_METADATA_DISABLED: "true" }),
          mend: restore,
          area: "artifacts",
          found: /no credential/,
          remedy: /Set AWS_ACCESS_KEY_ID/,
        },
        {
          name: "a wrong region",
          seed: () => ({ NETCHECK_S3_REGION: "eu-central-1" }),
          area: "artifacts",
          found: /AuthorizationHeaderMalformed/,
          remedy: /NETCHECK_S3_REGION.*get-bucket-location/,
        },
        {
          name: "an endpoint that refuses connections",
          seed: () => {
            line.mood = "refuse";
            return {};
          },
          mend: () => {
            line.mood = "fine";
          },
          area: "artifacts",
          found: /ECONNRESET|EPIPE|socket/,
          remedy: /connection is cut/,
        },
        {
          name: "an endpoint that never answers",
          seed: () => {
            line.mood = "silent";
            return {};
          },
          mend: () => {
            line.mood = "fine";
          },
          area: "artifacts",
          found: /did not answer|ETIMEDOUT/,
          remedy: /firewalls/,
        },
        {
          name: "TLS to an endpoint without",
          seed: () => ({ NETCHECK_S3_ENDPOINT: `https://127.0.0.1:${(plain.address() as AddressInfo).port}` }),
          area: "artifacts",
          found: /EPROTO|ERR_SSL/,
          remedy: /TLS on both sides/,
        },
        {
          name: "an endpoint without a bucket",
          seed: () => ({ NETCHECK_S3_BUCKET: "" }),
          area: "configuration",
          found: /NETCHECK_S3_BUCKET is missing/,
          remedy: /name of a bucket/,
        },
      ],
      inStore,
      () => ["not-the-right-one"],
    );
  });
});
