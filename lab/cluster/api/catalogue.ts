import type { Resource } from "./resource.ts";
import { endpointSlices, endpoints } from "./resources/endpoints.ts";
import { coreEvents, newEvents } from "./resources/events.ts";
import { leases } from "./resources/leases.ts";
import { configMaps, namespaces } from "./resources/namespaces.ts";
import { ingresses, networkPolicies } from "./resources/networking.ts";
import { nodes } from "./resources/nodes.ts";
import { pods } from "./resources/pods.ts";
import { services } from "./resources/services.ts";
import { daemonSets, deployments, replicaSets } from "./resources/workloads.ts";

/** Everything that can be listed and watched. */
export const RESOURCES: readonly Resource[] = [
  pods,
  nodes,
  services,
  endpoints,
  coreEvents,
  namespaces,
  configMaps,
  deployments,
  replicaSets,
  daemonSets,
  endpointSlices,
  leases,
  newEvents,
  networkPolicies,
  ingresses,
];
