import { runExec } from "#src/cluster/exec-run.ts";
import { consumeElsewhere, produce } from "#test/support/exec-load.ts";
import { execServer } from "#test/support/exec-server.ts";
import { type Bench, quantile } from "./figure.ts";

const MIB = 1024 * 1024;
const RUNS = 50;

/** The exec client over TLS on loopback: how fast, how much memory under back-pressure, and what one short exec costs. */
export const exec: Bench = {
  name: "exec",
  async *run() {
    await using server = await execServer(produce(600 * MIB));
    const fast = await consumeElsewhere(server.access, { waitMsPerMib: 0 });
    yield { bench: "exec", metric: "throughput, 600 MiB", value: Math.round(fast.bytes / 1e3 / fast.ms), unit: "MB/s" };
    yield { bench: "exec", metric: "memory, fast consumer", value: fast.maxRssMb, unit: "MB" };
    const slow = await consumeElsewhere(server.access, { waitMsPerMib: 12 });
    yield { bench: "exec", metric: "memory, slow consumer of 600 MiB", value: slow.maxRssMb, unit: "MB" };

    server.behave((served) => served.run());
    const times: number[] = [];
    const request = { namespace: "netcheck", pod: "agent-1", container: "agent", command: ["true"] };
    for (let run = 0; run < RUNS; run++) {
      const began = performance.now();
      await runExec(server.access, request, { timeoutMs: 5_000, maxBytes: 1_000 });
      times.push(performance.now() - began);
    }
    yield {
      bench: "exec",
      metric: "one exec of true, median of 50",
      value: Math.round(quantile(times, 0.5) * 10) / 10,
      unit: "ms",
    };
  },
};
