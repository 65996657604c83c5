import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startSlack } from "#lab/slack/server.ts";

let dataDir: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "netcheck-entry-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  await vi.waitFor(async () => expect(await processesIn(dataDir)).toEqual([]), { timeout: 20_000 });
  await rm(dataDir, { recursive: true, force: true });
});

async function processesIn(folder: string): Promise<string[]> {
  const cwds = await Promise.all(
    (await readdir("/proc"))
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")),
  );
  return cwds.filter((cwd) => cwd.startsWith(folder));
}

/** Starts an entry point as an operator would, with these variables and no others. */
function entry(name: "all" | "bot" | "worker", env: Readonly<Record<string, string>>) {
  const script = fileURLToPath(new URL(`../../workers/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env["PATH"], NETCHECK_DATA_DIR: dataDir, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output.stderr += chunk;
  });
  const says = (text: string | RegExp) => vi.waitFor(() => expect(output.stderr).toMatch(text), { timeout: 20_000 });
  const ended = once(child, "close").then(([code]) => code);
  return { child, output, says, ended };
}

async function kubeconfigTo(url: string): Promise<string> {
  const path = join(dataDir, "kubeconfig");
  const parts = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: url } }],
    users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  await writeFile(path, JSON.stringify(parts));
  return path;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const ask = async (port: number, path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.text()];
};

test("a wrong configuration is one message with all faults, exit code 2, and nothing on stdout", async () => {
  const { ended, output } = entry("all", { NETCHECK_SLACK_BOT_TOKEN: "xoxp-1", NETCHECK_HTTP_PORT: "x" });
  expect(await ended).toBe(2);
  expect(output.stdout).toBe("");
  expect(output.stderr).toBe(
    [
      "2 variables need attention:",
      '  NETCHECK_SLACK_BOT_TOKEN is not right: it must be the bot token of the Slack app; it begins with "xoxb-".',
      '  NETCHECK_SLACK_APP_TOKEN is missing: it must be the app-level token for Socket Mode; it begins with "xapp-".',
      "See docs/configuration.md.",
      "",
    ].join("\n"),
  );
});

test("a kubeconfig that cannot be read is a wrong configuration", async () => {
  const { ended, output } = entry("worker", { KUBECONFIG: join(dataDir, "none") });
  expect(await ended).toBe(2);
  expect(output.stderr).toContain(`The kubeconfig ${join(dataDir, "none")} cannot be read`);
});

test("a port for metrics that another program has is a wrong configuration", async () => {
  const other = createServer().listen(0);
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const env = { KUBECONFIG: await kubeconfigTo("https://127.0.0.1:1"), NETCHECK_METRICS_PORT: `${port}` };
  const { ended, output } = entry("worker", env);
  expect(await ended).toBe(2);
  expect(output.stderr).toBe(
    `NETCHECK_METRICS_PORT is ${port}: another program listens there.\n` +
      "Choose another port, or leave the variable empty to serve no metrics.\n",
  );
  other.close();
});

test("a worker whose Kubernetes API is away says so and goes on", async () => {
  const port = await freePort();
  const env = { KUBECONFIG: await kubeconfigTo("https://127.0.0.1:1"), NETCHECK_METRICS_PORT: `${port}` };
  const { child, says, output, ended } = entry("worker", env);
  await says("the Kubernetes API does not answer; trying again");
  expect(output.stderr).not.toContain('"msg":"ready"');
  expect(await ask(port, "/livez")).toEqual([200, "ok\n"]);
  const away = /^\[\+\]redis ok\n\[-\]cluster: The API server could not list pods/;
  await vi.waitFor(async () => expect(await ask(port, "/readyz")).toEqual([503, expect.stringMatching(away)]), {
    timeout: 20_000,
  });
  const [, metrics] = await ask(port, "/metrics");
  expect(metrics).toMatch(/^netcheck_redis_up 1$/m);
  expect(metrics).toMatch(/^netcheck_queue_jobs\{queue="measure.default",state="waiting"\} 0$/m);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});

test("a bot waits for a Slack that is away, is ready when it comes, and stops when it is asked to", async () => {
  const slack = await startSlack();
  const port = await freePort();
  const env = {
    NETCHECK_METRICS_PORT: `${port}`,
    NETCHECK_SLACK_BOT_TOKEN: slack.botToken,
    NETCHECK_SLACK_APP_TOKEN: slack.appToken,
    NETCHECK_SLACK_API_URL: slack.apiUrl,
  };
  await slack.goOffline();
  const { child, says, output, ended } = entry("bot", env);
  await says("slack");
  expect(output.stderr).not.toContain('"msg":"ready"');
  const away = [503, "[+]redis ok\n[-]slack: events do not come in\n"];
  await vi.waitFor(async () => expect(await ask(port, "/readyz")).toEqual(away), { timeout: 20_000 });
  await slack.goOnline();
  await says('"msg":"ready"');
  const there = [200, "[+]redis ok\n[+]slack ok\n"];
  expect(await ask(port, "/readyz")).toEqual(there);
  await slack.goOffline();
  await vi.waitFor(async () => expect(await ask(port, "/readyz")).toEqual(away), { timeout: 20_000 });
  await slack.goOnline();
  await vi.waitFor(async () => expect(await ask(port, "/readyz")).toEqual(there), { timeout: 40_000 });
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect(output.stdout).toBe("");
  await slack.stop();
});
