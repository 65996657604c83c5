import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import type { LabCluster } from "./cluster/cluster.ts";

const MAX_BODY_BYTES = 100_000;

const faultSchema = z.object({ id: z.string(), description: z.string(), active: z.boolean().optional() });
export type ListedFault = z.infer<typeof faultSchema>;

export type Control = AsyncDisposable & { readonly url: string; readonly token: string };

/**
 * Lets other processes of this user break and mend a running lab: `POST /faults` (a fault as in a scenario file),
 * `GET /faults`, `DELETE /faults`, `POST /down`. Loopback only, and only with the token.
 */
export async function serveControl(cluster: LabCluster, down: () => void): Promise<Control> {
  const token = randomBytes(16).toString("hex");
  const server = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${token}`) return answer(response, 401, { error: "wrong token" });
    handle(cluster, down, request).then(
      (value) => answer(response, 200, value),
      (error: unknown) => answer(response, 400, { error: error instanceof Error ? error.message : String(error) }),
    );
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function handle(cluster: LabCluster, down: () => void, request: IncomingMessage): Promise<unknown> {
  const route = `${request.method} ${request.url}`;
  switch (route) {
    case "GET /faults":
      return cluster.fault.list();
    case "POST /faults":
      return cluster.fault.add(JSON.parse(await bodyOf(request)));
    case "DELETE /faults":
      await cluster.fault.clear();
      return [];
    case "POST /down":
      setImmediate(down);
      return {};
    default:
      throw new Error(`${route} is not offered here`);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += (part as Buffer).length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`more than ${MAX_BODY_BYTES} bytes`);
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString("utf8");
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value ?? null));
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
}

type Verb = { readonly method: "GET" | "POST" | "DELETE"; readonly path: "/faults" | "/down"; readonly body?: unknown };

/** Asks the owner of a running lab. Throws with the owner's own words when it refuses. */
export async function askControl(
  control: { url: string; token: string },
  { method, path, body }: Verb,
): Promise<unknown> {
  const response = await fetch(new URL(path, control.url), {
    method,
    headers: { authorization: `Bearer ${control.token}` },
    signal: AbortSignal.timeout(60_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const value: unknown = await response.json();
  if (!response.ok) throw new Error(z.object({ error: z.string() }).parse(value).error);
  return value;
}

export const parseFaults = (value: unknown): ListedFault[] => z.array(faultSchema).parse(value);
export const parseFault = (value: unknown): ListedFault => faultSchema.parse(value);
