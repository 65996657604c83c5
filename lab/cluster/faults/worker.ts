import { once } from "node:events";
import type { LabPod } from "../model.ts";
import { tailOf } from "../processes.ts";
import type { LabParts } from "./fault.ts";

/** A program that runs in a pod's container beside its server. */
type Worker = {
  readonly tell: (line: string) => void;
  /** Its exit code; 137 when it was killed. */
  readonly exited: Promise<number>;
  readonly stop: () => Promise<void>;
};

/** Starts `worker.py` in a pod's container: in its namespaces and its cgroup. Resolves when it is at work. */
export async function startWorker({ pods }: LabParts, pod: LabPod, words: readonly string[]): Promise<Worker> {
  const container = pod.containers[0]?.name ?? "";
  const child = pods.exec(pod, container, ["/usr/bin/python3", "-ESs", "/srv/app/worker.py", ...words]);
  const log = tailOf(child);
  child.stdin?.on("error", () => {});
  const exited = new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? 137)));
  const ready = once(child.stdout ?? child, "data");
  await Promise.race([
    ready,
    exited.then((code) => Promise.reject(new Error(`the worker in ${pod.name} ended with ${code}: ${log()}`))),
  ]);
  return {
    tell: (line) => void child.stdin?.write(`${line}\n`),
    exited,
    async stop() {
      child.stdin?.end();
      await exited;
    },
  };
}

/** Undoes in a pod's container only what was done in its present life. */
export function whileContainerLives(pod: LabPod, undo: () => Promise<void>): () => Promise<void> {
  const life = pod.containers[0]?.containerId;
  return async () => {
    if (pod.containers[0]?.containerId === life && pod.containers[0]?.state === "running") await undo();
  };
}
