import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { agentFacts } from "./cluster/agent-facts.ts";
import { apiFacts } from "./cluster/api-facts.ts";
import { connectKube, type Kube } from "./cluster/kube-client.ts";
import { within } from "./cluster/within.ts";
import {
  type BotConfig,
  type Environment,
  environment,
  readBotConfig,
  readWorkerConfig,
  variableNames,
  type WorkerConfig,
} from "./config.ts";
import { NetcheckError } from "./core/errors.ts";
import { inWords } from "./core/sentence.ts";
import { type Area, exitCodeOf, type Finding, findingsOf, withoutSecrets } from "./doctor/finding.ts";
import { judgeAgents } from "./doctor/judge-agents.ts";
import { judgeApi } from "./doctor/judge-api.ts";
import { judgeArtifacts } from "./doctor/judge-artifacts.ts";
import { judgeConfiguration } from "./doctor/judge-configuration.ts";
import { judgeRedis } from "./doctor/judge-redis.ts";
import { judgeSlack } from "./doctor/judge-slack.ts";
import { findingsText } from "./doctor/text.ts";
import { redisFacts } from "./queue/redis-facts.ts";
import { slackFacts } from "./slack/slack-facts.ts";
import { artifactFacts } from "./store/artifact-facts.ts";

const usage = `Usage: npm run -s netcheck -- doctor [--json]

Looks at the configuration of this process (environment variables) and at all that it names: Slack, Redis, the Kubernetes API and
what it grants, the agents with their tools and clocks, the artifact store. Says on each line what is wrong and what mends it.
Changes nothing; a small key and a small file are written and deleted again.
  --json   one JSON document on standard output instead of text
Exit code: 0 nothing to mend; 1 something; 2 the configuration cannot be used, or this command line. See docs/doctor.md.
`;

/** Each question ends within the first, all about one thing within the second. */
const LIMITS = { questionMs: 8_000, areaMs: 30_000 };
/** Connections of a look that was given up must not keep the process. */
const LINGER_MS = 500;

/** `netcheck doctor`. Answers the exit code. */
export async function doctorCommand(argv: readonly string[]): Promise<number> {
  const asked = read(argv);
  if (typeof asked === "number") return asked;
  const findings = await examine(environment());
  const code = exitCodeOf(findings);
  const document = { status: code === 0 ? "well" : code === 1 ? "mend" : "unusable", findings };
  const text = asked.json
    ? `${JSON.stringify(document)}\n`
    : findingsText(findings, { colour: process.stdout.isTTY === true });
  await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
  setTimeout(() => process.exit(code), LINGER_MS).unref();
  return code;
}

/** A number is the exit code of a command line that asks for nothing else. */
function read(argv: readonly string[]): { readonly json: boolean } | number {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    if (!values.help) return { json: values.json ?? false };
    process.stderr.write(usage);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
}

/** Looks at everything side by side. What is not configured, or not rightly, is said and left out. */
export async function examine(env: Environment, limits: typeof LIMITS = LIMITS): Promise<Finding[]> {
  const worker = attempt(() => readWorkerConfig(env));
  const wantsSlack = isSet(env, /^NETCHECK_(SLACK_|ALLOWED_|COMMAND$)/);
  const bot = wantsSlack ? attempt(() => readBotConfig(env)) : undefined;
  const faults = [...new Set([worker, bot].flatMap((part) => (part && "faults" in part ? part.faults : [])))];
  const set = Object.entries(env).flatMap(([name, value]) => (value ? [name] : []));
  const configuration = judgeConfiguration({ faults, set, known: variableNames });
  const looks = await Promise.all([
    lookAtSlack(bot, { env, limits }),
    "config" in worker ? lookAtRedis(worker.config, limits, wantsSlack) : [unusable("Redis")],
    "config" in worker ? lookAtCluster(worker.config, { env, limits }) : [unusable("Kubernetes API")],
    "config" in worker ? lookAtArtifacts(worker.config, limits) : [unusable("artifacts")],
  ]);
  return withoutSecrets([...configuration, ...looks.flat()], secretsIn(env));
}

type Limits = typeof LIMITS;
type Part<T> = { readonly config: T } | { readonly faults: readonly string[] };

function attempt<T>(readConfig: () => T): Part<T> {
  try {
    return { config: readConfig() };
  } catch (error) {
    if (!(error instanceof NetcheckError)) throw error;
    return {
      faults: error.message
        .split("\n")
        .slice(1)
        .map((line) => line.trim()),
    };
  }
}

const lower = (text: string): string => `${text.charAt(0).toLowerCase()}${text.slice(1)}`;

const isSet = (env: Environment, names: RegExp): boolean =>
  Object.entries(env).some(([name, value]) => value && names.test(name));

const unusable = (area: Area): Finding => findingsOf(area).unseen("all", "its configuration cannot be used.");

/** All looks at one thing, within its time. A look that throws is a bug, and does not take the others with it. */
async function look(
  area: Area,
  { areaMs }: Limits,
  facts: (signal: AbortSignal) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await within(areaMs, facts, "cluster-unreachable", "It");
  } catch (error) {
    const found = error instanceof NetcheckError ? error.message : `Looking failed: ${String(error)}`;
    const hint = error instanceof NetcheckError && error.hint !== undefined ? inWords(error.hint) : undefined;
    return [findingsOf(area).mend("all", found, hint ?? "Look for a server, a proxy or a disk that hangs.")];
  }
}

async function lookAtSlack(
  bot: Part<BotConfig> | undefined,
  { env, limits }: { readonly env: Environment; readonly limits: Limits },
): Promise<readonly Finding[]> {
  if (bot === undefined)
    return [findingsOf("Slack").unseen("all", "no variable of the bot is set; a worker needs none.")];
  if ("faults" in bot) return [unusable("Slack")];
  const proxyIgnored = isSet(env, /^https_proxy$/i) && !isSet(env, /^NODE_USE_ENV_PROXY$/);
  return look("Slack", limits, async () =>
    judgeSlack(await slackFacts(bot.config.slack, { limitMs: limits.questionMs, proxyIgnored })),
  );
}

const lookAtRedis = (config: WorkerConfig, limits: Limits, needsWorker: boolean) =>
  look("Redis", limits, async () =>
    judgeRedis(await redisFacts(config, { limitMs: limits.questionMs }), { needsWorker }),
  );

const lookAtArtifacts = (config: WorkerConfig, limits: Limits) =>
  look("artifacts", limits, async () =>
    judgeArtifacts(await artifactFacts(config, { limitMs: limits.questionMs, nowMs: Date.now })),
  );

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token";

async function lookAtCluster(
  { kube: { kubeconfig, context, agentNamespace } }: WorkerConfig,
  { env, limits }: { readonly env: Environment; readonly limits: Limits },
): Promise<readonly Finding[]> {
  const wanted =
    isSet(env, /^(KUBECONFIG|NETCHECK_KUBE_CONTEXT|NETCHECK_AGENT_NAMESPACE)$/) ||
    [join(homedir(), ".kube", "config"), SERVICE_ACCOUNT].some((path) => existsSync(path));
  if (!wanted)
    return [
      findingsOf("Kubernetes API").unseen("all", "there is no kubeconfig and no service account; a bot needs none."),
      findingsOf("agents").unseen("all", "no cluster is configured."),
    ];
  let kube: Kube;
  try {
    kube = connectKube({ kubeconfig, context }, { headersTimeoutMs: limits.questionMs });
  } catch (error) {
    if (!(error instanceof NetcheckError)) throw error;
    const remedy = error.hint === undefined ? "Set KUBECONFIG." : inWords(error.hint);
    return [findingsOf("configuration").mend("KUBECONFIG", error.message, remedy), unusable("Kubernetes API")];
  }
  try {
    const limitMs = limits.questionMs;
    const asked = look("Kubernetes API", limits, async () =>
      judgeApi(await apiFacts(kube, agentNamespace, { limitMs, nowMs: Date.now }), Date.now()),
    );
    const [api, agents] = await Promise.all([
      asked,
      look("agents", limits, async (late) => {
        const signal = AbortSignal.any([late, AbortSignal.timeout(limits.areaMs - limitMs)]);
        const [facts, findings] = await Promise.all([
          agentFacts(kube, agentNamespace, { limitMs, nowMs: Date.now, signal }).catch(ifForbidden),
          asked,
        ]);
        const lacking = findings.filter(isLacking);
        if (!(facts instanceof NetcheckError))
          return judgeAgents(facts, { mayExec: !lacking.some(({ found }) => found.includes("pods/exec")) });
        // Otherwise RBAC grants it, and something else refuses it.
        if (lacking.length === 0) throw facts;
        return [findingsOf("agents").unseen("all", lower(facts.message))];
      }),
    ]);
    return [
      ...api,
      ...(usableApi(api) ? agents : [findingsOf("agents").unseen("all", "the API server gives nothing.")]),
    ];
  } finally {
    await kube.close();
  }
}

/** For `catch`: what may not be read is perhaps told already. */
function ifForbidden(error: unknown): NetcheckError {
  if (error instanceof NetcheckError && error.code === "forbidden") return error;
  throw error;
}

const isLacking = ({ look: what, status }: Finding): boolean => what === "permissions" && status === "mend";

/** What makes every other question fail is said once. */
const usableApi = (api: readonly Finding[]): boolean =>
  !api.some(({ look: what, status }) => what === "permissions" && status === "unseen");

/** Words that must not be shown, in whatever form a library or a server repeats them. */
function secretsIn(env: Environment): string[] {
  const names = [
    ...["NETCHECK_SLACK_BOT_TOKEN", "NETCHECK_SLACK_APP_TOKEN", "NETCHECK_SLACK_SIGNING_SECRET"],
    ...["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
  ];
  const url = env["NETCHECK_REDIS_URL"] ?? "";
  const password = URL.canParse(url) ? new URL(url).password : "";
  return [...names.map((name) => env[name]?.trim() ?? ""), password, safeDecode(password)];
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
