import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { type TestApi, testApi } from "#test/support/lab-api.ts";

const V5 = "v5.channel.k8s.io";
const V4 = "v4.channel.k8s.io";
const BOTH = [V5, V4, "channel.k8s.io"];

let kube: TestApi;
beforeAll(async () => {
  kube = await testApi();
});
afterEach(async () => {
  kube.api.faults.clear();
  for (const child of kube.lab.running()) child.kill("SIGKILL");
  await expect.poll(() => kube.lab.running().length).toBe(0);
});
afterAll(() => kube[Symbol.asyncDispose]());

const agent = "/api/v1/namespaces/netcheck/pods/netcheck-agent-node-1/exec";
const pathOf = (argv: readonly string[], { pod = agent, streams = "stdin=true&stdout=true&stderr=true" } = {}) =>
  `${pod}?${argv.map((word) => `command=${encodeURIComponent(word)}`).join("&")}&${streams}`;

type Ended = {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: unknown;
  readonly closeCode: number;
  readonly frames: readonly (Buffer | string)[];
};

/** Collects a stream to its end. */
async function ended(socket: WebSocket): Promise<Ended> {
  const frames: (Buffer | string)[] = [];
  socket.on("message", (data: Buffer, isBinary: boolean) => frames.push(isBinary ? data : data.toString("utf8")));
  socket.on("error", () => {});
  const [closeCode] = (await once(socket, "close")) as [number];
  const channel = (number: number) =>
    Buffer.concat(
      frames
        .filter((frame) => Buffer.isBuffer(frame))
        .filter((frame) => frame[0] === number)
        .map((frame) => frame.subarray(1)),
    ).toString("utf8");
  return { stdout: channel(1), stderr: channel(2), status: parsed(channel(3)), closeCode, frames };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const run = (argv: readonly string[], options?: Parameters<typeof pathOf>[1]): Promise<Ended> =>
  ended(kube.dial(pathOf(argv, options), BOTH));
const SUCCESS = { metadata: {}, status: "Success" };

/** The Status of an upgrade that was refused. */
async function refusal(socket: WebSocket): Promise<unknown> {
  socket.on("error", () => {});
  const [, response] = await once(socket, "unexpected-response");
  const chunks: Buffer[] = await response.toArray();
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

test.each([
  { exit: "exits with 0", argv: ["true"], status: SUCCESS },
  {
    exit: "exits with 7",
    argv: ["sh", "-c", "exit 7"],
    status: { reason: "NonZeroExitCode", details: { causes: [{ reason: "ExitCode", message: "7" }] } },
  },
  { exit: "is killed", argv: ["sh", "-c", "kill -9 $$"], status: { details: { causes: [{ message: "137" }] } } },
  { exit: "does not exist", argv: ["no-such-program"], status: { reason: "InternalError", code: 500 } },
  {
    exit: "could not be started after nsenter had entered the container",
    argv: ["sh", "-c", 'echo "nsenter: failed to execute $0: No such file or directory" >&2; exit 127'],
    status: { reason: "InternalError", code: 500 },
  },
])("the status frame tells that a command $exit", async ({ argv, status }) => {
  expect(await run(argv)).toMatchObject({ status, closeCode: 1000 });
});

test("arguments arrive one by one, whatever is in them", async () => {
  const argv = ["printf", "[%s]", "a b", "+&=%", "ü 🦭", "$(id)", ""];
  expect((await run(argv)).stdout).toBe("[a b][+&=%][ü 🦭][$(id)][]");
});

test("v5 is chosen before v4, and stdin can be closed half", async () => {
  const socket = kube.dial(pathOf(["cat"]), [V4, V5]);
  const end = ended(socket);
  await once(socket, "open");
  expect(socket.protocol).toBe(V5);
  socket.send(Buffer.from("\0hello"));
  socket.send(Buffer.from([4, 123, 125]));
  socket.send(Buffer.from([255, 0]));
  expect(await end).toMatchObject({ stdout: "hello", status: SUCCESS });
});

test("v4 has no half-close, but a reader that knows the length ends", async () => {
  const socket = kube.dial(pathOf(["head", "-c", "5"]), [V4]);
  const end = ended(socket);
  await once(socket, "open");
  expect(socket.protocol).toBe(V4);
  socket.send(Buffer.from([255, 0]));
  socket.send(Buffer.from("\0hello"));
  expect(await end).toMatchObject({ stdout: "hello", status: SUCCESS });
});

test("output arrives whole, in frames of at most 32 KiB, after an empty first frame", async () => {
  const { stdout, frames, status } = await run(["sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; echo done >&2"]);
  expect(stdout.length).toBe(3_000_000);
  expect(frames[0]).toEqual(Buffer.from([1]));
  expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThanOrEqual(32 * 1024 + 1);
  expect(status).toEqual(SUCCESS);
});

test("a reader that stops holds the command up and loses nothing", async () => {
  const socket = kube.dial(pathOf(["sh", "-c", "head -c 30000000 /dev/zero"]), BOTH);
  const end = ended(socket);
  await once(socket, "message");
  socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(kube.lab.running()).toHaveLength(1);
  socket.resume();
  const { stdout, status } = await end;
  expect(stdout.length).toBe(30_000_000);
  expect(status).toEqual(SUCCESS);
});

test("the command outlives a client that goes away; only its stdin ends", async () => {
  const socket = kube.dial(pathOf(["sh", "-c", "cat; exec sleep 30"]), BOTH);
  await once(socket, "message");
  const [child] = kube.lab.running();
  socket.terminate();
  await expect.poll(() => child?.stdin?.writableFinished).toBe(true);
  expect(child?.exitCode).toBeNull();
  child?.kill();
});

test("stdin that was not asked for is empty", async () => {
  expect(await run(["cat"], { streams: "stdout=true" })).toMatchObject({ status: SUCCESS });
});

const completed = "/api/v1/namespaces/shop/pods/done-0/exec";

test.each([
  {
    why: "the pod is unknown",
    pod: "/api/v1/namespaces/netcheck/pods/nobody/exec",
    code: 404,
    message: 'pods "nobody" not found',
  },
  {
    why: "the container is unknown",
    pod: agent,
    streams: "stdout=true&container=x",
    code: 400,
    message: "container x is not valid for pod netcheck-agent-node-1",
  },
  {
    why: "there are two containers to choose from",
    pod: "/api/v1/namespaces/shop/pods/db-0/exec",
    code: 400,
    message: "a container name must be specified for pod db-0, choose one of: [db metrics]",
  },
  {
    why: "the pod has ended",
    pod: completed,
    code: 400,
    message: "cannot exec into a container in a completed pod; current phase is Succeeded",
  },
  {
    why: "no stream is asked for",
    pod: agent,
    streams: "",
    code: 400,
    message: "you must specify at least 1 of stdin, stdout, stderr",
  },
])("the upgrade is refused with $code when $why", async ({ pod, streams = "stdout=true", code, message }) => {
  kube.lab.pod("shop/done-0", { phase: "Succeeded" });
  const { execs } = kube.api.counts();
  expect(await refusal(kube.dial(pathOf(["id"], { pod, streams }), BOTH))).toMatchObject({
    kind: "Status",
    code,
    message,
  });
  expect(kube.api.counts().execs).toBe(execs);
});

test("the worker may exec into agents, and nowhere else", async () => {
  expect(await ended(kube.dial(pathOf(["true"]), BOTH, "worker"))).toMatchObject({ status: SUCCESS });
  const elsewhere = kube.dial(pathOf(["true"], { pod: "/api/v1/namespaces/shop/pods/web-0/exec" }), BOTH, "worker");
  expect(await refusal(elsewhere)).toMatchObject({
    code: 403,
    message:
      'pods "web-0" is forbidden: User "system:serviceaccount:netcheck:netcheck-worker" cannot get resource "pods/exec" in API group "" in the namespace "shop"',
  });
});

test("a node that is down is told before the upgrade, or after it as since 1.30", async () => {
  const node = kube.lab.node("node-3", { ready: "Unknown" });
  kube.lab.pod("netcheck/netcheck-agent-node-3", { node: node.name });
  const pod = "/api/v1/namespaces/netcheck/pods/netcheck-agent-node-3/exec";
  const dial = `error dialing backend: dial tcp ${node.ip}:10250: connect: no route to host`;
  expect(await refusal(kube.dial(pathOf(["true"], { pod }), BOTH))).toMatchObject({
    code: 500,
    reason: "InternalError",
    message: dial,
  });
  kube.api.faults.set({ exec: { lateDialError: true } });
  expect(await run(["true"], { pod })).toMatchObject({
    status: { code: 500, message: `Internal error occurred: ${dial}` },
  });
});

test("what is no WebSocket is refused with a reason: SPDY, and plain requests", async () => {
  const headers = { Connection: "Upgrade", Upgrade: "SPDY/3.1" };
  const spdy = await kube.json(pathOf(["id"]), { method: "POST", headers });
  expect(spdy).toMatchObject({ code: 400, message: expect.stringContaining("SPDY/3.1 is not served here") });
  expect(await kube.json(pathOf(["id"]))).toMatchObject({ code: 400, message: "Upgrade request required" });
});

test("the older protocol can be enforced", async () => {
  kube.api.faults.set({ exec: { protocol: "v4" } });
  const socket = kube.dial(pathOf(["true"]), BOTH);
  expect(await ended(socket)).toMatchObject({ status: SUCCESS });
  expect(socket.protocol).toBe(V4);
  expect(await refusal(kube.dial(pathOf(["true"]), [V5]))).toMatchObject({ code: 400 });
});

const LONG = ["sh", "-c", "head -c 100000 /dev/zero; exec sleep 20"];

test.each([
  { how: "fin", closeCode: 1006 },
  { how: "close", closeCode: 1000 },
] as const)("a cut by $how after 70,000 bytes leaves exactly those and no status", async ({ how, closeCode }) => {
  kube.api.faults.set({ exec: { cut: { afterBytes: 70_000, how } } });
  const { stdout, ...end } = await run(LONG);
  expect(stdout.length).toBe(70_000);
  expect(end).toMatchObject({ closeCode, status: "" });
});

test("a cut by RST is a connection error and leaves no status", async () => {
  kube.api.faults.set({ exec: { cut: { afterBytes: 10, how: "rst" } } });
  const socket = kube.dial(pathOf(LONG), BOTH);
  // ws keeps errors of an open connection to itself.
  const [response] = (await once(socket, "upgrade")) as [IncomingMessage];
  const error = once(response.socket, "error");
  expect(await ended(socket)).toMatchObject({ closeCode: 1006, status: "" });
  expect((await error)[0]).toMatchObject({ code: "ECONNRESET" });
});

test("a status can be followed by a reset", async () => {
  kube.api.faults.set({ exec: { afterStatus: { rstAfterMs: 50 } } });
  expect(await run(["true"])).toMatchObject({ status: SUCCESS, closeCode: 1006 });
});

test("a status can be followed by nothing", async () => {
  kube.api.faults.set({ exec: { afterStatus: "stay-open" } });
  const socket = kube.dial(pathOf(["true"]), BOTH);
  const status = Promise.withResolvers<void>();
  socket.on("message", (data: Buffer) => data[0] === 3 && status.resolve());
  const end = ended(socket);
  await status.promise;
  expect(
    await Promise.race([end.then(() => "closed"), new Promise((done) => setTimeout(() => done("open"), 200))]),
  ).toBe("open");
  socket.terminate();
  await end;
});

test("a status can be malformed", async () => {
  kube.api.faults.set({ exec: { status: "malformed" } });
  expect(await run(["true"])).toMatchObject({ status: expect.stringMatching(/^\{"metadata":\{\}.*[^}]$/) });
});

test("a black hole answers neither data nor pings", async () => {
  kube.api.faults.set({ exec: { silentAfterBytes: 5 } });
  const socket = kube.dial(pathOf(["echo", "123456789"]), BOTH);
  const heard: string[] = [];
  socket.on("message", (data: Buffer) => heard.push(data.subarray(1).toString()));
  socket.on("pong", () => heard.push("pong"));
  await once(socket, "open");
  await expect.poll(() => heard).toEqual(["", "12345"]);
  socket.ping();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(heard).toEqual(["", "12345"]);
  socket.terminate();
});

test("an idle stream is cut although the client pings", async () => {
  kube.api.faults.set({ exec: { idleCutMs: 300 } });
  const socket = kube.dial(pathOf(["sleep", "20"]), BOTH);
  const pings = setInterval(() => socket.readyState === socket.OPEN && socket.ping(), 50);
  expect(await ended(socket)).toMatchObject({ closeCode: 1006, status: "" });
  clearInterval(pings);
});

test("a slow server takes its time", async () => {
  kube.api.faults.set({ exec: { bytesPerSecond: 10_000 } });
  const start = performance.now();
  expect((await run(["sh", "-c", "head -c 3000 /dev/zero"])).stdout.length).toBe(3_000);
  expect(performance.now() - start).toBeGreaterThan(250);
});

test("a truncating close loses the tail of a reader that pings while it is slow", async () => {
  kube.api.faults.set({ exec: { truncatingClose: true } });
  const socket = kube.dial(pathOf(["sh", "-c", "head -c 1000000 /dev/zero"]), BOTH);
  const end = ended(socket);
  await once(socket, "message");
  socket.pause();
  await expect.poll(() => kube.lab.running().length).toBe(0);
  for (let i = 0; i < 5; i++) {
    socket.ping();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  socket.resume();
  const { stdout, closeCode } = await end;
  expect(stdout.length).toBeLessThan(1_000_000);
  expect(closeCode).toBe(1006);
});

test("odd frames and a flood of stderr come before the output", async () => {
  kube.api.faults.set({ exec: { oddFrames: true, stderrFloodBytes: 100_000 } });
  const { frames, stdout, stderr, status } = await run(["echo", "hi"], { streams: "stdout=true" });
  expect(frames).toEqual(
    expect.arrayContaining([Buffer.alloc(0), Buffer.from([9, 1, 2, 3]), Buffer.from([255, 1]), "a text frame"]),
  );
  expect(stderr.length).toBe(100_000);
  expect({ stdout, status }).toEqual({ stdout: "hi\n", status: SUCCESS });
});

test("a handshake that WebSocket forbids is refused, and the server lives on", async () => {
  const headers = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Protocol": V5 };
  expect((await kube.ask(pathOf(["no-such-program"]), { headers })).status).toBe(400);
  expect(await run(["true"])).toMatchObject({ status: SUCCESS });
});
