import { test as base } from "vitest";
import type { Checks } from "#src/queue/checks.ts";
import { privateQueue } from "./private-queue.ts";
import { checksOf } from "./queue-world.ts";

type Queue = Awaited<ReturnType<typeof privateQueue>>;

/** Tests with a Redis of their own each, so that they can run side by side. They mostly wait for one another's timers. */
export const withQueue = base.extend<{
  queue: Queue;
  redis: Awaited<ReturnType<Queue["connect"]>>;
  checks: Checks;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest finds out from it that no other fixture is needed
  queue: async ({}, use) => {
    await using queue = await privateQueue();
    await use(queue);
  },
  redis: async ({ queue }, use) => use(await queue.connect("worker")),
  checks: async ({ queue }, use) => {
    const checks = await checksOf(queue, { maxChecks: 2 });
    await use(checks);
    await checks.close();
  },
});
