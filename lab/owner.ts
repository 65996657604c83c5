import { mkdirSync } from "node:fs";
import { startApi } from "./cluster/api/server.ts";
import { startCluster } from "./cluster/cluster.ts";
import type { Topology } from "./cluster/topology.ts";
import { serveControl } from "./control.ts";
import { announce, labFolder, type RunningLab, removeFolder, withdraw } from "./state-folder.ts";

export type OwnedLab = AsyncDisposable & {
  readonly running: RunningLab;
  readonly cluster: Awaited<ReturnType<typeof startCluster>>;
  readonly api: Awaited<ReturnType<typeof startApi>>;
};

type OwnerOptions = {
  readonly name: string;
  /** Called when somebody asks for the end from outside: `lab down`. */
  readonly onDown: () => void;
  readonly page?: string;
};

/**
 * Brings up a cluster with its API and control address, owned by this process: when it ends, by whatever means,
 * everything ends. Announces itself in the data directory, so that `lab fault` and a KUBECONFIG-less `netcheck check`
 * find it.
 */
export async function ownLab(topology: Topology, { name, onDown, page }: OwnerOptions): Promise<OwnedLab> {
  const dir = labFolder(name);
  mkdirSync(dir, { recursive: true });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => removeFolder(name));
  const cluster = await startCluster(topology, { dir });
  stack.defer(() => cluster.stop());
  const api = stack.use(await startApi({ model: cluster, dir }));
  const control = stack.use(await serveControl(cluster, onDown));
  const running: RunningLab = {
    name,
    pid: process.pid,
    control: { url: control.url, token: control.token },
    kubeconfig: api.kubeconfig,
    workerKubeconfig: api.workerKubeconfig,
    ...(page === undefined ? {} : { page }),
  };
  announce(running);
  stack.defer(() => withdraw(name));
  const owned = stack.move();
  return { running, cluster, api, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
