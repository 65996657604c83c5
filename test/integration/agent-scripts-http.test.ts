import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { agentBin } from "#test/support/agent-shell.ts";

const program = join(agentBin, "netcheck-http");
type Line = { outcome: string; connectMs: number; waitMs: number; status: string; resent: string; upstream: string };

async function probe(...words: (string | number)[]): Promise<Line[]> {
  const { stdout } = await promisify(execFile)(program, words.map(String));
  return stdout.split("\n").flatMap((line) => {
    const [, , , , outcome = "", connect, wait, , status = "", resent = "", , , upstream = ""] = line.split(" ");
    return outcome ? [{ outcome, connectMs: Number(connect), waitMs: Number(wait), status, resent, upstream }] : [];
  });
}

async function listening(server: Server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: async () => void server.close() };
}

const raw = (onSocket: (socket: Socket) => void) =>
  listening(createServer((socket) => onSocket(socket.on("error", () => undefined))));

describe("netcheck-http", () => {
  test("asks HTTP servers for nothing but the head, and reads status and the proxy's own figure", async () => {
    const asked: unknown[] = [];
    await using server = await listening(
      createHttpServer(({ method, url }, response) => {
        asked.push([method, url]);
        response.writeHead(404, { "x-envoy-upstream-service-time": "7" }).end();
      }),
    );
    const lines = await probe(100, 2_000, "--for", 350, "head", "127.0.0.1", server.port);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines)
      expect(line).toMatchObject({ outcome: "answer", status: "404", resent: "0", upstream: "7" });
    expect(new Set(asked.map(String))).toEqual(new Set(["HEAD,/"]));
  });

  test("tells the wait for the first byte from the connect", async () => {
    await using server = await raw((socket) =>
      socket.once("data", () => setTimeout(() => socket.end("HTTP/1.1 200 OK\r\n\r\n"), 300)),
    );
    const [line] = await probe(500, 2_000, "--for", 450, "head", "127.0.0.1", server.port);
    expect(line).toMatchObject({ outcome: "answer", status: "200" });
    expect(line?.waitMs).toBeGreaterThanOrEqual(295);
    expect(line?.waitMs).toBeGreaterThan(line?.connectMs ?? 0);
  });

  test.each<{ name: string; mode: string; onSocket: (socket: Socket) => void; outcome: string }>([
    { name: "nothing comes", mode: "head", onSocket: (socket) => socket.resume(), outcome: "no-answer" },
    {
      name: "the server speaks another protocol",
      mode: "head",
      onSocket: (socket) => socket.write("220 mail\r\n"),
      outcome: "greeting",
    },
    {
      name: "the server resets",
      mode: "head",
      onSocket: (socket) => socket.once("data", () => socket.resetAndDestroy()),
      outcome: "reset",
    },
    {
      name: "the server closes without a word",
      mode: "head",
      onSocket: (socket) => socket.once("data", () => socket.end()),
      outcome: "closed",
    },
    { name: "a TLS server says nothing", mode: "tls", onSocket: (socket) => socket.resume(), outcome: "no-answer" },
    {
      name: "what should be TLS speaks HTTP",
      mode: "tls",
      onSocket: (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
      outcome: "greeting",
    },
    { name: "a server waits for us to speak", mode: "hello", onSocket: (socket) => socket.resume(), outcome: "quiet" },
    {
      name: "a server speaks first",
      mode: "hello",
      onSocket: (socket) => socket.write("\x4a\0\0\0\n8.0.36"),
      outcome: "greeting",
    },
    {
      name: "a server resets at once",
      mode: "hello",
      onSocket: (socket) => socket.resetAndDestroy(),
      outcome: "reset",
    },
  ])("$outcome when $name", async ({ mode, onSocket, outcome }) => {
    await using server = await raw(onSocket);
    const lines = await probe(200, 700, "--for", 300, mode, "127.0.0.1", server.port);
    expect(new Set(lines.map((line) => line.outcome))).toEqual(new Set([outcome]));
  });

  test.each([
    { name: "TLS 1.3", options: ["-tls1_3"] },
    { name: "TLS 1.2 only", options: ["-tls1_2"] },
  ])("a server of $name answers the beginning of a handshake", async ({ options }) => {
    await using server = await tlsServer(options);
    const lines = await probe(100, 2_000, "--for", 250, "tls", "127.0.0.1", server.port);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) {
      expect(line).toMatchObject({ outcome: "answer", status: "-" });
      expect(line.waitMs).toBeGreaterThan(0);
    }
  });

  test("hello never sends a byte", async () => {
    const received: Buffer[] = [];
    await using server = await raw((socket) => socket.on("data", (data) => received.push(data)));
    await probe(100, 700, "--for", 250, "hello", "127.0.0.1", server.port);
    expect(received).toEqual([]);
  });

  test("a closed port is refused, and several targets share one process", async () => {
    await using server = await raw((socket) => socket.resume());
    const { port: closed } = await closedAgain(await raw(() => undefined));
    const lines = await probe(200, 500, "--for", 150, "hello", "127.0.0.1", server.port, "head", "127.0.0.1", closed);
    expect(lines.map(({ outcome }) => outcome).toSorted()).toEqual(["quiet", "refused"]);
  });

  test.each([
    "",
    "100",
    "100 100",
    "100 100 head 127.0.0.1",
    "100 100 post 127.0.0.1 80",
    "100 100 ssl 127.0.0.1 443",
    "100 100 head name 80",
  ])("%j is refused with usage", async (words) => {
    await expect(probe(...words.split(" ").filter(Boolean))).rejects.toMatchObject({ code: 64 });
  });
});

/** OpenSSL's own server, with a certificate of the moment. */
async function tlsServer(options: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), "netcheck-tls-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=test".split(" ");
  await promisify(execFile)("openssl", [...words, "-keyout", key, "-out", certificate]);
  const child = spawn(
    "openssl",
    ["s_server", "-accept", "127.0.0.1:0", "-key", key, "-cert", certificate, ...options],
    {
      stdio: ["pipe", "pipe", "ignore"],
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    let text = "";
    child.once("exit", () => reject(new Error(`openssl s_server ended: ${text}`)));
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const found = /^ACCEPT 127\.0\.0\.1:(\d+)/m.exec(text);
      if (found) resolve(Number(found[1]));
    });
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

/** The port of a listener that is closed again. */
async function closedAgain(server: { readonly port: number } & AsyncDisposable): Promise<{ port: number }> {
  await server[Symbol.asyncDispose]();
  return server;
}
