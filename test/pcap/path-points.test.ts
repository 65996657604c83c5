import { expect, test } from "vitest";
import type { Tap } from "#src/core/capture.ts";
import { addedEvidence } from "#src/pcap/add-evidence.ts";
import { pathPoints, recordedBy, segmentsFor } from "#src/pcap/path-points.ts";

const tap = (label: string, order: number, more: Partial<Tap> = {}): Tap => ({
  ...{ task: `capture-${order}`, label, order, node: "near", netns: "node", device: label, kind: "nic" },
  ...{ mtu: 1_500, snapLength: 128, mayBeSkipped: false },
  ...more,
});
const member = { kind: "bond-member", mayBeSkipped: true } as const;

test("taps are points in the order of the way; members of one bond are one point, those of two nodes are two", () => {
  const { points, taps } = pathPoints(
    [
      tap("far bond0", 6, { node: "far" }),
      tap("near bond0", 1),
      tap("near eth0", 2, { ...member, device: "eth0" }),
      tap("near eth1", 3, { ...member, device: "eth1" }),
      tap("far eth0", 4, { ...member, node: "far", device: "eth0" }),
      tap("far eth1", 5, { ...member, node: "far", device: "eth1" }),
    ],
    { far: 20 },
    ({ order }) => order,
  );
  expect(points).toEqual([
    { id: "near bond0", node: "near", mayBeSkipped: false, dropped: 1 },
    { id: "near eth0 + eth1", node: "near", mayBeSkipped: true, dropped: 5 },
    { id: "far eth0 + eth1", node: "far", mayBeSkipped: true, dropped: 9, aheadNs: 20e6 },
    { id: "far bond0", node: "far", mayBeSkipped: false, dropped: 6, aheadNs: 20e6 },
  ]);
  expect(taps.map(({ point }) => point)).toEqual([0, 1, 1, 2, 2, 3]);
});

const file = (number: number) => ({
  number,
  bytes: 10,
  sha256: "",
  fromMs: number * 100 + 5,
  toMs: number * 100 + 100,
});
const files = (...numbers: number[]) => numbers.map(file);

test.each([
  { name: "all files", held: files(1, 2, 3), recording: { segments: files(1, 2, 3), letGo: [] }, want: [[105, 400]] },
  {
    name: "since the tap stood, until it ended",
    held: files(1, 2),
    recording: { segments: files(1, 2), letGo: [], listeningMs: 90, endedMs: 350 },
    want: [[90, 350]],
  },
  {
    name: "until it ended, though the last file was closed later",
    held: files(1, 2),
    recording: { segments: files(1, 2), letGo: [], listeningMs: 90, endedMs: 270 },
    want: [[90, 270]],
  },
  {
    name: "until it ended, before the newest packet that it still took",
    held: files(1, 2),
    recording: { segments: files(1, 2), letGo: [], listeningMs: 90, endedMs: 203 },
    want: [[90, 203]],
  },
  {
    name: "without the first and the last, which are known of",
    held: files(2, 3),
    recording: { segments: files(2, 3, 4), letGo: files(1), listeningMs: 90, endedMs: 550 },
    want: [[205, 400]],
  },
  {
    name: "one is missing in between",
    held: files(1, 2, 4),
    recording: { segments: files(1, 2, 4), letGo: files(3) },
    want: [
      [105, 300],
      [405, 500],
    ],
  },
  {
    name: "its recorder died after the second and went on",
    held: files(1, 2, 3, 4),
    recording: {
      ...{ segments: files(1, 2, 3, 4), letGo: [], listeningMs: 90, endedMs: 650 },
      resumed: [{ atMs: 304, firstSegment: 3 }],
    },
    want: [
      [90, 300],
      [304, 650],
    ],
  },
  { name: "none", held: [], recording: undefined, want: [] },
])("recorded by what is held: $name", ({ held, recording, want }) => {
  expect(recordedBy(held, recording)).toEqual(want);
});

test("a slice takes the files that it needs by the node's own clock", () => {
  const all = [0, 30_000, 60_000, 90_000, 120_000].map((fromMs) => ({ fromMs, toMs: fromMs + 30_000 }));
  const from = (aheadMs: number) =>
    segmentsFor(all, { fromMs: 60_000, toMs: 70_000 }, aheadMs).map(({ fromMs }) => fromMs);
  expect(from(0)).toEqual([30_000, 60_000]);
  expect(from(60_000)).toEqual([90_000, 120_000]);
});

test("evidence of slices: counts add up, the worst stands for the rest", () => {
  const tcp = (retransmissions: number, p99: number) => ({
    ...{ kind: "capture.tcp", subject: "a", atMs: p99 },
    data: { retransmissions, rttMs: { p50: 1, p90: 2, p99 }, zeroWindowMs: 5 },
  });
  const finding = (sentAgain: number, text: string) => ({
    ...{ kind: "capture.finding", subject: "a loss", atMs: 1 },
    data: { kind: "loss", text, numbers: { sentAgain, longestMs: sentAgain } },
  });
  const dns = (address: string, queries: number) => ({
    ...{ kind: "capture.dns", subject: "a", atMs: 1 },
    data: { codes: { SERVFAIL: 1 }, servers: [{ address, queries }] },
  });
  const coverage = (verdict: string, firstUs: number, quality: string[]) => ({
    ...{ kind: "capture.coverage", subject: "a", atMs: 1 },
    data: { verdict, firstUs, lastUs: firstUs + 5, quality },
  });
  const found = addedEvidence([
    [tcp(1, 9), finding(3, "three"), dns("10.0.0.1", 2), coverage("clean", 10, ["x"])],
    [tcp(2, 4), finding(7, "seven"), dns("10.0.0.1", 3), coverage("findings", 20, ["x", "y"])],
    [dns("10.0.0.2", 1)],
  ]);
  expect(found.map(({ data }) => data)).toEqual([
    { retransmissions: 3, rttMs: { p50: 1, p90: 2, p99: 9 }, zeroWindowMs: 10 },
    { kind: "loss", text: "seven", numbers: { sentAgain: 10, longestMs: 7 } },
    {
      codes: { SERVFAIL: 3 },
      servers: [
        { address: "10.0.0.1", queries: 5 },
        { address: "10.0.0.2", queries: 1 },
      ],
    },
    { verdict: "findings", firstUs: 10, lastUs: 25, quality: ["x", "y"] },
  ]);
  expect(found[0]?.atMs).toBe(9);
});
