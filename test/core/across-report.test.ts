import { describe, expect, test } from "vitest";
import { acrossReport, type PartSeen } from "#src/core/across-report.ts";
import type { CheckRequest } from "#src/core/check.ts";
import type { Plan } from "#src/core/plan.ts";
import type { Cause, Report } from "#src/core/report.ts";

const request: CheckRequest = {
  ...{ id: "nc-4f2a", command: "web-0@east db-0:5432@west 1m", cluster: "east", toCluster: "west" },
  from: { kind: "pod", namespace: "shop", name: "web-0" },
  to: { kind: "pod", namespace: "shop", name: "db-0", port: 5432 },
  ...{ durationMs: 60_000, requestedAtMs: 0 },
};
const EAST = { name: "shop/web-0", ip: "10.1.0.4" };
const WEST = { name: "shop/db-0", ip: "10.2.0.9" };

type Rows = Report["measurements"];
const row = (from: string, to: string, lost: number, part: Rows[number]["part"] = "end-to-end"): Rows[number] => ({
  ...{ probe: "ping", from, to, part, sent: 100, lost },
});

/** A part as its own rules left it: the other end is an address. */
function part(cluster: "east" | "west", more: Partial<Report> & { lost?: number; startMs?: number } = {}): PartSeen {
  const [own, other, home] = cluster === "east" ? [EAST, WEST, "west"] : [WEST, EAST, "east"];
  const { lost = 0, startMs = 0, ...rest } = more;
  const window = { startMs, endMs: startMs + 60_000 };
  const plan: Plan = {
    ...{ check: "nc-4f2a", window, vantages: [], legs: [], tasks: [], gaps: [] },
    from: { kind: "pod", name: own.name, ip: own.ip, node: "node-1" },
    to: { kind: "address", name: `${other.name}@${home}`, cluster: home, ip: other.ip },
  };
  const report: Report = {
    ...{ check: "nc-4f2a", command: request.command, cluster, from: own.name, to: plan.to.name, status: "healthy" },
    verdict: `${cluster} says so.`,
    ...{ causes: [], cleared: [], unknown: [], gaps: [], captures: [], hops: [], charts: [], window },
    measurements: [row(own.name, other.ip, lost), row("node-1", own.name, 0, "segment")],
    coverage: { share: 1, text: "all of it." },
    ...rest,
  };
  return { cluster, plan, report };
}

const cause = (name: string, where: Cause["where"], confidence: Cause["confidence"] = "certain"): Cause => ({
  ...{ cause: name, title: name, confidence, where, confirm: [], advice: [], against: [], explains: [] },
  because: [`10 of 100 at ${where.name}`],
});
const onNode = (name: string, node = "node-1", confidence?: Cause["confidence"]): Cause =>
  cause(name, { kind: "node", name: node }, confidence);
const beyond = (name: string, ip: string): Cause => cause(name, { kind: "address", name: ip });
const degraded = (...causes: Cause[]): Partial<Report> => ({ status: "degraded", causes });

/** Causes with their places, and what stands beneath them. */
const brief = ({ causes }: Report): readonly string[] =>
  causes.map(({ cause: name, where, explains }) =>
    [
      `${name} at ${where.name}${where.peer === undefined ? "" : `>${where.peer}`}`,
      ...explains.map((one) => `${one.cause} at ${one.where.name}`),
    ].join(" < "),
  );

test("what is healthy from both ends is told with both numbers, and every name with its cluster", () => {
  const report = acrossReport(request, [part("east"), part("west")]);
  expect(report).toMatchObject({
    ...{ check: "nc-4f2a", cluster: "east, west", from: "shop/web-0@east", to: "shop/db-0:5432@west" },
    status: "healthy",
    notes: ["Measured from both ends: shop/db-0@west is 10.2.0.9 and shop/web-0@east is 10.1.0.4."],
    coverage: { share: 1, text: "east: all of it. west: all of it." },
  });
  expect(report.verdict).toBe(
    "No fault between shop/web-0@east → shop/db-0:5432@west: 0 of 100 packets lost in 60 s on 0 legs; from the other end 0 of 100 packets lost in 60 s on 0 legs.",
  );
  expect(report.measurements.map(({ from, to }) => `${from} ${to}`)).toEqual([
    "shop/web-0@east shop/db-0@west",
    "node-1@east shop/web-0@east",
    "shop/db-0@west shop/web-0@east",
    "node-1@west shop/db-0@west",
  ]);
});

describe("causes", () => {
  test.each<{ name: string; east?: Partial<Report>; west?: Partial<Report>; want: readonly string[] }>([
    {
      name: "what one end sees of the other's trouble stands beneath it",
      east: degraded(beyond("link-delay", WEST.ip)),
      west: degraded(onNode("nic-periodic-delay")),
      want: ["nic-periodic-delay at node-1@west < link-delay at shop/db-0@west"],
    },
    {
      name: "what both see of each other is one, between them",
      east: degraded(beyond("path-loss", WEST.ip)),
      west: degraded(beyond("path-loss", EAST.ip)),
      want: ["path-loss at shop/web-0@east>shop/db-0:5432@west < path-loss at shop/web-0@east"],
    },
    {
      name: "what one alone sees of the other stands by itself",
      east: degraded(beyond("port-closed", WEST.ip)),
      want: ["port-closed at shop/db-0@west"],
    },
    {
      name: "a trouble at home does not explain what both see between them",
      east: degraded(onNode("oom-stall"), beyond("path-loss", WEST.ip)),
      west: degraded(beyond("path-loss", EAST.ip)),
      want: [
        "oom-stall at node-1@east",
        "path-loss at shop/web-0@east>shop/db-0:5432@west < path-loss at shop/web-0@east",
      ],
    },
    {
      name: "each home may have its own, the surer first",
      east: degraded(onNode("oom-stall", "node-1", "likely")),
      west: degraded(onNode("conntrack-full")),
      want: ["conntrack-full at node-1@west", "oom-stall at node-1@east"],
    },
    {
      name: "a device keeps its node",
      west: degraded(cause("mtu-mismatch", { kind: "device", name: "node-2/eth0" })),
      want: ["mtu-mismatch at node-2@west/eth0"],
    },
  ])("$name", ({ east, west, want }) => {
    expect(brief(acrossReport(request, [part("east", east), part("west", west)]))).toEqual(want);
  });

  test("reasons name the other end, and no longer address that begins like it", () => {
    const found = { ...beyond("path-loss", WEST.ip), because: ["to 10.2.0.9:5432 and 10.2.0.91"] };
    const [first] = acrossReport(request, [part("east", degraded(found)), part("west")]).causes;
    expect(first?.because).toEqual(["to shop/db-0@west:5432 and 10.2.0.91"]);
  });
});

describe("the way that nobody asked for", () => {
  const dead = { status: "broken", causes: [beyond("path-loss", EAST.ip)], lost: 100 } as const;
  test("is no fault where nothing at all arrives on it and the asked one works", () => {
    const report = acrossReport(request, [part("east"), part("west", { ...dead, causes: [...dead.causes] })]);
    expect(report).toMatchObject({ status: "healthy", causes: [] });
    expect(report.notes?.at(-1)).toContain("Nothing of west reaches the address of shop/web-0@east by itself");
  });
  test("does not hide what is wrong at its own home", () => {
    const causes = [onNode("oom-stall"), ...dead.causes];
    const report = acrossReport(request, [part("east"), part("west", { ...dead, causes })]);
    expect(brief(report)).toEqual(["oom-stall at node-1@west"]);
    expect(report.status).toBe("degraded");
  });
  test("counts where the asked one is dead too, with the doubt whether it is routed", () => {
    const east = { status: "broken", causes: [beyond("path-loss", WEST.ip)], lost: 100 } as const;
    const report = acrossReport(request, [
      part("east", { ...east, causes: [...east.causes] }),
      part("west", { ...dead, causes: [...dead.causes] }),
    ]);
    expect(report.status).toBe("broken");
    expect(report.notes?.at(-1)).toContain("Nothing passes either way.");
  });
});

test("a part that measured nothing leaves the other one, and says so", () => {
  const gaps = [{ probe: "cluster", subject: "cluster/west", reason: "its worker is gone" }];
  const west = { ...part("west", { status: "failed", gaps, measurements: [] }), plan: undefined };
  const report = acrossReport(request, [part("east"), west]);
  expect(report).toMatchObject({ status: "partial", gaps });
  expect(report.verdict).toContain("No fault seen between shop/web-0@east → shop/db-0:5432@west");
  expect(report.notes).toContain("Nothing was measured from west.");
});

test("what is recorded on the way there of the second part is on the way back of the whole", () => {
  const hop = { from: "shop/db-0 eth0", to: "node-1 veth0", sent: 9, seen: 9, lost: 0, direction: "forward" as const };
  const report = acrossReport(request, [part("east", { hops: [hop] }), part("west", { hops: [hop] })]);
  expect(report.hops.map(({ from, direction }) => [from, direction])).toEqual([
    ["shop/db-0 eth0@east", "forward"],
    ["shop/db-0 eth0@west", "backward"],
  ]);
});

test("windows that hardly meet are a gap", () => {
  const { gaps } = acrossReport(request, [part("east"), part("west", { startMs: 30_000 })]);
  expect(gaps.map(({ reason }) => reason)).toEqual([
    "the two clusters were measured at different times, from 00:00:00 UTC and from 00:00:30 UTC",
  ]);
  expect(acrossReport(request, [part("east"), part("west", { startMs: 3_000 })]).gaps).toEqual([]);
});

test("a cause is cleared where both cleared it; what one could not tell is open", () => {
  const both = { cause: "oom-stall", because: "nobody was killed" };
  const one = { cause: "conntrack-full", because: "it has room" };
  const report = acrossReport(request, [
    part("east", { cleared: [both, one] }),
    part("west", { cleared: [both], unknown: [{ ...one, because: "not read" }] }),
  ]);
  expect(report.cleared).toEqual([{ cause: "oom-stall", because: "east: nobody was killed; west: nobody was killed" }]);
  expect(report.unknown).toEqual([{ cause: "conntrack-full", because: "west: not read" }]);
});
