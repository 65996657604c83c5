import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { findPod } from "../names.ts";
import { defineFault, type LabParts, type Undo } from "./fault.ts";
import { share, shareMatch, shareRules, shareWords } from "./loss.ts";
import { addPodRules } from "./pod-cable.ts";
import { addWireRules, ipOf, takeMark, tunnelMatch, wireMatches } from "./wire.ts";

/** Packets arrive twice. */
export const duplicate = defineFault("duplicate", share, {
  rules: shareRules,
  prepare({ pod, percent, every, direction, ...place }, lab) {
    if (pod !== undefined)
      throw new NetcheckError(
        "bad-config",
        "duplicate is not available for a pod in this lab: name a node, or from and to.",
      );
    const { matches, words } = wireMatches(lab, { ...place, direction: direction ?? "out" });
    const part = shareMatch({ percent, every }, lab);
    return {
      description: `${shareWords({ percent, every })} ${words} arrives twice`,
      apply: () =>
        applyDuplicate(
          lab,
          matches.map((match) => `${match} ether type ${ipOf(lab)} ${part}`),
        ),
    };
  },
});

/** Packets are chosen in the bridge by a mark; the port they leave through clears it and sends a copy. */
async function applyDuplicate(lab: LabParts, chosen: readonly string[]): Promise<Undo> {
  const { fabric, plan } = lab;
  const { mark, bit, release } = takeMark(fabric);
  await using stack = new AsyncDisposableStack();
  stack.defer(release);
  const table = `dup${bit}`;
  const chains = plan.nodes
    .filter(({ node }) => lab.machines.get(node.name)?.pid() !== undefined)
    .map(
      ({ port }) =>
        ` chain ${port} {\n  type filter hook egress device "${port}" priority 0;\n  meta mark & ${mark} == ${mark} meta mark set mark xor ${mark} dup to "${port}"\n }\n`,
    );
  await fabric.run(["nft", "-f", "-"], { stdin: `table netdev ${table} {\n${chains.join("")}}\n` });
  stack.defer(async () => {
    await fabric.run(["nft", "delete", "table", "netdev", table]);
  });
  stack.defer(
    await addWireRules(
      lab,
      chosen.map((rule) => `${rule}meta mark set mark or ${mark}`),
    ),
  );
  const applied = stack.move();
  return () => applied.disposeAsync();
}

/** Where a byte is overwritten, in bits from the transport header: payload of a plain packet, and inside the tunnel. */
const PLAIN_BYTE = "@th,160,8";
const TUNNELLED_BYTE = "@th,600,8";

/** Packets arrive damaged: one byte of what they carry is another one, and no checksum is mended. */
export const corrupt = defineFault(
  "corrupt",
  { ...share, tunnelOnly: z.boolean("must be true or false").default(false) },
  {
    rules: [
      ...shareRules,
      {
        message: "makes no sense for a pod",
        path: ["tunnelOnly"],
        holds: ({ tunnelOnly, pod }) => !tunnelOnly || !pod,
      },
    ],
    ipv4Only: true,
    prepare({ pod, percent, every, direction, tunnelOnly, ...place }, lab) {
      const part = shareMatch({ percent, every }, lab);
      if (pod !== undefined) {
        const found = findPod(lab.store, pod);
        return {
          description: `${shareWords({ percent, every })} of pod ${found.namespace}/${found.name} is damaged on its cable`,
          apply: () =>
            addPodRules(lab, found, { direction: direction ?? "both", rule: `${part}${PLAIN_BYTE} set 0x5a` }),
        };
      }
      const { matches, words } = wireMatches(lab, { ...place, direction: direction ?? "out" });
      const inside = lab.plan.tunnel === undefined ? undefined : tunnelMatch(lab);
      const rulesFor = (match: string): string[] => [
        ...(inside === undefined ? [] : [`${match} ether type ip ${inside} ${part}${TUNNELLED_BYTE} set 0x5a accept`]),
        ...(tunnelOnly
          ? []
          : [
              `${match} ether type ip ${inside === undefined ? "" : `udp dport != ${lab.plan.addresses.vxlanPort} `}${part}${PLAIN_BYTE} set 0x5a`,
              ...(inside === undefined ? [] : [`${match} ip protocol != udp ${part}${PLAIN_BYTE} set 0x5a`]),
            ]),
      ];
      return {
        description: `${shareWords({ percent, every })} ${words} is damaged`,
        async apply() {
          await using stack = new AsyncDisposableStack();
          if (tunnelOnly) stack.defer(await checksumsInSoftware(lab));
          stack.defer(await addWireRules(lab, matches.flatMap(rulesFor)));
          const applied = stack.move();
          return () => applied.disposeAsync();
        },
      };
    },
  },
);

/**
 * Between namespaces nobody writes a checksum or looks at one, and damage reaches the programs. With the NICs' offload off, packets
 * carry checksums as on a wire.
 */
async function checksumsInSoftware(lab: LabParts): Promise<Undo> {
  const alive = [...lab.machines.values()].filter((machine) => machine.pid() !== undefined);
  const set = (machine: (typeof alive)[number], state: "on" | "off"): Promise<string> =>
    machine.run(["ethtool", "-K", "eth0", "tx", state]);
  for (const machine of alive) await set(machine, "off");
  return async () => {
    for (const machine of alive) if (machine.pid() !== undefined) await set(machine, "on");
  };
}
