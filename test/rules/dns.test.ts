import { describe, expect, test } from "vitest";
import type { Anomaly } from "#src/core/anomaly.ts";
import { evidenceOf } from "#src/core/evidence.ts";
import { pingEvidence } from "#src/core/leg-evidence.ts";
import type { Case, Rule, Suspicion } from "#src/core/rule.ts";
import { inWords } from "#src/core/sentence.ts";
import { wilson } from "#src/core/stats.ts";
import { dnsCrashLoop } from "#src/rules/dns-crash-loop.ts";
import { dnsDown } from "#src/rules/dns-down.ts";
import { dnsOverloaded } from "#src/rules/dns-overloaded.ts";
import { dnsPathLoss } from "#src/rules/dns-path-loss.ts";
import { dnsStaleAnswer } from "#src/rules/dns-stale-answer.ts";
import { dnsTcpBlocked } from "#src/rules/dns-tcp-blocked.ts";
import { dnsUpstreamFailing } from "#src/rules/dns-upstream-failing.ts";
import { dnsWrongResolver } from "#src/rules/dns-wrong-resolver.ts";
import { startOf } from "../core/simulate.ts";
import { askNames, type Names, namesCase, ONE, type Said, SERVICE, TWO, UPSTREAM } from "./dns-case.ts";

const DEAD: Said = { lost: 40, tcpLost: 10, outside: { timeout: 10 } };
const REFUSED: Said = { outcomes: { "rcode-refused": 40 } };
const THIRD: Said = { lost: 13 };
const SLOW: Said = { slow: 20 };
const everywhere = (said: Said): Names => ({
  source: { "*": said },
  near: { "*": said },
  far: { "*": said },
  self: said,
});
const forSource = (said: Said): Names => ({ source: { "*": said } });
const forNode = (said: Said): Names => ({ source: { "*": said }, near: { "*": said } });
const service = "svc/kube-system/kube-dns";

const rules: readonly Rule[] = [
  dnsWrongResolver,
  dnsCrashLoop,
  dnsDown,
  dnsStaleAnswer,
  dnsOverloaded,
  dnsPathLoss,
  dnsUpstreamFailing,
  dnsTcpBlocked,
];

type Row = readonly [what: string, names: Names, said: Readonly<Record<string, string>>];

/** What the rules suspect; those that are not named suspect nothing. */
const table: readonly Row[] = [
  ["everything is well", {}, {}],
  ["everything is well in a cluster of IPv6, whose names have no IPv4 address", { ipv6: true }, {}],
  [
    "a cluster of IPv6 gives an old address",
    { ipv6: true, ...everywhere({ answers: { "fd00:96::9": 40 } }) },
    { "dns-stale-answer": `${service} certain` },
  ],
  ["the servers are dead", everywhere(DEAD), { "dns-down": `${service} certain` }],
  ["the servers refuse", everywhere(REFUSED), { "dns-down": `${service} certain` }],
  [
    "port 53 is filtered in front of the servers",
    { ...everywhere(DEAD), self: {} },
    { "dns-down": `${service} certain` },
  ],
  ["one pod is answered by nobody", forSource(DEAD), { "dns-down": "shop/api-0 certain" }],
  ["one node is answered by nobody", forNode(DEAD), { "dns-down": "ulm certain" }],
  [
    "the Service address is dead on one node, the servers answer directly",
    { source: { [SERVICE]: DEAD }, near: { [SERVICE]: DEAD } },
    { "dns-down": "ulm certain" },
  ],
  [
    "the Service address is dead everywhere",
    { source: { [SERVICE]: DEAD }, near: { [SERVICE]: DEAD }, far: { [SERVICE]: DEAD } },
    { "dns-down": `${service} certain` },
  ],
  [
    "all servers crash",
    {
      ...everywhere(DEAD),
      states: [
        { notRunning: ["coredns is waiting (CrashLoopBackOff)"] },
        { notRunning: ["coredns is waiting (CrashLoopBackOff)"] },
      ],
    },
    { "dns-crash-loop": `${service} certain`, "dns-down": `${service} certain` },
  ],
  ["one server crashes and nobody misses it", { source: { [TWO]: DEAD }, states: [{}, { restarts: 2 }] }, {}],
  [
    "one server crashes and names are missed",
    {
      source: { [TWO]: DEAD, [SERVICE]: { lost: 10 } },
      far: { [TWO]: DEAD },
      near: { [TWO]: DEAD },
      states: [{}, { restarts: 2 }],
    },
    { "dns-crash-loop": "kube-system/names-b certain", "dns-path-loss": "kube-system/names-b certain" },
  ],
  ["a third of all answers is lost", { ...everywhere(THIRD), self: {} }, { "dns-path-loss": `${service} certain` }],
  [
    "one server loses half",
    {
      source: { [SERVICE]: { lost: 10 }, [ONE]: { lost: 20 } },
      near: { [ONE]: { lost: 20 } },
      far: { [ONE]: { lost: 20 } },
    },
    { "dns-path-loss": "kube-system/names-a certain" },
  ],
  [
    "one server cannot be reached from one node",
    { source: { [SERVICE]: { lost: 20 }, [TWO]: DEAD }, near: { [TWO]: DEAD } },
    { "dns-path-loss": "ulm>graz certain" },
  ],
  [
    "the server of the pod's own node cannot be reached from there",
    { source: { [SERVICE]: { lost: 20 }, [ONE]: DEAD }, near: { [ONE]: DEAD } },
    { "dns-path-loss": "ulm certain" },
  ],
  [
    "two servers lose a little, one of them less than three by chance",
    {
      source: { [SERVICE]: { lost: 9 }, [ONE]: { lost: 3 }, [TWO]: { lost: 2 } },
      near: { "*": THIRD },
      far: { "*": THIRD },
    },
    { "dns-path-loss": `${service} certain` },
  ],
  [
    "all lose a third, and the pod's neighbour had luck",
    { ...everywhere(THIRD), near: {}, self: {} },
    { "dns-path-loss": `${service} certain` },
  ],
  ["one pod loses a third", forSource(THIRD), { "dns-path-loss": "shop/api-0 certain" }],
  [
    "one pod loses a seventh, and the few that others asked are answered",
    forSource({ lost: 6 }),
    {
      "dns-path-loss": "shop/api-0 likely",
    },
  ],
  [
    "all lose a third, and pods of other nodes had luck but for one query",
    { ...everywhere(THIRD), far: { [ONE]: { lost: 8 } }, self: {} },
    { "dns-path-loss": `${service} likely` },
  ],
  ["one node loses a third", forNode(THIRD), { "dns-path-loss": "ulm certain" }],
  ["a server that the pod is not sent to loses", { source: { [TWO]: THIRD } }, {}],
  [
    "a server to which the pod was hardly sent loses",
    { source: { [TWO]: { lost: 9 }, [SERVICE]: { lost: 2 } }, near: { [TWO]: THIRD }, far: { [TWO]: THIRD } },
    { "dns-path-loss": "kube-system/names-b certain" },
  ],
  [
    "a server may not be asked directly, and the pod lost two by chance",
    { source: { [TWO]: DEAD, [SERVICE]: { lost: 2 } } },
    {},
  ],
  [
    "all servers lose a fifth, and the pod had luck",
    { ...everywhere({ lost: 8 }), source: { "*": { lost: 8 }, [SERVICE]: { lost: 2 } }, self: {} },
    { "dns-path-loss": `${service} certain` },
  ],
  [
    "all servers lose two thirds when they are asked directly, the pod loses nothing",
    { ...everywhere({ lost: 26 }), source: { "*": { lost: 26 }, [SERVICE]: {} } },
    {},
  ],
  ["two queries of forty are lost", forSource({ lost: 2 }), {}],
  ["half of the answers are slow", everywhere(SLOW), { "dns-overloaded": `${service} certain` }],
  [
    "half of the answers are slow, and whoever else asks gets none: that is no answer in time",
    { ...everywhere(SLOW), near: { "*": DEAD }, far: { "*": DEAD } },
    { "dns-overloaded": `${service} likely` },
  ],
  [
    "the servers give an old address, and whoever else asks gets no answer",
    { ...everywhere({ answers: { "10.96.9.9": 40 } }), near: { "*": DEAD }, far: { "*": DEAD } },
    { "dns-stale-answer": `${service} likely` },
  ],
  [
    "all answers come after the deadline",
    everywhere({ late: 40, slow: 40 }),
    { "dns-overloaded": `${service} certain` },
  ],
  [
    "one server is slow",
    { source: { [SERVICE]: { slow: 18 }, [TWO]: SLOW }, near: { [TWO]: SLOW }, far: { [TWO]: SLOW } },
    { "dns-overloaded": "kube-system/names-b certain" },
  ],
  [
    "many answers are slow, and a few of those that others asked, who ask seldom",
    { source: { "*": { slow: 15 } }, near: { [ONE]: { slow: 8 } }, far: { [TWO]: { slow: 17 } } },
    { "dns-overloaded": `${service} certain` },
  ],
  ["four answers were slow", forSource({ slow: 4 }), {}],
  ["an eighth of all answers is late", everywhere({ late: 5, slow: 5 }), { "dns-overloaded": `${service} certain` }],
  ["an eighth of all answers is slow", everywhere({ slow: 5 }), {}],
  ["four answers of forty were late", everywhere({ late: 4, slow: 4 }), {}],
  [
    "the server behind is silent",
    { source: { "*": { outside: { servfail: 10 }, outsideMs: 1_600 } }, behind: { timeout: 10 } },
    { "dns-upstream-failing": `${service} certain` },
  ],
  [
    "the server behind does not like root queries",
    { source: { "*": { outside: { servfail: 10 } } }, behind: { servfail: 10 } },
    {},
  ],
  ["nothing is passed on", { source: { "*": { outside: { "rcode-refused": 10 } } } }, {}],
  ["one of those behind is silent, the other answers", { behind: { timeout: 10 } }, {}],
  ["TCP is blocked for all", everywhere({ tcpLost: 10 }), { "dns-tcp-blocked": `${service} certain` }],
  [
    "answers are slow, over TCP too late",
    everywhere({ slow: 40, tcpLost: 10 }),
    { "dns-overloaded": `${service} certain` },
  ],
  ["a few TCP queries fail", forSource({ tcpLost: 3 }), {}],
  [
    "a name is said not to exist",
    everywhere({ outcomes: { nxdomain: 20 } }),
    { "dns-stale-answer": `${service} certain` },
  ],
  [
    "one server gives an old address",
    {
      source: { [SERVICE]: { answers: { "10.96.0.1": 20, "10.96.9.9": 20 } }, [TWO]: { answers: { "10.96.9.9": 40 } } },
      near: { [TWO]: { answers: { "10.96.9.9": 12 } } },
      far: { [TWO]: { answers: { "10.96.9.9": 12 } } },
    },
    { "dns-stale-answer": "kube-system/names-b certain" },
  ],
  [
    "the pod asks a dead address",
    { resolver: "10.9.9.9", source: { "10.9.9.9": DEAD } },
    { "dns-wrong-resolver": "shop/api-0 certain" },
  ],
  [
    "the pod asks a server that knows no name of the cluster",
    { resolver: "192.0.2.53", source: { "192.0.2.53": { outcomes: { nxdomain: 40 } } } },
    { "dns-wrong-resolver": "shop/api-0 certain" },
  ],
  ["the pod asks another server that knows the names", { resolver: "192.0.2.53" }, {}],
  [
    "the pod is meant to ask another server",
    { resolver: "192.0.2.53", policy: "Default", source: { "192.0.2.53": DEAD } },
    {},
  ],
  [
    "the pod brings servers of its own",
    { resolver: "192.0.2.53", ownServers: true, source: { "192.0.2.53": DEAD } },
    {},
  ],
  ["the pod asks the node's cache", { resolver: "169.254.20.10" }, {}],
  [
    "the node's cache is dead",
    { resolver: "169.254.20.10", source: { "169.254.20.10": DEAD } },
    { "dns-down": "ulm certain" },
  ],
];

describe("causes about names", () => {
  test.each(table)("%s", (_what, names, said) => {
    const found = Object.fromEntries(
      rules.flatMap((rule) => {
        const { brief, all } = askNames(rule, names);
        return all.length > 0 ? [[rule.name, brief]] : [];
      }),
    );
    expect(found).toEqual(said);
  });

  test("share and latency of every server are told, and what to change", () => {
    const { text, all } = askNames(dnsPathLoss, { ...everywhere(THIRD), self: {} });
    expect(text).toContain("13 of 40 queries of shop/api-0 to 10.96.0.10 got no answer (32.5 %");
    expect(text).toContain(
      `${service} (10.96.0.10): 13 of 40 queries without a usable answer (32.5 %); answers p50 1 ms, p99 2 ms`,
    );
    expect(text).toContain("kube-system/names-b (10.42.1.9, graz): 13 of 40 queries");
    expect(all[0]?.advice.length).toBeGreaterThan(0);
    expect(all[0]?.confirm[0]).toMatch(/^dig @10\.96\.0\.10 kubernetes\.default\.svc\.cluster\.local /);
  });

  test("the silent server behind is named", () => {
    const names: Names = { source: { "*": { outside: { timeout: 10 } } }, behind: { timeout: 10 } };
    expect(askNames(dnsUpstreamFailing, names).text).toContain(
      `asked from the DNS pods themselves, ${UPSTREAM} do not answer`,
    );
  });

  test.each([
    { what: "late", change: { state: "late", lost: 0 }, yields: undefined },
    { what: "lossy now and then", change: { state: "lossy", lost: 20 }, yields: undefined },
    { what: "dead", change: { state: "dead", lost: 150 }, yields: true },
  ] as const)("names that nobody answers, on a way that is $what, are its symptom: $yields", ({ change, yields }) => {
    const { plan, evidence, comparison } = namesCase(everywhere(DEAD));
    const [echoes] = comparison.legs.values();
    if (!echoes) throw new Error("no legs");
    const ways = ["names-a", "names-b"].map((server) => {
      const id = `pod/shop/api-0>pod/kube-system/${server}`;
      return [id, { ...echoes, leg: { ...echoes.leg, id }, sent: 150, ...change }] as const;
    });
    const legs = new Map([...comparison.legs, ...ways]);
    const verdict = dnsDown.evaluate({ plan, evidence, comparison: { ...comparison, legs } }) as Suspicion;
    expect([verdict.status, verdict.yields]).toEqual(["suspected", yields]);
  });

  test.each([
    { what: "a little", p99: 80, yields: undefined },
    { what: "half as much as they", p99: 400, yields: true },
  ])("slow names, on a way whose echoes are late by $what, are its symptom: $yields", ({ p99, yields }) => {
    const { plan, evidence, comparison } = namesCase(everywhere(SLOW));
    const [echoes] = comparison.legs.values();
    const ping = echoes && evidence.get(pingEvidence, echoes.leg.id);
    if (!echoes || !ping?.rttMs) throw new Error("no echoes");
    const id = "pod/shop/api-0>pod/kube-system/names-b";
    evidence.add(evidenceOf(pingEvidence, id, startOf, { ...ping, rttMs: { ...ping.rttMs, p99 } }));
    const way = { ...echoes, leg: { ...echoes.leg, id }, state: "late" as const };
    const legs = new Map([...comparison.legs, [id, way]]);
    const seen: Case = { plan, evidence, comparison: { ...comparison, legs } };
    const [verdict] = [dnsOverloaded.evaluate(seen)].flat() as readonly Suspicion[];
    expect([verdict?.status, verdict?.yields]).toEqual(["suspected", yields]);
  });

  /** Between the source's node and names-b's some flows lose a quarter; that of the echoes is spared. */
  const besideLossyFlows = (lost: number): Case => {
    const { plan, evidence, comparison } = namesCase({ source: { [SERVICE]: { lost: lost / 2 }, [TWO]: { lost } } });
    const id = "pod/shop/api-0>pod/kube-system/names-b";
    const [echoes] = comparison.legs.values();
    if (!echoes) throw new Error("no legs");
    const clean = { ...echoes, leg: { ...echoes.leg, id }, sent: 150, lost: 0, state: "healthy" as const };
    const place = { kind: "pair", name: "ulm", peer: "graz" } as const;
    const anomaly: Anomaly = {
      ...{ kind: "loss", element: { kind: "tunnel-pair", name: "ulm", peer: "graz" }, place, alternatives: [] },
      ...{ legs: [echoes.leg.id, id], own: [echoes.leg.id], bad: 100, of: 400, share: wilson(100, 400) },
      ...{ background: { bad: 0, of: 900 }, dead: false, shareInside: 0.25, episodes: [], throughout: true },
      ...{ onPath: true, directions: [], direction: undefined },
    };
    const legs = new Map([...comparison.legs, [id, clean]]);
    return { plan, evidence, comparison: { ...comparison, legs, loss: [anomaly] } };
  };

  test.each([
    { what: "no worse than some flows of the path fare", lost: 8, yields: true },
    { what: "worse than any flow of the path fares", lost: 30, yields: undefined },
  ])("queries that fare $what are told from a fault of port 53 ($yields)", ({ lost, yields }) => {
    const verdict = dnsPathLoss.evaluate(besideLossyFlows(lost)) as Suspicion;
    expect(verdict.status).toBe("suspected");
    expect(verdict.yields).toBe(yields);
    const said = verdict.because.map((text) => inWords(text)).join("\n");
    expect(said.includes("it is about port 53, not about the path")).toBe(yields === undefined);
  });
});
