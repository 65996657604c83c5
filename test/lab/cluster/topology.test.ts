import { expect, test } from "vitest";
import { withPort } from "#lab/cluster/addresses.ts";
import { planCluster } from "#lab/cluster/plan.ts";
import { topologyOf, topologySchema } from "#lab/cluster/topology.ts";
import { parseYamlText } from "#lab/cluster/yaml-file.ts";
import { inPrefix } from "#src/core/routes.ts";

const read = (text: string) => topologyOf(parseYamlText(text, "my-lab.yaml"));

test("the default topology has four pods on each of three nodes, and two DNS servers on two of them", () => {
  const { pods } = planCluster(topologySchema.parse({}), { seed: 1, nowMs: 0 });
  const perNode = new Map<string, number>();
  for (const { pod } of pods) if (!pod.hostNetwork) perNode.set(pod.node, (perNode.get(pod.node) ?? 0) + 1);
  const dns = pods.filter(({ pod }) => pod.labels["k8s-app"] === "kube-dns").map(({ pod }) => pod.node);
  expect(new Set(dns).size).toBe(2);
  for (const node of dns) perNode.set(node, (perNode.get(node) ?? 0) - 1);
  expect(Object.fromEntries(perNode)).toEqual({ "node-1": 3, "node-2": 4, "node-3": 4 });
  const where = Object.fromEntries(pods.map(({ pod }) => [pod.name, pod.node]));
  expect(where).toMatchObject({ "web-0": "node-1", "db-0": "node-2" });
});

test("the same seed gives the same lab and another seed other addresses and ids", () => {
  const plan = (seed: number) => JSON.stringify(planCluster(topologySchema.parse({}), { seed, nowMs: 0 }));
  expect(plan(7)).toBe(plan(7));
  const [one, two] = [7, 8].map((seed) => planCluster(topologySchema.parse({}), { seed, nowMs: 0 }));
  expect(one?.pods[0]?.pod.uid).not.toBe(two?.pods[0]?.pod.uid);
  expect(one?.addresses.nodeIps).not.toEqual(two?.addresses.nodeIps);
});

test.for(["ipv4", "ipv6"] as const)(
  "no two pods, nodes or services share an address of %s, whatever the seed",
  (ipFamily) => {
    const topology = topologySchema.parse({ nodes: 20, ipFamily });
    for (let seed = 0; seed < 50; seed++) {
      const { pods, nodes, services, addresses } = planCluster(topology, { seed, nowMs: 0 });
      const ips = [
        addresses.gateway,
        ...pods.filter(({ veth }) => veth !== undefined).map(({ pod }) => pod.ip),
        ...nodes.map(({ node }) => node.ip),
        ...services.map(({ clusterIp }) => clusterIp),
      ];
      expect(new Set(ips).size, `seed ${seed}`).toBe(ips.length);
      // As the kernel writes them, or what is read would not be what was given.
      for (const ip of ips)
        expect(new URL(`http://${withPort(ip, 1)}`).hostname).toBe(ipFamily === "ipv4" ? ip : `[${ip}]`);
      for (const { pod, veth } of pods) expect(inPrefix(pod.ip, addresses.podRange)).toBe(veth !== undefined);
      for (const { clusterIp } of services) expect(inPrefix(clusterIp, addresses.podRange)).toBe(false);
    }
  },
);

test("a deployment becomes pods named like those of a ReplicaSet, in turn on its nodes", () => {
  const topology = read(
    "{ nodes: [a, b, c], deployments: [{ name: cart, namespace: shop, replicas: 3, nodes: [b, c], serves: [{ port: 80 }] }] }",
  );
  const { pods, deployments } = planCluster(topology, { seed: 3, nowMs: 0 });
  const cart = pods.filter(({ pod }) => pod.namespace === "shop");
  expect(cart.map(({ pod }) => pod.node)).toEqual(["b", "c", "b"]);
  for (const { pod } of cart) {
    expect(pod.name).toMatch(/^cart-[a-z0-9]{10}-[a-z0-9]{5}$/);
    expect(pod.owner).toEqual({ kind: "ReplicaSet", name: pod.name.slice(0, -6) });
    expect(pod.labels["app"]).toBe("cart");
  }
  expect(deployments.find(({ name }) => name === "cart")).toMatchObject({ replicas: 3, selector: { app: "cart" } });
});

test("nodes given as a number are named node-1 and so on, and pods without a node are spread", () => {
  const topology = read("nodes: 2\npods:\n  - { name: a }\n  - { name: b }\n  - { name: c }\n");
  expect(topology.nodes).toEqual(["node-1", "node-2"]);
  const { pods } = planCluster(topology, { seed: 1, nowMs: 0 });
  expect(pods.slice(0, 3).map(({ pod }) => pod.node)).toEqual(["node-1", "node-2", "node-1"]);
});

test.each([
  { name: "an unknown key", text: "nodes: 2\noverlai: vxlan\n", says: 'my-lab.yaml:2: "overlai" is not known here' },
  {
    name: "an unknown key deep inside",
    text: "pods:\n  - name: a\n    serves:\n      - { port: 80, proto: tcp }\n",
    says: 'my-lab.yaml:4: "proto" is not known here (in pods[0].serves[0])',
  },
  {
    name: "a pod on a node that is not there",
    text: "nodes: [x]\npods:\n  - name: a\n    node: y\n",
    says: "my-lab.yaml:4: pods[0].node: is no node of this topology; there are x",
  },
  {
    name: "an unknown overlay",
    text: "nodes: 1\noverlay: ipip\n",
    says: "my-lab.yaml:2: overlay: must be vxlan or host-gw",
  },
  {
    name: "a port out of range",
    text: "pods:\n  - name: a\n    serves:\n      - port: 70000\n",
    says: "my-lab.yaml:4: pods[0].serves[0].port: must be 1 to 65535",
  },
  {
    name: "no nodes at all",
    text: "nodes: 0\n",
    says: "my-lab.yaml:1: nodes: must be a number from 1 to 50, or a list of names",
  },
  {
    name: "a name that no cluster would take",
    text: "pods:\n  - name: 'Web 0; rm'\n",
    says: "my-lab.yaml:2: pods[0].name: must be lower-case letters",
  },
  {
    name: "the same pod twice",
    text: "pods:\n  - name: a\n  - name: a\n",
    says: "my-lab.yaml:3: pods[1].name: is the second pod of that name",
  },
  { name: "broken YAML", text: "nodes: [a\npods: 3\n", says: "my-lab.yaml:" },
])("a topology with $name is refused with its line", ({ text, says }) => {
  expect(() => read(text)).toThrow(says);
});
