import { loadTopology } from "#lab/cluster/topology.ts";
import { channelNamed } from "#lab/play.ts";
import { startSession } from "#lab/session.ts";
import { type Bench, quantile } from "./figure.ts";

const COMMANDS = 100;
const SECONDS = 10;

/** How soon netcheck answers when many people type at once: a hundred commands, evenly over ten seconds. */
export const ack: Bench = {
  name: "ack",
  async *run() {
    await using session = await startSession({ name: "bench-ack", topology: await loadTopology(undefined) });
    const { slack } = session;
    const channel = channelNamed(slack, "network");
    const gapMs = (SECONDS * 1000) / COMMANDS;
    const answers = await Promise.all(
      Array.from({ length: COMMANDS }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, index * gapMs));
        return slack.command({ channel, user: slack.state().me.id, text: "/netcheck web-0 db-0 5s" });
      }),
    );
    const failed = answers.filter((answer) => answer.failed !== undefined).length;
    const times = answers.flatMap((answer) => (answer.ackMs === undefined ? [] : [answer.ackMs]));
    const figure = (metric: string, value: number, unit: string) => ({ bench: "ack", metric, value, unit });
    yield figure("acknowledged", times.length, "commands");
    yield figure("failed", failed, "commands");
    yield figure("p50", quantile(times, 0.5), "ms");
    yield figure("p99", quantile(times, 0.99), "ms");
    yield figure("max", quantile(times, 1), "ms");
  },
};
