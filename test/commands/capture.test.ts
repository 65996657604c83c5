import { describe, expect, test } from "vitest";
import { parseAsked } from "#src/commands/capture.ts";
import { pointerOf } from "#src/commands/grammar/bad-command.ts";
import { readLine } from "#src/commands/index.ts";
import { limits } from "#src/core/check.ts";
import { NetcheckError } from "#src/core/errors.ts";
import { inWords } from "#src/core/sentence.ts";
import { targetText } from "#src/core/target.ts";

const usual = { cluster: "prod", maxDurationMs: limits.maxDurationMs };
const read = (raw: string) => parseAsked(readLine(raw), usual);

function refusal(raw: string): NetcheckError {
  try {
    read(raw);
  } catch (error) {
    if (error instanceof NetcheckError) return error;
    throw error;
  }
  throw new Error(`accepted: ${raw}`);
}

describe("what a capture records", () => {
  test.each([
    ["capture web-0 db-0", { full: false }],
    ["record web-0 db-0 10m", { full: false }],
    ["capture web-0 db-0 full", { full: true }],
    ["capture full web-0 db-0 10m", { full: true }],
    ["capture web-0 db-0 --full 10m", { full: true }],
    ["capture web-0 db-0 filter=tcp", { full: false, filter: "tcp" }],
    ['capture web-0 db-0 filter="tcp port 5432" 10m', { full: false, filter: "tcp port 5432" }],
    [
      "capture web-0 db-0 10m filter='tcp port 5432 or (udp and not port 53)'",
      {
        full: false,
        filter: "tcp port 5432 or (udp and not port 53)",
      },
    ],
    ["capture web-0 db-0 filter=“tcp port 5432” full", { full: true, filter: "tcp port 5432" }],
    ['capture web-0 db-0 --filter "icmp"', { full: false, filter: "icmp" }],
    ["capture web-0 db-0 points=pod,nic", { full: false, points: ["pod", "nic"] }],
    ["capture points=tunnel web-0 db-0", { full: false, points: ["tunnel"] }],
    ['capture web-0 db-0 filter="host 10.0.0.9 and full" lang=zh', { full: false, filter: "host 10.0.0.9 and full" }],
  ])("%s", (raw, wish) => {
    const { from, to, capture } = read(raw);
    expect(capture).toEqual(wish);
    expect([from, to].map(targetText)).toEqual(["web-0", "db-0"]);
  });

  test("the rest of the line is a check's", () => {
    const { durationMs, cluster, language } = read(
      'capture shop/web-0 svc/shop/db:5432 filter="tcp" 90m cluster=stage lang=zh',
    );
    expect({ durationMs, cluster, language }).toEqual({ durationMs: 5_400_000, cluster: "stage", language: "zh" });
    expect(read("web-0 db-0").capture).toBeUndefined();
    expect(read("check web-0 db-0 10m").capture).toBeUndefined();
  });

  test.each([
    ['capture web-0 db-0 filter="tcp port 5432', "The filter has no closing quote.", 'filter="tcp'],
    ["capture web-0 db-0 filter=tcp filter=udp", "The option filter stands there twice.", "filter=udp"],
    ["capture web-0 db-0 points=pods", "There is no point pods.", "points=pods"],
    ["capture web-0 db-0 points=nic points=pod", "The option points stands there twice.", "points=pod"],
    ["capture web-0 filter=tcp", "The second end is missing.", undefined],
    ['capture web-0 db-0 filter="tcp and -w /etc/passwd"', undefined, 'filter="tcp and -w /etc/passwd"'],
    ["check web-0 db-0 filter=tcp", "There is no option filter.", "filter=tcp"],
  ])("%s is refused", (raw, problem, at) => {
    const error = refusal(raw);
    expect(error.code).toBe("bad-command");
    if (problem !== undefined) expect(inWords(error.text)).toBe(problem);
    expect(inWords(error.text, "zh")).toMatch(/[\u4e00-\u9fff]/);
    const pointer = pointerOf(error);
    if (at !== undefined) expect(pointer?.line.slice(pointer.start, pointer.end)).toBe(at);
  });
});
