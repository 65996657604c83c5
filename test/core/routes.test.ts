import { expect, test } from "vitest";
import { inPrefix, lookUp, type Route } from "#src/core/routes.ts";

const route = (dst: string, more: Partial<Route> = {}): Route => ({
  dst,
  type: "unicast",
  table: "main",
  metric: 0,
  dev: "eth0",
  ...more,
});
const byDefault = route("default", { gateway: "10.0.0.1" });

test.each([
  { name: "only the default route", routes: [byDefault], kind: "default" },
  { name: "nothing", routes: [route("10.9.0.0/16")], kind: "nothing" },
  {
    name: "a longer match",
    routes: [byDefault, route("10.42.0.0/16"), route("10.42.7.0/24", { dev: "vx" })],
    kind: "specific",
    dev: "vx",
  },
  {
    name: "a blackhole of the block",
    routes: [byDefault, route("10.42.7.0/24", { type: "blackhole" })],
    kind: "refused",
  },
  {
    name: "a blackhole with a longer route inside, as Calico has it",
    routes: [byDefault, route("10.42.7.0/24", { type: "blackhole" }), route("10.42.7.5", { dev: "cali1" })],
    kind: "specific",
    dev: "cali1",
  },
  {
    name: "the better metric of two",
    routes: [route("10.42.7.0/24", { metric: 100 }), route("10.42.7.0/24", { metric: 5, dev: "vx" })],
    kind: "specific",
    dev: "vx",
  },
  {
    name: "a route in another table only",
    routes: [byDefault, route("10.42.0.0/16", { table: "2022", dev: "tail0" })],
    kind: "specific",
    dev: "tail0",
  },
])("the way to 10.42.7.5 is $kind when there is $name", ({ routes, kind, dev }) => {
  const found = lookUp(routes, "10.42.7.5");
  expect(found.kind).toBe(kind);
  if (dev !== undefined) expect(found.route?.dev).toBe(dev);
});

test.each([
  ["10.1.2.3", "10.1.0.0/16", true],
  ["10.2.2.3", "10.1.0.0/16", false],
  ["10.1.2.3", "10.1.2.3", true],
  ["10.1.2.3", "0.0.0.0/0", true],
  ["fd00::5", "fd00::/64", true],
  ["fd00:1::5", "fd00::/64", false],
  ["10.1.2.3", "fd00::/8", false],
  ["nonsense", "10.0.0.0/8", false],
])("%s in %s is %s", (ip, cidr, want) => {
  expect(inPrefix(ip, cidr)).toBe(want);
});
