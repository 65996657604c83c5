import { describe, expect, test } from "vitest";
import { pathLoss } from "#src/rules/path-loss.ts";
import { cluster, delays, loses, type Packet, play, type Scene, startOf, through, toPort } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { shop, world } from "./service-world.ts";

const oneWay = ({ fromNode, toNode }: Packet) => fromNode === "ulm" && toNode === "graz";

/** Loses the first packet of the path that leaves after five seconds, and no other. */
function once(): (packet: Packet) => { readonly lost: true } | undefined {
  let done = false;
  return ({ leg, atMs }) => {
    if (done || leg.part !== "end-to-end" || leg.port !== undefined || atMs < startOf + 5_000) return undefined;
    done = true;
    return { lost: true };
  };
}

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "a node's uplink loses", scene: { faults: [loses(0.1, through("graz"))] }, want: "graz certain" },
  { name: "one direction between two nodes loses", scene: { faults: [loses(0.2, oneWay)] }, want: "ulm>graz certain" },
  {
    name: "the other direction loses",
    scene: { faults: [loses(0.2, ({ fromNode, toNode }) => fromNode === "graz" && toNode === "ulm")] },
    want: "graz>ulm certain",
  },
  {
    name: "there are only two nodes",
    scene: { world: cluster(2), faults: [loses(0.2, oneWay)] },
    want: "ulm>graz likely",
  },
  {
    name: "one pod loses",
    scene: { faults: [loses(0.3, ({ from, to }) => [from, to].includes("shop/api-1"))] },
    want: "shop/api-1 certain",
  },
  { name: "all is well", scene: {}, want: "cleared" },
  { name: "a single packet is lost", scene: { faults: [once()] }, want: "cleared" },
  // What can fool it.
  {
    name: "echoes only are filtered",
    scene: { faults: [loses(1, ({ leg, to, from }) => leg.port === undefined && [from, to].includes("shop/api-1"))] },
    want: "unknown",
  },
  { name: "one port only is filtered", scene: { faults: [loses(1, toPort("shop/api-1", 7000))] }, want: "cleared" },
  {
    name: "answers are late and not lost",
    scene: { faults: [({ fromNode }) => (fromNode === "graz" ? { lateMs: 900 } : undefined)] },
    want: "cleared",
  },
  { name: "a busy observer delays", scene: { busy: { share: 0.6, meanMs: 50 } }, want: "cleared" },
])("path-loss says $want when $name", ({ scene, want }) => {
  expect(ask(pathLoss, scene).brief).toBe(want);
});

test("it counts one way where it can, gives the interval, and how the controls fare", () => {
  const { verdict } = ask(pathLoss, { faults: [loses(0.2, oneWay)] });
  expect(because(verdict)).toMatch(
    /packets from ulm to graz are lost: \d+ of \d+ \([\d.]+ %, 95 % interval [\d.]+–[\d.]+ %\) one way; \d+ of [\d,]+ round trips/,
  );
  expect(because(verdict)).toMatch(/\d+ legs that do not cross it: 0 of [\d,]+ lost/);
});

test("what waits for a neighbour whose address was lost is late for a moment, and stands beneath the loss", () => {
  const early = (packet: Packet) => oneWay(packet) && packet.atMs < startOf + 1_000;
  const { report } = play({ faults: [delays([100, 1_000], early), loses(0.1, oneWay)] });
  expect(report.causes.map(({ cause, explains }) => [cause, ...explains.map((one) => one.cause)])).toEqual([
    ["path-loss", "link-delay"],
  ]);
});

describe("connects to a Service that are lost", () => {
  const toShop = (fromS: number, untilS: number) =>
    loses(
      1,
      ({ leg, atMs }) => leg.toIp === shop.ip && atMs >= startOf + fromS * 1_000 && atMs < startOf + untilS * 1_000,
    );
  /** An endpoint that the API has at the start, and no more after six seconds. */
  const left: NonNullable<Scene["views"]> = (view) => [
    {
      ...view,
      services: view.services.map((one) =>
        one.clusterIp === shop.ip
          ? { ...one, endpoints: [...one.endpoints, { ip: "10.42.2.99", ready: true, ports: [7001] }] }
          : one,
      ),
    },
    { ...view, atMs: startOf + 6_000 },
    { ...view, atMs: startOf + 30_000 },
  ];
  const scene: Scene = { world, to: "svc/shop/cart", seconds: 30 };

  test("for a moment, when an endpoint went away, are no path", () => {
    const { brief, verdict } = ask(pathLoss, { ...scene, views: left, faults: [toShop(5, 7)] });
    expect(brief).toBe("unknown");
    expect(because(verdict)).toContain("when endpoints of it go away");
  });

  test("for a moment, when no endpoint went away, are told", () => {
    expect(ask(pathLoss, { ...scene, faults: [toShop(5, 7)] }).brief).toMatch(/certain|likely/);
  });

  test("here and there, no more than an endpoint that went away may have cost, are no path", () => {
    const moments = [5, 9, 13].map((second) => startOf + second * 1_000);
    const few = ({ leg, way, atMs }: Packet) => {
      const due =
        leg.toIp === shop.ip && leg.part === "end-to-end" && way === "request" && (moments[0] ?? atMs + 1) <= atMs;
      if (due) moments.shift();
      return due ? { lost: true as const } : undefined;
    };
    expect(ask(pathLoss, { ...scene, views: left, faults: [few] }).brief).toMatch(/unknown|cleared/);
  });

  test("twice, when one endpoint went away, are told", () => {
    const faults = [toShop(5, 7), toShop(20, 22)];
    expect(ask(pathLoss, { ...scene, views: left, faults }).brief).toMatch(/certain|likely/);
  });

  test("for much longer than rules take to be written are told", () => {
    expect(ask(pathLoss, { ...scene, views: left, faults: [toShop(5, 25)] }).brief).toMatch(/certain|likely/);
  });
});

test("a tunnel that loses while the nodes reach each other is told from a wire", () => {
  const { verdict } = ask(pathLoss, {
    faults: [loses(1, (packet) => through("graz")(packet) && packet.leg.scope === "overlay")],
  });
  expect(because(verdict)).toContain("tunnel or routing is concerned, not the wire");
});

/** What both ends print who trace each other over two routers: lost of sent at each distance. */
const traces =
  (
    lost: readonly [number, number, number],
    sent: readonly [number, number, number] = [10, 10, 20],
  ): NonNullable<Scene["surveys"]> =>
  (at, probe, plan) => {
    if (probe !== "trace") return undefined;
    const target = plan.vantages.find(({ role }) => role === (at.role === "from" ? "to" : "from"))?.ip ?? "";
    const lines = [`172.16.0.1`, `172.16.0.2`, target].flatMap((ip, index) =>
      Array.from({ length: sent[index] ?? 0 }, (_, n) =>
        n < (lost[index] ?? 0)
          ? `${startOf + n} ${index + 1} - - lost`
          : `${startOf + n} ${index + 1} ${ip} 0.2 ${index === 2 ? "end" : "hop"}`,
      ),
    );
    return [`# ${target}`, ...lines, ""].join("\n");
  };

test("a trace in which loss lasts to the target is a reason, and the report lists its hops", () => {
  const scene = { faults: [loses(0.3, oneWay)], surveys: traces([0, 3, 6]) };
  const { verdict, brief } = ask(pathLoss, scene);
  expect(brief).toBe("ulm>graz certain");
  expect(because(verdict)).toContain("the trace from shop/api-0 to shop/api-1 loses from hop 2 (172.16.0.2) on");
  const { measurements } = play(scene).report;
  expect(measurements.find(({ probe }) => probe === "trace")).toMatchObject({
    from: "shop/api-0",
    to: "shop/api-1",
    sent: 20,
    lost: 6,
    path: [
      { ttl: 1, address: "172.16.0.1", sent: 10, lost: 0 },
      { ttl: 2, sent: 10, lost: 3 },
      { ttl: 3, sent: 20, lost: 6 },
    ],
  });
});

test("routers that limit their answers are never a cause, and it is said that they lose nothing", () => {
  const limited = traces([0, 8, 0]);
  const { verdict, brief } = ask(pathLoss, { surveys: limited });
  expect(brief).toBe("cleared");
  expect(because(verdict)).toContain(
    "hop 2 (172.16.0.2) answers only 2 of 10, but the target behind it answers 20 of 20",
  );
  expect(play({ surveys: limited }).report).toMatchObject({ status: "healthy", causes: [] });
  expect(because(ask(pathLoss, { faults: [loses(0.3, oneWay)], surveys: limited }).verdict)).not.toContain("the trace");
});
