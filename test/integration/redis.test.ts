import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLog, silentLog } from "#src/log.ts";
import { startPrivateRedis } from "#src/queue/private-redis.ts";
import { openRedis } from "#src/queue/redis.ts";

let dataDir: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "netcheck-redis-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await vi.waitFor(async () => expect(await processesIn(dataDir)).toEqual([]), { timeout: 20_000 });
  await rm(dataDir, { recursive: true, force: true });
});

/** Pids and programs whose working directory is in the folder: servers and those that wait to become one. */
async function processesIn(folder: string): Promise<{ pid: number; program: string }[]> {
  const found: { pid: number; program: string }[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    const program = basename(await readlink(`/proc/${pid}/exe`).catch(() => ""));
    if (cwd.startsWith(folder) && program) found.push({ pid: Number(pid), program });
  }
  return found;
}

async function server(): Promise<number> {
  const pid = (await processesIn(dataDir)).find(({ program }) => program.includes("redis"))?.pid;
  if (pid === undefined) throw new Error("no server runs");
  return pid;
}

const config = () => ({ redisUrl: undefined, redisPrefix: "netcheck", dataDir });

async function otherProcess(): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("../support/data-folder-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout, "data");
  return child;
}

test("a private server keeps every write when it is killed, and is started again", async () => {
  const redis = await openRedis({ config: config(), log: silentLog });
  const client = await redis.connect("worker");
  for (let n = 0; n < 500; n++) await client.rpush("list", `${n}`);
  const killed = await server();
  process.kill(killed, "SIGKILL");
  await vi.waitFor(async () => expect(await server()).not.toBe(killed), { timeout: 20_000 });
  expect(await client.llen("list")).toBe(500);
  await redis.stop();
  expect(await processesIn(dataDir)).toEqual([]);
});

test("a producer fails when the server is away, a worker waits for it", async () => {
  const redis = await openRedis({ config: config(), log: silentLog });
  const [producer, worker] = [await redis.connect("producer"), await redis.connect("worker")];
  const pid = await server();
  process.kill(pid, "SIGSTOP");
  const asked = worker.set("key", "value");
  await expect(producer.get("key")).rejects.toThrow(/timed out/i);
  process.kill(pid, "SIGCONT");
  expect(await asked).toBe("OK");
  await redis.stop();
});

test("another process of the folder takes over when the supervisor is killed, and loses nothing", async () => {
  const first = await otherProcess();
  const redis = await openRedis({ config: config(), log: silentLog });
  const client = await redis.connect("worker");
  await client.set("kept", "yes");
  const before = await server();
  first.kill("SIGKILL");
  await once(first, "exit");
  await vi.waitFor(async () => expect(await server()).not.toBe(before), { timeout: 20_000 });
  expect(await client.get("kept")).toBe("yes");
  expect((await processesIn(dataDir)).length).toBe(1);
  await redis.stop();
});

test("no server is left when all its processes are killed", async () => {
  const both = [await otherProcess(), await otherProcess()];
  for (const child of both) child.kill("SIGKILL");
  await vi.waitFor(async () => expect(await processesIn(dataDir)).toEqual([]), { timeout: 20_000 });
});

test("a folder too deep for a socket address works all the same", async () => {
  const deep = join(dataDir, "x".repeat(60), "y".repeat(60));
  await mkdir(deep, { recursive: true });
  const redis = await openRedis({ config: { ...config(), dataDir: deep }, log: silentLog });
  expect(await (await redis.connect("worker")).ping()).toBe("PONG");
  await redis.stop();
});

test("a server by URL is checked for what would lose jobs, and is left running", async () => {
  const own = await startPrivateRedis({ dataDir, log: silentLog });
  const admin = new Redis({ path: own.socketPath, maxRetriesPerRequest: null });
  admin.on("error", () => undefined);
  await admin.config("SET", "maxmemory-policy", "allkeys-lru");
  await admin.config("SET", "appendonly", "no");
  const port = 20_000 + (process.pid % 20_000);
  await admin.config("SET", "port", `${port}`);
  const lines: string[] = [];
  const to = new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) });
  const redisUrl = `redis://127.0.0.1:${port}/0`;
  const redis = await openRedis({ config: { ...config(), redisUrl }, log: createLog({ level: "info", to }) });
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
    "redis may evict jobs when memory is short; set maxmemory-policy to noeviction",
    "redis keeps no append-only file; checks are lost when it restarts",
  ]);
  await redis.stop();
  expect(await admin.ping()).toBe("PONG");
  admin.disconnect();
  await own.stop();
  expect(existsSync(join(dataDir, "redis", "redis.sock"))).toBe(false);
});

test("a server that is away at the start is waited for, and the log says so once", async () => {
  const lines: string[] = [];
  const to = new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) });
  const waiting = new AbortController();
  const opened = openRedis({
    config: { ...config(), redisUrl: "redis://user:secret@127.0.0.1:1/0" },
    log: createLog({ level: "info", to }),
    signal: waiting.signal,
  });
  await vi.waitFor(() => expect(lines.length).toBe(1), { timeout: 20_000 });
  waiting.abort();
  await expect(opened).rejects.toThrow(/abort/i);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    msg: "redis does not answer; trying again",
    err: { redis: "127.0.0.1:1" },
  });
  expect(lines.join()).not.toContain("secret");
  expect(await readFile(join(dataDir, "redis", "redis.log"), "utf8").catch(() => "none")).toBe("none");
});
