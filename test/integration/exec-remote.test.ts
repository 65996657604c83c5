import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openExec } from "#src/cluster/exec.ts";
import { ExecError, type ExecFailure, mayRetry } from "#src/cluster/exec-error.ts";
import { retryExec, runExec, withStdinLease } from "#src/cluster/exec-run.ts";
import { type ExecServer, execServer } from "#test/support/exec-server.ts";
import { selfSigned } from "#test/support/throwaway-tls.ts";

// The numbers are those of the list of cases in docs/exec.md.
let server: ExecServer;
beforeAll(async () => {
  server = await execServer((exec) => exec.run(), { path: "/k8s/clusters/c-1" });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const agent = { namespace: "netcheck", pod: "agent-1", container: "agent" };
const limits = { timeoutMs: 30_000, maxBytes: 100_000 };
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail("it succeeded"),
    (error) => error as ExecError,
  );
const lastUrl = () => new URL(server.requests.at(-1)?.url ?? "", "https://server");

describe("1: names are checked before anything is sent", () => {
  test.each([
    { pod: "agent-1/exec?command=echo&command=INJECTED&x=" },
    { pod: "../../secrets" },
    { pod: "" },
    { pod: "Agent" },
    { namespace: "a/b" },
    { namespace: "netcheck?x" },
    { container: "agent&command=id" },
    { container: "ü" },
  ])("%o", async (part) => {
    const before = server.requests.length;
    const error = await failure(runExec(server.access, { ...agent, command: ["id"], ...part }, limits));
    expect(error).toMatchObject({ kind: "http", code: 404 });
    expect(server.requests.length).toBe(before);
  });
});

test("2: arguments arrive as they are, none passes a shell, the base path is kept", async () => {
  const words = ["a b", "$(id)", "x&command=y", "ü ✓", "", "-n", "%41+", "'\"\\"];
  const { stdout } = await runExec(server.access, { ...agent, command: ["printf", "<%s>", ...words] }, limits);
  expect(stdout.toString()).toBe(words.map((word) => `<${word}>`).join(""));
  expect(lastUrl().pathname).toBe("/k8s/clusters/c-1/api/v1/namespaces/netcheck/pods/agent-1/exec");
  expect(lastUrl().searchParams.get("tty")).toBe("false");
});

test("3: v5 is preferred, v4 is enough, a server with neither is `connect`", async () => {
  const seen: string[] = [];
  for (const protocols of [
    ["v4.channel.k8s.io", "v5.channel.k8s.io"],
    ["v5.channel.k8s.io", "v4.channel.k8s.io"],
    ["v4.channel.k8s.io"],
  ]) {
    await using other = await execServer(
      (exec) => {
        seen.push(exec.protocol);
        return exec.run();
      },
      { protocols },
    );
    await runExec(other.access, { ...agent, command: ["true"] }, limits);
  }
  expect(seen).toEqual(["v4.channel.k8s.io", "v5.channel.k8s.io", "v4.channel.k8s.io"]);
  await using none = await execServer((exec) => exec.run(), { protocols: ["channel.k8s.io"] });
  expect(await failure(runExec(none.access, { ...agent, command: ["true"] }, limits))).toMatchObject({
    kind: "connect",
  });
});

test("4: credentials are asked for on every exec", async () => {
  await using other = await execServer((exec) => exec.run());
  const { ca } = await other.access.options();
  const certificates = [selfSigned("first"), selfSigned("second")];
  let calls = 0;
  const access = {
    ...other.access,
    options: async () => {
      const pair = certificates[calls++];
      return { ca, ...pair, headers: { Authorization: `Bearer token-${calls}` } } as object;
    },
  };
  for (let n = 0; n < 2; n++) await runExec(access, { ...agent, command: ["true"] }, limits);
  expect(other.requests.map(({ token, client }) => [token, client])).toEqual([
    ["Bearer token-1", "first"],
    ["Bearer token-2", "second"],
  ]);
});

describe("22: the remote side", () => {
  const running = (mark: string) =>
    execFileSync("sh", ["-c", 'grep -la "$0" /proc/[0-9]*/cmdline 2>/dev/null | wc -l; true', mark]).toString().trim();

  test("a command is ended by its own time limit when the connection is cut", async () => {
    const mark = `30.${randomBytes(4).readUInt32BE()}`;
    const work = runExec(server.access, { ...agent, command: ["sleep", mark] }, { timeoutMs: 400, maxBytes: 1_000 });
    expect(await failure(work)).toMatchObject({ kind: "timeout" });
    await expect.poll(() => Number(running(mark))).toBeLessThanOrEqual(2); // sh and grep themselves
  });

  test("a lease on the input ends the command as soon as the connection dies", async () => {
    const mark = `31.${randomBytes(4).readUInt32BE()}`;
    const cancel = new AbortController();
    const command = withStdinLease(["sleep", mark], 60_000);
    const exec = await openExec(
      server.access,
      { ...agent, command },
      { timeoutMs: 30_000, stdin: true, signal: cancel.signal },
    );
    await expect.poll(() => Number(running(mark))).toBeGreaterThan(2);
    cancel.abort();
    await failure(exec.done);
    await expect.poll(() => Number(running(mark))).toBeLessThanOrEqual(2);
  });

  test("a lease on the input keeps the exit code", async () => {
    const command = withStdinLease(["sh", "-c", "exit 7"], 5_000);
    const exec = await openExec(server.access, { ...agent, command }, { timeoutMs: 30_000, stdin: true });
    expect(await exec.done).toBe(7);
  });
});

describe("23: what is tried again", () => {
  test.each<{ kind: ExecFailure; code?: number; once: boolean; idempotent: boolean }>([
    { kind: "connect", once: true, idempotent: true },
    { kind: "http", code: 429, once: true, idempotent: true },
    { kind: "http", code: 503, once: true, idempotent: true },
    { kind: "http", code: 403, once: false, idempotent: false },
    { kind: "http", code: 404, once: false, idempotent: false },
    { kind: "lost", once: false, idempotent: true },
    { kind: "timeout", once: false, idempotent: true },
    { kind: "api", once: false, idempotent: false },
    { kind: "sink", once: false, idempotent: false },
    { kind: "aborted", once: false, idempotent: false },
  ])("$kind $code", ({ kind, code, once, idempotent }) => {
    const error = new ExecError(kind, "x", code === undefined ? {} : { code });
    expect(mayRetry(error, { idempotent: false })).toBe(once);
    expect(mayRetry(error, { idempotent: true })).toBe(idempotent);
  });

  test("waits twice as long each time, and gives up after the last attempt", async () => {
    const at: number[] = [];
    const work = retryExec(
      async () => {
        at.push(performance.now());
        throw new ExecError("connect", "refused");
      },
      { idempotent: false, retries: 3, baseMs: 20 },
    );
    expect(await failure(work)).toMatchObject({ kind: "connect" });
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(gaps).toHaveLength(3);
    for (const [index, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual(20 * 2 ** index - 1);
  });

  test("an abort ends the waiting", async () => {
    const work = retryExec(() => Promise.reject(new ExecError("connect", "refused")), {
      idempotent: true,
      baseMs: 60_000,
      signal: AbortSignal.timeout(50),
    });
    expect(await failure(work)).toMatchObject({ kind: "aborted" });
  });

  test("a bug is not tried again", async () => {
    let attempts = 0;
    const work = retryExec(
      () => {
        attempts++;
        return Promise.reject(new TypeError("bug"));
      },
      { idempotent: true, baseMs: 1 },
    );
    expect(await failure(work)).toBeInstanceOf(TypeError);
    expect(attempts).toBe(1);
  });
});
