import { expect, test } from "vitest";
import { complaintOf, exitStatus } from "#lab/cluster/api/exec-status.ts";

test.each([
  { end: { code: 0, signal: null }, status: { metadata: {}, status: "Success" } },
  { end: { code: 3, signal: null }, status: { reason: "NonZeroExitCode", details: { causes: [{ message: "3" }] } } },
  { end: { code: null, signal: "SIGTERM" as const }, status: { details: { causes: [{ message: "143" }] } } },
])("$end becomes a status", ({ end, status }) => {
  expect(exitStatus(end)).toMatchObject(status);
});

test.each([
  {
    stderr: "nsenter: failed to execute nope: No such file or directory\n",
    trouble: "executable file not found in $PATH",
  },
  { stderr: "nsenter: failed to execute nope: Permission denied\n", trouble: "permission denied" },
  { stderr: "nsenter: failed to execute other: No such file or directory\n", trouble: undefined },
  { stderr: "nope: not found\n", trouble: undefined },
])("$stderr is taken as $trouble", ({ stderr, trouble }) => {
  expect(complaintOf(Buffer.from(stderr), "nope")).toBe(trouble);
});
