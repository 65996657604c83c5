import { defineConfig } from "vitest/config";

/** Three projects by folder: `unit` is all that is neither integration (real Redis, sockets, namespaces) nor e2e. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/integration/**", "test/e2e/**"],
          // Nothing waits here, but a machine that others use takes its time.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // They mostly wait, for processes, packets and timers: more files at once than the machine has cores.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
          // What is waited for comes when a busy machine gets to it; one second is too short a patience.
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        test: {
          name: "e2e",
          // A check mostly waits; five of them keep two cores busy.
          maxConcurrency: 5,
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
