import { expect, test } from "vitest";
import { type PingData, pingEvidence } from "#src/core/leg-evidence.ts";
import { openPing, ping } from "#src/probes/ping.ts";
import { transcript } from "./transcript.ts";

const window = { startMs: 1_795_266_754_000, endMs: 1_795_266_764_000 };

function read(...chunks: readonly string[]): PingData | undefined {
  const reader = openPing("a>b", window, 200);
  for (const chunk of chunks) reader.push(chunk);
  const [evidence] = reader.evidence({ nowMs: window.endMs, done: true });
  return evidence && pingEvidence.schema.parse(evidence.data);
}

test.each([
  { file: "ping-answered.txt", want: { sent: 10, received: 10, lost: 0, pending: 0, longestLostRun: 0 } },
  // The run took 1.8 s: nothing has waited long enough to be lost.
  { file: "ping-silent.txt", want: { sent: 0, received: 0, lost: 0, pending: 9 } },
  { file: "ping-net-unreachable.txt", want: { received: 0, lost: 2, pending: 7 } },
  { file: "ping-prohibited.txt", want: { received: 0, lost: 7, longestLostRun: 7 } },
  { file: "ping-ttl-exceeded.txt", want: { received: 0 } },
])("$file is read as it was meant", ({ file, want }) => {
  expect(read(transcript(file))).toMatchObject(want);
});

test.each([
  { file: "ping-net-unreachable.txt", from: "10.1.0.1", reason: "net-unreachable" },
  { file: "ping-prohibited.txt", from: "10.1.0.1", reason: "prohibited" },
  { file: "ping-ttl-exceeded.txt", from: "10.1.0.1", reason: "ttl-exceeded" },
  { file: "ping-no-neighbour.txt", from: "10.1.0.2", reason: "host-unreachable" },
])("$file names the box that refused and why: $reason", ({ file, from, reason }) => {
  expect(read(transcript(file))?.errors[0]).toMatchObject({ from, reason });
});

test("a real run with every fourth packet late has all packets received and none lost", () => {
  const data = read(transcript("ping-every-4th-late.txt"));
  expect(data).toMatchObject({ lost: 0 });
  expect(data?.received).toBeGreaterThan(60);
  expect(data?.rttMs?.p50).toBeLessThan(1);
  expect(data?.rttMs?.max).toBeGreaterThan(200);
});

test("a real run into a drop rule has all packets lost, apart from those still awaited", () => {
  const data = read(transcript("ping-dead.txt"));
  expect(data?.received).toBe(0);
  expect(data?.lost).toBeGreaterThan(30);
  expect(data?.longestLostRun).toBe(data?.lost);
});

const reply = (sequence: number, atS: number, ms: number, tail = "") =>
  `[${(1_800_000_000 + atS).toFixed(6)}] 64 bytes from 10.0.0.9: icmp_seq=${sequence} ttl=62 time=${ms} ms${tail}\n`;
const silent = (sequence: number, atS: number) =>
  `[${(1_800_000_000 + atS).toFixed(6)}] no answer yet for icmp_seq=${sequence}\n`;

test.each([
  {
    name: "the last answer is late and has not come",
    lines: [reply(1, 0, 0.1), reply(2, 0.2, 0.1), reply(3, 0.4, 0.1)],
    want: { sent: 3, lost: 0, pending: 0 },
  },
  {
    name: "an answer comes after 'no answer yet'",
    lines: [reply(1, 0, 0.1), silent(2, 0.4), reply(3, 0.4, 0.1), reply(2, 0.55, 350)],
    want: { sent: 3, received: 3, lost: 0 },
  },
  {
    name: "an answer comes when it was already given up",
    lines: [reply(1, 0, 0.1), silent(2, 0.4), reply(3, 3.8, 0.1), reply(2, 4.2, 4000)],
    want: { received: 3, lost: 0 },
  },
  {
    name: "an answer is awaited for less than two seconds",
    lines: [reply(1, 0, 0.1), silent(2, 0.4), reply(3, 0.4, 0.1), reply(9, 1.6, 0.1)],
    want: { received: 3, pending: 6, lost: 0 },
  },
  {
    name: "an answer is awaited for more than two seconds",
    lines: [reply(1, 0, 0.1), silent(2, 0.4), reply(3, 0.4, 0.1), reply(4, 2.6, 0.1)],
    want: { received: 3, pending: 0, lost: 1, longestLostRun: 1 },
  },
  {
    name: "answers come twice",
    lines: [reply(1, 0, 0.1), reply(1, 0.001, 1, " (DUP!)"), reply(2, 0.2, 0.1)],
    want: { sent: 2, received: 2, duplicates: 1 },
  },
  {
    name: "a router only gives advice",
    lines: ["[1800000000.100000] From 10.0.0.1 icmp_seq=1 Redirect Host(New nexthop: 10.0.0.2)\n", reply(1, 0.1, 0.2)],
    want: { sent: 1, received: 1, errors: [] },
  },
  {
    name: "the target speaks IPv6",
    lines: ["[1800000000.100000] 64 bytes from fd00::9: icmp_seq=1 ttl=62 time=0.100 ms\n"],
    want: { received: 1 },
  },
])("counts are right when $name", ({ lines, want }) => {
  expect(read(lines.join(""))).toMatchObject(want);
});

test("the result does not depend on where the stream is cut", () => {
  const text = transcript("ping-no-neighbour.txt");
  const whole = read(text);
  for (let cut = 0; cut <= text.length; cut += 7) expect(read(text.slice(0, cut), text.slice(cut))).toEqual(whole);
});

test("nothing is said when ping could not even start", () => {
  expect(read("")).toBeUndefined();
});

test("every leg has its own interval and its own number, and the command carries no shell", () => {
  const leg = { id: "a>b", from: "a", to: "b", toIp: "10.0.0.9", scope: "overlay", part: "segment" } as const;
  const from = { id: "a", label: "a", node: "n", netns: "node", ip: "10.0.0.1", role: "from" } as const;
  const argvs = Array.from({ length: 30 }, (_, index) => ping.argv({ leg, from, index, window, check: "nc-4f2a" }));
  expect(new Set(argvs.map((argv) => argv[5])).size).toBeGreaterThan(15);
  expect(new Set(argvs.map((argv) => argv[7])).size).toBe(30);
  for (const argv of argvs) {
    expect(argv.slice(0, 5)).toEqual(["ping", "-n", "-D", "-O", "-i"]);
    expect(Number(argv[5])).toBeGreaterThanOrEqual(0.187);
    expect(Number(argv[5])).toBeLessThanOrEqual(0.213);
    expect(Number(argv[7])).toBeGreaterThan(0);
    expect(Number(argv[7])).toBeLessThan(65_536);
  }
});
