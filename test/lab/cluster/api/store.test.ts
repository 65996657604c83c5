import { afterEach, beforeEach, expect, test } from "vitest";
import { RESOURCES } from "#lab/cluster/api/catalogue.ts";
import type { Resource } from "#lab/cluster/api/resource.ts";
import { ObjectStore, type StoreEvent } from "#lab/cluster/api/store.ts";
import { type MemoryLab, memoryLab } from "#test/support/lab-model.ts";

let lab: MemoryLab;
let store: ObjectStore;
beforeEach(() => {
  lab = memoryLab();
  store = new ObjectStore({ model: lab.model, resources: RESOURCES, ca: "CA", startMs: Date.now() });
});
afterEach(() => {
  store[Symbol.dispose]();
  lab[Symbol.dispose]();
});

function resource(name: string, group = ""): Resource {
  const found = RESOURCES.find((candidate) => candidate.name === name && candidate.group === group);
  if (!found) throw new Error(`${name} is not served`);
  return found;
}

const brief = (events: readonly StoreEvent[] | undefined) =>
  events?.map(({ type, object }) => `${type} ${object.metadata.name}`);

test("every version is larger than the one before, and belongs to one event", () => {
  const versions: number[] = [];
  for (const one of RESOURCES) store.follow(one, ({ version }) => versions.push(version));
  const pod = lab.pod("shop/cache-0", { labels: { app: "web" } });
  lab.change(pod, { ready: false });
  lab.remove(pod);
  expect(versions.length).toBeGreaterThan(6);
  expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
  expect(store.version).toBe(versions.at(-1));
});

test("a change that alters nothing visible makes no event", () => {
  const [node] = lab.model.nodes.values();
  if (!node) throw new Error("no node");
  const { version } = store;
  lab.change(node, { ready: "True" });
  expect(store.version).toBe(version);
  lab.change(node, { ready: "Unknown" });
  expect(brief(store.since(resource("nodes"), version))).toEqual(["MODIFIED node-1"]);
});

test("a condition keeps the time of its last transition", () => {
  const pods = resource("pods");
  const web = lab.model.pods.get("shop/web-0");
  if (!web) throw new Error("web-0 is missing");
  const transitions = () => {
    const { status } = store.get(pods, "web-0", "shop") as unknown as {
      status: { conditions: { type: string; lastTransitionTime: string }[] };
    };
    return Object.fromEntries(status.conditions.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]));
  };
  const before = transitions();
  lab.change(web, { ready: false });
  const after = transitions();
  expect(after["PodScheduled"]).toBe(before["PodScheduled"]);
  expect(Date.parse(after["Ready"] ?? "")).toBeGreaterThan(Date.parse(before["Ready"] ?? ""));
});

test("a pod that comes and goes moves what is derived from it", () => {
  const { version } = store;
  const pod = lab.pod("shop/web-1", { labels: { app: "web" }, owner: { kind: "ReplicaSet", name: "web-5d9c7b8f6d" } });
  expect(brief(store.since(resource("endpointslices", "discovery.k8s.io"), version))).toHaveLength(1);
  expect(brief(store.since(resource("deployments", "apps"), version))).toEqual(["MODIFIED web"]);
  expect(brief(store.since(resource("services"), version))).toEqual([]);
  lab.remove(pod);
  expect(brief(store.since(resource("pods"), version))).toEqual(["ADDED web-1", "DELETED web-1"]);
});

test("history is bounded, and what it no longer covers is said to be expired", () => {
  const pods = resource("pods");
  const { version } = store;
  const pod = lab.pod("shop/busy-0");
  for (let i = 0; i < 1_000; i++) lab.change(pod, { ready: i % 2 === 1 });
  expect(store.since(pods, version)).toBeUndefined();
  expect(store.since(pods, version + 1)).toHaveLength(1_000);
  expect(store.since(resource("services"), version)).toEqual([]);
});

test("events are forgotten by number, oldest first", () => {
  const [pod] = lab.model.pods.values();
  if (!pod) throw new Error("no pod");
  for (let i = 0; i < 1_002; i++) lab.event(pod, { message: `number ${i}` });
  const messages = store.list(resource("events")).map((event) => (event as unknown as { message: string }).message);
  expect(messages).toHaveLength(1_000);
  expect(messages).not.toContain("number 1");
  expect(messages).toContain("number 2");
});

test("versions of an earlier run are expired in a later one", () => {
  const later = new ObjectStore({ model: lab.model, resources: RESOURCES, ca: "CA", startMs: Date.now() + 60_000 });
  expect(later.since(resource("pods"), store.version)).toBeUndefined();
  later[Symbol.dispose]();
});
