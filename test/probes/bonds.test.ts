import { expect, test } from "vitest";
import { parseBonds } from "#src/core/bond-text.ts";
import { bondsEvidence } from "#src/core/nic-evidence.ts";
import type { Vantage } from "#src/core/plan.ts";
import { bonds } from "#src/probes/bonds.ts";
import { transcript } from "./transcript.ts";

const vantage: Vantage = { id: "node/n", label: "n", node: "n", netns: "node", ip: "10.0.0.1", role: "from-node" };
const text = transcript("bonding.txt");
const read = (...runs: readonly { readonly stdout: string; readonly exitCode?: number }[]) => {
  const samples = runs.map((run, n) => ({ atMs: 1_000 + n * 5_000, exitCode: 0, ...run }));
  const [evidence] = bonds.read(samples, { subject: "node/n", vantage });
  return evidence === undefined ? undefined : bondsEvidence.schema.parse(evidence.data).versions;
};

test("an LACP bond and an active-backup bond, as the kernel shows them", () => {
  expect(parseBonds(text)).toEqual([
    {
      name: "bond0",
      mode: "active-backup",
      up: true,
      active: "p1p1",
      slaves: [
        { name: "p1p1", up: true, speedMbit: 10_000, duplex: "full", failures: 3, churned: false },
        { name: "p1p2", up: false, failures: 12, churned: false },
      ],
    },
    {
      name: "bond1",
      mode: "802.3ad",
      up: true,
      aggregator: 1,
      partner: "44:38:39:ff:00:17",
      slaves: [
        { name: "enp145s0f0", up: true, speedMbit: 40_000, duplex: "full", failures: 1, aggregator: 1, churned: false },
        { name: "enp145s0f1", up: true, speedMbit: 40_000, duplex: "full", failures: 0, aggregator: 2, churned: true },
      ],
    },
  ]);
});

test("a node without bonds has none, which is something else than not knowing", () => {
  expect(read({ stdout: "" })?.at(-1)?.value).toEqual([]);
  expect(read({ stdout: "", exitCode: 127 })).toBeUndefined();
  expect(read()).toBeUndefined();
});

test("states follow each other in time", () => {
  const later = text.replace("Currently Active Slave: p1p1", "Currently Active Slave: p1p2");
  expect(
    read({ stdout: text }, { stdout: text }, { stdout: later })?.map(({ fromMs, value }) => [fromMs, value[0]?.active]),
  ).toEqual([
    [1_000, "p1p1"],
    [11_000, "p1p2"],
  ]);
});

test("cut at any byte it invents no slave, no failure and no state", () => {
  const whole = parseBonds(text);
  for (let length = 0; length < text.length; length++)
    for (const bond of parseBonds(text.slice(0, length))) {
      const known = whole.find(({ name }) => name === bond.name);
      for (const slave of bond.slaves) {
        const same = known?.slaves.find(({ name }) => name === slave.name);
        expect(same).toMatchObject({ ...slave, churned: expect.any(Boolean) });
      }
    }
});
