import type { IncomingMessage } from "node:http";
import { type ClientOptions, WebSocket } from "ws";
import { USER_AGENT } from "./dispatcher.ts";
import { ExecError } from "./exec-error.ts";
import { type Sink, SinkQueue } from "./exec-flow.ts";
import { type ExecRequest, execUrl } from "./exec-request.ts";
import { type ExecEnd, parseExecEnd, parseKubeStatus } from "./exec-status.ts";
import { type ExecStdin, execStdin } from "./exec-stdin.ts";

const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_STATUS_BYTES = 64 * 1024;
/** How long a server may take to close after it sent the status, and to send the body of a refusal. */
const CLOSE_GRACE_MS = 1_500;
const REFUSAL_BODY_MS = 3_000;

/** The API server and the credentials of the moment; asked anew for every exec, so that rotated ones are used. */
export type ExecAccess = {
  readonly server: () => string;
  readonly options: () => Promise<ClientOptions>;
};

export type ExecOptions = {
  /** Bounds everything: credentials, connecting, running, and a slow consumer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly stdin?: boolean;
  readonly onStdout?: Sink;
  readonly onStderr?: Sink;
  readonly handshakeTimeoutMs?: number;
  /** A ping is sent after this much silence … */
  readonly pingMs?: number;
  /** … and the connection is given up after this much. Neither counts while the consumer holds the stream back. */
  readonly deadMs?: number;
};

export type Exec = {
  readonly stdin: ExecStdin;
  /** The exit code (128 + n after signal n), when all output was consumed; rejects with ExecError. */
  readonly done: Promise<number>;
};

/**
 * Runs one command in a container and resolves when the connection stands. Aborting or timing out ends the stream only:
 * the remote process goes on, so commands carry their own time limit (see exec-run.ts).
 */
export async function openExec(access: ExecAccess, request: ExecRequest, options: ExecOptions): Promise<Exec> {
  const { timeoutMs, signal, stdin = false, onStdout, onStderr } = options;
  const { handshakeTimeoutMs = 10_000, pingMs = 5_000, deadMs = 20_000 } = options;
  const url = execUrl(access.server(), request, { stdin });
  const opened = Promise.withResolvers<void>();
  const done = Promise.withResolvers<number>();
  for (const promise of [opened.promise, done.promise]) promise.catch(() => undefined);
  let ws: WebSocket | undefined;
  let settled = false;
  let statusText = "";
  let end: ExecEnd | undefined;
  let trouble: unknown;

  const settle = (result: number | ExecError) => {
    if (settled) return;
    settled = true;
    clearTimeout(totalTimer);
    clearTimeout(closeTimer);
    stopWatch();
    signal?.removeEventListener("abort", abort);
    if (result instanceof ExecError) {
      opened.reject(result);
      done.reject(result);
    } else done.resolve(result);
    ws?.terminate();
  };
  const abort = () => settle(new ExecError("aborted", "The exec was cancelled."));
  const queue = new SinkQueue({
    pause: (paused) => (paused ? ws?.pause() : ws?.resume()),
    failed: (cause) =>
      settle(cause instanceof ExecError ? cause : new ExecError("sink", "The output could not be taken.", { cause })),
  });
  const conclude = async () => {
    clearTimeout(closeTimer);
    await queue.drained();
    if (end?.outcome === "exited") return settle(end.exitCode);
    if (end)
      return settle(
        new ExecError("api", end.status.message ?? "The command could not be run.", { status: end.status }),
      );
    const why = statusText === "" ? "without a status" : "with an unreadable status";
    settle(new ExecError("lost", `The connection closed ${why}; the outcome is unknown.`, { cause: trouble }));
  };
  let closeTimer: NodeJS.Timeout | undefined;
  let stopWatch = () => {};
  const totalTimer = setTimeout(
    () => settle(new ExecError("timeout", `The exec took longer than ${timeoutMs} ms.`)),
    timeoutMs,
  );
  if (signal?.aborted) abort();
  else signal?.addEventListener("abort", abort, { once: true });

  const take = (data: Uint8Array) => {
    const bytes = data.subarray(1);
    if (settled || bytes.length === 0) return; // an empty frame says that the channel stands
    if (data[0] === STDOUT && onStdout) queue.push(onStdout, bytes);
    else if (data[0] === STDERR && onStderr) queue.push(onStderr, bytes);
    else if (data[0] === STATUS && end === undefined && statusText.length + bytes.length <= MAX_STATUS_BYTES) {
      statusText += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
      end = parseExecEnd(statusText);
      if (end === undefined) return;
      // Servers may wait for the client to close; others never close. The status stands in either case.
      closeTimer = setTimeout(conclude, CLOSE_GRACE_MS);
      ws?.close(1000);
    }
  };
  const connect = (credentials: ClientOptions) => {
    if (settled) return;
    const socket = new WebSocket(url, PROTOCOLS, {
      ...credentials,
      headers: { ...credentials.headers, "User-Agent": USER_AGENT },
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      handshakeTimeout: handshakeTimeoutMs,
    });
    ws = socket;
    socket.on("open", opened.resolve);
    socket.on("message", (data, isBinary) => {
      if (isBinary && data instanceof Buffer) take(data);
    });
    socket.on("unexpected-response", (_request, response) => void refusal(response).then(settle));
    socket.on("error", (cause) => {
      trouble = cause;
      if (socket.protocol === "")
        settle(new ExecError("connect", `No connection to ${url.host}: ${cause.message}`, { cause }));
    });
    socket.on("close", () => void conclude());
    stopWatch = watchForSilence(socket, { pingMs, deadMs, paused: () => queue.paused }, () =>
      settle(new ExecError("lost", `The connection was silent for ${deadMs} ms; the outcome is unknown.`)),
    );
  };
  access
    .options()
    .then(connect, (cause) =>
      settle(new ExecError("connect", "The cluster's credentials could not be read.", { cause })),
    );
  await opened.promise;
  if (ws === undefined) throw new ExecError("connect", "There is no connection.");
  return { stdin: execStdin(ws), done: done.promise };
}

/** Why the server refused the upgrade: at most 64 KB of its body, as a Status where it is one. */
async function refusal(response: IncomingMessage): Promise<ExecError> {
  const code = response.statusCode ?? 0;
  const parts: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => response.destroy(), REFUSAL_BODY_MS);
  try {
    for await (const part of response) {
      parts.push(part);
      size += part.length;
      if (size >= MAX_STATUS_BYTES) break;
    }
  } catch {
    // A refusal with half a body is a refusal.
  }
  clearTimeout(timer);
  const status = parseKubeStatus(Buffer.concat(parts).toString());
  return new ExecError("http", status?.message ?? `The API server refused the exec with HTTP ${code}.`, {
    code,
    status,
  });
}

/** Pings an idle connection and reports one that stays silent. A held-back stream and a stalled process do not count. */
function watchForSilence(
  ws: WebSocket,
  { pingMs, deadMs, paused }: { pingMs: number; deadMs: number; paused: () => boolean },
  dead: () => void,
): () => void {
  const everyMs = Math.max(10, Math.min(pingMs, deadMs) / 2);
  let seenMs = performance.now();
  let pingedMs = seenMs;
  let lookedMs = seenMs;
  const seen = () => {
    seenMs = performance.now();
  };
  for (const event of ["open", "message", "ping", "pong"]) ws.on(event, seen);
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (paused() || nowMs - lookedMs > 3 * everyMs) seenMs = nowMs;
    lookedMs = nowMs;
    if (ws.readyState !== ws.OPEN) return;
    if (nowMs - seenMs >= deadMs) return dead();
    if (nowMs - seenMs < pingMs || nowMs - pingedMs < pingMs) return;
    pingedMs = nowMs;
    ws.ping();
  }, everyMs);
  return () => clearInterval(timer);
}
