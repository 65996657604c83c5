import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiFaults } from "#lab/cluster/api/faults.ts";
import { type LabApi, startApi } from "#lab/cluster/api/server.ts";
import { type LabCluster, startCluster } from "#lab/cluster/cluster.ts";
import type { LabChange } from "#lab/cluster/model.ts";
import { loadTopology } from "#lab/cluster/topology.ts";
import { readWorkerConfig } from "#src/config.ts";
import { type RunOptions, runConformance } from "#src/conformance/run.ts";
import type { Step } from "#src/conformance/step.ts";
import { stepsText } from "#src/conformance/text.ts";
import { agentOn, inPod } from "#test/lab/cluster/in-pod.ts";

let dir: string;
let lab: LabCluster;
let api: LabApi;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "netcheck-conformance-test-"));
  lab = await startCluster(await loadTopology(undefined), { dir });
  api = await startApi({ model: lab, dir });
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** What real API servers, proxies and runtimes do now and then, and what must not show in a result. */
const modes: Partial<ApiFaults> = {
  delayMs: 15,
  refuse: [
    { status: 429, verb: "create", resource: "pods", times: 2 },
    { status: 503, verb: "list", resource: "pods", times: 1 },
    { status: 500, verb: "delete", resource: "namespaces", times: 1 },
  ],
  exec: { protocol: "v4", oddFrames: true, afterStatus: { rstAfterMs: 20 }, bytesPerSecond: 20_000_000 },
};

/** What is left of a run, in the cluster and on its nodes. */
async function leftBehind(): Promise<string[]> {
  const objects = [...lab.namespaces, ...lab.pods.keys(), ...lab.services.keys(), ...lab.policies.keys()];
  const onNodes = await Promise.all(
    ["node-1", "node-2", "node-3"].map(async (node) => {
      const list = ["sh", "-c", "ls /var/lib/netcheck; pgrep -x tcpdump; iptables-save | grep conformance"];
      return (await inPod(lab, agentOn(lab, node), list)).stdout.trim();
    }),
  );
  return [...objects.filter((name) => name.includes("conformance")), ...onNodes.filter((text) => text !== "")];
}

test("the lab passes as a command, with an API server that is slow, busy and odd, and keeps nothing", {
  timeout: 240_000,
}, async () => {
  api.faults.set(modes);
  const { PATH = "" } = process.env;
  const args = ["src/cli.ts", "conformance", "--kubeconfig", api.kubeconfig, "--json"];
  const ran = await new Promise<{ code: unknown; stdout: string }>((resolve) => {
    execFile(process.execPath, args, { env: { PATH, HOME: "/nonexistent" } }, (error, stdout) =>
      resolve({ code: error ? error.code : 0, stdout }),
    );
  });
  api.faults.clear();
  const { status, steps } = JSON.parse(ran.stdout) as { status: string; steps: Step[] };
  expect(steps.filter((one) => one.status === "failed")).toEqual([]);
  expect([ran.code, status]).toEqual([0, "passed"]);
  // The lab has one family of addresses; all else is tried.
  expect(steps.filter((one) => one.status === "skipped").map(({ step }) => step)).toEqual(["other-family"]);
  expect(steps.filter(({ step }) => step.startsWith("capture at ")).length).toBeGreaterThanOrEqual(10);
  expect(await leftBehind()).toEqual([]);
});

type Breakage = {
  readonly name: string;
  readonly only: readonly string[];
  /** Breaks something; the answer mends it. */
  readonly breaks: () => Promise<() => unknown>;
  readonly change?: Partial<RunOptions>;
  readonly kubeconfig?: () => string;
  /** The line of the table that tells, what it says, and what is advised. */
  readonly line: readonly [area: string, step: string, seen: RegExp, remedy: RegExp];
};

const fault = (spec: unknown) => async () => {
  const { id } = await lab.fault.add(spec);
  return () => lab.fault.remove(id);
};
const switched = (faults: Partial<ApiFaults>) => async () => {
  api.faults.set(faults);
  return () => api.faults.clear();
};
/** What others in the cluster do as soon as an object of a run is there; faults of theirs end with it. */
const onNew = async (kind: LabChange["kind"], work: (object: { name: string; namespace?: string }) => void) => {
  const follow = (change: LabChange): void => {
    if (change.kind === kind && change.type === "ADDED") work(change.object as { name: string });
  };
  lab.on("change", follow);
  return async () => {
    lab.off("change", follow);
    await lab.fault.clear();
  };
};
const inAgent = async (node: string, script: string) => {
  expect(await inPod(lab, agentOn(lab, node), ["sh", "-c", script])).toMatchObject({ code: 0 });
};
const serviceCheck = ["checks/pod to Service"];

const breakages: readonly Breakage[] = [
  {
    name: "an agent is down",
    only: ["exec"],
    breaks: () => fault({ kind: "pod-crash", pod: agentOn(lab, "node-3") })(),
    line: ["agents", "agent pods", /on node-3 is not ready/, /kubectl -n netcheck describe pod/],
  },
  {
    name: "RBAC lacks a verb of exec",
    only: ["exec"],
    breaks: switched({ refuse: [{ status: 403, verb: "create", resource: "pods/exec" }] }),
    line: ["cluster", "permissions", /may not create pods\/exec/, /helm upgrade|add \{apiGroups/],
  },
  {
    name: "a tool is missing in the agent image",
    only: ["exec"],
    breaks: async () => {
      await inAgent("node-2", 'tool=$(command -v nft); mv "$tool" "$tool.away"');
      return () => inAgent("node-2", 'mv "$(ls /usr/sbin/nft.away)" /usr/sbin/nft');
    },
    line: ["agents", "tools", /nft is missing in the agent on node-2/, /Run the agent image/],
  },
  {
    name: "the token has expired",
    only: ["exec"],
    breaks: async () => () => {},
    kubeconfig: () => {
      const path = join(dir, "expired");
      writeFileSync(path, readFileSync(api.kubeconfig, "utf8").replace(/token: .*/, "token: of-yesterday"));
      return path;
    },
    line: ["cluster", "credential", /does not accept the token/, /create token/],
  },
  {
    name: "exec streams are cut",
    only: ["exec"],
    breaks: switched({ exec: { cut: { afterBytes: 200_000, how: "rst" } } }),
    line: ["exec", "whole output", /lost: The connection closed without a status/, /60140|proxy/],
  },
  {
    name: "this credential may not create pods",
    only: ["workload"],
    breaks: switched({ refuse: [{ status: 403, verb: "create", resource: "pods" }] }),
    line: ["cluster", "rights of this run", /not granted: create pods/, /administrator/],
  },
  {
    name: "the API server refuses objects",
    only: ["workload"],
    breaks: async () => {
      lab.writes?.createNamespace("netcheck-conformance-taken", {});
      lab.writes?.deleteNamespace("netcheck-conformance-taken", { stays: true });
      return () => {};
    },
    change: { id: "taken", goneMs: 500 },
    line: ["workload", "objects", /because it is being terminated/, /admission, quotas and RBAC/],
  },
  {
    name: "pods never become ready",
    only: ["workload"],
    breaks: async () => () => {},
    change: { image: "registry.example.org/none:1", readyMs: 1_500 },
    line: ["workload", "pods", /client on node-1: ImagePullBackOff, Failed to pull image/, /--image/],
  },
  {
    name: "the namespace cannot be deleted",
    only: ["workload"],
    breaks: switched({ namespacesStay: true }),
    change: { goneMs: 2_500 },
    line: ["cleanup", "namespace", /is left: it is Terminating/, /kubectl get namespace/],
  },
  {
    name: "the cluster's name servers are dead",
    only: serviceCheck,
    breaks: fault({ kind: "dns", mode: "drop" }),
    line: ["checks", "pod to Service", /dns-down/, /./],
  },
  {
    name: "a node has no rules for the Service",
    only: serviceCheck,
    breaks: () =>
      onNew("service", ({ namespace, name }) => {
        if (name === "web")
          void lab.fault.add({ kind: "service-rules-missing", node: "node-1", service: `${namespace}/web` });
      }),
    line: ["checks", "pod to Service", /service-rules-missing/, /./],
  },
  {
    name: "packets are lost between two nodes",
    only: serviceCheck,
    breaks: fault({ kind: "loss", from: "node-1", to: "node-2", percent: 25 }),
    line: ["checks", "pod to Service", /path-loss/, /./],
  },
  {
    name: "every new namespace gets a policy that denies all",
    only: serviceCheck,
    breaks: () =>
      onNew("namespace", ({ name }) => {
        const spec = { podSelector: {}, policyTypes: ["Ingress"] };
        lab.writes?.createPolicy({ namespace: name, name: "default-deny", spec });
      }),
    line: ["checks", "pod to Service", /network-policy-deny/, /./],
  },
];

describe("what is broken on purpose shows in its line, with a remedy", () => {
  test.each(breakages)("$name", { timeout: 120_000 }, async ({ only, breaks, change, kubeconfig, line }) => {
    const mend = await breaks();
    const config = readWorkerConfig({
      NETCHECK_DATA_DIR: join(dir, "data"),
      KUBECONFIG: kubeconfig?.() ?? api.kubeconfig,
    });
    const steps = await runConformance({
      ...{ config, only, image: undefined, seconds: 8, secondTry: false, readyMs: 30_000, goneMs: 30_000 },
      id: `t${breakages.findIndex((one) => one.line === line)}`,
      signal: new AbortController().signal,
      onStep: () => {},
      ...change,
    });
    await mend();
    const [area, step, seen, remedy] = line;
    const table = stepsText(steps, { colour: false });
    expect(
      steps.filter((one) => one.area === area && one.step === step),
      table,
    ).toContainEqual(
      expect.objectContaining({
        status: "failed",
        seen: expect.stringMatching(seen),
        remedy: expect.stringMatching(remedy),
      }),
    );
    expect(table).toMatch(/^Failed: \d+ ok, [1-9]/m);
    if (step !== "namespace")
      expect(
        [...lab.namespaces].filter((name) => name.endsWith(`-t${breakages.findIndex((one) => one.line === line)}`)),
      ).toEqual([]);
  });
});

test("a run that is ended early deletes its namespace", { timeout: 120_000 }, async () => {
  const stopping = new AbortController();
  const config = readWorkerConfig({ NETCHECK_DATA_DIR: join(dir, "data"), KUBECONFIG: api.kubeconfig });
  const steps = await runConformance({
    ...{ config, only: ["checks"], image: undefined, seconds: 60, secondTry: false, readyMs: 30_000, goneMs: 30_000 },
    id: "ended",
    signal: stopping.signal,
    // As somebody who presses Ctrl-C when the checks begin.
    onStep: ({ step }) => step === "pods" && stopping.abort(),
  });
  expect(steps.filter(({ area }) => area === "checks").map(({ status }) => status)).not.toContain("ok");
  expect(steps.find(({ step }) => step === "namespace")).toMatchObject({ status: "ok", seen: "gone" });
  expect([...lab.namespaces].filter((name) => name.endsWith("-ended"))).toEqual([]);
});
