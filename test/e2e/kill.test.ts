import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { loadTopology } from "#lab/cluster/topology.ts";
import { channelNamed, playCommand } from "#lab/play.ts";
import type { Product } from "#lab/product.ts";
import { type Session, startSession } from "#lab/session.ts";
import type { LatencyChart } from "#src/core/report.ts";
import { agentOn, inPod } from "#test/lab/cluster/in-pod.ts";

/** `NETCHECK_KILLS=10 NETCHECK_KILL_SECONDS=60` plays the full measure; the suite plays a short one. */
const kills = Number(process.env["NETCHECK_KILLS"] ?? 4);
const seconds = Number(process.env["NETCHECK_KILL_SECONDS"] ?? 25);

/** Random moments of the check, Unix milliseconds from its start, in order. */
const moments = (): number[] =>
  Array.from({ length: kills }, () => Math.random() * seconds * 1000).toSorted((a, b) => a - b);

async function killDuring(kill: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  for (const moment of moments()) {
    const waitMs = moment - (performance.now() - startedAt);
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    await kill();
  }
}

async function killRedis({ folder }: Session): Promise<void> {
  const client = new Redis({ path: join(folder, "redis", "redis.sock"), maxRetriesPerRequest: null });
  client.on("error", () => {}); // it is about to be killed
  const pid = /process_id:(\d+)/.exec(await client.info("server"))?.[1];
  client.disconnect();
  process.kill(Number(pid), "SIGKILL");
}

/** The longest time within the window in which the asked path was not probed. */
function longestHoleMs({ sent, bucketMs }: LatencyChart): number {
  let longest = 0;
  let run = 0;
  for (const count of sent) {
    run = count === 0 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest * bucketMs;
}

const victim = (session: Session, entry: Product["entry"]): Product => {
  const found = session.products.find((product) => product.entry === entry);
  if (found === undefined) throw new Error(`no ${entry} runs`);
  return found;
};

test.concurrent.each<{ what: string; kill: (session: Session) => Promise<void> }>([
  { what: "the worker", kill: (session) => victim(session, "worker").crash() },
  { what: "the bot", kill: (session) => victim(session, "bot").crash() },
  {
    what: "Redis",
    kill: killRedis,
  },
])(
  "a check ends complete and is told once although $what is killed again and again",
  { timeout: (seconds + 150) * 1000 },
  async ({ what, kill }) => {
    await using session = await startSession({
      name: `kill-${process.pid}-${what.replaceAll(/\W/g, "").toLowerCase()}`,
      topology: await loadTopology(undefined),
      entries: ["bot", "worker"],
    });
    // A bot that is killed before it has acknowledged the command never had a check to lose: Slack tells the user.
    const taken = Promise.withResolvers<string>();
    const playing = playCommand(session, `web-0 db-0 ${seconds}s`, {
      timeoutMs: (seconds + 60) * 1000,
      onTaken: taken.resolve,
    });
    const killing = Promise.race([taken.promise, playing]).then(() => killDuring(() => kill(session)));
    const [played] = await Promise.all([playing, killing]);

    expect(played.report.status).toBe("healthy");
    expect(played.report.gaps).toEqual([]);
    expect(played.report.coverage.share).toBeGreaterThan(0.95);

    // Exactly one of each message: the keys under which the outbox posts are unique in the channel.
    const said = session.slack.state().messages[channelNamed(session.slack, "network")] ?? [];
    const keys = said.flatMap((message) => message.metadata?.event_payload["key"] ?? []);
    expect(keys.length).toBe(new Set(keys).size);

    // The nodes ran on by themselves: no hole in what was measured.
    const chart = played.report.charts.find((one) => one.kind === "latency");
    if (chart === undefined) throw new Error("the report has no chart");
    expect(longestHoleMs(chart)).toBeLessThan(3_000);

    // The check is over: nothing of it runs or lies on any node.
    const { cluster } = session.lab;
    for (const node of cluster.nodes.keys())
      expect((await inPod(cluster, agentOn(cluster, node), ["ls", "-A", "/var/lib/netcheck"])).stdout).toBe("");
  },
);
