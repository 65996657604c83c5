import { z } from "zod";
import { placeOf } from "./crowd.ts";
import type { ApiRequest } from "./request.ts";
import { wholeNumber } from "./request.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { equalFields, matcherFor } from "./selectors.ts";
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

/** The matching objects in order, one page of them when `limit` is set, as the API answers; and how many they are. */
export function listObjects(
  { query, target }: ApiRequest,
  { store, resource, style }: Reading,
): { readonly answer: unknown; readonly objects: number } {
  const namespace = target?.namespace;
  const selectors = ["labelSelector", "fieldSelector"].map((name) => query.get(name) ?? "");
  const { objects, left } = store.page(resource, {
    namespace,
    fields: equalFields(selectors[1] ?? ""),
    matches: matcherFor(resource, { query, ...(namespace !== undefined && { namespace }) }),
    after: continued({ query, store, resource }),
    limit: limitOf(query),
    selective: selectors.some((selector) => selector !== ""),
  });
  const metadata = { resourceVersion: `${store.version}`, ...more(objects, { left, store }) };
  if (style) return { answer: tableOf(resource, objects, { style, metadata }), objects: objects.length };
  // Inside a list, kind and version stand once, at the top.
  const items = objects.map(({ kind: _kind, apiVersion: _version, ...object }) => object);
  const answer = { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata, items };
  return { answer, objects: items.length };
}

/** Lists of any version come from the watch cache, which knows no limit (kubernetes#70735). */
function limitOf(query: URLSearchParams): number {
  const limit = wholeNumber(query, "limit") ?? 0;
  return query.get("resourceVersion") === "0" ? 0 : limit;
}

const tokenSchema = z.object({ rv: z.number(), after: z.string() });

function more(
  page: readonly StoredObject[],
  { left, store }: { left: number | "some"; store: ObjectStore },
): { continue?: string; remainingItemCount?: number } {
  const last = page.at(-1);
  if (!last || left === 0) return {};
  const token = JSON.stringify({ rv: store.version, after: placeOf(last) });
  return { continue: Buffer.from(token).toString("base64url"), ...(left !== "some" && { remainingItemCount: left }) };
}

/**
 * The place behind which a list goes on. Later pages show the objects as they are then, not as of the first page; what is too
 * old is refused like the real one.
 */
function continued({ query, store, resource }: { query: URLSearchParams } & Omit<Reading, "style">): string {
  const text = query.get("continue");
  if (!text) return "";
  const token = tokenSchema.safeParse(parsed(text));
  if (!token.success) throw badRequest("continue key is not valid");
  if (!store.since(resource, token.data.rv))
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. Start a new list without it.",
    );
  return token.data.after;
}

function parsed(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
