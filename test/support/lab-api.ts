import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request as startRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { parse } from "yaml";
import { z } from "zod";
import type { ApiFaults } from "#lab/cluster/api/faults.ts";
import { type LabApi, startApi } from "#lab/cluster/api/server.ts";
import type { Crowds } from "#lab/cluster/api/store.ts";
import { type MemoryLab, memoryLab } from "./lab-model.ts";

type Who = "admin" | "worker" | "nobody";
type Ask = {
  readonly who?: Who;
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
};
type Answer = { readonly status: number; readonly headers: IncomingMessage["headers"]; readonly text: string };

/** The API stand-in in front of a cluster in memory, and plain ways to talk to it. */
export type TestApi = AsyncDisposable & {
  readonly lab: MemoryLab;
  readonly api: LabApi;
  readonly dir: string;
  /** The file in which the stand-in notes what netcheck did, when asked to. */
  readonly calls: string;
  /** One request on a connection of its own. */
  readonly ask: (path: string, options?: Ask) => Promise<Answer>;
  /** Like `ask`, with the body parsed; for shapes that a test is about to check. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of many shapes and fail when a field is not there.
  readonly json: (path: string, options?: Ask) => Promise<any>;
  /** The lines of a stream, as they come; ends when the server ends it. */
  readonly lines: (path: string, options?: Ask) => AsyncIterable<string>;
  readonly dial: (path: string, protocols: readonly string[], who?: Who) => WebSocket;
};

export async function testApi(
  faults: Partial<ApiFaults> = {},
  { noteCalls = false, crowds = {} }: { noteCalls?: boolean; crowds?: Crowds } = {},
): Promise<TestApi> {
  const dir = await mkdtemp(join(tmpdir(), "netcheck-api-"));
  const lab = memoryLab();
  const calls = join(dir, "calls");
  const api = await startApi({ model: lab.model, dir, faults, crowds, ...(noteCalls && { calls }) });
  const admin = await credentials(api.kubeconfig);
  const { token } = await credentials(api.workerKubeconfig);
  const tokens: Record<Who, string | undefined> = { admin: admin.token, worker: token, nobody: undefined };
  const { ca } = admin;
  const headersFor = (who: Who) => (tokens[who] ? { Authorization: `Bearer ${tokens[who]}` } : {});

  const open = async (path: string, { who = "admin", method = "GET", body, headers }: Ask = {}) => {
    const options = { method, ca, agent: false, headers: { ...headersFor(who), ...headers } };
    const request = startRequest(`${api.url}${path}`, options).end(body);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    // From here on the response tells about a lost connection.
    request.on("error", () => {});
    return response;
  };
  const ask = async (path: string, options?: Ask): Promise<Answer> => {
    const response = await open(path, options);
    const text = Buffer.concat(await response.toArray()).toString("utf8");
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  };
  return {
    lab,
    api,
    dir,
    calls,
    ask,
    json: async (path, options) => JSON.parse((await ask(path, options)).text),
    async *lines(path, options) {
      const response = await open(path, options);
      try {
        yield* createInterface({ input: response });
      } finally {
        response.destroy();
      }
    },
    dial: (path, protocols, who = "admin") =>
      new WebSocket(`${api.url}${path}`, [...protocols], { ca, headers: headersFor(who), perMessageDeflate: false }),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      lab[Symbol.dispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const kubeconfigSchema = z.object({
  clusters: z.tuple([z.object({ cluster: z.object({ "certificate-authority-data": z.base64() }) })]),
  users: z.tuple([z.object({ user: z.object({ token: z.string() }) })]),
});

async function credentials(kubeconfig: string): Promise<{ ca: string; token: string }> {
  const { clusters, users } = kubeconfigSchema.parse(parse(await readFile(kubeconfig, "utf8")));
  const ca = Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64").toString("utf8");
  return { ca, token: users[0].user.token };
}
