import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { packLines, unpackLines } from "#src/queue/packed.ts";

const ALL = { maxBytes: 1e6 };
const read = (packed: Buffer, limits = ALL) => Array.fromAsync(unpackLines(packed, limits));

describe("lines", () => {
  test.each<{ what: string; values: readonly unknown[] }>([
    { what: "none", values: [] },
    { what: "one", values: [{ name: "web-0" }] },
    { what: "of any kind", values: [1, "a\nb", null, [], {}] },
    // Longer than what is inflated at a time, with letters of several bytes at every place.
    { what: "long", values: Array.from({ length: 5 }, (_, index) => "x".repeat(index) + "größe 名".repeat(10_000)) },
  ])("come out as they were put in: $what", async ({ values }) => {
    expect(await read(await packLines(values))).toEqual(values);
  });

  test("are refused beyond the limit", async () => {
    const packed = await packLines(Array(100).fill("x".repeat(1_000)));
    expect(packed.length).toBeLessThan(1_000);
    await expect(read(packed, { maxBytes: 100_000 })).rejects.toThrow(RangeError);
    expect(await read(packed, { maxBytes: 101_000 + 200 })).toHaveLength(100);
  });

  test.each([
    { what: "cut", packed: gzipSync("1\n2\n").subarray(0, -6) },
    { what: "not compressed", packed: Buffer.from("1\n") },
    { what: "no JSON", packed: gzipSync("{\n") },
  ])("that are broken are an error: $what", async ({ packed }) => {
    await expect(read(packed)).rejects.toThrow();
  });
});
