import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { type Environment, readAllConfig, readBotConfig, readWorkerConfig, variableNames } from "#src/config.ts";
import { NetcheckError } from "#src/core/errors.ts";

const socket: Environment = { NETCHECK_SLACK_BOT_TOKEN: "xoxb-1", NETCHECK_SLACK_APP_TOKEN: "xapp-1" };

function fault(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof NetcheckError) return error.message;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

test("a bot needs two tokens and nothing of a cluster", () => {
  expect(readBotConfig(socket)).toMatchObject({
    redisUrl: undefined,
    redisPrefix: "netcheck",
    dataDir: "./.netcheck",
    cluster: "default",
    maxChecks: 4,
    slack: { mode: "socket", appToken: "xapp-1", command: "/netcheck", allowedUsers: [], allowedGroups: [] },
  });
});

test("a worker needs nothing of Slack", () => {
  expect(readWorkerConfig({ NETCHECK_CLUSTER: "prod-eu-1", KUBECONFIG: "/k" })).toMatchObject({
    cluster: "prod-eu-1",
    kube: { kubeconfig: "/k", context: undefined, agentNamespace: "netcheck" },
  });
});

test("bot and worker in one process need both", () => {
  expect(readAllConfig(socket)).toMatchObject({ slack: { botToken: "xoxb-1" }, kube: { agentNamespace: "netcheck" } });
});

test("lists are split at commas and lose the @ of a group handle", () => {
  const env = { ...socket, NETCHECK_ALLOWED_USERS: "U0AB, W0CD,", NETCHECK_ALLOWED_GROUPS: "@oncall-net,sre" };
  expect(readBotConfig(env).slack).toMatchObject({
    allowedUsers: ["U0AB", "W0CD"],
    allowedGroups: ["oncall-net", "sre"],
  });
});

test("captures are kept on disk, or in a bucket when there is one", () => {
  expect(readWorkerConfig({}).artifacts).toEqual({ days: 14, quotaBytes: 20e9, s3: undefined });
  const env = { NETCHECK_S3_BUCKET: "captures", NETCHECK_ARTIFACT_DAYS: "3", NETCHECK_ARTIFACT_QUOTA_GB: "5" };
  const amazon = { bucket: "captures", endpoint: undefined, region: "us-east-1", prefix: "", pathStyle: false };
  expect(readBotConfig({ ...socket, ...env }).artifacts).toEqual({
    ...{ days: 3, quotaBytes: 5e9, s3: { ...amazon, cacheBytes: 4e9 } },
  });
  const own = { ...env, NETCHECK_S3_ENDPOINT: "https://objects.example.com", NETCHECK_S3_PREFIX: "netcheck/prod" };
  expect(readWorkerConfig(own).artifacts.s3).toMatchObject({ prefix: "netcheck/prod/", pathStyle: true });
  expect(readWorkerConfig({ ...own, NETCHECK_S3_PATH_STYLE: "false" }).artifacts.s3?.pathStyle).toBe(false);
  expect(fault(() => readWorkerConfig({ ...own, NETCHECK_S3_BUCKET: "" }))).toContain(
    "NETCHECK_S3_BUCKET is missing: where NETCHECK_S3_ENDPOINT is set it must be the name of a bucket.",
  );
});

test("an empty variable counts as absent", () => {
  expect(readBotConfig({ ...socket, NETCHECK_REDIS_URL: " ", NETCHECK_COMMAND: "" }).slack.command).toBe("/netcheck");
});

test("one message names every bad and every missing variable and never shows a secret", () => {
  const env = {
    NETCHECK_SLACK_MODE: "http",
    NETCHECK_SLACK_BOT_TOKEN: "xoxp-personal",
    NETCHECK_HTTP_PORT: "70000",
    NETCHECK_REDIS_URL: "http://user:pass@redis",
    NETCHECK_CLUSTER: "Prod EU",
  };
  expect(fault(() => readAllConfig(env))).toBe(
    [
      "5 variables need attention:",
      "  NETCHECK_REDIS_URL is not right: it must be a URL such as redis://host:6379/0 or rediss://….",
      '  NETCHECK_CLUSTER is "Prod EU": it must be a cluster\'s name: a-z, 0-9 and -, at most 63.',
      '  NETCHECK_SLACK_BOT_TOKEN is not right: it must be the bot token of the Slack app; it begins with "xoxb-".',
      "  NETCHECK_SLACK_SIGNING_SECRET is missing: it must be the signing secret of the Slack app: 16 characters or more.",
      '  NETCHECK_HTTP_PORT is "70000": it must be a TCP port: 1 to 65535.',
    ].join("\n"),
  );
});

test.each([
  { name: "NETCHECK_SLACK_MODE", value: "websocket" },
  { name: "NETCHECK_SLACK_APP_TOKEN", value: "xoxb-1" },
  { name: "NETCHECK_SLACK_API_URL", value: "http://slack.example/api/" },
  { name: "NETCHECK_COMMAND", value: "netcheck" },
  { name: "NETCHECK_REDIS_PREFIX", value: "a:b" },
  { name: "NETCHECK_LOG_LEVEL", value: "loud" },
  { name: "NETCHECK_ALLOWED_USERS", value: "alice" },
  { name: "NETCHECK_MAX_CHECKS", value: "0" },
  { name: "NETCHECK_METRICS_PORT", value: "0" },
  { name: "NETCHECK_METRICS_PORT", value: "70000" },
  { name: "NETCHECK_METRICS_PORT", value: ":9464" },
  { name: "NETCHECK_ARTIFACT_DAYS", value: "0" },
  { name: "NETCHECK_S3_BUCKET", value: "../etc" },
  { name: "NETCHECK_S3_PREFIX", value: "/a" },
  { name: "NETCHECK_S3_PATH_STYLE", value: "yes" },
  { name: "NETCHECK_AGENT_NAMESPACE", value: "net check" },
])("$name is refused when it is $value", ({ name, value }) => {
  expect(fault(() => readAllConfig({ ...socket, [name]: value }))).toContain(
    `1 variable needs attention:\n  ${name} is`,
  );
});

test("metrics are served where a port is named, and not at the one that Slack's requests come to", () => {
  expect(readWorkerConfig({}).metricsPort).toBeUndefined();
  const http = { NETCHECK_SLACK_MODE: "http", NETCHECK_SLACK_SIGNING_SECRET: "0123456789abcdef" };
  const env = { ...socket, ...http, NETCHECK_HTTP_PORT: "3001" };
  expect(readAllConfig({ ...env, NETCHECK_METRICS_PORT: "9464" }).metricsPort).toBe(9_464);
  expect(fault(() => readAllConfig({ ...env, NETCHECK_METRICS_PORT: "3001" }))).toContain(
    "  NETCHECK_METRICS_PORT is 3001: it must be another port than that of NETCHECK_HTTP_PORT.",
  );
});

test("plain HTTP to Slack is accepted on this machine only", () => {
  const env = { ...socket, NETCHECK_SLACK_API_URL: "http://127.0.0.1:8930/api/" };
  expect(readBotConfig(env).slack.apiUrl).toBe("http://127.0.0.1:8930/api/");
});

test("the documentation names every variable", async () => {
  const page = await readFile(new URL("../docs/configuration.md", import.meta.url), "utf8");
  expect(variableNames.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

const collector = "http://collector:4318";
test.each([
  [{}, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: collector }, `${collector}/v1/traces`],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: `${collector}/otel/` }, `${collector}/otel/v1/traces`],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector}/x` }, `${collector}/x`],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://other", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector }, collector],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: collector, OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" }, `${collector}/v1/traces`],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: collector, OTEL_SDK_DISABLED: "TRUE" }, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: collector, OTEL_TRACES_EXPORTER: "none" }, undefined],
  // What is set for other programs of the pod is not judged where nothing is sent.
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, undefined],
])("with %j traces go to %s", (env, url) => {
  expect(readWorkerConfig(env).tracesUrl).toBe(url);
});

test("traces cannot be sent by gRPC", () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
  expect(fault(() => readWorkerConfig(env))).toContain(
    'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": it must be http/json (a collector that takes http/protobuf takes it too).',
  );
});
