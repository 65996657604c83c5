import { isIP } from "node:net";
import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { inPrefix } from "#src/core/routes.ts";
import type { IpFamily } from "../addresses.ts";
import type { LabNode, LabPod } from "../model.ts";
import { findEnd, findNode, findPod } from "../names.ts";
import { defineFault, type LabParts, machineOf, type Undo, whileBooted } from "./fault.ts";
import { iptablesOf } from "./wire.ts";

/** What is called differently in ip6tables. */
const named: Readonly<Record<IpFamily, { protocol: string; prohibited: string; tooBig: readonly string[] }>> = {
  ipv4: {
    protocol: "icmp",
    prohibited: "icmp-admin-prohibited",
    tooBig: ["-m", "icmp", "--icmp-type", "fragmentation-needed"],
  },
  ipv6: {
    protocol: "icmpv6",
    prohibited: "icmp6-adm-prohibited",
    tooBig: ["-m", "icmp6", "--icmpv6-type", "packet-too-big"],
  },
};

/** A packet filter rule of a node or of a pod, in the chain where an administrator would put it. */
export const firewall = defineFault(
  "firewall",
  {
    node: z.string().optional(),
    pod: z.string().optional(),
    /** A node, a pod, an address or a CIDR. */
    from: z.string().optional(),
    to: z.string().optional(),
    port: z.number().int().min(1).max(65_535).optional(),
    protocol: z.enum(["tcp", "udp", "icmp"], "must be tcp, udp or icmp").optional(),
    /** One kind of ICMP message only: what routers say of packets that are too large. */
    icmpType: z.enum(["fragmentation-needed"], "must be fragmentation-needed").optional(),
    action: z.enum(["drop", "reject"], "must be drop or reject").default("drop"),
  },
  {
    rules: [
      { message: "needs either node or pod", holds: ({ node, pod }) => (node === undefined) !== (pod === undefined) },
      {
        message: "makes no sense for icmp",
        path: ["port"],
        holds: ({ port, protocol }) => !port || protocol !== "icmp",
      },
      {
        message: "goes with icmp only",
        path: ["icmpType"],
        holds: ({ icmpType, port, protocol }) => !icmpType || (!port && (protocol ?? "icmp") === "icmp"),
      },
    ],
    prepare({ node, pod, from, to, port, icmpType, action, ...rest }, lab) {
      const implied = icmpType !== undefined ? "icmp" : port !== undefined ? "tcp" : undefined;
      const protocol = rest.protocol ?? implied;
      const { family } = lab.plan.addresses;
      const command = iptablesOf(lab);
      const match = [
        ...(from === undefined ? [] : ["-s", addressOf(lab, from)]),
        ...(to === undefined ? [] : ["-d", addressOf(lab, to)]),
        ...(protocol === undefined ? [] : ["-p", protocol === "icmp" ? named[family].protocol : protocol]),
        ...(port === undefined ? [] : ["-m", protocol ?? "tcp", "--dport", String(port)]),
        ...(icmpType === undefined ? [] : named[family].tooBig),
      ];
      const target = action === "drop" ? ["-j", "DROP"] : ["-j", "REJECT", "--reject-with", named[family].prohibited];
      const what = { from, to, port, protocol, icmpType };
      const words = `${action}s ${icmpType ?? protocol ?? "packets"}${from ? ` from ${from}` : ""}${to ? ` to ${to}` : ""}${port ? ` to port ${port}` : ""}`;
      if (pod !== undefined) {
        const found = findPod(lab.store, pod);
        const chain = from !== undefined && isSame(lab, from, found) ? "OUTPUT" : "INPUT";
        return {
          description: `the packet filter of pod ${pod} ${words}`,
          apply: () =>
            insert(
              [chain],
              [...match, ...target],
              (argv) => lab.pods.run(found, [command, ...argv]),
              alive(lab, found.node),
            ),
        };
      }
      const machine = machineOf(lab, findNode(lab.store, node ?? "").name);
      return {
        description: `the packet filter of ${node} ${words}`,
        apply: () =>
          insert(
            chainsOf(lab, machine.planned.node, what),
            [...match, ...target],
            (argv) => machine.run([command, ...argv]),
            alive(lab, machine.planned.node.name),
          ),
      };
    },
  },
);

type What = {
  from?: string | undefined;
  to?: string | undefined;
  port?: number | undefined;
  protocol?: string | undefined;
  icmpType?: string | undefined;
};

/** INPUT for what ends at the node (the tunnel does), FORWARD for what goes to or from its pods. */
function chainsOf(lab: LabParts, node: LabNode, { from, to, port, protocol, icmpType }: What): string[] {
  // What the node itself says, and what others say to its pods.
  if (icmpType !== undefined) return ["OUTPUT", "FORWARD"];
  const ends = [from, to].filter((end) => end !== undefined);
  if (to === node.name || to === node.ip) return ["INPUT"];
  if (from === node.name || from === node.ip) return ["OUTPUT"];
  const { addresses } = lab.plan;
  const podSide = (text: string): boolean =>
    isIP(text.split("/")[0] ?? "") !== 0
      ? inPrefix(text.split("/")[0] ?? "", addresses.podRange)
      : "pod" in findEnd(lab.store, text);
  if (ends.some(podSide)) return ["FORWARD"];
  if (protocol === "udp" && port === addresses.vxlanPort) return ["INPUT"];
  const served = lab.plan.pods.some(
    ({ pod, serves }) => pod.node === node.name && serves.some((one) => one.port === port),
  );
  if (port !== undefined) return [served ? "FORWARD" : "INPUT"];
  return ends.length > 0 ? ["INPUT"] : ["INPUT", "FORWARD"];
}

function addressOf({ store }: LabParts, text: string): string {
  const [ip = "", bits] = text.split("/");
  if (isIP(ip) !== 0 && (bits === undefined || /^\d{1,3}$/.test(bits))) return text;
  const end = findEnd(store, text);
  return "node" in end ? end.node.ip : end.pod.ip;
}

function isSame({ store }: LabParts, text: string, pod: LabPod): boolean {
  if (isIP(text.split("/")[0] ?? "") !== 0) return text === pod.ip;
  const end = findEnd(store, text);
  return "pod" in end && end.pod.uid === pod.uid;
}

type Runner = (argv: readonly string[]) => Promise<string>;

function alive(lab: LabParts, node: string): (undo: Undo) => Undo {
  const machine = machineOf(lab, node);
  if (machine.pid() === undefined) throw new NetcheckError("bad-config", `Node ${node} is down.`);
  return (undo) => whileBooted(machine, undo);
}

async function insert(
  chains: readonly string[],
  rule: readonly string[],
  run: Runner,
  keep: (undo: Undo) => Undo,
): Promise<Undo> {
  for (const chain of chains) await run(["-I", chain, "1", ...rule]);
  return keep(async () => {
    for (const chain of chains) await run(["-D", chain, ...rule]);
  });
}
