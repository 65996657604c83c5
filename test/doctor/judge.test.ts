import { describe, expect, test } from "vitest";
import { exitCodeOf, type Finding, fewOf, findingsOf, listed, withoutSecrets } from "#src/doctor/finding.ts";
import { type AgentsFacts, judgeAgents } from "#src/doctor/judge-agents.ts";
import { type ApiFacts, judgeApi } from "#src/doctor/judge-api.ts";
import { type ArtifactFacts, judgeArtifacts, type StoreTrouble } from "#src/doctor/judge-artifacts.ts";
import { judgeConfiguration } from "#src/doctor/judge-configuration.ts";
import { judgeRedis, type RedisState } from "#src/doctor/judge-redis.ts";
import { awayOf } from "#src/doctor/network.ts";
import { findingsText } from "#src/doctor/text.ts";

// What no test can make with real parts: foreign clocks, clouds, clusters of many nodes.
const NOW = 1_790_000_000_000;
const HOUR = 3_600_000;
const shown = (findings: readonly Finding[], look: string) =>
  findings
    .filter((one) => one.look === look)
    .map(({ status, found, remedy }) => [status, found, remedy ?? ""].join(" | "));

const api = (change: Partial<ApiFacts> = {}): ApiFacts => ({
  server: "https://api:6443",
  credential: { kind: "token" },
  answer: {
    outcome: "answered",
    status: 200,
    version: "v1.33.1",
    clock: { offsetEstimateMs: 200, offsetErrorMs: 600 },
  },
  permissions: { asked: 16, missing: [] },
  ...change,
});
const answered = (offsetEstimateMs: number, offsetErrorMs = 600) =>
  api({ answer: { outcome: "answered", status: 200, clock: { offsetEstimateMs, offsetErrorMs } } });

describe("the API server", () => {
  test.each<[string, ApiFacts, string, RegExp]>([
    [
      "a token that holds for days",
      api({ credential: { kind: "token", untilMs: NOW + 99 * HOUR } }),
      "credential",
      /^well .*99 h/,
    ],
    [
      "a token that ends soon",
      api({ credential: { kind: "token", untilMs: NOW + HOUR } }),
      "credential",
      /^note .*ends in 1 h.*create token/,
    ],
    [
      "a certificate that has ended",
      api({ credential: { kind: "certificate", untilMs: NOW - HOUR } }),
      "credential",
      /^mend .*certificate has expired 1 h ago/,
    ],
    ["no credential that says its end", api(), "credential", /^well /],
    ["a clock within what the answer can tell", answered(1_500), "clock", /^well /],
    ["a slow answer that can tell nothing", answered(9_000, 8_500), "clock", /^well /],
    ["this machine behind", answered(60_000), "clock", /^mend .*This machine's is 60 s behind .*timedatectl/],
    ["this machine ahead", answered(-300_000), "clock", /^mend .*5 min ahead of /],
    [
      "reviews that are refused",
      api({ permissions: { unread: "netcheck may not create selfsubjectaccessreviews." } }),
      "permissions",
      /^mend .*helm upgrade/,
    ],
  ])("%s", (_name, facts, look, line) => {
    expect(shown(judgeApi(facts, NOW), look)).toEqual([expect.stringMatching(line)]);
  });
});

const node = (name: string, change: Partial<AgentsFacts["nodes"][number]> = {}) => ({ name, ready: true, ...change });
const pod = (on: string) => ({ pod: `agent-${on}`, node: on, ready: true, image: "a:1", hostNetwork: true });
const look = (on: string, offsetEstimateMs = 0) => ({
  ...{ node: on, outcome: "answered" as const, missing: [], failing: [], versions: {}, lacksCapabilities: [] },
  ...{ stateFails: false, clock: { offsetEstimateMs, offsetErrorMs: 100 } },
});
const agents = (change: Partial<AgentsFacts> = {}): AgentsFacts => ({
  ...{ namespace: "netcheck", label: "a=b", nodes: [node("n1"), node("n2")], pods: [pod("n1"), pod("n2")] },
  ...{ elsewhere: [], unlabelled: [], looks: [look("n1"), look("n2")] },
  ...change,
});

describe("agents", () => {
  const names = Array.from({ length: 300 }, (_, index) => `node-${index}`);
  test.each<[string, AgentsFacts, boolean, string, readonly RegExp[]]>([
    [
      "many nodes without one are one line",
      agents({ nodes: names.map((name) => node(name)) }),
      true,
      "nodes",
      [/^mend .*node-4 and 295 more without/],
    ],
    [
      "nodes that cannot run one",
      agents({ nodes: [node("n1"), node("n2"), node("w", { unsuited: "Windows" })] }),
      true,
      "nodes",
      [/^well 2|^well \| 2/, /^note .*w cannot run agents \(Windows\)/],
    ],
    [
      "a policy that denies exec",
      agents({ looks: [{ node: "n1", outcome: "forbidden", reason: "denied by policy." }] }),
      true,
      "exec",
      [/^mend .*although RBAC grants it.*admission policy/],
    ],
    [
      "exec that is not granted is told with the permissions",
      agents({ looks: [{ node: "n1", outcome: "forbidden", reason: "no" }] }),
      false,
      "exec",
      [],
    ],
    [
      "a kubelet that cannot be reached",
      agents({ looks: [{ node: "n1", outcome: "failed", reason: "error dialing backend.", passed: true }] }),
      true,
      "exec",
      [/^mend .*n1: error dialing backend.*10250/],
    ],
    [
      "nodes for which no time was left",
      agents({ looks: [look("n1"), { node: "n2", outcome: "late" }] }),
      true,
      "exec",
      [/^unseen .*no time left for n2/],
    ],
    [
      "another version of a tool",
      agents({ looks: [{ ...look("n1"), versions: { nft: "1.1.1", ip: "6.1.0" } }] }),
      true,
      "tools",
      [/^note .*nft 1\.1\.1 on n1.*1\.0\.6/],
    ],
    [
      "clocks that differ from each other",
      agents({ looks: [look("n1", -9_000), look("n2", 9_000)] }),
      true,
      "clocks",
      [/^mend .*n1 is 9 s behind/, /^mend .*n2 is 9 s ahead/],
    ],
    [
      "the only node that is looked at",
      agents({ looks: [look("n1", 9_000)] }),
      true,
      "clocks",
      [/^mend .*n1 is 9 s ahead/],
    ],
  ])("%s", (_name, facts, mayExec, what, lines) => {
    expect(shown(judgeAgents(facts, { mayExec }), what)).toEqual(lines.map((line) => expect.stringMatching(line)));
  });
});

const state = (change: Partial<RedisState> = {}): RedisState => ({
  ...{ version: "7.2.4", role: "master", cluster: false, policy: "noeviction", appendOnly: true, replicas: 0 },
  ...{ usedBytes: 1e6, maxBytes: 0, fileFails: false },
  ...change,
});

test.each<[string, RedisState, string, RegExp]>([
  [
    "a managed one that says nothing",
    state({ policy: undefined }),
    "maxmemory-policy",
    /^note .*Make sure of noeviction/,
  ],
  ["one that says nothing of its file", state({ appendOnly: undefined }), "persistence", /^note /],
  ["replicas instead of a file", state({ appendOnly: false, replicas: 2 }), "persistence", /^note .*2 replicas/],
  ["a file that fails", state({ fileFails: true }), "persistence", /^mend .*Make room/],
  [
    "a disk that refuses writes",
    state({ writeError: "MISCONF Redis is configured to save" }),
    "writing",
    /^mend .*cannot save/,
  ],
  ["6.2", state({ version: "6.2.0" }), "version", /^well /],
  ["6.0", state({ version: "6.0.16" }), "version", /^mend .*6\.2 or newer/],
  ["no worker yet", state({ workers: { cluster: "a", alive: 0, elsewhere: [] } }), "workers", /^note /],
  ["no version", state({ version: "" }), "version", /^note /],
])("Redis: %s", (_name, facts, what, line) => {
  const findings = judgeRedis(
    {
      where: "redis:6379",
      prefix: "netcheck",
      answer: { outcome: "answered", state: facts },
    },
    { needsWorker: true },
  );
  expect(shown(findings, what)).toEqual([expect.stringMatching(line)]);
});

const inS3 = (trouble: Partial<StoreTrouble> = {}): ArtifactFacts => ({
  dataDir: "/data",
  s3: { bucket: "b", where: "https://s3.eu-central-1.amazonaws.com", region: "eu-central-1" },
  trouble: { step: "put", name: "Unknown", text: "it failed.", ...trouble },
  ...{ keptBytes: 0, quotaBytes: 20e9, leastFreeBytes: 256 << 20 },
});

test.each<[string, ArtifactFacts, RegExp]>([
  ["a bucket of another region", inS3({ name: "PermanentRedirect", status: 301 }), /NETCHECK_S3_REGION/],
  ["an expired session", inS3({ name: "ExpiredToken", status: 400 }), /AWS_SESSION_TOKEN/],
  ["a clock that is far off", inS3({ name: "RequestTimeTooSkewed", status: 403 }), /timedatectl/],
  ["a key that nobody knows", inS3({ name: "InvalidAccessKeyId", status: 403 }), /AWS_ACCESS_KEY_ID/],
  ["no right to read", inS3({ step: "get", name: "AccessDenied", status: 403 }), /Allow s3:GetObject/],
  ["no right to delete", inS3({ step: "delete", name: "AccessDenied", status: 403 }), /Allow s3:DeleteObject/],
  ["a full store", inS3({ name: "disk-full", status: 507 }), /room in the object store/],
  ["a full disk here", inS3({ name: "disk-full", code: "ENOSPC" }), /Make room in \/data/],
])("the object store: %s", (_name, facts, remedy) => {
  expect(judgeArtifacts(facts)).toContainEqual(
    expect.objectContaining({ status: "mend", remedy: expect.stringMatching(remedy) }),
  );
});

describe("configuration", () => {
  const known = ["NETCHECK_DATA_DIR", "NETCHECK_REDIS_URL"];
  test("a name that is nearly right is one that was meant; others are not ours to judge", () => {
    const set = ["NETCHECK_DATADIR", "NETCHECK_REDIS_PORT_6379_TCP", "PATH", "NETCHECK_REDIS_URL"];
    expect(judgeConfiguration({ faults: [], set, known }).map(({ remedy }) => remedy)).toEqual([
      "Rename it to NETCHECK_DATA_DIR.",
    ]);
  });
});

test("exit codes: configuration before what is to be mended, notes and what was not looked at count for nothing", () => {
  const { mend, note, unseen, well } = findingsOf("Redis");
  expect(exitCodeOf([well("a", "b"), note("a", "b", "c"), unseen("a", "b")])).toBe(0);
  expect(exitCodeOf([well("a", "b"), mend("a", "b", "c")])).toBe(1);
  expect(exitCodeOf([mend("a", "b", "c"), findingsOf("configuration").mend("a", "b", "c")])).toBe(2);
});

test("secrets are hidden wherever they are, the longer ones first; short words are left", () => {
  const findings = [findingsOf("Redis").mend("a", "redis://:secret-long@h", "try secret")];
  expect(withoutSecrets(findings, ["secret", "secret-long", "", "try"])).toEqual([
    findingsOf("Redis").mend("a", "redis://:(hidden)@h", "try (hidden)"),
  ]);
});

test("a Slack token is hidden in whatever variable it stands", () => {
  const [hidden] = withoutSecrets([findingsOf("configuration").mend("a", 'X is "xoxb-1-a2".', "xapp-1-B")], []);
  expect(hidden).toMatchObject({ found: 'X is "(hidden)".', remedy: "(hidden)" });
});

test("what a large cluster has many of is cut", () => {
  const all = Array.from({ length: 12 }, (_, index) => findingsOf("agents").mend("exec", `${index}`, "x"));
  expect(fewOf(all.slice(0, 10))).toHaveLength(10);
  expect(fewOf(all).at(-1)).toEqual(findingsOf("agents").note("exec", "2 more like these."));
});

test("names are listed, and no more than five of them", () => {
  expect([listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c", "d", "e", "f", "g"])]).toEqual([
    "a",
    "a and b",
    "a, b, c, d, e and 2 more",
  ]);
});

test("what a connection failed of is its innermost cause", () => {
  const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const failed = new TypeError("fetch failed", { cause: new AggregateError([cause]) });
  expect(awayOf(failed)).toEqual({ code: "ECONNREFUSED", reason: "connect ECONNREFUSED" });
  expect(awayOf(new DOMException("late", "TimeoutError"))).toEqual({ code: "ETIMEDOUT", reason: "no answer in time" });
  expect(awayOf("odd")).toEqual({ reason: "odd" });
});

test("the text says areas in their order, remedies below, and control characters nowhere", () => {
  const findings = [
    findingsOf("Redis").mend("server", "It said \u001b[31mno\nthere", "Start it."),
    findingsOf("Slack").well("bot token", "Fine."),
  ];
  expect(findingsText(findings, { colour: false })).toBe(
    "Slack\n  ok    bot token: Fine.\nRedis\n  MEND  server: It said [31mno there\n        → Start it.\nTo mend: 1.\n",
  );
  expect(findingsText([], { colour: true })).toBe("\n\u001b[32mNothing to mend.\u001b[0m\n");
});
