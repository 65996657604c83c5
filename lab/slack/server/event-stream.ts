import type { ServerResponse } from "node:http";
import type { LabEvent } from "../protocol.ts";
import type { World } from "./world.ts";

const KEEP_ALIVE_MS = 15_000;
/** A reader that lets this much pile up is cut off; it reads /lab/state again when it comes back. */
const BACKLOG_BYTES = 4 * 1024 * 1024;

/** Sends every change as a server-sent event until the reader goes. */
export function streamEvents(world: World, response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write("retry: 1000\n\n");
  const send = (event: LabEvent): void => {
    response.write(`data: ${JSON.stringify(event)}\n\n`);
    if (response.writableLength > BACKLOG_BYTES) response.destroy();
  };
  const keepAlive = setInterval(() => response.write(": still here\n\n"), KEEP_ALIVE_MS);
  keepAlive.unref();
  world.changes.on("change", send);
  response.on("close", () => {
    clearInterval(keepAlive);
    world.changes.off("change", send);
  });
}
