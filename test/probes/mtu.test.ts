import { expect, test } from "vitest";
import { makePlan } from "#src/core/make-plan.ts";
import { mtuEvidence } from "#src/core/size-evidence.ts";
import { limitOf } from "#src/core/size-limit.ts";
import { probes } from "#src/probes/index.ts";
import { openMtu, portOf } from "#src/probes/mtu.ts";
import { cluster, endOf, requestFor, viewOf } from "../core/simulate.ts";
import { transcript } from "./transcript.ts";

const world = cluster(3);
const plan = makePlan({
  request: requestFor(20),
  window: { startMs: 1_795_638_170_000, endMs: 1_795_638_190_000 },
  from: endOf(world, "shop/api-0"),
  to: endOf(world, "shop/api-1"),
  view: viewOf(world),
  probes,
});
const at = plan.vantages.find(({ id }) => id === "pod/shop/api-0");

function read(...chunks: readonly string[]) {
  if (!at) throw new Error("no such place");
  const reader = openMtu({ at, plan });
  for (const chunk of chunks) reader.push(chunk);
  const [evidence] = reader.evidence({ nowMs: plan.window.endMs, done: true });
  return evidence && mtuEvidence.schema.parse(evidence.data);
}

const wayOf = (text: string) => read(text)?.ways.find(({ to }) => to === "pod/shop/api-1");

test("a search that was recorded ends at the byte, with the transfers that stalled and passed", () => {
  const way = wayOf(transcript("mtu-black-hole.txt"));
  expect(way).toMatchObject({ device: "eth0", deviceMtu: 1450, largest: 1350, limit: { bytes: 1350, above: 1351 } });
  expect(way?.transfers.map(({ size, outcome }) => `${size} ${outcome}`).slice(0, 2)).toEqual([
    "full stalled",
    "small done",
  ]);
  expect(way?.transfers[0]).toMatchObject({ packet: 1450, bytes: 2796, backoff: 3 });
});

test("fragmentation needed is kept with who said it", () => {
  const way = wayOf(transcript("mtu-frag-needed.txt"));
  expect(way?.fragNeeded).toEqual([expect.objectContaining({ from: "10.244.1.1", mtu: 1350 })]);
});

test("an answer that came late counts as one", () => {
  const way = wayOf("E 1795638171000.0 10.42.1.5 1 1500 lost\nE 1795638171900.0 10.42.1.5 1 1500 ok 1200.0\n");
  expect(way).toMatchObject({ sent: 1, answered: 1, largest: 1500 });
});

test.each([
  "",
  "E",
  "E x 10.42.1.5 1 1500 ok 1",
  "E 1795638171000 10.9.9.9 1 1500 ok 1",
  "T 1795638171000.0 10.42.1.5 full odd 1 2 3 4 5 6 7 8 9",
  "R 1795638171000.0 10.42.1.5",
  "\0\0",
])("%j says nothing about a size", (line) => {
  expect(wayOf(`${line}\n`)?.largest).toBeUndefined();
  expect(wayOf(`${line}\n`)?.transfers ?? []).toEqual([]);
});

test("the result does not depend on where the output is cut, and half of it does not hurt", () => {
  const text = transcript("mtu-black-hole.txt");
  const whole = read(text);
  for (let cut = 0; cut <= text.length; cut += 7) {
    expect(read(text.slice(0, cut), text.slice(cut))).toEqual(whole);
    expect(() => read(text.slice(0, cut))).not.toThrow();
  }
});

test("ports lie above those that systems hand out", () => {
  for (const check of ["nc-4f2a", "nc-0000", "nc-zzzzzzzz", ""]) {
    expect(portOf(check)).toBeGreaterThan(61_000);
    expect(portOf(check)).toBeLessThan(65_536);
  }
});

const echoes = (text: string) =>
  text.split(" ").map((word, index) => ({ atMs: index, size: Number(word.slice(1)), answered: word.startsWith("+") }));

test.each([
  {
    name: "a search",
    text: "-1500 -1500 -1500 +100 -1400 -1400 +1350 +1350 -1351 -1351",
    want: { bytes: 1350, above: 1351 },
  },
  {
    name: "nothing large ever",
    text: "+100 +100 +100 -1500 -1500 -1500 -1500 -1500",
    want: { bytes: 100, above: 1500 },
  },
  {
    name: "a time in the middle",
    text: "+1500 -1500 -1500 -1500 -1500 +100 +100 +1300 -1301 -1301 +1500",
    want: { bytes: 1300, endedMs: 10 },
  },
  { name: "too few", text: "-1500 -1500 +100 +100", want: undefined },
  {
    name: "a larger one that passes",
    text: "-1400 +100 -1400 +1500 -1400 +100 -1400 +1500 -1400 +100",
    want: undefined,
  },
  {
    name: "losses of all sizes",
    text: "-1500 -1500 -100 -100 +100 -100 -900 +900 -1500 -1500 -100 +100 -100",
    want: undefined,
  },
  {
    name: "a full queue, which takes small packets more often than large ones",
    text: "-1500 -1500 -1500 +100 -100 -1400 -1400 +900 -900 -900 +800 -100 -1200 -1200 -1300 -1300 -1100 -1100 -1000 -1000",
    want: undefined,
  },
  { name: "silence", text: "-1500 -1500 -1500 -100 -100 -100", want: undefined },
])("$name", ({ text, want }) => {
  const found = limitOf(echoes(text));
  if (want) expect(found).toMatchObject(want);
  else expect(found).toBeUndefined();
});
