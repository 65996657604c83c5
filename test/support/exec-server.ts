import { spawn } from "node:child_process";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type WebSocket, WebSocketServer } from "ws";
import type { ExecAccess } from "#src/cluster/exec.ts";
import { type KeyPair, selfSigned } from "./throwaway-tls.ts";

export const STDOUT = 1;
export const STDERR = 2;
export const STATUS = 3;

/** One exec as the server sees it. `raw` is the socket beneath, for cutting and resetting it. */
export type ServerExec = {
  readonly url: URL;
  readonly command: readonly string[];
  readonly protocol: string;
  readonly ws: WebSocket;
  readonly raw: TLSSocket;
  /** Sends a TCP reset. */
  readonly reset: () => void;
  /** Sends a frame and waits until the socket took it. */
  readonly send: (channel: number, bytes: Uint8Array | string) => Promise<void>;
  /** The status frame of an exit code, or any text as it is. */
  readonly status: (end: number | string) => Promise<void>;
  readonly close: () => void;
  /** Runs the command as a real process, as a container runtime does: losing the client does not end it. */
  readonly run: () => Promise<void>;
};
export type Behaviour = (exec: ServerExec) => void | Promise<void>;

export type ExecServer = AsyncDisposable & {
  readonly access: ExecAccess;
  readonly port: number;
  /** Every upgrade request that arrived, with the common name of the client's certificate. */
  readonly requests: {
    readonly url: string;
    readonly token: string | undefined;
    readonly client: string | undefined;
  }[];
  readonly sockets: ReadonlySet<Duplex>;
  /** What happens from the next exec on. */
  behave: (behaviour: Behaviour) => void;
  /** Answers upgrades with this HTTP response instead; undefined accepts them again. */
  refuse: (answer: { code: number; body: string } | undefined) => void;
  /** Replaces the certificate and the authorities of clients from the next connection on. */
  rekey: (keys: KeyPair & { clients?: string[] }) => void;
};

const bin = join(import.meta.dirname, "../fixtures/bin");

/** A small API server over TLS that speaks exec and misbehaves on request. */
export async function execServer(
  initial: Behaviour,
  {
    protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"],
    path = "",
  }: { protocols?: readonly string[]; path?: string } = {},
): Promise<ExecServer> {
  const keys = selfSigned();
  let behaviour = initial;
  let refusal: { code: number; body: string } | undefined;
  const requests: ExecServer["requests"] = [];
  const sockets = new Set<Duplex>();
  const http = createServer({ ...keys, requestCert: true, rejectUnauthorized: false });
  const upgrades = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => protocols.find((one) => offered.has(one)) ?? false,
  });
  const tcp = new Map<number | undefined, Socket>();
  http.on("connection", (socket: Socket) => {
    tcp.set(socket.remotePort, socket);
    socket.on("close", () => tcp.delete(socket.remotePort));
  });
  http.on("secureConnection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  http.on("upgrade", (request: IncomingMessage, socket: TLSSocket, head) => {
    const { authorization } = request.headers;
    requests.push({ url: request.url ?? "", token: authorization, client: commonName(socket) });
    if (refusal) {
      const { code, body } = refusal;
      socket.end(
        `HTTP/1.1 ${code} Refused\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
      return;
    }
    upgrades.handleUpgrade(request, socket, head, (ws) => {
      ws.on("error", () => undefined);
      const reset = () => void tcp.get(socket.remotePort)?.resetAndDestroy();
      void behaviour(serve({ ws, raw: socket, reset }, new URL(request.url ?? "", "https://server")));
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;

  return {
    port,
    requests,
    sockets,
    access: {
      server: () => `https://127.0.0.1:${port}${path}`,
      options: async () => ({ ca: keys.cert }),
    },
    behave: (next) => {
      behaviour = next;
    },
    refuse: (answer) => {
      refusal = answer;
    },
    rekey: ({ key, cert, clients }) => http.setSecureContext({ key, cert, ...(clients ? { ca: clients } : {}) }),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      http.close();
      await once(http, "close");
    },
  };
}

function commonName(socket: TLSSocket): string | undefined {
  const name = socket.getPeerCertificate().subject?.CN;
  return typeof name === "string" ? name : undefined;
}

function serve({ ws, raw, reset }: Pick<ServerExec, "ws" | "raw" | "reset">, url: URL): ServerExec {
  const command = url.searchParams.getAll("command");
  const send = (channel: number, bytes: Uint8Array | string) =>
    new Promise<void>((resolve) => {
      const frame = Buffer.concat([Buffer.of(channel), typeof bytes === "string" ? Buffer.from(bytes) : bytes]);
      ws.send(frame, () => resolve());
    });
  const status = (end: number | string) => send(STATUS, typeof end === "string" ? end : statusText(end));
  const exec: ServerExec = {
    url,
    command,
    protocol: ws.protocol,
    ws,
    raw,
    reset,
    send,
    status,
    close: () => ws.close(1000),
    run: () => runProcess(exec),
  };
  return exec;
}

/** The Status of an exit code, as the API server words it. */
export function statusText(exitCode: number): string {
  if (exitCode === 0) return JSON.stringify({ metadata: {}, status: "Success" });
  const causes = [{ reason: "ExitCode", message: String(exitCode) }];
  const message = `command terminated with non-zero exit code: exit status ${exitCode}`;
  return JSON.stringify({ metadata: {}, status: "Failure", message, reason: "NonZeroExitCode", details: { causes } });
}

async function runProcess({ command, ws, send, status, close, protocol, url }: ServerExec): Promise<void> {
  const [file = "", ...args] = command;
  const PATH = [bin, process.env["NETCHECK_TEST_PATH"], process.env["PATH"]].filter(Boolean).join(delimiter);
  const child = spawn(file, args, { env: { ...process.env, PATH }, stdio: "pipe" });
  const wantsStdin = url.searchParams.get("stdin") === "true";
  if (!wantsStdin) child.stdin.end();
  child.stdin.on("error", () => undefined);
  const failed = new Promise<Error>((resolve) => child.on("error", resolve));
  const ended = new Promise<number>((resolve) =>
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGKILL"])),
  );
  await send(STDOUT, ""); // established
  ws.on("message", (data: Buffer) => {
    if (data[0] === 0) child.stdin.write(data.subarray(1));
    if (data[0] === 255 && data[1] === 0 && protocol.startsWith("v5")) child.stdin.end();
  });
  ws.on("close", () => child.stdin.end());
  const pump = async (from: NodeJS.ReadableStream, channel: number) => {
    for await (const chunk of from) if (ws.readyState === ws.OPEN) await send(channel, chunk as Buffer);
  };
  const piped = Promise.all([pump(child.stdout, STDOUT), pump(child.stderr, STDERR)]);
  const end = await Promise.race([failed, piped.then(() => ended)]);
  if (end instanceof Error) {
    const message = `error executing command in container: exec: "${file}": executable file not found in $PATH`;
    await status(JSON.stringify({ metadata: {}, status: "Failure", message, reason: "InternalError", code: 500 }));
  } else await status(end);
  close();
}
