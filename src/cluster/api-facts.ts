import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { request as plain } from "node:http";
import { request as secure } from "node:https";
import type { User } from "@kubernetes/client-node";
import type { ClientOptions } from "ws";
import { NetcheckError } from "../core/errors.ts";
import { clockOfHeader } from "../doctor/clock.ts";
import type { ApiFacts } from "../doctor/judge-api.ts";
import { awayOf } from "../doctor/network.ts";
import type { Kube } from "./kube-client.ts";
import { missingPermissions, needed } from "./permissions.ts";

const MOST_BYTES = 64 << 10;

type Limits = { readonly limitMs: number; readonly nowMs: () => number };

/** Asks the API server who it is, what time it has and what netcheck may do. Reviews of access are made and change nothing. */
export async function apiFacts(kube: Kube, agentNamespace: string, limits: Limits): Promise<ApiFacts> {
  const [answer, permissions] = await Promise.all([
    askVersion(kube, limits),
    askPermissions(kube, agentNamespace, limits),
  ]);
  return { server: kube.exec.server(), credential: credentialOf(kube.config.getCurrentUser()), answer, permissions };
}

async function askPermissions(kube: Kube, namespace: string, { limitMs }: Limits): Promise<ApiFacts["permissions"]> {
  try {
    const missing = await missingPermissions(kube, namespace, { deadlineMs: limitMs });
    return { asked: needed(namespace).length, missing };
  } catch (error) {
    if (error instanceof NetcheckError) return { unread: error.message };
    throw error;
  }
}

/** Not by client-node, which does not show the answer's head. */
async function askVersion(kube: Kube, { limitMs, nowMs }: Limits): Promise<ApiFacts["answer"]> {
  try {
    const { headers, agent, ca, cert, key, rejectUnauthorized, servername } =
      (await kube.exec.options()) as ClientOptions & {
        readonly servername?: string;
      };
    const tls = { ca, cert, key, rejectUnauthorized, servername };
    const url = new URL("/version", kube.exec.server());
    const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
    const sentMs = nowMs();
    const { promise, resolve, reject } = Promise.withResolvers<ApiFacts["answer"]>();
    const options = {
      headers: { ...headers },
      ...given,
      agent: agent ?? false,
      signal: AbortSignal.timeout(limitMs),
    };
    const request = (url.protocol === "http:" ? plain : secure)(url, options, (response) => {
      const clock = clockOfHeader(response.headers.date, { sentMs, gotMs: nowMs() });
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += text.length < MOST_BYTES ? part : "";
      });
      response.on("error", reject);
      response.on("end", () => {
        const version = /"gitVersion":\s*"(v[^"]{1,80})"/.exec(text)?.[1];
        const status = response.statusCode ?? 0;
        resolve({ outcome: "answered", status, ...(version !== undefined && { version }), ...(clock && { clock }) });
      });
    });
    request.on("error", reject).end();
    return await promise;
  } catch (error) {
    return { outcome: "away", ...awayOf(error) };
  }
}

/** What kind of credential it is and until when it holds. The credential itself goes nowhere. */
function credentialOf(user: User | null): ApiFacts["credential"] {
  if (!user) return { kind: "none" };
  if (user.token) return { kind: "token", ...until(tokenEndMs(user.token)) };
  if (user.certData || user.certFile) return { kind: "certificate", ...until(certificateEndMs(user)) };
  return { kind: user.exec || user.authProvider || user.username ? "other" : "none" };
}

const until = (untilMs: number | undefined) => (untilMs === undefined ? {} : { untilMs });

/** `exp` of a JSON Web Token (RFC 7519 §4.1.4); undefined for tokens of other kinds. */
function tokenEndMs(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    const end = typeof claims === "object" && claims !== null && "exp" in claims ? claims.exp : undefined;
    return typeof end === "number" ? end * 1_000 : undefined;
  } catch {
    return undefined;
  }
}

function certificateEndMs({ certData, certFile }: User): number | undefined {
  try {
    const pem = certData ? Buffer.from(certData, "base64") : readFileSync(certFile ?? "");
    return Date.parse(new X509Certificate(pem).validTo);
  } catch {
    return undefined;
  }
}
