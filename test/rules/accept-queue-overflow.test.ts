import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import { acceptQueueOverflow } from "#src/rules/accept-queue-overflow.ts";
import { loses, type Packet, play, type Scene, startOf, toPort } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { shop, tables, world } from "./service-world.ts";

/** Queues of shop/api-1 by port, and overflows a second in its namespace. */
const queues =
  (waiting: Readonly<Record<number, number>>, overflows = 0): NonNullable<Scene["facts"]> =>
  (at: Vantage, probe: string, atMs: number) => {
    if (at.label !== "shop/api-1") return undefined;
    if (probe === "listeners")
      return Object.entries(waiting)
        .map(([port, count]) => `LISTEN ${count} 128 0.0.0.0:${port} 0.0.0.0:*\n`)
        .join("");
    return probe === "counters"
      ? `{"kernel":{"TcpExtListenOverflows":${70 + Math.round((overflows * (atMs - startOf)) / 1_000)}}}`
      : undefined;
  };
const dies = loses(1, toPort("shop/api-1", 7000));

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "the queue is full and overflows",
    scene: { facts: queues({ 7000: 129 }, 4), faults: [dies] },
    want: "shop/api-1 certain",
  },
  {
    name: "some connects get in",
    scene: { facts: queues({ 7000: 128 }, 2), faults: [loses(0.5, toPort("shop/api-1", 7000))] },
    want: "shop/api-1 certain",
  },
  {
    name: "the queue is full, the counter was not read",
    scene: { facts: queues({ 7000: 129 }), faults: [dies] },
    want: "shop/api-1 likely",
  },
  { name: "all is well", scene: { facts: queues({ 7000: 0 }) }, want: "cleared" },
  // What can fool it.
  {
    name: "the queue ran full for a moment and nothing was lost",
    scene: { facts: queues({ 7000: 129 }, 1) },
    want: "cleared",
  },
  {
    name: "another port's queue is full",
    scene: { facts: queues({ 7000: 0, 9000: 129 }, 4), faults: [dies] },
    want: "cleared",
  },
  { name: "the port is filtered", scene: { facts: queues({ 7000: 0 }), faults: [dies] }, want: "cleared" },
])("accept-queue-overflow says $want when $name", ({ scene, want }) => {
  expect(ask(acceptQueueOverflow, { port: 7000, ...scene }).brief).toBe(want);
});

test("it says how long the queue is; the dead port is its symptom", () => {
  const scene: Scene = { port: 7000, facts: queues({ 7000: 129 }, 4), faults: [dies] };
  expect(because(ask(acceptQueueOverflow, scene).verdict)).toContain(
    "port 7000 of shop/api-1 has 129 connections waiting to be accepted, and its queue takes 128",
  );
  expect(play(scene).report.causes.map(({ cause }) => cause)).toEqual(["accept-queue-overflow"]);
});

test("one of the backends that does not accept is felt by who asks the Service, and that is no second cause", () => {
  const scene: Scene = {
    world,
    to: "svc/shop/cart",
    seconds: 40,
    facts: (at, probe, atMs) => {
      if (at.label !== "shop/cart-2") return tables()(at, probe, atMs);
      if (probe === "listeners") return "LISTEN 129 128 0.0.0.0:7001 0.0.0.0:*\n";
      return probe === "counters"
        ? `{"kernel":{"TcpExtListenOverflows":${Math.round((atMs - startOf) / 250)}}}`
        : undefined;
    },
    faults: [
      loses(1, toPort("shop/cart-2", 7001)),
      loses(0.5, ({ leg, way }: Packet) => leg.toIp === shop.ip && way === "request"),
    ],
  };
  const { causes } = play(scene).report;
  expect(causes.map(({ cause, where }) => `${cause} ${where.name}`)).toEqual(["accept-queue-overflow shop/cart-2"]);
  expect(causes[0]?.explains.map(({ cause, where }) => `${cause} ${where.name}`)).toContain("path-loss svc/shop/cart");
});
