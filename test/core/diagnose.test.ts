import { describe, expect, test } from "vitest";
import { assess } from "#src/core/assess.ts";
import { diagnose, firstFinding } from "#src/core/diagnose.ts";
import { EvidenceSet } from "#src/core/evidence.ts";
import { pingEvidence } from "#src/core/leg-evidence.ts";
import { reportSchema } from "#src/core/report.ts";
import { inWords } from "#src/core/sentence.ts";
import { rules } from "#src/rules/index.ts";
import { cluster, everyNth, loses, play, requestFor, type Scene, startOf, through, toPort } from "./simulate.ts";

const s0 = (): Scene => ({ faults: [everyNth("graz", 4, [200, 400])] });
const dead: Scene = { faults: [loses(1, (packet) => through("graz")(packet) && packet.leg.scope === "overlay")] };

test.each<{ name: string; scene: Scene; status: string }>([
  { name: "all is well", scene: {}, status: "healthy" },
  { name: "some packets are late", scene: s0(), status: "degraded" },
  { name: "some packets are lost", scene: { faults: [loses(0.1, through("graz"))] }, status: "degraded" },
  { name: "nothing gets through", scene: dead, status: "broken" },
  { name: "the asked port is dead", scene: { faults: [loses(1, toPort("shop/api-1", 7000))] }, status: "broken" },
  {
    name: "the path died in the middle",
    scene: { faults: [loses(1, (packet) => packet.atMs > startOf + 12_000 && through("graz")(packet))] },
    status: "broken",
  },
  {
    name: "the path was dead for a while and is not any more",
    scene: {
      faults: [
        loses(1, (packet) => packet.atMs > startOf + 5_000 && packet.atMs < startOf + 9_000 && through("graz")(packet)),
      ],
    },
    status: "degraded",
  },
  {
    name: "only echoes are filtered",
    scene: { faults: [loses(1, ({ leg }) => leg.port === undefined && leg.scope !== "local")] },
    status: "healthy",
  },
  { name: "most of the time was not measured", scene: { untilS: 6 }, status: "partial" },
  { name: "nothing was measured", scene: { untilS: 0 }, status: "failed" },
])("a check is $status when $name", ({ scene, status }) => {
  const { report } = play(scene);
  expect(report.status).toBe(status);
  expect(() => reportSchema.parse(JSON.parse(JSON.stringify(report)))).not.toThrow();
});

test("the report of the case that started it all reads as it should", () => {
  const { report } = play(s0());
  expect(report.verdict).toMatch(
    /^NIC delays one packet in n at graz \(certain\): 1 in 4 packets \([\d.]+ %, \d+ of [\d,]+\) through graz \(ens5, outgoing\) are 200–400 ms late/,
  );
  expect(report.causes).toHaveLength(1);
  expect(report.cleared.map(({ cause }) => cause)).toEqual(
    expect.arrayContaining(["node-down", "route-missing", "firewall-drop", "port-closed", "path-loss"]),
  );
  expect(report.coverage.share).toBeGreaterThan(0.95);
  expect(report.coverage.text).toMatch(
    /of the asked time on 27 of 27 legs: [\d,]+ echoes and [\d,]+ connects \(\d+ packets\/s, \d+ kB\/s on the whole cluster\)/,
  );
  expect(report.hops.find(({ from, to }) => from === "graz" && to === "ulm")).toMatchObject({ lost: 0 });
  expect(report.measurements[0]).toMatchObject({
    probe: "ping",
    from: "shop/api-0",
    to: "shop/api-1",
    part: "end-to-end",
    lost: 0,
  });
});

test("the chart shows the asked path with its episode", () => {
  const chart = play(s0()).report.charts.find((one) => one.kind === "latency");
  expect(chart).toMatchObject({ kind: "latency", leg: "shop/api-0 → shop/api-1", bucketMs: 1_000 });
  expect(chart?.p50Ms.length).toBe(chart?.sent.length);
  expect(chart?.episodes).toHaveLength(1);
  expect(chart?.episodes[0]?.label).toMatch(/^2\d(\.\d)? % late at graz$/);
});

test("every number in a text has a unit or a noun, and every place is named", () => {
  for (const scene of [s0(), dead, { faults: [loses(0.1, through("graz"))] }]) {
    for (const { because, advice, confirm } of play(scene).report.causes) {
      expect(because.join(" ")).toMatch(/graz/);
      for (const sentence of advice)
        expect(sentence).toMatch(/^(Check|Look|Have|Move|If|Find|Remove|Restore|Compare) /);
      expect(confirm.length).toBeGreaterThan(0);
    }
  }
});

describe("the first finding", () => {
  test.each<{ name: string; scene: () => Scene; bySecond: number; text: RegExp }>([
    {
      name: "one packet in four late",
      scene: s0,
      bySecond: 6,
      text: /^08:00:0\d UTC: (about )?1 in \d packets .* through graz/,
    },
    {
      name: "a dead path",
      scene: () => dead,
      bySecond: 6,
      text: /^08:00:0\d UTC: packets of pods through graz are all lost/,
    },
    {
      name: "a dead port",
      scene: () => ({ faults: [loses(1, toPort("shop/api-1", 7000))] }),
      bySecond: 7,
      text: /SYNs to port 7000 of shop\/api-1 get no answer/,
    },
  ])("appears within $bySecond s for $name", ({ scene, bySecond, text }) => {
    const finding = firstFinding(play({ ...scene(), seconds: 60, untilS: bySecond }).report);
    expect(finding && inWords(finding)).toMatch(text);
  });

  test.each<{ name: string; scene: Scene }>([
    { name: "a healthy path", scene: {} },
    { name: "a busy observer", scene: { busy: { share: 0.3, meanMs: 30 } } },
    { name: "a moment of standstill at the start", scene: { stalls: [{ atS: 0, ms: 900 }] } },
    {
      name: "a slow start of every probe",
      scene: { faults: [({ atMs }) => (atMs < startOf + 300 ? { lateMs: 80 } : undefined)] },
    },
    { name: "two nodes far apart", scene: { world: cluster(2), base: { local: 0.05, cross: () => 20 } } },
  ])("does not cry wolf over $name", ({ scene }) => {
    for (const untilS of [1, 2, 3, 4, 5, 6, 8, 10, 15])
      for (const seed of [1, 2, 3, 4, 5])
        expect(firstFinding(play({ ...scene, seed, untilS }).report), `${untilS} s`).toBeUndefined();
  });
});

test("a running check is assessed with a key that stays while the numbers grow", () => {
  const after = (untilS: number) => {
    const { plan, evidence } = play({ ...s0(), seconds: 60, untilS });
    return assess({ request: requestFor(60), plan, evidence, gaps: [] }, rules);
  };
  const [early, late] = [after(8), after(20)];
  expect(early.finding?.key).toBe("nic-periodic-delay graz");
  expect(late.finding?.key).toBe(early.finding?.key);
  expect(late.soFar?.sent).toBeGreaterThan(early.soFar?.sent ?? 0);
  expect(late.soFar).toMatchObject({ lost: 0 });
  expect(late.soFar?.maxMs).toBeGreaterThan(200);
});

test("a check without a plan says why nothing was measured", () => {
  const gaps = [{ probe: "cluster", subject: "prod", reason: "the cluster could not be reached" }];
  const report = diagnose({ request: requestFor(10), plan: undefined, evidence: new EvidenceSet(), gaps, rules });
  expect(report).toMatchObject({
    status: "failed",
    verdict: "Nothing was measured: the cluster could not be reached.",
    gaps,
  });
});

test("a cancelled check says who ended it and keeps what was found", () => {
  const { plan, evidence } = play({ ...s0(), seconds: 60, untilS: 15 });
  const report = diagnose({ request: requestFor(60), plan, evidence, gaps: [], rules, cancelled: "by @alice" });
  expect(report.verdict).toMatch(/1 in 4 packets.*The check was cancelled by @alice\.$/);
  const clean = play({ seconds: 60, untilS: 55 });
  expect(diagnose({ request: requestFor(60), ...clean, gaps: [], rules, cancelled: "by @alice" }).status).toBe(
    "partial",
  );
});

test("what was not measured is unknown, not cleared", () => {
  const { plan, evidence } = play({});
  const few = new EvidenceSet(evidence.toArray().filter(({ kind }) => kind === pingEvidence.name));
  const report = diagnose({ request: requestFor(20), plan, evidence: few, gaps: [], rules });
  const unknown = report.unknown.map(({ cause }) => cause);
  expect(unknown).toEqual(
    expect.arrayContaining([
      "target-not-running",
      "route-missing",
      "port-closed",
      "port-filtered",
      "firewall-drop",
      "node-down",
    ]),
  );
  expect(report.cleared.map(({ cause }) => cause)).toEqual(
    expect.arrayContaining(["path-loss", "link-delay", "nic-periodic-delay"]),
  );
});

test("rules that throw are bugs: none does, whatever evidence is missing", () => {
  const { plan, evidence } = play({ ...dead, seconds: 8 });
  const all = evidence.toArray();
  for (const kind of new Set(all.map((one) => one.kind))) {
    const rest = new EvidenceSet(all.filter((one) => one.kind !== kind));
    expect(() => diagnose({ request: requestFor(8), plan, evidence: rest, gaps: [], rules })).not.toThrow();
  }
  for (const { id } of plan.vantages) {
    const rest = new EvidenceSet(all.filter(({ subject }) => !subject.startsWith(id)));
    expect(() => diagnose({ request: requestFor(8), plan, evidence: rest, gaps: [], rules })).not.toThrow();
  }
});

test("symptoms are filed beneath the cause that explains their legs", () => {
  const { report } = play({
    ...dead,
    facts: (at, probe, atMs) =>
      probe === "packet-filter" && at.label === "graz"
        ? `*filter\n:INPUT ACCEPT [0:0]\n[${Math.round((atMs - startOf) / 8)}:0] -A INPUT -p udp -m udp --dport 8472 -j DROP\nCOMMIT\n`
        : undefined,
  });
  expect(report.causes.map(({ cause, where }) => `${cause}@${where.name}`)).toEqual(["firewall-drop@graz"]);
  expect(report.causes[0]?.explains).toMatchObject([{ cause: "path-loss", where: { name: "graz" } }]);
});
