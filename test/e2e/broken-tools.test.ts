import { expect, test } from "vitest";
import { loadTopology } from "#lab/cluster/topology.ts";
import { playCommand } from "#lab/play.ts";
import { startSession } from "#lab/session.ts";
import { agentOn, inPod } from "#test/lab/cluster/in-pod.ts";

const says = (text: string): string => `#!/bin/sh\n${text}\n`;

/** What stands where a node's tool should be; undefined = nothing does. */
const broken: Readonly<Record<string, string | undefined>> = {
  nft: says("exec sleep 600"),
  conntrack: undefined,
  "iptables-save": says("echo 'iptables-save: \\033[31mTabelle\\033[0m  Zustand   ]]]'"),
  bridge: says('printf \'[{"mac":"02:00:\''),
  ethtool: says("exit 1"),
};

test("tools that are missing, hang or print nonsense on one node end in gaps, not in causes", {
  timeout: 180_000,
}, async () => {
  await using session = await startSession({
    name: `broken-tools-${process.pid}`,
    topology: await loadTopology(undefined),
  });
  const { cluster } = session.lab;
  const agent = agentOn(cluster, "node-2");
  for (const [tool, script] of Object.entries(broken)) {
    const made = await inPod(cluster, agent, [
      "sh",
      "-c",
      'at=$(command -v "$1") && rm "$at" && [ -z "$2" ] || { printf %s "$2" >"$at" && chmod 755 "$at"; }',
      "sh",
      tool,
      script ?? "",
    ]);
    expect(made).toMatchObject({ code: 0 });
  }
  const { report } = await playCommand(session, "web-0 db-0 12s", { timeoutMs: 90_000 });
  expect(report.causes).toEqual([]);
  expect(report.status).toBe("healthy");
  const gaps = report.gaps.map(({ subject, reason }) => `${subject}: ${reason}`).join("\n");
  expect(gaps).toContain("node/node-2: nft: no answer in time on node-2");
  expect(gaps).toMatch(/node\/node-2: conntrack\b.*: not installed on node-2/);
  expect(gaps).toMatch(/node\/node-2: .*\biptables-save\b.*: what it prints on node-2 makes no sense/);
  expect(gaps).toMatch(/node\/node-2: .*\bbridge\b.*: what it prints on node-2 makes no sense/);
  expect(gaps).not.toMatch(/node\/node-[13]/);
});
