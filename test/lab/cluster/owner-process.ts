import { startCluster } from "#lab/cluster/cluster.ts";
import { topologySchema } from "#lab/cluster/topology.ts";
import { agentOn, inPod, lost, roundTrips } from "./in-pod.ts";

/** Owns a lab until it is told to stop (a line on stdin) or is killed. Says on stdout what it saw in it. */
async function main(dir: string): Promise<void> {
  const lab = await startCluster(topologySchema.parse({ nodes: 2 }), { dir });
  const pod = lab.pods.get("default/web-0");
  const { stdout } = await inPod(lab, agentOn(lab, "node-1"), [
    "sh",
    "-c",
    `cat /proc/self/cgroup; mount; grep -l "pod${pod?.uid}" /proc/[0-9]*/cgroup`,
  ]);
  const saw = { lost: lost(await roundTrips(lab, "default/web-0", "default/db-0", { count: 3 })), agent: stdout };
  // Something busy in the agent's cgroup, in a pod, and held in the fabric: all of it must go, too.
  lab.exec(lab.pods.get(agentOn(lab, "node-2")) as never, "agent", ["sh", "-c", "setsid sleep 1000 & sleep 1000"]);
  lab.exec(pod as never, "web", ["sleep", "1000"]);
  await lab.fault.add({ kind: "delay", node: "node-2", delayMs: 20_000 });
  await lab.startNoise({ busyLoops: 1 });
  process.stdout.write(`${JSON.stringify(saw)}\n`);
  for await (const _ of process.stdin) break;
  await lab.stop();
  process.exit(0);
}

await main(process.argv[2] ?? "");
