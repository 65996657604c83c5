import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Certificates } from "./certificates.ts";

/** Longer than any client keeps an idle connection, so that the server is never the one who closes it. */
const KEEP_ALIVE_MS = 180_000;

/** An HTTPS server on 127.0.0.1 whose TCP connections can be reached, and that can go away and come back. */
export type Listener = AsyncDisposable & {
  readonly server: ReturnType<typeof createServer>;
  readonly port: number;
  /** TCP connections accepted so far. */
  readonly connections: number;
  /** The connection below TLS that a client's port belongs to. */
  readonly tcpOf: (remotePort: number | undefined) => Socket | undefined;
  /** Stops listening and resets every connection. */
  readonly goDown: () => Promise<void>;
  /** Listens again, on the same port. */
  readonly comeBack: () => Promise<void>;
};

export async function listen({ cert, key }: Certificates, port: number): Promise<Listener> {
  const server = createServer({ cert, key, keepAliveTimeout: KEEP_ALIVE_MS });
  const sockets = new Map<number, Socket>();
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections += 1;
    socket.on("error", () => socket.destroy());
    const { remotePort } = socket;
    if (remotePort === undefined) return;
    sockets.set(remotePort, socket);
    socket.once("close", () => sockets.delete(remotePort));
  });
  const open = async (at: number) => {
    server.listen(at, "127.0.0.1");
    await once(server, "listening");
  };
  const goDown = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets.values()) socket.resetAndDestroy();
    await closed;
  };
  await open(port);
  const chosen = (server.address() as AddressInfo).port;
  return {
    server,
    port: chosen,
    get connections() {
      return connections;
    },
    tcpOf: (remotePort) => (remotePort === undefined ? undefined : sockets.get(remotePort)),
    goDown,
    comeBack: () => open(chosen),
    [Symbol.asyncDispose]: goDown,
  };
}
