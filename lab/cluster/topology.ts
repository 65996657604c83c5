import { z } from "zod";
import { defaultPods, defaultServices } from "./default-topology.ts";
import { parseWith, readYaml, type YamlFile } from "./yaml-file.ts";

const objectName = z
  .string("must be a name")
  .regex(/^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/, "must be lower-case letters, digits and dashes, such as web-0");
const port = z
  .number("must be a port number")
  .int("must be a whole number")
  .min(1, "must be 1 to 65535")
  .max(65_535, "must be 1 to 65535");
const labels = z.record(
  z.string().regex(/^[\w./-]{1,100}$/, "is no label key"),
  z.string("must be text").regex(/^[\w.-]{0,63}$/, "must be letters, digits, dots, dashes"),
);
const namespace = objectName.default("default");

const servesSchema = z.strictObject({
  port,
  protocol: z.enum(["http", "tcp", "udp"], "must be http, tcp or udp").default("tcp"),
  /** What an HTTP server answers; 200 when absent. */
  status: z.number().int().min(200).max(599).optional(),
});
export type Serves = z.infer<typeof servesSchema>;

const podSchema = z.strictObject({
  name: objectName,
  namespace,
  /** Spread over the nodes when absent. */
  node: objectName.optional(),
  serves: z.array(servesSchema).default([]),
  labels: labels.optional(),
});

const serviceSchema = z.strictObject({
  name: objectName,
  namespace,
  port,
  targetPort: port.optional(),
  protocol: z.enum(["TCP", "UDP"], "must be TCP or UDP").default("TCP"),
  selector: labels,
  type: z.enum(["ClusterIP", "NodePort"], "must be ClusterIP or NodePort").default("ClusterIP"),
  /** "Local": each node sends to its own pods only. */
  internalTrafficPolicy: z.enum(["Cluster", "Local"], "must be Cluster or Local").optional(),
  /** For type NodePort; drawn when absent. */
  nodePort: z
    .number("must be a port number")
    .int("must be a whole number")
    .min(30_000, "must be 30000 to 32767")
    .max(32_767, "must be 30000 to 32767")
    .optional(),
});

type ServiceSpec = z.output<typeof serviceSchema>;

const deploymentSchema = z.strictObject({
  name: objectName,
  namespace,
  replicas: z.number("must be a number").int().min(0).max(200),
  /** Where its pods go, in turn; all nodes when absent. */
  nodes: z.array(objectName).min(1).optional(),
  serves: z.array(servesSchema).default([]),
  labels: labels.optional(),
});

const howManyNodes = "must be a number from 1 to 50, or a list of names";

const defaultNodes = ["node-1", "node-2", "node-3"];

/** The `topology` part of a scenario file. Everything has a default. */
export const topologySchema = z
  .strictObject({
    overlay: z.enum(["vxlan", "host-gw"], "must be vxlan or host-gw").default("vxlan"),
    /** The only family of addresses that nodes, pods and Services have. */
    ipFamily: z.enum(["ipv4", "ipv6"], "must be ipv4 or ipv6").default("ipv4"),
    serviceProxy: z.enum(["iptables", "nft"], "must be iptables or nft").default("iptables"),
    /** Least time in ms between two ICMP errors that a node sends to one address; 0 = as many as are asked for. */
    icmpRateLimit: z
      .int("must be a number of milliseconds")
      .min(0, "must be 0 to 600000 ms")
      .max(600_000, "must be 0 to 600000 ms")
      .default(0),
    nodes: z
      .union(
        [
          z.int(howManyNodes).min(1, howManyNodes).max(50, howManyNodes),
          z.array(objectName).min(1, howManyNodes).max(50, howManyNodes),
        ],
        howManyNodes,
      )
      .default(defaultNodes)
      .transform((nodes) =>
        typeof nodes === "number" ? Array.from({ length: nodes }, (_, index) => `node-${index + 1}`) : nodes,
      ),
    pods: z.array(podSchema).optional(),
    services: z.array(serviceSchema).optional(),
    deployments: z.array(deploymentSchema).optional(),
  })
  .transform(({ pods, services, deployments, ...rest }) => {
    const untouched = pods === undefined && deployments === undefined;
    return {
      ...rest,
      pods: pods ?? (untouched ? defaultPods(rest.nodes) : []),
      services: services ?? (untouched ? (defaultServices satisfies ServiceSpec[] as ServiceSpec[]) : []),
      deployments: deployments ?? [],
    };
  })
  .superRefine((topology, context) => {
    const complain = (message: string, path: PropertyKey[]): void =>
      context.addIssue({ code: "custom", message, path, input: undefined });
    const known = new Set(topology.nodes);
    const seen = new Set<string>();
    if (known.size < topology.nodes.length) complain("names a node twice", ["nodes"]);
    for (const [index, pod] of topology.pods.entries()) {
      if (pod.node !== undefined && !known.has(pod.node))
        complain(`is no node of this topology; there are ${topology.nodes.join(", ")}`, ["pods", index, "node"]);
      if (seen.has(`${pod.namespace}/${pod.name}`)) complain("is the second pod of that name", ["pods", index, "name"]);
      seen.add(`${pod.namespace}/${pod.name}`);
    }
    for (const [index, deployment] of topology.deployments.entries())
      for (const node of deployment.nodes ?? [])
        if (!known.has(node))
          complain(`names "${node}", but there are ${topology.nodes.join(", ")}`, ["deployments", index, "nodes"]);
    const nodePorts = new Set<number>();
    for (const [index, { type, nodePort }] of topology.services.entries()) {
      if (nodePort === undefined) continue;
      if (type !== "NodePort") complain("needs type: NodePort", ["services", index, "nodePort"]);
      if (nodePorts.has(nodePort)) complain("is taken by another service", ["services", index, "nodePort"]);
      nodePorts.add(nodePort);
    }
    const perNode =
      (topology.pods.length + topology.deployments.reduce((sum, one) => sum + one.replicas, 0)) / known.size;
    if (perNode > 110) complain("has more than 110 pods per node", ["pods"]);
  });

/** A checked topology in which every default is filled in. */
export type Topology = z.output<typeof topologySchema>;

/** Reads a topology file; without one, the default topology. The file may also be a scenario that contains one. */
export async function loadTopology(path?: string): Promise<Topology> {
  if (path === undefined) return topologySchema.parse({});
  const file = await readYaml(path);
  return topologyOf(file);
}

/** The topology in a file: at its top, or under `topology` when it is a scenario. */
export function topologyOf(file: YamlFile): Topology {
  const inside = typeof file.value === "object" && file.value !== null && "topology" in file.value;
  if (file.value === null || file.value === undefined) return topologySchema.parse({});
  return parseWith(topologySchema, file, inside ? ["topology"] : []);
}
