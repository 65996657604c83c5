import { readFileSync, statSync } from "node:fs";
import { delimiter, dirname, resolve } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";
import { z } from "zod";
import { NetcheckError } from "../core/errors.ts";

export type KubeConfigSource = {
  /** As in KUBECONFIG: one or more paths. Absent: ~/.kube/config, else the service account of this pod. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
};

export type LoadedConfig = {
  readonly config: KubeConfig;
  /** Reads the files again when one of them has changed. A half-written file leaves everything as it was. */
  readonly refresh: () => void;
};

/** What client-node ignores: bearer tokens that lie in a file of their own. */
const usersSchema = z.object({
  users: z
    .array(z.object({ name: z.string(), user: z.object({ tokenFile: z.string().optional() }).nullish() }))
    .nullish(),
});

/** Loads the cluster access. Throws NetcheckError `bad-config` that names the file, or the contexts there are. */
export function loadKubeConfig({ kubeconfig, context }: KubeConfigSource): LoadedConfig {
  const paths = kubeconfig?.split(delimiter).filter(Boolean) ?? [];
  const config = new KubeConfig();
  let seen = "";
  let tokenFiles = new Map<string, string>();

  const load = () => {
    const fresh = new KubeConfig();
    if (paths.length === 0) fresh.loadFromDefault();
    for (const [index, path] of paths.entries()) {
      if (index === 0) fresh.loadFromFile(path);
      else {
        const more = new KubeConfig();
        more.loadFromFile(path);
        fresh.mergeConfig(more, true); // as kubectl: the first file's context is current
      }
    }
    tokenFiles = new Map(paths.flatMap(tokenFilesIn));
    const users = fresh.getUsers().map((user) => {
      const file = tokenFiles.get(user.name);
      return file === undefined ? user : { ...user, token: readFileSync(file, "utf8").trim() };
    });
    if (context !== undefined) fresh.setCurrentContext(context);
    config.loadFromOptions({
      clusters: fresh.getClusters(),
      contexts: fresh.getContexts(),
      users,
      currentContext: fresh.getCurrentContext(),
    });
    seen = stamp();
  };
  const stamp = () =>
    [...paths, ...tokenFiles.values()]
      .map((path) => `${path} ${statSync(path, { throwIfNoEntry: false })?.mtimeMs}`)
      .join("\n");

  try {
    load();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NetcheckError("bad-config", `The kubeconfig ${paths.join(", ") || "(default)"} cannot be read: ${why}.`, {
      hint: "Set KUBECONFIG to a file that kubectl accepts.",
      cause,
    });
  }
  requireCluster(config, context);
  return {
    config,
    refresh: () => {
      if (stamp() === seen) return;
      try {
        load();
      } catch {
        // Somebody is writing it; what was loaded before stays in use, and the next call looks again.
      }
    },
  };
}

function tokenFilesIn(path: string): [string, string][] {
  const parsed = usersSchema.safeParse(parse(readFileSync(path, "utf8")));
  return (parsed.data?.users ?? []).flatMap(({ name, user }) =>
    user?.tokenFile === undefined ? [] : [[name, resolve(dirname(path), user.tokenFile)]],
  );
}

function requireCluster(config: KubeConfig, context: string | undefined): void {
  const cluster = config.getCurrentCluster();
  const nothingFound = cluster?.name === "cluster" && cluster.server === "http://localhost:8080";
  if (cluster && !nothingFound) return;
  const names = config.getContexts().map(({ name }) => name);
  if (nothingFound)
    throw new NetcheckError("bad-config", "There is no kubeconfig and no service account.", {
      hint: "Set KUBECONFIG, or run the worker inside the cluster.",
    });
  throw new NetcheckError(
    "bad-config",
    `The kubeconfig has no context ${JSON.stringify(context ?? config.getCurrentContext())}.`,
    { hint: `Set NETCHECK_KUBE_CONTEXT to one of: ${names.join(", ") || "(it has none)"}.` },
  );
}
