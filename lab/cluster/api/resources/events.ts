import type { LabEvent, LabModel } from "../../model.ts";
import { ageOf } from "../human-duration.ts";
import { microTimeOf, shortHash, timeOf, uidFor } from "../object-parts.ts";
import { defineResource, type KubeObject, NAME, plain, wide } from "../resource.ts";

const WORDS = { name: "events", singular: "event", kind: "Event", shortNames: ["ev"], namespaced: true } as const;
/** A real cluster forgets events after an hour; here it is by number. */
const FILL = { source: "event", dependsOn: [], maxObjects: 1_000, sources: (model: LabModel) => model.events } as const;

const objectFields = (reference: string): string[] =>
  ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map(
    (field) => `${reference}.${field}`,
  );

export const coreEvents = defineResource({
  ...WORDS,
  ...FILL,
  group: "",
  fields: [...objectFields("involvedObject"), "reason", "reportingComponent", "source", "type"],
  build: buildCoreEvent,
  columns: [
    ...plain("Last Seen", "Type", "Reason", "Object"),
    ...wide("Subobject", "Source"),
    ...plain("Message"),
    ...wide("First Seen", "Count"),
    { ...NAME, wide: true },
  ],
  cells(event, nowMs) {
    const { kind, name } = event.involvedObject;
    return [
      ageOf(event.lastTimestamp, nowMs),
      event.type,
      event.reason,
      `${kind.toLowerCase()}/${name}`,
      "",
      event.source.component,
      event.message,
      ageOf(event.firstTimestamp, nowMs),
      event.count,
      event.metadata.name,
    ];
  },
});

function buildCoreEvent(event: LabEvent) {
  const { type, reason, message } = event;
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: metadataOf(event),
    involvedObject: referenceOf(event),
    type,
    reason,
    message,
    count: 1,
    firstTimestamp: timeOf(event.atMs),
    lastTimestamp: timeOf(event.atMs),
    source: { component: componentOf(event) },
    reportingComponent: componentOf(event),
    reportingInstance: "",
  } satisfies KubeObject & Record<string, unknown>;
}

export const newEvents = defineResource({
  ...WORDS,
  ...FILL,
  group: "events.k8s.io",
  fields: [...objectFields("regarding"), "reason", "reportingController", "type"],
  build: buildNewEvent,
  columns: coreEvents.columns,
  cells(event, nowMs) {
    const { kind, name } = event.regarding;
    const age = ageOf(event.eventTime, nowMs);
    return [
      age,
      event.type,
      event.reason,
      `${kind.toLowerCase()}/${name}`,
      "",
      event.reportingController,
      event.note,
      age,
      1,
      event.metadata.name,
    ];
  },
});

function buildNewEvent(event: LabEvent) {
  const { type, reason, message } = event;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: metadataOf(event),
    regarding: referenceOf(event),
    type,
    reason,
    note: message,
    action: reason,
    eventTime: microTimeOf(event.atMs),
    deprecatedCount: 1,
    deprecatedFirstTimestamp: timeOf(event.atMs),
    deprecatedLastTimestamp: timeOf(event.atMs),
    reportingController: componentOf(event),
    reportingInstance: componentOf(event),
  } satisfies KubeObject & Record<string, unknown>;
}

/** Events about nodes live in `default`, whatever else is there. */
const namespaceOf = ({ namespace }: LabEvent): string => namespace || "default";

function metadataOf(event: LabEvent) {
  const { object, reason, message, atMs } = event;
  const namespace = namespaceOf(event);
  const name = `${object.name}.${shortHash(`${namespace}/${object.kind}/${reason}/${message}/${atMs}`, 16)}`;
  return { name, namespace, uid: uidFor(`Event/${namespace}/${name}`), creationTimestamp: timeOf(atMs) };
}

/** The namespace of the object that the event is about; nodes have none. */
function referenceOf({ namespace, object }: LabEvent) {
  return { ...object, apiVersion: "v1", ...(object.kind !== "Node" && { namespace }) };
}

const COMPONENTS: Record<string, string> = {
  FailedScheduling: "default-scheduler",
  Scheduled: "default-scheduler",
  NodeNotReady: "node-controller",
};

const componentOf = ({ reason }: LabEvent): string => COMPONENTS[reason] ?? "kubelet";
