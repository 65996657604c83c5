import { expect, test } from "vitest";
import { tunnelBlocked } from "#src/rules/tunnel-blocked.ts";
import { loses, type Packet, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { tunnelFacts } from "./tunnel-facts.ts";

const tunnels: Pick<Scene, "facts"> = { facts: (at, probe) => tunnelFacts(at, probe) };
const pods =
  (from: string | undefined, to: string | undefined) =>
  ({ fromNode, toNode, leg }: Packet) =>
    leg.scope === "overlay" &&
    fromNode !== toNode &&
    (from === undefined || fromNode === from) &&
    (to === undefined || toNode === to);

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "all pod packets into a node vanish",
    scene: { ...tunnels, faults: [loses(1, pods(undefined, "graz"))] },
    want: "graz likely",
  },
  {
    name: "all between two nodes vanish, one way",
    scene: { ...tunnels, faults: [loses(1, pods("graz", "ulm"))] },
    want: "graz>ulm likely",
  },
  {
    name: "it begins in the middle",
    scene: {
      ...tunnels,
      seconds: 30,
      faults: [loses(1, (packet) => packet.atMs > startOf + 12_000 && pods("ulm", "graz")(packet))],
    },
    want: "ulm>graz likely",
  },
  // What can fool it.
  { name: "nothing is lost", scene: tunnels, want: "cleared" },
  {
    name: "only a part is lost",
    scene: { ...tunnels, faults: [loses(0.3, pods(undefined, "graz"))] },
    want: "cleared",
  },
  {
    name: "the nodes do not reach each other either",
    scene: { ...tunnels, faults: [loses(1, through("graz"))] },
    want: "cleared",
  },
  { name: "there is no tunnel", scene: { faults: [loses(1, pods(undefined, "graz"))] }, want: "cleared" },
  {
    name: "one pod alone is cut off",
    scene: {
      ...tunnels,
      faults: [loses(1, ({ from, to, fromNode, toNode }) => fromNode !== toNode && [from, to].includes("shop/api-1"))],
    },
    want: "cleared",
  },
  {
    name: "pods of that node do not reach their neighbours either",
    scene: {
      ...tunnels,
      faults: [
        loses(1, pods(undefined, "graz")),
        loses(1, ({ leg, toNode }) => leg.scope === "same-node" && toNode === "graz"),
      ],
    },
    want: "not blamed",
  },
])("tunnel-blocked says $want when $name", ({ scene, want }) => {
  const { brief } = ask(tunnelBlocked, scene);
  if (want === "not blamed") expect(["cleared", "unknown"]).toContain(brief);
  else expect(brief).toBe(want);
});

test("it says the pair, the direction and what has to be allowed", () => {
  const { verdict } = ask(tunnelBlocked, { ...tunnels, faults: [loses(1, pods("graz", "ulm"))] });
  expect(because(verdict)).toContain("pod packets in the tunnel are all lost between graz and ulm");
  expect(because(verdict)).toMatch(/lost on the way from graz to ulm \(\d+ of \d+ packets\), not on the way back/);
  expect(because(verdict)).toContain("vx.7 sends them as UDP to port 4789 (vxlan)");
});
