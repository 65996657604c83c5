import type { IncomingMessage, ServerResponse } from "node:http";
import type { LabModel } from "../model.ts";
import { type Attributes, attributesOf, forbidden, type Identity, mayDo } from "./access.ts";
import { reviewAccess } from "./access-review.ts";
import { readBody } from "./body.ts";
import type { Asker } from "./call-log.ts";
import { RESOURCES } from "./catalogue.ts";
import { discover } from "./discovery.ts";
import type { FaultSwitches } from "./faults.ts";
import { sendLogs } from "./logs.ts";
import { getObject, listObjects } from "./read.ts";
import type { ApiRequest, ApiTarget } from "./request.ts";
import type { Resource } from "./resource.ts";
import { SERVER_VERSION } from "./server-version.ts";
import { badRequest, noSuchResource, StatusError, sendJson } from "./status.ts";
import type { ObjectStore } from "./store.ts";
import { tableStyle } from "./tables.ts";
import { watchObjects } from "./watch.ts";
import { WRITERS, write } from "./write.ts";

export type Call = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly api: ApiRequest;
  readonly identity: Identity;
};

export type Served = {
  readonly model: LabModel;
  readonly store: ObjectStore;
  readonly faults: FaultSwitches;
  /** host:port, as discovery tells it. */
  readonly address: string;
  /** Told of everything that is allowed, and who asked for it. */
  readonly note: (wish: Attributes, from: Asker) => void;
  /** Told how many objects each answer to a list holds. */
  readonly listed: (objects: number) => void;
};

/** Answers one request that is no upgrade. Throws StatusError for everything that is refused. */
export async function route(call: Call, served: Served): Promise<void> {
  const { api, identity, response } = call;
  const wish = attributesOf(api);
  if (!mayDo(identity, wish)) throw forbidden(identity, wish);
  served.note(wish, { identity, userAgent: call.request.headers["user-agent"] });
  const verdict = served.faults.check(api, identity);
  if (api.target?.version !== "v1") {
    answerPath(call, served);
    return;
  }
  if (api.target.group === "authorization.k8s.io") {
    sendJson(response, 201, await review(call, served));
    return;
  }
  const resource = resourceFor(api.target);
  if (api.target.subresource) answerSubresource(call, served);
  else await answerResource(call, { ...served, resource, expireNow: verdict === "expired" });
}

function answerPath({ api, response }: Call, { address }: Served): void {
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(api.path)) {
    response.writeHead(200, { "Content-Type": "text/plain" }).end("ok");
    return;
  }
  const document = api.path === "/version" ? SERVER_VERSION : discover(api.path, address);
  if (document === undefined) throw noSuchResource();
  sendJson(response, 200, document);
}

async function review({ api, identity, request }: Call, { faults }: Served): Promise<unknown> {
  if (api.target?.resource !== "selfsubjectaccessreviews") throw noSuchResource();
  if (api.verb !== "create") throw notAllowed(api);
  return reviewAccess(await readBody(request), identity, (wish) => faults.forbids(wish));
}

/** Kinds that are not served, and names at the wrong place (a pod without a namespace), are unknown resources. */
function resourceFor({ group, resource: name, namespace, name: object }: ApiTarget): Resource {
  const resource = RESOURCES.find((candidate) => candidate.group === group && candidate.name === name);
  if (!resource) throw noSuchResource();
  const misplaced = resource.namespaced ? object !== undefined && namespace === undefined : namespace !== undefined;
  if (misplaced) throw noSuchResource();
  return resource;
}

function answerSubresource({ api, response }: Call, { model }: Served): void {
  const { target, verb } = api;
  if (target?.group !== "" || target.resource !== "pods") throw noSuchResource();
  if (target.subresource === "exec") throw badRequest("Upgrade request required");
  if (target.subresource !== "log") throw noSuchResource();
  if (verb !== "get") throw notAllowed(api);
  sendLogs({ response, api, model });
}

async function answerResource(
  { api, request, response }: Call,
  {
    model,
    store,
    faults,
    resource,
    expireNow,
    listed,
  }: Served & { readonly resource: Resource; readonly expireNow: boolean },
): Promise<void> {
  // Kubelets renew their leases without a word to anybody.
  if (resource.name === "leases") store.refresh(resource);
  const style = tableStyle(request.headers.accept, api.query, Date.now());
  const reading = { store, resource, style };
  switch (api.verb) {
    case "get":
      sendJson(response, 200, getObject(api, reading));
      return;
    case "list": {
      const { answer, objects } = listObjects(api, reading);
      listed(objects);
      sendJson(response, 200, answer);
      return;
    }
    case "watch":
      watchObjects({ response, api }, { ...reading, expireNow });
      return;
    case "create":
    case "delete": {
      const { writes } = model;
      const writer = writes && WRITERS[`${resource.group}/${resource.name}`];
      if (!writer) throw notAllowed(api);
      if (api.query.has("dryRun")) throw badRequest("the lab knows no dry run");
      const staying = faults.now.namespacesStay;
      const body = api.verb === "create" ? await readBody(request) : undefined;
      sendJson(
        response,
        body ? 201 : 200,
        await write({ api, body }, { writer, writes, model, store, resource, staying }),
      );
      return;
    }
    default:
      throw notAllowed(api);
  }
}

const notAllowed = ({ verb, target }: ApiRequest): StatusError =>
  new StatusError(
    405,
    "MethodNotAllowed",
    `the server does not allow ${verb} on ${target?.resource}: what is in the lab comes from its topology and its faults`,
  );
