import { expect, test } from "vitest";
import { reversePathFilter } from "#src/rules/reverse-path-filter.ts";
import { loses, type Packet, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

type Told = {
  readonly perSecond?: number;
  readonly all?: number;
  readonly device?: number;
  readonly asymmetric?: boolean;
};

/** What graz prints: drops counted, filter modes, and whether the way to ulm leads out of a second NIC. */
function facts({ perSecond = 60, all = 0, device = 1, asymmetric = true }: Told): Pick<Scene, "facts"> {
  return {
    facts: (at, probe, atMs) => {
      if (at.label !== "graz") return undefined;
      if (probe === "counters")
        return JSON.stringify({
          kernel: { TcpExtIPReversePathFilter: 7 + Math.round(((atMs - startOf) / 1_000) * perSecond) },
        });
      if (probe === "sysctls")
        return `/proc/sys/net/ipv4/conf/all/rp_filter:${all}\n/proc/sys/net/ipv4/conf/ens5/rp_filter:${device}\n`;
      if (probe === "routes" && asymmetric)
        return JSON.stringify([
          { dst: "172.20.7.0/24", dev: "ens5" },
          { dst: "172.20.7.20/32", gateway: "10.99.0.20", dev: "ens6" },
        ]);
      return undefined;
    },
  };
}
const refused: Pick<Scene, "faults"> = {
  faults: [loses(1, ({ fromNode, toNode }: Packet) => fromNode === "ulm" && toNode === "graz")],
};

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "the strict filter drops what the target's node receives",
    scene: { ...facts({}), ...refused },
    want: "graz certain",
  },
  { name: "it is on for all devices", scene: { ...facts({ all: 1, device: 0 }), ...refused }, want: "graz certain" },
  {
    name: "the routes do not show another way",
    scene: { ...facts({ asymmetric: false }), ...refused },
    want: "graz likely",
  },
  {
    name: "nothing arrives at all, for it does not say who it is either",
    scene: { ...facts({ perSecond: 0 }), ...refused },
    want: "graz certain",
  },
  // What can fool it.
  { name: "the filter is loose", scene: { ...facts({ device: 2 }), ...refused }, want: "cleared" },
  { name: "it is loose for all", scene: { ...facts({ all: 2 }), ...refused }, want: "cleared" },
  {
    name: "it drops only a few of a stranger's",
    scene: { ...facts({ perSecond: 1, asymmetric: false }), ...refused },
    want: "cleared",
  },
  {
    name: "it dropped long ago",
    scene: { ...facts({ perSecond: 0, asymmetric: false }), ...refused },
    want: "cleared",
  },
  { name: "it drops and nothing of ours is lost", scene: facts({}), want: "cleared" },
  {
    name: "another node's wire loses",
    scene: { ...facts({ perSecond: 0.2 }), faults: [loses(0.3, through("ulm"))] },
    want: "cleared",
  },
])("reverse-path-filter says $want when $name", ({ scene, want }) => {
  expect(ask(reversePathFilter, scene).brief).toBe(want);
});

test("it shows by which device packets come and by which the answer would go", () => {
  const { verdict } = ask(reversePathFilter, {
    ...refused,
    facts: (at, probe, atMs) =>
      probe === "addresses" && at.label === "graz"
        ? JSON.stringify([{ ifname: "ens5", flags: ["LOWER_UP"], addr_info: [{ local: at.ip, prefixlen: 24 }] }])
        : facts({}).facts?.(at, probe, atMs),
  });
  expect(because(verdict)).toContain(
    "what ulm sends arrives at ens5, but the route back to 172.20.7.20 leads out of ens6",
  );
});
