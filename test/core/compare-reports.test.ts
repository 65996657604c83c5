import { describe, expect, test } from "vitest";
import { compareReports, lateChange, lossChange } from "#src/core/compare-reports.ts";
import type { Report } from "#src/core/report.ts";
import { reports } from "#test/support/sample-reports.ts";

type Measurement = Report["measurements"][number];

const leg = (more: Partial<Measurement> = {}): Measurement => ({
  probe: "ping",
  from: "shop/web-0",
  to: "shop/db-0",
  part: "end-to-end",
  sent: 3_000,
  lost: 0,
  rttMs: { min: 0.4, p50: 0.5, p99: 0.8, max: 1 },
  ...more,
});
const reportWith = (...measurements: Measurement[]): Report => ({ ...reports.healthy, measurements });

describe("loss", () => {
  test.each([
    ["none before and after", [0, 3_000], [0, 300_000], undefined],
    ["1 of 300 after none", [0, 300], [1, 300], undefined],
    ["2 % after none", [0, 3_000], [60, 3_000], "worse"],
    ["none after 2 %", [60, 3_000], [0, 3_000], "better"],
    ["2 % after 1.5 %: chance", [45, 3_000], [60, 3_000], undefined],
    ["5 % after 1 % in few packets", [1, 100], [5, 100], undefined],
    ["everything after nothing", [0, 60], [60, 60], "worse"],
    ["proven by millions, and nothing to anybody", [100, 10_000_000], [2_000, 10_000_000], undefined],
    ["nothing was sent before", [0, 0], [60, 60], undefined],
    ["nothing was sent after", [0, 60], [0, 0], undefined],
  ] as const)("%s", (_, [lostBefore, sentBefore], [lostAfter, sentAfter], expected) =>
    expect(lossChange({ lost: lostBefore, sent: sentBefore }, { lost: lostAfter, sent: sentAfter })).toBe(expected),
  );

  test("two checks of thirty legs with the same loss are told apart in fewer than one in a hundred comparisons", () => {
    let state = 11;
    const chance = (): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state / 2_147_483_648;
    };
    const lostOf = (sent: number, share: number): number => {
      let lost = 0;
      for (let packet = 0; packet < sent; packet++) if (chance() < share) lost++;
      return lost;
    };
    let alarms = 0;
    for (let comparison = 0; comparison < 200; comparison++) {
      const share = [0.002, 0.01, 0.05, 0.3][comparison % 4] ?? 0;
      const pairs = Array.from({ length: 30 }, () =>
        lossChange({ sent: 600, lost: lostOf(600, share) }, { sent: 600, lost: lostOf(600, share) }),
      );
      if (pairs.some((change) => change !== undefined)) alarms++;
    }
    expect(alarms).toBeLessThanOrEqual(2);
  });
});

test.each([
  ["p99", 0.8, 3.1, 300, "worse"],
  ["p99", 3.1, 0.8, 300, "better"],
  ["p99", 0.8, 2.4, 300, undefined],
  ["p99", 200, 390, 300, undefined],
  ["p99", 200, 410, 300, "worse"],
  ["p99", 0.8, 3.1, 199, undefined],
  ["p50", 0.5, 1, 20, "worse"],
  ["p50", 2.3, 0.8, 20, "better"],
  ["p50", 1.4, 0.85, 20, undefined],
  ["p50", 0.2, 0.6, 20, undefined],
  ["p50", 0.5, 1, 19, undefined],
  ["p50", 10, 19, 20, undefined],
  ["p99", undefined, 3, 300, undefined],
  ["p50", 3, undefined, 300, undefined],
] as const)("%s from %s ms to %s ms over %s: %s", (quantile, before, after, of, expected) =>
  expect(lateChange(quantile, before, after, of)).toBe(expected),
);

test("legs are compared with themselves, the asked path first, then by loss", () => {
  const segment = { part: "segment", from: "node-1", to: "node-2" } as const;
  const control = { part: "control", from: "node-1", to: "node-3" } as const;
  const before = reportWith(leg(), leg(segment), leg(control), leg({ probe: "tcp" }), leg({ from: "a" }));
  const after = reportWith(
    leg({ ...segment, lost: 300 }),
    leg({ ...control, lost: 600 }),
    leg({ rttMs: { min: 0.4, p50: 0.5, p99: 390, max: 400 } }),
    leg({ probe: "tcp" }),
    leg({ from: "b" }),
    leg({ from: "c" }),
  );
  const { worse, better, same, onlyBefore, onlyAfter } = compareReports(before, after);
  expect(worse.map(({ from, to, loss, p99 }) => ({ from, to, loss, p99 }))).toEqual([
    { from: "shop/web-0", to: "shop/db-0", loss: undefined, p99: "worse" },
    { from: "node-1", to: "node-3", loss: "worse", p99: undefined },
    { from: "node-1", to: "node-2", loss: "worse", p99: undefined },
  ]);
  expect({ better, same, onlyBefore, onlyAfter }).toEqual({ better: [], same: 1, onlyBefore: 1, onlyAfter: 2 });
  expect(compareReports(after, before).better.length).toBe(3);
});

test("a leg on which one thing got worse and another better is worse, and says both", () => {
  const slow = leg({ rttMs: { min: 0.4, p50: 5, p99: 20, max: 30 } });
  const { worse, better } = compareReports(reportWith(slow), reportWith(leg({ lost: 300 })));
  expect(worse).toMatchObject([{ loss: "worse", p50: "better", p99: "better" }]);
  expect(better).toEqual([]);
});

test("a packet size that no longer passes is worse; routers that stay silent are not loss", () => {
  const size = leg({ probe: "mtu", largestBytes: 1_500, lost: 2, sent: 8 });
  const trace = leg({ probe: "trace", path: [], lost: 0, sent: 40 });
  const { worse } = compareReports(
    reportWith(size, trace),
    reportWith({ ...size, largestBytes: 1_422, lost: 8 }, { ...trace, lost: 40 }),
  );
  expect(worse).toMatchObject([{ probe: "mtu", largest: "worse" }]);
  expect(worse[0]?.loss).toBeUndefined();
});

test("causes and gaps that came, went and stayed, by name and place", () => {
  const { causes, gaps, samePath } = compareReports(reports.periodic, reports.loss);
  expect(causes.came.map(({ cause }) => cause)).toEqual(["path-loss"]);
  expect(causes.stayed.map(({ cause }) => cause)).toEqual(["nic-periodic-delay"]);
  expect(causes.went).toEqual([]);
  expect(gaps.came.map(({ subject }) => subject)).toEqual(["node/node-3"]);
  expect(samePath).toBe(true);
  const back = compareReports(reports.loss, { ...reports.periodic, from: "shop/web-1" });
  expect(back.causes.went.map(({ cause }) => cause)).toEqual(["path-loss"]);
  expect(back.samePath).toBe(false);
});
