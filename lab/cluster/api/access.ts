import { randomBytes } from "node:crypto";
import { type ChartRule, chartRules } from "../chart.ts";
import type { ApiRequest } from "./request.ts";
import { StatusError } from "./status.ts";

/** What somebody wants to do; the same question for a request and for a SelfSubjectAccessReview. */
export type Attributes = {
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Instead of a resource: a plain path such as /version. */
  readonly path?: string;
};

type Rule = {
  readonly verbs: readonly string[];
  readonly groups: readonly string[];
  /** `pods`, `pods/exec`; "*" is everything. */
  readonly resources: readonly string[];
  /** Absent: everywhere. */
  readonly namespaces?: readonly string[];
};

export type Identity = {
  readonly user: string;
  readonly groups: readonly string[];
  readonly rules: readonly Rule[];
  readonly isWorker?: boolean;
};

const admin: Identity = {
  user: "kubernetes-admin",
  groups: ["system:masters", "system:authenticated"],
  rules: [{ verbs: ["*"], groups: ["*"], resources: ["*"] }],
};

const granted = (rules: readonly ChartRule[], namespaces?: readonly string[]): Rule[] =>
  rules.map(({ apiGroups, resources, verbs }) => ({
    verbs,
    groups: apiGroups,
    resources,
    ...(namespaces && { namespaces }),
  }));

/** Exactly what the Helm chart grants, so that a missing permission shows in the lab. */
const worker: Identity = {
  isWorker: true,
  user: "system:serviceaccount:netcheck:netcheck-worker",
  groups: ["system:serviceaccounts", "system:serviceaccounts:netcheck", "system:authenticated"],
  rules: [
    ...granted(chartRules("worker-cluster-rules")),
    ...granted(chartRules("worker-agent-rules"), ["netcheck"]),
    ...granted(chartRules("worker-lease-rules"), ["kube-node-lease"]),
  ],
};

const anonymous: Identity = { user: "system:anonymous", groups: ["system:unauthenticated"], rules: [] };

const PUBLIC_PATHS = ["/version", "/healthz", "/livez", "/readyz"];
const DISCOVERY_PATHS = ["/api", "/apis", "/openapi"];

/** Fresh bearer tokens for this run. */
export type Tokens = { readonly admin: string; readonly worker: string };

export function makeTokens(): Tokens {
  return { admin: randomBytes(32).toString("base64url"), worker: randomBytes(32).toString("base64url") };
}

/** Who sends the request. No token is anonymous; an unknown one is refused with 401. */
export function identify(authorization: string | undefined, tokens: Tokens): Identity {
  if (!authorization) return anonymous;
  const token = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
  if (token === tokens.admin) return admin;
  if (token === tokens.worker) return worker;
  throw new StatusError(401, "Unauthorized", "Unauthorized");
}

export function mayDo(identity: Identity, wish: Attributes): boolean {
  if (wish.path !== undefined) return mayReadPath(identity, wish.path) || identity === admin;
  const resource = wish.subresource ? `${wish.resource}/${wish.subresource}` : (wish.resource ?? "");
  const covers = (list: readonly string[], value: string) => list.includes("*") || list.includes(value);
  return identity.rules.some(
    (rule) =>
      covers(rule.verbs, wish.verb) &&
      covers(rule.groups, wish.group ?? "") &&
      covers(rule.resources, resource) &&
      (!rule.namespaces || rule.namespaces.includes(wish.namespace ?? "")),
  );
}

function mayReadPath({ groups }: Identity, path: string): boolean {
  const under = (roots: readonly string[]) => roots.some((root) => path === root || path.startsWith(`${root}/`));
  return under(PUBLIC_PATHS) || (groups.includes("system:authenticated") && under(DISCOVERY_PATHS));
}

export function attributesOf({ path, verb, target }: ApiRequest): Attributes {
  if (!target) return { verb, path };
  const { version: _, ...rest } = target;
  return { verb, ...rest };
}

/** The 403 in the words of the real authorizer. */
export function forbidden({ user }: Identity, wish: Attributes): StatusError {
  const { verb, group = "", resource = "", subresource, namespace, name, path } = wish;
  if (path !== undefined) {
    const message = `forbidden: User "${user}" cannot ${verb} path "${path}"`;
    return new StatusError(403, "Forbidden", message, {});
  }
  const subject = `${group ? `${resource}.${group}` : resource}${name ? ` "${name}"` : ""}`;
  const what = subresource ? `${resource}/${subresource}` : resource;
  const scope = namespace ? `in the namespace "${namespace}"` : "at the cluster scope";
  const message = `${subject} is forbidden: User "${user}" cannot ${verb} resource "${what}" in API group "${group}" ${scope}`;
  return new StatusError(403, "Forbidden", message, { ...(name && { name }), ...(group && { group }), kind: resource });
}
