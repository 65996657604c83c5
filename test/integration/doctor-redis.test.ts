import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LabSlack, startSlack } from "#lab/slack/server.ts";
import { silentLog } from "#src/log.ts";
import { keysOf } from "#src/queue/keys.ts";
import { openRedis } from "#src/queue/redis.ts";
import { workersSeen } from "#src/queue/workers-seen.ts";
import { doctor, doctorHome, findsEach, toMend } from "#test/support/doctor.ts";

const PASSWORD = "pass/word@1";
const servers = new AsyncDisposableStack();
const home = doctorHome();
let main: { port: number; admin: Redis };
let cluster: { port: number };
let slack: LabSlack;
let old: { port: number };
beforeAll(async () => {
  main = await redisServer("main", ["--appendonly", "yes"]);
  cluster = await redisServer("cluster", ["--appendonly", "yes", "--cluster-enabled", "yes"]);
  slack = servers.use(await startSlack());
  old = await oldLooking(main.port);
});
afterAll(async () => {
  await servers.disposeAsync();
  home[Symbol.dispose]();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function redisServer(name: string, args: readonly string[]) {
  const dir = join(home.folder, name);
  mkdirSync(dir);
  const port = await freePort();
  const child = spawn("redis-server", ["--port", `${port}`, "--dir", dir, "--save", "", ...args], { stdio: "ignore" });
  const admin = new Redis({ port, retryStrategy: () => 50, maxRetriesPerRequest: null });
  admin.on("error", () => {});
  await admin.ping();
  servers.defer(async () => {
    admin.disconnect();
    child.kill();
    await once(child, "exit");
  });
  return { port, admin };
}

/** The real server behind a relay that makes it say an older version: none that old can be had here. */
async function oldLooking(to: number): Promise<{ port: number }> {
  const server: Server = createServer((client) => {
    const far = connect(to, "127.0.0.1");
    for (const socket of [client, far]) socket.on("error", () => socket.destroy());
    client.pipe(far);
    far.on("data", (part) =>
      client.write(part.toString("latin1").replace(/redis_version:\d\.\d/, "redis_version:6.0"), "latin1"),
    );
    far.on("close", () => client.destroy());
    client.on("close", () => far.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.defer(async () => void server.close());
  return { port: (server.address() as AddressInfo).port };
}

const bot = () => ({
  NETCHECK_SLACK_BOT_TOKEN: slack.botToken,
  NETCHECK_SLACK_APP_TOKEN: slack.appToken,
  NETCHECK_SLACK_API_URL: slack.apiUrl,
});
const url = (port: number) => `redis://127.0.0.1:${port}/0`;
const base = () => ({ NETCHECK_DATA_DIR: home.folder, NETCHECK_REDIS_URL: url(main.port) });
const set = async (name: string, value: string | number) => {
  await main.admin.config("SET", name, value);
  return {};
};

test("a Redis as it should be has nothing to mend, and keeps nothing of the look", async () => {
  const findings = await doctor(base());
  expect(toMend(findings)).toEqual([]);
  const looks = findings.filter(({ area, status }) => area === "Redis" && status === "well").map(({ look }) => look);
  expect(looks).toEqual(["server", "version", "maxmemory-policy", "persistence", "memory", "writing"]);
  expect(await main.admin.dbsize()).toBe(0);
});

test("a private one is looked at while it runs, and is not started", async () => {
  const config = { redisUrl: undefined, redisPrefix: "netcheck", dataDir: home.folder };
  const idle = await doctor({ NETCHECK_DATA_DIR: home.folder });
  expect(toMend(idle)).toEqual([]);
  expect(idle).toContainEqual(expect.objectContaining({ area: "Redis", look: "settings", status: "unseen" }));
  const access = await openRedis({ config, log: silentLog });
  const running = await doctor({ NETCHECK_DATA_DIR: home.folder });
  await access.stop();
  expect(toMend(running)).toEqual([]);
  expect(running).toContainEqual(expect.objectContaining({ look: "maxmemory-policy", status: "well" }));
});

describe("each is found, with what mends it:", () => {
  findsEach(
    [
      {
        name: "a policy that throws keys away",
        seed: () => set("maxmemory-policy", "allkeys-lru"),
        mend: async () => void (await set("maxmemory-policy", "noeviction")),
        area: "Redis",
        found: /allkeys-lru/,
        remedy: /CONFIG SET maxmemory-policy noeviction/,
      },
      {
        name: "no append-only file",
        seed: () => set("appendonly", "no"),
        mend: async () => void (await set("appendonly", "yes")),
        area: "Redis",
        found: /no append-only file/,
        remedy: /CONFIG SET appendonly yes/,
      },
      {
        name: "memory that is nearly full",
        seed: async () =>
          set("maxmemory", Math.round(Number(/used_memory:(\d+)/.exec(await main.admin.info("memory"))?.[1]) * 1.02)),
        mend: async () => void (await set("maxmemory", 0)),
        area: "Redis",
        found: /soon nothing more is taken/,
        remedy: /CONFIG SET maxmemory \d+mb/,
      },
      {
        name: "memory that is full",
        seed: () => set("maxmemory", 1),
        mend: async () => void (await set("maxmemory", 0)),
        area: "Redis",
        found: /takes no write: OOM/,
        remedy: /more memory/,
      },
      {
        name: "a password that is not given",
        seed: () => set("requirepass", PASSWORD),
        mend: async () => void (await set("requirepass", "")),
        area: "Redis",
        found: /NOAUTH/,
        remedy: /password into NETCHECK_REDIS_URL/,
      },
      {
        name: "a wrong password",
        seed: async () => {
          await set("requirepass", "another");
          return { NETCHECK_REDIS_URL: `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${main.port}/0` };
        },
        mend: async () => void (await set("requirepass", "")),
        area: "Redis",
        found: /WRONGPASS/,
        remedy: /redis:\/\/USER:PASSWORD@host/,
      },
      {
        name: "a user who may not run scripts",
        seed: async () => {
          await main.admin.call("ACL", "SETUSER", "shy", "on", `>${PASSWORD}`, "~*", "&*", "+@all", "-eval");
          return { NETCHECK_REDIS_URL: `redis://shy:${encodeURIComponent(PASSWORD)}@127.0.0.1:${main.port}/0` };
        },
        area: "Redis",
        found: /takes no write: NOPERM/,
        remedy: /ACL SETUSER/,
      },
      {
        name: "a replica instead of the primary",
        seed: async () => {
          await main.admin.call("REPLICAOF", "127.0.0.1", "9");
          return {};
        },
        mend: async () => void (await main.admin.call("REPLICAOF", "NO", "ONE")),
        area: "Redis",
        found: /READONLY/,
        remedy: /at the primary/,
      },
      {
        name: "a version that is too old",
        seed: () => ({ NETCHECK_REDIS_URL: url(old.port) }),
        area: "Redis",
        found: /Redis 6\.0\S* is too old/,
        remedy: /6\.2 or newer/,
      },
      {
        name: "a Redis Cluster with a prefix for a single server",
        seed: () => ({ NETCHECK_REDIS_URL: url(cluster.port) }),
        area: "Redis",
        found: /is a Redis Cluster/,
        remedy: /NETCHECK_REDIS_PREFIX=\{netcheck\}/,
      },
      {
        name: "workers of another cluster only",
        seed: async () => {
          await workersSeen(main.admin, keysOf("netcheck")).beat("paris", "host:1");
          return { NETCHECK_CLUSTER: "london", ...bot() };
        },
        mend: async () => void (await main.admin.flushall()),
        area: "Redis",
        found: /None of the cluster london runs, but some of paris/,
        remedy: /NETCHECK_CLUSTER=paris for the bot, or start a worker with NETCHECK_CLUSTER=london/,
      },
      {
        name: "a port where nobody listens",
        seed: () => ({ NETCHECK_REDIS_URL: url(9) }),
        area: "Redis",
        found: /cannot be reached: .*ECONNREFUSED/,
        remedy: /NETCHECK_REDIS_URL/,
      },
      {
        name: "a host name that does not exist",
        seed: () => ({ NETCHECK_REDIS_URL: "redis://redis.invalid:6379/0" }),
        area: "Redis",
        found: /cannot be reached: .*(ENOTFOUND|EAI_AGAIN)/,
        remedy: /name/,
      },
      {
        name: "TLS to a server without",
        seed: () => ({ NETCHECK_REDIS_URL: `rediss://127.0.0.1:${main.port}/0` }),
        area: "Redis",
        found: /speaks without TLS/,
        remedy: /TLS on both sides or on none/,
      },
    ],
    base,
    () => [PASSWORD, encodeURIComponent(PASSWORD)],
  );
});
