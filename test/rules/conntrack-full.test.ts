import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import { conntrackFull } from "#src/rules/conntrack-full.ts";
import { crossing, loses, type Packet, play, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { tables, world } from "./service-world.ts";

/** A node's table: how full, how many drops a second by `conntrack -S`, and what its kernel log says. */
const table =
  (node: string, { fill = 0.3, drops = 0, lines = [] as readonly string[] }): NonNullable<Scene["facts"]> =>
  (at: Vantage, probe: string, atMs: number) => {
    const seconds = (atMs - startOf) / 1_000;
    const mine = at.node === node;
    if (probe === "kernel") {
      const log = mine ? lines.map((line, n) => `${100 + n}.5 ${line}\n`).join("") : "";
      return `@now ${atMs} ${(100 + seconds).toFixed(2)} ${mine ? 40265 : 40999}\n@conntrack ${Math.round(1_000 * (mine ? fill : 0.1))} 1000\n${log}`;
    }
    if (probe === "conntrack")
      return `cpu=0 found=1 invalid=2 insert_failed=3 drop=${900 + (mine ? Math.round(drops * seconds) : 0)} early_drop=0\n`;
    return undefined;
  };
const newDie = loses(0.9, (packet: Packet) => packet.protocol === "tcp" && through("graz")(packet));

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "it is full, drops, and connects die",
    scene: { facts: table("graz", { fill: 1, drops: 5 }), faults: [newDie] },
    want: "graz certain",
  },
  {
    name: "it is full and the log says so",
    scene: {
      facts: table("graz", {
        fill: 1,
        lines: ["nf_conntrack: nf_conntrack: table full in netns 40265, dropping packet"],
      }),
      faults: [newDie],
    },
    want: "graz certain",
  },
  {
    name: "it is full and connects die",
    scene: { facts: table("graz", { fill: 0.99 }), faults: [newDie] },
    want: "graz likely",
  },
  {
    name: "it drops, and had room when it was read",
    scene: { facts: table("graz", { fill: 0.5, drops: 5 }), faults: [newDie] },
    want: "graz likely",
  },
  {
    name: "it is that of the second pod behind a Service",
    scene: {
      ...{ world, to: "svc/shop/cart" },
      facts: (at, probe, atMs) => table("bern", { fill: 1, drops: 5 })(at, probe, atMs) ?? tables()(at, probe, atMs),
      faults: [loses(0.9, (packet: Packet) => packet.protocol === "tcp" && through("bern")(packet))],
    },
    want: "bern certain",
  },
  { name: "all is well", scene: { facts: table("graz", {}) }, want: "cleared" },
  // What can fool it.
  { name: "it is full and nothing is lost", scene: { facts: table("graz", { fill: 1 }) }, want: "cleared" },
  {
    name: "it is nine tenths full and packets are lost",
    scene: { facts: table("graz", { fill: 0.9 }), faults: [newDie] },
    want: "cleared",
  },
  {
    name: "the table of a node beside the path is full",
    scene: { facts: table("bern", { fill: 1, drops: 5 }), faults: [newDie] },
    want: "cleared",
  },
  {
    name: "the log speaks of another namespace",
    scene: {
      facts: table("graz", { lines: ["nf_conntrack: table full in netns 40999, dropping packet"] }),
      faults: [newDie],
    },
    want: "cleared",
  },
  {
    name: "old drops do not move",
    scene: { facts: table("graz", {}), faults: [loses(0.2, crossing)] },
    want: "cleared",
  },
  { name: "nothing could be read", scene: { faults: [newDie] }, want: "unknown" },
])("conntrack-full says $want when $name", ({ scene, want }) => {
  expect(ask(conntrackFull, { port: 7000, ...scene }).brief).toBe(want);
});

test("it says how full and how many drops, and lost connects are its symptom", () => {
  const scene: Scene = { port: 7000, facts: table("graz", { fill: 1, drops: 5 }), faults: [newDie] };
  expect(because(ask(conntrackFull, scene).verdict)).toMatch(
    /table of graz holds 1,000 of at most 1,000 connections \(100 %\)\ngraz dropped \d+ packets/,
  );
  expect(play(scene).report.causes.map(({ cause, where }) => [cause, where.name])).toEqual([
    ["conntrack-full", "graz"],
  ]);
});

test("it accounts for all legs of its node, also those whose connections were known before and pass", () => {
  const scene: Scene = { port: 7000, facts: table("graz", { fill: 1, drops: 5 }), faults: [newDie] };
  const { plan } = play(scene);
  const legs = ask(conntrackFull, scene).all[0]?.legs ?? [];
  const echoes = plan.legs.filter(({ port, from }) => port === undefined && from === "node/graz");
  expect(echoes.length).toBeGreaterThan(0);
  expect(legs).toEqual(expect.arrayContaining(echoes.map(({ id }) => id)));
});
