import { expect, test } from "vitest";
import { portFiltered } from "#src/rules/port-filtered.ts";
import { loses, type Scene, startOf, through, toPort } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

const target = toPort("shop/api-1", 7000);
const swallowed: Pick<Scene, "faults"> = { faults: [loses(1, target)] };
const ruleInPod: Pick<Scene, "facts"> = {
  facts: (at, probe, atMs) =>
    probe === "packet-filter" && at.label === "shop/api-1"
      ? `*filter\n:INPUT ACCEPT [0:0]\n[${Math.round((atMs - startOf) / 30)}:0] -A INPUT -p tcp -m tcp --dport 7000 -j DROP\nCOMMIT\n`
      : undefined,
};

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "a rule in the pod takes the SYNs", scene: { ...swallowed, ...ruleInPod }, want: "shop/api-1 certain" },
  { name: "no rule is visible", scene: swallowed, want: "shop/api-1 likely" },
  {
    name: "nothing listens and nothing refuses",
    scene: {
      ...swallowed,
      facts: (at, probe) => (probe === "listeners" && at.label === "shop/api-1" ? "" : undefined),
    },
    want: "shop/api-1 possible",
  },
  {
    name: "only one source is filtered",
    scene: { faults: [loses(1, ({ leg }) => leg.from === "pod/shop/api-0" && leg.port === 7000)] },
    want: "shop/api-1 likely",
  },
  { name: "all connects", scene: {}, want: "cleared" },
  // What can fool it.
  { name: "the whole path loses", scene: { faults: [loses(1, through("graz"))] }, want: "cleared" },
  {
    name: "some SYNs are lost with everything else",
    scene: { faults: [loses(0.3, through("graz"))] },
    want: "cleared",
  },
  { name: "some connects fail, as with a full accept queue", scene: { faults: [loses(0.2, target)] }, want: "cleared" },
  {
    name: "the first SYN only is lost",
    scene: { faults: [loses(1, (packet) => target(packet) && packet.atMs < startOf + 400)] },
    want: "cleared",
  },
])("port-filtered says $want when $name", ({ scene, want }) => {
  expect(ask(portFiltered, scene).brief).toBe(want);
});

test("it says that echoes pass, that a socket listens, and where the SYNs vanish", () => {
  const { verdict } = ask(portFiltered, swallowed);
  expect(because(verdict)).toMatch(/answers echoes on \d of \d legs/);
  expect(because(verdict)).toContain("a socket listens on 7000");
  expect(because(verdict)).toContain("on the same node get no answer: they vanish at shop/api-1 itself");
});

test("when its own node is answered, the SYNs vanish on the way", () => {
  const { verdict } = ask(portFiltered, {
    faults: [loses(1, (packet) => target(packet) && packet.fromNode !== packet.toNode)],
  });
  expect(because(verdict)).toContain("they vanish on the way into graz");
});
