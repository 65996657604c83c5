import type { IncomingMessage } from "node:http";
import { readProtobuf, type WireFields } from "./protobuf.ts";
import { badRequest, StatusError } from "./status.ts";

const MAX_BYTES = 1_000_000;

/** A request body: JSON, or the fields of a protobuf message, which typed kubectl commands send. */
export type Body = { readonly json: unknown } | { readonly protobuf: WireFields };

export async function readBody(request: IncomingMessage): Promise<Body> {
  const bytes = await collected(request);
  const type = (request.headers["content-type"] ?? "application/json").split(";")[0];
  if (type === "application/vnd.kubernetes.protobuf") return { protobuf: readProtobuf(bytes) };
  if (type !== "application/json")
    throw new StatusError(415, "UnsupportedMediaType", `the body of the request was in an unknown format: ${type}`);
  try {
    return { json: JSON.parse(bytes.toString("utf8")) };
  } catch (error) {
    throw badRequest(`couldn't parse the body as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function collected(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BYTES) throw new StatusError(413, "RequestEntityTooLarge", `limit is ${MAX_BYTES}`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
