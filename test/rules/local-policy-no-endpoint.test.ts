import { expect, test } from "vitest";
import type { ServiceView } from "#src/core/cluster-view.ts";
import { localPolicyNoEndpoint } from "#src/rules/local-policy-no-endpoint.ts";
import { loses, type Packet, play, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { noService, shop, tables, world } from "./service-world.ts";

/** The shop's Service with a policy; its pods are on graz and bern. */
const policy = (change: Partial<ServiceView>): Pick<Scene, "views"> => ({
  views: (view) => [
    { ...view, services: view.services.map((one) => (one.name === "cart" ? { ...one, ...change } : one)) },
  ],
});
const internal = policy({ internalTrafficPolicy: "Local" });
const ports = [{ port: 80, targetPort: 7001, protocol: "TCP", nodePort: 30_080 }];
const external = policy({ externalTrafficPolicy: "Local", ports });
const asked: Scene = { world, to: "svc/shop/cart", facts: tables() };
const nodePort = (node: string): Scene => ({ world, from: "shop/api-0", to: node, port: 30_080, facts: tables() });
const dead = (node: string) =>
  loses(1, ({ leg, way }: Packet) => leg.port === 30_080 && leg.to === `node/${node}` && way === "request");
const fails = noService("ulm", shop.ip);

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "the Service is for each node's own pods, and this one has none",
    scene: { ...asked, ...internal, faults: [fails] },
    want: "ulm certain",
  },
  {
    name: "its node port is asked for where it has no pod",
    scene: { ...nodePort("ulm"), from: "shop/api-1", ...external, faults: [dead("ulm")] },
    want: "ulm certain",
  },
  // What can fool it.
  { name: "connects succeed", scene: { ...asked, ...internal }, want: "cleared" },
  { name: "it has no such policy", scene: { ...asked, faults: [fails] }, want: "cleared" },
  {
    name: "it fails where it has a pod",
    scene: { ...asked, from: "shop/api-1", ...internal, faults: [noService("graz", shop.ip)] },
    want: "cleared",
  },
  {
    name: "its node port fails where it has a pod",
    scene: { ...nodePort("graz"), ...external, faults: [dead("graz")] },
    want: "cleared",
  },
  {
    name: "it has no endpoint at all",
    scene: { ...asked, ...policy({ internalTrafficPolicy: "Local", endpoints: [] }), faults: [fails] },
    want: "cleared",
  },
])("local-policy-no-endpoint says $want when $name", ({ scene, want }) => {
  expect(ask(localPolicyNoEndpoint, scene).brief).toBe(want);
});

test("it says the policy and where endpoints are, and the dead port is beneath it", () => {
  const scene: Scene = { ...asked, ...internal, faults: [fails] };
  expect(because(ask(localPolicyNoEndpoint, scene).verdict)).toContain(
    "svc/shop/cart has internalTrafficPolicy: Local, 2 ready endpoints on graz and bern, and none on ulm",
  );
  expect(play(scene).report.causes.map(({ cause }) => cause)).toEqual(["local-policy-no-endpoint"]);
  expect(play({ ...asked, views: () => [] }).report.unknown.map(({ cause }) => cause)).toContain(
    "local-policy-no-endpoint",
  );
});
