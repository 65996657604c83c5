import { NetcheckError } from "../core/errors.ts";
import { fromCache, type Kube, listPages, type Page, type PageQuery } from "./kube-client.ts";

/** For lists of objects some of which may not be whole. */
export const ifWhole =
  <T, View>(view: (object: T) => View | undefined) =>
  (object: T): View[] => {
    const made = view(object);
    return made === undefined ? [] : [made];
  };

/** Reads lists for one view, and notes what is refused or cut. */
export type ViewReader = {
  /** Pages of a list, at most `max` objects; what is beyond is noted. */
  readonly list: <T, K>(
    resource: string,
    max: number,
    page: (query: PageQuery) => Promise<Page<T>>,
    keep: (item: T) => K | readonly K[],
  ) => Promise<K[]>;
  /** The first `max` objects of a list, for what nobody needs all of. */
  readonly some: ViewReader["list"];
  /** A list that is narrowed to a few objects by a field, see `fromCache`. */
  readonly few: <T, K>(
    resource: string,
    ask: (query: typeof fromCache) => Promise<Page<T>>,
    keep: (item: T) => K | readonly K[],
  ) => Promise<K[]>;
  /** Undefined, and noted, when it may not be read or the cluster serves no such group. */
  readonly optional: <T>(listed: Promise<T[]>) => Promise<T[] | undefined>;
  readonly ifAllowed: <T>(listed: Promise<T[]>) => Promise<T[]>;
  /** One sentence for each thing that could not be read, or not all of it. */
  readonly unread: () => readonly string[];
};

export function viewReader(kube: Kube): ViewReader {
  const unread = new Set<string>();
  const optional = async <T>(listed: Promise<T[]>): Promise<T[] | undefined> => {
    try {
      return await listed;
    } catch (error) {
      // "not-found": a cluster that serves no such group.
      if (!(error instanceof NetcheckError) || (error.code !== "forbidden" && error.code !== "not-found")) throw error;
      unread.add(error.message);
      return undefined;
    }
  };
  const read = <T, K>(
    resource: string,
    max: number,
    page: (query: PageQuery) => Promise<Page<T>>,
    keep: (item: T) => K | readonly K[],
  ) => listPages((query) => kube.call({ verb: "list", resource }, () => page(query)), { max, keep });
  return {
    some: async (...list) => (await read(...list)).items,
    list: async (resource, max, page, keep) => {
      const { items, complete } = await read(resource, max, page, keep);
      if (!complete) unread.add(`Only the first ${max} ${resource} were read.`);
      return items;
    },
    few: async (resource, ask, keep) =>
      (await kube.call({ verb: "list", resource }, () => ask(fromCache))).items.flatMap(keep),
    optional,
    ifAllowed: async (listed) => (await optional(listed)) ?? [],
    unread: () => [...unread],
  };
}
