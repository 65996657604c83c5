import { z } from "zod";
import type { LabModel, LabWrites } from "../model.ts";
import type { Body } from "./body.ts";
import { requireRestricted } from "./pod-security.ts";
import type { ApiRequest } from "./request.ts";
import type { Resource } from "./resource.ts";
import { badRequest, notFound, StatusError } from "./status.ts";
import type { ObjectStore } from "./store.ts";
import { podSchema, policySchema, quantityMilli, serviceSchema } from "./written.ts";

type Place = { readonly name: string; readonly namespace: string };
type Scene = { readonly model: LabModel; readonly writes: LabWrites; readonly staying: boolean };

/** How one kind is made and taken away. `body` is what was sent, still unread. */
type Writer = {
  readonly create: (place: Place, body: unknown, scene: Scene) => void;
  readonly remove: (place: Place, scene: Scene) => void | Promise<void>;
};

const labelsSchema = z.record(z.string(), z.string()).default({});
const metadataSchema = z.object({
  metadata: z.object({
    name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
    namespace: z.string().optional(),
  }),
});
const key = ({ namespace, name }: Place): string => `${namespace}/${name}`;

/** What people write: other kinds, such as deployments, would need their controllers. By `<group>/<resource>`. */
export const WRITERS: Readonly<Record<string, Writer>> = {
  "/namespaces": {
    create({ name }, body, { writes }) {
      const { metadata } = parsed(z.object({ metadata: z.object({ labels: labelsSchema }) }), body);
      writes.createNamespace(name, metadata.labels);
    },
    remove({ name }, { model, writes, staying }) {
      if (!model.made?.has(name)) throw ofTheLab("namespaces", name);
      writes.deleteNamespace(name, { stays: staying });
    },
  },
  "/pods": {
    create({ name, namespace }, body, { model, writes }) {
      const { metadata, spec } = parsed(podSchema, body);
      requireRestricted(name, spec, model.made?.get(namespace)?.labels);
      const [{ name: container, image, command = [], args = [], ports, resources, readinessProbe, securityContext }] =
        spec.containers;
      const cpu = resources?.limits?.cpu;
      const runAsUser = securityContext?.runAsUser ?? spec.securityContext?.runAsUser;
      writes.createPod({
        ...{ name, namespace, labels: metadata.labels },
        written: z.object({ spec: z.record(z.string(), z.unknown()) }).parse(body).spec,
        nodeSelector: spec.nodeSelector,
        container: {
          ...{ name: container, image, command: [...command, ...args] },
          ports: ports.map(({ containerPort: port, protocol, name: word }) => ({
            ...{ port, protocol },
            ...(word !== undefined && { name: word }),
          })),
          ...(cpu !== undefined && { limits: { cpuMilli: quantityMilli(cpu) } }),
          ...(runAsUser !== undefined && { runAsUser }),
          ...(readinessProbe && { readyPort: readinessProbe.tcpSocket.port }),
        },
      });
    },
    async remove(place, { model, writes }) {
      const pod = model.pods.get(key(place));
      if (pod === undefined) return;
      if (pod.written === undefined) throw ofTheLab("pods", place.name);
      await writes.deletePod(pod);
    },
  },
  "/services": {
    create({ name, namespace }, body, { writes }) {
      const { spec } = parsed(serviceSchema, body);
      writes.createService({
        ...{ name, namespace, selector: spec.selector, type: "ClusterIP" },
        headless: spec.clusterIP === "None",
        ports: spec.ports.map(({ name: word = "", port, targetPort = port, protocol }) => ({
          ...{ name: word, port, targetPort, protocol },
        })),
      });
    },
    remove(place, { model, writes }) {
      const service = model.services.get(key(place));
      if (service !== undefined) writes.deleteService(service);
    },
  },
  "networking.k8s.io/networkpolicies": {
    create({ name, namespace }, body, { writes }) {
      const { spec } = parsed(policySchema, body);
      const types = spec.policyTypes ?? ["Ingress", ...(spec.egress?.length ? ["Egress"] : [])];
      writes.createPolicy({ name, namespace, spec: { ...spec, policyTypes: types } });
    },
    remove(place, { model, writes }) {
      const policy = model.policies.get(key(place));
      if (policy !== undefined) writes.deletePolicy(policy);
    },
  },
};

/** Makes or takes away one object and returns how it is served then. */
export async function write(
  { api: { target }, body }: { readonly api: ApiRequest; readonly body: Body | undefined },
  {
    writer,
    store,
    resource,
    ...scene
  }: Scene & { readonly writer: Writer; readonly store: ObjectStore; readonly resource: Resource },
): Promise<unknown> {
  const namespace = target?.namespace ?? "";
  if (body === undefined) {
    const place = { name: target?.name ?? "", namespace };
    const object = store.get(resource, place.name, target?.namespace);
    if (!object) throw notFound({ resource: resource.name, group: resource.group, name: place.name });
    await writer.remove(place, scene);
    return store.get(resource, place.name, target?.namespace) ?? object;
  }
  if (!("json" in body)) throw new StatusError(415, "UnsupportedMediaType", "the lab takes objects as JSON");
  const { metadata } = parsed(metadataSchema, body.json);
  if ((metadata.namespace ?? namespace) !== namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  const { name } = metadata;
  if (resource.namespaced) requireNamespace(namespace, { name, resource, model: scene.model });
  if (store.get(resource, name, target?.namespace))
    throw new StatusError(409, "AlreadyExists", `${resource.name} "${name}" already exists`, {
      ...{ name, kind: resource.name },
    });
  writer.create({ name, namespace }, body.json, scene);
  return store.get(resource, name, target?.namespace);
}

function requireNamespace(
  namespace: string,
  { name, resource, model }: { name: string; resource: Resource; model: LabModel },
): void {
  if (!model.namespaces.has(namespace)) throw notFound({ resource: "namespaces", name: namespace });
  if (model.made?.get(namespace)?.terminating)
    throw new StatusError(
      403,
      "Forbidden",
      `${resource.name} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    );
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new StatusError(422, "Invalid", `${issue?.path.join(".")}: ${issue?.message}`);
}

const ofTheLab = (kind: string, name: string): StatusError =>
  new StatusError(405, "MethodNotAllowed", `${kind} "${name}" is of the lab's topology and stays as long as the lab`);
