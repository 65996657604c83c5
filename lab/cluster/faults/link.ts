import { z } from "zod";
import { findNode } from "../names.ts";
import { defineFault, type LabParts } from "./fault.ts";
import { limitUplink } from "./uplink-rate.ts";
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

/** The uplink carries only so much in each direction; what is more waits in a short queue, then is dropped. */
export const rate = defineFault(
  "rate",
  { node, mbit: z.number("must be a number").positive().max(10_000) },
  {
    prepare({ node: name, mbit }, lab) {
      const found = findNode(lab.store, name).name;
      return {
        description: `the uplink of ${name} carries ${mbit} Mbit/s each way`,
        apply: () => limitUplink(lab, found, { mbit, shared: false }),
      };
    },
  },
);
