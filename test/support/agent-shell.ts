import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parseSyncReply, type SyncReply } from "#src/cluster/task-reply.ts";

export const agentBin = join(import.meta.dirname, "../../deploy/agent/bin");
const fixtures = join(import.meta.dirname, "../fixtures/bin");

/** Shells that agents may have as /bin/sh. busybox is its ash when it is called `sh`. */
export const shells = ["dash", "bash", "busybox"] as const;

export type Run = { readonly code: number | null; readonly stdout: Buffer; readonly stderr: string };
export type Task = { id: string; argv: readonly string[]; netns?: string; maxBytes?: number };

/** An agent's scripts under one shell, with a state folder of their own. Disposing it ends whatever is left. */
export class AgentShell implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "netcheck-agent-"));
  readonly state = join(this.folder, "state");
  readonly env: NodeJS.ProcessEnv;

  constructor(shell: (typeof shells)[number]) {
    const bin = join(this.folder, "bin");
    mkdirSync(bin);
    symlinkSync(`/usr/bin/${shell}`, join(bin, "sh"));
    const PATH = [bin, agentBin, fixtures, process.env["PATH"]].join(delimiter);
    this.env = { ...process.env, PATH, NETCHECK_STATE: this.state };
  }

  /** Puts a program before the one of that name on the PATH of the scripts; `REAL` in its lines is the path of that one. */
  instead(program: string, ...lines: readonly string[]): void {
    const text = ["#!/bin/sh", ...lines].join("\n").replaceAll("REAL", `/usr/bin/${program}`);
    writeFileSync(join(this.folder, "bin", program), `${text}\n`, { mode: 0o755 });
  }

  /** Starts one of the scripts under this shell, or in Perl if that is what it is in. */
  spawn(script: string, words: readonly string[], { detached = false } = {}): ChildProcess {
    const path = join(agentBin, script);
    const runs = readFileSync(path, "utf8").startsWith("#!/usr/bin/perl") ? "perl" : "sh";
    return spawn(runs, [path, ...words], { env: this.env, cwd: this.folder, detached });
  }

  async run(script: string, words: readonly string[], input?: string): Promise<Run> {
    const child = this.spawn(script, words);
    child.stdin?.on("error", () => undefined).end(input);
    const [stdout, stderr, code] = await Promise.all([
      collect(child.stdout),
      collect(child.stderr),
      new Promise<number | null>((resolve) => child.on("exit", resolve)),
    ]);
    return { code, stdout, stderr: stderr.toString() };
  }

  task = (...words: (string | number)[]): Promise<Run> => this.run("netcheck-task", words.map(String));

  /** Starts tasks in a window given relative to now; answers with what the script said about each. */
  async start(
    check: string,
    tasks: readonly Task[],
    { lease = 60, inMs = 0, forMs = 20_000, keepFreeMb = 1 } = {},
  ): Promise<Record<string, { state: string; reason?: string; exitCode?: number }>> {
    const startMs = Date.now() + inMs;
    const words = tasks.flatMap(({ id, argv, netns = "node", maxBytes = 100_000 }) => [
      "--task",
      id,
      netns,
      maxBytes,
      argv.length,
      ...argv,
    ]);
    const { code, stdout, stderr } = await this.task(
      "start",
      check,
      lease,
      startMs,
      startMs + forMs,
      keepFreeMb,
      ...words,
    );
    if (code !== 0) throw new Error(`start ended with ${code}: ${stderr}`);
    return byId(JSON.parse(stdout.toString()).tasks);
  }

  async sync(check: string, offsets: Record<string, number>, maxBytes = 1_000_000): Promise<SyncReply> {
    const { stdout } = await this.task("sync", check, maxBytes, ...Object.entries(offsets).flat());
    const reply = parseSyncReply(stdout);
    if (!reply) throw new Error(`not a whole reply: ${stdout}`);
    return reply;
  }

  async states(check: string, ...ids: string[]): Promise<string[]> {
    const { tasks } = await this.sync(check, Object.fromEntries(ids.map((id) => [id, 0])), 0);
    return tasks.map(({ state, reason }) => (reason === undefined ? state : `${state} ${reason}`));
  }

  supervisor(check: string): number {
    return Number(readFileSync(join(this.state, check, ".sup"), "utf8").split(" ")[0]);
  }

  write(check: string, file: string, text: string): void {
    writeFileSync(join(this.state, check, file), text);
  }

  [Symbol.dispose](): void {
    for (const pid of processesWith(this.state, "environ")) kill(pid);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const byId = (tasks: { id: string; state: string }[]) => Object.fromEntries(tasks.map(({ id, ...rest }) => [id, rest]));

async function collect(stream: NodeJS.ReadableStream | null): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream ?? []) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile.
  }
}

/** Living processes (zombies do not count) whose command line or environment contains a text. */
export function processesWith(text: string, where: "cmdline" | "environ" = "cmdline"): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      if (!readFileSync(`/proc/${name}/${where}`, "latin1").includes(text)) return [];
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      return /\) [ZX] /.test(stat) ? [] : [Number(name)];
    } catch {
      return [];
    }
  });
}

let marks = process.pid * 1_000;
/** A number of seconds that no other process sleeps. */
export const uniqueSleep = (): string => `9${++marks}`;

/** The start time of a process, as in `/proc/PID/stat`. */
export function startTime(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ")[19] ?? "";
}
