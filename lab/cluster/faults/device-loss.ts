import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import type { Machine } from "../machine.ts";
import { findNode, findPod } from "../names.ts";
import { defineFault, machineOf, type Undo, whileBooted } from "./fault.ts";
import { shareMatch, shareWords } from "./loss.ts";

const TABLE = "device_loss";

/**
 * A device of a node loses packets in the kernel, where programs of a data plane stand: what comes in by it behind the place
 * where tcpdump listens, what goes out by it before.
 */
export const deviceLoss = defineFault(
  "device-loss",
  {
    node: z.string().optional(),
    /** A device of the node, such as cni0; `tunnel` is whatever the tunnel is called. */
    device: z.string().optional(),
    /** The node's end of this pod's cable. */
    pod: z.string().optional(),
    direction: z.enum(["in", "out"], "must be in or out"),
    percent: z.number().positive("must be more than 0").max(100, "must be at most 100"),
  },
  {
    rules: [
      {
        message: "needs either pod, or node and device",
        holds: ({ node, device, pod }) => (pod === undefined) === (node !== undefined && device !== undefined),
      },
    ],
    prepare({ node = "", device: named, pod: name, direction, percent }, lab) {
      const pod = name === undefined ? undefined : findPod(lab.store, name);
      const device = pod ? lab.pods.planned(pod).veth : named === "tunnel" ? lab.plan.tunnel : named;
      if (device === undefined)
        throw new NetcheckError(
          "bad-config",
          pod ? `Pod ${name} uses its node's network and has no cable.` : "There is no tunnel in this lab.",
        );
      const at = pod?.node ?? findNode(lab.store, node).name;
      return {
        description: `${shareWords({ percent })} that ${direction === "in" ? "come in" : "go out"} by ${device} of ${at} lost`,
        apply: () => drop(machineOf(lab, at), { device, direction, match: shareMatch({ percent }, lab) }),
      };
    },
  },
);

async function drop(
  machine: Machine,
  { device, direction, match }: { readonly device: string; readonly direction: "in" | "out"; readonly match: string },
): Promise<Undo> {
  const chain = `${direction}_${device}`.replaceAll(/[^a-z0-9_]/gi, "_");
  const hook = direction === "in" ? "ingress" : "egress";
  const stdin = [
    `add table netdev ${TABLE}`,
    `add chain netdev ${TABLE} ${chain} { type filter hook ${hook} device "${device}" priority 0; }`,
    `add rule netdev ${TABLE} ${chain} ${match}drop`,
  ].join("\n");
  await machine.run(["nft", "-f", "-"], { stdin });
  return whileBooted(machine, async () => {
    await machine.run(["nft", "delete", "chain", "netdev", TABLE, chain]);
  });
}
