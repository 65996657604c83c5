import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ExecOptions, openExec } from "#src/cluster/exec.ts";
import type { ExecError } from "#src/cluster/exec-error.ts";
import { withTimeLimit } from "#src/cluster/exec-run.ts";
import { type ExecServer, execServer, STATUS, STDERR, STDOUT, statusText } from "#test/support/exec-server.ts";
import { selfSigned } from "#test/support/throwaway-tls.ts";

// The numbers are those of the list of cases in docs/exec.md.
let server: ExecServer;
beforeAll(async () => {
  server = await execServer((exec) => exec.run());
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const agent = { namespace: "netcheck", pod: "agent-1", container: "agent" };

async function run(command: readonly string[], options: Partial<ExecOptions> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const exec = await openExec(
    server.access,
    { ...agent, command },
    {
      timeoutMs: 30_000,
      onStdout: (bytes) => void out.push(Buffer.from(bytes).toString()),
      onStderr: (bytes) => void err.push(Buffer.from(bytes).toString()),
      ...options,
    },
  );
  return { exitCode: await exec.done, stdout: out.join(""), stderr: err.join("") };
}
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail("it succeeded"),
    (error) => error as ExecError,
  );

describe("5: an exec that runs to its end gives the exit code", () => {
  test.each([
    { command: ["true"], exitCode: 0 },
    { command: ["sh", "-c", "exit 42"], exitCode: 42 },
    { command: ["sh", "-c", "kill -9 $$"], exitCode: 137 },
    { command: ["answers"], exitCode: 7 },
  ])("$exitCode of $command", async ({ command, exitCode }) => {
    server.behave((exec) => exec.run());
    expect((await run(command)).exitCode).toBe(exitCode);
  });

  test("and both outputs, apart from each other", async () => {
    server.behave((exec) => exec.run());
    expect(await run(["answers"])).toEqual({ exitCode: 7, stdout: "hello\n", stderr: "careful\n" });
  });
});

test("6: a missing executable is `api`, with the words of the server", async () => {
  server.behave((exec) => exec.run());
  const error = await failure(run(["no-such-program"]));
  expect(error).toMatchObject({ kind: "api", message: expect.stringContaining("executable file not found") });
});

describe("7: a refused upgrade is `http` with its code", () => {
  const status = (code: number, reason: string) =>
    JSON.stringify({ kind: "Status", status: "Failure", reason, message: `said ${reason}`, code });
  test.each([
    { code: 401, body: status(401, "Unauthorized"), message: "said Unauthorized" },
    { code: 403, body: status(403, "Forbidden"), message: "said Forbidden" },
    { code: 404, body: status(404, "NotFound"), message: "said NotFound" },
    { code: 429, body: status(429, "TooManyRequests"), message: "said TooManyRequests" },
    { code: 500, body: status(500, "InternalError"), message: "said InternalError" },
    { code: 502, body: "<html>Bad Gateway</html>", message: "HTTP 502" },
    { code: 503, body: "", message: "HTTP 503" },
    { code: 500, body: "x".repeat(3_000_000), message: "HTTP 500" },
  ])("$code, $message", async ({ code, body, message }) => {
    server.refuse({ code, body });
    const error = await failure(run(["true"]));
    server.refuse(undefined);
    expect(error).toMatchObject({ kind: "http", code, message: expect.stringContaining(message) });
  });
});

describe("8: without a connection it is `connect`", () => {
  const at = (url: string, ca = "") => ({ server: () => url, options: async () => (ca ? { ca } : {}) });
  const attempt = (access: ReturnType<typeof at>, handshakeTimeoutMs = 5_000) =>
    failure(openExec(access, { ...agent, command: ["true"] }, { timeoutMs: 30_000, handshakeTimeoutMs }));

  test("when the port is closed", async () => {
    expect(await attempt(at("https://127.0.0.1:1"))).toMatchObject({ kind: "connect" });
  });
  test("when the name does not exist", async () => {
    expect(await attempt(at("https://no-such-host.invalid"))).toMatchObject({ kind: "connect" });
  });
  test("when the certificate is somebody else's", async () => {
    const error = await attempt(at(`https://127.0.0.1:${server.port}`, selfSigned().cert));
    expect(error).toMatchObject({ kind: "connect", message: expect.stringMatching(/certificate/) });
  });
  test("when the credentials cannot be read", async () => {
    const error = await attempt({
      server: () => "https://127.0.0.1:1",
      options: () => Promise.reject(new Error("ENOENT")),
    });
    expect(error).toMatchObject({ kind: "connect" });
  });
  test("when the server accepts and then says nothing, after the handshake limit", async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const error = await attempt(at(`https://127.0.0.1:${(silent.address() as AddressInfo).port}`), 300);
    silent.close();
    expect(error).toMatchObject({ kind: "connect" });
  });
});

describe("9: a connection that closes without a status is `lost`", () => {
  test.each<{ how: string; end: Parameters<ExecServer["behave"]>[0] }>([
    { how: "FIN", end: ({ raw }) => void raw.end() },
    { how: "RST", end: ({ reset }) => reset() },
    { how: "close 1000", end: ({ ws }) => ws.close(1000) },
    { how: "close 1011", end: ({ ws }) => ws.close(1011) },
    { how: "an abrupt end", end: ({ ws }) => ws.terminate() },
  ])("by $how", async ({ end }) => {
    server.behave(async (exec) => {
      await exec.send(STDOUT, "half");
      await end(exec);
    });
    expect(await failure(run(["true"]))).toMatchObject({ kind: "lost" });
  });
});

test("10: a malformed status is `lost`", async () => {
  server.behave(async ({ send, close }) => {
    await send(STATUS, '{"status":"Succ');
    close();
  });
  expect(await failure(run(["true"]))).toMatchObject({ kind: "lost", message: expect.stringContaining("unreadable") });
});

test("10: a status in two pieces is one status", async () => {
  server.behave(async ({ send, close }) => {
    await send(STATUS, statusText(3).slice(0, 20));
    await send(STATUS, statusText(3).slice(20));
    close();
  });
  expect((await run(["true"])).exitCode).toBe(3);
});

describe("11: the status stands when the connection is reset", () => {
  test.each([0, 50])("%i ms after it", async (delayMs) => {
    server.behave(async ({ send, status, reset }) => {
      await send(STDOUT, "all of it");
      await status(4);
      if (delayMs === 0) reset();
      else setTimeout(reset, delayMs);
    });
    expect(await run(["true"])).toMatchObject({ exitCode: 4, stdout: "all of it" });
  });
});

test("12: it settles soon when the server never closes", async () => {
  const deaf = Promise.withResolvers<{ destroy: () => void }>();
  server.behave(async ({ ws, raw, status }) => {
    await status(0);
    ws.pause(); // the client's close frame is never read
    raw.pause();
    deaf.resolve(raw);
  });
  const began = performance.now();
  expect((await run(["true"])).exitCode).toBe(0);
  // The time limit of the exec is 30 s.
  expect(performance.now() - began).toBeLessThan(15_000);
  (await deaf.promise).destroy();
});

describe("13: what nobody asked for is ignored", () => {
  test.each<{ what: string; frame: Uint8Array | string }>([
    { what: "a zero-length message", frame: new Uint8Array() },
    { what: "a text frame", frame: "hello" },
    { what: "the end of a channel", frame: Uint8Array.of(255, STDOUT) },
    { what: "an unknown channel", frame: Uint8Array.of(9, 65) },
    { what: "the echo of a channel", frame: Uint8Array.of(STDOUT) },
    { what: "an empty status", frame: Uint8Array.of(STATUS) },
  ])("$what", async ({ frame }) => {
    server.behave(async ({ ws, send, status, close }) => {
      ws.send(frame);
      await send(STDOUT, "fine");
      await status(0);
      close();
    });
    expect(await run(["true"])).toEqual({ exitCode: 0, stdout: "fine", stderr: "" });
  });

  test("error output without a consumer", async () => {
    server.behave(async ({ send, status, close }) => {
      await send(STDERR, "careful");
      await status(0);
      close();
    });
    const exec = await openExec(server.access, { ...agent, command: ["true"] }, { timeoutMs: 30_000 });
    expect(await exec.done).toBe(0);
  });

  test("a message over the size limit ends the exec as `lost`", async () => {
    server.behave(({ ws }) => ws.send(Buffer.alloc(17 * 1024 * 1024, 1)));
    expect(await failure(run(["true"]))).toMatchObject({ kind: "lost" });
  });
});

describe("19: time limit and cancellation", () => {
  const never = () => undefined;
  test.each([
    { what: "an open exec", accept: true },
    { what: "a handshake", accept: false },
  ])("a time limit ends $what, not before it", async ({ accept }) => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    server.behave(never);
    const access = accept
      ? server.access
      : { ...server.access, server: () => `https://127.0.0.1:${(silent.address() as AddressInfo).port}` };
    const began = performance.now();
    const error = await failure(
      openExec(access, { ...agent, command: ["true"] }, { timeoutMs: 300 }).then((exec) => exec.done),
    );
    silent.close();
    expect(error).toMatchObject({ kind: "timeout" });
    expect(performance.now() - began).toBeGreaterThanOrEqual(299);
  });

  test("an abort ends it at once, before and after it is open", async () => {
    server.behave(never);
    const early = AbortSignal.abort();
    expect(await failure(run(["true"], { signal: early }))).toMatchObject({ kind: "aborted" });
    const late = AbortSignal.timeout(200);
    expect(await failure(run(["true"], { signal: late }))).toMatchObject({ kind: "aborted" });
  });

  test("credentials that never come are bounded too", async () => {
    const access = { ...server.access, options: () => new Promise<never>(() => undefined) };
    const error = await failure(openExec(access, { ...agent, command: ["true"] }, { timeoutMs: 100 }));
    expect(error).toMatchObject({ kind: "timeout" });
  });

  test("afterwards no socket, timer or listener is left", async () => {
    const { signal } = new AbortController();
    const active = () => process.getActiveResourcesInfo().filter((name) => /TLS|TCP|Timeout/.test(name)).length;
    server.behave((exec) => exec.run());
    await run(["true"]);
    await expect.poll(() => server.sockets.size).toBe(0);
    const before = active();
    for (let round = 0; round < 20; round++) await run(["true"], { signal });
    await expect.poll(() => server.sockets.size).toBe(0);
    // The poll itself holds timers; 20 rounds would leave 20 of anything.
    await expect.poll(active).toBeLessThan(before + 5);
  });
});

test("withTimeLimit rounds up to whole seconds", () => {
  expect(withTimeLimit(["ping"], 1_200)).toEqual(["timeout", "-k", "5", "2", "ping"]);
});
