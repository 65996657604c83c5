import { z } from "zod";
import { findNode } from "../names.ts";
import { defineFault, machineOf } from "./fault.ts";
import { recordFile, recordTool } from "./recorded.ts";
import { limitUplink } from "./uplink-rate.ts";

/** The device of each node that carries its address. */
const NIC = "eth0";
const COPPER = [10, 100, 1_000, 10_000];

/** A node's NIC negotiated another speed or duplex: every tool says so, and the wire carries no more. */
export const linkMode = defineFault(
  "link-mode",
  {
    node: z.string("must be a node"),
    speedMbit: z.number("must be a number of Mbit/s").int().min(1).max(400_000),
    duplex: z.enum(["half", "full"], "must be half or full").default("full"),
  },
  {
    prepare({ node: name, speedMbit, duplex }, lab) {
      const node = findNode(lab.store, name).name;
      const machine = machineOf(lab, node);
      return {
        description: `the link of ${name} runs at ${speedMbit} Mbit/s ${duplex} duplex`,
        async apply() {
          await using stack = new AsyncDisposableStack();
          stack.defer(await limitUplink(lab, node, { mbit: speedMbit, shared: duplex === "half" }));
          for (const [tool, words, content] of [
            ["ethtool", [NIC], settingsOf(speedMbit, duplex)],
            ["mii-tool", [], `${NIC}: negotiated ${speedMbit}baseT-${duplex === "half" ? "HD" : "FD"}, link ok\n`],
          ] as const)
            stack.defer(await recordTool(machine, { tool, words, content }));
          for (const [file, content] of [
            ["speed", `${speedMbit}\n`],
            ["duplex", `${duplex}\n`],
          ] as const)
            stack.defer(await recordFile(machine, { path: `/sys/class/net/${NIC}/${file}`, content }));
          const applied = stack.move();
          return () => applied.disposeAsync();
        },
      };
    },
  },
);

/** As ethtool prints a copper NIC; the other side offers what came of it. */
function settingsOf(speedMbit: number, duplex: "half" | "full"): string {
  const modes = COPPER.filter((speed) => speed <= Math.max(10_000, speedMbit)).flatMap((speed) =>
    speed <= 100 ? [`${speed}baseT/Half ${speed}baseT/Full`] : [`${speed}baseT/Full`],
  );
  const list = (title: string, lines: readonly string[]): string =>
    `\t${`${title}:`.padEnd(24)}${lines.join(`\n\t${" ".repeat(24)}`)}\n`;
  const word = duplex === "half" ? "Half" : "Full";
  return `Settings for ${NIC}:
\tSupported ports: [ TP ]
${list("Supported link modes", modes)}\tSupported pause frame use: Symmetric
\tSupports auto-negotiation: Yes
\tSupported FEC modes: Not reported
${list("Advertised link modes", modes)}\tAdvertised pause frame use: Symmetric
\tAdvertised auto-negotiation: Yes
\tAdvertised FEC modes: Not reported
\tLink partner advertised link modes:  ${speedMbit}baseT/${word}
\tLink partner advertised pause frame use: No
\tLink partner advertised auto-negotiation: No
\tLink partner advertised FEC modes: Not reported
\tSpeed: ${speedMbit}Mb/s
\tDuplex: ${word}
\tAuto-negotiation: on
\tPort: Twisted Pair
\tPHYAD: 1
\tTransceiver: internal
\tMDI-X: off (auto)
\tSupports Wake-on: pumbg
\tWake-on: g
\tLink detected: yes
`;
}
