import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadTopology } from "#lab/cluster/topology.ts";
import { channelNamed } from "#lab/play.ts";
import { startSession } from "#lab/session.ts";
import { reportSchema } from "#src/core/report.ts";
import { judgeNight } from "#test/support/night/judgement.ts";
import { playNight } from "#test/support/night/night.ts";
import { keyOf, schedule } from "#test/support/night/scheduled.ts";

const CAPTURE_MB = 10;

test.concurrent("a scheduled capture is told in the digest: a neighbour is OOM-killed, and its kills stand beside the stalls", {
  timeout: 480_000,
}, async () => {
  await using session = await startSession({
    name: `night-s2-${process.pid}`,
    topology: await loadTopology(undefined),
    entries: ["bot", "worker"],
  });
  const { slack, lab, folder } = session;
  using long = await schedule(session, 'schedule "0 1 * * *" tz=europe/berlin capture web-0 db-0 6h');
  using made = await schedule(session, 'schedule "0 2 * * *" capture web-0 db-0 50s');
  const reportOf = (check: string) =>
    reportSchema.parse(JSON.parse(readFileSync(join(folder, "history", check, "report.json"), "utf8")));

  const clean = await made.run();
  await made.ended(clean.dueMs, 200_000);
  const bad = await made.run();
  // Rare enough that stalls and kills cannot fall together by chance: each makes two seconds bad, and a kill belongs to three more.
  await using _fault = await lab.cluster.fault.schedule([
    { kind: "oom", node: "node-2", pod: "web-1", everyS: 12, stallMs: 900 },
  ]);
  await made.ended(bad.dueMs, 200_000);
  expect(reportOf(clean.check)).toMatchObject({ status: "healthy", causes: [] });
  const report = reportOf(bad.check);
  expect(report.causes.map(({ cause, where }) => [cause, where])).toEqual([
    ["oom-stall", { kind: "node", name: "node-2" }],
  ]);
  expect(report.captures).toHaveLength(10);
  const timeline = report.charts.find((chart) => chart.kind === "timeline");
  expect(timeline?.marks.filter(({ kind }) => kind === "kernel").length).toBeGreaterThanOrEqual(3);
  expect(made.posted()).toEqual([]);

  const digest = await made.digest();
  expect(digest.text).toContain("1 of 2 runs need a look");
  await slack.waitFor((message) => keyOf(message) === `${bad.check}:audit`, { timeoutMs: 90_000 });
  const thread = slack.thread(channelNamed(slack, "network"), digest.ts);
  const pictures = thread.flatMap(({ files }) => files ?? []).map(({ name }) => name);
  expect(pictures).toContain(`${bad.check}-timeline.png`);
  expect(thread.map(keyOf)).toContain(`${bad.check}:captured`);
  const compared = await made.say(`compare ${bad.check} last-good`);
  expect(compared).toContain("It got worse.");
  expect(compared).toContain(clean.check);
  const listed = await made.say("schedules");
  expect(listed).toContain(made.id);
  expect(listed).toContain(long.id);
});

test.concurrent("a scheduled capture keeps what was sealed and tells what is missing, whoever is killed", {
  timeout: 480_000,
}, async () => {
  await using session = await startSession({
    name: `night-kills-${process.pid}`,
    topology: await loadTopology(undefined),
    entries: ["bot", "worker"],
    env: { NETCHECK_CAPTURE_MB: String(CAPTURE_MB) },
  });
  const night = await playNight(session, {
    seconds: 75,
    perSecond: 600,
    kills: [
      { atMs: 0, victim: "agent on node-2" },
      { atMs: 6_000, victim: "bot" },
      { atMs: 14_000, victim: "worker" },
      { atMs: 34_000, victim: "Redis" },
    ],
    log: () => {},
  });
  expect(judgeNight(night, { captureMb: CAPTURE_MB }).filter(({ met }) => met === false)).toEqual([]);
  expect(night.report.captures).toHaveLength(10);
  expect(night.report.gaps.map(({ reason }) => reason)).toContainEqual(
    expect.stringContaining("its recorder died with the agent of its node; started again at"),
  );
});
