import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDiskArtifacts } from "#src/store/artifacts-disk.ts";
import { type FileMerge, writeMergedFile } from "#src/store/merged-file.ts";
import { pcapFile } from "#test/support/pcap/capture-file.ts";
import { ethernet } from "#test/support/pcap/frames.ts";
import { ADDRESSES, LiveNetwork } from "#test/support/pcap/live-network.ts";
import { summaryOf } from "#test/support/pcap/merging.ts";
import { readCapture } from "#test/support/pcap/read-capture.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "netcheck-merge-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tap = (label: string, paths: readonly string[], more: Partial<FileMerge["taps"][number]> = {}) => ({
  ...{ label, paths, snapLength: 262_144, received: 0, dropped: 0, remarks: [], lost: new Map<number, string>() },
  ...more,
});
const merge = (taps: FileMerge["taps"], more: Partial<FileMerge> = {}): FileMerge => ({
  ...{ about: ["Check nc-4f2a."], window: { startMs: 1_700_000_000_000, endMs: 1_700_000_001_000 } },
  ...{ taps, momentsMs: [], headersOnly: true, maxBytes: 1e8 },
  ...more,
});

test("what a router's kernel drops between two taps is marked in the file that is handed out", async () => {
  await using net = await LiveNetwork.make();
  await net.rule('iifname "ra" tcp dport 8080 numgen inc mod 40 == 39 counter drop');
  const startMs = Date.now();
  const files = { ra: join(folder, "ra.pcap"), rb: join(folder, "rb.pcap") };
  await net.record(files.ra, "ra", ["tcp"], () =>
    net.record(files.rb, "rb", ["tcp"], async () => {
      await net.serve("b", "serve", "8080", "sink");
      await net.play("a", "upload", ADDRESSES.b, "8080", "600000");
    }),
  );
  const [, dropped = ""] = /counter packets (\d+)/.exec(await net.run("r", "nft", "list", "table", "inet", "t")) ?? [];

  const store = openDiskArtifacts({ dataDir: folder, days: 1, quotaBytes: 1e9, leastFreeBytes: 0 });
  for (const [name, path] of Object.entries(files)) await store.put(`captures/nc-4f2a/${name}/000001.pcap`, path);
  using ra = await store.localPath("captures/nc-4f2a/ra/000001.pcap");
  using rb = await store.localPath("captures/nc-4f2a/rb/000001.pcap");
  const [near, far] = [ra, rb].map(({ path }) => readFileSync(path)) as [Buffer, Buffer];
  // Source, IP ID, sequence and acknowledgement numbers: the router changes none of them.
  const names = (file: Buffer) =>
    readCapture(file).packets.map(
      ({ bytes }) => Buffer.from(bytes).toString("hex", 18, 20) + Buffer.from(bytes).toString("hex", 26, 46),
    );
  const beyond = new Set(names(far));
  const fromA = new Set(readCapture(near).packets.flatMap(({ bytes }, at) => (bytes[28] === 1 ? [at] : [])));
  const lost = new Map(
    names(near).flatMap((name, at) => (fromA.has(at) && !beyond.has(name) ? [[at + 1, "router rb"] as const] : [])),
  );
  expect(lost.size).toBe(Number(dropped));
  expect(lost.size).toBeGreaterThan(5);

  const out = join(folder, "merged.pcapng");
  const merged = writeMergedFile(
    merge([tap("router ra", [ra.path], { lost, summary: summaryOf([near]) }), tap("router rb", [rb.path])], {
      window: { startMs, endMs: Date.now() },
    }),
    out,
  );
  const kept = await store.put("captures/nc-4f2a/merged.pcapng", out);
  expect(kept.bytes).toBe(merged.bytes);
  using file = await store.localPath(kept.key);
  const shown = async (filter: string): Promise<number> => {
    const { stdout, stderr } = await promisify(execFile)("tshark", [
      "-n",
      "-r",
      file.path,
      "-Y",
      filter,
      "-T",
      "fields",
      "-e",
      "frame.number",
    ]);
    expect(stderr.split("\n").filter((line) => line !== "" && !line.startsWith("Running as user"))).toEqual([]);
    return stdout.split("\n").filter(Boolean).length;
  };
  expect(await shown("frame")).toBe(names(near).length + names(far).length);
  expect(await shown('frame.comment contains "Lost behind this point" && frame.interface_name == "router ra"')).toBe(
    lost.size,
  );
  expect(await shown('frame.comment contains "Lost behind this point" && frame.interface_name == "router rb"')).toBe(0);
  expect(await shown('frame.comment contains "sent again" && frame.interface_name == "router ra"')).toBeGreaterThan(5);
  expect(await shown("frame.time_delta < 0")).toBe(0);
  expect(await shown("frame.cap_len > 14 + 20 + 60")).toBe(0);
});

const packets = Array.from({ length: 9_000 }, (_, at) => ({
  ns: 1_700_000_000_000_000_000n + BigInt(at * 1_000),
  bytes: ethernet(Uint8Array.from({ length: 200 }, () => 0x45)),
}));

test("a segment that is not there, and a file that is, are said; nothing is left", () => {
  const out = join(folder, "merged.pcapng");
  expect(() => writeMergedFile(merge([tap("node-1 eth0", [join(folder, "none.pcap")])]), out)).toThrow("ENOENT");
  expect(readdirSync(folder)).toEqual([]);
  writeFileSync(out, "mine");
  expect(() => writeMergedFile(merge([]), out)).toThrow("EEXIST");
  expect(readFileSync(out, "utf8")).toBe("mine");
});

test.skipIf(process.getuid?.() !== 0)("a disk that runs full is said in clear words (mounting one needs root)", () => {
  const [disk, path] = [join(folder, "disk"), join(folder, "in.pcap")];
  writeFileSync(path, pcapFile(packets));
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
  try {
    const all = merge([tap("node-1 eth0", [path])], { headersOnly: false });
    expect(() => writeMergedFile(all, join(disk, "merged.pcapng"))).toThrow("There is no room to keep merged.pcapng");
    expect(readdirSync(disk)).toEqual([]);
  } finally {
    execFileSync("umount", [disk]);
  }
});
