import { createHash } from "node:crypto";
import type { AgentOptions } from "node:https";
import type { Cluster, KubeConfig } from "@kubernetes/client-node";
import { Agent, type buildConnector, type Dispatcher } from "undici";

const CONNECT_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 20_000;
const MAX_CONNECTIONS = 16;
/** Credentials rotate a few times a day; older connections than these are not needed any more. */
const MAX_DISPATCHERS = 8;

/** How netcheck names itself to API servers: their audit logs show it. */
export const USER_AGENT = "netcheck";

/** The private method of KubeConfig that is replaced, see ADR 031. A test counts connections, so a change is noticed. */
type Patched = { createDispatcher: (cluster: Cluster | null, options: AgentOptions) => Dispatcher | undefined };

/**
 * Makes a KubeConfig reuse connections and give up on a dead server. As it ships it opens one TLS connection per API call
 * and waits 300 s for headers. The body timeout stays off, because watches are quiet: bound reads by a deadline of their own.
 * Returns what closes the connections.
 */
export function shareConnections(
  config: KubeConfig,
  { headersTimeoutMs = HEADERS_TIMEOUT_MS } = {},
): () => Promise<void> {
  const cache = new Map<string, Dispatcher>();
  const patched = config as unknown as Patched;
  const original = patched.createDispatcher.bind(config);
  patched.createDispatcher = (cluster, options) => {
    const wanted = config.createDispatcherOptions(cluster, options);
    if (wanted.type === "none") return original(cluster, options);
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    const id = createHash("sha256");
    for (const part of [cluster?.server, cluster?.proxyUrl, ca, cert, key, servername, rejectUnauthorized])
      id.update(`${typeof part} ${String(part)}\n`);
    const name = id.digest("hex");
    const known = cache.get(name);
    if (known) return known;
    const dispatcher =
      wanted.type === "agent"
        ? new Agent({
            // Both packages take the options of tls.connect; only their optional properties are typed differently.
            connect: { ...wanted.connect, timeout: CONNECT_TIMEOUT_MS } as buildConnector.BuildOptions,
            headersTimeout: headersTimeoutMs,
            bodyTimeout: 0,
            connections: MAX_CONNECTIONS,
          })
        : original(cluster, options);
    const made = dispatcher?.compose(named);
    if (made) cache.set(name, made);
    const oldest = cache.size > MAX_DISPATCHERS ? cache.entries().next().value : undefined;
    if (oldest) {
      cache.delete(oldest[0]);
      void oldest[1].close();
    }
    return made;
  };
  return async () => {
    await Promise.all([...cache.values()].map((dispatcher) => dispatcher.destroy()));
    cache.clear();
  };
}

/** fetch hands all headers over as an object, in the spelling of whoever set them: client-node its own name for API calls. */
const named: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const { "User-Agent": _, ...headers } = options.headers as Record<string, string>;
  return dispatch({ ...options, headers: { ...headers, "user-agent": USER_AGENT } }, handler);
};
