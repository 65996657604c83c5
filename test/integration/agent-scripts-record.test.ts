import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type ExpectStatic } from "vitest";
import type { z } from "zod";
import { parseSegmentReply, type SegmentPart } from "#src/cluster/task-reply.ts";
import type { recordingEvidence } from "#src/core/capture.ts";
import {
  compileArgv,
  compiled,
  openRecording,
  type RecordOrder,
  recordArgv,
  recordMaxBytes,
} from "#src/core/recorder.ts";
import { type AgentShell, processesWith, shells } from "#test/support/agent-shell.ts";
import { allEnded, CHECK, noneLeft, under } from "#test/support/agent-test.ts";
import { ETHERNET, pcapFile } from "#test/support/pcap/capture-file.ts";
import { RecordedLink } from "#test/support/recorded-link.ts";

// Real tcpdump on real packets, in namespaces of their own. A packet of these tests takes 116 bytes of a segment.
const TASK = "capture-1";
const PACKET = 16 + 100;
const HEADER = 24;

const orderFor = (link: RecordedLink, more: Partial<RecordOrder> = {}): RecordOrder => ({
  device: link.device,
  snapLength: 200,
  bufferKib: 4_096,
  segmentBytes: HEADER + 1_000 * PACKET,
  segmentSeconds: 60,
  ringBytes: 10_000_000,
  totalBytes: 0,
  cpuPercent: 0,
  filter: "udp dst port 9",
  ...more,
});

/** A recording and what a worker may ask about it. */
class Recorded {
  readonly #one: AgentShell;
  readonly #expect: ExpectStatic;
  constructor(one: AgentShell, expect: ExpectStatic) {
    this.#one = one;
    this.#expect = expect;
  }

  async start(link: RecordedLink, more: Partial<RecordOrder> = {}, forMs = 50_000): Promise<void> {
    const order = orderFor(link, more);
    const argv = link.inside(...recordArgv(order));
    await this.#one.start(CHECK, [{ id: TASK, argv, maxBytes: recordMaxBytes(order) }], { forMs });
  }

  async said(): Promise<z.infer<typeof recordingEvidence.schema>> {
    const { tasks } = await this.#one.sync(CHECK, { [TASK]: 0 });
    const reader = openRecording(TASK);
    reader.push(tasks[0]?.bytes.toString() ?? "");
    const [evidence] = reader.evidence({ nowMs: Date.now(), done: false });
    return (evidence?.data ?? { written: 0, matched: 0, dropped: 0, segments: [], letGo: [] }) as never;
  }

  listens = () => this.#expect.poll(async () => (await this.said()).listeningMs ?? 0).toBeGreaterThan(0);
  sealed = (count: number) =>
    this.#expect.poll(async () => (await this.said()).segments.length).toBeGreaterThanOrEqual(count);

  async stop(): Promise<void> {
    await this.#one.task("stop", CHECK);
    await this.ends();
  }
  ends = () => allEnded({ one: this.#one, expect: this.#expect }, TASK);

  async part(number: number, offset: number, maxBytes = 1_000_000): Promise<SegmentPart> {
    const { stdout, stderr } = await this.#one.task("segment", CHECK, TASK, number, offset, maxBytes);
    const part = parseSegmentReply(stdout);
    if (!part) throw new Error(`not a whole reply: ${stderr}`);
    return part;
  }

  /** A whole segment, in parts. */
  async fetch(number: number, partBytes = 50_000): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let offset = 0; ; ) {
      const part = await this.part(number, offset, partBytes);
      this.#expect(part.state).toBe("sealed");
      parts.push(part.bytes);
      offset += part.bytes.length;
      if (offset === part.totalBytes) return Buffer.concat(parts);
      this.#expect(part.bytes.length).toBe(partBytes);
    }
  }

  /** Fetches every segment that was said, compares its checksum, and counts packets by tcpdump. */
  async packets(): Promise<number> {
    let count = 0;
    for (const { number, bytes, sha256 } of (await this.said()).segments) {
      const segment = await this.fetch(number);
      this.#expect([segment.length, createHash("sha256").update(segment).digest("hex")]).toEqual([bytes, sha256]);
      const { stdout, stderr, status } = spawnSync("tcpdump", ["-n", "-r", "-"], { input: segment, maxBuffer: 1e9 });
      this.#expect([status, stderr.toString()]).toEqual([0, this.#expect.stringMatching(/^reading from file/)]);
      count += stdout.toString().split("\n").length - 1;
    }
    return count;
  }

  async acknowledge(number: number): Promise<number> {
    return JSON.parse((await this.#one.task("ack", CHECK, TASK, number)).stdout.toString()).deleted;
  }

  files(): readonly string[] {
    return readdirSync(join(this.#one.state, CHECK, TASK))
      .filter((name) => name.startsWith("seg-"))
      .sort();
  }
}

const recorder = (link: RecordedLink) => processesWith(`netcheck-record ${link.device}`);
const tcpdump = (link: RecordedLink) => processesWith(`tcpdump\0-n\0-p\0-Z\0root\0-i\0${link.device}\0`);

describe.concurrent.each(shells)("recording under %s", (shell) => {
  const test = under(shell);

  test("segments are sealed by size and at the end, read in parts and acknowledged", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link);
    await recorded.listens();
    const fromMs = Date.now();
    await link.send(3_500);
    await recorded.sealed(3);
    expect(await recorded.part(4, 0)).toMatchObject({ state: "open", totalBytes: 0, bytes: Buffer.alloc(0) });
    expect(await recorded.part(5, 0)).toMatchObject({ state: "absent", totalBytes: 0 });
    await recorded.stop();

    const said = await recorded.said();
    expect(said).toMatchObject({ written: 3_500, matched: 3_500, dropped: 0, letGo: [], endReason: "stopped" });
    expect(said.trouble).toBeUndefined();
    expect(said.segments.map(({ number, bytes }) => [number, bytes])).toEqual([
      [1, HEADER + 1_000 * PACKET],
      [2, HEADER + 1_000 * PACKET],
      [3, HEADER + 1_000 * PACKET],
      [4, HEADER + 500 * PACKET],
    ]);
    const times = said.segments.map((segment) => segment.fromMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(fromMs - 1);
    expect(said.segments.every((segment) => segment.fromMs < segment.toMs)).toBe(true);
    // Until it was asked to stop, and not until it had ended.
    expect(said.endedMs).toBeGreaterThan(times[3] ?? Number.NaN);
    expect(said.endedMs).toBeLessThan(said.segments[3]?.toMs ?? Number.NaN);
    expect(await recorded.packets()).toBe(3_500);
    // Nanoseconds, and a snap length.
    expect((await recorded.fetch(1)).subarray(0, 4).toString("hex")).toBe("4d3cb2a1");
    expect((await recorded.part(1, 7_000_000)).bytes).toHaveLength(0);

    expect([await recorded.acknowledge(2), await recorded.acknowledge(2), await recorded.acknowledge(1)]).toEqual([
      2, 0, 0,
    ]);
    expect(recorded.files()).toEqual(["seg-000003.pcap", "seg-000004.pcap"]);
    expect(await recorded.part(1, 0)).toMatchObject({ state: "absent" });
    expect([await recorded.acknowledge(999_999_999), await recorded.acknowledge(4)]).toEqual([2, 0]);
    expect(await one.states(CHECK, TASK)).toEqual(["done stopped"]);
    await one.task("rm", CHECK);
    expect(recorder(link)).toEqual([]);
  });

  test("a supervisor that is killed takes its recorder along, which seals what it has", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link);
    await recorded.listens();
    await link.send(1_500);
    await recorded.sealed(1);
    await expect.poll(() => recorded.files()).toEqual(["seg-000001.pcap", "seg-000002.open"]);
    process.kill(one.supervisor(CHECK), "SIGKILL");
    await expect.poll(() => one.states(CHECK, TASK)).toEqual(["orphaned"]);
    // Whoever is told so finds everything there.
    const said = await recorded.said();
    expect(said.segments.map(({ number }) => number)).toEqual([1, 2]);
    expect(said.written).toBe(1_500);
    expect(await recorded.packets()).toBe(1_500);
    await noneLeft(expect, link.device);
  });

  test("a recorder whose supervisor died runs until it has written what the kernel still held", async ({
    one,
    expect,
  }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link);
    await recorded.listens();
    await link.send(30);
    process.kill(one.supervisor(CHECK), "SIGKILL");
    await expect.poll(() => one.states(CHECK, TASK)).toEqual(["orphaned"]);
    expect((await recorded.said()).segments).toMatchObject([{ bytes: HEADER + 30 * PACKET }]);
    expect(recorded.files()).toEqual(["seg-000001.pcap"]);
  });

  test("what tcpdump was too slow to take lies behind the end that is told", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link);
    await recorded.listens();
    await link.send(10);
    const open = join(one.state, CHECK, TASK, "seg-000001.open");
    await expect.poll(() => existsSync(open) && readFileSync(open).length).toBe(HEADER + 10 * PACKET);
    const takenMs = Date.now();
    for (const pid of tcpdump(link)) process.kill(pid, "SIGSTOP");
    await link.send(20);
    await recorded.stop();
    const said = await recorded.said();
    expect(said).toMatchObject({ written: 10, endReason: "stopped" });
    expect(said.endedMs).toBeLessThanOrEqual(takenMs);
    expect(await recorded.packets()).toBe(10);
  });

  test("what died with its agent goes on: numbers follow, nothing sealed is lost, and what else died has ended", async ({
    one,
    expect,
  }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    const argv = link.inside(...recordArgv(orderFor(link)));
    const recording = { id: TASK, argv, maxBytes: recordMaxBytes(orderFor(link)) };
    const beside = { id: "ping-1", argv: ["sleep", "60"] };
    const start = () => one.start(CHECK, [recording, beside], { forMs: 50_000 });
    await start();
    await recorded.listens();
    await link.send(1_500);
    await recorded.sealed(1);
    const open = join(one.state, CHECK, TASK, "seg-000002.open");
    await expect.poll(() => existsSync(open) && readFileSync(open).length).toBe(HEADER + 500 * PACKET);
    // As when its container goes: all at once.
    for (const pid of [one.supervisor(CHECK), ...recorder(link), ...tcpdump(link)]) process.kill(pid, "SIGKILL");
    await expect.poll(() => one.states(CHECK, TASK, "ping-1")).toEqual(["orphaned", "orphaned"]);
    expect(await recorded.acknowledge(1)).toBe(1);

    expect(await start()).toMatchObject({ [TASK]: { state: "running" } });
    expect(await one.states(CHECK, TASK, "ping-1")).toEqual(["running", "done agent-restart"]);
    await expect.poll(async () => (await recorded.said()).resumed).toHaveLength(1);
    await link.send(1_200);
    await recorded.sealed(3);
    await recorded.stop();
    const said = await recorded.said();
    expect(said.segments.map(({ number, cutBytes }) => [number, cutBytes])).toEqual([
      [1, undefined],
      [2, 0],
      [3, undefined],
      [4, undefined],
    ]);
    expect(said.resumed).toEqual([{ atMs: expect.any(Number), firstSegment: 3 }]);
    expect(said.segments[1]?.toMs).toBeLessThan(said.resumed?.[0]?.atMs ?? 0);
    expect(said.endReason).toBe("stopped");
    expect(recorded.files()).toEqual(["seg-000002.pcap", "seg-000003.pcap", "seg-000004.pcap"]);
    // What is not sealed again is not asked for again, and a third start changes nothing.
    expect(await start()).toMatchObject({ [TASK]: { state: "done" } });
    await one.task("rm", CHECK);
    expect(recorder(link)).toEqual([]);
  });

  test("what a killed recorder left open is sealed for it", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link);
    await recorded.listens();
    await link.send(1_200);
    const open = join(one.state, CHECK, TASK, "seg-000002.open");
    await expect.poll(() => existsSync(open) && readFileSync(open).length).toBe(HEADER + 200 * PACKET);
    for (const pid of recorder(link)) process.kill(pid, "SIGKILL");
    await recorded.ends();
    expect(await one.states(CHECK, TASK)).toEqual(["done exited"]);
    const said = await recorded.said();
    expect(said.segments.map(({ number, cutBytes }) => [number, cutBytes])).toEqual([
      [1, undefined],
      [2, 0],
    ]);
    expect(said.endedMs).toBeUndefined();
    expect(await recorded.packets()).toBe(1_200);
    expect(recorded.files()).toEqual(["seg-000001.pcap", "seg-000002.pcap"]);
    await noneLeft(expect, link.device);
  });

  test("an unfinished packet at the end is cut off, by one of several who look", async ({ one, expect }) => {
    const folder = join(one.state, CHECK, TASK);
    mkdirSync(folder, { recursive: true });
    const packets = [1, 2].map((n) => ({
      ns: 1_700_000_000_000_000_000n + BigInt(n) * 1_500_000n,
      bytes: new Uint8Array(60),
    }));
    const file = pcapFile(packets, { link: ETHERNET });
    writeFileSync(join(folder, "seg-000007.open"), file.subarray(0, file.length - 9));
    writeFileSync(join(folder, "seg-000008.open"), file.subarray(0, HEADER + 5));
    one.write(CHECK, `${TASK}/out`, "listening 1 EN10MB\nsealed 7 100 01");
    one.write(CHECK, `${TASK}/ready`, "");
    one.write(CHECK, `${TASK}/done`, "exited 137 5\n");
    const recorded = new Recorded(one, expect);
    const all = await Promise.all([recorded.said(), recorded.said(), recorded.said()]);
    const times = { fromMs: 1_700_000_000_001.5, toMs: 1_700_000_000_001.5 };
    for (const { segments } of [...all, await recorded.said()])
      expect(segments).toMatchObject([{ number: 7, bytes: HEADER + 16 + 60, cutBytes: 67, ...times }]);
    expect(recorded.files()).toEqual(["seg-000007.pcap"]);
    expect(await recorded.packets()).toBe(1);
    expect(readFileSync(join(folder, "out"), "utf8").match(/salvaged/g)).toHaveLength(1);
  });

  test("a disk that others have filled to the last page ends the recording, and that can be read", async ({
    one,
    expect,
  }) => {
    await using link = await RecordedLink.make();
    mkdirSync(one.state);
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=400k", "none", one.state]);
    try {
      const recorded = new Recorded(one, expect);
      const argv = link.inside(...recordArgv(orderFor(link)));
      await one.start(CHECK, [{ id: TASK, argv, maxBytes: 5_000_000 }], { keepFreeMb: 0, forMs: 50_000 });
      await recorded.listens();
      spawnSync("dd", ["if=/dev/zero", `of=${join(one.state, "filler")}`, "bs=4k"], { stdio: "ignore" });
      await link.send(10);
      await recorded.ends();
      expect(await one.states(CHECK, TASK)).toEqual(["done exited"]);
      expect(await recorded.said()).toMatchObject({ endReason: "disk", trouble: "segment: No space left on device" });
    } finally {
      spawnSync("umount", ["-l", one.state]);
    }
  });

  test("a full disk ends the recording, and what was sealed can still be read and acknowledged", async ({
    one,
    expect,
  }) => {
    await using link = await RecordedLink.make();
    mkdirSync(one.state);
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=400k", "none", one.state]);
    try {
      const recorded = new Recorded(one, expect);
      const order = orderFor(link);
      const argv = link.inside(...recordArgv(order));
      await one.start(CHECK, [{ id: TASK, argv, maxBytes: 5_000_000 }], { keepFreeMb: 0, forMs: 50_000 });
      await recorded.listens();
      // Twice what fits: a busy machine does not record all of it.
      await link.send(10_000);
      await recorded.ends();
      expect(await one.states(CHECK, TASK)).toEqual(["done exited"]);
      const said = await recorded.said();
      expect(said).toMatchObject({ endReason: "disk", trouble: "segment: No space left on device" });
      expect(said.segments.length).toBeGreaterThanOrEqual(2);
      expect(await recorded.packets()).toBe(said.written);
      writeFileSync(join(one.state, "filler"), "");
      spawnSync("dd", ["if=/dev/zero", `of=${join(one.state, "filler")}`, "bs=1k"], { stdio: "ignore" });
      expect(await recorded.packets()).toBe(said.written);
      expect(await recorded.acknowledge(said.segments.length)).toBe(said.segments.length);
    } finally {
      spawnSync("umount", ["-l", one.state]);
    }
  });

  test.for<[string, string[]]>([
    ["a task with a path", ["segment", CHECK, "../x", "1", "0", "10"]],
    ["a number with a path", ["segment", CHECK, TASK, "1/../../x", "0", "10"]],
    ["a number that is a glob", ["segment", CHECK, TASK, "*", "0", "10"]],
    ["a number with zeros", ["segment", CHECK, TASK, "000001", "0", "10"]],
    ["a number with an ending", ["segment", CHECK, TASK, "1.pcap", "0", "10"]],
    ["no number", ["segment", CHECK, TASK, "", "0", "10"]],
    ["an offset below zero", ["segment", CHECK, TASK, "1", "-1", "10"]],
    ["an offset that is arithmetic", ["segment", CHECK, TASK, "1", "a[$(id)]", "10"]],
    ["a length that is none", ["segment", CHECK, TASK, "1", "0", "1k"]],
    ["too few words", ["segment", CHECK, TASK, "1", "0"]],
    ["a check with a path", ["segment", "nc-../../etc", TASK, "1", "0", "10"]],
    ["an acknowledgement without a number", ["ack", CHECK, TASK]],
    ["an acknowledgement of a path", ["ack", CHECK, "../x", "5"]],
    ["an acknowledgement up to a path", ["ack", CHECK, TASK, "../../x"]],
    ["an acknowledgement up to a glob", ["ack", CHECK, TASK, "1", TASK, "*"]],
    ["an acknowledgement with a newline", ["ack", CHECK, TASK, "1\n2"]],
  ])("%s is refused with exit code 64", async ([, words], { one, expect }) => {
    const folder = join(one.state, CHECK, TASK);
    mkdirSync(folder, { recursive: true });
    for (const file of ["seg-000001.pcap", "out"]) writeFileSync(join(folder, file), "x");
    const { code, stdout } = await one.task(...words);
    expect([code, stdout.toString()]).toEqual([64, ""]);
    expect(readdirSync(folder).sort()).toEqual(["out", "seg-000001.pcap"]);
  });

  test("only sealed segments are acknowledged", async ({ one, expect }) => {
    const folder = join(one.state, CHECK, TASK);
    mkdirSync(join(folder, "seg-000003.pcap"), { recursive: true });
    const stay = [
      "out",
      "seg-000002.open",
      "seg-1.pcap",
      "seg-00001x.pcap",
      "seg-000001.pcap.gz",
      "xseg-000001.pcap",
      "seg-000012.pcap",
    ];
    for (const file of [...stay, "seg-000001.pcap", "seg-000009.pcap", "seg-000010.pcap"])
      writeFileSync(join(folder, file), "x");
    const { stdout } = await one.task("ack", CHECK, TASK, 10, "capture-2", 7);
    expect(JSON.parse(stdout.toString())).toMatchObject({ deleted: 3 });
    expect(readdirSync(folder).sort()).toEqual([...stay, "seg-000003.pcap"].sort());
    expect(JSON.parse((await one.task("ack", "nc-none", TASK, 10)).stdout.toString())).toMatchObject({ deleted: 0 });
  });
});

describe.concurrent("a recorder", () => {
  const test = under("dash");

  test("seals by age what a quiet link has brought, and nothing when it brought nothing", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link, { segmentSeconds: 1 });
    await recorded.listens();
    await link.send(3);
    await recorded.sealed(1);
    await link.send(2);
    await recorded.sealed(2);
    await recorded.stop();
    const { segments, written } = await recorded.said();
    expect(segments.reduce((sum, { bytes }) => sum + (bytes - HEADER) / PACKET, 0)).toBe(5);
    expect(written).toBe(5);
    expect(await recorded.packets()).toBe(5);
  });

  test("lets go the oldest segments that nobody has taken, and says which", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link, { ringBytes: 3 * (HEADER + 1_000 * PACKET) });
    await recorded.listens();
    await link.send(2_500);
    await recorded.sealed(2);
    expect(await recorded.acknowledge(1)).toBe(1);
    await link.send(3_000);
    await expect.poll(async () => (await recorded.said()).letGo.map(({ number }) => number)).toEqual([2, 3]);
    await recorded.stop();
    const { segments, letGo, written } = await recorded.said();
    expect(written).toBe(5_500);
    expect(letGo.map(({ number }) => number)).toEqual([2, 3]);
    // The first was taken.
    expect(segments.map(({ number }) => number)).toEqual([1, 4, 5, 6]);
    expect(recorded.files()).toEqual([4, 5, 6].map((number) => `seg-00000${number}.pcap`));
  });

  test("counts what the kernel lost, truly", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link, { bufferKib: 512, snapLength: 1_000, segmentBytes: 4_000_000, ringBytes: 100_000_000 });
    await recorded.listens();
    const [pid = 0] = tcpdump(link);
    process.kill(pid, "SIGSTOP");
    await link.send(5_000, { bytes: 1_000, perSecond: 50_000 });
    process.kill(pid, "SIGCONT");
    await recorded.stop();
    const { written, matched, dropped } = await recorded.said();
    expect(dropped).toBeGreaterThan(0);
    expect([matched, written + dropped]).toEqual([5_000, 5_000]);
    expect(await recorded.packets()).toBe(written);
  });

  test("says that its tcpdump was killed, and keeps everything that it had passed on", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link);
    await recorded.listens();
    await link.send(1_001);
    const open = join(one.state, CHECK, TASK, "seg-000002.open");
    await expect.poll(() => existsSync(open)).toBe(true);
    for (const pid of tcpdump(link)) process.kill(pid, "SIGKILL");
    await recorded.ends();
    expect(await recorded.said()).toMatchObject({ endReason: "tcpdump", trouble: "tcpdump was ended by signal 9" });
    expect(await recorded.packets()).toBe(1_001);
  });

  test("goes on when its device goes down and up, and says so when it is gone", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link);
    await recorded.listens();
    const ip = (...words: string[]) => {
      const [command = "", ...argv] = link.inside("ip", "link", ...words);
      expect(spawnSync(command, argv).status).toBe(0);
    };
    ip("set", link.device, "down");
    ip("set", link.device, "up");
    await link.send(1_000);
    await link.send(1);
    await recorded.sealed(1);
    ip("del", link.device);
    await recorded.ends();
    const said = await recorded.said();
    expect([said.endReason, said.trouble]).toEqual(["tcpdump", expect.stringMatching(/interface|device/i)]);
    expect(await recorded.packets()).toBe(said.written);
  });

  test("everything killed at once, as when an agent is restarted", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link);
    await recorded.listens();
    await link.send(1_300);
    const open = join(one.state, CHECK, TASK, "seg-000002.open");
    await expect.poll(() => existsSync(open) && readFileSync(open).length).toBe(HEADER + 300 * PACKET);
    for (const pid of [one.supervisor(CHECK), ...processesWith(link.device)]) process.kill(pid, "SIGKILL");
    await expect.poll(() => one.states(CHECK, TASK)).toEqual(["orphaned"]);
    expect(await recorded.packets()).toBe(1_300);
    expect(recorder(link)).toEqual([]);
  });

  test("ends at its limit of bytes", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link, { totalBytes: 2 * HEADER + 1_500 * PACKET + 50 });
    await recorded.listens();
    await link.send(2_000);
    await recorded.ends();
    expect(await recorded.said()).toMatchObject({ endReason: "total-bytes", written: 1_500 });
    expect(await recorded.packets()).toBe(1_500);
  });

  test("ends when it takes too much CPU for long, at a lower priority than probes", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    // It takes some CPU before it listens, and next to nothing then.
    one.instead("tcpdump", "n=0; while [ $n -lt 800000 ]; do n=$((n + 1)); done", 'exec REAL "$@"');
    await recorded.start(link, { cpuPercent: 1 });
    await recorded.listens();
    for (const pid of [...recorder(link), ...tcpdump(link)])
      expect(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ")[16]).toBe("5");
    await link.send(100);
    await recorded.ends();
    const { endReason, trouble, written } = await recorded.said();
    expect([endReason, trouble]).toEqual(["cpu", expect.stringMatching(/^it took \d+ % of a core$/)]);
    expect(await recorded.packets()).toBe(written);
  });

  test("is interrupted at the end of its window and seals what it has", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    await recorded.start(link, {}, 4_000);
    await recorded.listens();
    await link.send(100);
    await recorded.ends();
    expect(await one.states(CHECK, TASK)).toEqual(["done duration"]);
    expect(await recorded.said()).toMatchObject({ endReason: "stopped", written: 100, matched: 100, dropped: 0 });
  });

  test.for<[string, Partial<RecordOrder>, RegExp]>([
    ["a missing device", { device: "nosuch0" }, /^nosuch0: No such device/],
    ["a device that is none", { device: "any" }, /no device can be recorded by this name: any/],
    ["a place in a list of devices", { device: "1" }, /no device can be recorded by this name: 1/],
    ["a bad filter", { filter: "tcp port port" }, /syntax error/],
    ["a filter with an unknown name", { filter: "host no.such.name.invalid" }, /unknown host|Name/i],
    ["a filter that lets nothing in", { filter: "tcp and udp" }, /rejects all packets/],
  ])("says in tcpdump's words what is wrong: %s", async ([, more, words], { one, expect }) => {
    await using link = await RecordedLink.make();
    const recorded = new Recorded(one, expect);
    const order = orderFor(link, more);
    await recorded.start(link, more);
    await one.start(CHECK, [{ id: "compile", argv: link.inside(...compileArgv(order.device, order.filter ?? "")) }]);
    await recorded.ends();
    await allEnded({ one, expect }, "compile");
    const said = await recorded.said();
    expect(said.trouble).toMatch(words);
    expect([said.listeningMs, said.segments]).toEqual([undefined, []]);
    const { tasks } = await one.sync(CHECK, { compile: 0 });
    expect(compiled(tasks[0]?.bytes.toString() ?? "")).toEqual({ trouble: expect.stringMatching(words) });
    expect(recorded.files()).toEqual([]);
  });

  test("says that it is not permitted to record", async ({ one, expect }) => {
    await using link = await RecordedLink.make();
    one.instead("tcpdump", 'exec setpriv --bounding-set=-net_raw REAL "$@"');
    const recorded = new Recorded(one, expect);
    await recorded.start(link);
    await recorded.ends();
    expect((await recorded.said()).trouble).toMatch(/permission|not permitted/i);
  });

  test.for<[string, string[]]>([
    ["no words", []],
    ["too few numbers", ["lo", "100", "100"]],
    ["a number that is none", ["lo", "100", "100", "9999", "1", "99999", "0", "x"]],
    ["a filter that is an option", ["lo", "100", "100", "9999", "1", "99999", "0", "0", "-w/tmp/x"]],
    ["a filter with a newline", ["lo", "100", "100", "9999", "1", "99999", "0", "0", "tcp\nudp"]],
    ["a ring that is too small", ["lo", "100", "100", "9999", "1", "9999", "0", "0"]],
    ["a segment that holds no packet", ["lo", "1000", "100", "999", "1", "9999", "0", "0"]],
    ["a compiler without a device", ["--compile"]],
    ["a filter to compile that is an option", ["--compile", "lo", "-z"]],
    ["more than one filter", ["--compile", "lo", "tcp", "udp"]],
    ["a salvage of something", ["--salvage", "/etc"]],
  ])("%s is refused with exit code 64", async ([, words], { one, expect }) => {
    expect(await one.run("netcheck-record", words)).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/^usage: /),
    });
    expect(readdirSync(one.folder).sort()).toEqual(["bin"]);
  });
});
