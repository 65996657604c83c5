import { describe, expect, test } from "vitest";
import type { Hops } from "#src/core/capture.ts";
import { hopsEvidence } from "#src/core/capture.ts";
import { lossyHops } from "#src/core/hop-loss.ts";
import { type Suspect, sliceResultSchema } from "#src/pcap/path-analysis.ts";
import { FAR, type PathOptions, POINTS, random } from "../support/pcap/hop-path.ts";
import { findingsOf, slicedPath, sliceOf } from "../support/pcap/sliced-path.ts";

const named = (hops: Hops): readonly string[] =>
  lossyHops(hops).map(({ from, to, sure }) => `${from}>${to}${sure ? "" : "?"}`);
const hopName = (hop: number, direction: "forward" | "backward"): string => {
  const ends = [POINTS[hop], POINTS[hop + 1]];
  return (direction === "forward" ? ends : ends.toReversed()).join(">");
};
const counts = ({ hops }: Hops) =>
  hops.map(({ from, to, sent, seen, lost, missed, lostAt }) => ({ from, to, sent, seen, lost, missed, lostAt }));

/** What is different about a path but what is lost. */
function surroundings(next: () => number): Omit<PathOptions, "seed"> {
  return {
    overlay: next() < 0.5 ? "vxlan" : "host-gw",
    service: next() < 0.4,
    masks: next() < 0.3,
    offload: next() < 0.3,
    skewMs: (next() - 0.5) * (next() < 0.2 ? 400_000 : 10_000),
    driftPpm: (next() - 0.5) * 400,
    ...(next() < 0.3 ? { others: 0.2 } : {}),
  };
}

test("loss at any hop, either way, of 0.5 to 30 %, is located in at least 57 of 60 random paths, and nothing else is named", () => {
  const next = random(4_711);
  const wrong = Array.from({ length: 60 }, (_, seed) => {
    const share = 0.005 * 60 ** next();
    const loses = { hop: seed % 6, direction: seed % 12 < 6 ? ("forward" as const) : ("backward" as const), share };
    // Some twenty packets have to be lost for anybody to tell.
    const seconds = Math.min(40, Math.max(4, 0.25 / share));
    const options: PathOptions = { seed, seconds, loses, ...surroundings(next) };
    const found = named(findingsOf(slicedPath(options, seed % 2 === 0 ? { clockErrorMs: 300 } : {})).hops);
    const want = hopName(loses.hop, loses.direction);
    return found.length === 1 && found[0] === want ? [] : [{ want, found, options }];
  }).flat();
  expect(wrong.length, JSON.stringify(wrong)).toBeLessThanOrEqual(3);
}, 300_000);

test("on 60 random paths without loss no hop is named, whatever recorders miss", () => {
  const next = random(815);
  const wrong = Array.from({ length: 60 }, (_, seed) => {
    const point = Math.floor(next() * POINTS.length);
    const share = next() * 0.3;
    const options: PathOptions = {
      ...{ seed, seconds: 4, ...surroundings(next) },
      ...(next() < 0.5 ? { misses: { point, share } } : {}),
    };
    const { hops } = findingsOf(
      slicedPath(options, next() < 0.5 ? { dropped: { [POINTS[point] ?? ""]: 10_000 } } : {}),
    );
    const above = hops.hops.filter(({ lossShare, missShare }) => lossShare.low > missShare.high);
    return lossyHops(hops).some(({ sure }) => sure) || above.length > 0 ? [{ found: named(hops), above, options }] : [];
  }).flat();
  expect(wrong).toEqual([]);
}, 300_000);

describe("points that do not lie in line", () => {
  test.each<{ readonly name: string; readonly options: Partial<PathOptions>; readonly want: readonly string[] }>([
    { name: "nothing lost", options: {}, want: [] },
    {
      name: "loss behind the bond",
      options: { loses: { hop: 3, direction: "forward", share: 0.1 } },
      want: ["port0 + port1>far-nic"],
    },
    { name: "loss before it", options: { loses: { hop: 2, direction: "forward", share: 0.1 } }, want: ["tunnel>nic"] },
  ])("members of a bond are beside each other: $name", ({ options, want }) => {
    const { hops } = findingsOf(slicedPath({ seed: 3, ...options }, { bond: true }));
    expect(named(hops)).toEqual(want);
    expect(hops.hops.filter(({ missed }) => missed > 0)).toEqual([]);
  });

  test("a device that is not on the way is left out, and loss around it is told of its neighbours", () => {
    const { hops } = findingsOf(
      slicedPath({ seed: 4, passes: [{ point: 2 }], loses: { hop: 1, direction: "forward", share: 0.1 } }),
    );
    expect(named(hops)).toEqual(["veth>nic"]);
    expect(hops.left).toMatchObject([{ tap: "tunnel" }]);
  });

  test("the last device that is not on the way is left out as well", () => {
    const { hops } = findingsOf(slicedPath({ seed: 4, passes: [{ point: 6 }] }));
    expect(named(hops)).toEqual([]);
    expect(hops.left).toMatchObject([{ tap: "far-pod" }]);
  });

  test("where packets vanish for good, the points behind stay", () => {
    const { hops } = findingsOf(slicedPath({ seed: 5, loses: { hop: 3, direction: "forward", share: 1 } }));
    expect(named(hops)).toEqual(["nic>far-nic"]);
    expect(hops.left).toEqual([]);
  });

  test("a point that packets of one direction pass by is no loss, and hides none", () => {
    const passes = [{ point: 1, direction: "backward" as const }];
    const loses = { hop: 1, direction: "backward" as const, share: 0.1 };
    const clean = findingsOf(slicedPath({ seed: 6, passes }, { skippable: [1] }));
    expect(named(clean.hops)).toEqual([]);
    const lossy = findingsOf(slicedPath({ seed: 6, passes, loses }, { skippable: [1] }));
    expect(named(lossy.hops)).toEqual(["tunnel>pod"]);
  });

  test("packets that vanish behind a point that they pass by are lost from the one before", () => {
    const { hops } = findingsOf(
      slicedPath(
        { seed: 6, passes: [{ point: 1 }], loses: { hop: 1, direction: "forward", share: 1 } },
        { skippable: [1] },
      ),
    );
    expect(named(hops)).toEqual(["pod>tunnel"]);
  });

  test.each([0, 2, 6])("a point (%i) that sees all packets twice counts them once", (twice) => {
    const clean = findingsOf(slicedPath({ seed: 7, twice }));
    expect(clean.hops.hops.every(({ lost, sent, seen }) => lost === 0 && sent === seen)).toBe(true);
    const loses = { hop: 2, direction: "forward" as const, share: 0.1 };
    const lossy = findingsOf(slicedPath({ seed: 7, twice, loses }));
    expect(named(lossy.hops)).toEqual(["tunnel>nic"]);
    const plain = findingsOf(slicedPath({ seed: 7, loses }));
    expect(counts(lossy.hops)).toEqual(counts(plain.hops));
  });
});

test("what is sent again and looks the same is not the first one arriving late", () => {
  const loses = { hop: 3, direction: "forward" as const, share: 0.1 };
  const { hops } = findingsOf(slicedPath({ seed: 8, resends: true, loses }));
  expect(named(hops)).toEqual(["nic>far-nic"]);
  const [hop] = hops.hops.filter(({ lost }) => lost > 0);
  expect(hop?.lossShare.share).toBeCloseTo(0.1, 1);
  // It would take 300 ms.
  expect(hop?.delayMs?.max).toBeLessThan(10);
});

test("a pod's packets with others are not lost where they turn off", () => {
  const { hops } = findingsOf(slicedPath({ seed: 9, others: 0.5 }));
  expect(named(hops)).toEqual([]);
  expect(hops.hops.every(({ lost }) => lost === 0)).toBe(true);
  expect(hops.strangers).toBeGreaterThan(100);
});

test("packets of which too many look the same count nowhere", () => {
  const loses = { hop: 3, direction: "forward" as const, share: 0.1 };
  const plain = findingsOf(slicedPath({ seed: 16, seconds: 30, loses }));
  const { hops } = findingsOf(slicedPath({ seed: 16, seconds: 30, loses, beats: 100 }));
  expect(named(hops)).toEqual(["nic>far-nic"]);
  expect(counts(hops)).toEqual(counts(plain.hops));
  expect(hops.refused).toBeGreaterThan(10_000);
});

test("clocks three minutes apart that nobody has measured, drifting by 200 ppm", () => {
  const options: PathOptions = { seed: 10, seconds: 60, skewMs: 180_000, driftPpm: 200 };
  const { hops } = findingsOf(slicedPath({ ...options, loses: { hop: 3, direction: "backward", share: 0.05 } }));
  expect(named(hops)).toEqual(["far-nic>nic"]);
  expect(hops.refused).toBe(0);
  const wire = hops.hops.find(({ from, to }) => from === POINTS[FAR - 1] && to === POINTS[FAR]);
  expect(wire?.delayMs?.p50).toBeGreaterThan(0.05);
  expect(wire?.delayMs?.p50).toBeLessThan(0.4);
});

describe("in slices", () => {
  const options: PathOptions = {
    ...{ seed: 12, seconds: 60, skewMs: -3_000, driftPpm: 150 },
    ...{ loses: { hop: 4, direction: "forward", share: 0.04 }, misses: { point: 2, share: 0.05 } },
  };
  const path = slicedPath(options, { segmentMs: 2_500, clockErrorMs: 700 });
  const whole = findingsOf(path);

  test.each([7_000, 20_000])("of %i ms everything is counted as in one", (everyMs) => {
    const sliced = findingsOf(path, everyMs);
    expect(counts(sliced.hops)).toEqual(counts(whole.hops));
    expect(sliced.kept).toEqual(whole.kept);
    expect(sliced.triggers.filter(({ kind }) => kind === "lost")).toEqual(
      whole.triggers.filter(({ kind }) => kind === "lost"),
    );
    for (const [index, { delayMs }] of sliced.hops.hops.entries()) {
      const { p50 = 0, uncertainMs = 0 } = whole.hops.hops[index]?.delayMs ?? {};
      expect(Math.abs((delayMs?.p50 ?? 0) - p50)).toBeLessThanOrEqual(0.01 + uncertainMs);
    }
    expect(hopsEvidence.schema.parse(sliced.hops)).toEqual(sliced.hops);
  });

  test("a slice that is repeated gives the same, also as it was stored", () => {
    const slice = { fromMs: path.fromMs + 10_000, toMs: path.fromMs + 20_000 };
    const result = sliceOf(path, slice);
    expect(sliceOf(path, slice)).toEqual(result);
    expect(sliceResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(JSON.parse(JSON.stringify(result)));
  });

  test("lost packets are told of by file and place", () => {
    const lost = whole.suspects.filter(({ kind }) => kind === "lost");
    const [hop] = whole.hops.hops.filter(({ lost }) => lost > 0);
    expect(lost.length).toBe(hop?.lost);
    expect(new Set(lost.map(({ tap }) => tap))).toEqual(new Set([hop?.from]));
    const places = (all: readonly Suspect[]) =>
      all.filter(({ kind }) => kind === "lost").map(({ tap, segment, packet }) => ({ tap, segment, packet }));
    expect(places(findingsOf(path, 20_000).suspects)).toEqual(places(lost));
  });
});

test("times whose files are missing at one point are not judged there, and everything else is", () => {
  const options: PathOptions = { seed: 14, seconds: 40, loses: { hop: 1, direction: "forward", share: 0.05 } };
  const segmentMs = 2_000;
  const full = findingsOf(slicedPath(options, { segmentMs }));
  const holed = findingsOf(slicedPath(options, { segmentMs, drop: (point, n) => point === 5 && n > 4 && n < 10 }));
  const ended = findingsOf(slicedPath(options, { segmentMs, drop: (point, n) => point === 6 && n > 9 }));
  for (const { hops } of [full, holed, ended]) expect(named(hops)).toEqual(["veth>tunnel"]);
  const lost = ({ hops }: Hops): number => hops.reduce((sum, hop) => sum + hop.lost, 0);
  expect(lost(holed.hops)).toBe(lost(full.hops));
  const into = ({ hops }: Hops) => hops.find(({ from, to }) => from === "far-nic" && to === "far-tunnel");
  expect(into(holed.hops)?.sent).toBeLessThan((into(full.hops)?.sent ?? 0) * 0.8);
  expect(into(holed.hops)?.missed).toBe(0);
});
