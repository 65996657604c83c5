import { z } from "zod";
import { findPod } from "../names.ts";
import { defineFault } from "./fault.ts";
import { whileContainerLives } from "./worker.ts";

/** Prints the server's process and the limit that it replaces. */
const LOWER = `set -eu
for p in /proc/[0-9]*; do
  [ "$(tr '\\0' ' ' <$p/cmdline | cut -d' ' -f3)" = /srv/app/server.py ] && pid=\${p#/proc/}
done 2>/dev/null
echo "$pid $(prlimit --pid "$pid" --nofile --raw --noheadings -o SOFT)"
# A connection that comes and goes must not leave a number free: the lowest of several looks counts.
least=1000000
for look in 1 2 3 4 5 6 7 8 9 10; do
  n=0
  while [ -e "/proc/$pid/fd/$n" ]; do n=$((n + 1)); done
  [ $n -ge $least ] || least=$n
  sleep 0.05
done
prlimit --pid "$pid" --nofile="$((least + $1)):"`;

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
          const said = await lab.pods.run(pod, ["sh", "-c", LOWER, "sh", String(spare)]);
          const [pid = "", before = ""] = said.trim().split(" ");
          return whileContainerLives(pod, async () => {
            await lab.pods.run(pod, ["prlimit", "--pid", pid, `--nofile=${before}:`]);
          });
        },
      };
    },
  },
);
