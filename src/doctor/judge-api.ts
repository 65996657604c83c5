import type { ClockEstimate } from "../core/node-clock.ts";
import { otherThan } from "../core/node-clock.ts";
import { durationText } from "../core/units.ts";
import { apartText, SET_CLOCK } from "./clock.ts";
import { UPGRADE } from "./expected.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { type Away, remedyFor } from "./network.ts";

/** One line of RBAC; `namespace` is absent where it is needed in the whole cluster. */
export type Permission = {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
};

export type ApiFacts = {
  /** URL of the API server. */
  readonly server: string;
  /** Where the credential comes from and, when that can be read from it, until when it holds (Unix milliseconds). */
  readonly credential: { readonly kind: "token" | "certificate" | "other" | "none"; readonly untilMs?: number };
  readonly answer:
    | {
        readonly outcome: "answered";
        readonly status: number;
        readonly version?: string;
        readonly clock?: ClockEstimate;
      }
    | ({ readonly outcome: "away" } & Away);
  /** `unread` says why nobody knows. */
  readonly permissions:
    | { readonly asked: number; readonly missing: readonly Permission[] }
    | { readonly unread: string };
};

const { well, mend, note, unseen } = findingsOf("Kubernetes API");
const RENEW =
  "Make a new one and put it into the kubeconfig: kubectl -n netcheck create token netcheck-worker --duration=720h.";
/** A credential that nobody renews is told while there is time. */
const SOON_MS = 24 * 3_600_000;

export function judgeApi({ server, credential, answer, permissions }: ApiFacts, nowMs: number): Finding[] {
  if (answer.outcome === "away")
    return [
      mend("server", `${server} cannot be reached: ${answer.reason}.`, apiRemedy(answer, server)),
      unseen("permissions", "the API server cannot be reached."),
    ];
  const { status } = answer;
  if (status === 401)
    return [
      well("server", `${server} answers.`),
      refusedCredential(credential, nowMs),
      unseen("permissions", "the credential is refused."),
    ];
  if (status >= 500)
    return [
      mend(
        "server",
        `${server} fails: HTTP ${status}.`,
        "kubectl get --raw /readyz?verbose says what is wrong with it.",
      ),
      unseen("permissions", "the API server fails."),
    ];
  return [
    well("server", `${server} answers${answer.version === undefined ? "" : `, ${answer.version}`}.`),
    judgeCredential(credential, nowMs),
    ...judgeClock(answer.clock),
    ...judgePermissions(permissions),
  ];
}

/** A kubeconfig brings its authorities itself, so the machine's have no say. */
const apiRemedy = (away: Away, server: string): string =>
  /CERT|SIGNATURE|ISSUER/.test(away.code ?? "") && away.code !== "CERT_NOT_YET_VALID"
    ? `Put the authority of ${server} into the kubeconfig (certificate-authority-data), or use the name in its certificate.`
    : remedyFor(away, server, "the kubeconfig");

function refusedCredential({ kind, untilMs }: ApiFacts["credential"], nowMs: number): Finding {
  if (kind === "none")
    return mend("credential", "The kubeconfig has none for this cluster.", "Add a user with a token to it.");
  if (untilMs !== undefined && untilMs <= nowMs)
    return mend("credential", `The ${kind} has expired ${durationText(nowMs - untilMs)} ago.`, RENEW);
  return mend("credential", `The API server does not accept the ${kind === "other" ? "credential" : kind}.`, RENEW);
}

function judgeCredential({ kind, untilMs }: ApiFacts["credential"], nowMs: number): Finding {
  const what = kind === "other" ? "credential" : kind;
  if (untilMs === undefined) return well("credential", "The API server accepts it.");
  const leftMs = untilMs - nowMs;
  if (leftMs <= 0)
    return mend("credential", `The ${what} has expired ${durationText(-leftMs)} ago by this machine's clock.`, RENEW);
  if (leftMs < SOON_MS)
    return note("credential", `The ${what} ends in ${durationText(leftMs)}.`, `If nothing renews it: ${RENEW}`);
  return well("credential", `The ${what} holds for ${durationText(leftMs)}.`);
}

function judgeClock(clock: ClockEstimate | undefined): Finding[] {
  if (clock === undefined) return [];
  const aheadMs = otherThan(0, clock);
  if (aheadMs === undefined) return [well("clock", "This machine's is that of the API server.")];
  return [mend("clock", `This machine's is ${apartText(-aheadMs)} that of the API server.`, `Here: ${SET_CLOCK}`)];
}

function judgePermissions(permissions: ApiFacts["permissions"]): Finding[] {
  if ("unread" in permissions)
    return [mend("permissions", `The API server does not say what is granted: ${permissions.unread}`, GRANT)];
  const { asked, missing } = permissions;
  if (missing.length === 0) return [well("permissions", `All ${asked} that are needed.`)];
  return missing.map((one) => mend("permissions", `netcheck may not ${permissionText(one)}.`, grantOf(one)));
}

const GRANT = `${UPGRADE} grants all that is needed.`;

const resourceText = ({ resource, subresource }: Permission): string =>
  subresource === undefined ? resource : `${resource}/${subresource}`;

/** `create pods/exec in netcheck`. */
export const permissionText = (one: Permission): string =>
  `${one.verb} ${resourceText(one)}${one.namespace === undefined ? "" : ` in ${one.namespace}`}`;

function grantOf(one: Permission): string {
  const rule = `{apiGroups: ["${one.group}"], resources: [${resourceText(one)}], verbs: [${one.verb}]}`;
  const role = one.namespace === undefined ? "ClusterRole" : `Role in ${one.namespace}`;
  return `${GRANT} Without Helm: add ${rule} to the worker's ${role}.`;
}
