import { execFile } from "node:child_process";
import { expect, test } from "vitest";
import { loadTopology } from "#lab/cluster/topology.ts";
import { productEnv, startSession } from "#lab/session.ts";
import { agentOn, inPod } from "#test/lab/cluster/in-pod.ts";

/** The command as an operator starts it. */
function doctor(env: Record<string, string>, ...args: string[]) {
  const { PATH = "" } = process.env;
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      ["src/cli.ts", "doctor", ...args],
      { env: { PATH, HOME: "/nonexistent", ...env } },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

test("the lab has nothing to mend; a missing tool is found; bad configuration and usage are 2", {
  timeout: 180_000,
}, async () => {
  await using session = await startSession({ name: `doctor-${process.pid}`, topology: await loadTopology(undefined) });
  const env = productEnv(session.slack, session.lab, session.folder);

  const well = await doctor(env, "--json");
  const { status, findings } = JSON.parse(well.stdout);
  expect(findings.filter((one: { status: string }) => one.status !== "well")).toEqual([]);
  expect([well.code, status, well.stderr]).toEqual([0, "well", ""]);
  const looked = new Set(findings.map((one: { area: string }) => one.area));
  expect([...looked]).toEqual(["configuration", "Slack", "Redis", "Kubernetes API", "agents", "artifacts"]);

  const { cluster } = session.lab;
  expect(await inPod(cluster, agentOn(cluster, "node-2"), ["sh", "-c", 'rm "$(command -v nft)"'])).toMatchObject({
    code: 0,
  });
  const broken = await doctor(env);
  expect(broken.code).toBe(1);
  expect(broken.stdout).toMatch(/MEND {2}tools: nft is missing in the agent on node-2\.\n +→ Run the agent image/);
  expect(broken.stdout).toContain("To mend: 1.");

  const unusable = await doctor({ ...env, NETCHECK_SLACK_APP_TOKEN: "" }, "--json");
  expect([unusable.code, JSON.parse(unusable.stdout).status]).toEqual([2, "unusable"]);
  expect(await doctor(env, "--jsn")).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("Usage:") });
  expect(await doctor(env, "--help")).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("Usage:") });
  for (const { stdout } of [well, broken, unusable])
    for (const secret of [session.slack.botToken, session.slack.appToken]) expect(stdout).not.toContain(secret);
});
