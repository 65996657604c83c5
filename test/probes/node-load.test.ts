import { expect, test } from "vitest";
import { nodeLoadEvidence } from "#src/core/node-load.ts";
import type { Vantage } from "#src/core/plan.ts";
import { nodeLoad } from "#src/probes/node-load.ts";

const vantage: Vantage = { id: "node/n", label: "n", node: "n", netns: "node", ip: "10.0.0.1", role: "control" };
const read = (...texts: readonly string[]) => {
  const all = texts.map((stdout, n) => ({ atMs: 1_000_000 + 5_000 * n, exitCode: n % 2 === 0 ? 0 : 77, stdout }));
  const [evidence] = nodeLoad.read(all, { subject: vantage.id, vantage });
  return evidence === undefined ? undefined : nodeLoadEvidence.schema.parse(evidence.data);
};
const BOOT = "bf95abdd-3887-4f4f-91ca-70d0907f91bc";
const text = (n: number, { boot = BOOT, jumpMs = 0 } = {}): string =>
  [
    `@now ${1_000_000 + 5_000 * n + jumpMs} ${500 + 5 * n}.25 4026531840`,
    `@load 3 ${400 + n} 2`,
    `@boot ${boot} 1795636131`,
    `@cpu ${100 + 100 * n} ${9_000 + 700 * n} ${20_000 + 1_000 * n}`,
    `@soft 0 ${10 * n} ${10_000 + 500 * n}`,
    `@soft 1 ${450 * n} ${10_000 + 500 * n}`,
    // Since 5.10 there are fifteen words of which the 13th is the CPU; before there were eleven, of old kernels nine.
    `@softnet 0 0000ffff 0000000${n} 00000002 00000003`,
    `@softnet 1 0000ffff 00000010 00000000 -`,
    `@sockstat TCP: inuse 27 orphan 0 tw 0 alloc 28 mem ${3 + n}`,
    "@tcp_mem 100\t200\t300",
    `@files ${1_200 + n}\t0\t9223372036854775807`,
    "@tasks 32768",
    "@disk / 1000000 250000 5000 4000",
    "@disk /var/log 1000 0 0 0",
    "@clock 8193 -1500000 250000 1000 0",
    "",
  ].join("\n");

test("shares of CPU time, drops by CPU, memory, files, tasks, disks and the clock", () => {
  expect(read(text(0), text(1), text(2))).toMatchObject({
    bootId: BOOT,
    bornS: 1_795_636_131,
    rebooted: false,
    cpus: [
      { steal: 0.1, soft: { cpu: 1, share: 0.9, others: 0.02 } },
      { steal: 0.1, soft: { cpu: 1, share: 0.9, others: 0.02 } },
    ],
    softnet: { gained: { dropped: 2, "dropped.3": 2 } },
    tcpMemory: { most: 5, pressure: 200, max: 300 },
    files: { most: 1_202, max: 2 ** 63 },
    tasks: { most: 402, max: 32_768 },
    disks: [
      { path: "/", bytes: 1_000_000, freeBytes: 250_000, inodes: 5_000, freeInodes: 4_000 },
      { path: "/var/log", bytes: 1_000, freeBytes: 0, inodes: 0, freeInodes: 0 },
    ],
    clock: { synchronised: true, offsetUs: -1_500, maxErrorUs: 250_000 },
    clockJumps: [],
  });
});

test("a clock that jumped, and a machine that was started anew", () => {
  const seen = read(text(0), text(1, { jumpMs: 3_000 }), text(2, { jumpMs: 3_000, boot: BOOT.replace("bf", "00") }));
  expect(seen?.clockJumps).toEqual([{ fromMs: 1_000_000, toMs: 1_005_000, jumpedS: 3 }]);
  expect(seen).toMatchObject({ rebooted: true, bootId: BOOT.replace("bf", "00") });
});

test.each([
  ["nobody keeps it right", "@clock 64 0 16000000 16000000 5", { synchronised: false, offsetUs: 0 }],
  ["it is kept, in µs", "@clock 1 -700 500 500 0", { synchronised: true, offsetUs: -700 }],
  ["it has been off for too long", "@clock 8193 0 16000000 0 5", { synchronised: false }],
])("adjtimex: %s", (_, line, clock) => {
  expect(read(text(0).replace(/@clock .*/, line))?.clock).toMatchObject(clock);
});

test("garbage and output that was cut anywhere do no harm", () => {
  expect(read("Killed", "[]")).toBeUndefined();
  const whole = text(1);
  for (let end = 0; end <= whole.length; end++) {
    const seen = read(text(0), whole.slice(0, end), text(2));
    expect([undefined, 1_201, 1_202]).toContain(seen?.files?.most);
    expect(seen?.softnet?.gained["dropped"]).toBeLessThan(3 + 16);
    expect(seen?.clockJumps).toEqual([]);
  }
});
