import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { doctor, doctorHome, findsEach, toMend } from "#test/support/doctor.ts";
import { doctorAgents } from "#test/support/doctor-agents.ts";
import { type TestApi, testApi } from "#test/support/lab-api.ts";
import { oddProxy } from "#test/support/odd-proxy.ts";

// The API stand-in, with the chart's permissions; what runs in agents runs on this machine, with the image's programs only.
const home = doctorHome();
let cluster: TestApi;
let agents: ReturnType<typeof doctorAgents>;
let proxy: Awaited<ReturnType<typeof oddProxy>>;
let kubeconfig = "";
let token = "";
beforeAll(async () => {
  cluster = await testApi();
  agents = doctorAgents(cluster.lab);
  proxy = await oddProxy(cluster.api.url);
  kubeconfig = await readFile(cluster.api.workerKubeconfig, "utf8");
  token = /token: "?([\w-]+)/.exec(kubeconfig)?.[1] ?? "";
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  agents[Symbol.dispose]();
  home[Symbol.dispose]();
});

const base = () => ({ NETCHECK_DATA_DIR: home.folder, KUBECONFIG: cluster.api.workerKubeconfig });
const faults = (change: Parameters<TestApi["api"]["faults"]["set"]>[0]) => {
  cluster.api.faults.set(change);
  return {};
};
const calm = () => cluster.api.faults.clear();
const onNode = (...args: Parameters<typeof agents.change>) => {
  agents.change(...args);
  return {};
};
const restore = () => agents.restore();
/** The worker's kubeconfig with something replaced. */
const otherConfig = (from: string | RegExp, to: string) => {
  const KUBECONFIG = join(home.folder, "other-kubeconfig");
  writeFileSync(KUBECONFIG, kubeconfig.replace(from, to));
  return { KUBECONFIG };
};
/** Through the proxy, which has a certificate of its own. */
const throughProxy = () => {
  const KUBECONFIG = join(home.folder, "proxy-kubeconfig");
  const changed = kubeconfig.replace(cluster.api.url, proxy.url);
  writeFileSync(
    KUBECONFIG,
    changed.replace(/certificate-authority-data: \S+/, `certificate-authority-data: ${proxy.ca}`),
  );
  return { KUBECONFIG };
};
const jwt = (claims: object) =>
  ["{}", JSON.stringify(claims), "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".");

test("a worker alone in a cluster as it should be has nothing to mend", async () => {
  const findings = await doctor(base());
  expect(findings.filter(({ status }) => status !== "well").map(({ area, found }) => [area, found])).toEqual([
    ["Slack", expect.stringContaining("no variable of the bot is set")],
    ["Redis", expect.stringContaining("does not run at the moment")],
  ]);
  expect(findings).toContainEqual(expect.objectContaining({ look: "tools", status: "well" }));
  expect(findings).toContainEqual(expect.objectContaining({ look: "clocks", status: "well" }));
  expect(cluster.lab.running()).toEqual([]);
});

test("a node that is down has no agent that could be mended", async () => {
  const node = cluster.lab.model.nodes.get("node-2");
  if (!node) return expect.unreachable();
  cluster.lab.change(node, { ready: "False" });
  agents.remove("node-2");
  const findings = await doctor(base());
  cluster.lab.change(node, { ready: "True" });
  restore();
  expect(toMend(findings)).toEqual([]);
  expect(findings).toContainEqual(expect.objectContaining({ look: "nodes", status: "note" }));
});

describe("each is found, with what mends it:", () => {
  findsEach(
    [
      {
        name: "an API server that is away",
        seed: async () => {
          await cluster.api.goDown();
          return {};
        },
        mend: () => cluster.api.comeBack(),
        area: "Kubernetes API",
        found: /cannot be reached: .*ECONNREFUSED/,
        remedy: /kubeconfig/,
      },
      {
        name: "an API server that takes everything and says nothing",
        seed: () => faults({ silent: true }),
        mend: calm,
        area: "Kubernetes API",
        found: /no answer in time/,
        remedy: /firewalls/,
      },
      {
        name: "an API server that fails",
        seed: () => faults({ refuse: [{ status: 503 }] }),
        mend: calm,
        area: "Kubernetes API",
        found: /HTTP 503/,
        remedy: /readyz/,
      },
      {
        name: "a token that nobody knows",
        seed: () => otherConfig(token, "unknown-token"),
        area: "Kubernetes API",
        found: /does not accept the token/,
        remedy: /create token netcheck-worker/,
      },
      {
        name: "a token that has expired",
        seed: () => otherConfig(token, jwt({ exp: Math.floor(Date.now() / 1_000) - 7_200 })),
        area: "Kubernetes API",
        found: /token has expired 2 h ago/,
        remedy: /create token netcheck-worker/,
      },
      {
        name: "a kubeconfig without the cluster's authority",
        seed: () => otherConfig(/certificate-authority-data: \S+/, ""),
        area: "Kubernetes API",
        found: /cannot be reached: .*(self-signed|certificate)/,
        remedy: /certificate-authority-data/,
      },
      {
        name: "a context that does not exist",
        seed: () => ({ NETCHECK_KUBE_CONTEXT: "prod" }),
        area: "configuration",
        found: /no context "prod"/,
        remedy: /NETCHECK_KUBE_CONTEXT to one of: /,
      },
      {
        name: "a kubeconfig that does not exist",
        seed: () => ({ KUBECONFIG: join(home.folder, "nowhere") }),
        area: "configuration",
        found: /nowhere cannot be read/,
        remedy: /KUBECONFIG/,
      },
      {
        name: "no permission to exec",
        seed: () => faults({ refuse: [{ status: 403, verb: "create", resource: "pods/exec" }] }),
        mend: calm,
        area: "Kubernetes API",
        found: /may not create pods\/exec in netcheck/,
        remedy: /helm upgrade.*resources: \[pods\/exec\], verbs: \[create\]\} to the worker's Role in netcheck/,
      },
      {
        name: "no permission to watch pods",
        seed: () => faults({ refuse: [{ status: 403, verb: "watch", resource: "pods" }] }),
        mend: calm,
        area: "Kubernetes API",
        found: /may not watch pods\./,
        remedy: /verbs: \[watch\]\} to the worker's ClusterRole/,
      },
      {
        name: "no permission to read leases",
        seed: () => faults({ refuse: [{ status: 403, verb: "list", resource: "leases" }] }),
        mend: calm,
        area: "Kubernetes API",
        found: /may not list leases in kube-node-lease/,
        remedy: /coordination\.k8s\.io.*Role in kube-node-lease/,
      },
      {
        name: "no permission to list nodes",
        seed: () => faults({ refuse: [{ status: 403, verb: "list", resource: "nodes" }] }),
        mend: calm,
        area: "Kubernetes API",
        found: /may not list nodes\./,
        remedy: /ClusterRole/,
      },
      {
        name: "no agents at all",
        seed: () => {
          for (const node of ["node-1", "node-2"]) agents.remove(node);
          return {};
        },
        mend: restore,
        area: "agents",
        found: /none in the namespace netcheck/,
        remedy: /helm upgrade --install/,
      },
      {
        name: "agents in another namespace",
        seed: () => {
          for (const node of ["node-1", "node-2"]) {
            agents.remove(node);
            agents.agent(node, { place: `shop/netcheck-agent-${node}` });
          }
          return {};
        },
        mend: restore,
        area: "agents",
        found: /none in the namespace netcheck, but in shop/,
        remedy: /NETCHECK_AGENT_NAMESPACE=shop/,
      },
      {
        name: "agents with another label",
        seed: () => {
          for (const node of ["node-1", "node-2"]) agents.agent(node, { labels: { app: "netcheck-agent" } });
          return {};
        },
        mend: restore,
        area: "agents",
        found: /No pod in the namespace netcheck has the label/,
        remedy: /app\.kubernetes\.io\/name: netcheck-agent/,
      },
      {
        name: "pod security that refuses agents",
        seed: () => {
          const pod = agents.agent("node-2");
          for (const node of ["node-1", "node-2"]) agents.remove(node);
          const object = { kind: "DaemonSet", name: "netcheck-agent", uid: pod.uid };
          const message =
            'Error creating: pods "netcheck-agent-x" is forbidden: violates PodSecurity "baseline:latest": host namespaces';
          cluster.lab.event(pod, { object, reason: "FailedCreate", message });
          return {};
        },
        mend: () => {
          restore();
          (cluster.lab.model.events as unknown[]).length = 0;
        },
        area: "agents",
        found: /Pod security refuses them/,
        remedy: /kubectl label namespace netcheck pod-security\.kubernetes\.io\/enforce=privileged/,
      },
      {
        name: "a node without an agent",
        seed: () => {
          agents.remove("node-2");
          return {};
        },
        mend: restore,
        area: "agents",
        found: /node-2 without an agent/,
        remedy: /agent\.tolerations.*describe node node-2/,
      },
      {
        name: "an agent whose image cannot be pulled",
        seed: () => {
          const container = { state: "waiting", reason: "ImagePullBackOff" } as const;
          agents.agent("node-2", { ready: false, container });
          return {};
        },
        mend: restore,
        area: "agents",
        found: /netcheck-agent-node-2 on node-2 is not ready: ImagePullBackOff/,
        remedy: /describe pod netcheck-agent-node-2.*agent\.image/,
      },
      {
        name: "agents of two versions",
        seed: () => {
          agents.agent("node-2", { container: { image: "netcheck/agent:0.0.9" } });
          return {};
        },
        mend: restore,
        area: "agents",
        found: /different images: netcheck\/agent:0\.0\.9 and netcheck\/agent:0\.1\.0/,
        remedy: /rollout status daemonset/,
      },
      {
        name: "an agent without the node's network",
        seed: () => {
          agents.agent("node-2", { hostNetwork: false });
          return {};
        },
        mend: restore,
        area: "agents",
        found: /without the node's network/,
        remedy: /hostNetwork: true/,
      },
      {
        name: "an agent without a tool",
        seed: () => onNode("node-2", { tool: { name: "nft" } }),
        mend: restore,
        area: "agents",
        found: /nft is missing in the agent on node-2/,
        remedy: /agent image of this version.*nft/,
      },
      {
        name: "a tool that hangs",
        seed: () => onNode("node-2", { tool: { name: "conntrack", script: "exec sleep 600" } }),
        mend: restore,
        area: "agents",
        found: /conntrack is there and does not run in the agent on node-2/,
        remedy: /agent image of this version/,
      },
      {
        name: "an agent without a capability",
        seed: () => onNode("node-2", { lacks: "SYS_PTRACE" }),
        mend: restore,
        area: "agents",
        found: /node-2 lacks SYS_PTRACE/,
        remedy: /Add SYS_PTRACE to securityContext\.capabilities\.add/,
      },
      {
        name: "an agent that cannot keep state",
        seed: () => onNode("node-2", { state: "/proc/none" }),
        mend: restore,
        area: "agents",
        found: /cannot keep their state on node-2/,
        remedy: /agent\.stateDir/,
      },
      {
        name: "a node whose clock is ahead",
        seed: () => onNode("node-2", { tool: { name: "date", script: 'exec /bin/date -d "+90 sec" "$@"' } }),
        mend: restore,
        area: "agents",
        found: /node-2 is (89|90|91) s ahead of this machine's/,
        remedy: /On node-2: timedatectl set-ntp true/,
      },
      {
        name: "nodes that agree with each other, and not with this machine",
        seed: () => {
          for (const node of ["node-1", "node-2"])
            agents.change(node, { tool: { name: "date", script: 'exec /bin/date -d "-1 hour" "$@"' } });
          return {};
        },
        mend: restore,
        area: "agents",
        found: /This machine's is (1 h|59 min \d+ s) ahead of those of all nodes/,
        remedy: /Here: timedatectl/,
      },
      {
        name: "a clock that is not the API server's",
        seed: () => {
          proxy.aheadMs = 600_000;
          return throughProxy();
        },
        mend: () => {
          proxy.aheadMs = 0;
        },
        area: "Kubernetes API",
        found: /This machine's is (9 min 59 s|10 min|10 min 1 s) behind that of the API server/,
        remedy: /Here: timedatectl/,
      },
      {
        name: "a proxy that refuses WebSockets",
        seed: () => {
          proxy.refusesWebSockets = true;
          return throughProxy();
        },
        mend: () => {
          proxy.refusesWebSockets = false;
        },
        area: "agents",
        found: /No command runs in the agent on node-2: The API server refused the exec with HTTP 403/,
        remedy: /Let WebSockets pass/,
      },
      {
        name: "something that cuts WebSockets",
        seed: () => faults({ exec: { cut: { afterBytes: 0, how: "rst" } } }),
        mend: calm,
        area: "agents",
        found: /No command runs in the agent on node-1/,
        remedy: /Let WebSockets pass/,
      },
    ],
    base,
    () => [token],
  );
});
