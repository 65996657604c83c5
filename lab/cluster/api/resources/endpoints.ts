import type { LabModel, LabPod, LabService } from "../../model.ts";
import { ageOf } from "../human-duration.ts";
import { firstSeen, podsSelected, shortHash, uidFor } from "../object-parts.ts";
import { AGE, defineResource, type KubeObject, NAME, plain, type Scene } from "../resource.ts";

/** A real cluster has no endpoints object for a service without selector either, unless somebody writes it by hand. */
const withSelector = (model: LabModel): LabService[] =>
  [...model.services.values()].filter(({ selector }) => Object.keys(selector).length > 0);

const withAddress = (model: LabModel, service: LabService): LabPod[] =>
  podsSelected(model, service).filter(({ ip }) => ip !== "");

const targetRef = ({ namespace, name, uid }: LabPod) => ({ kind: "Pod", namespace, name, uid });

export const endpoints = defineResource({
  group: "",
  name: "endpoints",
  singular: "endpoints",
  kind: "Endpoints",
  shortNames: ["ep"],
  namespaced: true,
  fields: [],
  dependsOn: ["service", "pod"],
  sources: withSelector,
  build: buildEndpoints,
  columns: [NAME, ...plain("Endpoints"), AGE],
  cells({ metadata, subsets }, nowMs) {
    const all = (subsets ?? []).flatMap(({ addresses = [], ports }) =>
      addresses.flatMap(({ ip }) => ports.map(({ port }) => `${ip}:${port}`)),
    );
    return [metadata.name, shortened(all), ageOf(metadata.creationTimestamp, nowMs)];
  },
});

function buildEndpoints(service: LabService, { model, nowMs, previous }: Scene) {
  const { namespace, name } = service;
  const pods = withAddress(model, service);
  const address = (pod: LabPod) => ({ ip: pod.ip, nodeName: pod.node, targetRef: targetRef(pod) });
  const [ready, notReady] = [true, false].map((wanted) => pods.filter((pod) => pod.ready === wanted).map(address));
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name,
      namespace,
      uid: uidFor(`Endpoints/${namespace}/${name}`),
      creationTimestamp: firstSeen(previous(name, namespace), nowMs),
    },
    ...(pods.length > 0 && {
      subsets: [
        {
          ...(ready?.length && { addresses: ready }),
          ...(notReady?.length && { notReadyAddresses: notReady }),
          ports: portsOf(service),
        },
      ],
    }),
  } satisfies KubeObject & Record<string, unknown>;
}

export const endpointSlices = defineResource({
  group: "discovery.k8s.io",
  name: "endpointslices",
  singular: "endpointslice",
  kind: "EndpointSlice",
  shortNames: [],
  namespaced: true,
  fields: [],
  dependsOn: ["service", "pod"],
  sources: withSelector,
  build: buildSlice,
  columns: [NAME, ...plain("AddressType", "Ports", "Endpoints"), AGE],
  cells({ metadata, addressType, ports, endpoints: list }, nowMs) {
    const ips = shortened(list.flatMap(({ addresses }) => addresses));
    const numbers = ports.map(({ port }) => port).join(",") || "<unset>";
    return [
      metadata.name,
      addressType,
      numbers,
      ips === "<none>" ? "<unset>" : ips,
      ageOf(metadata.creationTimestamp, nowMs),
    ];
  },
});

function buildSlice(service: LabService, { model, nowMs, previous }: Scene) {
  const { namespace, name: serviceName } = service;
  const name = `${serviceName}-${shortHash(service.uid, 5)}`;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name,
      generateName: `${serviceName}-`,
      namespace,
      uid: uidFor(`EndpointSlice/${namespace}/${serviceName}`),
      creationTimestamp: firstSeen(previous(name, namespace), nowMs),
      labels: {
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": serviceName,
      },
      ownerReferences: [
        {
          apiVersion: "v1",
          kind: "Service",
          name: serviceName,
          uid: service.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    addressType: service.clusterIp.includes(":") ? "IPv6" : "IPv4",
    endpoints: withAddress(model, service).map((pod) => ({
      addresses: [pod.ip],
      conditions: { ready: pod.ready, serving: pod.ready, terminating: false },
      nodeName: pod.node,
      targetRef: targetRef(pod),
      ...zoneOf(model, pod),
    })),
    ports: portsOf(service),
  } satisfies KubeObject & Record<string, unknown>;
}

const portsOf = ({ ports }: LabService) =>
  ports.map(({ name, targetPort, protocol }) => ({ name, port: targetPort, protocol }));

function zoneOf(model: LabModel, pod: LabPod): { zone?: string } {
  const zone = model.nodes.get(pod.node)?.zone;
  return zone === undefined ? {} : { zone };
}

function shortened(list: readonly string[]): string {
  if (list.length === 0) return "<none>";
  const shown = list.slice(0, 3).join(",");
  return list.length > 3 ? `${shown} + ${list.length - 3} more...` : shown;
}
