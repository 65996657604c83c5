type DefaultPod = {
  name: string;
  namespace: string;
  node: string;
  serves: { port: number; protocol: "http" | "tcp" }[];
  labels: Record<string, string>;
};

const apps = {
  web: { port: 8080, protocol: "http" },
  db: { port: 5432, protocol: "tcp" },
  api: { port: 8080, protocol: "http" },
  cache: { port: 6379, protocol: "tcp" },
} as const;

/**
 * A small shop: web-0 on the first node talks to db-0 on the second; every node has siblings of both to compare with.
 * With the DNS servers on the first two nodes that makes four or five pods on each of three nodes.
 */
export function defaultPods(nodes: readonly string[]): DefaultPod[] {
  const pod = (app: keyof typeof apps, index: number, node: string): DefaultPod => ({
    name: `${app}-${index}`,
    namespace: "default",
    node,
    serves: [{ ...apps[app] }],
    labels: { app },
  });
  return nodes.flatMap((node, index) => [
    pod("web", index, node),
    pod("api", index, node),
    pod("cache", index, node),
    ...(index > 0 ? [pod("db", index - 1, node)] : []),
    ...(nodes.length === 1 ? [pod("db", 0, node)] : []),
  ]);
}

export const defaultServices = Object.entries(apps).map(([name, { port }]) => ({
  name,
  namespace: "default",
  port: name === "web" || name === "api" ? 80 : port,
  targetPort: port,
  protocol: "TCP" as const,
  type: "ClusterIP" as const,
  selector: { app: name },
}));
