import { once } from "node:events";
import { request as ask, createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { selfSigned } from "./throwaway-tls.ts";

/** A proxy that ends TLS in front of an API server. It may refuse WebSockets, or show the server's clock another way. */
export async function oddProxy(target: string) {
  const proxy = { aheadMs: 0, refusesWebSockets: false };
  const pair = selfSigned();
  const sockets = new Set<Duplex>();
  const server = createServer(pair, (incoming, response) => {
    const { method, headers } = incoming;
    const forward = ask(new URL(incoming.url ?? "/", target), {
      method,
      headers,
      rejectUnauthorized: false,
      agent: false,
    });
    forward.on("error", () => response.destroy());
    forward.on("response", (answer) => {
      const date = new Date(Date.now() + proxy.aheadMs).toUTCString();
      response.writeHead(answer.statusCode ?? 502, { ...answer.headers, date });
      answer.pipe(response);
    });
    incoming.pipe(forward);
  });
  server.on("upgrade", ({ url = "/", headers }, socket) => {
    socket.on("error", () => socket.destroy());
    if (proxy.refusesWebSockets) return void socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    const forward = ask(new URL(url, target), { headers, rejectUnauthorized: false, agent: false }).end();
    forward.on("error", () => socket.destroy());
    forward.on("upgrade", (answer, far, head) => {
      far.on("error", () => socket.destroy());
      const lines = answer.rawHeaders.flatMap((name, at, all) => (at % 2 === 0 ? [`${name}: ${all[at + 1]}`] : []));
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
      socket.write(head);
      far.pipe(socket).pipe(far);
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(proxy, {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: Buffer.from(pair.cert).toString("base64"),
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  });
}
