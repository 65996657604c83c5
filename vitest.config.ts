import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest, longest first within a project: begun last, each of them would end alone. */
const LONG = [
  "e2e/scenarios",
  "e2e/conformance",
  "e2e/two-clusters",
  "e2e/night",
  "e2e/kill",
  "integration/lab-cluster-faults",
  "integration/agent-scripts-record",
  "integration/pcap-live",
  "core/healthy",
  "pcap/path-analysis",
  "pcap/bad-captures",
  "pcap/pcap-input",
];

/** In a fresh clone nobody knows yet how long a file takes, and its size does not tell. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return found === -1 ? LONG.length : found;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

/**
 * Three projects by folder: `unit` is all that is neither integration (real Redis, sockets, namespaces) nor e2e. One runs after
 * the other: integration needs processors that are not all taken by computing.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/integration/**", "test/e2e/**"],
          // Modules have no state that could tell files apart, and loading them anew for each file took half of the time.
          isolate: false,
          // Otherwise one less than the machine has cores.
          maxWorkers: "100%",
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
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          // A check mostly waits; four of them, and beside them a file that plays one at a time, keep two cores busy. More starve
          // captures and agents, and what is measured says so instead of naming the fault.
          maxConcurrency: 4,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
