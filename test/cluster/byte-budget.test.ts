import { expect, test } from "vitest";
import { ByteBudget } from "#src/cluster/byte-budget.ts";

/** Takes pieces of `piece` bytes whenever it may, looking every 10 ms; how many bytes in so many seconds. */
function taken(budget: ByteBudget, clock: { nowMs: number }, { piece, seconds }: { piece: number; seconds: number }) {
  let bytes = 0;
  for (let step = 0; step < seconds * 100; step++) {
    while (budget.left > 0) {
      budget.took(piece);
      bytes += piece;
    }
    clock.nowMs += 10;
  }
  return bytes;
}

test.each([
  { piece: 1, seconds: 10 },
  { piece: 512, seconds: 10 },
  { piece: 5_000, seconds: 20 },
])("on average the budget holds, one burst and one piece aside ($piece bytes at a time)", ({ piece, seconds }) => {
  const clock = { nowMs: 1_000 };
  const bytes = taken(new ByteBudget(1_000, () => clock.nowMs), clock, { piece, seconds });
  expect(bytes).toBeGreaterThanOrEqual(1_000 * seconds);
  expect(bytes).toBeLessThanOrEqual(1_000 * (seconds + 2) + piece);
});

test("a smaller share holds at once, and a clock that goes back earns nothing", () => {
  const clock = { nowMs: 1_000 };
  const budget = new ByteBudget(1_000, () => clock.nowMs);
  budget.bytesPerSecond = 100;
  expect(budget.left).toBe(200);
  budget.took(200);
  clock.nowMs -= 60_000;
  expect(budget.left).toBe(0);
  clock.nowMs += 1_000;
  expect(budget.left).toBe(100);
});
