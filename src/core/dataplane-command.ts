/** What several probes read of a node's pod network, in sections; see the head of `netcheck-dataplane`. */
export const dataplaneCommand = ["netcheck-dataplane"] as const;
