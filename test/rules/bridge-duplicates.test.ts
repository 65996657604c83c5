import { expect, test } from "vitest";
import { evidenceOf } from "#src/core/evidence.ts";
import { pingEvidence } from "#src/core/leg-evidence.ts";
import type { Leg, Plan } from "#src/core/plan.ts";
import { bridgeDuplicates } from "#src/rules/bridge-duplicates.ts";
import { play, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

/** graz's bridge, promiscuous or not. */
const bridge =
  (promiscuous: boolean, node = "graz"): NonNullable<Scene["facts"]> =>
  (at, probe) =>
    probe === "links" && at.label === node
      ? JSON.stringify([
          {
            ifname: "cbr0",
            ifindex: 5,
            flags: ["UP", "LOWER_UP", ...(promiscuous ? ["PROMISC"] : [])],
            linkinfo: { info_kind: "bridge" },
          },
        ])
      : undefined;
/** The answers that came twice, as a share of those of each leg. */
const twice = (scene: Scene, share: (leg: Leg) => number) => (plan: Plan) => {
  const { evidence } = play(scene);
  return plan.legs.flatMap((leg) => {
    const data = evidence.get(pingEvidence, leg.id);
    return data
      ? [evidenceOf(pingEvidence, leg.id, 0, { ...data, duplicates: Math.round(share(leg) * data.received) })]
      : [];
  });
};
const toPods = ({ id }: Leg): number => (id.includes("pod/shop/api-1") ? 1 : 0);
const everywhere = (leg: Leg): number => (leg.scope === "underlay" ? 1 : toPods(leg));

test.each<{ name: string; facts: Scene["facts"]; share: (leg: Leg) => number; want: string }>([
  { name: "its bridge is promiscuous and echoes come twice", facts: bridge(true), share: toPods, want: "graz likely" },
  // What can fool it.
  { name: "nothing comes twice", facts: bridge(true), share: () => 0, want: "cleared" },
  { name: "a few come twice", facts: bridge(true), share: (leg) => 0.1 * toPods(leg), want: "cleared" },
  { name: "the bridge is not promiscuous", facts: bridge(false), share: toPods, want: "cleared" },
  { name: "a wire doubles what nodes send as well", facts: bridge(true), share: everywhere, want: "cleared" },
  { name: "a bridge beside the path is promiscuous", facts: bridge(true, "bern"), share: toPods, want: "cleared" },
  {
    name: "the devices could not be read",
    facts: (_, probe) => (probe === "links" ? "garbage" : undefined),
    share: toPods,
    want: "unknown",
  },
])("bridge-duplicates says $want when $name", ({ facts, share, want }) => {
  const scene: Scene = facts ? { facts } : {};
  expect(ask(bridgeDuplicates, scene, twice(scene, share)).brief).toBe(want);
});

test("it says how many and which bridge", () => {
  const scene: Scene = { facts: bridge(true) };
  const text = because(ask(bridgeDuplicates, scene, twice(scene, toPods)).verdict);
  expect(text).toMatch(
    /(\d+) of \1 echoes to and from pods of graz were answered twice \(100 %\)\nthe bridge cbr0 of graz takes all frames \(PROMISC\)/,
  );
});
