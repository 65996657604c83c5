import { describe, expect, test } from "vitest";
import { pointerOf } from "#src/commands/grammar/bad-command.ts";
import type { Asked, ClusterSeen } from "#src/commands/grammar/command.ts";
import { answerLine } from "#src/commands/index.ts";
import { limits } from "#src/core/check.ts";
import { fullText, NetcheckError } from "#src/core/errors.ts";
import type { Inventory } from "#src/core/inventory.ts";
import { inWords } from "#src/core/sentence.ts";
import { wordings } from "#src/report/words.ts";
import { memoryChecks } from "#test/support/memory-checks.ts";
import { memoryPast, memorySchedules } from "#test/support/memory-schedules.ts";
import { smallInventory } from "#test/support/small-inventory.ts";

const prod: ClusterSeen = { name: "prod", workers: 2 };
const edge: ClusterSeen = { name: "edge-1", workers: 1 };
const idle: ClusterSeen = { name: "lab", workers: 0 };

/** A cluster whose pods have addresses of their own, but for one that `prod` uses too. */
const edgeInventory: Inventory = {
  ...{ cluster: "edge-1", atMs: 0, deployments: [], nodes: [{ name: "edge-a", ip: "192.168.9.1" }] },
  pods: [
    { namespace: "shop", name: "web-0", phase: "Running", ip: "10.9.0.2", node: "edge-a" },
    { namespace: "shop", name: "cache-0", phase: "Running", ip: "10.244.1.4", node: "edge-a" },
  ],
  services: [{ namespace: "shop", name: "api", ip: "10.96.0.99", ports: [80] }],
};

function desk(seen: readonly ClusterSeen[] = [prod, edge, idle], language: "en" | "zh" = "en") {
  const inventories: Readonly<Record<string, Inventory>> = { prod: smallInventory, "edge-1": edgeInventory };
  const checks = memoryChecks({
    clusters: async () => seen,
    readInventory: async (cluster) => inventories[cluster],
  });
  const schedules = memorySchedules();
  let ids = 0;
  const asked = (channel: string): Asked => ({
    ...{ checks, schedules, past: memoryPast() },
    slack: { team: "T0HOME", channel, user: "U0ALICE" },
    once: `trigger-${ids}`,
    newId: () => `nc-test${++ids}`,
    nowMs: 0,
    cluster: "prod",
    usualCluster: async () => (await checks.channelCluster(channel)) ?? "prod",
    maxDurationMs: limits.maxDurationMs,
    command: "/netcheck",
    language,
    wording: wordings[language],
  });
  const say = async (line: string, channel = "C0OPS") => (await answerLine(line, asked(channel))).message.text;
  async function refusal(line: string) {
    const error = await say(line).catch((caught: unknown) => caught);
    expect(checks.all.size + schedules.all.size).toBe(0);
    if (error instanceof NetcheckError) return { text: inWords(fullText(error), language), ...pointerOf(error) };
    throw new Error(`accepted: ${line}`);
  }
  const ran = () => [...checks.all.values()].map(({ request }) => request.cluster);
  return { checks, schedules, say, refusal, ran };
}

describe("/netcheck cluster", () => {
  test("says what the channel means, which clusters are served and which are not", async () => {
    expect(await desk().say("cluster")).toBe(
      "Commands of this channel mean the cluster prod, which is usual everywhere.\n" +
        "Served now: prod (2 workers), edge-1 (1 worker).\nWithout a worker now: lab.",
    );
    expect(await desk([]).say("clusters")).toBe(
      "Commands of this channel mean the cluster prod, which is usual everywhere.\n" +
        "No cluster is served now: no worker runs.\nWithout a worker now: prod.",
    );
    expect(await desk([edge, prod], "zh").say("cluster")).toBe(
      "本频道的命令默认指各处通用的集群 prod。\n目前有 worker 的集群：edge-1（1 个 worker）、prod（2 个 worker）。",
    );
  });

  test("sets what the commands of one channel mean, until it is taken back", async () => {
    const { say, ran } = desk();
    expect(await say("cluster edge-1")).toContain("mean the cluster edge-1 from now on.");
    expect(await say("cluster")).toContain("mean the cluster edge-1, its own choice.");
    expect(await say("web-0 cache-0")).toContain("edge-1");
    expect(await say("web-0 db-0", "C0OTHER")).toContain("prod");
    expect(await say("web-0@prod db-0")).toContain("prod");
    expect(await say("web-0 cluster=prod db-0")).toContain("prod");
    expect(await say("cluster reset")).toContain("mean the cluster prod from now on, which is usual everywhere.");
    expect(await say("web-0 db-0:5432")).toContain("prod");
    expect(ran()).toEqual(["edge-1", "prod", "prod", "prod", "prod"]);
  });

  test("names are compared with those of the channel's cluster", async () => {
    const { say, refusal } = desk();
    await say("cluster edge-1");
    expect(await refusal("web-0 cach-0")).toMatchObject({
      text: "There is no pod cach-0 in cluster edge-1.",
      nearest: ["web-0 shop/cache-0"],
    });
  });

  test("a schedule stays in the cluster that it was made for", async () => {
    const { say, schedules } = desk();
    await say("cluster edge-1");
    await say('schedule "0 1 * * *" web-0 cache-0');
    await say("cluster reset");
    expect([...schedules.all.values()].map(({ schedule }) => schedule.request.cluster)).toEqual(["edge-1"]);
  });

  test.each([
    ["cluster edge", "There is no cluster edge. Clusters: prod, edge-1, lab.", "cluster prod"],
    ["cluster edge-2", "There is no cluster edge-2. Clusters: prod, edge-1, lab.", "cluster edge-1"],
    ["cluster prod lab", "One cluster at a time.", undefined],
  ])("%s is refused: %s", async (line, text, nearest) => {
    const said = await desk().refusal(line);
    expect([said.text, said.nearest?.[0]]).toEqual([text, nearest]);
  });
});

describe("a cluster without a worker is answered at once", () => {
  const start = (cluster: string) =>
    `Start a worker of ${cluster}, or mend the one there is: netcheck doctor says what ails it.`;
  test.each([
    {
      when: "the line names it",
      line: "web-0@lab db-0",
      text: `No worker serves the cluster lab now. Served now: prod, edge-1. ${start("lab")}`,
      nearest: ["web-0@prod db-0", "web-0@edge-1 db-0"],
    },
    {
      when: "an option names it",
      line: "web-0 db-0 --cluster lab",
      text: `No worker serves the cluster lab now. Served now: prod, edge-1. ${start("lab")}`,
      nearest: ["web-0 db-0 --cluster prod", "web-0 db-0 --cluster edge-1"],
    },
    {
      when: "it is the usual one",
      seen: [{ ...prod, workers: 0 }, edge],
      line: "web-0 db-0",
      text: `No worker serves the cluster prod now. Served now: edge-1. Name one behind @, or make it this channel's own with /netcheck cluster edge-1. ${start("prod")}`,
      nearest: [],
    },
    {
      when: "no cluster has ever had one",
      seen: [],
      line: "capture web-0 db-0",
      text: `No worker serves the cluster prod now. No other cluster is served either. ${start("prod")}`,
      nearest: [],
    },
  ])("$when", async ({ seen, line, text, nearest }) => {
    expect(await desk(seen).refusal(line)).toMatchObject({ text, nearest });
  });

  test("in Chinese too", async () => {
    expect((await desk([prod, idle], "zh").refusal("web-0@lab db-0")).text).toBe(
      "目前没有 worker 为集群 lab 服务。目前有 worker 的集群：prod。请启动 lab 的 worker，或修复现有的 worker：netcheck doctor 会说明它的问题。",
    );
  });

  test("a schedule may wait for one", async () => {
    const { say, schedules } = desk();
    await say('schedule "0 1 * * *" web-0@lab db-0');
    expect(schedules.all.size).toBe(1);
  });

  test("a channel whose cluster is gone is told so", async () => {
    const { checks, refusal } = desk();
    await checks.setChannelCluster("C0OPS", "sold");
    expect((await refusal("web-0 db-0")).text).toBe("There is no cluster sold. Clusters: prod, edge-1, lab.");
  });
});

describe("ends in two clusters", () => {
  test("are measured from both, each among the names of its own", async () => {
    const { say, checks } = desk();
    const text = await say("db-0:5432@prod web-0:80@edge-1 10m");
    expect(text).toContain("shop/db-0:5432@prod → shop/web-0:80@edge-1, 10 min, prod, edge-1");
    expect([...checks.all.values()].map(({ request }) => request)).toMatchObject([
      {
        ...{ cluster: "prod", toCluster: "edge-1", durationMs: 600_000 },
        from: { kind: "pod", namespace: "shop", name: "db-0", port: 5432 },
        to: { kind: "pod", namespace: "shop", name: "web-0", port: 80 },
      },
    ]);
  });

  test.each(["check 5m node/node-1@prod node/edge-a@edge-1", "db-0@prod 10.9.0.2:80@edge-1"])(
    "%s is taken",
    async (line) => {
      const { say, checks } = desk();
      await say(line);
      expect(checks.all.size).toBe(1);
    },
  );

  test("a schedule keeps both", async () => {
    const { say, schedules } = desk();
    await say('schedule "0 1 * * *" db-0@prod web-0@edge-1');
    expect([...schedules.all.values()].map(({ schedule }) => schedule.request.toCluster)).toEqual(["edge-1"]);
  });

  test.each([
    ["db-0@prod web-0@nowhere", "There is no cluster nowhere."],
    ["db-0@lab web-0@prod", "No worker serves the cluster lab now."],
    [
      "db-0@prod svc/api@edge-1",
      "svc/api@edge-1 has no address that another cluster could reach. Name a pod, a node or an address of edge-1.",
    ],
    ["db-0@prod db.example.com@edge-1", "db.example.com@edge-1 has no address that another cluster could reach."],
    ["db-0@prod web-9@edge-1", "There is no pod web-9 in cluster edge-1."],
    [
      "db-0@prod 10.99.0.1@edge-1",
      "netcheck measures from inside the cluster, and the address 10.99.0.1 is no pod or node of edge-1.",
    ],
    [
      "db-0@prod cache-0@edge-1",
      "Both clusters use the address 10.244.1.4, so neither reaches the other by it. Make two checks, to node ports and load balancers.",
    ],
  ])("%s: %s", async (line, text) => {
    expect((await desk().refusal(line)).text).toContain(text);
  });
});
