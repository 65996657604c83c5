import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Topology } from "./cluster/topology.ts";
import { type OwnedLab, ownLab } from "./owner.ts";
import { type Entry, type Product, startProduct } from "./product.ts";
import { type LabSlack, startSlack } from "./slack/server.ts";
import { dataFolder } from "./state-folder.ts";

export type SessionOptions = {
  readonly name: string;
  readonly topology: Topology;
  /** Port of the lab Slack and its page; 0 takes a free one. */
  readonly slackPort?: number;
  /** Which netcheck processes run; one with everything in it unless told otherwise. */
  readonly entries?: readonly Entry[];
  /** Files of entries that are not the product's own. */
  readonly programs?: Partial<Record<Entry, string>>;
  /** More environment variables for netcheck. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onDown?: () => void;
};

/** A lab cluster, a lab Slack, and netcheck itself between them: all that a person needs to type a command. */
export type Session = AsyncDisposable & {
  readonly lab: OwnedLab;
  readonly slack: LabSlack;
  readonly products: readonly Product[];
  /** netcheck's own data directory in this session. */
  readonly folder: string;
};

const pageFolder = new URL("slack/page/dist", import.meta.url).pathname;

/**
 * Starts everything and resolves when netcheck is connected to Slack and knows the cluster's names.
 * The product gets what an operator would give it: tokens, a kubeconfig, a data directory.
 */
export async function startSession(options: SessionOptions): Promise<Session> {
  const { name, topology, slackPort = 0, entries = ["all"], programs = {}, onDown = () => {} } = options;
  const folder = join(dataFolder(), "sessions", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await using stack = new AsyncDisposableStack();
  const slack = stack.use(await startSlack({ port: slackPort, pageDir: pageFolder }));
  const lab = stack.use(await ownLab(topology, { name, onDown, page: slack.url }));
  const env = { ...productEnv(slack, lab, folder), ...options.env };
  const products = entries.map((entry) => stack.use(startProduct({ entry, program: programs[entry], folder, env })));
  await Promise.all(products.map((product) => product.ready()));
  const owned = stack.move();
  return { lab, slack, products, folder, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The documented environment variables with which netcheck finds this session's Slack and cluster. */
export function productEnv(slack: LabSlack, lab: OwnedLab, folder: string): Record<string, string> {
  return {
    NETCHECK_SLACK_BOT_TOKEN: slack.botToken,
    NETCHECK_SLACK_APP_TOKEN: slack.appToken,
    NETCHECK_SLACK_API_URL: slack.apiUrl,
    NETCHECK_DATA_DIR: folder,
    NETCHECK_CLUSTER: "lab",
    NETCHECK_LOG_LEVEL: "info",
    KUBECONFIG: lab.running.workerKubeconfig,
  };
}
