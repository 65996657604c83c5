import type { KubeObject } from "./resource.ts";
import type { Matcher } from "./selectors.ts";

/** What a list asks for. `fields`: those that must be equal; `matches` says the same, and all the rest. */
export type Selection = {
  readonly namespace: string | undefined;
  readonly fields: ReadonlyMap<string, string>;
  readonly matches: Matcher;
  /** Place behind which it begins; empty: at the beginning. */
  readonly after: string;
};

/** Where an object stands in the order of lists. */
export const placeOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;

type Sketches = readonly KubeObject[];

/**
 * Very many objects of one resource, for clusters that are too large to be built. Of each only a sketch is held: its names and
 * what it may be selected by. The rest is made when somebody asks for it. They never change.
 */
export class Crowd {
  readonly #sketches: Sketches;
  readonly #byNamespace: ReadonlyMap<string, Sketches>;
  readonly #byField = new Map<string, ReadonlyMap<string, Sketches>>();
  readonly #whole: (sketch: KubeObject) => KubeObject;

  /** `fields`: paths of those by which objects are found without looking at all of them. */
  constructor(
    sketches: Sketches,
    { fields = [], whole }: { fields?: readonly string[]; whole: (sketch: KubeObject) => KubeObject },
  ) {
    this.#sketches = sketches.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
    this.#whole = whole;
    this.#byNamespace = Map.groupBy(this.#sketches, ({ metadata }) => metadata.namespace ?? "");
    for (const field of ["metadata.name", ...fields])
      this.#byField.set(
        field,
        Map.groupBy(this.#sketches, (sketch) => valueAt(sketch, field)),
      );
  }

  whole(sketch: KubeObject): KubeObject {
    return this.#whole(sketch);
  }

  get(name: string, namespace?: string): KubeObject | undefined {
    return this.#byField
      .get("metadata.name")
      ?.get(name)
      ?.find(({ metadata }) => metadata.namespace === namespace);
  }

  /** The sketches of those that match, in order. */
  *select({ namespace, fields, matches, after }: Selection): Generator<KubeObject> {
    const candidates = this.#candidates(namespace, fields);
    for (let index = firstBehind(candidates, after); index < candidates.length; index++) {
      const sketch = candidates[index];
      if (sketch && matches(sketch)) yield sketch;
    }
  }

  /** How many stand behind a place. */
  countBehind(after: string, namespace: string | undefined): number {
    const candidates = this.#candidates(namespace, new Map());
    return candidates.length - firstBehind(candidates, after);
  }

  #candidates(namespace: string | undefined, fields: ReadonlyMap<string, string>): Sketches {
    for (const [field, value] of fields) {
      const found = this.#byField.get(field);
      if (found) return found.get(value) ?? [];
    }
    return namespace === undefined ? this.#sketches : (this.#byNamespace.get(namespace) ?? []);
  }
}

function valueAt(object: unknown, path: string): string {
  let value = object;
  for (const key of path.split("."))
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return value === undefined ? "" : String(value);
}

function firstBehind(sketches: Sketches, after: string): number {
  let [low, high] = [0, sketches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const sketch = sketches[middle];
    if (sketch && placeOf(sketch) > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
