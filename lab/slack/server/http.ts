import type { IncomingMessage, ServerResponse } from "node:http";
import { LabError } from "./errors.ts";

/** Reads a request's body; more than `maxBytes` is refused. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new LabError("The request is too large.", { status: 413 });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Fields of a form or of a JSON object, as the content type says. */
export function parseFields(body: Buffer, contentType = ""): Readonly<Record<string, unknown>> {
  const text = body.toString();
  if (!contentType.includes("json")) return Object.fromEntries(new URLSearchParams(text));
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Falls through: text that is not JSON is as wrong as JSON that is no object.
  }
  throw new LabError("The body is not a JSON object.");
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", ...headers });
  response.end(JSON.stringify(body));
}

/**
 * The bytes of an upload: the body itself, or the file part of a form (RFC 7578), which the SDK sends.
 * Only the first part that carries a file name counts.
 */
export async function uploadedBytes(body: Buffer, contentType = ""): Promise<Buffer> {
  if (!contentType.startsWith("multipart/form-data")) return body;
  const form = await new Response(new Uint8Array(body), { headers: { "Content-Type": contentType } }).formData();
  for (const value of form.values()) if (typeof value !== "string") return Buffer.from(await value.arrayBuffer());
  throw new LabError("The form has no file.");
}
