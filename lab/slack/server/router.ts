import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { handleControl } from "./control.ts";
import { LabError } from "./errors.ts";
import { mimetypeOf, takeBytes } from "./files.ts";
import { parseFields, readBody, sendJson, uploadedBytes } from "./http.ts";
import type { Lab } from "./lab.ts";
import { answerResponseUrl } from "./response-urls.ts";
import { serveStatic } from "./static-files.ts";
import { handleApi } from "./web-api.ts";
import { record } from "./world.ts";

const UPLOAD_MAX_BYTES = 64 * 1024 * 1024;
const RESPONSE_MAX_BYTES = 1_000_000;
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/** Handles one request of any kind. Never throws: what goes wrong becomes an answer. */
export async function handleRequest(
  lab: Lab,
  pageDir: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    guard(request);
    await dispatch(lab, pageDir, request, response);
  } catch (error) {
    if (response.headersSent || response.destroyed) return void response.destroy();
    if (error instanceof LabError) sendJson(response, error.status, { error: error.message });
    else if (error instanceof z.ZodError) sendJson(response, 400, { error: z.prettifyError(error) });
    else sendJson(response, 500, { ok: false, error: "fatal_error", detail: String(error) });
  }
}

/** Other web sites must not reach the lab through a browser: neither by a name that points here nor by a script. */
function guard({ headers }: IncomingMessage): void {
  const origin = headers.origin && headers.origin !== "null" ? new URL(headers.origin).host : undefined;
  if (!LOOPBACK.test(headers.host ?? "") || (origin !== undefined && !LOOPBACK.test(origin)))
    throw new LabError("The lab answers on loopback only.", { status: 403 });
}

async function dispatch(
  lab: Lab,
  pageDir: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://lab");
  const [, area = "", ...rest] = pathname.split("/");
  const below = rest.join("/");
  switch (area) {
    case "api":
      return handleApi(lab, below, request, response);
    case "lab":
      return handleControl(lab, below, request, response);
    case "response":
      return takeResponse(lab, below, request, response);
    case "upload":
      return takeUpload(lab, below, request, response);
    case "files":
      return sendFile(lab, rest[0] ?? "", response);
    default:
      return serveStatic(pageDir, decodeURIComponent(pathname), response);
  }
}

async function takeResponse(lab: Lab, id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request, RESPONSE_MAX_BYTES);
  const answer = answerResponseUrl(lab, id, parseFields(body, "json"));
  sendJson(response, answer.status, answer.body);
}

async function takeUpload(lab: Lab, id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request, UPLOAD_MAX_BYTES);
  const bytes = await uploadedBytes(body, request.headers["content-type"]);
  const fault = lab.faults.take("upload", undefined);
  if (fault?.kind === "drop") return void request.socket.destroy();
  if (fault) return void response.writeHead(fault.status).end();
  takeBytes(lab.world, id, bytes);
  record(lab.world, { kind: "upload", name: id, ok: true });
  response.writeHead(200, { "Content-Type": "text/plain" }).end(`OK - ${bytes.length}`);
}

function sendFile(lab: Lab, id: string, response: ServerResponse): void {
  const file = lab.world.files.get(id);
  if (!file?.bytes) throw new LabError("There is no such file.", { status: 404 });
  const type = mimetypeOf(file.object.name);
  response.writeHead(200, {
    "Content-Type": type,
    "Content-Length": file.bytes.length,
    // Uploads are shown, never run.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(file.bytes);
}
