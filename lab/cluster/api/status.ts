import type { ServerResponse } from "node:http";

type Details = {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly retryAfterSeconds?: number;
};

/** A refusal as the API words it; the edges turn it into a `Status` body with the same HTTP code. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Details | undefined;

  constructor(code: number, reason: string, message: string, details?: Details) {
    super(message);
    this.name = "StatusError";
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

export const badRequest = (message: string): StatusError => new StatusError(400, "BadRequest", message);

export const internalError = (message: string): StatusError => new StatusError(500, "InternalError", message);

export const expired = (message = "The resourceVersion for the provided watch is too old."): StatusError =>
  new StatusError(410, "Expired", message);

/** `resource` is the plural; objects of a named group are worded `deployments.apps "web" not found`. */
export function notFound({
  resource,
  group = "",
  name,
}: {
  resource: string;
  group?: string;
  name: string;
}): StatusError {
  const qualified = group ? `${resource}.${group}` : resource;
  return new StatusError(404, "NotFound", `${qualified} "${name}" not found`, {
    name,
    kind: resource,
    ...(group && { group }),
  });
}

export const noSuchResource = (): StatusError =>
  new StatusError(404, "NotFound", "the server could not find the requested resource");

/** The `metav1.Status` object for a failure of any sort; a bug is an InternalError, as in a real API server. */
export function statusOf(error: unknown): Record<string, unknown> & { readonly code: number } {
  const known = error instanceof StatusError ? error : internalError(`Internal error occurred: ${String(error)}`);
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: known.message,
    reason: known.reason,
    ...(known.details && { details: known.details }),
    code: known.code,
  };
}

export function sendJson(response: ServerResponse, code: number, body: unknown): void {
  const text = Buffer.from(JSON.stringify(body));
  response.writeHead(code, { "Content-Type": "application/json", "Content-Length": text.length });
  response.end(text);
}

/** Answers with a `Status`, or ends the connection when part of another answer is already on its way. */
export function sendStatus(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const seconds = error instanceof StatusError ? error.details?.retryAfterSeconds : undefined;
  if (seconds !== undefined) response.setHeader("Retry-After", seconds);
  const body = statusOf(error);
  sendJson(response, body.code, body);
}
