import { expect, test } from "vitest";
import { alikePackets } from "#src/pcap/alike-packets.ts";

const MS = 1e6;
type Row = { name: string; seen: number[][]; packets: number[][]; copies?: number };

/** Times in ms at each point of the way; packets as indices of their sightings. */
test.each<Row>([
  {
    name: "both arrive",
    seen: [
      [0, 300],
      [1, 301],
    ],
    packets: [
      [0, 0],
      [1, 1],
    ],
  },
  {
    name: "the first is lost, and its copy that was sent again arrives",
    seen: [[0, 300], [301]],
    packets: [
      [0, -1],
      [1, 0],
    ],
  },
  {
    name: "the second is lost",
    seen: [[0, 300], [1]],
    packets: [
      [0, 0],
      [1, -1],
    ],
  },
  { name: "a bridge sees it twice", seen: [[0], [0.1, 0.11], [1]], packets: [[0, 0, 0]], copies: 1 },
  { name: "a bridge sees it twice, and it is lost", seen: [[0], [0.1, 0.11], []], packets: [[0, 0, -1]], copies: 1 },
  { name: "the first point sees it twice", seen: [[0, 0.01], [0.1], [1]], packets: [[0, 0, 0]], copies: 1 },
  {
    name: "two at once, of which one is lost late",
    seen: [[0, 0.2], [0.1, 0.3], [1.1]],
    packets: [
      [0, 0, -1],
      [1, 1, 0],
    ],
  },
  {
    name: "a second one close behind one that came through is not let through",
    seen: [[0, 10], [1, 11], [2]],
    packets: [[0, 0, 0]],
    copies: 2,
  },
  {
    name: "so close behind that nobody knows which of them came through",
    seen: [[0, 0.06], [0.01, 0.07], [0.08]],
    packets: [[1, 1, 0]],
    copies: 2,
  },
  {
    name: "the first vanishes, and what is sent again at once arrives",
    seen: [[0, 3], [0.1, 3.1], [4]],
    packets: [
      [0, 0, -1],
      [1, 1, 0],
    ],
  },
  {
    name: "one is sent again after its time, and vanishes",
    seen: [[0, 250], [0.1, 250.1], [1]],
    packets: [
      [0, 0, 0],
      [1, 1, -1],
    ],
  },
  {
    name: "one appears from nowhere",
    seen: [[5], [1, 5.1]],
    packets: [
      [-1, 0],
      [0, 1],
    ],
  },
  {
    name: "the point in between misses one",
    seen: [[0, 300], [300.1], [1, 301]],
    packets: [
      [0, -1, 0],
      [1, 0, 1],
    ],
  },
])("$name", ({ seen, packets, copies = 0 }) => {
  const found = alikePackets(
    seen.map((times) => times.map((ms) => ms * MS)),
    0,
  );
  expect(
    found.packets.toSorted((one, other) => Math.max(...one) - Math.max(...other) || (one[0] ?? 0) - (other[0] ?? 0)),
  ).toEqual(packets.toSorted((one, other) => Math.max(...one) - Math.max(...other) || (one[0] ?? 0) - (other[0] ?? 0)));
  const sightings = found.packets.flat().filter((index) => index >= 0);
  expect(seen.flat().length - sightings.length).toBe(copies);
});
