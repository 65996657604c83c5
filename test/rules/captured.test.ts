import { describe, expect, test } from "vitest";
import { type Evidence, evidenceOf } from "#src/core/evidence.ts";
import type { Plan } from "#src/core/plan.ts";
import type { Rule } from "#src/core/rule.ts";
import { inWords } from "#src/core/sentence.ts";
import { captureDns, captureFinding, captureIcmp, captureService } from "#src/pcap/capture-evidence.ts";
import type { IdleCut, SeenReset, TapFactsData } from "#src/pcap/tap-evidence.ts";
import { dnsPathLoss } from "#src/rules/dns-path-loss.ts";
import { duplicateIp } from "#src/rules/duplicate-ip.ts";
import { firewallDrop } from "#src/rules/firewall-drop.ts";
import { idleTimeout } from "#src/rules/idle-timeout.ts";
import { mtuBlackHole } from "#src/rules/mtu-black-hole.ts";
import { nodeSecondAddress } from "#src/rules/node-second-address.ts";
import { oomStall } from "#src/rules/oom-stall.ts";
import { portFiltered } from "#src/rules/port-filtered.ts";
import { resetByMiddle } from "#src/rules/reset-by-middle.ts";
import { resetByPeer } from "#src/rules/reset-by-peer.ts";
import { serverSlow } from "#src/rules/server-slow.ts";
import { slowReceiver } from "#src/rules/slow-receiver.ts";
import { crossing, delays, loses, type Packet, type Scene, startOf, toPort } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { captured, hopsFound, tapsOf } from "./capture-scene.ts";
import { namesCase } from "./dns-case.ts";
import { answers, isReset, program } from "./http-lines.ts";
import { tunnelFacts } from "./tunnel-facts.ts";

/** Points by number: 0 shop/api-0, 1 veth, 2 bridge, 3 tunnel, 4 NIC of ulm; 5 NIC, 6 tunnel, 7 bridge, 8 veth of graz, 9 shop/api-1. */
const [SOURCE, NEAR_NIC, FAR_NIC, TARGET] = [0, 4, 5, 9];
const SERVER = "10.42.1.5:7000";
const CLIENT = "10.42.0.5";
type Kept = Parameters<typeof captured>[2];
const facts =
  (of: (order: number) => Partial<TapFactsData>, kept?: Kept) =>
  (plan: Plan): readonly Evidence[] =>
    captured(plan, of, kept);
const labelOf = (plan: Plan, order: number): string => tapsOf(plan)[order]?.label ?? "";

function said(rule: Rule, scene: Scene, more: (plan: Plan) => readonly Evidence[]): { brief: string; text: string } {
  const { verdict, brief } = ask(rule, scene, more);
  return { brief, text: because(verdict) };
}

describe("where SYNs vanish", () => {
  const swallowed: Scene = { faults: [loses(1, toPort("shop/api-1", 7000))] };
  const opens = (attempts: number, accepted = 0) => ({
    opens: [{ server: SERVER, attempts, syns: attempts * 2, accepted, refused: 0 }],
  });
  const filter: Scene = {
    ...swallowed,
    facts: (at, probe, atMs) =>
      probe === "packet-filter" && at.label === "graz"
        ? `*filter\n:FORWARD ACCEPT [0:0]\n[${5 + Math.round(((atMs - startOf) / 1_000) * 40)}:0] -A FORWARD -p tcp -m tcp --dport 7000 -j DROP\nCOMMIT\n`
        : undefined,
  };

  test.each<{ name: string; of: (order: number) => Partial<TapFactsData>; kept?: Kept; text: string | undefined }>([
    {
      name: "on the far node",
      of: (order) => opens(order <= FAR_NIC ? 12 : 0),
      text: "captured: of 12 attempts to connect at shop/api-0 eth0, 12 came to graz ens5 and 0 to graz flannel.1: they vanish between these two",
    },
    {
      name: "at the pod itself",
      of: () => opens(12),
      text: "captured: of 12 attempts to connect at shop/api-0 eth0, 12 came to shop/api-1 eth0, and 0 were answered there",
    },
    {
      name: "only the answers do",
      of: (order) => opens(12, order >= FAR_NIC ? 12 : 0),
      text: "captured: 12 of 12 attempts to connect were answered at shop/api-1 eth0; the answers vanish between graz ens5 and ulm ens5",
    },
    { name: "they are answered", of: () => opens(12, 12), text: undefined },
    { name: "a veth is passed by", of: (order) => opens(order === 8 ? 0 : 12, order === 8 ? 0 : 12), text: undefined },
    {
      name: "the recorder lost packets there: nothing is said of that tap",
      of: (order) => opens(order <= FAR_NIC ? 12 : 0),
      kept: (order) => ({ droppedByKernel: order > FAR_NIC ? 900 : 0 }),
      text: undefined,
    },
    { name: "there were two", of: (order) => opens(order <= FAR_NIC ? 2 : 0), text: undefined },
  ])("$name", ({ of, kept, text }) => {
    for (const [rule, scene] of [
      [portFiltered, swallowed],
      [firewallDrop, filter],
    ] as const) {
      const { brief, text: all } = said(rule, scene, facts(of, kept));
      expect(brief).toBe(rule === portFiltered ? "shop/api-1 likely" : "graz certain");
      if (text === undefined) expect(all).not.toContain("captured");
      else expect(all).toContain(text);
    }
  });
});

describe("who sent a reset", () => {
  const reset = (n: number, more: Partial<SeenReset> = {}): SeenReset => ({
    ...{ from: SERVER, to: `${CLIENT}:4000${n}`, sequence: 5_000 + n, acknowledged: 0 },
    ...{ ttl: 62, usualTtl: 62, atMs: startOf + 9_000 + n, ...more },
  });
  const resets = (count: number, more?: Partial<SeenReset>): Partial<TapFactsData> => ({
    resetCount: count,
    resets: Array.from({ length: count }, (_, n) => reset(n, more)),
  });
  const strangers = program({ source: isReset });
  const lives = program({ source: answers(1.2), self: answers(1.2) });

  test.each<{
    name: string;
    scene: Scene;
    of: (order: number) => Partial<TapFactsData>;
    kept?: Kept;
    peer: string;
    middle: string;
  }>([
    {
      name: "all points saw it: the target",
      scene: strangers,
      of: () => resets(5),
      peer: "shop/api-1 likely",
      middle: "cleared",
    },
    {
      name: "only the near node saw it: between the nodes",
      scene: strangers,
      of: (order) => (order <= NEAR_NIC ? resets(5) : {}),
      peer: "cleared",
      middle: "graz>ulm certain",
    },
    {
      name: "the target's node saw it, the pod did not: that node",
      scene: strangers,
      of: (order) => (order <= FAR_NIC ? resets(5) : {}),
      peer: "cleared",
      middle: "graz certain",
    },
    {
      name: "connections of programs, with another TTL",
      scene: lives,
      of: (order) => (order <= NEAR_NIC ? resets(5, { ttl: 250 }) : {}),
      peer: "cleared",
      middle: "graz>ulm certain",
    },
    // What can fool it.
    {
      name: "the points near the target lost packets",
      scene: strangers,
      of: (order) => (order <= NEAR_NIC ? resets(5) : {}),
      kept: (order) => ({ droppedByKernel: order > NEAR_NIC ? 700 : 0 }),
      peer: "shop/api-1 possible",
      middle: "unknown",
    },
    {
      name: "the points near the target began later",
      scene: strangers,
      of: (order) => (order <= NEAR_NIC ? resets(5, { atMs: startOf - 20_000 }) : {}),
      peer: "shop/api-1 possible",
      middle: "unknown",
    },
    {
      name: "the points near the target saw more resets than they list",
      scene: strangers,
      of: (order) =>
        order <= NEAR_NIC
          ? resets(5)
          : { resetCount: 900, resets: [reset(90, { from: "10.42.1.9:80", atMs: startOf + 4_000 })] },
      peer: "shop/api-1 possible",
      middle: "unknown",
    },
    {
      name: "a veth that may be passed by did not see it",
      scene: strangers,
      of: (order) => (order === 8 ? {} : resets(5)),
      peer: "shop/api-1 likely",
      middle: "cleared",
    },
    {
      name: "refusals of connects",
      scene: lives,
      of: (order) => (order <= NEAR_NIC ? resets(5, { sequence: 0 }) : {}),
      peer: "cleared",
      middle: "cleared",
    },
    {
      name: "two resets",
      scene: lives,
      of: (order) => (order <= NEAR_NIC ? resets(2) : {}),
      peer: "cleared",
      middle: "cleared",
    },
  ])("$name", ({ scene, of, kept, peer, middle }) => {
    expect([ask(resetByPeer, scene, facts(of, kept)).brief, ask(resetByMiddle, scene, facts(of, kept)).brief]).toEqual([
      peer,
      middle,
    ]);
  });

  test("it says where they were seen first, and by which TTL they differ", () => {
    const { text } = said(
      resetByMiddle,
      strangers,
      facts((order) => (order <= NEAR_NIC ? resets(5, { ttl: 250 }) : {})),
    );
    expect(text).toContain(
      "captured: 5 resets in the name of shop/api-1 were first seen at ulm ens5, and not at graz ens5, which is nearer to it; they come with TTL 250, its other packets with 62",
    );
  });
});

describe("the outer source of a tunnel", () => {
  const SECOND = "172.20.7.177";
  const tunnel =
    (local: string | undefined): NonNullable<Scene["facts"]> =>
    (at, probe) =>
      tunnelFacts(
        at,
        probe,
        at.label === "ulm" ? { local, addresses: [{ ip: at.ip }, { ip: SECOND, dynamic: true }] } : {},
      );
  const silent = ({ fromNode, toNode, leg }: Packet): boolean =>
    fromNode === "ulm" && toNode !== "ulm" && leg.scope === "overlay";
  const outer = (source: string, packets = 500) => ({ outer: [{ source, destination: "172.20.7.21", packets }] });

  test.each<{ name: string; local: string | undefined; near: string; came: number; want: string; text?: string }>([
    {
      name: "captured where nothing else tells",
      ...{ local: undefined, near: SECOND, came: 0, want: "ulm certain" },
      text: "captured at graz ens5: none of them came there, so they are dropped on the way",
    },
    {
      name: "as the device says",
      ...{ local: SECOND, near: SECOND, came: 480, want: "ulm certain" },
      text: "captured at graz ens5: 480 of them came there, so graz itself drops them",
    },
    { name: "the right one after all", local: SECOND, near: "172.20.7.20", came: 0, want: "cleared" },
    { name: "somebody else's packets", local: undefined, near: "172.20.7.99", came: 0, want: "cleared" },
  ])("$name", ({ local, near, came, want, text = "" }) => {
    const scene: Scene = { facts: tunnel(local), faults: [loses(1, silent)] };
    const seen = said(
      nodeSecondAddress,
      scene,
      facts((order) => (order === NEAR_NIC ? outer(near) : order === FAR_NIC && came > 0 ? outer(near, came) : {})),
    );
    expect(seen.brief).toBe(want);
    expect(seen.text).toContain(text);
  });
});

describe("packets of full size", () => {
  const closed: Scene = {
    sizes: {
      deviceMtu: ({ id }) => (id.startsWith("pod/") ? 1450 : 1500),
      fate: (from, to, bytes) =>
        from.node !== to.node && [from.node, to.node].includes("graz") && bytes > 1350 ? "vanishes" : "crosses",
      closed: () => true,
    },
  };
  const icmp = (plan: Plan, tooBig: number): readonly Evidence[] =>
    [SOURCE, TARGET].map((order) =>
      evidenceOf(captureIcmp, labelOf(plan, order), 0, {
        ...{ echoRequests: 0, echoReplies: 0, echoesLost: 0, unreachable: 0, prohibited: 0, timeExceeded: 0, tooBig },
      }),
    );
  const stuck = (plan: Plan): Evidence => {
    const tap = labelOf(plan, SOURCE);
    return evidenceOf(captureFinding, `${tap} mtu-black-hole ${SERVER}`, 0, {
      kind: "mtu-black-hole",
      text: "full-size segments do not get through",
      numbers: { connections: 4, bytes: 1_398 },
    });
  };

  test.each<{ name: string; more: (plan: Plan) => readonly Evidence[]; want: string }>([
    {
      name: "programs' segments are stuck and nobody says so",
      more: (plan) => [stuck(plan), ...icmp(plan, 0)],
      want: "graz certain",
    },
    { name: "a router says so", more: (plan) => [stuck(plan), ...icmp(plan, 3)], want: "unknown" },
    { name: "nothing is stuck", more: (plan) => icmp(plan, 0), want: "unknown" },
  ])("$name: $want", ({ more, want }) => {
    expect(ask(mtuBlackHole, closed, (plan) => [...captured(plan), ...more(plan)]).brief).toBe(want);
  });

  test("it says which segments, and between which taps size decides", () => {
    const { text } = said(mtuBlackHole, closed, (plan) => [
      ...captured(plan),
      stuck(plan),
      ...icmp(plan, 0),
      hopsFound(plan, [{ from: NEAR_NIC, way: "forward", lost: 40, smallestLost: 1_402, largestSeen: 1_350 }]),
    ]);
    expect(text).toContain(
      "captured at shop/api-0 eth0: full-size segments of 1,398 bytes were sent again and again in 4 connections, smaller ones were acknowledged",
    );
    expect(text).toContain(
      "captured: of what ulm ens5 saw, packets of 1,402 bytes and more did not come to graz ens5, those of up to 1,350 bytes did",
    );
    expect(text).toContain('captured: no "fragmentation needed" came to shop/api-0 eth0, shop/api-1 eth0');
  });
});

const quiet = {
  ...{
    server: SERVER,
    flows: 4,
    established: 4,
    refused: 0,
    unanswered: 0,
    halfOpen: 0,
    slowHandshakes: 0,
    bytes: 9e3,
  },
  ...{ dataPackets: 90, retransmissions: 0, timeouts: 0, outOfOrder: 0, resets: 0, zeroWindowMs: 0 },
  ...{ receiverLimitedMs: 0, stalls: 0, answers: 40, meanAnswerMs: 1, longestAnswerMs: 3 },
};
const service = (plan: Plan, order: number, more: Partial<typeof quiet>): Evidence =>
  evidenceOf(captureService, `${labelOf(plan, order)} ${SERVER}`, 0, { ...quiet, ...more });

describe("how long answers take at the target", () => {
  const slow = program({ source: answers(2_900) });
  test.each<{ name: string; scene: Scene; more: Partial<typeof quiet>; want: string }>([
    {
      name: "as long as outside",
      scene: slow,
      more: { meanAnswerMs: 2_800, longestAnswerMs: 2_950 },
      want: "shop/api-1 certain",
    },
    {
      name: "as long, and the path delays besides",
      scene: { ...slow, faults: [delays([60, 70], crossing)] },
      more: { meanAnswerMs: 2_800, longestAnswerMs: 2_950 },
      want: "shop/api-1 certain",
    },
    { name: "they leave at once: it is on the way", scene: slow, more: {}, want: "cleared" },
    { name: "too few were recorded", scene: slow, more: { answers: 2 }, want: "shop/api-1 likely" },
  ])("$name: $want", ({ scene, more, want }) => {
    expect(ask(serverSlow, scene, (plan) => [...captured(plan), service(plan, TARGET, more)]).brief).toBe(want);
  });
});

test("a window that a capture saw closed proves what unread bytes suggest", () => {
  const unread: Scene = {
    surveys: (at, probe) =>
      probe === "connections" && at.label === "shop/api-1"
        ? Array.from(
            { length: 8 },
            (_, n) =>
              `@ ${startOf + n * 2_000} 2 2\n${[41_000, 41_002].map((port) => `c ESTAB ${SERVER} ${CLIENT}:${port} 98 0 - rtt=0.2 bytes_received=98`).join("\n")}\n`,
          ).join("")
        : undefined,
  };
  const briefs = [0, 400, 9_000].map(
    (zeroWindowMs) =>
      ask(slowReceiver, unread, (plan) => [...captured(plan), service(plan, SOURCE, { zeroWindowMs })]).brief,
  );
  expect(briefs).toEqual(["shop/api-1 likely", "shop/api-1 likely", "shop/api-1 certain"]);
});

describe("an address that is announced by two", () => {
  const macs = { "aa:00:00:00:00:01": 9, "52:54:00:12:34:56": 8 };
  const scene: Scene = {
    faults: [loses(0.8, ({ from, to }) => [from, to].includes("shop/api-1"))],
    facts: (at, probe) =>
      probe === "addresses" && at.label === "shop/api-1"
        ? JSON.stringify([
            {
              ifname: "eth0",
              mtu: 1500,
              flags: [],
              address: "aa:00:00:00:00:01",
              addr_info: [{ local: at.ip, prefixlen: 24 }],
            },
          ])
        : undefined,
  };
  test.each([
    { name: "in turn", changes: 7, want: "shop/api-1 certain" },
    { name: "one after the other: it has moved", changes: 1, want: "cleared" },
  ])("$name: $want", ({ changes, want }) => {
    const arp = [{ ip: "10.42.1.5", macs, changes }];
    expect(
      ask(
        duplicateIp,
        scene,
        facts((order) => (order === 7 ? { arp } : {})),
      ).brief,
    ).toBe(want);
  });
});

describe("stalls at kernel kills", () => {
  const VICTIM = "0000aaaa-0000-4000-8000-000000000004";
  const kills = [2, 6, 10, 14, 18];
  const log = (at: { node: string }, probe: string, atMs: number): string | undefined => {
    if (probe !== "kernel") return undefined;
    const nowS = (atMs - startOf) / 1_000;
    const lines = (at.node === "graz" ? kills.filter((s) => s <= nowS) : []).flatMap((s) => [
      `${(100 + s).toFixed(6)} oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/kubepods/pod${VICTIM}/${"c".repeat(64)},task_memcg=/kubepods/pod${VICTIM}/${"c".repeat(64)},task=logstash,pid=${1_000 + s},uid=0`,
      `${(100 + s + 0.001).toFixed(6)} Memory cgroup out of memory: Killed process ${1_000 + s} (logstash) total-vm:9kB, anon-rss:500000kB`,
    ]);
    return `@now ${atMs} ${(100 + nowS).toFixed(2)} 40265\n@conntrack 5 1000\n${lines.join("\n")}\n`;
  };
  const again = (seconds: readonly number[], segments = 4): Partial<TapFactsData> => ({
    sentAgain: seconds.map((s) => [startOf + s * 1_000 + 240, startOf + s * 1_000 + 700, segments]),
  });
  test.each<{ name: string; of: (order: number) => Partial<TapFactsData>; want: string }>([
    {
      name: "data is sent again after each of them",
      of: (order) => (order === TARGET ? again(kills) : {}),
      want: "graz certain",
    },
    { name: "at other moments", of: (order) => (order === TARGET ? again([4, 8, 12, 16]) : {}), want: "cleared" },
    { name: "at the other node's taps only", of: (order) => (order === SOURCE ? again(kills) : {}), want: "cleared" },
    {
      name: "all the time",
      of: (order) => (order === TARGET ? again(Array.from({ length: 19 }, (_, s) => s)) : {}),
      want: "cleared",
    },
    { name: "one segment each", of: (order) => (order === TARGET ? again(kills, 1) : {}), want: "cleared" },
  ])("$name: $want", ({ of, want }) => {
    expect(ask(oomStall, { facts: log }, facts(of)).brief).toBe(want);
  });
});

describe("connections that do not outlive a silence", () => {
  const cutAt = (s: number, silentS: number, how: IdleCut["how"] = "reset", back = false) => ({
    ...(back ? { from: SERVER, to: `${CLIENT}:40${s}` } : { from: `${CLIENT}:40${s}`, to: SERVER }),
    ...{ how, silentMs: silentS * 1_000, atMs: startOf + s * 1_000 },
  });
  const idle = (cut: readonly ReturnType<typeof cutAt>[], longestLivedS = 200): Partial<TapFactsData> => ({
    idle: {
      ...{ lived: longestLivedS > 0 ? 40 : 0, longestLivedMs: longestLivedS * 1_000 },
      ...{ cutCount: cut.length, cut: [...cut] },
    },
  });
  const cuts = [cutAt(400, 352), cutAt(800, 380), cutAt(1_300, 360)];
  const resets = (...silences: readonly number[]) =>
    idle(
      silences.map((silentS, index) => cutAt(400 * (index + 1), silentS, "unasked", true)),
      20,
    );

  test.each<{ name: string; of: (order: number) => Partial<TapFactsData>; kept?: Kept; want: string }>([
    {
      name: "what follows gets to the near node only",
      of: (order) => (order <= NEAR_NIC ? idle(cuts) : idle([])),
      want: "ulm>graz certain",
    },
    {
      name: "the server speaks",
      of: (order) =>
        order >= 6
          ? idle([
              cutAt(400, 352, "silence", true),
              cutAt(800, 380, "silence", true),
              cutAt(1_300, 360, "silence", true),
            ])
          : idle([]),
      want: "graz certain",
    },
    { name: "what follows gets to the target", of: () => idle(cuts), want: "shop/api-1 certain" },
    {
      name: "what follows gets to the far tunnel, whose recorder began later",
      of: (order) => (order <= NEAR_NIC ? idle(cuts) : order <= 6 ? idle(cuts.slice(1)) : idle([])),
      want: "graz certain",
    },
    {
      name: "nothing to compare with",
      of: (order) => (order <= NEAR_NIC ? idle(cuts, 0) : {}),
      want: "ulm>graz likely",
    },
    { name: "the target breaks it with a reset", of: () => resets(30, 30.4, 30.2), want: "shop/api-1 likely" },
    {
      name: "something on the far node breaks it in the target's name",
      of: (order) => (order <= FAR_NIC ? resets(30, 30.4, 30.2) : idle([], 20)),
      want: "graz certain",
    },
    { name: "a reset more, of another kind", of: () => resets(30, 30.4, 30.2, 90), want: "shop/api-1 likely" },
    // What can fool it.
    { name: "resets after silences of any length", of: () => resets(22, 45, 90, 31), want: "cleared" },
    { name: "all live", of: () => idle([]), want: "cleared" },
    {
      name: "longer silences are outlived",
      of: (order) => (order <= NEAR_NIC ? idle(cuts, 900) : {}),
      want: "cleared",
    },
    { name: "two of them", of: (order) => (order <= NEAR_NIC ? idle(cuts.slice(0, 2)) : {}), want: "cleared" },
    {
      name: "all at once, as when a server restarts",
      of: () => idle([cutAt(400, 352), cutAt(401, 310), cutAt(402, 360)]),
      want: "unknown",
    },
    {
      name: "no recording is whole",
      of: () => idle(cuts),
      kept: () => ({ droppedByKernel: 5_000 }),
      want: "unknown",
    },
    { name: "none was ever silent", of: () => idle([], 0), want: "unknown" },
  ])("$name: $want", ({ of, kept, want }) => {
    expect(ask(idleTimeout, {}, facts(of, kept)).brief).toBe(want);
  });

  test("a reset in the middle of a silence is told as one, with who sent it", () => {
    const own = said(
      idleTimeout,
      {},
      facts(() => resets(30, 30.4, 30.2)),
    );
    expect(own.text).toContain(
      "captured at shop/api-0 eth0: 3 connections were reset after 30 s of silence, and nobody had spoken",
    );
    expect(own.text).toContain("shop/api-1 itself sends them, which may be its way to end what is not used");
    const between = said(
      idleTimeout,
      {},
      facts((order) => (order <= FAR_NIC ? resets(30, 30.4, 30.2) : idle([], 20))),
    );
    expect(between.text).toContain("they were seen at graz ens5, but not at ");
  });

  test("it says how long, how they ended, and who is known for that", () => {
    const { verdict, all } = ask(
      idleTimeout,
      {},
      facts((order) => (order <= NEAR_NIC ? idle(cuts) : idle([]))),
    );
    expect(because(verdict)).toContain(
      "captured at shop/api-0 eth0: 3 connections did not outlive a silence of 5 min 52 s to 6 min 20 s; what followed was reset on 3 and got no answer on 0",
    );
    expect(because(verdict)).toContain("350 s is what AWS Network Load Balancer allows by default");
    expect(all[0]?.advice.map((one) => inWords(one))[0]).toContain("before 352 s of silence");
  });
});

test("lost queries are counted where they were captured, at the first and the last tap", () => {
  const third = { lost: 13 };
  const seen = namesCase({ source: { "*": third }, near: { "*": third }, far: { "*": third }, self: {} });
  const dns = (order: number, queries: number, unanswered: number): Evidence =>
    evidenceOf(captureDns, labelOf(seen.plan, order), 0, {
      ...{ queries, responses: queries - unanswered, repeated: unanswered, unanswered, codes: {}, servers: [] },
    });
  for (const one of [...captured(seen.plan), dns(SOURCE, 40, 13), dns(NEAR_NIC, 27, 0)]) seen.evidence.add(one);
  const [suspicion] = [dnsPathLoss.evaluate(seen)].flat();
  const texts = suspicion?.status === "suspected" ? suspicion.because.map((text) => inWords(text)) : [];
  expect(texts).toContain(
    "captured at shop/api-0 eth0: 40 DNS queries, of which 13 got no answer there and 13 were sent again",
  );
  expect(texts).toContain("captured at ulm ens5: 27 DNS queries, of which 0 got no answer there and 0 were sent again");
});
