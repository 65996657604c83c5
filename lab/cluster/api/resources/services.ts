import type { LabModel, LabService } from "../../model.ts";
import { ageOf } from "../human-duration.ts";
import { firstSeen, joined } from "../object-parts.ts";
import { AGE, defineResource, type KubeObject, NAME, plain, type Scene, wide } from "../resource.ts";

export const services = defineResource({
  group: "",
  name: "services",
  singular: "service",
  kind: "Service",
  shortNames: ["svc"],
  namespaced: true,
  fields: ["spec.clusterIP", "spec.type"],
  source: "service",
  dependsOn: [],
  sources: (model: LabModel) => model.services.values(),
  build: buildService,
  columns: [NAME, ...plain("Type", "Cluster-IP", "External-IP", "Port(s)"), AGE, ...wide("Selector")],
  cells({ metadata, spec }, nowMs) {
    const ports =
      spec.ports
        .map(({ port, nodePort, protocol }) => `${port}${nodePort === undefined ? "" : `:${nodePort}`}/${protocol}`)
        .join(",") || "<none>";
    const age = ageOf(metadata.creationTimestamp, nowMs);
    return [metadata.name, spec.type, spec.clusterIP, "<none>", ports, age, joined(spec.selector)];
  },
});

function buildService(service: LabService, { nowMs, previous }: Scene) {
  const { namespace, name, uid, clusterIp, selector } = service;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, uid, creationTimestamp: firstSeen(previous(name, namespace), nowMs) },
    spec: {
      type: service.type,
      clusterIP: clusterIp,
      clusterIPs: [clusterIp],
      ...(Object.keys(selector).length > 0 && { selector }),
      // A single port may go without a name, and then has none rather than an empty one.
      ports: service.ports.map(({ name: portName, ...port }) => ({ ...(portName && { name: portName }), ...port })),
      internalTrafficPolicy: service.internalTrafficPolicy ?? "Cluster",
      ...(service.type === "NodePort" && { externalTrafficPolicy: "Cluster" }),
      ipFamilies: [clusterIp.includes(":") ? "IPv6" : "IPv4"],
      ipFamilyPolicy: "SingleStack",
      sessionAffinity: "None",
    },
    status: { loadBalancer: {} },
  } satisfies KubeObject & Record<string, unknown>;
}
