import type { LabChange, LabModel } from "../model.ts";

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
  readonly blockOwnerDeletion: boolean;
};

type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  /** RFC 3339, seconds. */
  readonly creationTimestamp: string;
  /** Absent until the store has taken the object in. */
  readonly resourceVersion?: string;
  readonly generateName?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
};

/** Any object as the API serves it. */
export type KubeObject = { readonly apiVersion: string; readonly kind: string; readonly metadata: Metadata };

/** A column of `kubectl get`; `wide` ones only appear with `-o wide`. */
export type Column = {
  readonly name: string;
  readonly type?: "string" | "integer";
  readonly format?: "name";
  readonly wide?: true;
};

/** What a builder may look at besides its source. */
export type Scene = {
  readonly model: LabModel;
  /** Unix milliseconds. */
  readonly nowMs: number;
  /** PEM, for the ConfigMap that every namespace has. */
  readonly ca: string;
  /** The object as served so far: times of creation and of transitions come from it. */
  readonly previous: (name: string, namespace?: string) => KubeObject | undefined;
};

/** One kind of object that the API serves: its names, how it is made from the lab's model, and how kubectl prints it. */
export type Resource<Source = unknown, Built extends KubeObject = KubeObject> = {
  /** Empty for the core group. Every group is served as v1. */
  readonly group: string;
  /** Plural, as in URLs. */
  readonly name: string;
  readonly singular: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** Field selectors besides metadata.name and metadata.namespace. */
  readonly fields: readonly string[];
  /** A change of this kind carries exactly one source. */
  readonly source?: LabChange["kind"];
  /** Changes of these kinds may alter any of the objects. */
  readonly dependsOn: readonly LabChange["kind"][];
  /** Older objects than this many are dropped. */
  readonly maxObjects?: number;
  sources(model: LabModel): Iterable<Source>;
  build(source: Source, scene: Scene): Built;
  readonly columns: readonly Column[];
  cells(object: Built, nowMs: number): readonly (string | number)[];
};

/** Hides the source's type. Sound because only the store calls `build`, with what `sources` gave. */
export function defineResource<Source, Built extends KubeObject>(resource: Resource<Source, Built>): Resource {
  return resource;
}

export const apiVersionOf = ({ group }: Pick<Resource, "group">): string => (group ? `${group}/v1` : "v1");

/** Places shared by tables: the first column of every one, and the age that most have. */
export const NAME: Column = { name: "Name", format: "name" };
export const AGE: Column = { name: "Age" };

export const plain = (...names: readonly string[]): Column[] => names.map((name) => ({ name }));
export const integers = (...names: readonly string[]): Column[] => names.map((name) => ({ name, type: "integer" }));
export const wide = (...names: readonly string[]): Column[] => names.map((name) => ({ name, wide: true }));
