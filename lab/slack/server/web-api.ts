import type { IncomingMessage, ServerResponse } from "node:http";
import type { Json } from "../protocol.ts";
import { type ApiMethod, Args, needScope } from "./api/method.ts";
import { methods } from "./api/methods.ts";
import { ApiError } from "./errors.ts";
import type { Fault } from "./faults.ts";
import { parseFields, readBody, sendJson } from "./http.ts";
import type { Lab } from "./lab.ts";
import { record } from "./world.ts";

const BODY_MAX_BYTES = 2_000_000;

/** Answers one call of the Web API: token, scripted faults, budgets, scopes, then the method itself. */
export async function handleApi(
  lab: Lab,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request, BODY_MAX_BYTES);
  const query = new URL(request.url ?? "/", "http://lab").searchParams;
  const args = new Args({
    ...Object.fromEntries(query),
    ...parseFields(body, request.headers["content-type"]),
  });
  const channel = args.text("channel") ?? args.text("channel_id");
  const fault = methods.has(name) ? lab.faults.take(name, channel) : undefined;
  const log = (ok: boolean, error?: string): void =>
    record(lab.world, { kind: "api", name, ok, ...(error && { error }), ...(channel && { channel }) });

  if (fault?.kind === "rate_limited") return tooMany(response, fault.retryAfterS, log);
  if (fault?.when === "before") return strike(fault, request, response, log);
  const waitS = budget(lab, name, channel);
  if (waitS !== undefined) return tooMany(response, waitS, log);

  const answer = call(lab, name, args, bearer(request) ?? args.text("token"));
  if (fault && answer["ok"] === true) return strike(fault, request, response, log);
  log(answer["ok"] === true, answer["ok"] === true ? undefined : String(answer["error"]));
  sendJson(response, 200, answer, { "x-oauth-scopes": [...lab.world.scopes].join(",") });
}

const bearer = ({ headers }: IncomingMessage): string | undefined =>
  /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];

function call(lab: Lab, name: string, args: Args, token: string | undefined): Json {
  try {
    const method = methods.get(name);
    if (!method) throw new ApiError("unknown_method", { req_method: name });
    checkToken(lab, method, token);
    if (method.scope) needScope(lab.world, method.scope);
    return { ok: true, ...method.handle(lab, args) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { ok: false, error: error.error, ...error.details };
  }
}

function checkToken({ world: { tokens } }: Lab, method: ApiMethod, token: string | undefined): void {
  if (method.token === "none") return;
  if (!token) throw new ApiError("not_authed");
  if (token !== tokens.bot && token !== tokens.app) throw new ApiError("invalid_auth");
  if (token !== tokens[method.token]) throw new ApiError("not_allowed_token_type");
}

function budget(lab: Lab, name: string, channel: string | undefined): number | undefined {
  const method = methods.get(name);
  if (!lab.quirks.rateLimits || !method) return undefined;
  return lab.rateLimits.spend(name, method.limit, channel, lab.world.clock.nowMs());
}

type Log = (ok: boolean, error?: string) => void;

function tooMany(response: ServerResponse, retryAfterS: number, log: Log): void {
  log(false, "ratelimited");
  sendJson(response, 429, { ok: false, error: "ratelimited" }, { "Retry-After": String(retryAfterS) });
}

/** Lets a scripted fault happen. A hanging call is held until the app gives up or the server closes. */
function strike(fault: Fault, request: IncomingMessage, response: ServerResponse, log: Log): void {
  const when = fault.when === "after" ? "_after_acceptance" : "";
  switch (fault.kind) {
    case "drop":
      log(false, `drop${when}`);
      request.socket.destroy();
      return;
    case "hang":
      log(false, `hang${when}`);
      return;
    case "http_error":
      log(false, `http_${fault.status}${when}`);
      response.writeHead(fault.status, { "Content-Type": "text/html" }).end("<html>Server error</html>");
      return;
    default:
      log(false, fault.error);
      sendJson(response, 200, { ok: false, error: fault.error });
  }
}
