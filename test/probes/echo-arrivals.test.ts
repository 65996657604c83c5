import { expect, test } from "vitest";
import { arrivalEvidence } from "#src/core/leg-evidence.ts";
import { echoId, pingIntervalMs } from "#src/core/pace.ts";
import { decodeTimes } from "#src/core/packet-series.ts";
import type { Leg, Vantage } from "#src/core/plan.ts";
import { echoArrivals, openArrivals } from "#src/probes/echo-arrivals.ts";
import { transcript } from "./transcript.ts";

const at: Vantage = { id: "pod/x/b", label: "x/b", node: "n2", netns: "u", ip: "10.0.2.9", role: "to" };
const leg = (from: string, more: Partial<Leg> = {}): Leg => ({
  id: `${from}>pod/x/b`,
  from,
  to: "pod/x/b",
  toIp: "10.0.2.9",
  scope: "overlay",
  part: "segment",
  ...more,
});
const window = { startMs: 0, endMs: 10_000 };
const plan = { check: "nc-4f2a", window, legs: [leg("pod/x/a"), leg("node/n1")], vantages: [at] };
const line = (atS: number, index: number, sequence: number) =>
  `${atS.toFixed(6)} IP 10.0.1.5 > 10.0.2.9: ICMP echo request, id ${echoId("nc-4f2a", index)}, seq ${sequence}, length 64\n`;

function arrivals(text: string) {
  const reader = openArrivals({ at, plan });
  reader.push(text);
  return reader
    .evidence({ nowMs: 0, done: true })
    .map(({ subject, data }) => ({ subject, ...arrivalEvidence.schema.parse(data) }));
}

test("requests are told apart by their number, and missing ones stay missing", () => {
  const [first, second] = arrivals(line(100, 0, 1) + line(100.05, 1, 1) + line(100.4, 0, 3) + line(100.41, 0, 3));
  expect(first).toMatchObject({ subject: "pod/x/a>pod/x/b", arrived: 2, tapFromMs: 100_000, tapToMs: 100_410 });
  const pace = { startMs: first?.startMs ?? 0, stepMs: pingIntervalMs(0, window) };
  expect(decodeTimes(first?.times ?? [], pace)).toEqual([100_000, undefined, 100_400]);
  expect(second?.arrived).toBe(1);
});

test("a leg of which nothing arrives is reported as such, because the tap was there", () => {
  expect(arrivals(line(100, 0, 1)).find(({ subject }) => subject === "node/n1>pod/x/b")).toMatchObject({
    arrived: 0,
    times: [],
  });
});

test("nothing is said when the tap heard nothing at all", () => {
  expect(arrivals("")).toEqual([]);
  expect(arrivals("tcpdump: eth0: No such device exists\n")).toEqual([]);
});

test("echoes of others are only a sign of life", () => {
  const [first] = arrivals(transcript("echo-arrivals.txt"));
  expect(first).toMatchObject({ arrived: 0 });
  expect(first?.tapToMs).toBeGreaterThan(first?.tapFromMs ?? 0);
});

test.each([
  { what: "an echo leg that ends there", legs: [leg("pod/x/a")], wants: true },
  { what: "only TCP", legs: [leg("pod/x/a", { port: 80 })], wants: false },
  { what: "a leg that ends elsewhere", legs: [leg("pod/x/a", { to: "pod/x/c" })], wants: false },
])("a tap is set for $what: $wants", ({ legs, wants }) => {
  expect(echoArrivals.wants(at, legs)).toBe(wants);
});
