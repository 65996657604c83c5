import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { findNode, findPod } from "../names.ts";
import { defineFault, type LabParts, machineOf, type PreparedFault, type Undo, whileBooted } from "./fault.ts";

/** An address is announced this often, as its second owner's own traffic would do. */
const ANNOUNCE_EVERY_MS = 2_000;

/** A second owner of an address: another node's NIC, or another pod. Neighbours believe whoever spoke last. */
export const duplicateIp = defineFault(
  "duplicate-ip",
  { node: z.string().optional(), pod: z.string().optional(), with: z.string("must be the second owner") },
  {
    rules: [
      {
        message: "needs either node or pod",
        holds: ({ node, pod }) => (node === undefined) !== (pod === undefined),
      },
    ],
    ipv4Only: true,
    prepare: ({ node, pod, with: other }, lab) =>
      node === undefined ? ofPods(lab, pod ?? "", other) : ofNodes(lab, node, other),
  },
);

function ofNodes(lab: LabParts, name: string, other: string): PreparedFault {
  const owner = findNode(lab.store, name);
  const second = findNode(lab.store, other);
  if (owner === second) throw new NetcheckError("bad-config", `${name} cannot share its address with itself.`);
  const machines = { owner: machineOf(lab, owner.name), second: machineOf(lab, second.name) };
  return {
    description: `${other} has the address of ${name} (${owner.ip}) too`,
    async apply() {
      await machines.second.run(["ip", "addr", "add", `${owner.ip}/32`, "dev", "eth0"]);
      const quiet = announcing((argv) => machines.second.run(argv), owner.ip);
      const back = whileBooted(machines.second, async () => {
        await machines.second.run(["ip", "addr", "del", `${owner.ip}/32`, "dev", "eth0"]);
      });
      return async () => {
        await quiet();
        await back();
        await whileBooted(machines.owner, () => reclaim((argv) => machines.owner.run(argv), owner.ip))();
      };
    },
  };
}

function ofPods(lab: LabParts, name: string, other: string): PreparedFault {
  const owner = findPod(lab.store, name);
  const second = findPod(lab.store, other);
  if (owner === second || owner.hostNetwork || second.hostNetwork)
    throw new NetcheckError("bad-config", `${name} and ${other} must be two pods with networks of their own.`);
  const machine = machineOf(lab, second.node);
  // Another node's pods look for the address beyond their node: there it takes a route, as a CNI makes it for its pods.
  const elsewhere = second.node !== owner.node;
  const route = ["ip", "route"];
  return {
    description: `pod ${other} has the address of ${name} (${owner.ip}) too`,
    async apply() {
      await lab.pods.run(second, ["ip", "addr", "add", `${owner.ip}/32`, "dev", "eth0"]);
      if (elsewhere) await machine.run([...route, "add", `${owner.ip}/32`, "dev", "cni0"]);
      const quiet = announcing((argv) => lab.pods.run(second, argv), owner.ip);
      const back = whileBooted(machine, async () => {
        if (elsewhere) await machine.run([...route, "del", `${owner.ip}/32`, "dev", "cni0"]);
        await lab.pods.run(second, ["ip", "addr", "del", `${owner.ip}/32`, "dev", "eth0"]);
      });
      return async () => {
        await quiet();
        await back();
        await whileBooted(machineOf(lab, owner.node), () => reclaim((argv) => lab.pods.run(owner, argv), owner.ip))();
      };
    },
  };
}

type Runner = (argv: readonly string[]) => Promise<string>;

const announcement = (ip: string): string[] => ["arping", "-A", "-c", "2", "-I", "eth0", "-s", ip, ip];

/** Says who has the address, again and again, until told to stop. */
function announcing(run: Runner, ip: string): Undo {
  const ender = new AbortController();
  const speaking = (async () => {
    while (!ender.signal.aborted) {
      await run(announcement(ip)).catch(() => {});
      await pause(ANNOUNCE_EVERY_MS, ender.signal);
    }
  })();
  return async () => {
    ender.abort();
    await speaking;
  };
}

/** An announcement right after an entry changed is ignored: two, a second apart, reach everybody. */
async function reclaim(run: Runner, ip: string): Promise<void> {
  await run(announcement(ip));
  await run(announcement(ip));
}

/** Waits, or returns at once when told to end. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  timer.unref();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}
