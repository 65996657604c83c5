import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { NetcheckError } from "./core/errors.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { judge, type Need } from "./readiness.ts";

const PLAIN = "text/plain; charset=utf-8";

export type Health = {
  readonly port: number;
  /** What `/readyz` looks at; the same name again replaces it. */
  readonly need: (name: string, need: Need) => void;
} & AsyncDisposable;

/**
 * Serves `/metrics`, `/livez` and `/readyz` to whoever asks: nothing secret is in them. Live is who answers at all, because then
 * the event loop turns. Throws `bad-config` when the port cannot be had.
 */
export async function startHealthServer({
  port,
  metrics,
  log,
}: {
  readonly port: number;
  readonly metrics: Metrics;
  readonly log: Log;
}): Promise<Health> {
  const needs = new Map<string, Need>();

  async function answer({ method, url = "/" }: IncomingMessage, response: ServerResponse): Promise<void> {
    const say = (code: number, type: string, body: string) =>
      response.writeHead(code, { "content-type": type, "cache-control": "no-store" }).end(body);
    if (method !== "GET" && method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return void say(405, PLAIN, "Only GET.\n");
    }
    switch (url.split("?", 1)[0]) {
      case "/livez":
        return void say(200, PLAIN, "ok\n");
      case "/readyz": {
        const { ready, lines } = await judge(needs);
        return void say(ready ? 200 : 503, PLAIN, `${lines.join("\n")}\n`);
      }
      case "/metrics":
        return void say(200, metrics.registry.contentType, await metrics.read());
      default:
        return void say(404, PLAIN, "There are /metrics, /livez and /readyz.\n");
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((err: unknown) => {
      log.error({ err, url: request.url }, "metrics cannot be told");
      if (!response.headersSent) response.writeHead(500, { "content-type": PLAIN });
      response.end();
    });
  });
  server.listen(port);
  try {
    await once(server, "listening");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    const why = code === "EADDRINUSE" ? "another program listens there" : `it cannot be opened (${String(code)})`;
    throw new NetcheckError("bad-config", `NETCHECK_METRICS_PORT is ${port}: ${why}.`, {
      hint: "Choose another port, or leave the variable empty to serve no metrics.",
      cause,
    });
  }
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    need: (name, need) => void needs.set(name, need),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
