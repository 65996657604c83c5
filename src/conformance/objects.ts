import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { parseKubeStatus } from "../cluster/exec-status.ts";
import type { ApiCall, Kube } from "../cluster/kube-client.ts";
import { NetcheckError } from "../core/errors.ts";
import {
  LABEL,
  NAME,
  namespaceLabels,
  type Placement,
  podManifest,
  podNames,
  policyManifest,
  serviceManifests,
} from "./workload.ts";

const TRIES = 6;
const FIRST_PAUSE_MS = 300;
const LOOK_MS = 400;

/** The objects of one run in their namespace. Calls that an API server refuses for the moment are made again. */
export type Objects = {
  readonly namespace: string;
  /** Throws `NetcheckError` with the API server's words. */
  readonly create: (placement: Omit<Placement, "namespace">) => Promise<void>;
  /** Pods that are not ready after so long, each with the reason. Empty: all are. */
  readonly unready: (limitMs: number, signal: AbortSignal) => Promise<readonly string[]>;
  /** What is left of the namespace after so long; undefined when it is gone. */
  readonly remove: (limitMs: number) => Promise<string | undefined>;
  /** Namespaces of earlier runs that are still there. */
  readonly earlier: () => Promise<readonly string[]>;
};

export function conformanceObjects(kube: Kube, namespace: string): Objects {
  const call = <T>(what: ApiCall, request: () => Promise<T>): Promise<T> => steady(() => kube.call(what, request));

  const pods = async (): Promise<V1Pod[]> =>
    (await call({ verb: "list", resource: "pods" }, () => kube.core.listNamespacedPod({ namespace }))).items;

  /** What an answer that was lost has made already is not made again: the name is this run's alone. */
  const make = async (resource: string, request: () => Promise<unknown>): Promise<void> => {
    try {
      await call({ verb: "create", resource }, request);
    } catch (error) {
      if (codeOf(error) !== 409) throw new NetcheckError("forbidden", wordsOf(error), { cause: error });
    }
  };

  return {
    namespace,
    async create(where) {
      const placement = { ...where, namespace };
      const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: namespaceLabels } };
      await make("namespaces", () => kube.core.createNamespace({ body }));
      await make("networkpolicies", () =>
        kube.networking.createNamespacedNetworkPolicy({ namespace, body: policyManifest(namespace) }),
      );
      for (const service of serviceManifests(namespace))
        await make("services", () => kube.core.createNamespacedService({ namespace, body: service }));
      // The default service account comes a moment after the namespace; until then pods are refused.
      for (const name of podNames)
        await patiently(() =>
          make("pods", () => kube.core.createNamespacedPod({ namespace, body: podManifest(name, placement) })),
        );
    },
    async unready(limitMs, signal) {
      const endMs = Date.now() + limitMs;
      for (;;) {
        const waiting = (await pods()).filter((pod) => !isReady(pod));
        if (waiting.length === 0) return [];
        if (Date.now() > endMs || signal.aborted) return await Promise.all(waiting.map((pod) => why(pod)));
        await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
      }
    },
    async remove(limitMs) {
      const endMs = Date.now() + limitMs;
      try {
        await call({ verb: "delete", resource: "namespaces" }, () => kube.core.deleteNamespace({ name: namespace }));
        for (;;) {
          const { status } = await call({ verb: "get", resource: "namespaces" }, () =>
            kube.core.readNamespace({ name: namespace }),
          );
          if (Date.now() > endMs) return await leftIn(status);
          await sleep(LOOK_MS);
        }
      } catch (error) {
        if (error instanceof NetcheckError && error.code === "not-found") return undefined;
        return wordsOf(error);
      }
    },
    async earlier() {
      const labelSelector = `${LABEL}=${NAME}`;
      const { items } = await call({ verb: "list", resource: "namespaces" }, () =>
        kube.core.listNamespace({ labelSelector }),
      );
      return items.flatMap(({ metadata }) => (metadata?.name && metadata.name !== namespace ? [metadata.name] : []));
    },
  };

  async function leftIn(status: { phase?: string; conditions?: { message?: string; status: string }[] } | undefined) {
    const left = (await pods()).map(({ metadata }) => `pod ${metadata?.name}`);
    const said = (status?.conditions ?? []).flatMap((one) =>
      one.status === "True" && one.message ? [one.message] : [],
    );
    return [`it is ${status?.phase ?? "there"}`, ...said, ...left].join("; ");
  }

  async function why(pod: V1Pod): Promise<string> {
    const name = pod.metadata?.name ?? "";
    const { items } = await call({ verb: "list", resource: "events" }, () =>
      kube.core.listNamespacedEvent({ namespace, fieldSelector: `involvedObject.name=${name}` }),
    ).catch(() => ({ items: [] }));
    const warned = items.filter(({ type }) => type === "Warning").at(-1)?.message;
    return `${name} on ${pod.spec?.nodeName ?? "no node"}: ${[reasonOf(pod), ...(warned ? [warned] : [])].join(", ")}`;
  }
}

const isReady = ({ status }: V1Pod): boolean =>
  status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;

function reasonOf({ status }: V1Pod): string {
  const container = status?.containerStatuses?.[0];
  const unplaced = status?.conditions?.find((one) => one.type === "PodScheduled" && one.status === "False")?.message;
  const stopped = container?.state?.waiting?.reason ?? container?.state?.terminated?.reason;
  return stopped ?? unplaced ?? status?.reason ?? `${status?.phase ?? "unknown"}, and not ready`;
}

/** The API server's own words where there are some: of admission, of a quota. */
export function wordsOf(error: unknown): string {
  const cause = error instanceof NetcheckError ? error.cause : error;
  const body = cause instanceof Error && "body" in cause && typeof cause.body === "string" ? cause.body : "";
  return parseKubeStatus(body)?.message ?? (error instanceof Error ? error.message : String(error));
}

function codeOf(error: unknown): number | undefined {
  const cause = error instanceof NetcheckError ? error.cause : error;
  return cause instanceof Error && "code" in cause && typeof cause.code === "number" ? cause.code : undefined;
}

/** Again when the API server is busy or away. */
export async function steady<T>(attempt: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++)
    try {
      return await attempt();
    } catch (error) {
      const passes = error instanceof NetcheckError && error.code === "cluster-unreachable";
      if (!passes || failures >= TRIES) throw error;
      await sleep(FIRST_PAUSE_MS * 2 ** Math.min(failures, 4));
    }
}

/** Again while there is no default service account. */
async function patiently(attempt: () => Promise<void>): Promise<void> {
  for (let failures = 0; ; failures++)
    try {
      return await attempt();
    } catch (error) {
      if (!/serviceaccount .* not found/.test(wordsOf(error)) || failures >= TRIES) throw error;
      await sleep(FIRST_PAUSE_MS * 2 ** Math.min(failures, 4));
    }
}
