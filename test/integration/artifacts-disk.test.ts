import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ArtifactStore } from "#src/store/artifact.ts";
import { openDiskArtifacts } from "#src/store/artifacts-disk.ts";

const sumOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
async function* inPieces(bytes: Uint8Array, size = 10): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const KEY = "captures/nc-4f2a/capture-3/000012.pcap";

let dataDir: string;
let store: ArtifactStore;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "netcheck-artifacts-"));
  store = openDiskArtifacts({ dataDir, days: 14, quotaBytes: 1e9, leastFreeBytes: 0 });
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function content(key: string): Promise<Buffer> {
  using file = await store.localPath(key);
  return readFileSync(file.path);
}
const unfinished = (): readonly string[] => readdirSync(join(dataDir, "artifacts", ".incoming"));

describe("an artifact on disk", () => {
  const bytes = Buffer.from("the packets of one segment");

  test("is kept with its bytes, sum and time, from a stream and from a file", async () => {
    const put = await store.put(KEY, inPieces(bytes), sumOf(bytes));
    expect(put).toMatchObject({ key: KEY, bytes: bytes.length, sha256: sumOf(bytes) });
    expect(await content(KEY)).toEqual(bytes);
    writeFileSync(join(dataDir, "merged"), "abc");
    await store.put("captures/nc-4f2a/merged.pcapng", join(dataDir, "merged"));
    const again = openDiskArtifacts({ dataDir, days: 14, quotaBytes: 1e9, leastFreeBytes: 0 });
    const listed = await again.list("captures/nc-4f2a");
    expect(listed.map(({ key, bytes: size, sha256 }) => [key, size, sha256])).toEqual([
      [KEY, bytes.length, sumOf(bytes)],
      ["captures/nc-4f2a/merged.pcapng", 3, sumOf(Buffer.from("abc"))],
    ]);
    expect(Math.abs((listed[0]?.storedMs ?? 0) - put.storedMs)).toBeLessThan(1);
    expect(await store.link(KEY, 60)).toBeUndefined();
  });

  test("is readable by its owner only, and has a name that Wireshark opens and sha256sum proves", async () => {
    await store.put(KEY, inPieces(bytes));
    using file = await store.localPath(KEY);
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file.path)).mode & 0o777).toBe(0o700);
    const [sum = ""] = execFileSync("sha256sum", [file.path], { encoding: "utf8" }).split(" ");
    expect(file.path).toMatch(new RegExp(`000012\\.${sum}\\.pcap$`));
  });

  test("of other bytes than were announced is refused; what the key held stays", async () => {
    await store.put(KEY, inPieces(bytes));
    const wrong = store.put(KEY, inPieces(Buffer.from("something else")), sumOf(bytes).replace(/^./, "x"));
    await expect(wrong).rejects.toMatchObject({ code: "damaged" });
    expect(await content(KEY)).toEqual(bytes);
    expect(unfinished()).toEqual([]);
  });

  test("whose source fails leaves nothing", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield bytes;
      throw new Error("the exec was cut");
    }
    await expect(store.put(KEY, failing())).rejects.toThrow("the exec was cut");
    expect([await store.list("captures"), unfinished()]).toEqual([[], []]);
  });

  test("that is put again is replaced; the same one is not even read", async () => {
    await store.put(KEY, inPieces(bytes));
    for (const text of ["two", "three", "two"]) {
      await store.put(KEY, inPieces(Buffer.from(text)));
      expect((await content(KEY)).toString()).toBe(text);
    }
    async function* untouched(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(expect.fail("it was read"));
    }
    await store.put(KEY, untouched(), sumOf(Buffer.from("two")));
    expect(await store.list("captures")).toHaveLength(1);
    using file = await store.localPath(KEY);
    expect(readdirSync(dirname(file.path))).toHaveLength(1);
  });

  test("of two writers at a time is one of the two, whole", async () => {
    const other = openDiskArtifacts({ dataDir, days: 14, quotaBytes: 1e9, leastFreeBytes: 0 });
    for (let round = 0; round < 20; round++) {
      const texts = [`one ${round}`.repeat(500), `other ${round}`.repeat(500)] as const;
      await Promise.all([
        store.put(KEY, inPieces(Buffer.from(texts[0]), 100)),
        other.put(KEY, inPieces(Buffer.from(texts[1]), 100)),
      ]);
      const [listed] = await store.list("captures");
      const kept = await content(KEY);
      expect(texts).toContain(kept.toString());
      expect(listed?.sha256).toBe(sumOf(kept));
    }
    expect(await store.list("captures")).toHaveLength(1);
  });

  test("is removed by its key, or with all below its folder, and no neighbour with it", async () => {
    const keys = ["captures/nc-4f2a/a.pcap", "captures/nc-4f2a/b/c.pcap", "captures/nc-4f2ab/a.pcap"];
    for (const key of keys) await store.put(key, inPieces(bytes));
    await store.remove("captures/nc-4f2a/b/c.pcap");
    expect((await store.list("captures")).map(({ key }) => key)).toEqual([keys[0], keys[2]]);
    await store.remove("captures/nc-4f2a");
    await store.remove("captures/nc-4f2a");
    expect((await store.list("captures")).map(({ key }) => key)).toEqual([keys[2]]);
    await expect(store.localPath("captures/nc-4f2a/a.pcap")).rejects.toMatchObject({ code: "not-found" });
  });

  test("may have no name that leads elsewhere", async () => {
    for (const key of ["../x", "/etc/x", "captures/../../x"]) {
      await expect(store.put(key, inPieces(bytes))).rejects.toThrow(RangeError);
      await expect(store.localPath(key)).rejects.toThrow(RangeError);
      await expect(store.remove(key)).rejects.toThrow(RangeError);
      await expect(store.list(key)).rejects.toThrow(RangeError);
    }
  });
});

describe("sweeping", () => {
  test("lets old checks go, and what killed writers have left; a running check stays", async () => {
    for (const check of ["nc-aaaa", "nc-bbbb"])
      await store.put(`captures/${check}/x.pcap`, inPieces(Buffer.from(check)));
    mkdirSync(join(dataDir, "artifacts", ".incoming"), { recursive: true });
    for (const name of ["old.part", "new.part"]) writeFileSync(join(dataDir, "artifacts", ".incoming", name), "x");
    utimesSync(join(dataDir, "artifacts", ".incoming", "old.part"), 1, 1);
    expect(await store.sweep(Date.now(), new Set())).toEqual({ gone: [], bytes: 14 });
    expect(unfinished()).toEqual(["new.part"]);
    expect(await store.sweep(Date.now() + 15 * 86_400_000, new Set(["nc-bbbb"]))).toEqual({
      gone: [{ check: "nc-aaaa", why: "expired", bytes: 7 }],
      bytes: 7,
    });
    expect((await store.list("captures")).map(({ key }) => key)).toEqual(["captures/nc-bbbb/x.pcap"]);
  });
});

describe("a process that is killed in the middle of a put", () => {
  test("leaves what was there before, or all of the new one", { timeout: 120_000 }, async () => {
    const script = new URL("../support/put-process.ts", import.meta.url).pathname;
    for (let kill = 0; kill < 8; kill++) {
      const child = spawn(process.execPath, [script, dataDir, KEY], { stdio: ["ignore", "pipe", "inherit"] });
      const lines = createInterface(child.stdout);
      let last = "";
      lines.on("line", (line) => {
        last = line;
      });
      // At another moment of a put each time: after so many of them, and a little later.
      for (let done = 0; done <= kill; done++) await once(lines, "line");
      child.kill("SIGKILL");
      await once(child, "close");
      const acknowledged = JSON.parse(last) as { sha256: string; storedMs: number };
      const [listed, ...more] = await store.list("captures");
      expect(more).toEqual([]);
      const kept = await content(KEY);
      expect([kept.length, sumOf(kept)]).toEqual([4 << 20, listed?.sha256]);
      // Either the last that was acknowledged, or a newer one whose answer was killed.
      if (listed?.sha256 !== acknowledged.sha256)
        expect(listed?.storedMs ?? 0).toBeGreaterThanOrEqual(acknowledged.storedMs);
    }
  });
});

describe.skipIf(process.getuid?.() !== 0)("a disk (mounting one needs root)", () => {
  let disk: string;
  beforeEach(() => {
    disk = join(dataDir, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", disk]);
  });
  afterEach(() => execFileSync("umount", [disk]));

  test("that runs full is told in clear words; what was kept before stays whole", async () => {
    store = openDiskArtifacts({ dataDir: disk, days: 14, quotaBytes: 1e9, leastFreeBytes: 0 });
    const small = Buffer.alloc(300_000, 1);
    await store.put("captures/nc-aaaa/1.pcap", inPieces(small, 50_000), sumOf(small));
    const large = store.put("captures/nc-aaaa/2.pcap", inPieces(Buffer.alloc(2_000_000, 2), 50_000));
    await expect(large).rejects.toMatchObject({
      code: "disk-full",
      message: "There is no room to keep captures/nc-aaaa/2.pcap: the disk is nearly full.",
    });
    expect(await content("captures/nc-aaaa/1.pcap")).toEqual(small);
    expect(await store.list("captures")).toHaveLength(1);
    // The room is free again.
    await store.put("captures/nc-aaaa/3.pcap", inPieces(Buffer.alloc(500_000, 3), 50_000));
  });

  test("is never filled to the last byte", async () => {
    store = openDiskArtifacts({ dataDir: disk, days: 14, quotaBytes: 1e9, leastFreeBytes: 2 << 20 });
    await expect(store.put(KEY, inPieces(Buffer.from("x")))).rejects.toMatchObject({ code: "disk-full" });
  });

  test("that may not be written to is told in clear words, and reading goes on", async () => {
    store = openDiskArtifacts({ dataDir: disk, days: 14, quotaBytes: 1e9, leastFreeBytes: 0 });
    await store.put(KEY, inPieces(Buffer.from("abc")));
    execFileSync("mount", ["-o", "remount,ro", disk]);
    await expect(store.put(KEY, inPieces(Buffer.from("d")))).rejects.toMatchObject({ code: "forbidden" });
    await expect(store.remove(KEY)).rejects.toMatchObject({ code: "forbidden" });
    expect((await content(KEY)).toString()).toBe("abc");
  });
});
