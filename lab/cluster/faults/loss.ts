import { z } from "zod";
import { findPod } from "../names.ts";
import { defineFault, type LabParts } from "./fault.ts";
import { addPodRules } from "./pod-cable.ts";
import { addWireRules, ipOf, placeRule, tunnelMatch, wireMatches, wirePlace } from "./wire.ts";

/** Which of the packets at a place are concerned; shared by loss, duplicate and corrupt. */
export const share = {
  ...wirePlace,
  pod: z.string().optional(),
  direction: wirePlace.direction.optional(),
  percent: z.number().positive("must be more than 0").max(100, "must be at most 100").optional(),
  every: z.number().int("must be a whole number").min(1).max(100_000).optional(),
};

export const shareRules = [
  {
    message: "needs one of node, pod, or from and to",
    holds: (spec: {
      node?: string | undefined;
      pod?: string | undefined;
      from?: string | undefined;
      to?: string | undefined;
    }) => (spec.pod === undefined ? placeRule.holds(spec) : !spec.node && !spec.from && !spec.to),
  },
  {
    message: "takes percent or every, not both",
    path: ["every"],
    holds: ({ percent, every }: { percent?: number | undefined; every?: number | undefined }) => !percent || !every,
  },
];

type Share = { readonly percent?: number | undefined; readonly every?: number | undefined };

/** The nft expression that is true for that share of packets, with the blank before what follows. */
export function shareMatch({ percent, every }: Share, { plan }: LabParts): string {
  if (every !== undefined && every > 1) return `numgen inc mod ${every} ${plan.random.between(0, every - 1)} `;
  if (percent !== undefined && percent < 100) return `numgen random mod 100000 < ${Math.round(percent * 1_000)} `;
  return "";
}

export function shareWords({ percent, every }: Share): string {
  if (every !== undefined && every > 1) return `one packet in ${every}`;
  return percent !== undefined && percent < 100 ? `${percent} % of packets` : "every packet";
}

/** Packets disappear: on the wire between nodes, or on the cable of one pod. */
export const loss = defineFault(
  "loss",
  {
    ...share,
    tunnelOnly: z.boolean("must be true or false").default(false),
    /** "1/4": only flows that take one of four equal paths. */
    flows: z
      .string()
      .regex(/^[1-9]\d?\/[1-9]\d?$/, "must be like 1/4")
      .optional(),
  },
  {
    rules: [
      ...shareRules,
      {
        message: "is for the wire between nodes, not for a pod",
        path: ["flows"],
        holds: ({ pod, flows, tunnelOnly }) => pod === undefined || (flows === undefined && !tunnelOnly),
      },
    ],
    prepare({ pod, percent, every, tunnelOnly, flows, direction, ...place }, lab) {
      const part = shareMatch({ percent, every }, lab);
      if (pod !== undefined) {
        const found = findPod(lab.store, pod);
        return {
          description: `${shareWords({ percent, every })} of pod ${found.namespace}/${found.name} is lost on its cable`,
          apply: () => addPodRules(lab, found, { direction: direction ?? "both", rule: `${part}drop` }),
        };
      }
      const { matches, words } = wireMatches(lab, { ...place, direction: direction ?? "out" });
      const tunnel = tunnelOnly && lab.plan.tunnel !== undefined ? `${tunnelMatch(lab)} ` : "";
      const paths = flows === undefined ? [""] : flowMatches(flows, lab);
      const of = `${flows === undefined ? "" : ` of ${flows} of the flows`}${tunnelOnly ? " of the tunnel" : ""}`;
      return {
        description: `${shareWords({ percent, every })}${of} ${words} is lost`,
        apply: () =>
          addWireRules(
            lab,
            matches.flatMap((match) =>
              paths.map((path) => `${match} ether type ${ipOf(lab)} ${tunnel}${path}${part}counter drop`),
            ),
          ),
      };
    },
  },
);

/** Flows are told apart as switches do it: by addresses and ports of the outer packet. */
function flowMatches(flows: string, lab: LabParts): string[] {
  const ip = ipOf(lab);
  const [few, many] = flows.split("/").map(Number);
  const hash = (fields: string): string => `jhash ${fields} mod ${many} seed 0x${lab.plan.random.hex(8)} < ${few} `;
  return [
    `meta l4proto { tcp, udp } ${hash(`${ip} saddr . ${ip} daddr . th sport . th dport`)}`,
    `meta l4proto != { tcp, udp } ${hash(`${ip} saddr . ${ip} daddr`)}`,
  ];
}
