import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { ActionRequest, Json } from "../protocol.ts";
import { dismissView, openHome, pickShortcut, pressControl, submitView } from "./clicks.ts";
import { LabError } from "./errors.ts";
import { streamEvents } from "./event-stream.ts";
import { faultSchema, quirksSchema } from "./faults.ts";
import { parseFields, readBody, sendJson } from "./http.ts";
import type { Lab } from "./lab.ts";
import { invite, react, sendCommand, sendMessage, setUserGroup, shareChannel } from "./people.ts";
import { verifyRequestUrl } from "./request-url.ts";
import { resetLab, stateOfLab } from "./state.ts";

const BODY_MAX_BYTES = 1_000_000;

const id = z.string().min(1);
const values = z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown())));
const spoken = z.object({ channel: id, user: id, text: z.string().max(40_000), thread_ts: id.optional() });
const action = z.looseObject({
  user: id,
  action_id: id,
  channel: id.optional(),
  message_ts: id.optional(),
  view_id: id.optional(),
  block_id: z.string().optional(),
  value: z.string().optional(),
  confirm: z.boolean().optional(),
  values: values.optional(),
  stale: z.boolean().optional(),
});

/** What POST /lab/faults takes: one fault, or `clear`, quirks of the day, or something done to the connections. */
const disturbance = z.union([
  faultSchema,
  z.strictObject({ clear: z.literal(true) }),
  z.strictObject({ quirks: quirksSchema }),
  z.strictObject({
    sockets: z.enum(["warning", "refresh_requested", "silent", "cut"]),
    connection: z.number().int().optional(),
    forMs: z.number().min(0).default(30_000),
  }),
  z.strictObject({ redeliver: id, retryAttempt: z.number().int().min(0).default(0) }),
  z.strictObject({ requestUrl: z.string().nullable() }),
]);
export type Disturbance = z.input<typeof disturbance>;

const clockRequest = z.strictObject({
  mode: z.enum(["real", "virtual"]).optional(),
  advanceMs: z.number().min(0).optional(),
});

/** Applies one disturbance. */
export async function disturb(lab: Lab, request: Disturbance): Promise<Json> {
  const wish = disturbance.parse(request);
  const { hub } = lab.delivery;
  if ("clear" in wish) {
    lab.faults.clear();
    return {};
  }
  if ("quirks" in wish) {
    Object.assign(lab.quirks, wish.quirks);
    return { quirks: lab.quirks };
  }
  if ("sockets" in wish) {
    const { sockets, connection, forMs } = wish;
    if (sockets === "silent") return { connections: hub.silence(forMs, connection) };
    if (sockets === "cut") return { connections: hub.cut(connection) };
    return { connections: hub.disconnect(sockets, connection) };
  }
  if ("redeliver" in wish) {
    const { body: _, ...ack } = await lab.delivery.redeliver(wish.redeliver, wish.retryAttempt);
    return ack;
  }
  if ("requestUrl" in wish) {
    if (wish.requestUrl) await verifyRequestUrl(wish.requestUrl, lab.world.tokens.signingSecret);
    lab.delivery.requestUrl = wish.requestUrl ?? undefined;
    return { requestUrl: wish.requestUrl };
  }
  lab.faults.add(wish);
  return { faults: lab.faults.list() };
}

/** Moves or switches the lab's clock. */
function setClock({ world: { clock } }: Lab, request: z.infer<typeof clockRequest>): Json {
  if (request.mode === "virtual") clock.freeze();
  if (request.mode === "real") clock.run();
  if (request.advanceMs) clock.advance(request.advanceMs);
  return { mode: clock.mode, nowMs: clock.nowMs() };
}

type Route = (lab: Lab, body: unknown) => unknown;
const route =
  <T>(schema: z.ZodType<T>, act: (lab: Lab, request: T) => unknown): Route =>
  (lab, body) =>
    act(lab, schema.parse(body));

const routes: Readonly<Record<string, Route>> = {
  "GET state": stateOfLab,
  "GET log": ({ world }) => world.log,
  "POST command": route(spoken, sendCommand),
  "POST message": route(spoken, sendMessage),
  "POST action": route(action, (lab, request) => pressControl(lab, request as ActionRequest)),
  "POST view/submit": route(z.object({ user: id, view_id: id, values: values.default({}) }), submitView),
  "POST view/close": route(z.object({ user: id, view_id: id, clear: z.boolean().optional() }), dismissView),
  "POST shortcut": route(
    z.object({ user: id, callback_id: id, channel: id.optional(), message_ts: id.optional() }),
    pickShortcut,
  ),
  "POST home/open": route(z.object({ user: id }), openHome),
  "POST reaction": route(
    z.object({ user: id, channel: id, message_ts: id, name: id, remove: z.boolean().optional() }),
    (lab, request) => react(lab, request) ?? {},
  ),
  "POST invite": route(z.object({ user: id, channel: id }), invite),
  "POST usergroup": route(z.object({ handle: id, users: z.array(id) }), setUserGroup),
  "POST share": route(z.object({ channel: id, shared: z.boolean(), pending: z.boolean().optional() }), shareChannel),
  "POST faults": (lab, body) => disturb(lab, body as Disturbance),
  "POST clock": route(clockRequest, setClock),
  "POST reset": (lab) => resetLab(lab) ?? {},
};

/** Answers /lab/…: what a person, the page, the demo and the tests do with the lab. Mistakes are 4xx with `error`. */
export async function handleControl(
  lab: Lab,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === "GET" && path === "events") return streamEvents(lab.world, response);
  const act = routes[`${request.method} ${path}`];
  if (!act) throw new LabError(`There is no ${request.method} /lab/${path}.`, { status: 404 });
  const body = request.method === "POST" ? parseFields(await readBody(request, BODY_MAX_BYTES), "json") : undefined;
  sendJson(response, 200, await act(lab, body));
}
