import { z } from "zod";
import { programs } from "../fabric.ts";
import { defineFault, type LabParts, type Undo } from "./fault.ts";
import { addWireRules, ipOf, iptablesOf, placeRule, takeMark, wireMatches, wirePlace } from "./wire.ts";

const milliseconds = z.number().min(0).max(60_000);

/** Packets on the wire are late: all of them, or every n-th, by a fixed or an evenly drawn time. */
export const delay = defineFault(
  "delay",
  {
    ...wirePlace,
    delayMs: z.union(
      [milliseconds, z.tuple([milliseconds, milliseconds])],
      "must be milliseconds, or [from, to] in milliseconds",
    ),
    every: z.number().int("must be a whole number").min(1).max(10_000).default(1),
    /** Whether late packets may overtake each other. A delay of some packets only always lets the others overtake. */
    reorder: z.boolean("must be true or false").optional(),
  },
  {
    rules: [
      placeRule,
      {
        message: "must not end before it begins",
        path: ["delayMs"],
        holds: ({ delayMs }) => typeof delayMs === "number" || delayMs[0] <= delayMs[1],
      },
    ],
    prepare({ delayMs, every, reorder = every > 1, ...place }, lab) {
      const { matches, words } = wireMatches(lab, place);
      const time = typeof delayMs === "number" ? `${delayMs} ms` : `${delayMs[0]}–${delayMs[1]} ms`;
      const drawn = typeof delayMs === "number" ? `const:${delayMs}` : `uni:${delayMs[0]}:${delayMs[1]}`;
      return {
        description: `${every === 1 ? "every packet" : `one packet in ${every}`} ${words} is ${time} late`,
        apply: () => applyDelay(lab, { matches, every, distribution: reorder ? drawn : `fifo:${drawn}` }),
      };
    },
  },
);

type Held = { readonly matches: readonly string[]; readonly every: number; readonly distribution: string };

/**
 * Chooses packets by marking them in the bridge, queues marked ones to a program that holds them. Netem, where the
 * kernel has it, could not choose every n-th packet of a port either.
 */
async function applyDelay(lab: LabParts, { matches, every, distribution }: Held): Promise<Undo> {
  const { fabric } = lab;
  const iptables = iptablesOf(lab);
  const { mark, bit, othersLeft, release } = takeMark(fabric);
  const queue = String(bit + 1);
  const rule = [
    "FORWARD",
    "-m",
    "mark",
    "--mark",
    `${mark}/${mark}`,
    "-j",
    "NFQUEUE",
    "--queue-num",
    queue,
    "--queue-bypass",
  ];
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => {
    release();
    if (!othersLeft()) await fabric.run(["sysctl", "-qw", `net.bridge.bridge-nf-call-${iptables}=0`]);
  });
  const daemon = await fabric.daemon([
    "/usr/bin/python3",
    "-ESs",
    `${programs}/nfqdelay.py`,
    queue,
    mark,
    distribution,
  ]);
  stack.defer(() => daemon.stop());
  await fabric.run(["sysctl", "-qw", `net.bridge.bridge-nf-call-${iptables}=1`]);
  await fabric.run([iptables, "-t", "mangle", "-A", ...rule]);
  stack.defer(async () => {
    await fabric.run([iptables, "-t", "mangle", "-D", ...rule]);
  });
  const phase = lab.plan.random.between(0, every - 1);
  const chosen = every === 1 ? "" : `numgen inc mod ${every} ${phase} `;
  stack.defer(
    await addWireRules(
      lab,
      matches.map((match) => `${match} ether type ${ipOf(lab)} ${chosen}meta mark set mark or ${mark}`),
    ),
  );
  const applied = stack.move();
  return () => applied.disposeAsync();
}
