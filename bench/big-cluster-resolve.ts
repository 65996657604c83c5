import { agentsOf } from "#src/cluster/agents.ts";
import { connectKube } from "#src/cluster/kube-client.ts";
import { readNames } from "#src/cluster/names.ts";
import { resolver } from "#src/cluster/resolve.ts";
import { readView } from "#src/cluster/view.ts";
import { NetcheckError } from "#src/core/errors.ts";
import type { Target } from "#src/core/target.ts";

/** How long a target took, and what it was found to be or why it was refused. */
export type Resolved = { readonly ms: number; readonly cpuMs: number; readonly what: string };

// A worker's way from a name to an end of the path, for the bench that sends targets. All names are listed once before, as a
// worker has them; agents are asked for anew each time.
const kube = connectKube({ kubeconfig: process.argv[2] });
const began = performance.now();
const names = await readNames(kube);
process.send?.({ namesMs: performance.now() - began });

const from: Target = { kind: "pod", namespace: "shop", name: "web-0" };

process.on("message", (target: Target) => {
  void resolve(target).then((resolved) => process.send?.(resolved));
});

async function resolve(target: Target): Promise<Resolved> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const agents = agentsOf(kube, { namespace: "netcheck" });
  const find = resolver({ kube, agents, readNames: async () => names });
  const view = await readView({ kube, agents }, { about: { targets: [from, target] } });
  const what = await find(target, view).then(
    ({ name }) => name,
    (error: unknown) => {
      if (error instanceof NetcheckError) return error.message;
      throw error;
    },
  );
  const { user, system } = process.cpuUsage(cpu);
  return { ms: performance.now() - start, cpuMs: (user + system) / 1_000, what };
}
