import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { parseSyncReply } from "#src/cluster/task-reply.ts";
import { agentBin, processesWith, shells, startTime, uniqueSleep } from "#test/support/agent-shell.ts";
import { allEnded, CHECK, noneLeft, under } from "#test/support/agent-test.ts";

const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

test.skipIf(!hasShellcheck)("the scripts are clean for shellcheck", () => {
  const scripts = readdirSync(agentBin).filter((name) =>
    /^#!\/bin\/sh|^# shellcheck shell=sh/m.test(readFileSync(join(agentBin, name), "utf8")),
  );
  expect(scripts).toContain("netcheck-task");
  const { stdout } = spawnSync("shellcheck", ["-x", "-P", agentBin, ...scripts.map((name) => join(agentBin, name))]);
  expect(stdout.toString()).toBe("");
});

const isShell = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("sh\0-c\0");

describe.concurrent.each(shells)("netcheck-task under %s", (shell) => {
  const test = under(shell);

  test("tasks begin together at the start of the window", async ({ one, expect }) => {
    const startMs = Date.now() + 5_000;
    const argv = ["sh", "-c", "date +%s%3N"];
    await one.start(
      CHECK,
      [
        { id: "a", argv },
        { id: "b", argv },
      ],
      { inMs: 5_000 },
    );
    // Both wait for it, so neither waits for the other.
    const waiting = () => ["a", "b"].every((id) => existsSync(join(one.state, CHECK, id, "pid")));
    await expect.poll(waiting, { interval: 20 }).toBe(true);
    expect(Date.now()).toBeLessThan(startMs);
    await allEnded({ one, expect }, "a", "b");
    const { tasks } = await one.sync(CHECK, { a: 0, b: 0 });
    for (const { bytes } of tasks) {
      expect(Number(bytes.toString())).toBeGreaterThanOrEqual(startMs);
      expect(Number(bytes.toString())).toBeLessThan(startMs + 10_000); // the window is 20 s long
    }
  });

  test("start twice is start once, and new tasks join", async ({ one, expect }) => {
    const mark = uniqueSleep();
    const sleeper = { id: "a", argv: ["sleep", mark] };
    expect(await one.start(CHECK, [sleeper])).toEqual({ a: { state: "running" } });
    const first = one.supervisor(CHECK);
    const [again, joined] = await Promise.all([
      one.start(CHECK, [sleeper]),
      one.start(CHECK, [sleeper, { id: "b", argv: ["sleep", "8"] }]),
    ]);
    expect([again, joined]).toEqual([
      { a: { state: "running" } },
      { a: { state: "running" }, b: { state: "running" } },
    ]);
    expect(one.supervisor(CHECK)).toBe(first);
    await expect.poll(() => processesWith(mark).length).toBe(2); // timeout and sleep
    expect(await one.states(CHECK, "a", "b")).toEqual(["running", "running"]);
  });

  test("a task with other arguments or another byte limit is refused", async ({ one, expect }) => {
    await one.start(CHECK, [{ id: "a", argv: ["sleep", "8"] }]);
    const refused = { a: { state: "refused", reason: "argv-differs" } };
    expect(await one.start(CHECK, [{ id: "a", argv: ["sleep", "9"] }])).toEqual(refused);
    expect(await one.start(CHECK, [{ id: "a", argv: ["sleep", "8"], maxBytes: 5 }])).toEqual(refused);
    expect(await one.start(CHECK, [{ id: "a", argv: ["sleep", "8"] }])).toEqual({ a: { state: "running" } });
  });

  test("exit code, both outputs and a missing program are reported", async ({ one, expect }) => {
    await one.start(CHECK, [
      { id: "a", argv: ["answers"] },
      { id: "b", argv: ["no-such-program"] },
    ]);
    await allEnded({ one, expect }, "a", "b");
    const [a, b] = (await one.sync(CHECK, { a: 0, b: 0 })).tasks;
    expect(a).toMatchObject({ state: "done", reason: "exited", exitCode: 7, stderr: "careful\n", totalBytes: 6 });
    expect(a?.bytes.toString()).toBe("hello\n");
    expect(b).toMatchObject({
      state: "done",
      reason: "exited",
      exitCode: 127,
      stderr: expect.stringContaining("not found"),
    });
  });

  test("output is read by offset, shared fairly, and every cut of a reply is noticed", async ({ one, expect }) => {
    const argv = (word: string) => ["sh", "-c", 'yes "$0" | head -c 5000', word];
    await one.start(CHECK, [
      { id: "a", argv: argv("one") },
      { id: "b", argv: argv("two") },
      { id: "c", argv: ["true"] },
    ]);
    await allEnded({ one, expect }, "a", "b", "c");
    const read: Record<string, Buffer> = { a: Buffer.alloc(0), b: Buffer.alloc(0), c: Buffer.alloc(0) };
    for (let round = 0; round < 10; round++) {
      const offsets = Object.fromEntries(Object.entries(read).map(([id, bytes]) => [id, bytes.length]));
      const { tasks } = await one.sync(CHECK, offsets, 3_000);
      expect(tasks.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(3_000);
      for (const { id, bytes } of tasks) read[id] = Buffer.concat([read[id] ?? Buffer.alloc(0), bytes]);
    }
    expect(read["a"]?.toString()).toBe("one\n".repeat(1_250));
    expect(read["b"]?.toString()).toBe("two\n".repeat(1_250));

    const { stdout } = await one.task("sync", CHECK, 100, "a", 10);
    for (let cut = 0; cut < stdout.length; cut++) expect(parseSyncReply(stdout.subarray(0, cut))).toBeUndefined();
    const damaged = Buffer.from(stdout);
    damaged[damaged.length - 100] = 0;
    expect(parseSyncReply(damaged)).toBeUndefined();
    expect((await one.task("sync", CHECK, 100, "a", 9_999)).code).toBe(0);
  });

  test("unknown checks and tasks are absent", async ({ one, expect }) => {
    expect(await one.states(CHECK, "a")).toEqual(["absent"]);
    await one.start(CHECK, [{ id: "a", argv: ["true"] }]);
    expect((await one.states(CHECK, "b")).at(0)).toBe("absent");
    expect(JSON.parse((await one.task("rm", "nc-0000")).stdout.toString())).toEqual({ removed: false });
  });

  test("without renewal everything ends with the lease, and the output stays", async ({ one, expect }) => {
    const mark = uniqueSleep();
    await one.start(CHECK, [{ id: "a", argv: ["sh", "-c", "echo kept; exec sleep $0", mark] }], { lease: 1 });
    await expect.poll(() => processesWith(mark).length).toBeGreaterThan(0);
    await noneLeft(expect, mark);
    await expect.poll(() => processesWith(one.state, "environ")).toEqual([]);
    const [a] = (await one.sync(CHECK, { a: 0 })).tasks;
    expect(a).toMatchObject({ state: "done", reason: "lease-expired" });
    expect(a?.bytes.toString()).toBe("kept\n");
  });

  test("every sync renews the lease", async ({ one, expect }) => {
    await one.start(CHECK, [{ id: "a", argv: ["sleep", "30"] }], { lease: 4 });
    for (const began = Date.now(); Date.now() - began < 7_000; await sleep(500))
      expect(await one.states(CHECK, "a")).toEqual(["running"]);
  });

  test("the byte limit is exact", async ({ one, expect }) => {
    await one.start(CHECK, [{ id: "a", argv: ["flood"], maxBytes: 12_345 }]);
    await allEnded({ one, expect }, "a");
    const [a] = (await one.sync(CHECK, { a: 0 })).tasks;
    expect(a).toMatchObject({ state: "done", reason: "quota", totalBytes: 12_345 });
  });

  test("a task whose room for last words is gone ends like others", async ({ one, expect }) => {
    await one.start(CHECK, [{ id: "sleep-1", argv: ["sleep", "1"] }]);
    const spare = join(one.state, CHECK, "sleep-1", "spare");
    await expect.poll(() => existsSync(spare)).toBe(true);
    rmSync(spare);
    mkdirSync(spare);
    await allEnded({ one, expect }, "sleep-1");
    expect(await one.states(CHECK, "sleep-1")).toEqual(["done exited"]);
  });

  test("low disk space starts nothing and stops what runs", async ({ one, expect }) => {
    const tasks = [{ id: "a", argv: ["sleep", "30"] }];
    expect(await one.start(CHECK, tasks, { keepFreeMb: 999_999_999 })).toEqual({
      a: { state: "refused", reason: "disk-low" },
    });
    expect(await one.states(CHECK, "a")).toEqual(["refused disk-low"]);
    expect(await one.start(CHECK, tasks)).toEqual({ a: { state: "running" } });
    one.write(CHECK, ".keep", "999999999\n");
    await expect.poll(() => one.states(CHECK, "a")).toEqual(["done disk-low"]);
  });

  test("the window's end interrupts, so that tools can print their summary", async ({ one, expect }) => {
    await one.start(CHECK, [{ id: "a", argv: ["ping", "-n", "127.0.0.1"] }], { forMs: 500 });
    await allEnded({ one, expect }, "a");
    const [a] = (await one.sync(CHECK, { a: 0 })).tasks;
    expect(a).toMatchObject({ state: "done", reason: "duration" });
    expect(a?.bytes.toString()).toContain("ping statistics");
  });

  test("stop ends one task or all, and keeps their output", async ({ one, expect }) => {
    const argv = ["sh", "-c", "echo kept; exec sleep 30"];
    await one.start(
      CHECK,
      ["a", "b", "c"].map((id) => ({ id, argv })),
    );
    await expect
      .poll(async () => (await one.sync(CHECK, { a: 0, b: 0, c: 0 })).tasks.every(({ totalBytes }) => totalBytes === 5))
      .toBe(true);
    await one.task("stop", CHECK, "b");
    await expect.poll(() => one.states(CHECK, "a", "b", "c")).toEqual(["running", "done stopped", "running"]);
    await one.task("stop", CHECK);
    await expect.poll(() => one.states(CHECK, "a", "b", "c")).toEqual(Array(3).fill("done stopped"));
    expect((await one.sync(CHECK, { a: 0 })).tasks[0]?.bytes.toString()).toBe("kept\n");
  });

  test("stop ends also what is just being launched", async ({ one, expect }) => {
    await one.start(CHECK, [{ id: "a", argv: ["sleep", "30"] }]);
    await expect.poll(() => existsSync(join(one.state, CHECK, "a/pid"))).toBe(true);
    // What stop leaves when it finds no process yet.
    one.write(CHECK, "a/stop", "");
    await expect.poll(() => one.states(CHECK, "a")).toEqual(["done stopped"]);
  });

  test("stop also ends what still waits for the window", async ({ one, expect }) => {
    const mark = uniqueSleep();
    await one.start(CHECK, [{ id: "a", argv: ["sleep", mark] }], { inMs: 30_000 });
    await one.task("stop", CHECK);
    await expect.poll(() => one.states(CHECK, "a")).toEqual(["done stopped"]);
    await noneLeft(expect, mark);
  });

  test.for([
    { when: "while tasks run", inMs: 0 },
    { when: "before the window", inMs: 30_000 },
  ])("kill -9 of the supervisor $when ends the tasks", async ({ inMs }, { one, expect }) => {
    const mark = uniqueSleep();
    const task = { id: "a", argv: ["sh", "-c", "echo kept; exec sleep $0", mark] };
    await one.start(CHECK, [task], { inMs });
    if (inMs === 0) await expect.poll(async () => (await one.sync(CHECK, { a: 0 })).tasks[0]?.totalBytes).toBe(5);
    else await expect.poll(() => processesWith(mark).some(isShell)).toBe(true);
    process.kill(one.supervisor(CHECK), "SIGKILL");
    await noneLeft(expect, mark);
    // The task's first process may outlive its children for a moment, and the task runs until that has ended too.
    await expect.poll(() => one.states(CHECK, "a")).toEqual(["orphaned"]);
    expect(await one.start(CHECK, [task])).toEqual({ a: { state: "orphaned" } });
    if (inMs === 0) expect((await one.sync(CHECK, { a: 0 })).tasks[0]?.bytes.toString()).toBe("kept\n");
    await one.task("rm", CHECK);
    expect(await one.start(CHECK, [task])).toEqual({ a: { state: "running" } });
  });

  test("kill -9 of the supervisor while a task comes into being ends it", async ({ one, expect }) => {
    one.instead("prlimit", "sleep 1", 'exec REAL "$@"');
    const mark = uniqueSleep();
    await one.start(CHECK, [{ id: "a", argv: ["sleep", mark] }]);
    await expect.poll(() => existsSync(join(one.state, CHECK, "a/pid"))).toBe(true);
    process.kill(one.supervisor(CHECK), "SIGKILL");
    await noneLeft(expect, mark);
    await expect.poll(() => one.states(CHECK, "a")).toEqual(["orphaned"]);
  });

  test("a process that has the supervisor's pid by chance is neither believed nor killed", async ({
    one,
    expect,
    onTestFinished,
  }) => {
    const stranger = spawn("sleep", ["60"]);
    onTestFinished(() => void stranger.kill("SIGKILL"));
    await one.start(CHECK, [{ id: "a", argv: ["sleep", "30"] }]);
    await expect.poll(() => existsSync(join(one.state, CHECK, "a/pid"))).toBe(true);
    process.kill(one.supervisor(CHECK), "SIGKILL");
    one.write(CHECK, ".sup", `${stranger.pid} 12345\n`);
    one.write(CHECK, "a/pid", `${stranger.pid} 12345\n`);
    expect(await one.states(CHECK, "a")).toEqual(["orphaned"]);
    await one.task("stop", CHECK);
    await one.task("rm", CHECK);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  test("a zombie counts as dead", async ({ one, expect, onTestFinished }) => {
    // exec replaces the shell that would have reaped the child.
    const parent: ChildProcess = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"]);
    onTestFinished(() => void parent.kill("SIGKILL"));
    const [line] = (await once(parent.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
    const zombie = Number(line.toString());
    await expect.poll(() => readFileSync(`/proc/${zombie}/stat`, "latin1")).toContain(") Z ");
    await one.start(CHECK, [{ id: "a", argv: ["sleep", "30"] }]);
    process.kill(one.supervisor(CHECK), "SIGKILL");
    one.write(CHECK, ".sup", `${zombie} ${startTime(zombie)}\n`);
    // The task itself ends a moment after its supervisor.
    await expect.poll(() => one.states(CHECK, "a")).toEqual(["orphaned"]);
  });
});
