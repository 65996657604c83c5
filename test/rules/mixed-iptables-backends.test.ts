import { expect, test } from "vitest";
import { parseLegacyTables } from "#src/probes/legacy-tables.ts";
import { mixedIptablesBackends } from "#src/rules/mixed-iptables-backends.ts";
import { play, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { noService, shop, tables, world } from "./service-world.ts";

const backends =
  (text: string, node = "ulm"): NonNullable<Scene["facts"]> =>
  (at, probe, atMs) =>
    probe === "legacy-tables" ? (at.label === node ? text : "") : tables()(at, probe, atMs);
const both = "nft nat 30 120\nlegacy nat 22 80\n";
const asked: Scene = { world, to: "svc/shop/cart" };
const fails = noService("ulm", shop.ip);

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "rules are in both and connects fail",
    scene: { ...asked, facts: backends(both), faults: [fails] },
    want: "ulm likely",
  },
  // What can fool it.
  { name: "rules are in both and Services work", scene: { ...asked, facts: backends(both) }, want: "cleared" },
  {
    name: "the old tables are empty",
    scene: { ...asked, facts: backends("legacy nat 0 0\nlegacy filter 0 0\n"), faults: [fails] },
    want: "cleared",
  },
  {
    name: "the old tables have chains and no rules",
    scene: { ...asked, facts: backends("nft nat 30 120\nlegacy nat 22 0\n"), faults: [fails] },
    want: "cleared",
  },
  {
    name: "all rules are in the old tables",
    scene: { ...asked, facts: backends("nft nat 0 0\nlegacy nat 22 80\n"), faults: [fails] },
    want: "cleared",
  },
  {
    name: "a node beside the path has both",
    scene: { ...asked, facts: backends(both, "bern"), faults: [fails] },
    want: "cleared",
  },
  { name: "nothing is there", scene: { ...asked, facts: backends(""), faults: [fails] }, want: "cleared" },
])("mixed-iptables-backends says $want when $name", ({ scene, want }) => {
  expect(ask(mixedIptablesBackends, scene).brief).toBe(want);
});

test("it says how many are where, and what fails is beneath it", () => {
  const scene: Scene = { ...asked, facts: backends(both), faults: [fails] };
  expect(because(ask(mixedIptablesBackends, scene).verdict)).toContain(
    "ulm has 80 rules for Services in the old tables of iptables and 120 in those of nft",
  );
  expect(play(scene).report.causes.map(({ cause }) => cause)).toEqual(["mixed-iptables-backends"]);
  expect(parseLegacyTables("")).toBeUndefined();
  for (let end = 0; end < both.length; end++) expect(() => parseLegacyTables(both.slice(0, end))).not.toThrow();
});
