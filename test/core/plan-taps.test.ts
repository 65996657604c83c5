import { describe, expect, test } from "vitest";
import type { CaptureWish } from "#src/core/capture.ts";
import { type Device, devicesEvidence } from "#src/core/devices.ts";
import { EvidenceSet, evidenceOf } from "#src/core/evidence.ts";
import { makePlan } from "#src/core/make-plan.ts";
import { pathAddresses, planTaps, tunnelPorts } from "#src/core/plan-taps.ts";
import { type Route, routesEvidence } from "#src/core/routes.ts";
import { probes } from "#src/probes/index.ts";
import { inEnglish } from "#test/support/in-english.ts";
import { cluster, endOf, requestFor, viewOf } from "./simulate.ts";

const world = cluster(3);
const window = { startMs: 1_800_000_000_000, endMs: 1_800_000_060_000 };

function planned(from = "shop/api-0", to = "shop/api-1") {
  const ends = { from: endOf(world, from), to: endOf(world, to) };
  return makePlan({ request: requestFor(60), window, ...ends, view: viewOf(world), probes });
}

const route = (dst: string, dev: string): Route => ({ dst, dev, type: "unicast", table: "main", metric: 0 });
const nic: Device = { name: "ens3", index: 2, mtu: 1_500 };

/** What every vantage point of a plan prints in a cluster with bridges and VXLAN; `without` says nothing. */
function facts(plan: ReturnType<typeof planned>, without: readonly string[] = []): EvidenceSet {
  const set = new EvidenceSet();
  const add = (id: string, devices: Device[], routes: Route[]): void => {
    set.add(evidenceOf(devicesEvidence, id, 0, { devices }));
    set.add(evidenceOf(routesEvidence, id, 0, { versions: [{ fromMs: 0, toMs: 0, value: routes }] }));
  };
  for (const { id, node, role } of plan.vantages) {
    if (without.includes(node) || !["from", "to", "from-node", "to-node"].includes(role)) continue;
    if (id.startsWith("pod/"))
      add(
        id,
        [{ name: "eth0", index: 3, kind: "veth", peer: 7, elsewhere: true, mtu: 1_450 }],
        [route("default", "eth0")],
      );
    else {
      const pods = plan.vantages.filter((other) => other.node !== node && other.id.startsWith("pod/"));
      add(
        id,
        [
          nic,
          { name: "flannel.1", index: 4, kind: "vxlan", mtu: 1_450, tunnelPort: 8_472 },
          { name: "cni0", index: 5, kind: "bridge", mtu: 1_450 },
          { name: "veth7", index: 7, kind: "veth", peer: 3, elsewhere: true, master: "cni0", mtu: 1_450 },
        ],
        [route("default", "ens3"), ...pods.map(({ ip }) => route(ip, "flannel.1"))],
      );
    }
  }
  return set;
}

const all: CaptureWish = { full: false };
const none = new Set<string>();

describe("where a check records", () => {
  test("two pods in a tunnelled cluster: every device of the way, in its order", () => {
    const plan = planned();
    const made = planTaps(plan, facts(plan), { wish: all, unreachable: none });
    const [a, b] = [plan.from.node, plan.to.node];
    expect(made?.taps.map(({ label, kind, snapLength }) => [label, kind, snapLength])).toEqual([
      ["shop/api-0 eth0", "pod", 128],
      [`${a} veth7`, "host-end", 128],
      [`${a} cni0`, "bridge", 128],
      [`${a} flannel.1`, "tunnel", 128],
      [`${a} ens3`, "nic", 192],
      [`${b} ens3`, "nic", 192],
      [`${b} flannel.1`, "tunnel", 128],
      [`${b} cni0`, "bridge", 128],
      [`${b} veth7`, "host-end", 128],
      ["shop/api-1 eth0", "pod", 128],
    ]);
    expect(made?.gaps).toEqual([]);
    expect(made?.taps.map(({ task, order }) => `${task} ${order}`).slice(0, 2)).toEqual(["record-1 0", "record-2 1"]);
    expect(tunnelPorts(plan, facts(plan))).toEqual([8_472]);
  });

  test("whole packets, and only points of the asked kinds", () => {
    const plan = planned();
    const made = planTaps(plan, facts(plan), { wish: { full: true, points: ["pod", "nic"] }, unreachable: none });
    expect(made?.taps.map(({ kind, snapLength }) => [kind, snapLength])).toEqual([
      ["pod", 262_144],
      ["nic", 262_144],
      ["nic", 262_144],
      ["pod", 262_144],
    ]);
    const bonds = planTaps(plan, facts(plan), { wish: { full: false, points: ["bond-member"] }, unreachable: none });
    expect(bonds?.taps).toEqual([]);
    expect(inEnglish(bonds?.gaps ?? [])).toEqual([
      { probe: "record", subject: "path", reason: "the path has no point of the asked kinds" },
    ]);
  });

  test("whole packets of a long check: headers are recorded, and a ring beside them", () => {
    const long = { startMs: window.startMs, endMs: window.startMs + 31 * 60_000 };
    const plan = { ...planned(), window: long };
    const wish: CaptureWish = { full: true, points: ["pod", "nic"] };
    const made = planTaps(plan, facts(plan), { wish, unreachable: none });
    expect(made?.taps.map(({ task, snapLength, ring }) => [task, snapLength, ring])).toEqual([
      ["record-1", 128, "record-1-ring"],
      ["record-2", 192, "record-2-ring"],
      ["record-3", 192, "record-3-ring"],
      ["record-4", 128, "record-4-ring"],
    ]);
    const without = planTaps(plan, facts(plan), { wish: { ...wish, full: false }, unreachable: none });
    expect(without?.taps.map(({ ring }) => ring)).toEqual(Array(4).fill(undefined));
  });

  test("facts are awaited, but not of a node that is given up", () => {
    const plan = planned();
    const half = facts(plan, [plan.to.node ?? ""]);
    expect(planTaps(plan, half, { wish: all, unreachable: none })).toBeUndefined();
    const made = planTaps(plan, half, { wish: all, unreachable: new Set([plan.to.node ?? ""]) });
    expect(made?.taps.map(({ node }) => node)).toEqual(Array.from({ length: 5 }, () => plan.from.node));
    expect(inEnglish(made?.gaps ?? [])).toEqual([
      {
        probe: "record",
        subject: `node/${plan.to.node}`,
        reason: "its devices are not known: nothing was recorded there",
      },
    ]);
  });

  test("an address outside: the points of the end that is here, and the node's own address behind masquerading", () => {
    const plan = makePlan({
      request: requestFor(60),
      window,
      from: endOf(world, "shop/api-0"),
      to: { kind: "address", name: "203.0.113.9", ip: "203.0.113.9" },
      view: viewOf(world),
      probes,
    });
    const made = planTaps(plan, facts(plan), { wish: all, unreachable: none });
    expect(made?.taps.map(({ kind }) => kind)).toEqual(["pod", "host-end", "bridge", "nic"]);
    const node = plan.vantages.find(({ id }) => id === `node/${plan.from.node}`);
    expect(pathAddresses(plan)).toEqual({
      ...{ from: [plan.from.ip, node?.ip], to: ["203.0.113.9"], mayBeMasked: true },
    });
  });
});
