import { say } from "#src/core/sentence.ts";
import { drawClusters } from "#src/report/clusters.ts";
import { badCommand } from "./grammar/bad-command.ts";
import { noSuchCluster } from "./grammar/cluster.ts";
import { defineCommand } from "./grammar/command.ts";

/** Gives up the channel's own choice. */
const RESET = "reset";

export const cluster = defineCommand({
  name: "cluster",
  also: ["clusters"],
  usage: `[name|${RESET}]`,
  about: say(
    "Sets the cluster that is meant in this channel when a command names none; without a word: lists the clusters.",
  ),
  more: [
    say("{word} goes back to the cluster that is usual everywhere. A schedule stays in the cluster it was made for.", {
      word: RESET,
    }),
    say("One check in another cluster: {example}", { example: "web-0@edge-1 db-0 10m" }),
    say("Examples: {examples}", { examples: `cluster · cluster edge-1 · cluster ${RESET}` }),
  ],
  parse(words) {
    const [at, extra] = words.all;
    if (extra !== undefined) throw badCommand(say("One cluster at a time."), { words, at: extra });
    return at;
  },
  async run(at, { checks, slack, cluster: usual, command, wording }, words) {
    const seen = await checks.clusters();
    if (at !== undefined) {
      const names = [...new Set([...seen.map(({ name }) => name), usual])];
      if (at.text !== RESET && !names.includes(at.text)) throw noSuchCluster({ cluster: at.text, words, at }, names);
      await checks.setChannelCluster(slack.channel, at.text === RESET ? undefined : at.text);
    }
    const own = await checks.channelCluster(slack.channel);
    return { message: drawClusters({ seen, own, usual, command, changed: at !== undefined, wording }) };
  },
});
