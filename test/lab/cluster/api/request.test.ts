import { expect, test } from "vitest";
import { parseRequest } from "#lab/cluster/api/request.ts";

test.each([
  { url: "/api/v1/pods", verb: "list", target: { group: "", version: "v1", resource: "pods" } },
  { url: "/api/v1/pods?watch=1", verb: "watch", target: { group: "", version: "v1", resource: "pods" } },
  {
    url: "/api/v1/namespaces/shop/pods/web-0",
    verb: "get",
    target: { group: "", version: "v1", resource: "pods", namespace: "shop", name: "web-0" },
  },
  {
    url: "/api/v1/namespaces/shop",
    verb: "get",
    target: { group: "", version: "v1", resource: "namespaces", name: "shop" },
  },
  {
    url: "/apis/apps/v1/namespaces/shop/deployments",
    verb: "list",
    target: { group: "apps", version: "v1", resource: "deployments", namespace: "shop" },
  },
  {
    url: "/api/v1/namespaces/shop/pods/a%2Fb/exec?command=x",
    verb: "get",
    target: { group: "", version: "v1", resource: "pods", namespace: "shop", name: "a/b", subresource: "exec" },
  },
])("$url means $verb", ({ url, verb, target }) => {
  expect(parseRequest({ method: "GET", url })).toMatchObject({ verb, target });
});

test.each(["/version", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1", "/api/v1/namespaces/a/pods/b/c/d"])(
  "%s names no resource",
  (url) => {
    expect(parseRequest({ method: "GET", url }).target).toBeUndefined();
  },
);

test.each([
  ["POST", "/api/v1/namespaces/shop/pods", "create"],
  ["PATCH", "/api/v1/nodes/n", "patch"],
  ["PUT", "/api/v1/nodes/n", "update"],
  ["DELETE", "/api/v1/nodes/n", "delete"],
  ["DELETE", "/api/v1/nodes", "deletecollection"],
])("%s %s is the verb %s", (method, url, verb) => {
  expect(parseRequest({ method, url }).verb).toBe(verb);
});

test("a name that is not well encoded is a bad request", () => {
  expect(() => parseRequest({ method: "GET", url: "/api/v1/nodes/%zz" })).toThrow("not well encoded");
});
