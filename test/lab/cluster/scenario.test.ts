import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadScenario } from "#lab/cluster/scenario.ts";

const folder = mkdtempSync(join(tmpdir(), "netcheck-scenario-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const base = "scenario: one\ncommand: web-0 db-0 20s\n";

test("a scenario of two lines gets a default cluster, no faults and a limit that fits its duration", async () => {
  const scenario = await loadScenario(write("small.yaml", base));
  expect(scenario.topology.nodes).toHaveLength(3);
  expect(scenario).toMatchObject({ faults: [], traffic: [], repeat: 1, expect: {}, timeoutMs: 80_000 });
  expect(scenario.noise).toBeUndefined();
});

test("a topology may be a path, counted from the scenario's own folder", async () => {
  write("two.yaml", "nodes: [left, right]\n");
  const scenario = await loadScenario(write("path.yaml", `${base}topology: two.yaml\n`));
  expect(scenario.topology.nodes).toEqual(["left", "right"]);
});

test("a mistake in a topology that lies elsewhere names that file", async () => {
  write("bad.yaml", "nodes: 1\nnods: 2\n");
  await expect(loadScenario(write("elsewhere.yaml", `${base}topology: bad.yaml\n`))).rejects.toThrow(
    /bad\.yaml:2: "nods"/,
  );
});

test.each([
  { name: "an unknown key", more: "fault: []\n", says: ':3: "fault" is not known here' },
  {
    name: "an unknown kind of fault",
    more: "faults:\n  - { kind: dealy, node: node-2 }\n",
    says: ':4: faults[0].kind: "dealy" is no kind of fault',
  },
  {
    name: "a fault with an unknown key",
    more: "faults:\n  - kind: delay\n    node: node-2\n    delayMs: 5\n    everi: 4\n",
    says: ':7: "everi" is not known here (in faults[0])',
  },
  {
    name: "a fault without its place",
    more: "faults:\n  - { kind: delay, delayMs: 5 }\n",
    says: ":4: faults[0]: needs either node, or from and to",
  },
  {
    name: "a delay that ends before it begins",
    more: "faults:\n  - { kind: delay, node: a, delayMs: [9, 2] }\n",
    says: ":4: faults[0].delayMs: must not end before it begins",
  },
  {
    name: "a fault that ends before it starts",
    more: "faults:\n  - { kind: node-crash, node: a, startS: 9, endS: 3 }\n",
    says: ":4: faults[0].endS: must be later than startS",
  },
  {
    name: "a fault that is no mapping",
    more: "faults: [delay]\n",
    says: ":3: faults[0]: must be a mapping with a kind",
  },
  {
    name: "an unknown status",
    more: "expect: { status: fine }\n",
    says: ":3: expect.status: must be healthy, degraded, broken or partial",
  },
  {
    name: "a mistake in its own topology",
    more: "topology:\n  nodes: 2\n  pod: []\n",
    says: ':5: "pod" is not known here (in topology)',
  },
])("a scenario with $name is refused with its line", async ({ more, says }) => {
  await expect(loadScenario(write("bad-one.yaml", base + more))).rejects.toThrow(says);
});

test("all mistakes of a file are told at once", async () => {
  const said = loadScenario(write("many.yaml", "scenario: X\nrepeat: 0\nfoo: 1\n")).catch(
    (error: Error) => error.message,
  );
  for (const line of ["many.yaml:1: scenario:", "many.yaml:2: repeat:", 'many.yaml:3: "foo"', "many.yaml:1: command:"])
    expect(await said).toContain(line);
});

test("a file that is not there is said to be missing", async () => {
  await expect(loadScenario(join(folder, "nowhere.yaml"))).rejects.toThrow(/nowhere\.yaml: cannot be read \(ENOENT\)/);
});

test("every scenario of the repository is a valid file", async () => {
  const scenarios = new URL("../../../lab/scenarios/", import.meta.url).pathname;
  const files = readdirSync(scenarios).filter((name) => name.endsWith(".yaml"));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) expect((await loadScenario(join(scenarios, file))).command, file).not.toBe("");
});
