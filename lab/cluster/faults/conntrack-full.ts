import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { findNode } from "../names.ts";
import { defineFault, machineOf, whileBooted } from "./fault.ts";

/** Entries left free, as on a node that just reached its limit. */
const FREE = 20;
/** Connections from the range for measuring networks, which nobody in a lab uses. */
const ENTRY = (n: number): string => {
  const client = `198.18.${(n >> 8) & 255}.${n & 255}`;
  const port = 1_025 + (n >> 16);
  return `-A -t 600 -u SEEN_REPLY,ASSURED -s ${client} -d 198.19.0.1 -r 198.19.0.1 -q ${client} -p tcp --sport ${port} --dport 443 --reply-port-src 443 --reply-port-dst ${port} --state ESTABLISHED\n`;
};

/** A node's connection table is full of connections that last. The limit itself is the whole machine's: it stays. */
export const conntrackFull = defineFault(
  "conntrack-full",
  { node: z.string("must be a node") },
  {
    prepare({ node }, lab) {
      const { name } = findNode(lab.store, node);
      const machine = machineOf(lab, name);
      if (machine.pid() === undefined) throw new NetcheckError("bad-config", `Node ${name} is down.`);
      return {
        description: `the connection table of ${name} is full`,
        async apply() {
          const proc = "/proc/sys/net/netfilter/nf_conntrack_";
          const numbers = await machine.run(["cat", `${proc}max`, `${proc}count`]);
          const [max = 0, count = 0] = numbers.trim().split("\n").map(Number);
          const lines = Array.from({ length: Math.max(0, max - count - FREE) }, (_, n) => ENTRY(n)).join("");
          const fill = 'f=$(mktemp); trap "rm -f $f" EXIT; cat >"$f"; conntrack -R "$f"';
          await machine.run(["sh", "-c", fill], { stdin: lines });
          return whileBooted(machine, async () => {
            // Taking out a quarter of a million entries one by one keeps the machine busy for half a minute. What else is
            // in the table comes back with the next packet.
            await machine.run(["conntrack", "-F"]);
          });
        },
      };
    },
  },
);
