import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync } from "node:fs";
import { mkdir, open, readFile, rename, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log.ts";
import { findRedisServer } from "./redis-binary.ts";

/** `sun_path` of unix(7) holds 108 bytes with the closing zero. */
const MAX_SOCKET_PATH_BYTES = 107;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
/** A server that ran this long did not fail at start. */
const HEALTHY_MS = 5_000;
const STOP_MS = 10_000;
const START_MS = 2_000;
const MAX_LOG_BYTES = 5_000_000;

export type PrivateRedis = {
  /** Path for clients of this process. */
  readonly socketPath: string;
  /** Ends the server when this process supervises it; another process of the data folder takes over, if there is one. */
  readonly stop: () => Promise<void>;
};

const serverArgs = (dir: string): readonly string[] => [
  ...["--port", "0", "--unixsocket", "redis.sock", "--unixsocketperm", "700", "--dir", dir],
  ...["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"],
  ...["--daemonize", "no", "--loglevel", "notice", "--logfile", "redis.log"],
];

/**
 * Runs a private Redis on a unix socket in `<dataDir>/redis`, shared by all processes of that folder. Each process keeps
 * one child that waits for the folder's lock and then becomes the server, so that there is always exactly one server, it
 * dies with its supervisor, and the next process takes over at once. Nothing is lost on kill -9: every write is in the
 * append-only file before it is answered.
 */
export async function startPrivateRedis({
  dataDir,
  log,
}: {
  readonly dataDir: string;
  readonly log: Log;
}): Promise<PrivateRedis> {
  const binary = await findRedisServer();
  const dir = resolve(dataDir, "redis");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await turnLog(dir);
  const folder = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  const stopping = new AbortController();
  let child: ChildProcess | undefined;

  function launch(): ChildProcess {
    const server = [binary, ...serverArgs(dir)];
    // An own process group: Ctrl-C in a terminal stops this process first, and the server after its last command.
    const options: SpawnOptions = { cwd: dir, detached: true, stdio: "ignore" };
    return spawn("setpriv", ["--pdeathsig", "KILL", "flock", "--no-fork", join(dir, "lock"), ...server], options);
  }

  async function supervise(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!stopping.signal.aborted) {
      const startedAtMs = Date.now();
      child = launch();
      const [code, signal] = await once(child, "exit").catch((error: unknown) => [error, undefined]);
      if (stopping.signal.aborted) return;
      pauseMs = Date.now() - startedAtMs > HEALTHY_MS ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      log.warn({ code, signal, pauseMs, lastLog: await lastLines(dir) }, "private redis ended; starting it again");
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const supervised = supervise();
  const socketPath = join(dir, "redis.sock");
  // Saves every client a failed first try; if it takes longer than this, they try again anyway.
  for (const until = Date.now() + START_MS; Date.now() < until && !(await exists(socketPath)); ) await sleep(10);
  return {
    // The server has the folder as its working directory; a client reaches a deep folder through its descriptor.
    socketPath:
      Buffer.byteLength(socketPath) <= MAX_SOCKET_PATH_BYTES ? socketPath : `/proc/self/fd/${folder}/redis.sock`,
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort();
      if (child && child.exitCode === null && child.signalCode === null) {
        const killer = setTimeout(() => child?.kill("SIGKILL"), STOP_MS);
        child.kill("SIGTERM");
        await supervised;
        clearTimeout(killer);
      }
      closeSync(folder);
    },
  };
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The server appends to its log for ever; one old part is kept. */
async function turnLog(dir: string): Promise<void> {
  const log = join(dir, "redis.log");
  const size = await stat(log)
    .then(({ size }) => size)
    .catch(() => 0);
  if (size > MAX_LOG_BYTES) await rename(log, `${log}.1`);
}

const TAIL_BYTES = 4_096;

async function lastLines(dir: string): Promise<readonly string[]> {
  try {
    await using file = await open(join(dir, "redis.log"));
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(TAIL_BYTES),
      0,
      TAIL_BYTES,
      Math.max(0, size - TAIL_BYTES),
    );
    return buffer.toString("utf8", 0, bytesRead).trim().split("\n").slice(-3);
  } catch {
    return [];
  }
}

/** What the server said about a cut or broken append-only file at its newest start, if anything. */
export async function truncationNote(dataDir: string): Promise<string | undefined> {
  const log = await readFile(resolve(dataDir, "redis", "redis.log"), "utf8").catch(() => "");
  const newest = log.slice(Math.max(0, log.lastIndexOf("oO0OoO0OoO0Oo Redis is starting")));
  return newest
    .split("\n")
    .find((line) => /truncat|bad file format/i.test(line))
    ?.trim();
}
