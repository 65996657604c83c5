import { z } from "zod";
import { findNode } from "../names.ts";
import { defineFault, type LabParts } from "./fault.ts";
import { portOf } from "./wire.ts";

const node = z.string("must be a node");

const setPort = (lab: LabParts, port: string, state: "up" | "down"): Promise<string> =>
  lab.fabric.run(["ip", "link", "set", port, state]);

/** A port that went with its node comes back up with it. */
const raise = (lab: LabParts, port: string): Promise<unknown> => setPort(lab, port, "up").catch(() => {});

/** The switch port of a node is down: its NIC has no carrier. */
export const linkDown = defineFault(
  "link-down",
  { node },
  {
    prepare({ node: name }, lab) {
      const port = portOf(lab, findNode(lab.store, name).name);
      return {
        description: `the uplink of ${name} is without carrier`,
        async apply() {
          await setPort(lab, port, "down");
          return async () => {
            await raise(lab, port);
          };
        },
      };
    },
  },
);

/** The uplink loses its carrier for a second, again and again. */
export const linkFlap = defineFault(
  "link-flap",
  { node, periodS: z.number("must be a number of seconds").min(2, "must be at least 2").max(3_600).default(10) },
  {
    prepare({ node: name, periodS }, lab) {
      const port = portOf(lab, findNode(lab.store, name).name);
      return {
        description: `the uplink of ${name} loses its carrier for a second, every ${periodS} s`,
        async apply() {
          const ender = new AbortController();
          const flap = async (): Promise<void> => {
            await setPort(lab, port, "down").catch(() => {});
            await pause(1_000, ender.signal);
            await raise(lab, port);
            await pause(periodS * 1_000 - 1_000, ender.signal);
          };
          const flapping = (async () => {
            while (!ender.signal.aborted) await flap();
          })();
          return async () => {
            ender.abort();
            await flapping;
          };
        },
      };
    },
  },
);

/** Waits, or returns at once when told to end. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    timer.unref();
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** HZ of common kernels; a bucket must hold what arrives between two ticks. */
const TICKS_PER_SECOND = 250;
const MIN_BURST_BYTES = 16_000;
const QUEUE_BYTES = 60_000;

/** The uplink carries only so much in each direction; what is more waits in a short queue, then is dropped. */
export const rate = defineFault(
  "rate",
  { node, mbit: z.number("must be a number").positive().max(10_000) },
  {
    prepare({ node: name, mbit }, lab) {
      const port = portOf(lab, findNode(lab.store, name).name);
      const mirror = `ifb-${port}`;
      const burst = Math.max(MIN_BURST_BYTES, Math.ceil((mbit * 1_000_000) / 8 / TICKS_PER_SECOND) * 2);
      const bucket = [
        "tbf",
        "rate",
        `${mbit}mbit`,
        "burst",
        `${burst}`,
        "limit",
        `${Math.max(QUEUE_BYTES, 2 * burst)}`,
      ];
      const { run } = lab.fabric;
      return {
        description: `the uplink of ${name} carries ${mbit} Mbit/s each way`,
        async apply() {
          await using stack = new AsyncDisposableStack();
          const quietly = (argv: readonly string[]) => async () => {
            await run(argv).catch(() => {});
          };
          await run(["tc", "qdisc", "add", "dev", port, "root", ...bucket]);
          stack.defer(quietly(["tc", "qdisc", "del", "dev", port, "root"]));
          // Shaping works on what a device sends, so what the port receives passes through a mirror device.
          await run(["ip", "link", "add", mirror, "up", "type", "ifb"]);
          stack.defer(quietly(["ip", "link", "del", mirror]));
          await run(["tc", "qdisc", "add", "dev", mirror, "root", ...bucket]);
          await run(["tc", "qdisc", "add", "dev", port, "handle", "ffff:", "ingress"]);
          stack.defer(quietly(["tc", "qdisc", "del", "dev", port, "ingress"]));
          const redirect = ["u32", "match", "u32", "0", "0", "action", "mirred", "egress", "redirect", "dev", mirror];
          await run(["tc", "filter", "add", "dev", port, "parent", "ffff:", "protocol", "all", ...redirect]);
          const applied = stack.move();
          return () => applied.disposeAsync();
        },
      };
    },
  },
);
