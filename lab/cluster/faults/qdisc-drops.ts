import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import type { Machine } from "../machine.ts";
import { findNode, findPod } from "../names.ts";
import { defineFault, machineOf, type Undo, whileBooted } from "./fault.ts";

/** Classic BPF for tc: one packet in eight, by the kernel's dice. */
const ONE_IN_EIGHT = "5,32 0 0 4294963256,84 0 0 7,21 0 1 0,6 0 0 4294967295,6 0 0 0";

/** A class of traffic on a device has a queue that is too short for a single packet; the others do not. */
export const qdiscDrops = defineFault(
  "qdisc-drops",
  { node: z.string("must be a node").optional(), pod: z.string("must be a pod").optional() },
  {
    rules: [
      { message: "needs either node or pod", holds: ({ node, pod }) => (node === undefined) !== (pod === undefined) },
    ],
    ipv4Only: true,
    prepare({ node, pod: name }, lab) {
      if (name === undefined) {
        const machine = machineOf(lab, findNode(lab.store, node ?? "").name);
        return {
          description: `the queue of ${node}'s NIC drops one packet in eight`,
          apply: () => shorten(machine, "eth0"),
        };
      }
      const pod = findPod(lab.store, name);
      const { veth } = lab.pods.planned(pod);
      if (veth === undefined)
        throw new NetcheckError("bad-config", `Pod ${name} uses its node's network and has no cable.`);
      return {
        description: `the queue towards pod ${name} drops one packet in eight`,
        apply: () => shorten(machineOf(lab, pod.node), veth),
      };
    },
  },
);

async function shorten(machine: Machine, device: string): Promise<Undo> {
  const tc = (...words: string[]): Promise<string> => machine.run(["tc", ...words]);
  const at = ["dev", device];
  await tc("qdisc", "add", ...at, "root", "handle", "1:", "htb", "default", "10");
  const undo = whileBooted(machine, async () => {
    await tc("qdisc", "del", ...at, "root");
  });
  try {
    for (const id of ["1:10", "1:20"])
      await tc("class", "add", ...at, "parent", "1:", "classid", id, "htb", "rate", "10gbit");
    await tc("qdisc", "add", ...at, "parent", "1:20", "handle", "20:", "bfifo", "limit", "1");
    await tc(
      "filter",
      "add",
      ...at,
      "parent",
      "1:",
      "protocol",
      "ip",
      "bpf",
      "bytecode",
      ONE_IN_EIGHT,
      "flowid",
      "1:20",
    );
  } catch (error) {
    await undo();
    throw error;
  }
  return undo;
}
