import { expect, test } from "vitest";
import { parseBgp } from "#src/probes/bgp.ts";
import { bgpDown } from "#src/rules/bgp-down.ts";
import { loses, type Packet, play, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

const HEAD =
  "BIRD v0.3.3+birdv1.6.8 ready.\nname     proto    table    state  since       info\nstatic1  Static   master   up     2026-11-01\n";
const session = (ip: string, info: string) =>
  `Mesh_${ip.replaceAll(".", "_")} BGP      master   ${info === "Established" ? "up   " : "start"}  10:21:34    ${info}\n`;
const graz = "172.20.7.21";
const bern = "172.20.7.22";

/** BIRD of ulm, and whether ulm has its route to the pods of graz. */
const bird =
  (sessions: string, { route = false } = {}): NonNullable<Scene["facts"]> =>
  (at, probe) => {
    if (probe === "bgp" && at.label === "ulm") return sessions === "" ? "" : HEAD + sessions;
    if (probe !== "routes" || at.label !== "ulm") return undefined;
    return JSON.stringify([
      { dst: "default", gateway: "172.20.7.1", dev: "ens5" },
      { dst: "10.42.0.0/24", dev: "cni0" },
      { dst: "10.42.2.0/24", gateway: bern, dev: "ens5" },
      ...(route ? [{ dst: "10.42.1.0/24", gateway: graz, dev: "ens5" }] : []),
    ]);
  };
const cut = loses(
  1,
  ({ leg, fromNode, toNode }: Packet) =>
    leg.scope === "overlay" && [fromNode, toNode].includes("ulm") && [fromNode, toNode].includes("graz"),
);
const refused = "Active        Socket: Connection refused";

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "the session with the other node is down",
    scene: { facts: bird(session(graz, refused) + session(bern, "Established")), faults: [cut] },
    want: "ulm>graz certain",
  },
  {
    name: "no session at all is up",
    scene: { facts: bird(session("192.0.2.1", "Idle          BGP Error: Hold timer expired")), faults: [cut] },
    want: "ulm>graz likely",
  },
  // What can fool it.
  { name: "all is well", scene: { facts: bird(session(graz, "Established"), { route: true }) }, want: "cleared" },
  {
    name: "it restarts and its routes are kept",
    scene: { facts: bird(session(graz, refused), { route: true }), faults: [cut] },
    want: "cleared",
  },
  { name: "it is down and packets pass", scene: { facts: bird(session(graz, refused)) }, want: "cleared" },
  {
    name: "the mesh is off and the reflector's session is up",
    scene: { facts: bird(session("192.0.2.1", "Established")), faults: [cut] },
    want: "cleared",
  },
  {
    name: "only a session with a third node is down",
    scene: { facts: bird(session(graz, "Established") + session(bern, refused)), faults: [cut] },
    want: "cleared",
  },
  { name: "no BGP daemon is there", scene: { facts: bird(""), faults: [cut] }, want: "cleared" },
])("bgp-down says $want when $name", ({ scene, want }) => {
  expect(ask(bgpDown, scene).brief).toBe(want);
});

test("it says the session and its state, and the missing route is beneath it", () => {
  const scene: Scene = { facts: bird(session(graz, refused)), faults: [cut] };
  expect(because(ask(bgpDown, scene).verdict)).toContain(
    "the BGP session Mesh_172_20_7_21 of ulm with graz (172.20.7.21) is down: Active Socket: Connection refused",
  );
  const [cause, ...others] = play(scene).report.causes;
  expect(cause?.cause).toBe("bgp-down");
  expect(cause?.explains.map((one) => one.cause)).toContain("route-missing");
  expect(others).toEqual([]);
});

test.each<{
  name: string;
  text: string;
  want: readonly (readonly [peer: string | undefined, up: boolean, state: string])[];
}>([
  {
    name: "the control socket of BIRD 1.6, with reply codes",
    text: "0001 BIRD v0.3.3+birdv1.6.8 ready.\n2002-name     proto    table    state  since       info\n1002-static1  Static   master   up     2026-11-01  \n Mesh_10_0_0_2 BGP      master   up     2026-11-01  Established   \n Node_10_0_0_3_port_179 BGP      master   start  10:21:34    Connect       Socket: No route to host\n0000 \n",
    want: [
      ["10.0.0.2", true, "Established"],
      ["10.0.0.3", false, "Connect Socket: No route to host"],
    ],
  },
  {
    name: "BIRD 2, with date and time",
    text: "BIRD 2.0.12 ready.\nName       Proto      Table      State  Since         Info\nkernel1    Kernel     master4    up     2026-11-01 10:21:34  \nGlobal_10_0_0_9 BGP        ---        start  2026-11-01 10:21:34.567  Idle          Received: Administrative shutdown\nuplink     BGP        ---        down   2026-11-01 10:21:34  \n",
    want: [
      ["10.0.0.9", false, "Idle Received: Administrative shutdown"],
      [undefined, false, "down"],
    ],
  },
  {
    name: "calicoctl node status",
    text: "Calico process is running.\n\nIPv4 BGP status\n+--------------+-------------------+-------+----------+--------------------------------+\n| PEER ADDRESS |     PEER TYPE     | STATE |  SINCE   |              INFO              |\n+--------------+-------------------+-------+----------+--------------------------------+\n| 10.0.0.2     | node-to-node mesh | up    | 10:21:34 | Established                    |\n| 10.0.0.3     | node-to-node mesh | start | 10:21:34 | Connect Socket: Host is        |\n+--------------+-------------------+-------+----------+--------------------------------+\n",
    want: [
      ["10.0.0.2", true, "Established"],
      ["10.0.0.3", false, "Connect Socket: Host is"],
    ],
  },
  {
    name: "cilium bgp peers",
    text: "Node                              Local AS   Peer AS   Peer Address   Session State   Uptime     Family         Received   Advertised\nbgpv1-control-plane-dev-worker    65001      65000     fd00:10::1     established     33m26s     ipv4/unicast   2          2\nbgpv1-control-plane-dev-worker2   65001      65000     10.0.0.4       active          0s         ipv4/unicast   0          0\n",
    want: [
      ["fd00:10::1", true, "established"],
      ["10.0.0.4", false, "active"],
    ],
  },
])("sessions are read from $name, however it is cut", ({ text, want }) => {
  expect(parseBgp(text)?.map(({ peer, up, state }) => [peer, up, state])).toEqual(want);
  for (let end = 0; end < text.length; end++) expect(() => parseBgp(text.slice(0, end))).not.toThrow();
});
