import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { mimetypeOf } from "./files.ts";

const WEB_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".map": "application/json",
};

const NO_PAGE =
  "The lab Slack is running; its web page was not built. The control API is under /lab (try /lab/state), the Web API under /api.\n";

/** Serves the built page; addresses without a file name are the page itself, which routes them. */
export async function serveStatic(pageDir: string | undefined, path: string, response: ServerResponse): Promise<void> {
  if (pageDir === undefined) {
    response.writeHead(path === "/" ? 200 : 404, { "Content-Type": "text/plain; charset=utf-8" }).end(NO_PAGE);
    return;
  }
  const wanted = extname(path) === "" ? "index.html" : normalize(path).replace(/^[/\\]+/, "");
  const file = join(pageDir, wanted);
  if (!file.startsWith(join(pageDir, sep))) {
    response.writeHead(404).end();
    return;
  }
  try {
    const bytes = await readFile(file);
    const type = WEB_TYPES[extname(file)] ?? mimetypeOf(file);
    const cache = wanted.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    response.writeHead(200, { "Content-Type": type, "Cache-Control": cache }).end(bytes);
  } catch {
    response.writeHead(404, { "Content-Type": "text/plain" }).end("not found\n");
  }
}
