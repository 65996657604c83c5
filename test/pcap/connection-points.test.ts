import { expect, test } from "vitest";
import { ConnectionPoints } from "#src/pcap/connection-points.ts";
import { MOST_POINTS } from "#src/pcap/sightings.ts";

const others = (...points: number[]): number =>
  points.reduce((mask, point) => mask & ~(1 << point), 2 ** MOST_POINTS - 1);

test.each<{ name: string; seen: readonly (readonly [point: number, backward: boolean])[]; hidden: number }>([
  { name: "never seen", seen: [], hidden: 0 },
  {
    name: "not answered",
    seen: [
      [0, false],
      [1, false],
    ],
    hidden: 0,
  },
  {
    name: "answered past a point that saw no question",
    seen: [
      [0, false],
      [1, true],
    ],
    hidden: 0,
  },
  {
    name: "answered",
    seen: [
      [0, false],
      [1, false],
      [1, true],
    ],
    hidden: others(0, 1),
  },
  {
    name: "answered and seen everywhere on one way",
    seen: [
      [0, true],
      [0, false],
      [13, true],
    ],
    hidden: others(0, 13),
  },
])("of a connection that is $name", ({ seen, hidden }) => {
  const points = new ConnectionPoints();
  for (const [point, backward] of seen) points.note(77, point, backward);
  expect(points.hiddenAt(77)).toBe(hidden);
  expect(points.hiddenAt(78)).toBe(0);
});

test("a hundred thousand newer connections are remembered beside those before, and then the old ones go", () => {
  const points = new ConnectionPoints();
  const note = (connection: number): void => {
    points.note(connection, 0, false);
    points.note(connection, 0, true);
  };
  for (let connection = 1; connection <= 150_000; connection++) note(connection);
  expect([1, 100_000, 150_000].map((one) => points.hiddenAt(one))).toEqual(Array(3).fill(others(0)));
  for (let connection = 150_001; connection <= 250_000; connection++) note(connection);
  expect([points.hiddenAt(1), points.hiddenAt(250_000)]).toEqual([0, others(0)]);
});
