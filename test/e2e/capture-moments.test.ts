import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { loadTopology } from "#lab/cluster/topology.ts";
import { channelNamed, playCommand } from "#lab/play.ts";
import { startSession } from "#lab/session.ts";
import { agentOn, inPod } from "#test/lab/cluster/in-pod.ts";

const fields = (file: string, ...names: readonly string[]): readonly (readonly string[])[] =>
  execFileSync("tshark", ["-n", "-r", file, "-T", "fields", ...names.flatMap((name) => ["-e", name])], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  })
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));

test("a long capture with `full` keeps whole packets around a loss and a kernel kill, at all points, and headers of the rest", {
  timeout: 600_000,
}, async () => {
  await using session = await startSession({
    name: `moments-${process.pid}`,
    topology: await loadTopology(undefined),
  });
  const { slack, folder } = session;
  const { cluster } = session.lab;
  const kept = (check: string) => join(folder, "artifacts", "captures", check);
  /** Points of which files are here, by what their folders are called. */
  const points = (check: string, kind: RegExp): readonly string[] =>
    existsSync(kept(check))
      ? readdirSync(kept(check)).filter((name) => kind.test(name) && readdirSync(join(kept(check), name)).length > 0)
      : [];
  let check = "";
  const playing = playCommand(session, "capture web-0 db-0 40m full", {
    timeoutMs: 480_000,
    onTaken: (id) => {
      check = id;
    },
  });
  const waitFor = (seen: () => boolean) =>
    vi.waitFor(() => expect(seen()).toBe(true), { timeout: 200_000, interval: 500 });
  await waitFor(() => points(check, /^record-\d+$/).length === 10);
  await cluster.fault.add({ kind: "device-loss", node: "node-2", device: "cni0", direction: "in", percent: 40 });
  await cluster.fault.add({ kind: "oom", node: "node-2", pod: "web-1", everyS: 60, stallMs: 100 });
  const faultAtMs = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  await cluster.fault.clear();
  // Nobody has asked for the end yet: the worker found out by itself.
  await waitFor(() => points(check, /^record-\d+-ring$/).length === 10);
  await slack.command({
    channel: channelNamed(slack, "network"),
    user: slack.state().me.id,
    text: `/netcheck cancel ${check}`,
  });
  const { report, thread } = await playing;

  expect(report.files?.map(({ holds, payload }) => [holds, payload])).toEqual([
    ["all", false],
    ["moments", true],
  ]);
  const posted = thread.flatMap(({ files }) => files).filter((path) => path.endsWith(".pcapng"));
  const fileOf = (name: string): string => posted.find((path) => path.endsWith(`-${name}.pcapng`)) ?? "";
  const whole = fields(fileOf("moments"), "frame.interface_name", "frame.time_epoch", "frame.len", "frame.cap_len");
  expect(whole.filter(([, , length, captured]) => length !== captured)).toEqual([]);
  expect(new Set(whole.map(([point]) => point))).toEqual(new Set(report.captures.map(({ point }) => point)));
  const seconds = new Set(whole.map(([, time]) => Math.floor(Number(time))));
  const faultS = Math.floor(faultAtMs / 1_000);
  for (let second = faultS - 8; second < faultS + 10; second++) expect(seconds).toContain(second);
  const headers = fields(fileOf("merged"), "frame.len", "frame.cap_len").map((pair) => pair.map(Number));
  expect(Math.max(...headers.map(([, captured = 0]) => captured))).toBeLessThanOrEqual(192);
  expect(Math.max(...headers.map(([length = 0]) => length))).toBeGreaterThan(1_000);

  const [line] = report.charts.filter(({ kind }) => kind === "timeline");
  const kinds = line?.kind === "timeline" ? line.marks.map(({ kind, label }) => `${kind} ${label}`) : [];
  expect(kinds).toContain("kept packets kept");
  expect(kinds.join()).toContain("kernel OOM kill");
  for (const node of ["node-1", "node-2", "node-3"]) {
    const { stdout } = await inPod(cluster, agentOn(cluster, node), [
      "sh",
      "-c",
      "ls -A /var/lib/netcheck; pgrep -x tcpdump",
    ]);
    expect(stdout.replace(/^\..*\n/gm, "")).toBe("");
  }
});
