import { expect, test } from "vitest";
import { neighbourTable, neighbourTableEvidence, parseNeighbourTable } from "#src/probes/neighbour-table.ts";
import { neighbourTableFull } from "#src/rules/neighbour-table-full.ts";
import { loses, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

const hex = (value: number): string => value.toString(16).padStart(8, "0");
/** A node's table as its files print it: two CPUs, and so many refusals a second. */
const table =
  (node: string, { entries = 400, max = 1_024, fulls = 0, from = 0 } = {}): NonNullable<Scene["facts"]> =>
  (at, probe, atMs) => {
    if (probe !== "sysctls" || !at.id.startsWith("node/")) return undefined;
    const refused = at.node === node ? Math.round(fulls * Math.max(0, (atMs - startOf) / 1_000 - from)) : 0;
    const line = (count: number) =>
      `/proc/net/stat/arp_cache:${hex(at.node === node ? entries : 9)}  00000a31 0000ffff ${hex(7 + count)}\n`;
    return `/proc/sys/net/ipv4/neigh/default/gc_thresh3:${max}\n/proc/net/stat/arp_cache:entries  allocs destroys table_fulls\n${line(refused)}${line(0)}`;
  };
const bad = loses(0.5, through("graz"));

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "it is full and refuses while packets are lost",
    scene: { facts: table("graz", { entries: 1_024, fulls: 3 }), faults: [bad] },
    want: "graz certain",
  },
  {
    name: "it refused, and had room when it was read",
    scene: { facts: table("graz", { fulls: 3 }), faults: [bad] },
    want: "graz likely",
  },
  // What can fool it.
  { name: "all is well", scene: { facts: table("graz") }, want: "cleared" },
  {
    name: "permanent entries fill it beyond its limit and nothing is refused",
    scene: { facts: table("graz", { entries: 1_500 }), faults: [bad] },
    want: "cleared",
  },
  {
    name: "it refuses and nothing is lost",
    scene: { facts: table("graz", { entries: 1_024, fulls: 3 }) },
    want: "cleared",
  },
  {
    name: "a node beside the path refuses",
    scene: { facts: table("bern", { entries: 1_024, fulls: 3 }), faults: [bad] },
    want: "cleared",
  },
  { name: "nothing could be read", scene: { faults: [bad] }, want: "unknown" },
])("neighbour-table-full says $want when $name", ({ scene, want }) => {
  expect(ask(neighbourTableFull, scene).brief).toBe(want);
});

test("it says the limit, and a log line alone is no proof", () => {
  const text = because(
    ask(neighbourTableFull, { facts: table("graz", { entries: 1_024, fulls: 3 }), faults: [bad] }).verdict,
  );
  expect(text).toMatch(
    /the kernel of graz refused \d+ new neighbour entries while packets were lost \(table_fulls\)\nits table holds 1,024 entries, at most 1,024/,
  );
  const logged: Scene = {
    facts: (at, probe, atMs) =>
      probe === "kernel" && at.node === "graz"
        ? `@now ${atMs} 100.00 40265\n90.5 neighbour: arp_cache: neighbor table overflow!\n`
        : table("graz")(at, probe, atMs),
    faults: [bad],
  };
  expect(ask(neighbourTableFull, logged).brief).toBe("cleared");
});

test("counts of CPUs are added up, the number of entries is not", () => {
  const text = `/proc/net/stat/arp_cache:entries  allocs table_fulls\n/proc/net/stat/arp_cache:00000033 00000010 00000002\n/proc/net/stat/arp_cache:00000033 00000001 0000000a\n`;
  expect(parseNeighbourTable(text)).toEqual({ entries: 51, allocs: 17, table_fulls: 12 });
  for (let end = 0; end < text.length; end++) expect(() => parseNeighbourTable(text.slice(0, end))).not.toThrow();
  expect(parseNeighbourTable("/proc/net/stat/arp_cache:entries allocs\n")).toBeUndefined();
  const at = { id: "node/n", label: "n", node: "n", netns: "node", ip: "10.0.0.1", role: "control" } as const;
  const [only] = neighbourTable.read([{ atMs: 1, exitCode: 0, stdout: text }], { subject: "node/n", vantage: at });
  expect(neighbourTableEvidence.schema.parse(only?.data).gains?.gained).toEqual({});
});
