import { expect, test } from "vitest";
import type { Hop } from "#src/pcap/hop-chain.ts";
import { HopMatching } from "#src/pcap/hop-matching.ts";
import type { HopSummary } from "#src/pcap/hop-summary.ts";
import {
  ADDRESSES,
  capturesOf,
  FAR,
  MTU,
  type PathOptions,
  POINTS,
  pointsOf,
  random,
} from "../support/pcap/hop-path.ts";

function matched(
  options: PathOptions,
  files = capturesOf(options).files,
  more: Partial<ConstructorParameters<typeof HopMatching>[0]> = {},
): HopSummary {
  const matching = new HopMatching({ points: pointsOf(), ...ADDRESSES, mtu: MTU, ...more });
  for (const [point, file] of files.entries()) {
    matching.reader(point).push(file);
    matching.reader(point).end();
  }
  return matching.finish();
}

const nameOf = ({ from, to, lost }: Hop): string => `${from}>${to} ${lost}`;
const losing = ({ hops }: HopSummary): readonly string[] => hops.filter(({ lost }) => lost > 0).map(nameOf);

test("without loss every packet is found at every point, and nothing is lost", () => {
  const { hops, clocks } = matched({ seed: 1 });
  expect(hops).toHaveLength((POINTS.length - 1) * 2);
  for (const hop of hops) {
    expect(hop).toMatchObject({ lost: 0, missed: 0 });
    expect(hop.seen).toBe(hop.sent);
    expect(hop.sent).toBeGreaterThan(400);
  }
  expect(clocks).toMatchObject([{ node: "far" }]);
});

const next = random(99);
const ways = ["forward", "backward"] as const;
const places = POINTS.slice(1).flatMap((_, hop) => ways.map((direction) => ({ hop, direction })));

test.each(
  places.map(({ hop, direction }) => ({
    hop,
    direction,
    share: 0.02 + next() * 0.28,
    overlay: next() < 0.5 ? ("vxlan" as const) : ("host-gw" as const),
    service: next() < 0.5,
    skewMs: (next() - 0.5) * 10_000,
    driftPpm: (next() - 0.5) * 200,
    seed: Math.floor(next() * 1e6),
  })),
)("loss at hop $hop $direction is found there: $share", ({ hop, direction, share, ...about }) => {
  const options = { ...about, loses: { hop, direction, share } };
  const { files, lost } = capturesOf(options);
  const summary = matched(options, files);
  const ends = [POINTS[hop], POINTS[hop + 1]];
  const [from, to] = direction === "forward" ? ends : ends.toReversed();
  const bad = summary.hops.filter((one) => one.lost > 0);
  expect(bad.map((one) => `${one.from}>${one.to}`)).toEqual([`${from}>${to}`]);
  // Not those that were lost in the first and the last second.
  expect(bad[0]?.lost).toBeLessThanOrEqual(lost);
  expect(bad[0]?.lost).toBeGreaterThanOrEqual(lost * 0.4);
  const deviation = Math.sqrt((share * (1 - share)) / (bad[0]?.sent ?? 0));
  expect(Math.abs((bad[0]?.lossShare.share ?? 0) - share)).toBeLessThan(4 * deviation);
  expect(bad[0]?.lostAt.reduce((sum, [, count]) => sum + count, 0)).toBe(bad[0]?.lost);
});

test.each([
  { skewMs: 5_000, driftPpm: 80 },
  { skewMs: -180_000, driftPpm: -50 },
  { skewMs: 0, driftPpm: 0 },
])("clocks $skewMs ms apart that drift by $driftPpm ppm are compared to within the way's own time", (clock) => {
  const { clocks, hops } = matched({ seed: 3, seconds: 40, ...clock });
  const [far] = clocks;
  expect(far?.driftPpm).toBeCloseTo(clock.driftPpm, -0.5);
  expect(far?.uncertainMs).toBeLessThan(0.3);
  expect(Math.abs((far?.offsetMs ?? 0) - clock.skewMs)).toBeLessThan(5);
  const wire = hops.find(({ from, to }) => from === POINTS[FAR - 1] && to === POINTS[FAR]);
  expect(wire?.delayMs?.p50).toBeGreaterThan(0.1);
  expect(wire?.delayMs?.p50).toBeLessThan(0.25);
});

test("segments that one point sees whole and another in pieces are the same", () => {
  const summary = matched({ seed: 5, offload: true });
  expect(losing(summary)).toEqual([]);
  const cut = matched({ seed: 5, offload: true, loses: { hop: 3, direction: "forward", share: 0.02 } });
  expect(cut.hops.filter(({ lost }) => lost > 0).map(({ from }) => from)).toEqual(["nic"]);
});

test("what a recorder misses is not lost by the network", () => {
  const { hops } = matched({ seed: 7, misses: { point: 2, share: 0.1 } });
  expect(hops.filter(({ lost }) => lost > 0)).toEqual([]);
  const [hop] = hops.filter(({ to, direction }) => to === "tunnel" && direction === "forward");
  expect(hop?.missShare.share).toBeCloseTo(0.1, 1);
});

test("a loss of large packets only is told by their sizes", () => {
  const { hops } = matched({ seed: 9, mtu: 1_400 });
  const bad = hops.find(({ lost, direction }) => lost > 0 && direction === "forward");
  expect(bad).toMatchObject({ from: "nic", to: "far-nic" });
  expect(bad?.smallestLost).toBeGreaterThan(1_400);
  expect(bad?.largestSeen).toBeLessThanOrEqual(1_400);
});

test("files in pieces, point by point in turn, give the same as whole ones", () => {
  const options: PathOptions = { seed: 11, seconds: 70, loses: { hop: 1, direction: "backward", share: 0.03 } };
  const { files } = capturesOf(options);
  const whole = matched(options, files);
  const matching = new HopMatching({ points: pointsOf(), ...ADDRESSES, mtu: MTU });
  const rounds = 200;
  for (let round = 0; round < rounds; round++)
    for (const [point, file] of files.entries()) {
      const size = Math.ceil(file.length / rounds);
      matching.reader(point).push(file.subarray(round * size, (round + 1) * size));
    }
  for (const point of files.keys()) matching.reader(point).end();
  const pieces = matching.finish();
  expect(pieces.hops.map(({ sent, seen, lost }) => [sent, seen, lost])).toEqual(
    whole.hops.map(({ sent, seen, lost }) => [sent, seen, lost]),
  );
  expect([whole.refused, pieces.refused]).toEqual([0, 0]);
});

/** A node masks the pod's echoes from the NIC on with an address that nobody has told: recorders of the pair do not take them there. */
const hidden: Partial<PathOptions> = { passes: [3, 4, 5, 6].map((point) => ({ point, protocol: "icmp" })) };
const untold = { from: ADDRESSES.from.slice(0, 1), mayBeMasked: true };

test("what is masked by an address that is not known is not lost where that happens", () => {
  const { files } = capturesOf({ seed: 21, ...hidden });
  const blamed = losing(matched({ seed: 21 }, files, { ...untold, mayBeMasked: false }));
  expect(blamed.map((name) => name.split(" ")[0])).toContain("tunnel>nic");
  const { hops } = matched({ seed: 21 }, files, untold);
  expect(hops.filter(({ lost }) => lost > 0)).toEqual([]);
  // What else goes the same way is followed on.
  expect(hops.find(({ from, to }) => from === "tunnel" && to === "nic")?.sent).toBeGreaterThan(400);
});

test.each([
  { when: "before it is masked", path: { ...hidden, loses: { hop: 1, direction: "forward" as const, share: 0.2 } } },
  { when: "and nothing is masked", path: { loses: { hop: 2, direction: "backward" as const, share: 0.2 } } },
])("what is lost $when is found all the same", ({ path }) => {
  const summary = matched({ seed: 22 }, capturesOf({ seed: 22, ...path }).files, untold);
  const [from, to] = [POINTS[path.loses.hop], POINTS[path.loses.hop + 1]];
  const ends = path.loses.direction === "forward" ? `${from}>${to}` : `${to}>${from}`;
  expect(losing(summary).map((name) => name.split(" ")[0])).toEqual([ends]);
});

test("a connection that nobody answers may be lost there, and counts", () => {
  const summary = matched(
    { seed: 23 },
    capturesOf({
      seed: 23,
      passes: POINTS.slice(0, 3).map((_, point) => ({ point, direction: "backward" as const })),
      loses: { hop: 2, direction: "forward", share: 1 },
    }).files,
    untold,
  );
  expect(losing(summary).map((name) => name.split(" ")[0])).toContain("tunnel>nic");
});
