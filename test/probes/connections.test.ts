import { expect, test } from "vitest";
import { connectionsEvidence, openConnections } from "#src/probes/connections.ts";
import { transcript } from "./transcript.ts";

const at = {
  id: "pod/shop/api-1",
  label: "shop/api-1",
  node: "graz",
  netns: "x",
  ip: "127.0.0.1",
  role: "to" as const,
};

function read(text: string, step = text.length) {
  const reader = openConnections({ at });
  for (let from = 0; from < text.length; from += step) reader.push(text.slice(from, from + step));
  const [evidence] = reader.evidence({ nowMs: 0, done: true });
  return evidence && connectionsEvidence.schema.parse(evidence.data);
}

test("a closed window and what lies unread, as iproute2 6.1 tells them", () => {
  const data = read(transcript("connections-zero-window.txt"));
  expect(data).toMatchObject({ samples: 5, most: 3 });
  expect(data?.list.map(({ port, windowClosed, unread, unsent }) => ({ port, windowClosed, unread, unsent }))).toEqual([
    { port: { local: 37_870, peer: 18_090 }, windowClosed: 5, unread: 0, unsent: 487_424 },
    { port: { local: 18_090, peer: 37_870 }, windowClosed: 0, unread: 4_096, unsent: 0 },
    { port: { local: 18_090, peer: 37_882 }, windowClosed: 0, unread: 7, unsent: 0 },
  ]);
  expect(data?.list[0]).toMatchObject({ busyMs: 3_992, windowLimitedMs: 3_992, resent: 0 });
});

test("it does not matter where the output is cut", () => {
  const text = transcript("connections-zero-window.txt");
  expect(read(text, 7)).toEqual(read(text));
});

test.each(["", "c ESTAB a b", "@ x y\nc ESTAB 1.2.3.4:5 6.7.8.9:10 0 0 -\n", "@ 1800000000000", "no such program\n"])(
  "%j says nothing",
  (text) => {
    expect(read(text)).toBeUndefined();
  },
);

test.each(["c ESTAB 1.2.3.4:5 6.7.8.9:10 x 0 -", "c ESTAB 1.2.3.4 6.7.8.9 0 0 -", "c"])(
  "%j is no connection",
  (line) => {
    expect(read(`@ 1800000000000 1 1\n${line}\n`)?.list).toEqual([]);
  },
);
