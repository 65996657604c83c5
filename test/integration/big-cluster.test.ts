import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentsOf } from "#src/cluster/agents.ts";
import { publishInventory } from "#src/cluster/inventory-publisher.ts";
import { connectKube, type Kube } from "#src/cluster/kube-client.ts";
import { createMeasurer } from "#src/cluster/measure.ts";
import { readNames } from "#src/cluster/names.ts";
import { resolver } from "#src/cluster/resolve.ts";
import { readView } from "#src/cluster/view.ts";
import type { CheckRequest } from "#src/core/check.ts";
import { fullText, NetcheckError } from "#src/core/errors.ts";
import type { Inventory } from "#src/core/inventory.ts";
import { makePlan } from "#src/core/make-plan.ts";
import { inWords } from "#src/core/sentence.ts";
import type { Target } from "#src/core/target.ts";
import { probes } from "#src/probes/index.ts";
import { bigCluster } from "#test/support/big-cluster.ts";
import type { TestApi } from "#test/support/lab-api.ts";
import { measuring } from "#test/support/measuring.ts";

// Counts instead of seconds: what is asked of the API is what a large cluster makes slow. The bench has the seconds.
const LARGE = { nodes: 5_000, pods: 100_000 };
/** As many pods on a node. */
const SMALLER = { nodes: 500, pods: 10_000 };
const PAGE = 500;

let large: TestApi;
let smaller: TestApi;
let kube: Kube;
let small: Kube;
const cleanup = new AsyncDisposableStack();
beforeAll(async () => {
  large = cleanup.use(await bigCluster(LARGE));
  smaller = cleanup.use(await bigCluster(SMALLER));
  const connect = (api: TestApi) =>
    cleanup.adopt(connectKube({ kubeconfig: api.api.workerKubeconfig }), (one) => one.close());
  kube = connect(large);
  small = connect(smaller);
});
afterAll(() => cleanup.disposeAsync());

const web: Target = { kind: "pod", namespace: "shop", name: "web-0" };
const oneOfMany: Target = { kind: "pod", namespace: "team-007", name: "payments-gateway-0207-7d4b9c6f5-xx3zu" };

/** Resolves both ends as the engine does. */
async function ends(one: Kube, from: Target, to: Target) {
  const agents = agentsOf(one, { namespace: "netcheck" });
  const resolve = resolver({ kube: one, agents, readNames: () => readNames(one) });
  const view = await readView({ kube: one, agents }, { about: { targets: [from, to] } });
  return { view, from: await resolve(from, view), to: await resolve(to, view) };
}

async function asked<T>(api: TestApi, work: () => Promise<T>) {
  const before = api.api.counts();
  const value = await work();
  const after = api.api.counts();
  return { value, requests: after.requests - before.requests, objects: after.listed - before.listed };
}

const request: CheckRequest = {
  id: "nc-large",
  command: "",
  cluster: "lab",
  from: web,
  to: { kind: "deployment", name: "payments-api-0100" },
  durationMs: 10_000,
  requestedAtMs: 0,
};

describe("a check", () => {
  test.each<{ to: Target; end: object }>([
    { to: oneOfMany, end: { kind: "pod", node: "big-00178", name: "team-007/payments-gateway-0207-7d4b9c6f5-xx3zu" } },
    { to: { kind: "pod", name: "db-0" }, end: { kind: "pod", name: "shop/db-0", node: "node-2" } },
    {
      to: { kind: "service", namespace: "team-100", name: "payments-api-0100" },
      end: { kind: "service", ip: "10.97.0.100", port: 80, node: "big-02500" },
    },
    { to: { kind: "deployment", name: "payments-api-0100" }, end: { kind: "pod", node: "big-02500" } },
    { to: { kind: "node", name: "big-04999" }, end: { kind: "node", ip: "172.16.19.135" } },
    { to: { kind: "address", ip: "10.64.9.196" }, end: { kind: "pod", node: "big-02500" } },
    { to: { kind: "address", ip: "172.16.19.135" }, end: { kind: "node", name: "big-04999" } },
    { to: { kind: "address", ip: "10.97.0.100" }, end: { kind: "service", name: "svc/team-100/payments-api-0100" } },
    { to: { kind: "address", ip: "203.0.113.7", port: 443 }, end: { kind: "address", port: 443 } },
    {
      to: { kind: "host", name: "payments-api-0100.team-100.svc.cluster.local" },
      end: { kind: "service", name: "svc/team-100/payments-api-0100" },
    },
    { to: { kind: "pod", name: "9".repeat(253) }, end: { kind: "pod" } },
    { to: { kind: "pod", name: `${"long-name.".repeat(25)}abc` }, end: { kind: "pod" } },
    { to: { kind: "pod", name: "x--y.0.z" }, end: { kind: "pod" } },
  ])("to $to asks for no more than it is about", async ({ to, end }) => {
    const { value, requests, objects } = await asked(large, () => ends(kube, web, to));
    expect(value.to).toMatchObject(end);
    expect(value.view.unread).toBeUndefined();
    expect(requests).toBeLessThan(100);
    expect(objects).toBeLessThan(700);
  });

  test("asks a cluster ten times as large for the same", async () => {
    const to: Target = { kind: "service", namespace: "team-100", name: "payments-api-0100" };
    const [few, many] = [
      await asked(smaller, () => ends(small, web, to)),
      await asked(large, () => ends(kube, web, to)),
    ];
    // Which backends share a node differs a little.
    expect(many.requests).toBeLessThan(few.requests * 1.2);
    expect(many.objects).toBeLessThan(few.objects * 1.2);
  });

  test("is planned with controls, name servers and a Service, and starts on its nodes", async () => {
    const agents = agentsOf(kube, { namespace: "netcheck" });
    const fake = measuring();
    const measurer = createMeasurer({
      ...fake.depsOf("worker:1"),
      readView: (about) => readView({ kube, agents, nowMs: () => fake.clock.nowMs }, { about }),
      resolve: resolver({ kube, agents, readNames: () => readNames(kube) }),
      probes,
      makePlan,
    });
    const first = await asked(large, () => measurer.tick(request, undefined));
    const { plan } = first.value.state;
    expect(first.objects).toBeLessThan(700);
    expect(plan?.to).toMatchObject({ kind: "pod", node: "big-02500" });
    expect(plan?.dns?.servers).toHaveLength(3);
    expect(plan?.gaps).toEqual([]);
    const controls = plan?.vantages.filter(({ role, id }) => role === "control" && id.startsWith("node/"));
    expect(controls?.map(({ label }) => label)).toHaveLength(2);
    const started = await asked(large, () => measurer.tick(request, first.value.state));
    expect(fake.nodes.calls).toEqual(expect.arrayContaining(["start node-1", "start big-02500"]));
    expect(started.objects).toBe(0);
    fake.clock.nowMs += 11_000;
    const running = await asked(large, () => measurer.tick(request, started.value.state));
    expect(running.objects).toBeGreaterThan(0);
    expect(running.objects).toBeLessThan(700);
  });
});

test("names are listed in pages, all of them, and followed; wrong ones are refused with the right ones", async () => {
  const published: Inventory[] = [];
  const errors: unknown[] = [];
  // A list that takes longer than the server keeps its versions begins again.
  smaller.api.faults.set({ refuse: [{ status: 410, verb: "list", resource: "pods", times: 1 }] });
  const publisher = publishInventory({
    kube: small,
    cluster: "lab",
    publish: async (inventory) => void published.push(inventory),
    onError: (error) => errors.push(error),
  });
  await expect.poll(() => published.length, { timeout: 50_000 }).toBeGreaterThan(0);
  expect(errors).toMatchObject([{ code: "cluster-unreachable" }]);
  const [first] = published;
  expect(first?.cut).toBeUndefined();
  expect(first?.pods).toHaveLength(SMALLER.pods + smaller.lab.model.pods.size);
  expect(first?.nodes).toHaveLength(SMALLER.nodes + smaller.lab.model.nodes.size);
  const late = smaller.lab.pod("shop/late-0");
  const isKnown = () => publisher.names()?.pods.some(({ name }) => name === "late-0");
  await expect.poll(isKnown).toBe(true);
  smaller.lab.remove(late);
  await expect.poll(isKnown).toBe(false);
  expect(smaller.api.counts().longestList).toBeLessThanOrEqual(PAGE);

  const agents = agentsOf(small, { namespace: "netcheck" });
  const readKnown = async () => publisher.names() ?? expect.fail("nothing is known");
  const resolve = resolver({ kube: small, agents, readNames: readKnown });
  const wrong: readonly (readonly [Target, RegExp])[] = [
    [{ kind: "pod", name: "cache-0" }, /cache-0 exists in several namespaces. Try team-\d+\/cache-0/],
    [{ kind: "node", name: "big-0049" }, /There is no node\/big-0049. Try node\/big-0049\d/],
    [{ kind: "pod", name: "web-1" }, /There is no web-1. Try shop\/web-0/],
    [
      { kind: "service", namespace: "team-100", name: "payment-api-0100" },
      /There is no svc\/team-100\/payment-api-0100. Try svc\/team-100\/payments-api-0100/,
    ],
  ];
  for (const [target, message] of wrong) {
    const view = await readView({ kube: small, agents }, { about: { targets: [web, target] } });
    const { objects, value } = await asked(smaller, () => resolve(target, view).catch((error: unknown) => error));
    if (!(value instanceof NetcheckError)) throw value;
    expect(inWords(fullText(value))).toMatch(message);
    expect(objects).toBe(0);
  }
  await publisher.stop();
});
