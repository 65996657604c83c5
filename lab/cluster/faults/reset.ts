import { z } from "zod";
import { defineFault, type LabParts, machineOf, type PreparedFault, whileBooted } from "./fault.ts";
import { behaving, servedTcp, serverShape } from "./server.ts";

const shape = {
  ...serverShape,
  afterS: z.number("must be seconds").min(0).max(3_600).default(0),
  /** The program itself, or a packet filter in front of the pod that answers in its name. */
  by: z.enum(["peer", "middle"], "must be peer or middle").default("peer"),
};

/** Connections are reset so many seconds after they were made. */
export const reset = defineFault("reset", shape, {
  ipv4Only: true,
  prepare: ({ afterS, by, ...spec }, lab) =>
    by === "peer"
      ? behaving(lab, spec, { how: `reset ${afterS * 1_000}`, words: `resets connections after ${afterS} s` })
      : inFront(lab, spec, { afterS, refresh: false, words: `is reset on the way after ${afterS} s` }),
});

/** Connections on which nothing was said for that long are forgotten: the program resets them, the middle just drops. */
export const idleCut = defineFault(
  "idle-cut",
  { ...shape, afterS: z.number("must be seconds").min(1).max(3_600).default(5) },
  {
    ipv4Only: true,
    prepare: ({ afterS, by, ...spec }, lab) =>
      by === "peer"
        ? behaving(lab, spec, { how: `idle ${afterS * 1_000}`, words: `resets connections idle for ${afterS} s` })
        : inFront(lab, spec, { afterS, refresh: true, words: `is cut on the way when idle for ${afterS} s` }),
  },
);

let tables = 0;

/** A stateful filter on the pod's node, as an appliance in front of it would be. It keeps its own list of connections. */
function inFront(
  lab: LabParts,
  spec: { readonly pod: string; readonly port?: number | undefined },
  { afterS, refresh, words }: { readonly afterS: number; readonly refresh: boolean; readonly words: string },
): PreparedFault {
  const { pod, ports } = servedTcp(lab, spec);
  const machine = machineOf(lab, pod.node);
  const numbers = ports.map(({ port }) => port).join(", ");
  const table = `guard${++tables}`;
  const side = (client: string): string[] => [
    ...(afterS > 0 ? [`tcp flags & (syn|ack) == syn add @known { ${client} timeout ${afterS}s } return`] : []),
    "tcp flags & (syn|fin|rst) != 0 return",
    ...(afterS > 0
      ? [`${client} @known ${refresh ? `update @known { ${client} timeout ${afterS}s } ` : ""}return`]
      : []),
    refresh ? "counter drop" : "counter reject with tcp reset",
  ];
  const rules = [
    `table ip ${table} {`,
    "set known { type ipv4_addr . inet_service; flags dynamic,timeout; }",
    `chain towards {\n${side("ip saddr . tcp sport").join("\n")}\n}`,
    `chain back {\n${side("ip daddr . tcp dport").join("\n")}\n}`,
    "chain forward {",
    "type filter hook forward priority -10;",
    `ip daddr ${pod.ip} tcp dport { ${numbers} } jump towards`,
    `ip saddr ${pod.ip} tcp sport { ${numbers} } jump back`,
    "}",
    "}",
  ].join("\n");
  return {
    description: `port ${numbers} of pod ${pod.namespace}/${pod.name} ${words}`,
    async apply() {
      await machine.run(["nft", "-f", "-"], { stdin: rules });
      return whileBooted(machine, async () => {
        await machine.run(["nft", "delete", "table", "ip", table]);
      });
    },
  };
}
