import { expect, test } from "vitest";
import { alikePackets } from "#src/pcap/alike-packets.ts";
import { type Sighted, Sightings, type Untangle } from "#src/pcap/sightings.ts";

const POINTS = 4;
const about = { backward: false, fromOwn: true, toOwn: true, fading: false, length: 60, flow: 0 };

const untangle: Untangle = (seen) => {
  const { packets, needless } = alikePackets(seen, 0);
  const timesOf = (packet: readonly number[]) => packet.map((index, point) => seen[point]?.[index] ?? Number.NaN);
  return { packets: packets.map(timesOf), needless: needless.map(timesOf) };
};

/** A table in which a packet was seen at each point at so many microseconds, and its likes. */
function table() {
  const sightings = new Sightings(POINTS, 1 << 20);
  const see = (point: number, ...us: readonly number[]): void => {
    for (const time of us) sightings.see(1, 2, about, point, Float64Array.of(time * 1e3), 7);
  };
  /** What is handed over of those that were seen nowhere after this. */
  const sweep = (untilUs: number): readonly (readonly number[])[] => {
    const handed: number[][] = [];
    const isOld = (times: Float64Array, at: number): boolean =>
      times.subarray(at, at + POINTS).every((ns) => !(ns > untilUs * 1e3));
    const take = ({ times, at }: Sighted): void => {
      handed.push([...times.subarray(at, at + POINTS)].map((ns) => ns / 1e3));
    };
    sightings.sweep(isOld, take, untangle);
    return handed.toSorted((one, other) => (one[0] ?? 0) - (other[0] ?? 0));
  };
  return { see, sweep, sightings };
}

test("two that look alike and come close together keep what was seen of them, however far each point is read", () => {
  const { see, sweep, sightings } = table();
  see(0, 0, 80);
  see(1, 5, 85);
  see(2, 12);
  // Nothing is old: that one is not seen at the next point yet says nothing.
  expect(sweep(-1)).toEqual([]);
  see(2, 90);
  see(3, 1_000, 1_090);
  expect(sweep(-1)).toEqual([]);
  expect(sweep(5_000)).toEqual([
    [0, 5, 12, 1_000],
    [80, 85, 90, 1_090],
  ]);
  expect(sightings.copies).toBe(0);
});

test("a copy that vanishes is counted once, when it is old", () => {
  const { see, sweep, sightings } = table();
  see(0, 0, 80);
  see(1, 5, 85);
  see(2, 12);
  expect([sweep(-1), sweep(-1), sightings.copies]).toEqual([[], [], 0]);
  expect(sweep(5_000)).toHaveLength(1);
  expect(sightings.copies).toBe(2);
});

test("a point that sees one packet twice is counted once, when that is old", () => {
  const { see, sweep, sightings } = table();
  see(0, 0);
  see(1, 5, 9);
  see(2, 12);
  see(3, 20);
  expect([sweep(-1), sightings.copies]).toEqual([[], 0]);
  expect(sweep(5_000)).toEqual([[0, 5, 12, 20]]);
  expect(sightings.copies).toBe(1);
});

test("of those far apart the old ones are handed over, and the young ones stay", () => {
  const { see, sweep } = table();
  for (const begin of [0, 1_000_000]) for (let point = 0; point < POINTS; point++) see(point, begin + 10 * point);
  expect(sweep(500_000)).toEqual([[0, 10, 20, 30]]);
  expect(sweep(500_000)).toEqual([]);
  expect(sweep(2_000_000)).toEqual([[1_000_000, 1_000_010, 1_000_020, 1_000_030]]);
});
