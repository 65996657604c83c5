import { describe, expect, test } from "vitest";
import { recordingEvidence } from "#src/core/capture.ts";
import { compileArgv, compiled, openRecording, recordArgv, recordMaxBytes } from "#src/core/recorder.ts";

const SHA = "0123456789abcdef".repeat(4);
const order = {
  device: "eth0",
  snapLength: 128,
  bufferKib: 8_192,
  segmentBytes: 4_000_000,
  segmentSeconds: 60,
  ringBytes: 100_000_000,
  totalBytes: 0,
  cpuPercent: 40,
};

describe("the node task", () => {
  test("has its limits in order and the filter as one last word", () => {
    const words = ["netcheck-record", "eth0", "128", "8192", "4000000", "60", "100000000", "0", "40"];
    expect(recordArgv(order)).toEqual(words);
    expect(recordArgv({ ...order, filter: "tcp port 80" })).toEqual([...words, "tcp port 80"]);
    expect(compileArgv("eth0", "tcp port 80")).toEqual(["netcheck-record", "--compile", "eth0", "tcp port 80"]);
  });
  test.each<[string, Partial<typeof order>]>([
    ["a part of a byte", { segmentBytes: 4_000.5 }],
    ["less than nothing", { totalBytes: -1 }],
    ["no number", { cpuPercent: Number.NaN }],
    ["no room for packets", { snapLength: 0 }],
    ["more of a packet than there can be", { snapLength: 300_000 }],
    ["no buffer", { bufferKib: 0 }],
    ["segments of no length", { segmentSeconds: 0 }],
    ["a segment smaller than a packet", { segmentBytes: 100 }],
    ["a ring of one segment", { ringBytes: 7_999_999 }],
  ])("%s is refused", (_name, wrong) => {
    expect(() => recordArgv({ ...order, ...wrong })).toThrow(RangeError);
  });
  test("may write files as large as its segments", () => {
    expect(recordMaxBytes({ segmentBytes: 50_000_000 })).toBe(50_000_000);
    expect(recordMaxBytes({ segmentBytes: 1_000 })).toBe(4 * 1024 * 1024);
  });
});

test.each<[string, ReturnType<typeof compiled>]>([
  ["compiled 20\n", { instructions: 20 }],
  ["trouble can't parse filter expression: syntax error\n", { trouble: "can't parse filter expression: syntax error" }],
  ["compiled 2", undefined],
  ["", undefined],
])("what a compiler says: %j", (output, said) => {
  expect(compiled(output)).toEqual(said);
});

const one = { number: 1, bytes: 4_000, sha256: SHA, fromMs: 1_000.5, toMs: 2_000 };
const two = { number: 2, bytes: 300, sha256: SHA, fromMs: 2_000.25, toMs: 3_000 };
const zero = { written: 0, matched: 0, dropped: 0, segments: [], letGo: [] };

const cases: readonly [name: string, output: string, atMs: number | undefined, data: unknown][] = [
  ["nothing yet", "", undefined, undefined],
  ["no whole line", "listening 10", undefined, undefined],
  ["a tap that stands", "listening 900.125 EN10MB\n", 900.125, { ...zero, listeningMs: 900.125 }],
  [
    "a whole recording",
    [
      "listening 900 EN10MB",
      "counted 1500 10 12 0",
      `sealed 1 4000 ${SHA} 1000.500 2000.000`,
      "counted 2500 40 45 3",
      `sealed 2 300 ${SHA} 2000.250 3000.000`,
      "let-go 1",
      "ended 3001.5 stopped",
      "",
    ].join("\n"),
    3_001.5,
    {
      listeningMs: 900,
      endedMs: 3_001.5,
      endReason: "stopped",
      written: 40,
      matched: 45,
      dropped: 3,
      segments: [two],
      letGo: [one],
    },
  ],
  [
    "no such device",
    "trouble eth9: No such device exists\nended 950 tcpdump\n",
    950,
    { ...zero, endedMs: 950, endReason: "tcpdump", trouble: "eth9: No such device exists" },
  ],
  ["a device that cannot be named", "trouble no device\n", 0, { ...zero, trouble: "no device" }],
  [
    "a recorder that was killed while it sealed",
    [
      "listening 900 EN10MB",
      `sealed 1 4000 ${SHA} 1000.5 2000`,
      `sealed 2 300 ${SHA} 20`,
      `salvaged 2 300 ${SHA} 2000.25 3000 17`,
      "",
    ].join("\n"),
    3_000,
    { ...zero, listeningMs: 900, segments: [one, { ...two, cutBytes: 17 }] },
  ],
  [
    "a recorder that died and went on, twice",
    [
      "listening 900 EN10MB",
      "counted 1500 10 12 1",
      `sealed 1 4000 ${SHA} 1000.500 2000.000`,
      "listening 2001 EN10MB",
      "counted 2500 30 33 2",
      `salvaged 2 300 ${SHA} 2000.250 3000.000 0`,
      "listening 3001 EN10MB",
      "ended 3100 stopped",
      "",
    ].join("\n"),
    3_100,
    {
      ...{ listeningMs: 900, endedMs: 3_100, endReason: "stopped", written: 40, matched: 45, dropped: 3, letGo: [] },
      resumed: [
        { atMs: 2_001, firstSegment: 2 },
        { atMs: 3_001, firstSegment: 3 },
      ],
      segments: [one, { ...two, cutBytes: 0 }],
    },
  ],
  [
    "a segment that was said twice",
    `sealed 2 300 ${SHA} 2000.25 3000\nsealed 1 4000 ${SHA} 1000.5 2000\nsalvaged 2 300 ${SHA} 2000.25 3000 0\n`,
    3_000,
    { ...zero, segments: [one, { ...two, cutBytes: 0 }] },
  ],
  [
    "lines that are not ours",
    `listening now\nsealed 1 4000 abc 1 2\nlet-go 7\nlet-go x\nended 5 tired\ncounted 1 2\n${"x".repeat(9_000)}\ncounted 7 1 1 0\n`,
    7,
    { ...zero, written: 1, matched: 1 },
  ],
];

describe.each(cases)("what a recorder says: %s", (_name, output, atMs, data) => {
  const wanted = data === undefined ? [] : [{ kind: "recording", subject: "capture-3", atMs, data }];
  test("in one piece, in every cut, and byte by byte", () => {
    const read = (chunks: readonly string[]) => {
      const reader = openRecording("capture-3");
      for (const chunk of chunks) reader.push(chunk);
      return reader.evidence({ nowMs: 9_999, done: true });
    };
    expect(read([output])).toEqual(wanted);
    expect(read([...output])).toEqual(wanted);
    for (let cut = 0; cut <= output.length; cut++)
      expect(read([output.slice(0, cut), output.slice(cut)])).toEqual(wanted);
    for (const { data: recorded } of wanted) expect(recordingEvidence.schema.parse(recorded)).toEqual(recorded);
  });
});

test("what is known grows with each line", () => {
  const reader = openRecording("capture-1");
  const at = { nowMs: 0, done: false };
  reader.push(`listening 900 EN10MB\nsealed 1 4000 ${SHA} 1000.5 2000\n`);
  expect(reader.evidence(at)[0]?.data).toMatchObject({ segments: [one], letGo: [] });
  reader.push("let-go 1\n");
  expect(reader.evidence(at)[0]?.data).toMatchObject({ segments: [], letGo: [one] });
});
