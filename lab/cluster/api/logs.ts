import type { ServerResponse } from "node:http";
import type { LabContainer, LabModel } from "../model.ts";
import { chooseContainer } from "./containers.ts";
import type { ApiRequest } from "./request.ts";
import { isTrue, wholeNumber } from "./request.ts";
import { badRequest, internalError, notFound } from "./status.ts";

/** The model keeps lines but announces none, so followers look for new ones this often. */
const FOLLOW_MS = 100;

type Line = LabContainer["log"][number];

/** Streams a container's output: container, follow, tailLines, sinceSeconds, sinceTime, timestamps, limitBytes. */
export function sendLogs({
  response,
  api,
  model,
}: {
  response: ServerResponse;
  api: ApiRequest;
  model: LabModel;
}): void {
  const { query, target } = api;
  const name = target?.name ?? "";
  const pod = model.pods.get(`${target?.namespace}/${name}`);
  if (!pod) throw notFound({ resource: "pods", name });
  const container = chooseContainer(pod, query.get("container") || undefined);
  if (isTrue(query.get("previous")))
    throw badRequest(`previous terminated container "${container.name}" in pod "${name}" not found`);
  if (container.state === "waiting" && container.log.length === 0)
    throw badRequest(
      `container "${container.name}" in pod "${name}" is waiting to start: ${container.reason ?? "ContainerCreating"}`,
    );
  const node = model.nodes.get(pod.node);
  if (node?.ready === "Unknown")
    throw internalError(
      `Get "https://${node.ip}:10250/containerLogs/${pod.namespace}/${name}/${container.name}": dial tcp ${node.ip}:10250: connect: no route to host`,
    );
  const options = {
    query,
    withTime: isTrue(query.get("timestamps")),
    limitBytes: wholeNumber(query, "limitBytes", 1) ?? Infinity,
  };
  const asked = selected(container.log, { query, nowMs: Date.now() });
  response.writeHead(200, { "Content-Type": "text/plain" });
  response.flushHeaders();
  const room = writeLines(response, asked, options);
  if (!isTrue(query.get("follow")) || room <= 0) response.end();
  else {
    const gone = () => model.pods.get(`${pod.namespace}/${name}`) !== pod;
    follow({ response, container, withTime: options.withTime, room, gone });
  }
}

function selected(log: readonly Line[], { query, nowMs }: { query: URLSearchParams; nowMs: number }): readonly Line[] {
  const seconds = wholeNumber(query, "sinceSeconds", 1);
  const time = query.get("sinceTime");
  const sinceMs = seconds !== undefined ? nowMs - seconds * 1000 : time ? Date.parse(time) : 0;
  if (Number.isNaN(sinceMs)) throw badRequest(`invalid value for sinceTime: ${JSON.stringify(time)}`);
  const recent = log.filter(({ atMs }) => atMs >= sinceMs);
  const tail = wholeNumber(query, "tailLines");
  return tail === undefined ? recent : recent.slice(Math.max(0, recent.length - tail));
}

/** Writes what fits and returns how many bytes are left. */
function writeLines(
  response: ServerResponse,
  lines: readonly Line[],
  { withTime, limitBytes }: { withTime: boolean; limitBytes: number },
): number {
  let room = limitBytes;
  for (const { atMs, line } of lines) {
    const time = withTime ? `${new Date(atMs).toISOString().replace("Z", "000000Z")} ` : "";
    const bytes = Buffer.from(`${time}${line}\n`).subarray(0, room);
    response.write(bytes);
    room -= bytes.length;
    if (room <= 0) break;
  }
  return room;
}

type Following = {
  readonly response: ServerResponse;
  readonly container: LabContainer;
  readonly withTime: boolean;
  readonly room: number;
  /** Whether the pod has been deleted. */
  readonly gone: () => boolean;
};

/** The log is bounded and drops its oldest lines, so the place reached is remembered as a line, not as an index. */
function follow({ response, container, withTime, room, gone }: Following): void {
  let limitBytes = room;
  let reached = container.log.at(-1);
  const timer = setInterval(() => {
    const at = reached ? container.log.lastIndexOf(reached) : -1;
    limitBytes = writeLines(response, container.log.slice(at + 1), { withTime, limitBytes });
    reached = container.log.at(-1) ?? reached;
    if (limitBytes <= 0 || container.state === "terminated" || gone()) response.end();
  }, FOLLOW_MS);
  response.once("close", () => clearInterval(timer));
}
