import { isIP } from "node:net";
import { z } from "zod";
import { NetcheckError } from "./core/errors.ts";

/** Environment variables by name. The only place that reads `process.env` is the default in this file. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One variable: what a right value looks like, in words that continue "it must be …", and as a schema. */
type Variable<T> = { readonly want: string; readonly schema: z.ZodType<T>; readonly secret?: boolean };
type Group = Readonly<Record<string, Variable<unknown>>>;
type Values<G extends Group> = { readonly [K in keyof G]: G[K] extends Variable<infer T> ? T : never };

const variable = <T>(want: string, schema: z.ZodType<T>, { secret = false } = {}): Variable<T> => ({
  want,
  schema,
  secret,
});
const text = (pattern: RegExp) => z.string().regex(pattern);
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));
const list = (pattern: RegExp) =>
  z
    .string()
    .transform((all) =>
      all
        .split(",")
        .map((item) => item.trim())
        .filter(Boolean),
    )
    .pipe(z.array(text(pattern)));
const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const url = (...protocols: string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol));

/** Collectors take JSON and protobuf at the same URL; gRPC has another port, and is not spoken here. */
const otlpProtocol = variable(
  "http/json (a collector that takes http/protobuf takes it too)",
  z.enum(["http/json", "http/protobuf"]).optional(),
);

/** A token must not cross a network in the clear; a stand-in on this machine may. */
const slackUrl = url("https:", "http:").refine((value) => {
  const { protocol, hostname } = new URL(value);
  return protocol === "https:" || hostname === "localhost" || (isIP(hostname) === 4 && hostname.startsWith("127."));
});

/** What every process needs: where the queue is, where files go, how much is logged. */
const shared = {
  NETCHECK_REDIS_URL: variable("a URL such as redis://host:6379/0 or rediss://…", url("redis:", "rediss:").optional(), {
    secret: true,
  }),
  NETCHECK_REDIS_PREFIX: variable(
    "a short word for Redis keys, in braces for a Redis Cluster: netcheck or {netcheck}",
    text(/^(\{[a-z0-9-]{1,32}\}|[a-z0-9-]{1,32})$/).default("netcheck"),
  ),
  NETCHECK_DATA_DIR: variable("a folder", z.string().min(1).max(4_000).default("./.netcheck")),
  NETCHECK_LOG_LEVEL: variable(
    "trace, debug, info, warn, error or silent",
    z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
  ),
  NETCHECK_CLUSTER: variable("a cluster's name: a-z, 0-9 and -, at most 63", text(dnsLabel).default("default")),
  NETCHECK_METRICS_PORT: variable("a TCP port: 1 to 65535", whole(1, 65_535).optional()),
  NETCHECK_MAX_CHECKS: variable("how many checks one cluster runs at once: 1 to 50", whole(1, 50).default(4)),
} as const;

/** OpenTelemetry's own names; those that only say how to send are read by its exporter. They may be set for others, so few are judged. */
const tracing = {
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(
    "the URL of a collector, such as http://collector:4318",
    url("http:", "https:").optional(),
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: variable(
    "the whole URL that takes traces, such as http://collector:4318/v1/traces",
    url("http:", "https:").optional(),
  ),
  OTEL_TRACES_EXPORTER: variable("names of exporters", z.string().default("otlp")),
  OTEL_SDK_DISABLED: variable("true or false", z.string().default("false")),
} as const;

const otlp = {
  OTEL_EXPORTER_OTLP_PROTOCOL: otlpProtocol,
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: otlpProtocol,
} as const;

const slack = {
  NETCHECK_SLACK_MODE: variable("socket or http", z.enum(["socket", "http"]).default("socket")),
  NETCHECK_SLACK_BOT_TOKEN: variable('the bot token of the Slack app; it begins with "xoxb-"', text(/^xoxb-\S+$/), {
    secret: true,
  }),
  NETCHECK_SLACK_API_URL: variable(
    "the URL of Slack's Web API, https (http only on this machine): https://slack-gov.com/api/",
    slackUrl.optional(),
  ),
  NETCHECK_COMMAND: variable(
    "a slash command: / and 1 to 31 of a-z, 0-9, - and _",
    text(/^\/[a-z0-9_-]{1,31}$/).default("/netcheck"),
  ),
  NETCHECK_ALLOWED_USERS: variable(
    "Slack user ids with commas between them: U012AB3CD,W012AB3CE",
    list(/^[UW][A-Z0-9]{2,}$/).default([]),
  ),
  NETCHECK_ALLOWED_GROUPS: variable(
    "handles of Slack user groups with commas between them: oncall-net,sre",
    list(/^@?[\p{L}\p{N}_.-]{1,80}$/u).default([]),
  ),
} as const;

const talk = {
  NETCHECK_LANGUAGE: variable("en or zh", z.enum(["en", "zh"]).default("en")),
} as const;

const socketMode = {
  NETCHECK_SLACK_APP_TOKEN: variable(
    'the app-level token for Socket Mode; it begins with "xapp-"',
    text(/^xapp-\S+$/),
    {
      secret: true,
    },
  ),
} as const;

const httpMode = {
  NETCHECK_SLACK_SIGNING_SECRET: variable(
    "the signing secret of the Slack app: 16 characters or more",
    text(/^\S{16,}$/),
    {
      secret: true,
    },
  ),
  NETCHECK_HTTP_PORT: variable("a TCP port: 1 to 65535", whole(1, 65_535).default(3_000)),
} as const;

const cluster = {
  KUBECONFIG: variable("paths of kubeconfig files", z.string().min(1).optional()),
  NETCHECK_KUBE_CONTEXT: variable("a context of the kubeconfig", z.string().min(1).max(500).optional()),
  NETCHECK_AGENT_NAMESPACE: variable(
    "the namespace of the agents: a-z, 0-9 and -, at most 63",
    text(dnsLabel).default("netcheck"),
  ),
  NETCHECK_FETCH_MB_PER_S: variable(
    "megabytes of recorded packets a second that are fetched from the cluster: 1 to 10000",
    whole(1, 10_000).default(10),
  ),
  NETCHECK_CAPTURE_MB: variable(
    "megabytes of recorded packets that are kept of one check: 10 to 999999",
    whole(10, 999_999).default(2_000),
  ),
} as const;

/** Where captures are kept, and how many. */
const artifacts = {
  NETCHECK_ARTIFACT_DAYS: variable("how many days captures are kept: 1 to 3650", whole(1, 3_650).default(14)),
  NETCHECK_ARTIFACT_QUOTA_GB: variable(
    "gigabytes that all captures may take: 1 to 999999",
    whole(1, 999_999).default(20),
  ),
  NETCHECK_S3_BUCKET: variable(
    "the name of a bucket: 3 to 63 of a-z, 0-9, - and .",
    text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/).optional(),
  ),
  NETCHECK_S3_ENDPOINT: variable("a URL such as https://objects.example.com", url("https:", "http:").optional()),
  NETCHECK_S3_REGION: variable("a region such as eu-central-1", text(/^[a-z0-9-]{1,40}$/).default("us-east-1")),
  NETCHECK_S3_PREFIX: variable(
    "the beginning of all object names, such as netcheck/prod",
    text(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*\/?$/)
      .max(200)
      .optional(),
  ),
  NETCHECK_S3_PATH_STYLE: variable("true or false", z.enum(["true", "false"]).optional()),
  NETCHECK_S3_CACHE_GB: variable("gigabytes for copies of objects: 1 to 9999", whole(1, 9_999).default(4)),
} as const;

/** Every variable that there is, for the documentation test. */
export const variableNames: readonly string[] = [
  ...[shared, tracing, otlp, artifacts, slack, talk, socketMode, httpMode, cluster].flatMap((group) =>
    Object.keys(group),
  ),
];

/** Reads groups of variables and collects what is wrong with all of them, so that it is said once. */
function reader(env: Environment) {
  const faults: string[] = [];
  return {
    read<G extends Group>(group: G): Values<G> {
      const values: Record<string, unknown> = {};
      for (const [name, { want, schema, secret }] of Object.entries(group)) {
        // An empty variable is how shells and manifests spell an absent one.
        const value = env[name]?.trim() || undefined;
        const parsed = schema.safeParse(value);
        values[name] = parsed.data;
        if (parsed.success) continue;
        const what =
          value === undefined ? "is missing" : secret ? "is not right" : `is ${JSON.stringify(value.slice(0, 80))}`;
        faults.push(`  ${name} ${what}: it must be ${want}.`);
      }
      return values as Values<G>;
    },
    /** For what a group cannot know by itself. */
    fault(text: string): void {
      faults.push(`  ${text}`);
    },
    done<T>(config: T): T {
      if (faults.length === 0) return config;
      const count = faults.length === 1 ? "1 variable needs" : `${faults.length} variables need`;
      throw new NetcheckError("bad-config", `${count} attention:\n${faults.join("\n")}`, {
        hint: "See docs/configuration.md.",
      });
    },
  };
}

type Reader = ReturnType<typeof reader>;

function readShared(from: Reader) {
  const values = from.read(shared);
  return {
    redisUrl: values.NETCHECK_REDIS_URL,
    redisPrefix: values.NETCHECK_REDIS_PREFIX,
    dataDir: values.NETCHECK_DATA_DIR,
    logLevel: values.NETCHECK_LOG_LEVEL,
    /** A worker's own cluster; for a bot the one that is meant when a command names none. */
    cluster: values.NETCHECK_CLUSTER,
    /** Absent: neither metrics nor health are served. */
    metricsPort: values.NETCHECK_METRICS_PORT,
    maxChecks: values.NETCHECK_MAX_CHECKS,
    /** Where traces are sent; absent: nowhere. */
    tracesUrl: readTracesUrl(from),
    artifacts: readArtifacts(from),
  };
}

function readTracesUrl(from: Reader): string | undefined {
  const values = from.read(tracing);
  const base = values.OTEL_EXPORTER_OTLP_ENDPOINT;
  const whole = values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base && `${base.replace(/\/$/, "")}/v1/traces`);
  const off = values.OTEL_SDK_DISABLED?.toLowerCase() === "true" || !values.OTEL_TRACES_EXPORTER?.includes("otlp");
  if (whole === undefined || off) return undefined;
  from.read(otlp);
  return whole;
}

function readArtifacts(from: Reader) {
  const values = from.read(artifacts);
  const bucket = values.NETCHECK_S3_BUCKET;
  const endpoint = values.NETCHECK_S3_ENDPOINT;
  const style = values.NETCHECK_S3_PATH_STYLE;
  if (bucket === undefined && endpoint !== undefined)
    from.fault("NETCHECK_S3_BUCKET is missing: where NETCHECK_S3_ENDPOINT is set it must be the name of a bucket.");
  return {
    days: values.NETCHECK_ARTIFACT_DAYS,
    quotaBytes: values.NETCHECK_ARTIFACT_QUOTA_GB * 1e9,
    /** Absent: artifacts lie below `dataDir`. */
    s3:
      bucket === undefined
        ? undefined
        : {
            bucket,
            endpoint,
            region: values.NETCHECK_S3_REGION,
            prefix: values.NETCHECK_S3_PREFIX?.replace(/\/?$/, "/") ?? "",
            // Few stores other than Amazon's have a host name for each bucket.
            pathStyle: style === undefined ? endpoint !== undefined : style === "true",
            cacheBytes: values.NETCHECK_S3_CACHE_GB * 1e9,
          },
  };
}

function readSlack(from: Reader) {
  const values = from.read(slack);
  const shown = {
    botToken: values.NETCHECK_SLACK_BOT_TOKEN,
    apiUrl: values.NETCHECK_SLACK_API_URL,
    command: values.NETCHECK_COMMAND,
    allowedUsers: values.NETCHECK_ALLOWED_USERS,
    /** Without the @. */
    allowedGroups: (values.NETCHECK_ALLOWED_GROUPS ?? []).map((handle) => handle.replace(/^@/, "")),
  };
  if (values.NETCHECK_SLACK_MODE === "http") {
    const http = from.read(httpMode);
    const { NETCHECK_SLACK_SIGNING_SECRET: signingSecret, NETCHECK_HTTP_PORT: port } = http;
    return { ...shown, mode: "http" as const, signingSecret, port };
  }
  return { ...shown, mode: "socket" as const, appToken: from.read(socketMode).NETCHECK_SLACK_APP_TOKEN };
}

/** Language of everything that netcheck says in Slack. */
const readLanguage = (from: Reader) => from.read(talk).NETCHECK_LANGUAGE;

function readCluster(from: Reader) {
  const values = from.read(cluster);
  return {
    kubeconfig: values.KUBECONFIG,
    context: values.NETCHECK_KUBE_CONTEXT,
    agentNamespace: values.NETCHECK_AGENT_NAMESPACE,
    captures: {
      bytesPerSecond: values.NETCHECK_FETCH_MB_PER_S * 1e6,
      bytesPerCheck: values.NETCHECK_CAPTURE_MB * 1e6,
    },
  };
}

export type SharedConfig = Readonly<ReturnType<typeof readShared>>;
export type SlackConfig = Readonly<ReturnType<typeof readSlack>>;
export type KubeConfiguration = Readonly<ReturnType<typeof readCluster>>;
export type BotConfig = SharedConfig & { readonly slack: SlackConfig; readonly language: "en" | "zh" };
export type WorkerConfig = SharedConfig & { readonly kube: KubeConfiguration };
export type AllConfig = BotConfig & WorkerConfig;

/** Where captures are kept. Throws like `readBotConfig`. */
export function readArtifactConfig(env: Environment = process.env): Pick<SharedConfig, "dataDir" | "artifacts"> {
  const from = reader(env);
  return from.done(readShared(from));
}

function readBot(from: Reader) {
  const config = { ...readShared(from), slack: readSlack(from), language: readLanguage(from) };
  if (config.slack.mode === "http" && config.metricsPort !== undefined && config.metricsPort === config.slack.port)
    from.fault(
      `NETCHECK_METRICS_PORT is ${config.metricsPort}: it must be another port than that of NETCHECK_HTTP_PORT.`,
    );
  return config;
}

/** Settings of the bot. Throws one `bad-config` error that names every bad or missing variable. */
export function readBotConfig(env: Environment = process.env): BotConfig {
  const from = reader(env);
  return from.done(readBot(from));
}

/** Settings of a worker, which needs no Slack token. Throws like `readBotConfig`. */
export function readWorkerConfig(env: Environment = process.env): WorkerConfig {
  const from = reader(env);
  return from.done({ ...readShared(from), kube: readCluster(from) });
}

/** Settings of bot and worker in one process. Throws like `readBotConfig`. */
export function readAllConfig(env: Environment = process.env): AllConfig {
  const from = reader(env);
  return from.done({ ...readBot(from), kube: readCluster(from) });
}

/** All variables of this process, for looking at those that nobody reads. */
export const environment = (): Environment => process.env;

/** Folders in which programs are looked for. */
export function systemPath(env: Environment = process.env): string {
  return env["PATH"] ?? "";
}
