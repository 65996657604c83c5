import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "#lab/cluster/random.ts";
import { parseSegmentReply, parseSyncReply } from "#src/cluster/task-reply.ts";
import type { Recording } from "#src/core/capture.ts";
import { openRecording, recordArgv, recordMaxBytes } from "#src/core/recorder.ts";
import { AgentShell, processesWith, type shells, uniqueSleep } from "#test/support/agent-shell.ts";
import type { RecordedLink } from "#test/support/recorded-link.ts";

const CHECK = "nc-kill";
const CAPTURE = "capture-1";
const TASKS = [CAPTURE, "stubborn", "sleeper"] as const;
const HEADER = 24;
const PACKET = 16 + 100;
const STEPS = { least: 4, most: 10 } as const;
/** A verb takes about as long: it is cut at any of its lines, or just after them. */
const CUT_WITHIN_MS = 60;
const CUTS_IN_A_ROW = 3;
/** To end a task and to salvage its segment takes seconds; on a machine with other work, many. */
const PATIENCE_MS = 90_000;

/** Who may be killed, by what the command line has in it. */
const victims = {
  supervisor: "netcheck-supervise",
  recorder: "netcheck-record",
  tcpdump: "tcpdump\0-n",
  "time limit": "timeout\0",
  "some process": "",
} as const;
export type Victim = keyof typeof victims | "all at once";

export type Played = {
  readonly steps: readonly string[];
  readonly killed: readonly Victim[];
  /** Replies that were cut, by killing their script or by not listening to it any more. */
  readonly cut: number;
  /** Segments that were said to be sealed; all of them were fetched unless `wrong` says otherwise. */
  readonly sealed: number;
  readonly wrong: readonly string[];
};

/**
 * Plays one sequence: a recording, a command that ignores signals and one that does not, under one shell; packets, kills, cut
 * replies and repeated starts in an order of chance; then stop, fetch and `rm`, as a worker does. The same number makes the same
 * choices; what they meet depends on the machine.
 */
export async function playKills(number: number, shell: (typeof shells)[number], link: RecordedLink): Promise<Played> {
  using agent = new AgentShell(shell);
  const random = seededRandom(number);
  const mark = uniqueSleep();
  const steps: string[] = [];
  const killed: Victim[] = [];
  const wrong: string[] = [];
  /** Checksums of what was fetched whole. */
  const fetched = new Map<number, string>();
  /** Scripts that nobody listens to any more. */
  const unheard: Promise<unknown>[] = [];
  let [cut, sent, packets] = [0, 0, 0];

  const order = {
    ...{ device: link.device, snapLength: 200, bufferKib: 4_096, filter: "udp dst port 9" },
    ...{ segmentBytes: HEADER + 50 * PACKET, segmentSeconds: 60, ringBytes: 10_000_000, totalBytes: 0, cpuPercent: 0 },
  };
  const startMs = Date.now();
  const words = (id: string, argv: readonly string[]) => [
    ...["--task", id, "node", `${recordMaxBytes(order)}`, `${argv.length}`],
    ...argv,
  ];
  const starting = [
    ...["start", CHECK, "600", `${startMs}`, `${startMs + 600_000}`, "1"],
    ...words(CAPTURE, link.inside(...recordArgv(order))),
    ...words("stubborn", ["sh", "-c", "trap '' TERM INT HUP; while :; do sleep $0; done", mark]),
    ...words("sleeper", ["sleep", mark]),
  ];

  /** The answer of a verb, asked for again while replies are cut, as a worker does. */
  async function ask<T>(read: (reply: Buffer) => T | undefined, ...asked: readonly (string | number)[]): Promise<T> {
    for (let cuts = 0; cuts < CUTS_IN_A_ROW && random.next() < 0.3; cuts++) await cutShort(asked.map(String));
    const { code, stdout, stderr } = await agent.task(...asked);
    const answer = code === 0 ? read(stdout) : undefined;
    if (answer === undefined) throw new Error(`${asked[0]} ended with ${code}: ${stderr || stdout}`);
    return answer;
  }
  async function cutShort(asked: readonly string[]): Promise<void> {
    const how = random.pick(["killed", "unheard"]);
    const afterMs = random.between(0, CUT_WITHIN_MS);
    steps.push(`${asked[0]} ${how} after ${afterMs} ms`);
    cut++;
    const child = agent.spawn("netcheck-task", asked);
    const ended = once(child, "exit");
    unheard.push(ended);
    await Promise.race([sleep(afterMs), ended]);
    if (how === "killed") child.kill("SIGKILL");
    child.stdout?.destroy();
    child.stderr?.destroy();
  }

  const sync = () => ask(parseSyncReply, "sync", CHECK, 1_000_000, ...TASKS.flatMap((id) => [id, 0]));
  async function recorded(): Promise<Recording | undefined> {
    const reader = openRecording(CAPTURE);
    reader.push((await sync()).tasks[0]?.bytes.toString() ?? "");
    return reader.evidence({ nowMs: Date.now(), done: true })[0]?.data as Recording | undefined;
  }

  /** Fetches what is sealed and new, acknowledges it, and says how many segments there are in all. */
  async function fetchAll({ last }: { readonly last: boolean }): Promise<number> {
    const segments = (await recorded())?.segments ?? [];
    let upTo = 0;
    for (const { number: segment, bytes, sha256 } of segments) {
      const known = fetched.get(segment);
      if (known !== undefined && known !== sha256)
        wrong.push(`segment ${segment} is said to be another than was fetched`);
      if (known !== undefined) continue;
      const part = await ask(parseSegmentReply, "segment", CHECK, CAPTURE, segment, 0, 1_000_000);
      // Said, and not renamed yet.
      if (part.state === "open" && !last) break;
      const sum = createHash("sha256").update(part.bytes).digest("hex");
      if (part.state !== "sealed") wrong.push(`segment ${segment} was sealed and is ${part.state}`);
      else if (sum !== sha256 || part.bytes.length !== bytes) wrong.push(`segment ${segment} is not what was sealed`);
      fetched.set(segment, sum);
      packets += (part.bytes.length - HEADER) / PACKET;
      upTo = segment;
    }
    const numbers = segments.map((one) => one.number);
    if (numbers.some((one, index) => one !== index + 1)) wrong.push(`segments are numbered ${numbers}`);
    if (upTo > 0) await ask(whole, "ack", CHECK, CAPTURE, upTo);
    return segments.length;
  }

  /** Of this check alone. A recorder writes its name over its environment, too. */
  const own = (text: string): number[] => {
    const all = new Set([...processesWith(agent.state, "environ"), ...processesWith(`netcheck-record ${link.device}`)]);
    return processesWith(text).filter((pid) => all.has(pid));
  };
  function kill(victim: Victim): void {
    const all = own(victim === "all at once" ? "" : victims[victim]);
    const chosen = victim === "some process" ? all.slice(random.between(0, all.length - 1)).slice(0, 1) : all;
    steps.push(`kill ${victim} (${chosen.length})`);
    if (chosen.length > 0) killed.push(victim);
    for (const pid of chosen) end(pid);
  }
  async function send(): Promise<void> {
    const count = random.between(20, 300);
    steps.push(`send ${count}`);
    sent += count;
    await link.send(count);
  }

  /** One thing that happens; what is killed or cut most has the most lines. */
  async function step(): Promise<void> {
    const chance = random.next();
    if (chance < 0.3) return kill(random.pick([...(Object.keys(victims) as [Victim]), "all at once"]));
    if (chance < 0.55) return send();
    if (chance < 0.65) {
      const ms = random.between(0, 1_000);
      steps.push(`wait ${ms} ms`);
      await sleep(ms);
      return;
    }
    if (chance < 0.85) {
      steps.push("start");
      await ask(whole, ...starting);
      return;
    }
    steps.push("fetch");
    await fetchAll({ last: false });
  }

  async function until(what: string, is: () => Promise<boolean> | boolean): Promise<void> {
    const late = performance.now() + PATIENCE_MS;
    while (!(await is())) {
      if (performance.now() > late) throw new Error(`${what}, after ${PATIENCE_MS / 1_000} s`);
      await sleep(200);
    }
  }

  async function play(): Promise<number> {
    await ask(whole, ...starting);
    // Mostly it records already, sometimes it only begins to.
    if (random.next() < 0.8)
      await until("it records nothing", async () => (await recorded())?.listeningMs !== undefined);
    for (let left = random.between(STEPS.least, STEPS.most); left > 0; left--) await step();
    await Promise.all(unheard);

    steps.push("stop");
    await ask(whole, "stop", CHECK);
    await until("tasks still run", async () => (await sync()).tasks.every(({ state }) => state !== "running"));
    const count = await fetchAll({ last: true });
    if (packets > sent) wrong.push(`${packets} packets are in segments, and ${sent} were sent`);
    const folder = join(agent.state, CHECK, CAPTURE);
    const kept = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith("seg-")) : [];
    if (kept.length > 0) wrong.push(`after all was acknowledged there are ${kept}`);

    steps.push("rm");
    await ask(whole, "rm", CHECK);
    await Promise.all(unheard);
    await ask(whole, "rm", CHECK);
    return count;
  }

  const sealed = await play().catch((error: unknown) => {
    wrong.push(error instanceof Error ? error.message : String(error));
    return fetched.size;
  });
  if (wrong.length === 0) {
    const left = () => [
      ...new Set(
        [agent.state, mark, link.device].flatMap((text, n) => processesWith(text, n === 0 ? "environ" : "cmdline")),
      ),
    ];
    await until("", () => left().length === 0).catch(() => wrong.push(`processes are left: ${left().map(commandOf)}`));
    const files = existsSync(agent.state) ? readdirSync(agent.state) : [];
    if (files.length > 0) wrong.push(`files are left: ${files}`);
  }
  return { steps, killed, cut, sealed, wrong };
}

/** Of answers that are one line of JSON; undefined when it was cut. */
const whole = (reply: Buffer): unknown => (reply.toString().endsWith("}\n") ? JSON.parse(reply.toString()) : undefined);

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile.
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return `${pid}`;
  }
}
