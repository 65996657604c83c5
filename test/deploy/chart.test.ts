import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as models from "@kubernetes/client-node";
import { beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { agentCapabilities, chartRules } from "#lab/cluster/chart.ts";
import { variableNames } from "#src/config.ts";

// What the chart renders to with each set of values is kept in test/fixtures/chart, so that it can be checked without helm. Where
// helm is, the files are checked to be what it renders. After a change of the chart:
//   NETCHECK_HELM=$(command -v helm) npx vitest run -u --project unit test/deploy/chart.test.ts
const chart = join(import.meta.dirname, "../../deploy/chart");
const rendered = join(import.meta.dirname, "../fixtures/chart");
const sets = readdirSync(join(chart, "examples")).map((file) => file.replace(/\.yaml$/, ""));
const helm = process.env["NETCHECK_HELM"] ?? "helm";
const hasHelm = spawnSync(helm, ["version"]).status === 0;
/** The stricter of what is supported; a helm that was built from source would think of an old one. */
const KUBERNETES = "1.33.0";

/** Every file that the chart is made of. */
function sources(): string {
  const files = readdirSync(chart, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  const hash = createHash("sha256");
  for (const path of paths) hash.update(`${path.slice(chart.length)}\n`).update(readFileSync(path));
  return `${hash.digest("hex")}\n`;
}

const template = (set: string, ...more: string[]) =>
  spawnSync(
    helm,
    [
      "template",
      "netcheck",
      chart,
      "-n",
      "netcheck",
      "--kube-version",
      KUBERNETES,
      "-f",
      join(chart, "examples", `${set}.yaml`),
      ...more,
    ],
    { encoding: "utf8" },
  );

// biome-ignore lint/suspicious/noExplicitAny: manifests have many shapes, and the test fails when a field is not there.
type Manifest = any;
const manifests = (set: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(rendered, `${set}.yaml`), "utf8")).map((document) => document.toJS());

describe.skipIf(!hasHelm)("with helm", () => {
  test.each(sets)("%s renders to what is kept", async (set) => {
    const { status, stdout, stderr } = template(set);
    expect(status, stderr).toBe(0);
    await expect(stdout).toMatchFileSnapshot(join(rendered, `${set}.yaml`));
  });

  test("what is kept was made from these sources", async () => {
    await expect(sources()).toMatchFileSnapshot(join(rendered, "sources.sha256"));
  });

  test.each([
    // The schema's own words differ from helm to helm.
    { value: "bot.replica=3", why: /bot.*additional propert\w+ '?replica'?/is },
    { value: "cluster.name=Prod", why: /cluster.name.*does not match pattern/is },
    { value: "image.digest=sha256:1", why: /image.digest.*does not match pattern/is },
    { value: "traces.port=0", why: /traces.port.*\b1\b/is },
    { value: "agent.namespace=netcheck", why: /must not be the release's own namespace/ },
    { value: "bot.replicas=2", why: /a claim made by this chart serves one pod/ },
    { value: "redis.existingSecret=", why: /the name of a Secret with the key password/ },
    { value: "bot.slack.existingSecret=", why: /the keys bot-token and app-token/ },
  ])("small with $value is refused, with the reason", ({ value, why }) => {
    const { status, stderr } = template("small", "--set", value);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(why);
  });

  test("AppArmor is an annotation before Kubernetes 1.30", () => {
    const { stdout } = template("gke", "--kube-version", "1.26.0");
    expect(stdout).toContain("container.apparmor.security.beta.kubernetes.io/agent: unconfined");
    expect(stdout).not.toContain("appArmorProfile");
  });
});

test("what is kept was made from the chart as it is", () => {
  expect(readFileSync(join(rendered, "sources.sha256"), "utf8"), "render it anew, see the head of this file").toBe(
    sources(),
  );
});

test.each(sets)("the values of %s are what the schema describes", (set) => {
  const schema = z.fromJSONSchema(JSON.parse(readFileSync(join(chart, "values.schema.json"), "utf8")));
  const read = (path: string) => parseAllDocuments(readFileSync(join(chart, path), "utf8"))[0]?.toJS();
  expect(schema.safeParse(read("values.yaml")).error).toBeUndefined();
  expect(schema.safeParse(read(`examples/${set}.yaml`)).error).toBeUndefined();
});

type TypeMap = { getAttributeTypeMap: () => { name: string; baseName: string; type: string }[] };
const classes = models as unknown as Record<string, TypeMap>;

/** Fields of a manifest that its kind does not have, and plain values of the wrong kind, by client-node's classes. */
function faults(value: unknown, type: string, path: string): string[] {
  const list = /^Array<(.*)>$/.exec(type)?.[1];
  if (list)
    return Array.isArray(value)
      ? value.flatMap((one, n) => faults(one, list, `${path}[${n}]`))
      : [`${path} is no list`];
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (map) return Object.entries(value as object).flatMap(([key, one]) => faults(one, map, `${path}.${key}`));
  if (["string", "number", "boolean"].includes(type)) return typeof value === type ? [] : [`${path} is no ${type}`];
  const known = classes[type];
  if (!known || typeof value !== "object" || value === null) return [];
  const fields = new Map(known.getAttributeTypeMap().map((field) => [field.baseName, field.type]));
  return Object.entries(value).flatMap(([key, one]) => {
    const field = fields.get(key);
    return field === undefined ? [`${path}.${key} is not known`] : faults(one, field, `${path}.${key}`);
  });
}

/** Kinds of other projects, which client-node does not know. */
const foreign = new Set(["SecurityContextConstraints", "ServiceMonitor"]);

describe.each(sets)("%s", (set) => {
  let all: Manifest[];
  beforeAll(() => {
    all = manifests(set);
  });
  const of = (kind: string) => all.filter((one) => one.kind === kind);

  test("has no field that its kind lacks", () => {
    for (const one of all.filter(({ kind }) => !foreign.has(kind))) {
      const type = `V${one.apiVersion.split("/").at(-1).slice(1)}${one.kind}`;
      expect(classes[type], type).toBeDefined();
      expect(faults(one, type, `${one.kind}/${one.metadata.name}`)).toEqual([]);
    }
  });

  test("brings no secret, and every variable is one that netcheck reads", () => {
    expect(of("Secret")).toEqual([]);
    const known = new Set([...variableNames, "REDIS_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
    const pods = [...of("Deployment"), ...of("StatefulSet")].map((one) => one.spec.template.spec);
    const names = pods.flatMap((pod) =>
      pod.containers.flatMap((container: Manifest) => (container.env ?? []).map((one: Manifest) => one.name)),
    );
    expect(names.filter((name: string) => !known.has(name))).toEqual([]);
  });

  test("bot, worker and Redis are what Pod Security calls restricted", () => {
    for (const one of [...of("Deployment"), ...of("StatefulSet")]) {
      const pod = one.spec.template.spec;
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
      for (const { securityContext } of pod.containers)
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
      expect((pod.volumes ?? []).every((volume: Manifest) => volume.hostPath === undefined)).toBe(true);
    }
  });

  test("only a worker has a credential, and exactly the rules of the chart's files", () => {
    const [cluster] = of("ClusterRole");
    expect(cluster.rules).toEqual(chartRules("worker-cluster-rules"));
    const roles = Object.fromEntries(of("Role").map((one) => [one.metadata.namespace, one.rules]));
    expect(roles).toEqual({
      "netcheck-agents": chartRules("worker-agent-rules"),
      "kube-node-lease": chartRules("worker-lease-rules"),
    });
    for (const binding of [...of("ClusterRoleBinding"), ...of("RoleBinding")])
      expect(binding.subjects).toEqual([{ kind: "ServiceAccount", name: "netcheck-worker", namespace: "netcheck" }]);
    for (const account of of("ServiceAccount"))
      expect(account.automountServiceAccountToken, account.metadata.name).toBe(
        account.metadata.name === "netcheck-worker" ? undefined : false,
      );
  });

  test("probes ask for health where it is served, and only there", () => {
    for (const one of of("Deployment")) {
      const [{ env, ports = [], livenessProbe, readinessProbe }] = one.spec.template.spec.containers;
      const port = env.find(({ name }: Manifest) => name === "NETCHECK_METRICS_PORT")?.value;
      expect(ports.find(({ name }: Manifest) => name === "metrics")?.containerPort).toBe(port && Number(port));
      expect(livenessProbe?.httpGet).toEqual(port && { path: "/livez", port: "metrics" });
      expect(readinessProbe?.httpGet).toEqual(port && { path: "/readyz", port: "metrics" });
    }
    expect(of("ServiceMonitor").length).toBe(set === "production" ? 1 : 0);
  });

  test("an agent has its capabilities and nothing else, in a namespace of its own", () => {
    const [agent] = of("DaemonSet");
    expect(agent.metadata.namespace).toBe("netcheck-agents");
    const pod = agent.spec.template.spec;
    expect(pod).toMatchObject({ hostNetwork: true, hostPID: true, automountServiceAccountToken: false });
    expect(pod.hostIPC).toBeUndefined();
    expect(pod.containers[0].securityContext).toMatchObject({
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"], add: agentCapabilities() },
      seccompProfile: { type: "RuntimeDefault" },
    });
  });

  test("what has several replicas may lose one at a time", () => {
    const several = of("Deployment").filter((one) => one.spec.replicas > 1);
    expect(
      of("PodDisruptionBudget")
        .map((one) => one.metadata.name)
        .sort(),
    ).toEqual(several.map((one) => one.metadata.name).sort());
  });
});
