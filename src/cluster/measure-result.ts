import { gunzipSync, gzipSync } from "node:zlib";
import { type ClusterView, clusterViewSchema } from "../core/cluster-view.ts";
import type { Evidence } from "../core/evidence.ts";
import type { MeasureState } from "../core/measure-state.ts";
import { clockGap } from "../core/node-clock.ts";
import type { End, Gap, Plan } from "../core/plan.ts";
import { say, type Text } from "../core/sentence.ts";
import type { Target } from "../core/target.ts";
import { clockText } from "../core/units.ts";
import type { About, TaskAnswer, TaskOutput } from "./measure-ports.ts";

/** Evidence travels through Redis with the job, so it is bounded: base64 of gzip, bytes. */
const MAX_EVIDENCE_BYTES = 1_000_000;
const MAX_VIEW_BYTES = 16 * 1024 * 1024;

/** Packs evidence; when it is too big, the largest pieces go, and each is a gap. */
export function packEvidence(all: readonly Evidence[]): { readonly evidence: string; readonly gaps: readonly Gap[] } {
  const bySize = all
    .map((evidence) => ({ evidence, size: JSON.stringify(evidence).length }))
    .sort((a, b) => a.size - b.size);
  const gaps: Gap[] = [];
  for (;;) {
    const packed = gzipSync(JSON.stringify(bySize.map(({ evidence }) => evidence))).toString("base64");
    if (packed.length <= MAX_EVIDENCE_BYTES) return { evidence: packed, gaps };
    for (const { evidence } of bySize.splice(Math.floor(bySize.length * 0.9)))
      gaps.push({
        probe: evidence.kind,
        subject: evidence.subject,
        reason: say("the evidence of this check is larger than 1 MB"),
      });
  }
}

/** Endpoints of Services that fit into the state; whole Services are left out beyond it, the asked ones last. */
const MAX_ENDPOINTS = 10_000;
const MAX_SERVICES = 3_000;
const MAX_POLICIES = 500;
const MAX_EVENTS = 200;

/** The first view, cut so that it fits into the state. */
export const packView = (view: ClusterView, plan: Plan): string =>
  gzipSync(JSON.stringify(nearPlan(view, plan))).toString("base64");

/** A view cut to the nodes that the plan uses and the objects it is about. */
export function nearPlan(view: ClusterView, plan: Plan): ClusterView {
  const nodes = new Set(plan.vantages.map(({ node }) => node));
  const names = new Set([plan.from.name, plan.to.name, plan.from.backend, plan.to.backend]);
  const pods = view.pods.filter(
    ({ node, wantsNode, namespace, name, ip }) =>
      (node !== undefined && nodes.has(node)) ||
      (wantsNode !== undefined && nodes.has(wantsNode)) ||
      names.has(`${namespace}/${name}`) ||
      ip === plan.from.ip ||
      ip === plan.to.ip,
  );
  const near = new Set(
    plan.vantages.flatMap(({ id }) => (id.startsWith("pod/") ? [id.split("/")[1] ?? ""] : [])).concat("kube-system"),
  );
  const nearFirst = <T extends { readonly namespace: string }>(objects: readonly T[]): T[] =>
    objects.toSorted((a, b) => Number(near.has(b.namespace)) - Number(near.has(a.namespace)));
  return {
    ...view,
    pods,
    services: fitting(
      nearFirst(view.services).toSorted((a, b) => Number(isAsked(b, names)) - Number(isAsked(a, names))),
    ),
    events: view.events.slice(0, MAX_EVENTS),
    ...(view.policies ? { policies: nearFirst(view.policies).slice(0, MAX_POLICIES) } : {}),
    ...(view.ingresses ? { ingresses: nearFirst(view.ingresses).slice(0, MAX_POLICIES) } : {}),
  };
}

/** What views of a running check have to show. */
export function aboutPlan({ from, to, vantages }: Plan): About {
  return {
    targets: [from, to].map(targetOf),
    nodes: [...new Set(vantages.map(({ node }) => node))],
    namespaces: [...new Set(vantages.flatMap(({ id }) => (id.startsWith("pod/") ? [id.split("/")[1] ?? ""] : [])))],
  };
}

function targetOf({ kind, name, ip, port }: End): Target {
  const at = port === undefined ? {} : { port };
  const [namespace, object = ""] = name.replace(/^svc\//, "").split("/");
  switch (kind) {
    case "pod":
    case "service":
      return { kind, namespace, name: object, ...at };
    case "node":
      return { kind, name, ...at };
    case "address":
      return { kind, ip, ...at };
  }
}

type Service = ClusterView["services"][number];

const isAsked = ({ namespace, name }: Service, names: ReadonlySet<string | undefined>): boolean =>
  names.has(`svc/${namespace}/${name}`);

function fitting(services: readonly Service[]): Service[] {
  let room = MAX_ENDPOINTS;
  return services.slice(0, MAX_SERVICES).filter(({ endpoints }) => {
    room -= endpoints.length;
    return room >= 0;
  });
}

export function unpackView(packed: string | undefined): ClusterView | undefined {
  if (packed === undefined) return undefined;
  const json = gunzipSync(Buffer.from(packed, "base64"), { maxOutputLength: MAX_VIEW_BYTES }).toString();
  return clusterViewSchema.safeParse(JSON.parse(json)).data;
}

/** Tasks may end this long before the window does without being a gap. */
const EARLY_MS = 2_000;

const early: Readonly<Record<string, Text>> = {
  "agent-restart": say("the agent on its node was restarted"),
  "argv-differs": say("another task of the same name is on its node"),
  "disk-low": say("its node is short of disk"),
  "lease-expired": say("no worker asked for it for too long"),
  "no-netns": say("its pod is gone"),
  "no-such-pod": say("its pod has no process on its node"),
  quota: say("its output reached the limit"),
};

/** Why a task is at rest before its time; undefined when it runs or has done its work. */
export function earlyEnd(
  { state, reason = "ended", exitCode, ...output }: TaskAnswer | TaskOutput,
  { nowMs, endMs, stopped }: { readonly nowMs: number; readonly endMs: number; readonly stopped: boolean },
): Text | undefined {
  if (state === "running") return undefined;
  if (state === "orphaned") return say("the agent on its node was restarted");
  if (state === "absent") return say("its node knows nothing of it; the node or its agent was restarted");
  if (state !== "refused" && (stopped || nowMs > endMs - EARLY_MS)) return undefined;
  const said = "stderr" in output ? output.stderr.split("\n")[0] : undefined;
  const known =
    early[reason] ?? (exitCode === undefined ? reason : say("{reason} with code {code}", { reason, code: exitCode }));
  const how = said ? say("{how} ({said})", { how: known, said: said.slice(0, 120) }) : known;
  return state === "refused" ? say("not started: {how}", { how }) : say("ended early: {how}", { how });
}

/** Everything that could not be measured, and why, with times. */
export function gapsOf(state: MeasureState, plan: Plan): readonly Gap[] {
  const known = new Set(plan.gaps.map(({ subject }) => subject));
  const nodes = Object.entries(state.nodes).flatMap(([name, { status, reason, outages }]): Gap[] => {
    const subject = `node/${name}`;
    if (known.has(subject)) return [];
    const since = outages.at(-1);
    if (
      status === "failed" ||
      (state.result === undefined && since && since.toMs === undefined && status !== "removed")
    )
      return [
        {
          probe: "agent",
          subject,
          reason: sinceText(reason ?? say("not reached"), since && since.toMs === undefined ? since.fromMs : undefined),
        },
      ];
    return [];
  });
  const tasks = Object.entries(state.ended).flatMap(([id, { atMs, reason }]): Gap[] => {
    const spec = plan.tasks.find((task) => task.id === id);
    return spec
      ? [
          {
            probe: spec.probe,
            subject: spec.subject,
            reason: say("{reason}, at {at}", { reason, at: clockText(atMs) }),
          },
        ]
      : [];
  });
  const clocks = Object.entries(state.nodes).flatMap(([name, { aheadMs }]) =>
    aheadMs === undefined ? [] : [clockGap(name, aheadMs)],
  );
  return [...plan.gaps, ...nodes, ...tasks, ...clocks];
}

function sinceText(reason: Text, fromMs: number | undefined): Text {
  return fromMs === undefined ? reason : say("{reason}, since {at}", { reason, at: clockText(fromMs) });
}
