import { expect, test } from "vitest";
import { conntrackInvalid } from "#src/rules/conntrack-invalid.ts";
import { loses, play, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

/** What a node calls invalid, and what its rule dropped for it; each second. */
const counting =
  (
    node: string,
    {
      invalid = 0,
      dropped,
      condition = "--ctstate INVALID",
    }: { invalid?: number; dropped?: number; condition?: string } = {},
  ): NonNullable<Scene["facts"]> =>
  (at, probe, atMs) => {
    const seconds = at.node === node && at.id.startsWith("node/") ? Math.max(0, (atMs - startOf) / 1_000) : 0;
    if (probe === "conntrack")
      return `cpu=0 found=0 invalid=${700 + Math.round(invalid * seconds)} insert_failed=0 drop=0\n`;
    if (probe === "packet-filter")
      return `*filter\n:FORWARD ACCEPT [0:0]\n:KUBE-FORWARD - [0:0]\n[9:9] -A FORWARD -j KUBE-FORWARD\n[${40 + Math.round((dropped ?? invalid) * seconds)}:90] -A KUBE-FORWARD -m conntrack ${condition} -j DROP\nCOMMIT\n`;
    return probe === "sysctls" ? "/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal:0\n" : undefined;
  };
const bad = loses(0.5, through("graz"));

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "as many are dropped as the path loses",
    scene: { facts: counting("graz", { invalid: 80 }), faults: [bad] },
    want: "graz certain",
  },
  {
    name: "a part of what the path loses is dropped",
    scene: { facts: counting("graz", { invalid: 20 }), faults: [bad] },
    want: "graz likely",
  },
  // What can fool it.
  { name: "all is well", scene: { facts: counting("graz") }, want: "cleared" },
  {
    name: "a scan is noise beside what is lost",
    scene: { facts: counting("graz", { invalid: 1 }), faults: [bad] },
    want: "cleared",
  },
  {
    name: "they are invalid and nobody drops them",
    scene: { facts: counting("graz", { invalid: 80, dropped: 0 }), faults: [bad] },
    want: "cleared",
  },
  {
    name: "another rule drops",
    scene: { facts: counting("graz", { invalid: 0, dropped: 80, condition: "--ctstate NEW" }), faults: [bad] },
    want: "cleared",
  },
  { name: "nothing is lost", scene: { facts: counting("graz", { invalid: 80 }) }, want: "cleared" },
  {
    name: "a node beside the path drops",
    scene: { facts: counting("bern", { invalid: 80 }), faults: [bad] },
    want: "cleared",
  },
])("conntrack-invalid says $want when $name", ({ scene, want }) => {
  expect(ask(conntrackInvalid, scene).brief).toBe(want);
});

test("it says the rule and the setting, and is unknown without counters", () => {
  const text = because(ask(conntrackInvalid, { facts: counting("graz", { invalid: 80 }), faults: [bad] }).verdict);
  expect(text).toMatch(
    /graz dropped [\d,]+ packets as INVALID: -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP/,
  );
  expect(text).toContain("nf_conntrack_tcp_be_liberal is 0 there");
  expect(play({ faults: [bad] }).report.unknown.map(({ cause }) => cause)).toContain("conntrack-invalid");
});
