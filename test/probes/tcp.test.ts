import { expect, test } from "vitest";
import { type TcpData, tcpEvidence } from "#src/core/leg-evidence.ts";
import { openTcp } from "#src/probes/tcp.ts";
import { transcript } from "./transcript.ts";

const window = { startMs: 1_795_269_294_000, endMs: 1_795_269_309_000 };

function read(...chunks: readonly string[]): TcpData | undefined {
  const reader = openTcp("a>b:80", window, 500);
  for (const chunk of chunks) reader.push(chunk);
  const [evidence] = reader.evidence({ nowMs: window.endMs, done: true });
  return evidence && tcpEvidence.schema.parse(evidence.data);
}

test.each([
  { file: "tcp-connected.txt", outcomes: { connected: 12 } },
  { file: "tcp-refused.txt", outcomes: { refused: 12 } },
  { file: "tcp-timeout.txt", outcomes: { timeout: 6 } },
])("$file counts how attempts ended", ({ file, outcomes }) => {
  expect(read(transcript(file))?.outcomes).toEqual(outcomes);
});

test.each([
  { line: "1800000000000.000 0.300 connected 40000 0", want: { outcomes: { connected: 1 }, retransmitted: 0 } },
  { line: "1800000000000.000 1021.300 connected 40000 1", want: { outcomes: { connected: 1 }, retransmitted: 1 } },
  { line: "1800000000000.000 1.0 unreachable-net 0", want: { outcomes: { "unreachable-net": 1 } } },
  { line: "1800000000000.000 1.0 no-port 0", want: { outcomes: { "no-port": 1 } } },
  { line: "1800000000000.000 1.0 error:EMFILE 0", want: { outcomes: { error: 1 }, errors: ["EMFILE"] } },
])("$line is read", ({ line, want }) => {
  expect(read(`${line}\n`)).toMatchObject(want);
});

test.each(["1800000000000.000 12.0 pending 40000 0", "not a line", "1800000000000.000 1.0 unheard-of 0", ""])(
  "%j says nothing",
  (line) => {
    expect(read(`${line}\n`)).toBeUndefined();
  },
);

test("attempts that end in another order than they began are put in the order of their start", () => {
  const data = read("1800000000500.000 1.0 connected 2 0\n1800000000000.000 2500.0 timeout 1 2\n");
  expect(data?.startMs).toBe(1_800_000_000_000);
  expect(data?.attempts.map(([offset]) => offset)).toEqual([0, 500]);
});

test("the result does not depend on where the stream is cut", () => {
  const text = transcript("tcp-refused.txt");
  const whole = read(text);
  for (let cut = 0; cut <= text.length; cut++) expect(read(text.slice(0, cut), text.slice(cut))).toEqual(whole);
});
