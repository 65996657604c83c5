import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { createLog, occasionally } from "#src/log.ts";

function recorder() {
  const lines: Record<string, unknown>[] = [];
  const to = new Writable({ write: (chunk, _encoding, done) => done(void lines.push(JSON.parse(String(chunk)))) });
  return { lines, log: createLog({ level: "info", to }) };
}

test("tokens do not reach the log", () => {
  const { lines, log } = recorder();
  log.info({ token: "xoxb-1", request: { headers: { authorization: "Bearer xoxb-1" } } }, "call");
  expect(JSON.stringify(lines)).not.toContain("xoxb-1");
});

test("an error that comes in a loop is one line a minute with a count", () => {
  const { lines, log } = recorder();
  let nowMs = 0;
  const complain = occasionally(log, "redis does not answer", { nowMs: () => nowMs });
  for (; nowMs < 120_000; nowMs += 1_000) complain(new Error("refused"));
  complain(new Error("refused"));
  expect(lines.map(({ msg, repeated }) => [msg, repeated])).toEqual([
    ["redis does not answer", undefined],
    ["redis does not answer", 59],
    ["redis does not answer", 59],
  ]);
});
