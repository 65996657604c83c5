import { type ClockEstimate, otherThan } from "../core/node-clock.ts";
import { apartText, SET_CLOCK } from "./clock.ts";
import { toolVersions, UPGRADE } from "./expected.ts";
import { type Finding, fewOf, findingsOf, listed } from "./finding.ts";

export type NodeFacts = {
  readonly name: string;
  readonly ready: boolean;
  /** Windows, Fargate, a virtual kubelet: no DaemonSet of Linux runs there. */
  readonly unsuited?: string;
};

export type AgentPod = {
  readonly pod: string;
  /** Absent: no node has room for it. */
  readonly node?: string;
  readonly ready: boolean;
  /** Why it is not: `ImagePullBackOff`, the scheduler's words. */
  readonly reason?: string;
  readonly image: string;
  readonly hostNetwork: boolean;
};

/** What one agent said about itself. */
export type AgentLook = { readonly node: string } & (
  | {
      readonly outcome: "answered";
      /** Programs that are not there, and those that are and do not say their version in time. */
      readonly missing: readonly string[];
      readonly failing: readonly string[];
      readonly versions: Readonly<Record<string, string>>;
      readonly lacksCapabilities: readonly string[];
      readonly stateFails: boolean;
      readonly clock: ClockEstimate;
    }
  /** `passed` is false when something on the way spoiled it, and true when the cluster itself said no. */
  | { readonly outcome: "failed"; readonly reason: string; readonly passed: boolean }
  /** The API server said 403. */
  | { readonly outcome: "forbidden"; readonly reason: string }
  | { readonly outcome: "late" }
);

export type AgentsFacts = {
  readonly namespace: string;
  readonly label: string;
  readonly nodes: readonly NodeFacts[];
  readonly pods: readonly AgentPod[];
  /** Where agents are besides: other namespaces that have pods of the label. */
  readonly elsewhere: readonly string[];
  /** Pods of DaemonSets in the namespace that lack the label. */
  readonly unlabelled: readonly string[];
  /** Why the DaemonSet cannot make pods, in the words of its event. */
  readonly refused?: string;
  readonly looks: readonly AgentLook[];
};

const { well, mend, note, unseen } = findingsOf("agents");

/** `mayExec`: the API server says that RBAC grants it; whatever forbids it then is something else. */
export function judgeAgents(facts: AgentsFacts, { mayExec }: { readonly mayExec: boolean }): Finding[] {
  if (facts.pods.length === 0) return [noAgents(facts)];
  return [...judgeNodes(facts), ...judgePods(facts), ...judgeLooks(facts.looks, mayExec)];
}

function noAgents({ namespace, label, elsewhere, unlabelled, refused }: AgentsFacts): Finding {
  const look = "agents";
  if (refused !== undefined) return refusedPods(refused, namespace);
  if (elsewhere.length > 0)
    return mend(
      look,
      `There is none in the namespace ${namespace}, but in ${listed(elsewhere)}.`,
      `Set NETCHECK_AGENT_NAMESPACE=${elsewhere[0]}.`,
    );
  if (unlabelled.length > 0)
    return mend(
      look,
      `No pod in the namespace ${namespace} has the label ${label}; ${listed(unlabelled)} may be meant.`,
      `Give the DaemonSet's pods the label: spec.template.metadata.labels, ${label.replace("=", ": ")}.`,
    );
  return mend(look, `There is none in the namespace ${namespace}.`, `${UPGRADE} installs them (agent.enabled=true).`);
}

const refusedPods = (words: string, namespace: string): Finding =>
  /PodSecurity/.test(words)
    ? mend(
        "agents",
        `Pod security refuses them: ${words}`,
        `kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=privileged --overwrite`,
      )
    : mend("agents", `The DaemonSet cannot make them: ${words}`, `kubectl -n ${namespace} describe daemonset`);

function judgeNodes({ nodes, pods, namespace, refused }: AgentsFacts): Finding[] {
  const look = "nodes";
  const withAgent = new Set(pods.map(({ node }) => node));
  const without = nodes.filter(({ name, unsuited }) => !withAgent.has(name) && unsuited === undefined);
  const alive = without.filter(({ ready }) => ready).map(({ name }) => name);
  const down = without.filter(({ ready }) => !ready).map(({ name }) => name);
  const other = nodes.filter(({ unsuited }) => unsuited !== undefined);
  return [
    ...(refused !== undefined && alive.length > 0 ? [refusedPods(refused, namespace)] : []),
    ...(alive.length > 0
      ? [
          mend(
            look,
            `${listed(alive)} without an agent: nothing is measured from there.`,
            `Compare agent.nodeSelector and agent.tolerations of the chart with kubectl describe node ${alive[0]} (Labels, Taints).`,
          ),
        ]
      : [well(look, `${nodes.length - other.length - down.length} have an agent.`)]),
    ...(down.length > 0 ? [note(look, `${listed(down)} not ready and without an agent.`)] : []),
    ...(other.length > 0
      ? [note(look, `${listed(other.map(({ name }) => name))} cannot run agents (${other[0]?.unsuited}).`)]
      : []),
  ];
}

function judgePods({ pods, nodes, namespace }: AgentsFacts): Finding[] {
  const down = new Set(nodes.filter(({ ready }) => !ready).map(({ name }) => name));
  const unready = pods.filter(({ ready, node }) => !ready && !(node !== undefined && down.has(node)));
  const isolated = pods.filter(({ hostNetwork }) => !hostNetwork).map(({ pod }) => pod);
  const images = [...new Set(pods.map(({ image }) => image))].sort();
  return [
    ...fewOf(
      unready.map(({ pod, node, reason }) =>
        mend(
          "agent pods",
          `${pod}${node === undefined ? "" : ` on ${node}`} is not ready${reason === undefined ? "" : `: ${reason}`}.`,
          `kubectl -n ${namespace} describe pod ${pod}${reason === undefined ? "" : whyNotReady(reason)}`,
        ),
      ),
    ),
    ...(isolated.length > 0
      ? [
          mend(
            "agent pods",
            `${listed(isolated)} without the node's network: readings would be those of the pod.`,
            "Set hostNetwork: true and hostPID: true in the DaemonSet, as in deploy/chart.",
          ),
        ]
      : []),
    images.length > 1
      ? mend(
          "agent version",
          `The agents run different images: ${listed(images)}.`,
          `kubectl -n ${namespace} rollout status daemonset/netcheck-agent --timeout=5m; if it does not end, kubectl -n ${namespace} get pods -o wide shows where.`,
        )
      : well("agent version", `${images.join("")}.`),
  ];
}

const whyNotReady = (reason: string): string =>
  /Image/.test(reason)
    ? " (its image cannot be pulled: look at agent.image and imagePullSecrets)"
    : /CrashLoop/.test(reason)
      ? ", and kubectl logs --previous of it"
      : "";

function judgeLooks(looks: readonly AgentLook[], mayExec: boolean): Finding[] {
  const late = looks.filter(({ outcome }) => outcome === "late").map(({ node }) => node);
  const answered = looks.filter((look) => look.outcome === "answered");
  return [
    ...judgeForbidden(looks, mayExec),
    ...fewOf(looks.flatMap((look) => (look.outcome === "failed" ? [failedExec(look)] : []))),
    ...judgeTools(answered),
    ...judgeClocks(answered),
    ...(late.length > 0 ? [unseen("exec", `there was no time left for ${listed(late)}.`)] : []),
  ];
}

function judgeForbidden(looks: readonly AgentLook[], mayExec: boolean): Finding[] {
  const forbidden = looks.filter((look) => look.outcome === "forbidden");
  const [first] = forbidden;
  if (!first) return [];
  if (!mayExec) return [unseen("tools", "netcheck may not exec into agents.")];
  const nodes = listed(forbidden.map(({ node }) => node));
  return [
    mend(
      "exec",
      `Exec into the agent on ${nodes} is forbidden, although RBAC grants it: ${first.reason}`,
      "Exempt the agents' namespace from the admission policy or webhook that denies exec.",
    ),
  ];
}

function failedExec({ node, reason, passed }: Extract<AgentLook, { outcome: "failed" }>): Finding {
  return mend(
    "exec",
    `No command runs in the agent on ${node}: ${reason}`,
    passed
      ? `kubectl describe node ${node} and the kubelet's log there say more; port 10250 of the node must be open to the API server.`
      : "Let WebSockets pass between here and the API server (a proxy or load balancer cuts them), or use its direct address in the kubeconfig.",
  );
}

type Answered = Extract<AgentLook, { outcome: "answered" }>;

/** Nodes by what is wrong there, so that a thing that is wrong everywhere is said once. */
function grouped(looks: readonly Answered[], of: (look: Answered) => readonly string[]): [string, string[]][] {
  const places = new Map<string, string[]>();
  for (const look of looks) for (const what of of(look)) places.set(what, [...(places.get(what) ?? []), look.node]);
  return [...places];
}

function judgeTools(looks: readonly Answered[]): Finding[] {
  const missing = grouped(looks, (look) => look.missing).map(([tool, nodes]) =>
    mend("tools", `${tool} is missing in the agent on ${listed(nodes)}.`, toolRemedy(tool)),
  );
  const failing = grouped(looks, (look) => look.failing).map(([tool, nodes]) =>
    mend("tools", `${tool} is there and does not run in the agent on ${listed(nodes)}.`, toolRemedy(tool)),
  );
  const capabilities = grouped(looks, (look) => look.lacksCapabilities).map(([name, nodes]) =>
    mend(
      "capabilities",
      `The agent on ${listed(nodes)} lacks ${name}.`,
      `Add ${name} to securityContext.capabilities.add of the DaemonSet; deploy/chart/files/agent-capabilities.yaml says what for. Admission policies may have removed it.`,
    ),
  );
  const state = looks.filter(({ stateFails }) => stateFails).map(({ node }) => node);
  const versions = grouped(looks, ({ versions }) =>
    Object.entries(versions)
      .filter(([tool, version]) => toolVersions[tool]?.tested !== version)
      .map(([tool, version]) => `${tool} ${version}`),
  ).map(([what, nodes]) => {
    const tested = toolVersions[what.split(" ")[0] ?? ""]?.tested;
    return note("tools", `${what} on ${listed(nodes)}; its output is read as that of ${tested}.`);
  });
  const wrong = [...missing, ...failing, ...capabilities, ...stateFindings(state), ...versions];
  if (wrong.length > 0 || looks.length === 0) return wrong;
  return [
    well(
      "tools",
      `All there, in the versions that are tested, with the capabilities they need (${looks.length} agents).`,
    ),
  ];
}

const stateFindings = (nodes: readonly string[]): Finding[] =>
  nodes.length === 0
    ? []
    : [
        mend(
          "state folder",
          `Node tasks cannot keep their state on ${listed(nodes)}.`,
          "Make the folder agent.stateDir of the chart (/var/lib/netcheck) on the node writable, and room on its disk.",
        ),
      ];

const toolRemedy = (tool: string): string =>
  tool.startsWith("netcheck-")
    ? `Run the agent image of this version: ${UPGRADE}.`
    : `Run the agent image of this version (${UPGRADE}), or install ${tool} in your own, see deploy/agent/packages.`;

function judgeClocks(looks: readonly Answered[]): Finding[] {
  const apart = looks.flatMap(({ node, clock }) => {
    const aheadMs = otherThan(0, clock);
    return aheadMs === undefined ? [] : [{ node, aheadMs }];
  });
  const [first] = apart;
  if (!first)
    return looks.length === 0 ? [] : [well("clocks", "Those of the nodes are within a second of this machine's.")];
  // Where all nodes agree with each other, it is this machine that is wrong.
  const spreadMs = Math.max(...apart.map(({ aheadMs }) => aheadMs)) - Math.min(...apart.map(({ aheadMs }) => aheadMs));
  if (looks.length > 1 && apart.length === looks.length && spreadMs < 2_000)
    return [mend("clocks", `This machine's is ${apartText(-first.aheadMs)} those of all nodes.`, `Here: ${SET_CLOCK}`)];
  return fewOf(
    apart.map(({ node, aheadMs }) =>
      mend("clocks", `That of ${node} is ${apartText(aheadMs)} this machine's.`, `On ${node}: ${SET_CLOCK}`),
    ),
  );
}
