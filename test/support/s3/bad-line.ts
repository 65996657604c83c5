import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";

/** What the line does to connections that are made from now on. */
type Mood =
  | "fine"
  | "refuse"
  | "silent"
  | { readonly cutAfter: number }
  | { readonly flipEvery: number }
  | { readonly trickleAfter: number };

/** A TCP relay in front of a server that goes away, falls silent, answers a byte at a time, cuts after so many bytes, or flips a bit in each Nth byte of the client. */
export async function badLine(to: number) {
  const sockets = new Set<Socket>();
  const line = { mood: "fine" as Mood, connections: 0 };
  const server = createServer((client) => {
    line.connections++;
    const { mood } = line;
    sockets.add(client);
    client.on("error", () => {});
    if (mood === "refuse") return void client.resetAndDestroy();
    if (mood === "silent") return void client.resume();
    const far = dial(to, "127.0.0.1");
    sockets.add(far);
    far.on("error", () => client.destroy());
    client.on("close", () => far.destroy());
    far.on("close", () => client.destroy());
    let passed = 0;
    const count = (chunk: Buffer): void => {
      passed += chunk.length;
      if (typeof mood === "object" && "cutAfter" in mood && passed > mood.cutAfter) client.resetAndDestroy();
    };
    let sent = 0;
    client.on("data", (chunk: Buffer) => {
      count(chunk);
      const every = typeof mood === "object" && "flipEvery" in mood ? mood.flipEvery : Number.POSITIVE_INFINITY;
      for (let at = every - 1 - (sent % every); at < chunk.length; at += every)
        chunk.writeUInt8(chunk.readUInt8(at) ^ 1, at);
      sent += chunk.length;
    });
    far.on("data", count);
    client.pipe(far);
    if (typeof mood !== "object" || !("trickleAfter" in mood)) return void far.pipe(client);
    const waiting: number[] = [];
    const timer = setInterval(() => {
      const [byte] = waiting.splice(0, 1);
      if (byte !== undefined) client.write(Buffer.of(byte));
    }, 20);
    client.on("close", () => clearInterval(timer));
    let answered = 0;
    far.on("data", (chunk: Buffer) => {
      const fast = Math.max(0, mood.trickleAfter - answered);
      client.write(chunk.subarray(0, fast));
      waiting.push(...chunk.subarray(fast));
      answered += chunk.length;
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(line, {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}
