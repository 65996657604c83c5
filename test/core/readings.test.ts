import { expect, test } from "vitest";
import type { Sample } from "#src/core/probe.ts";
import { frameReader, versionsOf } from "#src/core/readings.ts";

const frame = (index: number, atMs: number, exitCode: number, stdout: string) =>
  `@@ ${index} ${atMs} ${exitCode} ${Buffer.byteLength(stdout)}\n${stdout}`;

function frames(...chunks: readonly string[]) {
  const found: { index: number; sample: Sample }[] = [];
  const push = frameReader((one) => found.push(one));
  for (const chunk of chunks) push(chunk);
  return found.map(({ index, sample }) => [index, sample.atMs, sample.exitCode, sample.stdout]);
}

const text =
  frame(0, 1_000, 0, "one\ntwo\n") +
  frame(1, 1_001, 1, "@@ not a frame\n") +
  frame(2, 1_002, 0, "") +
  frame(0, 6_000, 0, "größer ✓\n");
const whole = [
  [0, 1_000, 0, "one\ntwo\n"],
  [1, 1_001, 1, "@@ not a frame\n"],
  [2, 1_002, 0, ""],
  [0, 6_000, 0, "größer ✓\n"],
];

test("frames are the same wherever the stream is cut", () => {
  for (let cut = 0; cut <= text.length; cut++) expect(frames(text.slice(0, cut), text.slice(cut))).toEqual(whole);
});

test("a frame that is not whole yet is not given out", () => {
  expect(frames(text.slice(0, -3))).toEqual(whole.slice(0, 3));
});

test("reading goes on behind rubbish", () => {
  expect(frames("sh: warning\n@@ x y\n", frame(4, 9, 0, "ok"))).toEqual([[4, 9, 0, "ok"]]);
});

test("versions join equal answers and leave failures out", () => {
  const sample = (atMs: number, stdout: string, exitCode = 0): Sample => ({ atMs, exitCode, stdout });
  const versions = versionsOf(
    [sample(1, "a"), sample(2, "a"), sample(3, "", 124), sample(4, "b"), sample(5, "a")],
    (stdout) => stdout || undefined,
  );
  expect(versions).toEqual([
    { fromMs: 1, toMs: 2, value: "a" },
    { fromMs: 4, toMs: 4, value: "b" },
    { fromMs: 5, toMs: 5, value: "a" },
  ]);
});
