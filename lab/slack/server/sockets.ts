import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { APP_ID } from "./workspace.ts";
import { emit, record, type World } from "./world.ts";

/** Slack allows an app this many Socket Mode connections. */
const MAX_CONNECTIONS = 10;
/** A ticket from apps.connections.open that nobody used is forgotten after this time. */
const TICKET_MS = 30_000;
const PING_MS = 10_000;
/** How long Slack waits for the app to leave after a disconnect frame. */
const LEAVE_MS = 10_000;
/** How long the close handshake may take when the lab stops. */
const GOODBYE_MS = 300;

type DisconnectReason = "warning" | "refresh_requested" | "link_disabled";

type Connection = {
  readonly number: number;
  readonly socket: WebSocket;
  /** leaving: was told to go. silent: half-open, Slack still believes in it. */
  state: "open" | "leaving" | "silent";
};

export type SocketHub = {
  /** A single-use address for one connection. */
  readonly newUrl: () => string;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Sends a frame to one connection of all; undefined when there is none. `not` avoids that one if possible. */
  readonly send: (frame: Readonly<Record<string, unknown>>, avoid?: number) => number | undefined;
  readonly count: () => number;
  /** Tells connections to go, as Slack does every few hours; all of them unless one is named. */
  readonly disconnect: (reason: DisconnectReason, connection?: number) => number;
  /** Makes connections half-open: open, chosen for payloads, but nothing goes through any more for `forMs`. */
  readonly silence: (forMs: number, connection?: number) => number;
  /** Cuts the TCP connections without a word. */
  readonly cut: (connection?: number) => number;
  /** Says good-bye on every connection; those that do not answer in time are cut. */
  readonly close: () => Promise<void>;
};

type Listener = {
  readonly onAck: (envelopeId: string, payload: unknown, connection: number) => void;
  readonly onLost: (connection: number) => void;
};

/** The Socket Mode side of the lab Slack: every payload goes to exactly one of the open connections. */
export function createSocketHub(world: World, { onAck, onLost }: Listener): SocketHub {
  const server = new WebSocketServer({ noServer: true, maxPayload: 1_000_000 });
  const connections = new Map<number, Connection>();
  const tickets = new Set<string>();
  let lastNumber = 0;
  let turn = 0;

  const usable = (): Connection[] => [...connections.values()].filter(({ state }) => state !== "leaving");
  const picked = (number?: number): Connection[] =>
    usable().filter((one) => number === undefined || one.number === number);
  const announce = (): void => emit(world, { type: "connections", connections: usable().length });

  function greet(socket: WebSocket): void {
    const number = ++lastNumber;
    const debug_info = { host: `applink-lab-${number}`, build_number: 1, approximate_connection_time: 18_060 };
    if (usable().length >= MAX_CONNECTIONS) {
      record(world, { kind: "socket", name: "too_many_websockets", ok: false, connection: number });
      socket.send(JSON.stringify({ type: "disconnect", reason: "too_many_websockets", debug_info }));
      socket.close(1000);
      return;
    }
    const connection: Connection = { number, socket, state: "open" };
    connections.set(number, connection);
    socket.on("message", (data) => {
      const frame = readFrame(data.toString());
      if (frame) onAck(frame.envelopeId, frame.payload, number);
    });
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      connections.delete(number);
      record(world, { kind: "socket", name: "close", ok: true, connection: number });
      onLost(number);
      announce();
    });
    record(world, { kind: "socket", name: "hello", ok: true, connection: number });
    socket.send(
      JSON.stringify({
        type: "hello",
        num_connections: usable().length,
        debug_info,
        connection_info: { app_id: APP_ID },
      }),
    );
    announce();
  }

  const pings = setInterval(() => {
    for (const { socket, state } of connections.values()) if (state !== "silent") socket.ping();
  }, PING_MS);
  pings.unref();

  return {
    newUrl: () => {
      const ticket = randomBytes(16).toString("hex");
      tickets.add(ticket);
      world.clock.after(TICKET_MS, () => tickets.delete(ticket));
      return `${world.baseUrl.replace("http", "ws")}/link/?ticket=${ticket}&app_id=${APP_ID}`;
    },
    upgrade: (request, socket, head) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://lab");
      if (pathname !== "/link/" || !tickets.delete(searchParams.get("ticket") ?? "")) {
        socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
        return;
      }
      server.handleUpgrade(request, socket, head, greet);
    },
    send: (frame, avoid) => {
      const all = usable();
      const others = all.filter(({ number }) => number !== avoid);
      const from = others.length > 0 ? others : all;
      const chosen = from[turn++ % from.length];
      if (!chosen) return undefined;
      if (chosen.state === "open") chosen.socket.send(JSON.stringify(frame));
      return chosen.number;
    },
    count: () => usable().length,
    disconnect: (reason, number) => {
      const leaving = picked(number);
      for (const connection of leaving) {
        connection.state = "leaving";
        connection.socket.send(JSON.stringify({ type: "disconnect", reason, debug_info: { host: "applink-lab" } }));
        world.clock.after(LEAVE_MS, () => connection.socket.close(1000));
        record(world, { kind: "socket", name: reason, ok: true, connection: connection.number });
      }
      announce();
      return leaving.length;
    },
    silence: (forMs, number) => {
      const silent = picked(number);
      for (const connection of silent) {
        connection.state = "silent";
        connection.socket.pause();
        world.clock.after(forMs, () => connection.socket.terminate());
        record(world, { kind: "socket", name: "silent", ok: true, connection: connection.number });
      }
      return silent.length;
    },
    cut: (number) => {
      const cut = number === undefined ? [...connections.values()] : picked(number);
      for (const { socket } of cut) socket.terminate();
      return cut.length;
    },
    close: async () => {
      clearInterval(pings);
      server.close();
      await Promise.all([...connections.values()].map(({ socket }) => goodbye(socket)));
    },
  };
}

async function goodbye(socket: WebSocket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(() => socket.terminate(), GOODBYE_MS);
  socket.once("close", () => {
    clearTimeout(late);
    resolve();
  });
  if (socket.isPaused) socket.terminate();
  else socket.close(1001);
  await promise;
}

function readFrame(data: string): { envelopeId: string; payload: unknown } | undefined {
  try {
    const frame: unknown = JSON.parse(data);
    if (typeof frame !== "object" || frame === null || !("envelope_id" in frame)) return undefined;
    return { envelopeId: String(frame.envelope_id), payload: "payload" in frame ? frame.payload : undefined };
  } catch {
    return undefined; // Not JSON: Slack ignores such frames too.
  }
}
