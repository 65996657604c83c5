import { expect, test } from "vitest";
import type { ClusterView, PodView } from "#src/core/cluster-view.ts";
import { ipRangeExhausted } from "#src/rules/ip-range-exhausted.ts";
import { play, type Scene, startOf } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { noService, shop, tables, world } from "./service-world.ts";

const HOST_LOCAL =
  'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "0f": plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: 10.42.1.1-10.42.1.254';
const waiting: PodView = {
  namespace: "shop",
  name: "cart-9",
  uid: "cart-9",
  node: "graz",
  hostNetwork: false,
  phase: "Pending",
  ready: false,
  labels: { app: "cart" },
  containers: [{ name: "main", ports: [], restarts: 0, state: "waiting", reason: "ContainerCreating" }],
};
type Told = { readonly message?: string; readonly reason?: string; readonly object?: string; readonly atMs?: number };
/** The shop has no endpoint left, because its pod waits for an address. */
const told = (
  { message = HOST_LOCAL, reason = "FailedCreatePodSandBox", object = "pod/shop/cart-9", atMs = startOf }: Told = {},
  pod: Partial<PodView> = {},
): Pick<Scene, "views"> => ({
  views: (view): readonly ClusterView[] => [
    {
      ...view,
      pods: [...view.pods, { ...waiting, ...pod }],
      services: view.services.map((one) => (one.name === "cart" ? { ...one, endpoints: [] } : one)),
      events: [{ atMs, object, reason, message, count: 12 }],
    },
  ],
});
const dead: Scene = {
  world,
  to: "svc/shop/cart",
  facts: tables(),
  faults: ["ulm", "graz", "bern"].map((node) => noService(node, shop.ip)),
};

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "the Service's pod gets none", scene: { ...dead, ...told() }, want: "graz certain" },
  // What can fool it.
  {
    name: "nobody says so",
    scene: { ...dead, ...told({ message: "Back-off restarting failed container", reason: "BackOff" }) },
    want: "cleared",
  },
  { name: "the event is an hour old", scene: { ...dead, ...told({ atMs: startOf - 3_600_000 }) }, want: "cleared" },
  {
    name: "the pool was filled again and the pod runs",
    scene: { ...dead, ...told({}, { phase: "Running", ready: true, ip: "10.42.1.200" }) },
    want: "cleared",
  },
  {
    name: "it is the pod of somebody else",
    scene: { ...dead, ...told({}, { labels: { app: "else" } }) },
    want: "cleared",
  },
  { name: "the Service works", scene: { world, to: "svc/shop/cart", facts: tables(), ...told() }, want: "cleared" },
  { name: "nothing is said at all", scene: { ...dead }, want: "cleared" },
])("ip-range-exhausted says $want when $name", ({ scene, want }) => {
  expect(ask(ipRangeExhausted, scene).brief).toBe(want);
});

test.each([
  HOST_LOCAL,
  'plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container',
  "InsufficientFreeAddressesInSubnet: The specified subnet does not have enough free addresses to satisfy the request.",
  'plugin type="calico" failed (add): error adding pod to CNI: failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No more free affine blocks and strict affinity enabled; could not find an eligible block',
  'plugin type="cilium-cni" failed (add): unable to allocate IP via local cilium agent: [POST /ipam][502] postIpamFailure "No more IPs available"',
  'plugin type="cilium-cni" failed (add): unable to allocate IP via local cilium agent: [POST /ipam][502] postIpamFailure "range is full"',
  "failed to create NEG: IP_SPACE_EXHAUSTED: Instance creation failed: IP space of the subnetwork is exhausted",
])("the wording is known: %s", (message) => {
  expect(ask(ipRangeExhausted, { ...dead, ...told({ message }) }).brief).toBe("graz certain");
});

test("it says what was said and when, and the missing endpoints are beneath it; without events it is unknown", () => {
  const scene: Scene = { ...dead, ...told() };
  expect(because(ask(ipRangeExhausted, scene).verdict)).toMatch(
    /shop\/cart-9 have no address: Failed to create pod sandbox.*12 times\)\nsvc\/shop\/cart has 0 ready endpoints/,
  );
  expect(play(scene).report.causes[0]?.cause).toBe("ip-range-exhausted");
  expect(play({ ...dead, views: () => [] }).report.unknown.map(({ cause }) => cause)).toContain("ip-range-exhausted");
});
