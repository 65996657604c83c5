import type { ChildProcess } from "node:child_process";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { LabModel } from "../model.ts";
import { chooseContainer } from "./containers.ts";
import { runExecSession, type Streams } from "./exec-session.ts";
import type { ExecFaults } from "./faults.ts";
import { type ApiRequest, isTrue } from "./request.ts";
import { badRequest, internalError, notFound } from "./status.ts";

const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"] as const;
type Protocol = (typeof PROTOCOLS)[number];

const MAX_STDIN_FRAME_BYTES = 16 * 1024 * 1024;
/** How long the closing handshake may take: a slow reader must still get its tail. Current API servers wait as long. */
const CLOSE_TIMEOUT_MS = 15 * 60_000;

export type ExecUpgrade = {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly api: ApiRequest;
  /** The TCP connection below TLS; faults cut there. */
  readonly tcp: Socket;
};

/**
 * Runs a command in a container over a WebSocket. Everything that can be refused is refused before the upgrade, by a
 * throw; afterwards trouble travels in the status frame. The process outlives the connection, as on real nodes.
 */
export function makeExec(model: LabModel): (upgrade: ExecUpgrade, faults: ExecFaults) => void {
  // A variable, because the types of ws do not know closeTimeout yet.
  const options = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_STDIN_FRAME_BYTES,
    handleProtocols: (offered: Set<string>) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? (false as const),
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
  const server = new WebSocketServer(options);
  return function exec({ request, socket, head, api, tcp }, faults) {
    const command = commandOf(api, model);
    const protocol = chooseProtocol(request, faults);
    const started = start(command, { model, lateDialError: faults.lateDialError ?? false });
    // ws answers with the client's first acceptable offer; only the chosen one is left to choose from.
    request.headers["sec-websocket-protocol"] = protocol;
    server.handleUpgrade(request, socket, head, (connection: WebSocket) =>
      runExecSession({ connection, tcp, started, streams: command.streams, v5: protocol === PROTOCOLS[0], faults }),
    );
  };
}

type Command = ReturnType<typeof commandOf>;

function commandOf({ query, target }: ApiRequest, model: LabModel) {
  const name = target?.name ?? "";
  const pod = model.pods.get(`${target?.namespace}/${name}`);
  if (!pod) throw notFound({ resource: "pods", name });
  if (pod.phase === "Succeeded" || pod.phase === "Failed")
    throw badRequest(`cannot exec into a container in a completed pod; current phase is ${pod.phase}`);
  const container = chooseContainer(pod, query.get("container") || undefined);
  const argv = query.getAll("command");
  const streams: Streams = {
    stdin: isTrue(query.get("stdin")),
    stdout: isTrue(query.get("stdout")),
    stderr: isTrue(query.get("stderr")) && !isTrue(query.get("tty")),
  };
  if (!streams.stdin && !streams.stdout && !streams.stderr)
    throw badRequest("you must specify at least 1 of stdin, stdout, stderr");
  if (!argv[0]) throw badRequest("you must specify at least 1 command");
  if (container.state !== "running")
    throw internalError(`unable to upgrade connection: container not found ("${container.name}")`);
  return { pod, container, argv, streams };
}

/** Also refuses what is no WebSocket, among it the SPDY of old clients. */
function chooseProtocol({ headers }: IncomingMessage, faults: ExecFaults): Protocol {
  if (headers.upgrade?.toLowerCase() !== "websocket")
    throw badRequest(
      `exec needs a WebSocket (${PROTOCOLS.join(", ")}); ${headers.upgrade ?? "a plain request"} is not served here`,
    );
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((protocol) => protocol.trim());
  const known = faults.protocol === "v4" ? PROTOCOLS.slice(1) : PROTOCOLS;
  const chosen = known.find((protocol) => offered.includes(protocol));
  if (!chosen)
    throw badRequest(
      `unable to upgrade: no common sub-protocol: the client offers [${offered.join(" ")}], the server knows [${known.join(" ")}]`,
    );
  return chosen;
}

export type Started = { readonly child: ChildProcess; readonly argv0: string } | { readonly dialError: string };

function start(
  { pod, container, argv }: Command,
  { model, lateDialError }: { model: LabModel; lateDialError: boolean },
): Started {
  try {
    const child = model.exec(pod, container.name, argv);
    // Should ws refuse the handshake, nobody else listens for a failed start, and it would end this process.
    child.on("error", () => {});
    return { child, argv0: argv[0] ?? "" };
  } catch (error) {
    const dialError = error instanceof Error ? error.message : String(error);
    if (lateDialError) return { dialError };
    throw internalError(dialError);
  }
}
