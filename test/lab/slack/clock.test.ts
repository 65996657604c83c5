import { expect, test, vi } from "vitest";
import { LabClock } from "#lab/slack/server/clock.ts";
import { createRateLimits } from "#lab/slack/server/rate-limits.ts";

test("a frozen clock stands still, moves when told, and runs what falls due in order", () => {
  const clock = new LabClock();
  clock.freeze();
  const startMs = clock.nowMs();
  const ran: string[] = [];
  const note = (what: string) => () => ran.push(`${what}@${clock.nowMs() - startMs}`);
  clock.after(200, note("b"));
  clock.after(100, () => clock.after(50, note("chained")));
  const cancel = clock.after(120, note("cancelled"));
  cancel();
  clock.after(1_000, note("later"));
  clock.advance(500);
  expect(ran).toEqual(["chained@150", "b@200"]);
  expect(clock.nowMs() - startMs).toBe(500);
});

test("a clock that was moved runs on from there, with its timers", () => {
  vi.useFakeTimers();
  try {
    const clock = new LabClock();
    const startMs = clock.nowMs();
    const ran: number[] = [];
    clock.after(1_000, () => ran.push(clock.nowMs() - startMs));
    clock.advance(400);
    expect(clock.mode).toBe("real");
    vi.advanceTimersByTime(599);
    expect(ran).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ran).toEqual([1_000]);
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  { tier: "T2", method: "usergroups.list", perMinute: 20 },
  { tier: "T3", method: "chat.update", perMinute: 50 },
  { tier: "T4", method: "users.info", perMinute: 100 },
] as const)("$tier allows $perMinute calls in any minute, per method", ({ tier, method, perMinute }) => {
  const limits = createRateLimits();
  for (let call = 0; call < perMinute; call++) expect(limits.spend(method, tier, undefined, call)).toBeUndefined();
  expect(limits.spend(method, tier, undefined, 30_000)).toBe(30);
  expect(limits.spend("another", tier, undefined, 30_000)).toBeUndefined();
  expect(limits.spend(method, tier, undefined, 60_000)).toBeUndefined();
  expect(limits.spend(method, "none", undefined, 60_000)).toBeUndefined();
});

test("messages may come in a short burst and then one per second, per channel", () => {
  const limits = createRateLimits();
  const post = (channel: string, nowMs: number) => limits.spend("chat.postMessage", "channel", channel, nowMs);
  expect([post("C1", 0), post("C1", 0), post("C1", 0), post("C1", 0)]).toEqual([undefined, undefined, undefined, 1]);
  expect(post("C2", 0)).toBeUndefined();
  expect([post("C1", 999), post("C1", 1_000), post("C1", 1_500), post("C1", 2_000)]).toEqual([
    1,
    undefined,
    1,
    undefined,
  ]);
});
