import type { ServerResponse } from "node:http";
import type { ApiRequest } from "./request.ts";
import { isTrue, wholeNumber } from "./request.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { matcherFor } from "./selectors.ts";
import { badRequest, expired, statusOf } from "./status.ts";
import type { ObjectStore, StoredObject, StoreEvent } from "./store.ts";
import { type TableStyle, tableOf } from "./tables.ts";

const DEFAULT_SECONDS = 1_800;
const BOOKMARK_MS = 60_000;
/** A client that reads slower than this piles up is cut; it will list again. */
const MAX_QUEUED_BYTES = 8_000_000;

type Watch = {
  readonly store: ObjectStore;
  readonly resource: Resource;
  readonly style: TableStyle | undefined;
  /** Pretends that the asked version is no longer known. */
  readonly expireNow: boolean;
};

type Line = { readonly type: StoreEvent["type"] | "BOOKMARK" | "ERROR"; readonly object: unknown };

/** Streams changes as JSON lines until `timeoutSeconds` have passed or the client goes. */
export function watchObjects(
  { response, api }: { response: ServerResponse; api: ApiRequest },
  { store, resource, style, expireNow }: Watch,
): void {
  const { query, target } = api;
  const matches = matcherFor(resource, {
    query,
    ...(target?.namespace !== undefined && { namespace: target.namespace }),
    ...(target?.name !== undefined && { name: target.name }),
  });
  const seconds = wholeNumber(query, "timeoutSeconds") || DEFAULT_SECONDS;
  const past = expireNow ? undefined : pastEvents({ query, store, resource });

  response.writeHead(200, { "Content-Type": "application/json" });
  response.flushHeaders();
  const write = ({ type, object }: Line) => {
    response.write(`${JSON.stringify({ type, object })}\n`);
    if (response.writableLength > MAX_QUEUED_BYTES) response.destroy();
  };
  const shown = (object: StoredObject) =>
    style ? tableOf(resource, [object], { style: { ...style, nowMs: Date.now() } }) : object;
  const pass = (event: StoreEvent) => {
    const type = seenAs(event, matches);
    if (type) write({ type, object: shown(event.object) });
  };

  if (!past) {
    write({
      type: "ERROR",
      object: statusOf(expired(`too old resource version: ${query.get("resourceVersion")} (${store.version})`)),
    });
    response.end();
    return;
  }
  for (const event of past.events) pass(event);
  if (past.announceEnd) write(bookmark({ resource, store, annotations: { "k8s.io/initial-events-end": "true" } }));

  const unfollow = store.follow(resource, pass);
  const marks = isTrue(query.get("allowWatchBookmarks"))
    ? setInterval(() => write(bookmark({ resource, store })), BOOKMARK_MS)
    : undefined;
  const end = setTimeout(() => response.end(), seconds * 1000);
  response.once("close", () => {
    unfollow();
    clearInterval(marks);
    clearTimeout(end);
  });
}

type Past = { readonly events: readonly StoreEvent[]; readonly announceEnd: boolean };

/** What a watch begins with: the changes since a version, or everything there is; undefined when the version has expired. */
function pastEvents({
  query,
  store,
  resource,
}: { query: URLSearchParams } & Pick<Watch, "store" | "resource">): Past | undefined {
  const text = query.get("resourceVersion") ?? "";
  const version = text === "" ? 0 : Number(text);
  if (!Number.isInteger(version) || version < 0)
    throw badRequest(
      `invalid resource version ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  const announceEnd = isTrue(query.get("sendInitialEvents"));
  if (version > 0 && !announceEnd) {
    const events = store.since(resource, version);
    return events && { events, announceEnd };
  }
  const events = store.list(resource).map((object): StoreEvent => ({ type: "ADDED", version: 0, object }));
  return { events, announceEnd };
}

/** With a selector, an object that starts or stops matching appears or disappears. */
function seenAs({ type, object, previous }: StoreEvent, matches: (object: StoredObject) => boolean) {
  const now = type !== "DELETED" && matches(object);
  const before = previous !== undefined && matches(previous);
  if (now) return before ? "MODIFIED" : "ADDED";
  return before ? "DELETED" : undefined;
}

function bookmark({
  resource,
  store,
  annotations,
}: Pick<Watch, "resource" | "store"> & { annotations?: Record<string, string> }): Line {
  const metadata = {
    resourceVersion: `${store.version}`,
    creationTimestamp: null,
    ...(annotations && { annotations }),
  };
  return { type: "BOOKMARK", object: { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata } };
}
