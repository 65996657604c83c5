import { expect, test } from "vitest";
import { parseBpfPrograms } from "#src/probes/bpf-programs.ts";
import { competingBpf } from "#src/rules/competing-bpf.ts";
import { loses, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

type Attached = { readonly devname: string; readonly name: string; readonly kind?: string; readonly id?: number };
const list = (programs: readonly Attached[]): string =>
  JSON.stringify([
    {
      xdp: [],
      tc: programs.map(({ devname, name, kind = "clsact/ingress", id = 7 }) => ({
        devname,
        ifindex: 3,
        kind,
        name,
        id,
      })),
      flow_dissector: [],
    },
  ]);
const own = ["lxc1", "lxc2", "lxc3"].map((devname) => ({ devname, name: "cil_from_container" }));
/** Programs on graz before and after the middle of the check, where the asked pod's cable is lxc1. */
const programs =
  (before: readonly Attached[], after = before): NonNullable<Scene["facts"]> =>
  (at, probe, atMs) => {
    if (probe === "bpf-programs") return at.label === "graz" ? list(atMs < startOf + 10_000 ? before : after) : "[]";
    if (probe !== "links") return undefined;
    const linkinfo = { info_kind: "veth" };
    if (at.label === "shop/api-1")
      return JSON.stringify([
        { ifname: "eth0", ifindex: 2, link_index: 11, link_netnsid: 0, flags: ["UP", "LOWER_UP"], linkinfo },
      ]);
    return at.label === "graz"
      ? JSON.stringify(
          ["lxc1", "lxc2", "lxc3"].map((ifname, n) => ({
            ifname,
            ifindex: 11 + n,
            link_index: 2,
            link_netnsid: n,
            flags: ["UP", "LOWER_UP"],
            linkinfo,
          })),
        )
      : undefined;
  };
const bad = loses(0.5, through("graz"));
const foreign = { devname: "lxc1", name: "handle_ingress" };

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "another program takes its place during the check",
    scene: { facts: programs(own, [foreign, ...own.slice(1)]), faults: [bad] },
    want: "graz likely",
  },
  {
    name: "the asked pod's cable alone has another one",
    scene: { facts: programs([foreign, ...own.slice(1)]), faults: [bad] },
    want: "graz likely",
  },
  { name: "two are on one hook", scene: { facts: programs([foreign, ...own]), faults: [bad] }, want: "graz possible" },
  // What can fool it.
  { name: "all is well", scene: { facts: programs(own) }, want: "cleared" },
  { name: "two are on one hook and nothing is lost", scene: { facts: programs([foreign, ...own]) }, want: "cleared" },
  {
    name: "several are on tcx, which is legal",
    scene: { facts: programs([foreign, ...own].map((one) => ({ ...one, kind: "tcx/ingress" }))), faults: [bad] },
    want: "cleared",
  },
  {
    name: "the agent attached its own anew",
    scene: {
      facts: programs(
        own,
        own.map((one) => ({ ...one, id: 99 })),
      ),
      faults: [bad],
    },
    want: "cleared",
  },
  {
    name: "another pod's cable has two",
    scene: { facts: programs([...own, { ...foreign, devname: "lxc3" }]), faults: [bad] },
    want: "cleared",
  },
  { name: "there is no program", scene: { facts: programs([]), faults: [bad] }, want: "cleared" },
  {
    name: "no program could be listed",
    scene: { facts: (_at, probe) => (probe === "bpf-programs" ? "" : undefined), faults: [bad] },
    want: "unknown",
  },
])("competing-bpf says $want when $name", ({ scene, want }) => {
  expect(ask(competingBpf, scene).brief).toBe(want);
});

test("it names the programs and the device", () => {
  expect(
    because(ask(competingBpf, { facts: programs(own, [foreign, ...own.slice(1)]), faults: [bad] }).verdict),
  ).toContain("on lxc1 of graz handle_ingress took the place of cil_from_container (clsact/ingress) during the check");
});

test("lists of old and new bpftool are read, however they are cut", () => {
  const old =
    '[{"xdp":[{"devname":"eth0","ifindex":2,"mode":"driver","id":5}],"tc":[{"devname":"eth0","ifindex":2,"kind":"clsact/ingress","name":"bpf_netdev_eth0.o:[from-netdev]","id":9}],"flow_dissector":[]}]';
  expect(parseBpfPrograms(old)).toEqual([
    { device: "eth0", hook: "xdp", name: "#5", id: 5 },
    { device: "eth0", hook: "clsact/ingress", name: "from-netdev", id: 9 },
  ]);
  const recent =
    '[{"xdp":[],"tc":[{"devname":"lxc1","ifindex":8,"kind":"tcx/ingress","name":"cil_from_container","prog_id":31,"link_id":4}],"flow_dissector":[],"netfilter":[]}]\n';
  expect(parseBpfPrograms(recent)).toEqual([
    { device: "lxc1", hook: "tcx/ingress", name: "cil_from_container", id: 31 },
  ]);
  expect(parseBpfPrograms('[{"xdp":[],"tc":[],"flow_dissector":[]}]\n')).toEqual([]);
  for (let end = 0; end < old.length; end++) expect(parseBpfPrograms(old.slice(0, end))).toBeUndefined();
});
