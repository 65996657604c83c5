import type { IncomingMessage } from "node:http";
import { badRequest } from "./status.ts";

/** An API request taken apart: which verb on which resource, or which plain path such as /version. */
export type ApiRequest = {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly verb: string;
  /** Absent for plain paths. */
  readonly target?: ApiTarget;
};

export type ApiTarget = {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
};

const VERBS: Record<string, string> = { POST: "create", PUT: "update", PATCH: "patch" };

/** Reads method and URL. Whether the resource exists is not decided here. */
export function parseRequest({ method = "GET", url = "/" }: Pick<IncomingMessage, "method" | "url">): ApiRequest {
  const { pathname, searchParams: query } = new URL(url, "https://127.0.0.1");
  const target = parseTarget(segmentsOf(pathname));
  const path = pathname;
  if (!target) return { path, query, verb: method.toLowerCase() };
  return { path, query, target, verb: VERBS[method] ?? readOrDelete({ method, target, query }) };
}

function readOrDelete({
  method,
  target,
  query,
}: {
  method: string;
  target: ApiTarget;
  query: URLSearchParams;
}): string {
  const named = target.name !== undefined;
  if (method === "DELETE") return named ? "delete" : "deletecollection";
  if (method !== "GET" && method !== "HEAD") throw badRequest(`unsupported method ${method}`);
  if (isTrue(query.get("watch"))) return "watch";
  return named ? "get" : "list";
}

function segmentsOf(pathname: string): string[] {
  try {
    return pathname.split("/").slice(1).map(decodeURIComponent);
  } catch {
    throw badRequest(`the path ${pathname} is not well encoded`);
  }
}

/** `/api/v1/…` and `/apis/GROUP/VERSION/…` with at least a resource; `namespaces/NS` alone is the namespace object. */
function parseTarget(segments: readonly string[]): ApiTarget | undefined {
  const [root, ...rest] = segments;
  if (root !== "api" && root !== "apis") return undefined;
  const [group = "", version, ...path] = root === "api" ? ["", ...rest] : rest;
  if (!version || !path[0]) return undefined;
  const scoped = path[0] === "namespaces" && path.length > 2 && path[2] !== "status" && path[2] !== "finalize";
  const [resource, name, subresource, ...excess] = scoped ? path.slice(2) : path;
  if (!resource || excess.length > 0) return undefined;
  return {
    group,
    version,
    resource,
    ...(scoped && path[1] !== undefined && { namespace: path[1] }),
    ...(name && { name }),
    ...(subresource && { subresource }),
  };
}

export const isTrue = (value: string | null): boolean => value === "true" || value === "1";

/** A query parameter that must be a whole number of at least `min`; undefined when it is absent. */
export function wholeNumber(query: URLSearchParams, name: string, min = 0): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min) throw badRequest(`invalid value for ${name}: ${JSON.stringify(text)}`);
  return value;
}
