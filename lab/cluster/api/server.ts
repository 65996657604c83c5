import { rm } from "node:fs/promises";
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as after } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import type { LabModel } from "../model.ts";
import { forbidden, identify, makeTokens, mayDo } from "./access.ts";
import { callLog } from "./call-log.ts";
import { RESOURCES } from "./catalogue.ts";
import { makeCertificates } from "./certificates.ts";
import { makeExec } from "./exec.ts";
import { type ApiFaults, FaultSwitches } from "./faults.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { listen } from "./listener.ts";
import { parseRequest } from "./request.ts";
import { route } from "./router.ts";
import { noSuchResource, sendStatus, statusOf } from "./status.ts";
import { type Crowds, ObjectStore } from "./store.ts";

export type LabApi = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** Path of a kubeconfig that may do everything. */
  readonly kubeconfig: string;
  /** Path of a kubeconfig with exactly the permissions that netcheck asks for. */
  readonly workerKubeconfig: string;
  readonly faults: FaultSwitches;
  readonly counts: () => ApiCounts;
  /** The server dies: connections are reset and nobody listens. */
  readonly goDown: () => Promise<void>;
  /** It is back on the same port, with everything it knew. */
  readonly comeBack: () => Promise<void>;
};

/** Since the start. */
export type ApiCounts = {
  /** TCP connections. */
  readonly connections: number;
  /** Upgrades included. */
  readonly requests: number;
  /** Commands started by exec. */
  readonly execs: number;
  /** Objects in the answers to lists, and in the longest of these. */
  readonly listed: number;
  readonly longestList: number;
};

type ApiOptions = {
  readonly model: LabModel;
  /** Takes the kubeconfigs and, in `api/`, certificates and the server's key; all of it goes when the API ends. */
  readonly dir: string;
  /** 0: any free port. */
  readonly port?: number;
  readonly faults?: Partial<ApiFaults>;
  /** A file to which everything is appended that netcheck was allowed to do, see `callLog`. */
  readonly calls?: string | undefined;
  /** Objects beside those of the model. */
  readonly crowds?: Crowds;
};

/** Serves a lab cluster as a Kubernetes API on 127.0.0.1 over TLS, for kubectl, client-node and netcheck's own exec. */
export async function startApi({
  model,
  dir,
  port = 0,
  faults: first = {},
  calls = process.env["NETCHECK_API_CALLS"],
  crowds = {},
}: ApiOptions): Promise<LabApi> {
  const secretDir = join(dir, "api");
  const certificates = await makeCertificates(secretDir);
  const tokens = makeTokens();
  const faults = new FaultSwitches(first);
  const counts = { requests: 0, execs: 0, listed: 0, longestList: 0 };
  const listener = await listen(certificates, port);
  const store = new ObjectStore({ model, resources: RESOURCES, ca: certificates.ca, startMs: Date.now(), crowds });
  const address = `127.0.0.1:${listener.port}`;
  const exec = makeExec(model);
  const note = callLog(calls);

  const listed = (objects: number): void => {
    counts.listed += objects;
    counts.longestList = Math.max(counts.longestList, objects);
  };

  /** False when the request is to be left without an answer. */
  const admit = async (): Promise<boolean> => {
    counts.requests += 1;
    if (faults.now.delayMs > 0) await after(faults.now.delayMs);
    return !faults.now.silent;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!(await admit())) return;
    const api = parseRequest(request);
    const identity = identify(request.headers.authorization, tokens);
    await route({ request, response, api, identity }, { model, store, faults, address, note, listed });
  };

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    if (!(await admit())) return;
    const api = parseRequest(request);
    const identity = identify(request.headers.authorization, tokens);
    const { target } = api;
    const tcp = listener.tcpOf((socket as TLSSocket).remotePort);
    if (!tcp) return;
    if (target?.group !== "" || target.resource !== "pods" || target.subresource !== "exec") throw noSuchResource();
    // A WebSocket starts with a GET, but since 1.35 it also needs the permission to create.
    for (const verb of new Set([api.verb, "create"])) {
      const { version: _, ...wish } = { ...target, verb };
      if (!mayDo(identity, wish)) throw forbidden(identity, wish);
      note(wish, { identity, userAgent: request.headers["user-agent"] });
      faults.check({ ...api, verb }, identity);
    }
    exec({ request, socket, head, api, tcp }, faults.now.exec);
    counts.execs += 1;
  };

  listener.server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    // A client that goes away in the middle is nobody's problem but its own.
    response.on("error", () => response.destroy());
    answer(request, response).catch((error: unknown) => sendStatus(response, error));
  });
  listener.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    upgrade(request, socket, head).catch((error: unknown) => refuseUpgrade(socket, error));
  });

  const url = `https://${address}`;
  const kubeconfig = join(dir, "kubeconfig");
  const workerKubeconfig = join(dir, "kubeconfig-worker");
  const { ca } = certificates;
  await writeKubeconfig(kubeconfig, { url, ca, user: "lab-admin", token: tokens.admin });
  await writeKubeconfig(workerKubeconfig, { url, ca, user: "netcheck-worker", token: tokens.worker });

  return {
    url,
    port: listener.port,
    kubeconfig,
    workerKubeconfig,
    faults,
    counts: () => ({ ...counts, connections: listener.connections }),
    goDown: listener.goDown,
    comeBack: listener.comeBack,
    async [Symbol.asyncDispose]() {
      store[Symbol.dispose]();
      await listener[Symbol.asyncDispose]();
      await Promise.all(
        [secretDir, kubeconfig, workerKubeconfig].map((path) => rm(path, { recursive: true, force: true })),
      );
    },
  };
}

/** A refused upgrade is an ordinary HTTP answer, written by hand because the parser has let go of the socket. */
function refuseUpgrade(socket: Duplex, error: unknown): void {
  const status = statusOf(error);
  const body = JSON.stringify(status);
  const retry = (status["details"] as { retryAfterSeconds?: number } | undefined)?.retryAfterSeconds;
  socket.end(
    [
      `HTTP/1.1 ${status.code} ${STATUS_CODES[status.code] ?? "Unknown"}`,
      "Content-Type: application/json",
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...(retry === undefined ? [] : [`Retry-After: ${retry}`]),
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}
