import { describe, expect, test } from "vitest";
import { diagnose } from "#src/core/diagnose.ts";
import { type Evidence, evidenceOf } from "#src/core/evidence.ts";
import { placeText } from "#src/core/place.ts";
import type { Plan } from "#src/core/plan.ts";
import { captureFinding, captureIcmp } from "#src/pcap/capture-evidence.ts";
import { captureLossLocated } from "#src/rules/capture-loss-located.ts";
import { rules } from "#src/rules/index.ts";
import { loses, play, requestFor, type Scene, through, toPort } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { captured, type HopChange, hopsFound, tapsOf } from "./capture-scene.ts";

/** Points by number: 0 shop/api-0, 1 veth, 2 bridge, 3 tunnel, 4 NIC of ulm; 5 NIC, 6 tunnel, 7 bridge, 8 veth of graz, 9 shop/api-1. */
const lost = (from: number, way: "forward" | "backward", more: Partial<HopChange> = {}): HopChange => ({
  from,
  way,
  lost: 300,
  ...more,
});

const tooBig = (plan: Plan): Evidence =>
  evidenceOf(captureIcmp, tapsOf(plan)[0]?.label ?? "", 0, {
    ...{ echoRequests: 0, echoReplies: 0, echoesLost: 0, unreachable: 0, prohibited: 0, timeExceeded: 0, tooBig: 2 },
  });
const unheeded = (plan: Plan): Evidence =>
  evidenceOf(captureFinding, `${tapsOf(plan)[0]?.label} fragmentation-needed 10.42.1.5:7000`, 0, {
    ...{ kind: "fragmentation-needed", text: "its sender went on with it", numbers: { connections: 1 } },
  });

test.each<{ name: string; changes: readonly HopChange[]; want: string; more?: (plan: Plan) => readonly Evidence[] }>([
  { name: "between the pod and its node", changes: [lost(0, "forward")], want: "shop/api-0 certain" },
  { name: "between the bridge and the tunnel", changes: [lost(2, "forward")], want: "ulm certain" },
  { name: "between the tunnel and the NIC", changes: [lost(3, "forward")], want: "ulm certain" },
  { name: "between the NICs", changes: [lost(4, "forward")], want: "ulm>graz certain" },
  { name: "between the NICs, the other way", changes: [lost(5, "backward")], want: "graz>ulm certain" },
  { name: "between the NIC and the tunnel that it comes out of", changes: [lost(5, "forward")], want: "graz certain" },
  { name: "between the veth and the pod", changes: [lost(8, "forward")], want: "shop/api-1 certain" },
  {
    name: "at two places",
    changes: [lost(4, "forward"), lost(2, "backward", { lost: 900 })],
    want: "ulm certain, ulm>graz certain",
  },
  {
    name: "somewhere, but part of it may be the recorder's",
    changes: [lost(8, "forward", { dropped: 40 })],
    want: "shop/api-1 likely",
  },
  // What can fool it.
  { name: "nowhere", changes: [], want: "cleared" },
  { name: "nowhere but in the recorder", changes: [lost(8, "forward", { dropped: 400 })], want: "unknown" },
  { name: "one packet", changes: [lost(4, "forward", { lost: 1 })], want: "cleared" },
  { name: "a few of few", changes: [lost(4, "forward", { lost: 3, sent: 60, seen: 57 })], want: "unknown" },
  {
    name: "as many as appeared behind it: they were changed",
    changes: [lost(4, "forward", { appeared: 300 })],
    want: "unknown",
  },
  {
    name: "behind a veth that programs pass by: the place reaches to the next point",
    changes: [
      lost(0, "forward", { seen: 0, missed: 9_700 }),
      { from: 1, way: "forward", sent: 0, seen: 0 },
      { from: 2, way: "forward", sent: 0, seen: 0 },
    ],
    want: "ulm certain",
  },
  {
    name: "of large packets, whose sender is told and sends smaller ones",
    changes: [lost(2, "forward", { smallestLost: 1_451, largestSeen: 1_450 })],
    more: (plan) => [tooBig(plan)],
    want: "cleared",
  },
  {
    name: "of large packets, whose sender is told and goes on",
    changes: [lost(2, "forward", { smallestLost: 1_451, largestSeen: 1_450 })],
    more: (plan) => [tooBig(plan), unheeded(plan)],
    want: "ulm certain",
  },
  {
    name: "where files were let go",
    changes: [lost(8, "forward")],
    more: (plan) => captured(plan, undefined, (order) => ({ letGo: order === 9 ? 2 : 0 })),
    want: "unknown",
  },
  {
    name: "anywhere, because nothing was recorded",
    changes: Array.from({ length: 10 }, (_, from) => from).flatMap((from) =>
      (["forward", "backward"] as const).map((way) => ({ from, way, sent: 20, seen: 20 })),
    ),
    want: "unknown",
  },
])("loss $name: $want", ({ changes, want, more = () => [] }) => {
  expect(ask(captureLossLocated, {}, (plan) => [hopsFound(plan, changes), ...more(plan)]).brief).toBe(want);
});

test("it says how many, when, which way, and what lies between the two taps", () => {
  const said = because(ask(captureLossLocated, {}, (plan) => [hopsFound(plan, [lost(2, "forward")])]).verdict);
  expect(said).toContain(
    "300 of 10,000 packets that ulm cni0 saw came neither to ulm flannel.1 nor to any point behind it: 3 % (95 % interval 2.7–3.4 %)",
  );
  expect(said).toContain("only this way: from ulm flannel.1 to ulm cni0 0 of 10,000 packets were lost");
  expect(said).toMatch(/lost in 3 seconds from [\d:]+ UTC to [\d:]+ UTC, most of them \(150\) at [\d:]+ UTC/);
  expect(said).toContain(
    "ulm cni0 shows what has come in, before tc ingress and netfilter; ulm flannel.1 shows what has left its queue (qdisc)",
  );
  expect(said).toContain(
    "between the two lie programs at tc ingress of cni0, the reverse-path filter, netfilter (PREROUTING, FORWARD, POSTROUTING) and conntrack, routes and neighbour entries and tc egress and the queue (qdisc) of flannel.1",
  );
});

test("it says when size decides", () => {
  const changes = [lost(4, "forward", { smallestLost: 1_401, largestSeen: 1_400 })];
  expect(because(ask(captureLossLocated, {}, (plan) => [hopsFound(plan, changes)]).verdict)).toContain(
    "size decides: the smallest that was lost has 1,401 bytes, the largest that came through 1,400",
  );
});

describe("beside other causes", () => {
  /** Causes of a whole diagnosis, with what is listed beneath each. */
  function causesOf(scene: Scene, changes: readonly HopChange[]): readonly string[] {
    const { plan, evidence } = play(scene);
    evidence.add(hopsFound(plan, changes));
    const { causes } = diagnose({ request: requestFor(20), plan, evidence, gaps: plan.gaps, rules });
    return causes.map(({ cause, where, explains }) =>
      [`${cause} ${placeText(where)}`, ...explains.map((one) => `- ${one.cause}`)].join("\n"),
    );
  }
  const firewall: Scene = {
    faults: [loses(1, (packet) => packet.toNode === "graz" && packet.fromNode !== "graz")],
    facts: (at, probe, atMs) =>
      probe === "packet-filter" && at.label === "graz"
        ? `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n[${Math.round(atMs / 100) % 100_000}:4000] -A FORWARD -j DROP\n[${Math.round(atMs / 100) % 100_000}:4000] -A INPUT -j DROP\nCOMMIT\n`
        : undefined,
  };

  test("loss that the comparison of legs finds too stands beneath the place that the taps name", () => {
    const causes = causesOf({ faults: [loses(0.1, through("graz"))] }, [lost(4, "forward"), lost(5, "backward")]);
    expect(causes.map((text) => text.split("\n")[0])).toEqual([
      "capture-loss-located ulm>graz",
      "capture-loss-located graz>ulm",
    ]);
    expect(causes.join("\n")).toContain("- path-loss");
  });

  test("a cause that explains loss at that place stands above it", () => {
    expect(causesOf(firewall, [lost(5, "forward", { lost: 9_000 })])[0]).toMatch(
      /^firewall-drop graz\n(- .*\n)*- capture-loss-located/,
    );
  });

  test("a cause at another place does not", () => {
    expect(causesOf(firewall, [lost(3, "forward", { lost: 9_000 })])).toContainEqual(
      expect.stringMatching(/^capture-loss-located ulm/),
    );
  });

  test("a filtered port is not swallowed by it", () => {
    const causes = causesOf({ faults: [loses(1, toPort("shop/api-1", 7000))] }, [lost(8, "forward")]);
    expect(causes[0]).toMatch(/^port-filtered shop\/api-1\n(- .*\n)*- capture-loss-located/);
  });
});
