import { z } from "zod";
import type { ApiRequest } from "./request.ts";
import { wholeNumber } from "./request.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { matcherFor } from "./selectors.ts";
import { badRequest, expired, notFound } from "./status.ts";
import type { ObjectStore, StoredObject } from "./store.ts";
import { type TableStyle, tableOf } from "./tables.ts";

type Reading = { readonly store: ObjectStore; readonly resource: Resource; readonly style: TableStyle | undefined };

/** One object by name, plain or as a table of one row. */
export function getObject({ target }: ApiRequest, { store, resource, style }: Reading): unknown {
  const name = target?.name ?? "";
  const object = store.get(resource, name, target?.namespace);
  if (!object) throw notFound({ resource: resource.name, group: resource.group, name });
  const metadata = { resourceVersion: object.metadata.resourceVersion };
  return style ? tableOf(resource, [object], { style, metadata }) : object;
}

/** The matching objects in order, one page of them when `limit` is set. */
export function listObjects({ query, target }: ApiRequest, { store, resource, style }: Reading): unknown {
  const namespace = target?.namespace;
  const matches = matcherFor(resource, { query, ...(namespace !== undefined && { namespace }) });
  const rest = continued(store.list(resource).filter(matches), { query, store, resource });
  const limit = wholeNumber(query, "limit") ?? 0;
  const page = limit > 0 ? rest.slice(0, limit) : rest;
  const metadata = { resourceVersion: `${store.version}`, ...more(page, { rest, store }) };
  if (style) return tableOf(resource, page, { style, metadata });
  // Inside a list, kind and version stand once, at the top.
  const items = page.map(({ kind: _kind, apiVersion: _version, ...object }) => object);
  return { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata, items };
}

const tokenSchema = z.object({ rv: z.number(), after: z.string() });

const placeOf = ({ metadata }: StoredObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;

function more(
  page: readonly StoredObject[],
  { rest, store }: { rest: readonly StoredObject[]; store: ObjectStore },
): { continue?: string; remainingItemCount?: number } {
  const last = page.at(-1);
  if (!last || page.length === rest.length) return {};
  const token = JSON.stringify({ rv: store.version, after: placeOf(last) });
  return { continue: Buffer.from(token).toString("base64url"), remainingItemCount: rest.length - page.length };
}

/** Later pages show the objects as they are then, not as of the first page; what is too old is refused like the real one. */
function continued(
  objects: StoredObject[],
  { query, store, resource }: { query: URLSearchParams } & Omit<Reading, "style">,
): StoredObject[] {
  const text = query.get("continue");
  if (!text) return objects;
  const token = tokenSchema.safeParse(parsed(text));
  if (!token.success) throw badRequest("continue key is not valid");
  if (!store.since(resource, token.data.rv))
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. Start a new list without it.",
    );
  return objects.filter((object) => placeOf(object) > token.data.after);
}

function parsed(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
