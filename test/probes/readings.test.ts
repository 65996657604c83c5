import { expect, test } from "vitest";
import { addressesEvidence } from "#src/core/addresses.ts";
import type { EvidenceKind } from "#src/core/evidence.ts";
import type { Vantage } from "#src/core/plan.ts";
import type { ReadingProbe, Sample } from "#src/core/probe.ts";
import { routesEvidence } from "#src/core/routes.ts";
import { conntrack, conntrackEvidence } from "#src/probes/conntrack.ts";
import { counters, countersEvidence } from "#src/probes/counters.ts";
import { probes } from "#src/probes/index.ts";
import { links, linksEvidence } from "#src/probes/links.ts";
import { listeners, listenersEvidence, parseListeners } from "#src/probes/listeners.ts";
import { neighbours, neighboursEvidence } from "#src/probes/neighbours.ts";
import { routes } from "#src/probes/routes.ts";
import { parseRoutingRules } from "#src/probes/routing-rules.ts";
import { sysctls, sysctlsEvidence } from "#src/probes/sysctls.ts";
import { transcript } from "./transcript.ts";

const vantage: Vantage = { id: "node/n", label: "n", node: "n", netns: "node", ip: "10.0.0.1", role: "control" };
const sample = (stdout: string, atMs = 1_000, exitCode = 0): Sample => ({ atMs, exitCode, stdout });

function read<T>(probe: (typeof probes)[number], kind: EvidenceKind<T>, ...samples: readonly Sample[]): T | undefined {
  if (probe.kind !== "reading") throw new Error("not a reading");
  const evidence = probe.read(samples, { subject: "node/n", vantage }).find((one) => one.kind === kind.name);
  return evidence === undefined ? undefined : kind.schema.parse(evidence.data);
}

test("addresses are those of the real node, without link-local ones", () => {
  const devices = read(links, addressesEvidence, sample(transcript("ip-addr.json")))?.devices ?? [];
  expect(devices.find(({ name }) => name === "eth0")?.addresses).toHaveLength(1);
  expect(devices.every(({ addresses: all }) => all.every(({ ip }) => !ip.startsWith("fe80")))).toBe(true);
});

test("link counters are differences, and a tunnel tells its port", () => {
  const text = transcript("ip-link.json");
  const same = read(links, linksEvidence, sample(text), sample(text, 6_000));
  expect(same?.devices.every(({ gained }) => Object.keys(gained).length === 0)).toBe(true);
  expect(same?.devices.find(({ kind }) => kind === "vxlan")?.tunnelPort).toBeGreaterThan(0);
  const moved = JSON.parse(text) as { ifname: string; stats64: { rx: { dropped: number } } }[];
  for (const link of moved) link.stats64.rx.dropped += 7;
  const after = read(links, linksEvidence, sample(text), sample(JSON.stringify(moved), 6_000));
  expect(after?.devices.every(({ gained }) => gained["rx.dropped"] === 7)).toBe(true);
});

test("the first sample alone is baseline: no counter has gained anything", () => {
  expect(
    read(links, linksEvidence, sample(transcript("ip-link.json")))?.devices.every(
      ({ gained }) => Object.keys(gained).length === 0,
    ),
  ).toBe(true);
  expect(read(counters, countersEvidence, sample(transcript("nstat.json")))?.gained).toEqual({});
});

test("kernel counters keep what moved", () => {
  const later = transcript("nstat.json").replace('"IpExtInNoRoutes":10', '"IpExtInNoRoutes":15');
  expect(read(counters, countersEvidence, sample(transcript("nstat.json")), sample(later, 6_000))?.gained).toEqual({
    IpExtInNoRoutes: 5,
  });
});

test("routes come in versions: when one disappears and returns, that shows", () => {
  const whole = transcript("ip-route.json");
  const parsed = JSON.parse(whole) as { dst: string; gateway?: string }[];
  const without = JSON.stringify(parsed.filter(({ dst, gateway }) => dst === "default" || gateway === undefined));
  const versions = read(
    routes,
    routesEvidence,
    sample(whole, 1),
    sample(whole, 2),
    sample(without, 3),
    sample(whole, 4),
  )?.versions;
  expect(versions?.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
    [1, 2],
    [3, 3],
    [4, 4],
  ]);
});

test.each([
  { name: "the command failed", samples: [sample("", 1, 1)] },
  { name: "it timed out", samples: [sample("[{", 1, 124)] },
  { name: "it printed nonsense", samples: [sample("segfault", 1)] },
  { name: "it was never run", samples: [] },
])("no reading says anything when $name", ({ samples }) => {
  for (const probe of [links, routes, counters, neighbours, conntrack])
    if (probe.kind === "reading") expect(probe.read(samples, { subject: "node/n", vantage })).toEqual([]);
});

test.each([
  {
    line: "LISTEN 0      128          0.0.0.0:5432       0.0.0.0:*",
    want: { ip: "0.0.0.0", port: 5432, waiting: 0, limit: 128 },
  },
  {
    line: "LISTEN 3      5               [::]:8080          [::]:*",
    want: { ip: "::", port: 8080, waiting: 3, limit: 5 },
  },
  {
    line: "LISTEN 0      4096   127.0.0.53%lo:53        0.0.0.0:*",
    want: { ip: "127.0.0.53", port: 53, waiting: 0, limit: 4096 },
  },
  {
    line: "LISTEN 0      10                 *:7000             *:*",
    want: { ip: "*", port: 7000, waiting: 0, limit: 10 },
  },
])("$line is a listener", ({ line, want }) => {
  expect(parseListeners(`${line}\n`)).toEqual([want]);
});

test("a pod without any socket is read as such, not as unknown", () => {
  expect(read(listeners, listenersEvidence, sample(""))?.versions.at(-1)?.value).toEqual([]);
});

test("text that is no list of sockets is unknown, not a pod without any", () => {
  expect(read(listeners, listenersEvidence, sample("Netid State ]]]\n"))).toBeUndefined();
});

test("a neighbour whose address changed hands shows both", () => {
  const one = '[{"dst":"10.0.0.9","dev":"eth0","lladdr":"02:00:00:00:00:01","state":["REACHABLE"]}]';
  const found = read(neighbours, neighboursEvidence, sample(one), sample(one.replace(":01", ":02"), 6_000))?.neighbours;
  expect(found).toEqual([
    { ip: "10.0.0.9", device: "eth0", mac: "02:00:00:00:00:02", state: "REACHABLE", macsBefore: ["02:00:00:00:00:01"] },
  ]);
});

test("connection tracking sums over CPUs and subtracts the first reading", () => {
  const later = transcript("conntrack.txt").replace(/drop=\d+/, "drop=900");
  expect(read(conntrack, conntrackEvidence, sample(transcript("conntrack.txt")), sample(later, 6_000))?.gained).toEqual(
    { drop: 900 },
  );
});

test("settings are read from a real node, and a change during the check shows", () => {
  const text = transcript("sysctls.txt");
  const data = read(
    sysctls,
    sysctlsEvidence,
    sample(text),
    sample(text.replace("ip_forward:1", "ip_forward:0"), 6_000),
  );
  expect(data?.values["ipv4/ip_forward"]).toBe("0");
  expect(data?.changed).toContain("ipv4/ip_forward");
});

test("ordinary policy rules are left out", () => {
  expect(parseRoutingRules(transcript("ip-rule.json"))).toEqual([]);
  expect(parseRoutingRules('[{"priority":100,"src":"all","fwmark":"0x1","table":"7"}]')).toMatchObject([
    { priority: 100, table: "7" },
  ]);
});

const somewhere: Vantage = { id: "pod/a/b", label: "a/b", node: "n", netns: "0a1b-22", ip: "10.0.0.1", role: "from" };
const end = { kind: "pod", name: "a/b", ip: "10.0.0.1" } as const;
const wordsOf = ({ argv }: ReadingProbe): readonly string[] =>
  typeof argv === "function" ? argv(somewhere, { vantages: [somewhere], from: end, to: end }) : argv;

test("no command of a reading can be mistaken for a shell line", () => {
  for (const probe of probes)
    if (probe.kind === "reading") for (const word of wordsOf(probe)) expect(word).toMatch(/^[\w./*=-]+$/);
});
