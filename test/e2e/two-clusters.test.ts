import { expect, test } from "vitest";
import { disjoint, linkClusters } from "#lab/cluster/link.ts";
import { loadTopology } from "#lab/cluster/topology.ts";
import { type OwnedLab, ownLab } from "#lab/owner.ts";
import { channelNamed, playCommand } from "#lab/play.ts";
import { startProduct } from "#lab/product.ts";
import { productEnv, startSession } from "#lab/session.ts";
import type { Report } from "#src/core/report.ts";
import { readStored, reportOf } from "#src/store/stored-check.ts";

const SECONDS = 15;

/** A second cluster of other nodes, with a worker that shares the first one's Redis and Slack. */
async function secondCluster(first: OwnedLab, name: string): Promise<OwnedLab> {
  for (;;) {
    const lab = await ownLab(await loadTopology(undefined), { name, onDown: () => {} });
    if (disjoint(first.cluster, lab.cluster)) return lab;
    await lab[Symbol.asyncDispose]();
  }
}

const named = ({ causes }: Report): readonly string[] =>
  causes.map(({ cause, where, explains }) =>
    [`${cause} at ${where.name}${where.peer ? `>${where.peer}` : ""}`, ...explains.map((one) => `  ${one.cause}`)].join(
      "",
    ),
  );

test("a check between two clusters is measured from both ends and told as one", { timeout: 300_000 }, async () => {
  const name = `across-${process.pid}`;
  await using session = await startSession({
    ...{ name, topology: await loadTopology(undefined), entries: ["bot", "worker"] },
    env: { NETCHECK_CLUSTER: "east" },
  });
  await using far = await secondCluster(session.lab, `${name}-west`);
  const env = { ...productEnv(session.slack, far, session.folder), NETCHECK_CLUSTER: "west" };
  await using worker = startProduct({ entry: "worker", folder: `${session.folder}/west`, env });
  await worker.ready();
  await using link = await linkClusters(session.lab.cluster, far.cluster);
  const play = async (words: string) => {
    const { report, check, thread } = await playCommand(session, words, { timeoutMs: (SECONDS + 90) * 1_000 });
    const { report: then, ...seen } = await readStored(`${session.folder}/history/${check}/check.json.gz`);
    expect(JSON.parse(JSON.stringify(reportOf(seen)))).toEqual(then);
    return { report, check, thread };
  };

  const { report: healthy, thread } = await play(`web-0@east db-0:5432@west ${SECONDS}s`);
  expect(healthy).toMatchObject({ status: "healthy", from: "default/web-0@east", to: "default/db-0:5432@west" });
  expect(healthy.causes).toEqual([]);
  const ends = healthy.measurements
    .filter(({ part }) => part === "end-to-end")
    .map(({ from, to }) => `${from} > ${to}`);
  expect(ends).toContain("default/web-0@east > default/db-0:5432@west");
  expect(ends).toContain("default/db-0@west > default/web-0@east");
  expect(thread[0]?.text).toContain("web-0@east");
  const said = session.slack.state().messages[channelNamed(session.slack, "network")] ?? [];
  const keys = said.flatMap((message) => message.metadata?.event_payload["key"] ?? []);
  expect(keys.length).toBe(new Set(keys).size);

  // In one of them: its own place, and what the other end sees of it stands beneath.
  const { id } = await far.cluster.fault.add({ kind: "delay", node: "node-2", every: 4, delayMs: 200 });
  const { report: late } = await play(`web-0@east db-0:5432@west ${SECONDS}s`);
  expect(named(late)[0]).toMatch(/^nic-periodic-delay at node-2@west/);
  await far.cluster.fault.remove(id);

  // Between them: nobody's node.
  await link.lose(10);
  const { report: lossy } = await play(`capture web-0@east db-0:5432@west ${SECONDS}s`);
  expect(named(lossy)[0]).toMatch(/^path-loss at default\/web-0@east>default\/db-0:5432@west/);
  expect(lossy.causes.map(({ where }) => where.name).filter((place) => place.startsWith("node-"))).toEqual([]);
  expect(lossy.captures.map(({ node }) => node)).toEqual(expect.arrayContaining(["node-1@east", "node-2@west"]));

  // What nobody asked for does not work: no fault, and nothing is said of one while it runs.
  await link.answerOnly();
  const { report: masked, check, thread: quiet } = await play(`web-0@east db-0:5432@west ${SECONDS}s`);
  expect([masked.status, named(masked)]).toEqual(["healthy", []]);
  expect(masked.notes?.at(-1)).toContain("Nothing of west reaches the address of default/web-0@east by itself");
  expect(quiet.map(({ text }) => text).join()).not.toContain("lost:");
  const keyed = session.slack.state().messages[channelNamed(session.slack, "network")] ?? [];
  expect(keyed.map(({ metadata }) => metadata?.event_payload["key"])).not.toContain(`${check}:finding`);
});
