import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import { parseSockets, sockets, socketsEvidence } from "#src/probes/sockets.ts";

const vantage: Vantage = { id: "pod/a/b", label: "a/b", node: "n", netns: "1111", ip: "10.0.0.1", role: "from" };
const text = (total: number) =>
  `@range 40000 40063\n@memory 61 383869\n@states ESTAB ${total} LISTEN 4 TIME-WAIT 3\n10.0.0.1 10.0.0.2 5432 ${total} 3\n10.0.0.1 fd00::7 80 2 0\n`;

test("by destination the most that any reading showed", () => {
  const samples = [3, 64, 9].map((total, n) => ({ atMs: n, exitCode: 0, stdout: text(total) }));
  const [evidence] = sockets.read(samples, { subject: vantage.id, vantage });
  expect(socketsEvidence.schema.parse(evidence?.data)).toEqual({
    range: [40_000, 40_063],
    destinations: [
      { source: "10.0.0.1", ip: "10.0.0.2", port: 5_432, total: 64, waiting: 3 },
      { source: "10.0.0.1", ip: "fd00::7", port: 80, total: 2, waiting: 0 },
    ],
    states: { ESTAB: 9, LISTEN: 4, "TIME-WAIT": 3 },
    memory: { most: 61, pressure: 383_869 },
  });
});

test("garbage and output that was cut anywhere do no harm", () => {
  for (let end = 0; end <= text(64).length; end++) {
    const { destinations } = parseSockets(text(64).slice(0, end));
    for (const { total } of destinations) expect([64, 2]).toContain(total);
  }
  expect(parseSockets("ss: command not found\n1 2 3 4 5\n@range x y\n").destinations).toEqual([
    { source: "1", ip: "2", port: 3, total: 4, waiting: 5 },
  ]);
});
