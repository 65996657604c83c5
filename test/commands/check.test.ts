import { describe, expect, test } from "vitest";
import { parseCheck, toRequest } from "#src/commands/check.ts";
import { pointerOf } from "#src/commands/grammar/bad-command.ts";
import { readLine } from "#src/commands/index.ts";
import { limits } from "#src/core/check.ts";
import { fullText, NetcheckError } from "#src/core/errors.ts";
import { inWords } from "#src/core/sentence.ts";
import { targetText } from "#src/core/target.ts";
import { caretLines } from "#src/report/answers.ts";
import { smallInventory } from "#test/support/small-inventory.ts";

const usual = { cluster: "prod", maxDurationMs: limits.maxDurationMs };

const read = (raw: string) => parseCheck(readLine(raw), usual);
function request(raw: string) {
  const words = readLine(raw);
  return toRequest(parseCheck(words, usual), words, smallInventory, {
    id: "nc-test",
    cluster: "prod",
    requestedAtMs: 0,
  });
}
function refusal(raw: string, ask: (raw: string) => unknown = request): NetcheckError {
  try {
    ask(raw);
  } catch (error) {
    if (error instanceof NetcheckError) return error;
    throw error;
  }
  throw new Error(`accepted: ${raw}`);
}
/** Three English words in a row. What was typed stays as it is. */
const ENGLISH = /(?<![\w/.-])[a-z]{2,} [a-z]{2,} [a-z]{2,}(?![\w/])/i;

/** Everything that is said about a refusal, in Chinese. */
function inChinese(error: NetcheckError): string {
  const said = [fullText(error), ...(pointerOf(error)?.understood ?? [])].map((text) => inWords(text, "zh"));
  for (const text of said) expect(text).toMatch(/[\u4e00-\u9fff]/);
  expect(said.filter((text) => ENGLISH.test(text) || text.includes("{}"))).toEqual([]);
  return said[0] ?? "";
}
/** The part of the line that the carets stand under. */
function pointedAt(error: NetcheckError): string | undefined {
  const pointer = pointerOf(error);
  return pointer?.line.slice(pointer.start, pointer.end);
}

describe("targets", () => {
  test.each([
    ["web-0", { kind: "pod", name: "web-0" }],
    ["web-0:8080", { kind: "pod", name: "web-0", port: 8080 }],
    ["shop/web-0", { kind: "pod", namespace: "shop", name: "web-0" }],
    ["shop/web-0:1", { kind: "pod", namespace: "shop", name: "web-0", port: 1 }],
    ["shop/web.v2", { kind: "pod", namespace: "shop", name: "web.v2" }],
    ["pod/web-0", { kind: "pod", name: "web-0" }],
    ["pods/shop/web-0", { kind: "pod", namespace: "shop", name: "web-0" }],
    ["po/shop/web-0", { kind: "pod", namespace: "shop", name: "web-0" }],
    ["pod/status", { kind: "pod", name: "status" }],
    ["3scale-0", { kind: "pod", name: "3scale-0" }],
    ["10x", { kind: "pod", name: "10x" }],
    ["node:8080", { kind: "pod", name: "node", port: 8080 }],
    ["deploy/web", { kind: "deployment", name: "web" }],
    ["deploy/shop/web:80", { kind: "deployment", namespace: "shop", name: "web", port: 80 }],
    ["deployment/web", { kind: "deployment", name: "web" }],
    ["deployments/shop/web", { kind: "deployment", namespace: "shop", name: "web" }],
    ["svc/web", { kind: "service", name: "web" }],
    ["svc/shop/web:80", { kind: "service", namespace: "shop", name: "web", port: 80 }],
    ["service/shop/web", { kind: "service", namespace: "shop", name: "web" }],
    ["node/node-1", { kind: "node", name: "node-1" }],
    ["node/node-1:10250", { kind: "node", name: "node-1", port: 10250 }],
    ["nodes/ip-10-0-0-1.eu.internal", { kind: "node", name: "ip-10-0-0-1.eu.internal" }],
    ["10.0.0.7", { kind: "address", ip: "10.0.0.7" }],
    ["10.0.0.7:443", { kind: "address", ip: "10.0.0.7", port: 443 }],
    ["[fd00::12]", { kind: "address", ip: "fd00::12" }],
    ["[fd00::12]:443", { kind: "address", ip: "fd00::12", port: 443 }],
    ["[::1]", { kind: "address", ip: "::1" }],
    ["db.example.com", { kind: "host", name: "db.example.com" }],
    ["db.example.com:5432", { kind: "host", name: "db.example.com", port: 5432 }],
    ["<http://db.example.com:5432|db.example.com:5432>", { kind: "host", name: "db.example.com", port: 5432 }],
    ["web.shop.svc.cluster.local", { kind: "host", name: "web.shop.svc.cluster.local" }],
    ["constructor", { kind: "pod", name: "constructor" }],
    ["toString/x", { kind: "pod", namespace: "tostring", name: "x" }],
  ])("%s is read as %j", (text, target) => {
    expect(read(`${text} other-0`).from).toEqual(target);
    expect(read(`other-0 10m ${text}`).to).toEqual(target);
  });

  test.each([
    ["web-0@eu", "eu"],
    ["shop/web-0:80@eu", "eu"],
    ["[fd00::12]:443@eu", "eu"],
    ["10.0.0.7@eu", "eu"],
    ["db.example.com:5432@eu", "eu"],
  ])("%s is in the cluster %s", (text, cluster) => {
    expect(read(`${text} other-0`)).toMatchObject({ cluster });
    expect(read(`${text} other-0@eu`)).toMatchObject({ cluster });
    expect(read(`other-0 ${text} cluster=eu`)).toMatchObject({ cluster });
  });
});

describe("durations", () => {
  test.each([
    ["5s", 5_000],
    ["30s", 30_000],
    ["90s", 90_000],
    ["10m", 600_000],
    ["2h", 7_200_000],
    ["8h", 28_800_000],
    ["1h30m", 5_400_000],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    ["0.5m", 30_000],
    ["10min", 600_000],
    ["45sec", 45_000],
    ["1hr", 3_600_000],
    ["2hours", 7_200_000],
    ["10000ms", 10_000],
    ["+10m", 600_000],
  ])("%s is %d ms, in any position", (text, durationMs) => {
    for (const line of [`${text} web-0 db-0`, `web-0 ${text} db-0`, `web-0 db-0 ${text}`])
      expect(read(line)).toMatchObject({ durationMs, from: { name: "web-0" }, to: { name: "db-0" } });
  });

  test("a check without a duration has the usual one", () => {
    expect(read("web-0 db-0").durationMs).toBe(limits.defaultDurationMs);
  });

  test.each([
    ["-5m", "A duration cannot be negative: -5m.", "web-0 db-0 5m"],
    ["-5", "A duration cannot be negative: -5.", "web-0 db-0 5m"],
    ["\u22125m", "A duration cannot be negative: -5m.", "web-0 db-0 5m"],
    ["10", "10 what? A duration needs a unit: s, m or h.", "web-0 db-0 10m"],
    ["99999", "99999 what? A duration needs a unit: s, m or h.", "web-0 db-0 10m"],
    ["0s", "0s is too short; the shortest check is 5 s.", "web-0 db-0 5s"],
    ["1s", "1s is too short; the shortest check is 5 s.", "web-0 db-0 5s"],
    ["10ms", "10ms is too short; the shortest check is 5 s.", "web-0 db-0 5s"],
    ["9h", "9h is too long; the longest check is 8 h.", "web-0 db-0 8h"],
    ["2d", "2d is too long; the longest check is 8 h.", "web-0 db-0 8h"],
    ["1w", "1w is too long; the longest check is 8 h.", "web-0 db-0 8h"],
    ["999999999999999999999999999h", "9999999999999999999… is too long; the longest check is 8 h.", "web-0 db-0 8h"],
  ])("%s is refused: %s", (text, problem, nearest) => {
    const error = refusal(`web-0 db-0 ${text}`);
    expect(error.message).toBe(problem);
    inChinese(error);
    expect(pointerOf(error)?.nearest[0]).toBe(nearest);
    expect(pointerOf(error)?.understood.map((text) => inWords(text))).toEqual(["from pod web-0", "to pod db-0"]);
  });
});

describe("options", () => {
  test.each(["port=5432", "--port=5432", "--port 5432", "-port 5432", "\u2014port 5432"])(
    "%s sets the port of the second end",
    (option) => {
      expect(read(`web-0 db-0 ${option}`).to).toEqual({ kind: "pod", name: "db-0", port: 5432 });
      expect(read(`${option} web-0 db-0 10m`).to).toEqual({ kind: "pod", name: "db-0", port: 5432 });
    },
  );

  test("the same port twice is no contradiction", () => {
    expect(read("web-0 db-0:80 port=80").to).toMatchObject({ port: 80 });
  });

  test.each([
    ["web-0 db-0 --prot 80", "There is no option --prot.", "--prot"],
    ["web-0 db-0 foo=bar", "There is no option foo.", "foo=bar"],
    ["web-0 db-0 --port", "The option port has no value.", "--port"],
    ["web-0 db-0 port=", "The option port has no value.", "port="],
    ["web-0 db-0 port=0", "0 is not a port; ports are numbers from 1 to 65535.", "port=0"],
    ["web-0 db-0 port=x", "x is not a port; ports are numbers from 1 to 65535.", "port=x"],
    ["web-0 db-0 port=80 port=81", "The option port stands there twice.", "port=81"],
    ["web-0 db-0:80 port=81", "The second end has two ports: 80 and 81.", "port=81"],
    [
      "web-0@a db-0@b",
      "A check between two clusters is measured by the workers of both; a terminal has the credential of one.",
      "db-0@b",
    ],
    ["web-0@a db-0 cluster=b", "The line names two clusters, a and b.", "cluster=b"],
  ])("%s is refused: %s", (line, problem, at) => {
    const error = refusal(line);
    expect(error.message).toBe(problem);
    inChinese(error);
    expect(pointedAt(error)).toBe(at);
  });

  test("a misspelt option names the right one", () => {
    expect(pointerOf(refusal("web-0 db-0 --prot 80"))?.nearest).toEqual(["web-0 db-0 --port 80"]);
  });
});

describe("refused words", () => {
  test.each([
    // shell metacharacters: the character itself is shown
    [
      "web-0 db-0;reboot",
      "The character ; has a meaning for shells and none for netcheck, which never uses one.",
      ";",
      "web-0 db-0",
    ],
    [
      "web-0 db-0 | cat",
      "The character | has a meaning for shells and none for netcheck, which never uses one.",
      "|",
      undefined,
    ],
    [
      "web-0 db-0 &amp;&amp; id",
      "The character & has a meaning for shells and none for netcheck, which never uses one.",
      "&",
      undefined,
    ],
    [
      "web-0 $(id)",
      "The character $ has a meaning for shells and none for netcheck, which never uses one.",
      "$",
      undefined,
    ],
    [
      "web-0 `id` x`y",
      "The character ` has a meaning for shells and none for netcheck, which never uses one.",
      "`",
      undefined,
    ],
    [
      "web-0 db-0 &gt;/etc/passwd",
      "The character > has a meaning for shells and none for netcheck, which never uses one.",
      ">",
      undefined,
    ],
    [
      "web-0 &lt;db-0&gt;",
      "The character < has a meaning for shells and none for netcheck, which never uses one.",
      "<",
      undefined,
    ],
    [
      "web-0 db-\\0",
      "The character \\ has a meaning for shells and none for netcheck, which never uses one.",
      "\\",
      undefined,
    ],
    [
      "web-0 'db-0",
      "The character ' has a meaning for shells and none for netcheck, which never uses one.",
      "'",
      undefined,
    ],
    [
      'web-0 db"0',
      'The character " has a meaning for shells and none for netcheck, which never uses one.',
      '"',
      "web-0 db",
    ],
    [
      "web-0 db-*",
      "The character * has a meaning for shells and none for netcheck, which never uses one.",
      "*",
      "web-0 db",
    ],
    [
      "web-{0,1} db-0",
      "The character { has a meaning for shells and none for netcheck, which never uses one.",
      "{",
      "web db-0",
    ],
    [
      "web-0 ~root",
      "The character ~ has a meaning for shells and none for netcheck, which never uses one.",
      "~",
      undefined,
    ],
    ["web-0,db-0", "The character , (U+002C) cannot be part of a name, an address or a duration.", ",", "web-0 db-0"],
    // emoji, other scripts, look-alikes
    [
      "web-0 \ud83d\udd25",
      "\ud83d\udd25 is an emoji; a command is made of names, addresses and durations.",
      "\ud83d\udd25",
      undefined,
    ],
    ["web-0 :fire:", ":fire: is an emoji; a command is made of names, addresses and durations.", ":fire:", undefined],
    [
      "web-0 \ud83c\uddeb\ud83c\uddf7",
      "\ud83c\uddeb is an emoji; a command is made of names, addresses and durations.",
      "\ud83c\uddeb",
      undefined,
    ],
    [
      "web-0 \u05e9\u05dc\u05d5\u05dd",
      "The character \u05e9 (U+05E9) cannot be part of a name, an address or a duration.",
      "\u05e9",
      undefined,
    ],
    [
      "\u0645\u0631\u062d\u0628\u0627 db-0",
      "The character \u0645 (U+0645) cannot be part of a name, an address or a duration.",
      "\u0645",
      undefined,
    ],
    [
      "w\u0435b-0 db-0",
      "The character \u0435 (U+0435) cannot be part of a name, an address or a duration.",
      "\u0435",
      undefined,
    ],
    ["web-0 数据库", "The character 数 (U+6570) cannot be part of a name, an address or a duration.", "数", undefined],
    [
      "web-0 fe80::1%eth0",
      "The character % (U+0025) cannot be part of a name, an address or a duration.",
      "%",
      "web-0 fe80::1",
    ],
    // escaped people, channels, links
    ["<@U012AB3CD|alice> db-0", "@alice is a person or a group in Slack, not a target.", "@alice", undefined],
    ["web-0 <#C012AB3CD|ops>", "#ops is a channel in Slack, not a target.", "#ops", undefined],
    ["<!here> db-0", "@here is a person or a group in Slack, not a target.", "@here", undefined],
    [
      "web-0 <https://db.shop/path>",
      "https://db.shop/path is a URL; a target is a host and a port.",
      "https://db.shop/path",
      "web-0 db.shop:443",
    ],
    [
      "web-0 http://db.shop:81",
      "http://db.shop:81 is a URL; a target is a host and a port.",
      "http://db.shop:81",
      "web-0 db.shop:81",
    ],
    // addresses
    ["web-0 10.0.0.256", "10.0.0.256 is not an IPv4 address.", "10.0.0.256", undefined],
    ["web-0 10.0.0", "10.0.0 is not an IPv4 address.", "10.0.0", undefined],
    ["web-0 1.2.3.4.5", "1.2.3.4.5 is not an IPv4 address.", "1.2.3.4.5", undefined],
    ["web-0 10.0.0.0/24", "10.0.0.0/24 is a network; a check needs one address.", "10.0.0.0/24", "web-0 10.0.0.0"],
    [
      "web-0 fd00::12",
      "An IPv6 address needs brackets, because of the port behind it.",
      "fd00::12",
      "web-0 [fd00::12]",
    ],
    ["web-0 [fd00::xyz]", "[fd00::xyz] is not an IPv6 address in brackets.", "[fd00::xyz]", undefined],
    ["web-0 [fd00::1", "[fd00::1 is not an IPv6 address in brackets.", "[fd00::1", undefined],
    ["web-0 [fd00::1]443", "[fd00::1]443 is not an IPv6 address in brackets.", "[fd00::1]443", undefined],
    // ports
    ["web-0 db-0:", "The port is missing behind “:”.", "db-0:", "web-0 db-0"],
    ["web-0 db-0:http", "http is not a port; ports are numbers from 1 to 65535.", "db-0:http", "web-0 db-0"],
    ["web-0 db-0:0", "0 is not a port; ports are numbers from 1 to 65535.", "db-0:0", "web-0 db-0"],
    ["web-0 db-0:65536", "65536 is not a port; ports are numbers from 1 to 65535.", "db-0:65536", "web-0 db-0"],
    ["web-0 db-0:-1", "-1 is not a port; ports are numbers from 1 to 65535.", "db-0:-1", "web-0 db-0"],
    ["web-0 db-0:80:90", "80:90 is not a port; ports are numbers from 1 to 65535.", "db-0:80:90", "web-0 db-0"],
    // shapes
    ["web-0 svc:shop/web", "A kind is followed by “/”, not by “:”.", "svc:shop/web", "web-0 svc/shop/web"],
    ["web-0 node:node-1", "A kind is followed by “/”, not by “:”.", "node:node-1", "web-0 node/node-1"],
    ["web-0 shop/deploy/web", "The kind comes first.", "shop/deploy/web", "web-0 deploy/shop/web"],
    ["web-0 a/b/c/d", "a/b/c/d is not a target.", "a/b/c/d", "web-0 c/d"],
    ["web-0 shop/", "shop/ is not a target.", "shop/", "web-0 shop"],
    ["web-0 /db-0", "/db-0 is not a target.", "/db-0", "web-0 db-0"],
    ["web-0 svc/", "svc/ is not a target.", "svc/", undefined],
    ["web-0 node/a/b", "node/a/b is not a target.", "node/a/b", "web-0 node/b"],
    ["web-0 db_0", "db_0 cannot be the name of anything in Kubernetes.", "db_0", "web-0 db-0"],
    ["web-0 db-", "db- cannot be the name of anything in Kubernetes.", "db-", "web-0 db"],
    ["web-0 sh.op/db-0", "sh.op cannot be the name of anything in Kubernetes.", "sh.op/db-0", undefined],
    ["web-0 db-0@", "The cluster's name is missing behind @.", "db-0@", "web-0 db-0"],
    ["web-0 db-0@a@b", "db-0@a@b holds more than one @.", "db-0@a@b", "web-0 db-0a"],
    [`web-0 ${"x".repeat(254)}`, "This name has 254 characters; the longest has 253.", "x".repeat(254), undefined],
    // too little, too much
    ["web-0", "The second end is missing.", "", undefined],
    ["web-0 10m", "The second end is missing.", "", undefined],
    ["10m", "Both ends are missing.", "", undefined],
    ["port=80", "Both ends are missing.", "", undefined],
    ["web-0 db-0 cache-0", "cache-0 is a third name; a check has two ends.", "cache-0", "web-0 db-0"],
    ["web-0 db-0 10x", "10x is a third name; a check has two ends.", "10x", "web-0 db-0"],
    ["web-0 db-0 10m 5m", "There are two durations: 10m and 5m.", "5m", "web-0 db-0 10m"],
  ])("%s", (line, problem, at, nearest) => {
    const error = refusal(line);
    expect(error.message).toBe(problem);
    inChinese(error);
    expect(pointedAt(error)).toBe(at);
    if (nearest !== undefined) expect(pointerOf(error)?.nearest[0]).toBe(nearest);
  });

  test("10,000 characters are refused by their number", () => {
    const error = refusal(`web-0 ${"x".repeat(9_994)}`);
    expect(error.message).toBe("This is 10000 characters long; a command has at most 500.");
    expect(pointerOf(error)?.line.length).toBeLessThan(100);
  });
});

describe("names", () => {
  test.each([
    ["web-0 db-0", "shop/web-0", "shop/db-0"],
    ["web-0 svc/web:80", "shop/web-0", "svc/shop/web:80"],
    ["deploy/web svc/shop/db", "deploy/shop/web", "svc/shop/db"],
    ["node/node-1 node/node-2", "node/node-1", "node/node-2"],
    ["data/cache-0 shop/cache-0", "data/cache-0", "shop/cache-0"],
    ["web-0 10.0.0.7:443", "shop/web-0", "10.0.0.7:443"],
    ["web-0 example.com", "shop/web-0", "example.com"],
    ["web-0 proxy.v2", "shop/web-0", "data/proxy.v2"],
    ["10.244.1.2 db-0", "10.244.1.2", "shop/db-0"],
    ["192.168.0.1 db-0", "192.168.0.1", "shop/db-0"],
    ["web-0@prod db-0@prod 30s", "shop/web-0", "shop/db-0"],
  ])("%s is from %s to %s", (line, from, to) => {
    const made = request(line);
    expect([targetText(made.from), targetText(made.to)]).toEqual([from, to]);
    expect(made).toMatchObject({ id: "nc-test", cluster: "prod", command: line });
  });

  test.each([
    ["web-0 paymnts-0 10m", "There is no pod paymnts-0 in cluster prod.", "paymnts-0", "web-0 shop/payments-0 10m"],
    ["web-0 db-0x", "There is no pod db-0x in cluster prod.", "db-0x", "web-0 shop/db-0"],
    [
      "web-0 shop/warehouse-0",
      "There is no pod warehouse-0 in the namespace shop of cluster prod. There is one in data.",
      "shop/warehouse-0",
      "web-0 data/warehouse-0",
    ],
    [
      "web-0 nowhere/db-0:5432",
      "There is no pod db-0 in the namespace nowhere of cluster prod. There is one in shop.",
      "nowhere/db-0:5432",
      "web-0 shop/db-0:5432",
    ],
    ["web-0 cache-0", "The pod cache-0 exists in more than one namespace.", "cache-0", "web-0 data/cache-0"],
    ["web-0 new-0", "The pod shop/new-0 has no address yet (it is Pending).", "new-0", undefined],
    ["web-0 shop/new-0", "The pod shop/new-0 has no address yet (it is Pending).", "shop/new-0", undefined],
    [
      "web-0 svc/shop/wev",
      "There is no service wev in the namespace shop of cluster prod.",
      "svc/shop/wev",
      "web-0 svc/shop/web",
    ],
    ["web-0 deploy/webb", "There is no deployment webb in cluster prod.", "deploy/webb", "web-0 deploy/shop/web"],
    ["web-0 node/node-9", "There is no node node-9 in cluster prod.", "node/node-9", "web-0 node/node-1"],
    ["web-0 node-1", "There is no pod node-1 in cluster prod.", "node-1", "web-0 node/node-1"],
    [
      "web-0 paymnts-0@prod",
      "There is no pod paymnts-0 in cluster prod.",
      "paymnts-0@prod",
      "web-0 shop/payments-0@prod",
    ],
    ["zzz db-0", "There is no pod zzz in cluster prod.", "zzz", undefined],
    ["web-0 web-0", "Both ends are the pod shop/web-0; a check needs two different ends.", "web-0", "web-0 shop/web-1"],
    [
      "web-0 shop/web-0:80 10m",
      "Both ends are the pod shop/web-0; a check needs two different ends.",
      "shop/web-0:80",
      "web-0 shop/web-1 10m",
    ],
    [
      "web-0 10.244.1.2",
      "Both ends are the pod shop/web-0; a check needs two different ends.",
      "10.244.1.2",
      "web-0 shop/web-1",
    ],
    [
      "node/node-1 node/node-1",
      "Both ends are the node node-1; a check needs two different ends.",
      "node/node-1",
      undefined,
    ],
    [
      "10.0.0.7 10.0.0.7:80",
      "Both ends are the address 10.0.0.7; a check needs two different ends.",
      "10.0.0.7:80",
      undefined,
    ],
    [
      "8.8.8.8 db-0",
      "netcheck measures from inside the cluster, and the address 8.8.8.8 is no pod or node of prod.",
      "8.8.8.8",
      "db-0 8.8.8.8",
    ],
    [
      "example.com db-0",
      "netcheck measures from inside the cluster, and the host example.com is no pod or node of prod.",
      "example.com",
      "db-0 example.com",
    ],
  ])("%s is refused: %s", (line, problem, at, nearest) => {
    const error = refusal(line);
    expect(error.message).toBe(problem);
    inChinese(error);
    expect(error.code).toBe("bad-command");
    expect(pointedAt(error)).toBe(at);
    if (nearest !== undefined) expect(pointerOf(error)?.nearest[0]).toBe(nearest);
  });

  test("without an inventory names go through as they are", () => {
    const words = readLine("some-0 other-0");
    const made = toRequest(parseCheck(words, usual), words, undefined, {
      id: "nc-test",
      cluster: "prod",
      requestedAtMs: 0,
    });
    expect(made.from).toEqual({ kind: "pod", name: "some-0" });
  });
});

describe("in Chinese", () => {
  test.each([
    ["web-0 db-0 10m 5m", "写了两个时长：10m 和 5m。"],
    ["web-0 db-0 10", "10 缺少单位；时长需要单位：s、m 或 h。"],
    ["web-0 db-0 9h", "9h 太长；检查最长为 8 h。"],
    ["web-0", "缺少第二端。检查需要两端，例如：web-0 db-0 10m。"],
    ["web-0 svc:shop/web", "类型后面应跟 “/”，而不是 “:”。"],
    ["web-0 db-0:", "“:” 后面缺少端口。"],
    ["web-0 db-0:80 port=81", "第二端写了两个端口：80 和 81。"],
    ["web-0 shop/warehouse-0", "集群 prod 的命名空间 shop 中不存在 Pod warehouse-0。命名空间 data 中有一个。"],
    ["web-0 node/node-9", "集群 prod 中不存在节点 node-9。"],
    ["web-0 web-0", "两端都是 Pod shop/web-0，而检查需要不同的两端。"],
    ["8.8.8.8 db-0", "netcheck 从集群内部测量，而地址 8.8.8.8 不是 prod 的 Pod 或节点。请把 Pod 写在前面。"],
    [
      `web-0 ${"x".repeat(9_994)}`,
      "这里有 10000 个字符，而命令最多 500 个字符。请写两个名称和一个时长，例如：web-0 db-0 10m。",
    ],
  ])("%s is refused: %s", (line, said) => {
    expect(inChinese(refusal(line))).toBe(said);
  });
});

describe("nearest forms", () => {
  const lines = [
    "web-0 paymnts-0 10m",
    "web-0 web-0",
    "web-0 svc:shop/web",
    "web-0 cache-0",
    "-5m web-0 db-0",
    "web-0 10 db-0",
    "web-0 db-0 99h",
    "web-0 db-0 x-0",
    "8.8.8.8 db-0",
  ];
  test.each(lines)("what is offered for %s can be typed as it is", (line) => {
    const nearest = pointerOf(refusal(line))?.nearest ?? [];
    expect(nearest.length).toBeGreaterThan(0);
    for (const near of nearest) expect(() => request(near)).not.toThrow();
  });
});

describe("the caret", () => {
  const carets = (line: string): string =>
    caretLines("/netcheck", pointerOf(refusal(line)) ?? { line, start: 0, end: 0, understood: [], nearest: [] }).join(
      "\n",
    );
  test.each([
    ["web-0 paymnts-0 10m", "/netcheck web-0 paymnts-0 10m\n                ^^^^^^^^^"],
    ["web-0", "/netcheck web-0\n                ^"],
    ["web-0 db-0;x", "/netcheck web-0 db-0;x\n                    ^"],
    ["web-0 数据库", "/netcheck web-0 数据库\n                ^^"],
    ["数 🔥", "/netcheck 数 🔥\n          ^^"],
    [`${"a".repeat(100)} ${"b".repeat(100)} c-`, `/netcheck …${"b".repeat(39)} c-\n${" ".repeat(51)}^^`],
  ])("stands under the mistake in %s", (line, drawn) => {
    expect(carets(line)).toBe(drawn);
  });
});
