import type { LabChange, LabModel } from "../model.ts";
import { type Crowd, placeOf, type Selection } from "./crowd.ts";
import type { KubeObject, Resource, Scene } from "./resource.ts";

/** Watch events kept per resource; a watch from before the oldest of them gets 410. */
const HISTORY = 1_000;

export type StoredObject = KubeObject & { readonly metadata: { readonly resourceVersion: string } };

export type StoreEvent = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** The resource version that this event made. */
  readonly version: number;
  readonly object: StoredObject;
  /** What it replaced: a watch with a selector must say DELETED when an object stops matching. */
  readonly previous?: StoredObject;
};

type Shelf = {
  readonly objects: Map<string, { readonly object: StoredObject; readonly print: string }>;
  readonly history: StoreEvent[];
  readonly listeners: Set<(event: StoreEvent) => void>;
  /** Versions up to this one are no longer covered by `history`. */
  forgottenVersion: number;
};

const keyOf = (name: string, namespace = ""): string => `${namespace}/${name}`;

/** By the plural name of a resource: objects beside those of the model. Gets and lists show them, watches never do. */
export type Crowds = Readonly<Record<string, Crowd>>;

/**
 * The objects as the API serves them, derived from the lab's model: each change of the model is compared with what was
 * served before, and what differs becomes a new resource version and a watch event.
 */
export class ObjectStore {
  readonly #model: LabModel;
  readonly #ca: string;
  readonly #crowds: Crowds;
  readonly #startVersion: number;
  readonly #shelves = new Map<Resource, Shelf>();
  #version: number;
  readonly #onChange = (change: LabChange) => this.#take(change);

  /** `startMs` (Unix milliseconds) also starts the versions, so that those of an earlier run count as expired. */
  constructor({
    model,
    resources,
    ca,
    startMs,
    crowds = {},
  }: { model: LabModel; resources: readonly Resource[]; ca: string; startMs: number; crowds?: Crowds }) {
    this.#model = model;
    this.#ca = ca;
    this.#crowds = crowds;
    this.#startVersion = Math.floor(startMs / 100);
    this.#version = this.#startVersion;
    for (const resource of resources)
      this.#shelves.set(resource, {
        objects: new Map(),
        history: [],
        listeners: new Set(),
        forgottenVersion: this.#version,
      });
    const bornMs = Math.min(startMs, ...[...model.nodes.values()].map(({ createdAtMs }) => createdAtMs));
    for (const resource of resources) this.refresh(resource, bornMs);
    model.on("change", this.#onChange);
  }

  get version(): number {
    return this.#version;
  }

  /** Compares every object of a resource with the model. Needed for what changes too often to be announced: leases. */
  refresh(resource: Resource, nowMs = Date.now()): void {
    const shelf = this.#shelf(resource);
    const seen = new Set<string>();
    for (const source of resource.sources(this.#model)) seen.add(this.#put(resource, source, nowMs));
    for (const [key, { object }] of [...shelf.objects]) if (!seen.has(key)) this.#remove(shelf, key, object);
  }

  /**
   * Those that match, in order, from behind a place, at most `limit` (0: all). `left`: how many more there are; "some" when a
   * selector would have to look at each of them, as a real API server does not count then either.
   */
  page(
    resource: Resource,
    selection: Selection & { readonly limit: number; readonly selective: boolean },
  ): { readonly objects: readonly StoredObject[]; readonly left: number | "some" } {
    const { namespace, matches, after, limit, selective } = selection;
    const own = this.list(resource).filter((object) => matches(object) && placeOf(object) > after);
    const crowd = this.#crowds[resource.name];
    if (!crowd && limit === 0) return { objects: own, left: 0 };
    const objects: StoredObject[] = [];
    for (const { object, sketch } of inOrder(own, crowd?.select(selection) ?? [])) {
      if (limit > 0 && objects.length === limit) {
        const all = own.length + (crowd?.countBehind(after, namespace) ?? 0);
        return { objects, left: selective ? "some" : all - limit };
      }
      const one = object ?? (crowd && sketch && this.#stored(crowd.whole(sketch)));
      if (one) objects.push(one);
    }
    return { objects, left: 0 };
  }

  #stored(object: KubeObject): StoredObject {
    return { ...object, metadata: { ...object.metadata, resourceVersion: `${this.#startVersion}` } };
  }

  /** All objects of the model, ordered by namespace and name. */
  list(resource: Resource): StoredObject[] {
    const entries = [...this.#shelf(resource).objects].sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.map(([, { object }]) => object);
  }

  get(resource: Resource, name: string, namespace?: string): StoredObject | undefined {
    const own = this.#shelf(resource).objects.get(keyOf(name, namespace))?.object;
    const crowd = this.#crowds[resource.name];
    const sketch = own ? undefined : crowd?.get(name, namespace);
    return sketch && crowd ? this.#stored(crowd.whole(sketch)) : own;
  }

  /** Events after `version`, oldest first; undefined when some of them are no longer kept. */
  since(resource: Resource, version: number): readonly StoreEvent[] | undefined {
    const { history, forgottenVersion } = this.#shelf(resource);
    if (version < forgottenVersion) return undefined;
    return history.filter((event) => event.version > version);
  }

  /** Calls `listener` for every event from now on; returns how to stop. */
  follow(resource: Resource, listener: (event: StoreEvent) => void): () => void {
    const { listeners } = this.#shelf(resource);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    this.#model.off("change", this.#onChange);
  }

  #take(change: LabChange): void {
    for (const resource of this.#shelves.keys()) {
      if (resource.source === change.kind && change.type !== "DELETED") this.#put(resource, change.object, Date.now());
      else if (resource.source === change.kind || resource.dependsOn.includes(change.kind)) this.refresh(resource);
    }
  }

  #put(resource: Resource, source: unknown, nowMs: number): string {
    const shelf = this.#shelf(resource);
    const previous: Scene["previous"] = (name, namespace) => shelf.objects.get(keyOf(name, namespace))?.object;
    const built = resource.build(source, { model: this.#model, ca: this.#ca, nowMs, previous });
    const key = keyOf(built.metadata.name, built.metadata.namespace);
    const print = JSON.stringify(built);
    const before = shelf.objects.get(key);
    if (before?.print === print) return key;
    this.#version += 1;
    const object = { ...built, metadata: { ...built.metadata, resourceVersion: `${this.#version}` } };
    shelf.objects.set(key, { object, print });
    const event = { version: this.#version, object };
    this.#tell(shelf, before ? { ...event, type: "MODIFIED", previous: before.object } : { ...event, type: "ADDED" });
    if (shelf.objects.size > (resource.maxObjects ?? Number.POSITIVE_INFINITY)) this.#dropOldest(shelf);
    return key;
  }

  #dropOldest(shelf: Shelf): void {
    const [oldest] = shelf.objects;
    if (oldest) this.#remove(shelf, oldest[0], oldest[1].object);
  }

  #remove(shelf: Shelf, key: string, last: StoredObject): void {
    this.#version += 1;
    shelf.objects.delete(key);
    const object = { ...last, metadata: { ...last.metadata, resourceVersion: `${this.#version}` } };
    this.#tell(shelf, { type: "DELETED", version: this.#version, object, previous: last });
  }

  #tell(shelf: Shelf, event: StoreEvent): void {
    shelf.history.push(event);
    if (shelf.history.length > HISTORY)
      shelf.forgottenVersion = shelf.history.shift()?.version ?? shelf.forgottenVersion;
    for (const listener of shelf.listeners) listener(event);
  }

  #shelf(resource: Resource): Shelf {
    const shelf = this.#shelves.get(resource);
    if (!shelf) throw new Error(`${resource.name} is not served`);
    return shelf;
  }
}

type Standing = { readonly object?: StoredObject; readonly sketch?: KubeObject };

/** Two ordered rows as one. */
function* inOrder(own: readonly StoredObject[], crowd: Iterable<KubeObject>): Generator<Standing> {
  let index = 0;
  for (const sketch of crowd) {
    for (let object = own[index]; object && placeOf(object) < placeOf(sketch); object = own[++index]) yield { object };
    yield { sketch };
  }
  for (const object of own.slice(index)) yield { object };
}
