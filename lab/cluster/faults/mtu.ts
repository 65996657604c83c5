import { z } from "zod";
import { defineFault } from "./fault.ts";
import { addWireRules, placeRule, wireMatches, wirePlace } from "./wire.ts";

/** Packets above a size vanish on the wire, and nobody says so. */
export const mtu = defineFault(
  "mtu",
  {
    node: wirePlace.node,
    from: wirePlace.from,
    to: wirePlace.to,
    /** Largest IP packet between nodes that passes, tunnel headers included. */
    bytes: z
      .number("must be a number of bytes")
      .int()
      .min(68, "must be at least 68")
      .max(1_500, "must be at most 1500"),
    /** Whether "fragmentation needed" gets back; a switch, which is what is between nodes here, cannot send it. */
    icmp: z.literal(false, "is not available yet in this lab: only false is").default(false),
  },
  {
    rules: [placeRule],
    prepare({ bytes, icmp: _icmp, ...place }, lab) {
      const { matches, words } = wireMatches(lab, { ...place, direction: "both" });
      return {
        description: `packets above ${bytes} bytes vanish ${words}`,
        apply: () =>
          addWireRules(
            lab,
            matches.map((match) => `${match} ether type ip meta length > ${bytes} counter drop`),
          ),
      };
    },
  },
);
