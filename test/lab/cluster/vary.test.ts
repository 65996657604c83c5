import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadScenario } from "#lab/cluster/scenario.ts";
import { topologySchema } from "#lab/cluster/topology.ts";
import { varied } from "#lab/cluster/vary.ts";

const folder = mkdtempSync(join(tmpdir(), "vary-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function load(text: string) {
  const file = join(folder, "scenario.yaml");
  writeFileSync(file, text);
  return loadScenario(file);
}

const written = `
scenario: late
topology:
  overlay: host-gw
  nodes: [node-1, node-2]
  pods:
    - { name: web-0, namespace: shop, node: node-1, labels: { app: web } }
    - { name: db-0, namespace: shop, node: node-2, labels: { app: db }, serves: [{ port: 5432 }] }
  services:
    - { name: db, namespace: shop, port: 5432, selector: { app: db } }
faults:
  - { kind: delay, node: node-2, every: 4, delayMs: [200, 400] }
  - { kind: firewall, pod: shop/db-0, port: 5432, action: drop }
command: "shop/web-0 svc/shop/db 20s"
expect: { causes: [{ cause: nic-periodic-delay, where: node-2 }, { cause: port-filtered, where: shop/db-0 }] }
`;

test("another seed gives another cluster with the same trouble in it", async () => {
  const scenario = await load(written);
  const other = varied(scenario, 7);
  const [web, db] = other.topology.pods;
  const [one, two] = [web?.node, db?.node];
  const [service] = other.topology.services;
  expect(new Set([one, two, web?.name, db?.name, "node-1", "node-2", "web-0", "db-0"]).size).toBe(8);
  expect(other.command).toBe(`${web?.namespace}/${web?.name} svc/${service?.namespace}/${service?.name} 20s`);
  expect(other.topology.nodes).toEqual(expect.arrayContaining([one, two]));
  expect(other.faults).toMatchObject([
    { node: two },
    { pod: `${db?.namespace}/${db?.name}`, port: 5432, action: "drop" },
  ]);
  expect(other.expect.causes?.map(({ where }) => where)).toEqual([two, `${db?.namespace}/${db?.name}`]);
  expect(other.topology.overlay).toBe("host-gw");
  // Labels and selectors still fit together, and the whole still is a topology.
  expect(service?.selector).toEqual(db?.labels);
  expect(topologySchema.safeParse(other.topology).error).toBeUndefined();
});

test("nodes stand in any order, with up to two more beside them, unless pods lie where there is room", async () => {
  const scenario = await load(written);
  const all = Array.from({ length: 40 }, (_, seed) => varied(scenario, seed).topology);
  expect(new Set(all.map(({ nodes }) => nodes.length))).toEqual(new Set([2, 3, 4]));
  expect(new Set(all.map(({ nodes, pods }) => nodes.indexOf(pods[0]?.node ?? ""))).size).toBe(2);
  for (const { nodes } of all) expect(new Set(nodes).size).toBe(nodes.length);
  const anywhere = await load(written.replace("node: node-1, ", ""));
  for (let seed = 0; seed < 10; seed++) expect(varied(anywhere, seed).topology.nodes).toHaveLength(2);
});

test("names are served where they were", async () => {
  const three = await load(written.replace("nodes: [node-1, node-2]", "nodes: [node-1, node-2, node-3]"));
  for (let seed = 0; seed < 20; seed++) {
    const { nodes, pods } = varied(three, seed).topology;
    expect(nodes.slice(0, 2).toSorted()).toEqual(pods.map(({ node }) => node).toSorted());
  }
});

test("the same seed gives the same cluster", async () => {
  const scenario = await load(written);
  expect(varied(scenario, 3)).toEqual(varied(scenario, 3));
  expect(varied(scenario, 3)).not.toEqual(varied(scenario, 4));
});

test("strengths stay within what the fault still is", async () => {
  const scenario = await load(written);
  for (let seed = 0; seed < 50; seed++) {
    const [delay] = varied(scenario, seed).faults as unknown as [{ every: number; delayMs: [number, number] }];
    expect(delay.every).toBeGreaterThanOrEqual(3);
    expect(delay.every).toBeLessThanOrEqual(6);
    expect(delay.delayMs[0]).toBeGreaterThanOrEqual(140);
    expect(delay.delayMs[1] / delay.delayMs[0]).toBeCloseTo(2, 1);
  }
});

test.each([
  ["{ kind: mtu, node: node-1, bytes: 1500, device: tunnel }", [1_500, 1_500]],
  ["{ kind: mtu, node: node-1, bytes: 1400 }", [1_360, 1_420]],
])("the size of %s stays within what is wrong with it", async (fault, [least, most]) => {
  const scenario = await load(written.replace(/faults:.*command/s, `faults: [${fault}]\ncommand`));
  for (let seed = 0; seed < 50; seed++) {
    const [{ bytes }] = varied(scenario, seed).faults as unknown as [{ bytes: number }];
    expect(bytes).toBeGreaterThanOrEqual(least ?? 0);
    expect(bytes).toBeLessThanOrEqual(most ?? 0);
  }
});
