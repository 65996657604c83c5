import { expect, test } from "vitest";
import type { KubeObject } from "#lab/cluster/api/resource.ts";
import { fieldMatcher, labelMatcher } from "#lab/cluster/api/selectors.ts";

const object = (labels: Record<string, string>, rest: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-0", namespace: "shop", uid: "u", creationTimestamp: "2026-01-01T00:00:00Z", labels },
  ...rest,
});

test.each([
  { selector: "", labels: {}, matches: true },
  { selector: "app=web", labels: { app: "web" }, matches: true },
  { selector: "app==web", labels: { app: "db" }, matches: false },
  { selector: "app != web", labels: {}, matches: true },
  { selector: "app!=web", labels: { app: "web" }, matches: false },
  { selector: "app", labels: { app: "" }, matches: true },
  { selector: "!app", labels: { app: "web" }, matches: false },
  { selector: "! app", labels: {}, matches: true },
  { selector: "app in (web, db)", labels: { app: "db" }, matches: true },
  { selector: "app in (web,db)", labels: {}, matches: false },
  { selector: "app notin (web,db)", labels: {}, matches: true },
  { selector: "app notin (web,db),tier", labels: { app: "x", tier: "1" }, matches: true },
  { selector: "kubernetes.io/service-name=web,app", labels: { "kubernetes.io/service-name": "web" }, matches: false },
])("labels $labels match '$selector': $matches", ({ selector, labels, matches }) => {
  expect(labelMatcher(selector)(object(labels))).toBe(matches);
});

test.each(["a=b=c", "in (x)", "a in x", "=b"])("the label selector '%s' is refused", (selector) => {
  expect(() => labelMatcher(selector)).toThrow("unable to parse requirement");
});

const resource = { fields: ["spec.nodeName", "spec.unschedulable", "source"], namespaced: true };
const pod = object({}, { spec: { nodeName: "node-1" }, source: { component: "kubelet" } });

test.each([
  { selector: "metadata.name=web-0,metadata.namespace=shop", matches: true },
  { selector: "spec.nodeName!=node-1", matches: false },
  { selector: "spec.nodeName==node-1", matches: true },
  { selector: "spec.nodeName=", matches: false },
  { selector: "spec.unschedulable=false", matches: true },
  { selector: "source=kubelet", matches: true },
])("fields match '$selector': $matches", ({ selector, matches }) => {
  expect(fieldMatcher(selector, resource)(pod)).toBe(matches);
});

test("a field that the resource does not list is refused", () => {
  expect(() => fieldMatcher("spec.hostname=x", resource)).toThrow("field label not supported: spec.hostname");
  expect(() => fieldMatcher("spec.nodeName", resource)).toThrow("invalid selector");
});
