import { describe, expect, test } from "vitest";
import { validKey, whatGoes } from "#src/store/artifact.ts";

const DAY = 86_400_000;
const kept = (check: string, bytes: number, day: number, file = "capture-1/000001.pcap") => ({
  ...{ key: `captures/${check}/${file}`, bytes, storedMs: day * DAY },
});
const sweep = (files: Parameters<typeof whatGoes>[0], running: readonly string[] = [], quotaBytes = 100) =>
  whatGoes(files, { days: 14, quotaBytes, nowMs: 20 * DAY, running: new Set(running) });

describe("what a sweep lets go", () => {
  test("nothing while all is young and fits", () => {
    expect(sweep([kept("nc-aaaa", 50, 10), kept("nc-bbbb", 50, 19)])).toEqual({ gone: [], bytes: 100 });
  });

  test("checks whose newest file is too old", () => {
    const old = [kept("nc-aaaa", 10, 1), kept("nc-aaaa", 20, 5, "merged.pcapng")];
    expect(sweep([...old, kept("nc-bbbb", 5, 6)])).toEqual({
      gone: [{ check: "nc-aaaa", why: "expired", bytes: 30 }],
      bytes: 5,
    });
    expect(sweep([...old, kept("nc-aaaa", 1, 19, "late.pcap")]).gone).toEqual([]);
  });

  test("whole checks, oldest first, until the rest fits", () => {
    const files = [
      kept("nc-cccc", 60, 17),
      kept("nc-aaaa", 30, 15),
      kept("nc-bbbb", 40, 16),
      kept("nc-aaaa", 9, 14, "x"),
    ];
    expect(sweep(files)).toEqual({ gone: [{ check: "nc-aaaa", why: "quota", bytes: 39 }], bytes: 100 });
    expect(sweep(files, [], 99).gone.map(({ check }) => check)).toEqual(["nc-aaaa", "nc-bbbb"]);
  });

  test("never a check that runs, though it is the oldest and too much", () => {
    const files = [kept("nc-aaaa", 300, 1), kept("nc-bbbb", 50, 18)];
    expect(sweep(files, ["nc-aaaa"])).toEqual({ gone: [{ check: "nc-bbbb", why: "quota", bytes: 50 }], bytes: 300 });
  });

  test("nothing that belongs to no check", () => {
    const files = [
      { key: "captures/README", bytes: 500, storedMs: 0 },
      { key: "other/nc-aaaa/x", bytes: 1, storedMs: 0 },
    ];
    expect(sweep(files).gone).toEqual([]);
  });
});

test.each(["captures/nc-4f2a/capture-3/000012.pcap", "captures/nc-4f2a", "a", "A_b-c.d/e.."])("a key: %s", (key) => {
  expect(validKey(key)).toBe(key);
});

test.each([
  "",
  "/etc/passwd",
  "captures/../../etc",
  "captures/..",
  "captures/.incoming/x",
  "captures//x",
  "captures/",
  "captures/a b",
  "captures/a\\b",
  "captures/a\0b",
  "captures/a\nb",
  "captures/é",
  `captures/${"a".repeat(101)}`,
  "a/b/c/d/e/f/g/h/i",
  `captures/${"0123456789abcdef".repeat(4)}.pcap`,
])("not a key: %j", (key) => {
  expect(() => validKey(key)).toThrow(RangeError);
});
