import { describe, expect, test } from "vitest";
import { needed } from "#src/cluster/permissions.ts";
import { chartGrants, compareGrants, grantText } from "#test/support/granted.ts";

const pods = { verb: "list", group: "", resource: "pods" };
const exec = { verb: "create", group: "", resource: "pods/exec", namespace: "netcheck" };

describe("compareGrants", () => {
  test.each([
    { name: "nothing done", calls: [], missing: [], unused: ["create pods/exec in netcheck", "list pods"] },
    {
      name: "all used; a list in one namespace uses what is granted everywhere",
      calls: [
        { ...pods, namespace: "shop" },
        { verb: "create", group: "", resource: "pods", subresource: "exec", namespace: "netcheck" },
      ],
      missing: [],
      unused: [],
    },
    {
      name: "another verb, another group, another namespace, another subresource",
      calls: [
        { verb: "watch", group: "", resource: "pods" },
        { verb: "list", group: "metrics.k8s.io", resource: "pods" },
        { verb: "create", group: "", resource: "pods", subresource: "exec", namespace: "shop" },
        { verb: "create", group: "", resource: "pods", namespace: "netcheck" },
      ],
      missing: ["create pods in netcheck", "create pods/exec in shop", "list pods.metrics.k8s.io", "watch pods"],
      unused: ["create pods/exec in netcheck", "list pods"],
    },
  ])("$name", ({ calls, missing, unused }) => {
    expect(compareGrants(calls, [pods, exec])).toEqual({ missing, unused });
  });
});

test("what a worker asks about at its start is what the chart grants, but for asking itself", () => {
  const asked = needed("netcheck").map(({ resource, subresource, ...rest }) =>
    grantText({ ...rest, resource: `${resource}${subresource ? `/${subresource}` : ""}` }),
  );
  const ask = "create selfsubjectaccessreviews.authorization.k8s.io";
  expect([...asked, ask].sort()).toEqual(chartGrants().map(grantText).sort());
});
