import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "#lab/session.ts";
import type { Message } from "#lab/slack/protocol.ts";
import { type Report, reportSchema } from "#src/core/report.ts";
import { agentOn } from "#test/lab/cluster/in-pod.ts";
import { countedTraffic, type Sent } from "./counted-traffic.ts";
import { watchMemory } from "./memory-watch.ts";
import { leftSince, type NodeSeen, snapshot, watchNodes } from "./node-watch.ts";
import { type Scheduled, schedule } from "./scheduled.ts";
import { type Stored, watchStore } from "./stored-packets.ts";

export const victims = ["worker", "bot", "Redis", "agent on node-1", "agent on node-2"] as const;
export type Victim = (typeof victims)[number];

export type NightOrder = {
  readonly seconds: number;
  /** Counted packets. */
  readonly perSecond: number;
  /** Whom to kill, and when after the first file was sealed, milliseconds; in the order of time. */
  readonly kills: readonly { readonly atMs: number; readonly victim: Victim }[];
  readonly log: (line: string) => void;
};

/** What a night left, and what is true. */
export type Night = {
  readonly check: string;
  readonly report: Report;
  readonly sent: Sent;
  readonly nodes: NodeSeen;
  readonly stored: Stored;
  /** Most memory of each process, MB. */
  readonly memoryMb: Readonly<Record<string, number>>;
  /** From the end of the window to the report, milliseconds. */
  readonly reportMs: number;
  /** What was in the channel before the digest was due, and then. */
  readonly quiet: readonly Message[];
  readonly told: readonly Message[];
  readonly digest: Message;
  /** What is on the nodes that was not there before. */
  readonly left: readonly string[];
};

/**
 * A scheduled capture from the command to the digest in a lab session of a bot and a worker: `web-0` sends counted packets to
 * `db-0` all the time, and processes are killed.
 */
export async function playNight(session: Session, { seconds, perSecond, kills, log }: NightOrder): Promise<Night> {
  const { cluster } = session.lab;
  const before = await snapshot(cluster);
  using made = await schedule(session, `schedule "0 1 * * *" capture web-0 db-0 ${seconds}s`);
  const pid = (entry: string) => () => session.products.find((product) => product.entry === entry)?.pid();
  const memory = watchMemory({ worker: pid("worker"), bot: pid("bot") });
  await using traffic = await countedTraffic(cluster, { from: "default/web-0", to: "default/db-0", perSecond });
  const { dueMs, check } = await made.run();
  const nodesSeen = watchNodes(cluster);
  const storeSeen = watchStore(session.folder, check, perSecond * (seconds + 600));
  const ended = made.ended(dueMs, (seconds + 600) * 1_000);
  const killing = (async () => {
    await Promise.race([nodesSeen.sealed, ended]);
    const startedAt = performance.now();
    for (const { atMs, victim } of kills) {
      await sleep(Math.max(0, atMs - (performance.now() - startedAt)));
      log(`${Math.round((performance.now() - startedAt) / 1_000)} s: ${victim} is killed`);
      await kill(session, made, victim);
    }
  })();
  await Promise.all([ended, killing]);
  const endedAtMs = Date.now();
  const sent = await traffic.stop();
  const [nodes, stored, memoryMb] = await Promise.all([nodesSeen.stop(), storeSeen.stop(), memory.stop()]);
  const quiet = made.posted();
  await Promise.all(session.products.map((product) => product.ready()));
  const report = reportSchema.parse(
    JSON.parse(readFileSync(join(session.folder, "history", check, "report.json"), "utf8")),
  );
  const digest = await made.digest();
  // Whatever would come a second time has time to come.
  await session.products.find(({ entry }) => entry === "bot")?.crash();
  await Promise.all(session.products.map((product) => product.ready()));
  await sleep(5_000);
  return {
    ...{ check, report, sent, nodes, stored, memoryMb, quiet, digest },
    reportMs: endedAtMs - report.window.endMs,
    told: made.posted(),
    left: await leftSince(cluster, before),
  };
}

async function kill(session: Session, made: Scheduled, victim: Victim): Promise<void> {
  const { cluster } = session.lab;
  switch (victim) {
    case "worker":
    case "bot":
      return session.products.find(({ entry }) => entry === victim)?.crash();
    case "Redis":
      return void process.kill(await made.redisPid(), "SIGKILL");
    default: {
      const agent = agentOn(cluster, victim.replace("agent on ", ""));
      await cluster.fault.add({ kind: "pod-restart", pod: agent });
    }
  }
}
