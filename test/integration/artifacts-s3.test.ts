import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openS3Artifacts } from "#src/store/artifacts-s3.ts";
import { badLine } from "#test/support/s3/bad-line.ts";
import { canStoreObjects, objectStore, placeAt } from "#test/support/s3/object-store.ts";

const sumOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
async function* inPieces(bytes: Uint8Array, size = 64 << 10): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe.skipIf(!canStoreObjects)("artifacts in an object store (Debian's python3-swift is one)", () => {
  let swift: Awaited<ReturnType<typeof objectStore>>;
  let line: Awaited<ReturnType<typeof badLine>>;
  const dataDir = mkdtempSync(join(tmpdir(), "netcheck-s3-"));
  const keeping = { dataDir, days: 14, quotaBytes: 1e9, leastFreeBytes: 0, silentMs: 2_000 };
  const opened = (change: Parameters<typeof placeAt>[1] = {}) => openS3Artifacts(placeAt(line.port, change), keeping);
  let check = 0;
  /** A folder that no other test uses. */
  let folder = "";

  beforeAll(async () => {
    swift = await objectStore();
    line = await badLine(swift.port);
  });
  beforeEach(() => {
    line.mood = "fine";
    folder = `captures/nc-${String(check++).padStart(4, "0")}`;
  });
  afterAll(async () => {
    await line?.[Symbol.asyncDispose]();
    await swift?.[Symbol.asyncDispose]();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const unfinished = () => [
    ...readdirSync(join(dataDir, "artifacts", ".incoming")),
    ...readdirSync(join(dataDir, "artifact-cache")).filter((name) => name.endsWith(".part")),
  ];

  test("are put from streams and files, listed with their sums, and read from this machine", async () => {
    const store = opened();
    const bytes = Buffer.alloc(300_000, "packets");
    const key = `${folder}/capture-3/000012.pcap`;
    const put = await store.put(key, inPieces(bytes), sumOf(bytes));
    writeFileSync(join(dataDir, "merged"), "abc");
    await store.put(`${folder}/merged.pcapng`, join(dataDir, "merged"));
    const listed = await opened().list(folder);
    expect(listed.map(({ key: name, bytes: size, sha256 }) => [name, size, sha256])).toEqual([
      [key, 300_000, sumOf(bytes)],
      [`${folder}/merged.pcapng`, 3, sumOf(Buffer.from("abc"))],
    ]);
    expect(Math.abs((listed[0]?.storedMs ?? 0) - put.storedMs)).toBeLessThan(60_000);
    using file = await store.localPath(key);
    expect(readFileSync(file.path)).toEqual(bytes);
    expect(unfinished()).toEqual([]);
    // What is there already is not sent again.
    async function* untouched(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(expect.fail("it was read"));
    }
    expect((await store.put(key, untouched(), sumOf(bytes))).bytes).toBe(300_000);
  });

  test("have addresses that anybody can fetch, for a time", async () => {
    const store = opened();
    await store.put(`${folder}/merged.pcapng`, inPieces(Buffer.from("for everybody")));
    const link = (await store.link(`${folder}/merged.pcapng`, 600)) ?? "";
    const answer = await fetch(link);
    expect([answer.status, await answer.text()]).toEqual([200, "for everybody"]);
    expect(answer.headers.get("content-disposition")).toContain(`${folder.split("/")[1]}-merged.pcapng`);
    expect((await fetch(link.replace(/Signature=..../, "Signature=0000"))).status).toBe(403);
  });

  test("more than a page of them are all found, removed and swept; neighbours stay", async () => {
    const store = opened();
    const keys = Array.from({ length: 25 }, (_, index) => `${folder}/capture-1/${String(index).padStart(6, "0")}.pcap`);
    for (const key of keys) await store.put(key, inPieces(Buffer.from("x")));
    await store.put(`${folder}0/a.pcap`, inPieces(Buffer.from("neighbour")));
    expect(await store.list(folder)).toHaveLength(25);
    await store.remove(`${folder}/capture-1/000007.pcap`);
    expect(await store.list(folder)).toHaveLength(24);
    const swept = await store.sweep(Date.now() + 15 * 86_400_000, new Set([folder.split("/")[1] ?? ""]));
    expect(swept.gone.map((one) => one.check)).toContain(`${folder.split("/")[1]}0`);
    expect(swept.gone.map((one) => one.check)).not.toContain(folder.split("/")[1]);
    expect(await store.list(`${folder}0`)).toEqual([]);
    await store.remove(folder);
    expect(await store.list(folder)).toEqual([]);
  });

  test("whose bytes changed on the way are refused here, and by the server", async () => {
    const store = opened();
    const wrong = sumOf(Buffer.from("other"));
    const refused = store.put(`${folder}/a.pcap`, inPieces(Buffer.from("these")), wrong);
    await expect(refused).rejects.toMatchObject({ code: "damaged" });
    writeFileSync(join(dataDir, "these"), "these");
    await expect(store.put(`${folder}/a.pcap`, join(dataDir, "these"), wrong)).rejects.toMatchObject({
      code: "damaged",
    });
    expect(await store.list(folder)).toEqual([]);
    // What lies there damaged is not handed out.
    const Metadata = { sha256: wrong };
    await swift.client.send(
      new PutObjectCommand({ Bucket: "captures", Key: `team/${folder}/b.pcap`, Body: "rotten", Metadata }),
    );
    await expect(store.localPath(`${folder}/b.pcap`)).rejects.toMatchObject({ code: "damaged" });
    expect(unfinished()).toEqual([]);
  });

  test("the server itself compares the bytes with the sum", async () => {
    const store = opened();
    line.mood = { flipEvery: 100_000 };
    const bytes = Buffer.alloc(300_000, 3);
    await expect(store.put(`${folder}/a.pcap`, inPieces(bytes))).rejects.toMatchObject({ code: "damaged" });
    line.mood = "fine";
    expect(await store.list(folder)).toEqual([]);
  });

  test("of two writers at a time one is kept, whole", async () => {
    const store = opened();
    for (let round = 0; round < 5; round++) {
      const texts = [`one ${round}`.repeat(9_000), `other ${round}`.repeat(9_000)].map((text) => Buffer.from(text));
      await Promise.all(texts.map((text) => store.put(`${folder}/a.pcap`, inPieces(text))));
      using file = await store.localPath(`${folder}/a.pcap`);
      expect(texts.map(sumOf)).toContain(sumOf(readFileSync(file.path)));
    }
  });

  test("a connection that is cut in the middle leaves no object, and is tried again", async () => {
    const store = opened();
    const bytes = Buffer.alloc(3_000_000, 5);
    line.mood = { cutAfter: 1_000_000 };
    const failed = store.put(`${folder}/a.pcap`, inPieces(bytes));
    await expect(failed).rejects.toMatchObject({ code: "store-unavailable" });
    line.mood = "fine";
    expect(await store.list(folder)).toEqual([]);
    line.mood = { cutAfter: 1_000_000 };
    const before = line.connections;
    const put = store.put(`${folder}/a.pcap`, inPieces(bytes), sumOf(bytes));
    await expect.poll(() => line.connections).toBeGreaterThan(before + 1);
    line.mood = "fine";
    expect((await put).sha256).toBe(sumOf(bytes));
    line.mood = { cutAfter: 1_000_000 };
    await expect(store.localPath(`${folder}/a.pcap`)).rejects.toMatchObject({ code: "store-unavailable" });
    line.mood = "fine";
    using file = await store.localPath(`${folder}/a.pcap`);
    expect(statSync(file.path).size).toBe(3_000_000);
    expect(unfinished()).toEqual([]);
  });

  test.each(["refuse", "silent"] as const)("a server that is gone (%s) is told within seconds", async (mood) => {
    line.mood = mood;
    const store = openS3Artifacts(placeAt(line.port), { ...keeping, silentMs: 300 });
    for (const act of [
      () => store.put(`${folder}/a.pcap`, inPieces(Buffer.from("x"))),
      () => store.list(folder),
      () => store.localPath(`${folder}/a.pcap`),
      () => store.remove(folder),
      () => store.sweep(Date.now(), new Set()),
    ])
      await expect(act()).rejects.toMatchObject({ code: "store-unavailable" });
  });

  test.each([0, 2_000])("a server that answers drop by drop after %d bytes is given up", async (trickleAfter) => {
    const store = openS3Artifacts(placeAt(line.port), { ...keeping, silentMs: 500 });
    await store.put(`${folder}/a.pcap`, inPieces(Buffer.alloc(60_000, 1)));
    line.mood = { trickleAfter };
    const other = openS3Artifacts(placeAt(line.port), { ...keeping, silentMs: 500 });
    await expect(other.localPath(`${folder}/a.pcap`)).rejects.toMatchObject({ code: "store-unavailable" });
    expect(unfinished()).toEqual([]);
  });

  test("what is refused says so in clear words", async () => {
    const store = opened({ bucket: "no-such-bucket" });
    await expect(store.list(folder)).rejects.toMatchObject({
      code: "store-unavailable",
      message: "The object store has no bucket no-such-bucket.",
    });
    process.env["AWS_SECRET_ACCESS_KEY"] = "wrong";
    try {
      const stranger = opened();
      await expect(stranger.put(`${folder}/a.pcap`, inPieces(Buffer.from("x")))).rejects.toMatchObject({
        code: "forbidden",
        message: expect.stringContaining("SignatureDoesNotMatch"),
      });
      // HEAD has no body that could say why.
      await expect(stranger.localPath(`${folder}/a.pcap`)).rejects.toMatchObject({ code: "forbidden" });
    } finally {
      process.env["AWS_SECRET_ACCESS_KEY"] = "testing";
    }
    await expect(opened().localPath(`${folder}/none.pcap`)).rejects.toMatchObject({ code: "not-found" });
    await expect(opened().put("../x", inPieces(Buffer.from("x")))).rejects.toThrow(RangeError);
  });

  test("copies on this machine are bounded; those in use stay", async () => {
    const cacheDir = mkdtempSync(join(tmpdir(), "netcheck-s3-cache-"));
    const store = openS3Artifacts(placeAt(line.port, { cacheBytes: 250_000 }), { ...keeping, dataDir: cacheDir });
    const sizes = () =>
      readdirSync(join(cacheDir, "artifact-cache")).reduce(
        (sum, name) => sum + statSync(join(cacheDir, "artifact-cache", name)).size,
        0,
      );
    for (let index = 0; index < 4; index++)
      await store.put(`${folder}/${index}.pcap`, inPieces(Buffer.alloc(100_000, index)));
    {
      using first = await store.localPath(`${folder}/0.pcap`);
      for (let index = 1; index < 4; index++) (await store.localPath(`${folder}/${index}.pcap`))[Symbol.dispose]();
      expect(sizes()).toBe(400_000);
      // A while later, those that nobody uses go first.
      await store.sweep(Date.now() + 120_000, new Set());
      expect(sizes()).toBeLessThanOrEqual(250_000);
      expect(readFileSync(first.path)[0]).toBe(0);
    }
    const [two, same] = await Promise.all([store.localPath(`${folder}/1.pcap`), store.localPath(`${folder}/1.pcap`)]);
    expect(two.path).toBe(same.path);
    expect(readFileSync(two.path)).toEqual(Buffer.alloc(100_000, 1));
    rmSync(cacheDir, { recursive: true });
  });

  test("are objects as others see them: name with prefix, sum as metadata", async () => {
    await opened().put(`${folder}/a.pcap`, inPieces(Buffer.from("abc")));
    const head = await swift.client.send(new HeadObjectCommand({ Bucket: "captures", Key: `team/${folder}/a.pcap` }));
    expect([head.ContentLength, head.Metadata]).toEqual([3, { sha256: sumOf(Buffer.from("abc")) }]);
  });
});
