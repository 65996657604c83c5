import { z } from "zod";
import { findPod } from "../names.ts";
import { defineFault } from "./fault.ts";
import { whileContainerLives } from "./worker.ts";

/** Prints the limit that it replaces. The server is the first process of its container. */
const LOWER =
  'set -eu; prlimit --pid 1 --nofile --raw --noheadings -o SOFT; n=$(ls /proc/1/fd | wc -l); prlimit --pid 1 --nofile="$((n + $1)):"';

/** The server of the pod may open no more files than it has open now, and `spare` more: it cannot take connections. */
export const fdLimit = defineFault(
  "fd-limit",
  { pod: z.string("must be a pod"), spare: z.number().int().min(0).max(10_000).default(0) },
  {
    prepare({ pod: text, spare }, lab) {
      const pod = findPod(lab.store, text);
      return {
        description: `the server of pod ${pod.namespace}/${pod.name} may open ${spare} more files`,
        async apply() {
          const before = (await lab.pods.run(pod, ["sh", "-c", LOWER, "sh", String(spare)])).trim();
          return whileContainerLives(pod, async () => {
            await lab.pods.run(pod, ["prlimit", "--pid", "1", `--nofile=${before}:`]);
          });
        },
      };
    },
  },
);
