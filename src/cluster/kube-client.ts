import {
  ApiException,
  AppsV1Api,
  AuthorizationV1Api,
  CoordinationV1Api,
  CoreV1Api,
  DiscoveryV1Api,
  HttpMethod,
  type KubeConfig,
  NetworkingV1Api,
  RequestContext,
} from "@kubernetes/client-node";
import { request as ask } from "undici";
import type { ClientOptions } from "ws";
import { NetcheckError } from "../core/errors.ts";
import { say } from "../core/sentence.ts";
import { shareConnections } from "./dispatcher.ts";
import type { ExecAccess } from "./exec.ts";
import { parseKubeStatus } from "./exec-status.ts";
import { type KubeConfigSource, loadKubeConfig } from "./kube-config.ts";
import { readListStream } from "./list-stream.ts";

const DEADLINE_MS = 10_000;
const PAGE = 500;

/** What a call does, as RBAC words it: `{ verb: "list", resource: "pods" }`. Used in messages only. */
export type ApiCall = { readonly verb: string; readonly resource: string; readonly name?: string };

/** The API of one cluster. `call` is the way in: it bounds a request and turns its failure into a NetcheckError. */
export type Kube = {
  readonly config: KubeConfig;
  readonly exec: ExecAccess;
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly discovery: DiscoveryV1Api;
  readonly coordination: CoordinationV1Api;
  readonly authorization: AuthorizationV1Api;
  readonly networking: NetworkingV1Api;
  /**
   * What `keep` makes of one page of a list, whose objects are as the API wrote them. For long lists of which little is kept:
   * generated calls hold whole pages, and make an instance of a class of every part of every object. To be used through `call`.
   */
  readonly plainPage: <T, K>(path: string, query: PageQuery, keep: (object: T) => K) => Promise<Page<K>>;
  readonly call: <T>(what: ApiCall, request: () => Promise<T>, options?: { deadlineMs?: number }) => Promise<T>;
  readonly close: () => Promise<void>;
};

export function connectKube(source: KubeConfigSource, { headersTimeoutMs }: { headersTimeoutMs?: number } = {}): Kube {
  const { config, refresh } = loadKubeConfig(source);
  const close = shareConnections(config, headersTimeoutMs === undefined ? {} : { headersTimeoutMs });
  return {
    config,
    exec: {
      server: () => {
        refresh();
        const cluster = config.getCurrentCluster();
        if (!cluster) throw new NetcheckError("bad-config", "The kubeconfig names no cluster.");
        return cluster.server;
      },
      options: async () => {
        const options: ClientOptions = {};
        await config.applyToHTTPSOptions(options);
        // client-node caches its agent by names, so a rotated certificate would not be seen. A proxy needs the agent.
        if (!config.getCurrentCluster()?.proxyUrl) delete options.agent;
        return options;
      },
    },
    core: config.makeApiClient(CoreV1Api),
    apps: config.makeApiClient(AppsV1Api),
    discovery: config.makeApiClient(DiscoveryV1Api),
    coordination: config.makeApiClient(CoordinationV1Api),
    authorization: config.makeApiClient(AuthorizationV1Api),
    networking: config.makeApiClient(NetworkingV1Api),
    plainPage: (path, query, keep) => plainPage(config, path, query, keep),
    call: async (what, request, { deadlineMs = DEADLINE_MS } = {}) => {
      refresh();
      try {
        return await withDeadline(request(), deadlineMs);
      } catch (error) {
        throw apiFailure(error, what);
      }
    },
    close,
  };
}

async function plainPage<T, K>(
  config: KubeConfig,
  path: string,
  { limit, _continue }: PageQuery,
  keep: (object: T) => K,
): Promise<Page<K>> {
  const url = new URL((config.getCurrentCluster()?.server ?? "") + path);
  url.searchParams.set("limit", `${limit}`);
  if (_continue !== undefined) url.searchParams.set("continue", _continue);
  const context = new RequestContext(url.toString(), HttpMethod.GET);
  await config.applySecurityAuthentication(context);
  const dispatcher = context.getDispatcher();
  const { statusCode, body } = await ask(url, {
    headers: context.getHeaders(),
    ...(dispatcher && { dispatcher }),
  });
  if (statusCode !== 200) throw new ApiException(statusCode, "list", await body.text(), {});
  const items: K[] = [];
  // As good as the API's own types.
  const { continue: next, ...rest } = await readListStream(body, (object) => items.push(keep(object as T)));
  return { items, metadata: { ...rest, _continue: next } };
}

/**
 * For lists that a field narrows down: the API server answers from its memory. Without it servers before 1.31 read every object
 * of the kind from etcd to find one. Such an answer may be some moments old, and knows no limit, so it must be short by nature.
 */
export const fromCache = { resourceVersion: "0" } as const;

export type PageQuery = { limit: number; _continue?: string };
export type Page<T> = {
  items: T[];
  metadata?:
    | {
        _continue?: string | undefined;
        remainingItemCount?: number | undefined;
        resourceVersion?: string | undefined;
      }
    | undefined;
};

/**
 * All pages of a list, at most `max` objects. Of each page only what `keep` makes of it is held, so that a long list takes no
 * more memory than is kept. `complete` is false when there were more; `version` is that of the last page.
 */
export async function listPages<T, K = T>(
  page: (query: PageQuery) => Promise<Page<T>>,
  { max, keep }: { readonly max: number; readonly keep: (item: T) => K | readonly K[] },
): Promise<{ items: K[]; complete: boolean; version: string | undefined }> {
  const items: K[] = [];
  let read = 0;
  let next: string | undefined;
  let version: string | undefined;
  do {
    const got = await page({ limit: Math.min(PAGE, max - read), ...(next ? { _continue: next } : {}) });
    const wanted = got.items.slice(0, max - read);
    read += got.items.length;
    items.push(...wanted.flatMap(keep));
    next = got.metadata?._continue || undefined;
    version = got.metadata?.resourceVersion;
  } while (next !== undefined && read < max);
  return { items, complete: next === undefined && read <= max, version };
}

async function withDeadline<T>(work: Promise<T>, deadlineMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new NetcheckError(
        "cluster-unreachable",
        say("The API server did not answer within {seconds} s.", { seconds: deadlineMs / 1000 }),
      ),
    );
  }, deadlineMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** The one place where failures of API calls get their meaning. What is not listed is a bug and stays as it is. */
export function apiFailure(error: unknown, { verb, resource, name }: ApiCall): unknown {
  if (error instanceof NetcheckError || !(error instanceof Error)) return error;
  const object = name === undefined ? resource : `${resource} ${name}`;
  const code = "code" in error && typeof error.code === "number" ? error.code : undefined;
  const body = "body" in error && typeof error.body === "string" ? parseKubeStatus(error.body) : undefined;
  const said = body?.message ?? (code === undefined ? rootCause(error) : `HTTP ${code}`);
  if (code === 404)
    return new NetcheckError("not-found", say("There is no {name}.", { name: object }), { cause: error });
  if (code === 401)
    return new NetcheckError("forbidden", say("The API server does not accept netcheck's credentials."), {
      hint: say("Renew the worker's token or certificate."),
      cause: error,
    });
  if (code === 403)
    return new NetcheckError("forbidden", say("netcheck may not {verb} {object}.", { verb, object }), {
      hint: say("Grant the verb {verb} on {resource} to the worker's service account.", { verb, resource }),
      cause: error,
    });
  if (code === undefined || code === 408 || code === 410 || code === 429 || code >= 500) {
    const networkTrouble = code !== undefined || error.cause instanceof Error;
    if (!networkTrouble) return error;
    return new NetcheckError(
      "cluster-unreachable",
      say("The API server could not {verb} {object}: {said}.", { verb, object, said }),
      {
        cause: error,
      },
    );
  }
  return error;
}

/** `fetch failed` says nothing; the innermost cause does. */
function rootCause(error: Error): string {
  let inner: Error = error;
  for (let depth = 0; depth < 5 && inner.cause instanceof Error; depth++) inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors[0] instanceof Error) inner = inner.errors[0];
  return inner.message;
}
