import { NetcheckError } from "#src/core/errors.ts";
import type { LabPod } from "../model.ts";
import { type LabParts, machineOf, type Undo, whileBooted } from "./fault.ts";
import { ipOf } from "./wire.ts";

type CableRule = { readonly direction: "in" | "out" | "both"; readonly rule: string };

/** Rules on the node's end of a pod's cable, where an eBPF or netdev filter of a network plugin would sit. */
export async function addPodRules(lab: LabParts, pod: LabPod, { direction, rule }: CableRule): Promise<Undo> {
  const { veth } = lab.pods.planned(pod);
  if (veth === undefined)
    throw new NetcheckError("bad-config", `Pod ${pod.namespace}/${pod.name} uses its node's network and has no cable.`);
  const machine = machineOf(lab, pod.node);
  const table = `pod${lab.plan.random.hex(6)}`;
  const chain = (name: string, hook: string): string =>
    ` chain ${name} {\n  type filter hook ${hook} device "${veth}" priority 0;\n  ether type ${ipOf(lab)} ${rule}\n }\n`;
  const chains = [
    direction !== "out" ? chain("to-pod", "egress") : "",
    direction !== "in" ? chain("from-pod", "ingress") : "",
  ];
  await machine.run(["nft", "-f", "-"], { stdin: `table netdev ${table} {\n${chains.join("")}}\n` });
  return whileBooted(machine, async () => {
    await machine.run(["nft", "delete", "table", "netdev", table]);
  });
}
