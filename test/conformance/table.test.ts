import { expect, test } from "vitest";
import { outcomeOf, type Step } from "#src/conformance/step.ts";
import { stepsText } from "#src/conformance/text.ts";
import { probeSteps, watched } from "#src/conformance/watched-probes.ts";
import type { Vantage } from "#src/core/plan.ts";
import type { Probe } from "#src/core/probe.ts";

const step = (change: Partial<Step>): Step => ({
  ...{
    area: "exec",
    step: "exit code",
    did: "ran `exit 7`",
    expected: "exit code 7",
    seen: "exit code 7",
    status: "ok",
  },
  ...change,
});

test("the table says of what failed what was done, expected and what to do, each on one line", () => {
  const steps = [
    step({}),
    step({ area: "cluster", step: "server", status: "failed", seen: "it\nsays\u001b no", remedy: "Ask it\tagain." }),
    step({ area: "faults", step: "closed port", status: "skipped", seen: "Not tried: the run was ended." }),
  ];
  expect(stepsText(steps, { colour: false })).toBe(`cluster
  FAILED  server       it says no
          did: ran \`exit 7\`; expected: exit code 7
          → Ask it again.
exec
  ok      exit code    exit code 7
faults
  -       closed port  Not tried: the run was ended.
Failed: 1 ok, 1 failed, 1 not tried.
`);
});

test.each([
  { statuses: ["ok", "skipped"], outcome: "passed" },
  { statuses: ["ok", "failed"], outcome: "failed" },
  { statuses: ["skipped"], outcome: "failed" },
  { statuses: [], outcome: "failed" },
] as const)("$statuses is $outcome", ({ statuses, outcome }) => {
  expect(outcomeOf(statuses.map((status) => step({ status })))).toBe(outcome);
});

test("a probe is judged by what it was asked for, what it said, and what is lacking", () => {
  const reading = (name: string, says: boolean): Probe => ({
    ...{ kind: "reading", name, scope: "node", argv: ["true"], pace: "often" },
    read: (samples, { subject }) => (says ? samples.map(({ atMs }) => ({ kind: name, subject, atMs, data: {} })) : []),
  });
  const probes = [
    reading("speaks", true),
    reading("finds-nothing", false),
    reading("mute", true),
    reading("unasked", true),
    reading("gap", true),
  ];
  const { probes: watching, seen } = watched(probes);
  const vantage = {} as Vantage;
  for (const probe of watching)
    if (probe.kind === "reading" && probe.name !== "unasked")
      probe.read(probe.name === "mute" ? [] : [{ atMs: 1, exitCode: 0, stdout: "" }], { subject: "node/a", vantage });
  const lacking = [
    { probe: "gap", subject: "node/a", reason: "nft is missing" },
    { probe: "agent", subject: "node/b", reason: "not reached" },
    { probe: "data-plane", subject: "node/a", reason: "backends in eBPF maps" },
  ];
  expect(probeSteps(probes, seen, lacking).map(({ step: name, status, seen: said }) => [name, status, said])).toEqual([
    ["speaks", "ok", "1 of 1 places told something."],
    ["finds-nothing", "ok", "Read at 1 places; there is nothing of its kind."],
    ["mute", "failed", "Asked for at 1 places, and nothing came."],
    ["unasked", "skipped", "Not tried: nothing on the paths of this run asks for it."],
    ["gap", "failed", "node/a: nft is missing"],
    ["agent", "failed", "node/b: not reached"],
    ["data-plane", "skipped", "Not tried: node/a: backends in eBPF maps"],
  ]);
});
