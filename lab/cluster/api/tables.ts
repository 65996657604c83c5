import type { KubeObject, Resource } from "./resource.ts";
import type { StoredObject } from "./store.ts";

export type TableStyle = {
  /** What each row carries besides its cells. */
  readonly include: "Metadata" | "Object" | "None";
  readonly nowMs: number;
};

/** Whether the client wants a Table (what kubectl prints), and how; undefined means plain objects. */
export function tableStyle(accept: string | undefined, query: URLSearchParams, nowMs: number): TableStyle | undefined {
  const first = (accept ?? "").split(",")[0] ?? "";
  const parameters = first.split(";").map((part) => part.trim());
  if (!parameters.includes("as=Table") || !parameters.includes("g=meta.k8s.io")) return undefined;
  const include = query.get("includeObject");
  return { include: include === "Object" || include === "None" ? include : "Metadata", nowMs };
}

/** The `meta.k8s.io/v1` Table of some objects of one resource. */
export function tableOf(
  resource: Resource,
  objects: readonly StoredObject[],
  { style, metadata = {} }: { style: TableStyle; metadata?: Record<string, unknown> },
): Record<string, unknown> {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: resource.columns.map(({ name, type = "string", format = "", wide }) => ({
      name,
      type,
      format,
      description: "",
      priority: wide ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: resource.cells(object, style.nowMs),
      ...(style.include !== "None" && { object: style.include === "Object" ? object : partial(object) }),
    })),
  };
}

const partial = ({ metadata }: KubeObject) => ({
  kind: "PartialObjectMetadata",
  apiVersion: "meta.k8s.io/v1",
  metadata,
});
