import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestApi, testApi } from "#test/support/lab-api.ts";

const missing = spawnSync("kubectl", ["version", "--client"]).status !== 0;

/** kubectl was written by others and knows nothing of the stand-in: what it understands, other clients will. */
describe.skipIf(missing)(`kubectl${missing ? " (skipped: it is not installed)" : ""}`, () => {
  let kube: TestApi;
  beforeAll(async () => {
    kube = await testApi();
  });
  afterAll(() => kube[Symbol.asyncDispose]());

  const start = (argv: readonly string[], kubeconfig = kube.api.kubeconfig): ChildProcessWithoutNullStreams =>
    spawn("kubectl", ["--kubeconfig", kubeconfig, "--cache-dir", `${kube.dir}/cache`, ...argv]);

  type Outcome = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

  async function kubectl(
    words: string | readonly string[],
    { kubeconfig, stdin = "" }: { kubeconfig?: string; stdin?: string } = {},
  ): Promise<Outcome> {
    const child = start(typeof words === "string" ? words.split(" ") : words, kubeconfig);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => {
        output[name] += text;
      });
    child.stdin.end(stdin);
    const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { ...output, exitCode };
  }

  /** Rows of a printed table, cells split where columns are. */
  const rows = (text: string) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/));

  test("get pods -A -o wide prints the real columns", async () => {
    const { stdout } = await kubectl("get pods -A -o wide");
    const [header, ...body] = rows(stdout);
    expect(header).toEqual([
      "NAMESPACE",
      "NAME",
      "READY",
      "STATUS",
      "RESTARTS",
      "AGE",
      "IP",
      "NODE",
      "NOMINATED NODE",
      "READINESS GATES",
    ]);
    expect(body).toContainEqual([
      "shop",
      "db-0",
      "2/2",
      "Running",
      "0",
      "60m",
      "10.244.1.5",
      "node-2",
      "<none>",
      "<none>",
    ]);
  });

  test("get pods tells why a pod is not well", async () => {
    const crash = { state: "waiting", reason: "CrashLoopBackOff", exitCode: 1, restarts: 4 } as const;
    const pod = kube.lab.pod("default/sick-0");
    const [container] = pod.containers;
    if (!container) throw new Error("no container");
    Object.assign(container, crash);
    kube.lab.change(pod, { ready: false });
    const { stdout } = await kubectl("get pod sick-0 --no-headers");
    expect(stdout).toMatch(/^sick-0 +0\/1 +CrashLoopBackOff +4 \(\ds ago\) +60m/);
  });

  test.each([
    { words: "get nodes -o wide", has: ["node-1", "Ready", "10.88.0.1", "containerd://2.1.4"] },
    {
      words: "get svc,endpointslices -n shop",
      has: ["service/web", "ClusterIP", "10.96.0.10", "80/TCP", "10.244.1.4", "8080"],
    },
    {
      words: "get deploy,rs,ds -A",
      has: ["deployment.apps/web", "1/1", "replicaset.apps/web-5d9c7b8f6d", "daemonset.apps/netcheck-agent"],
    },
    { words: "get po -n shop -l tier=front -o name", has: ["pod/web-0"] },
    {
      words: "get pods -A --field-selector spec.nodeName=node-2 -o name",
      has: ["pod/netcheck-agent-node-2", "pod/db-0"],
    },
    { words: "get lease -n kube-node-lease", has: ["node-1", "node-2"] },
    { words: "get netpol -A", has: [] },
    {
      words: "api-resources --no-headers",
      has: ["endpointslices", "discovery.k8s.io/v1", "netpol", "SelfSubjectAccessReview"],
    },
    { words: "version", has: ["Server Version: v1.33.4+lab"] },
    { words: "describe node node-1", has: ["KubeletReady", "PodCIDR:", "10.244.1.0/24", "web-0"] },
    { words: "describe svc web -n shop", has: ["Selector:", "app=web", "Endpoints:", "10.244.1.4:8080"] },
    {
      words: "describe deploy web -n shop",
      has: ["1 desired | 1 updated | 1 total | 1 available", "web-5d9c7b8f6d (1/1 replicas created)"],
    },
  ])("$words", async ({ words, has }) => {
    const { stdout, exitCode } = await kubectl(words);
    expect(exitCode).toBe(0);
    for (const text of has) expect(stdout).toContain(text);
  });

  test("describe pod and get events show what happened to a pod", async () => {
    const web = kube.lab.model.pods.get("shop/web-0");
    if (!web) throw new Error("web-0 is missing");
    kube.lab.event(web, { message: "Readiness probe failed: connection refused" });
    const { stdout } = await kubectl("describe pod web-0 -n shop");
    expect(stdout).toMatch(/Controlled By: +ReplicaSet\/web-5d9c7b8f6d/);
    expect(stdout).toMatch(/Warning +Unhealthy +\d+s +kubelet +Readiness probe failed: connection refused/);
    expect((await kubectl("get events -n shop")).stdout).toMatch(
      /Warning +Unhealthy +pod\/web-0 +Readiness probe failed/,
    );
    expect((await kubectl("events -n shop")).stdout).toMatch(/Warning +Unhealthy +Pod\/web-0 +Readiness probe failed/);
  });

  test("get -w prints changes as they happen", async () => {
    const child = start(["get", "pods", "-n", "kube-system", "-w", "--no-headers"]);
    const first = kube.lab.pod("kube-system/proxy-1");
    const seen: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      seen.push(line.replace(/ +/g, " "));
      if (seen.length === 1) kube.lab.change(first, { ready: false });
      if (seen.length === 2) break;
    }
    child.kill();
    expect(seen).toEqual(["proxy-1 1/1 Running 0 60m", "proxy-1 0/1 Running 0 60m"]);
  });

  test.each([
    {
      words: ["exec", "-n", "shop", "web-0", "--", "sh", "-c", 'echo "$0"; exit 7', "a  b"],
      exitCode: 7,
      stdout: "a  b\n",
      stderr: "command terminated with exit code 7",
    },
    { words: "exec -n shop db-0 -c db -- echo hello", exitCode: 0, stdout: "hello\n", stderr: "" },
    {
      words: "exec -i -n shop web-0 -- sha256sum",
      exitCode: 0,
      stdout: "ec21d64624228af3ecd4bdaa8239e32ed943b01e26934cd5610fddb361426dc6  -\n",
      stderr: "",
    },
    {
      words: "exec -n shop web-0 -- no-such-program",
      exitCode: 1,
      stdout: "",
      stderr: "executable file not found in $PATH",
    },
    {
      words: "exec -n shop web-9 -- id",
      exitCode: 1,
      stdout: "",
      stderr: 'Error from server (NotFound): pods "web-9" not found',
    },
  ])("$words ends with $exitCode", async ({ words, ...outcome }) => {
    const child = await kubectl(words, { stdin: words.includes("sha256sum") ? "0123456789".repeat(100_000) : "" });
    expect(child).toMatchObject({ exitCode: outcome.exitCode, stdout: outcome.stdout });
    expect(child.stderr).toContain(outcome.stderr);
  });

  test("logs print lines, tails and times, and follow", async () => {
    const log = kube.lab.model.pods.get("shop/web-0")?.containers[0]?.log;
    log?.push(...["one", "two", "three"].map((line, second) => ({ atMs: Date.UTC(2026, 0, 1, 0, 0, second), line })));
    expect((await kubectl("logs -n shop web-0")).stdout).toBe("one\ntwo\nthree\n");
    expect((await kubectl("logs -n shop web-0 --tail=1 --timestamps")).stdout).toBe(
      "2026-01-01T00:00:02.000000000Z three\n",
    );
    expect((await kubectl("logs -n shop web-0 --since=1h")).stdout).toBe("");
    expect((await kubectl("logs -n shop web-0 --limit-bytes=5")).stdout).toBe("one\nt");
    expect((await kubectl("logs -n shop db-0 -c metrics")).exitCode).toBe(0);
    expect((await kubectl("logs -n shop web-0 -p")).stderr).toContain(
      'previous terminated container "main" in pod "web-0" not found',
    );

    const child = start(["logs", "-f", "-n", "shop", "web-0", "--tail=1"]);
    const seen: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      seen.push(line);
      if (seen.length === 1) log?.push({ atMs: Date.now(), line: "four" });
      else break;
    }
    child.kill();
    expect(seen).toEqual(["three", "four"]);
  });

  test("auth can-i knows what the worker may do", async () => {
    const kubeconfig = kube.api.workerKubeconfig;
    const may = async (words: string) => (await kubectl(`auth can-i ${words}`, { kubeconfig })).stdout.trim();
    expect(await may("list pods")).toBe("yes");
    expect(await may("create pods --subresource=exec -n netcheck")).toBe("yes");
    expect(await may("create pods --subresource=exec -n shop")).toBe("no");
    expect(await may("get /version")).toBe("yes");
    expect(await may("get /metrics")).toBe("no");
    expect((await kubectl("auth can-i * *")).stdout.trim()).toBe("yes");
  });

  test("refusals read as those of a real server", async () => {
    const worker = { kubeconfig: kube.api.workerKubeconfig };
    expect((await kubectl("get configmaps", worker)).stderr).toContain(
      'Error from server (Forbidden): configmaps is forbidden: User "system:serviceaccount:netcheck:netcheck-worker" cannot list resource "configmaps" in API group "" in the namespace "default"',
    );
    expect((await kubectl("exec -n shop web-0 -- id", worker)).stderr).toContain('cannot get resource "pods"');
    expect((await kubectl("delete pod web-0 -n shop")).stderr).toContain("Error from server (MethodNotAllowed)");
  });
});
