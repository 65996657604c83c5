import { captureKept, type HopCounts, type Hops, hopsEvidence, type Tap } from "#src/core/capture.ts";
import { type Evidence, evidenceOf } from "#src/core/evidence.ts";
import type { Plan, Vantage } from "#src/core/plan.ts";
import { wilson } from "#src/core/stats.ts";
import { captureCoverage } from "#src/pcap/capture-evidence.ts";
import { type TapFactsData, tapFactsEvidence } from "#src/pcap/tap-evidence.ts";
import { startOf } from "../core/simulate.ts";

/** The taps between the two ends of a simulated check: pod, veth, bridge, tunnel, NIC, and the same on the other node. */
const KINDS = ["pod", "host-end", "bridge", "tunnel", "nic"] as const;
const DEVICES = { pod: "eth0", "host-end": "vethb2", bridge: "cni0", tunnel: "flannel.1", nic: "ens5" };

function endsOf({ vantages }: Plan): readonly [Vantage, Vantage] {
  const [from, to] = ["from", "to"].map((role) => vantages.find((vantage) => vantage.role === role));
  if (!from || !to) throw new Error("the plan has no two ends");
  return [from, to];
}

/** In the order in which packets of the first end cross them: `pod`, `host-end` … of the near node, then of the far one. */
export function tapsOf(plan: Plan): readonly Tap[] {
  const [from, to] = endsOf(plan);
  const at = ({ node, netns, label }: Vantage): readonly Omit<Tap, "order" | "task">[] =>
    KINDS.map((kind) => ({
      label: kind === "pod" ? `${label} eth0` : `${node} ${DEVICES[kind]}`,
      node,
      netns: kind === "pod" ? netns : "node",
      device: DEVICES[kind],
      kind,
      mtu: 1_500,
      snapLength: 160,
      mayBeSkipped: kind === "host-end" || kind === "bridge",
    }));
  return [...at(from), ...at(to).toReversed()].map((tap, order) => ({ ...tap, order, task: `capture-${order}` }));
}

export type Way = "forward" | "backward";
/** What is special about the hop that leaves point `from` (0 to 9) one way. */
export type HopChange = { readonly from: number; readonly way: Way } & Partial<
  Omit<HopCounts, "from" | "to" | "direction">
>;

/** All hops of a path on which `sent` packets went each way and nothing was lost, but for what is changed. */
export function hopsOf(plan: Plan, changes: readonly HopChange[] = [], sent = 10_000): Hops {
  const taps = tapsOf(plan);
  const hops = taps.slice(1).flatMap((far, index) =>
    (["forward", "backward"] as const).map((direction): HopCounts => {
      const near = taps[index] as Tap;
      const [from, to] = direction === "forward" ? [near, far] : [far, near];
      const plain = { sent, seen: sent, lost: 0, missed: 0, dropped: 0, smallestLost: 0, largestSeen: 1_450 };
      const {
        from: _,
        way: __,
        ...changed
      } = changes.find((one) => one.from === from.order && one.way === direction) ?? {
        from: -1,
        way: direction,
      };
      const counts = { ...plain, ...changed };
      const seen = changed.seen ?? counts.sent - counts.lost - counts.missed;
      return {
        from: from.label,
        to: to.label,
        direction,
        missShare: wilson(counts.missed, counts.seen),
        lossShare: wilson(counts.lost, counts.sent),
        lostAt: counts.lost === 0 ? [] : spread(counts.lost),
        delayMs: { p50: 0.2, p99: 0.9, max: 4, uncertainMs: 0.05 },
        ...counts,
        seen,
      };
    }),
  );
  return { taps: [...taps], hops, clocks: [], strangers: 0, unidentified: 0, refused: 0, left: [] };
}

/** In three seconds, most in the second of them. */
function spread(lost: number): [number, number][] {
  const second = Math.floor(startOf / 1_000) + 4;
  const few = Math.floor(lost / 4);
  return [
    [second, few],
    [second + 2, lost - 2 * few],
    [second + 3, few],
  ];
}

export function hopsFound(plan: Plan, changes?: readonly HopChange[], more: Partial<Hops> = {}): Evidence {
  return evidenceOf(hopsEvidence, `${plan.from.name}>${plan.to.name}`, plan.window.endMs, {
    ...hopsOf(plan, changes),
    ...more,
  });
}

const nothing: TapFactsData = {
  packets: 20_000,
  outer: [],
  opens: [],
  resetCount: 0,
  resets: [],
  sentAgain: [],
  idle: { lived: 0, longestLivedMs: 0, cutCount: 0, cut: [] },
  arp: [],
};
const whole = { cut: 0, malformed: 0, unknownLinks: 0, droppedByRecorder: 0, oneSided: 0, gaps: 0 };

/** What was kept and found at every tap: nothing special, but for what `facts` and `kept` say of the n-th. */
export function captured(
  plan: Plan,
  facts: (order: number, tap: Tap) => Partial<TapFactsData> = () => ({}),
  kept: (order: number) => { readonly droppedByKernel?: number; readonly letGo?: number } = () => ({}),
): readonly Evidence[] {
  const { startMs, endMs } = plan.window;
  return tapsOf(plan).flatMap((tap) => [
    evidenceOf(captureKept, tap.label, endMs, {
      ...{ tap, packets: 20_000, bytes: 4e6, droppedByKernel: 0, fromMs: startMs, toMs: endMs, letGo: 0 },
      recordedMs: endMs - startMs,
      file: `nc-4f2a/${tap.task}.pcapng`,
      ...kept(tap.order),
    }),
    evidenceOf(captureCoverage, tap.label, endMs, {
      packets: 20_000,
      flows: 4,
      verdict: "clean",
      quality: [],
      unread: { ...whole, droppedByRecorder: kept(tap.order).droppedByKernel ?? 0 },
    }),
    evidenceOf(tapFactsEvidence, tap.label, endMs, { ...nothing, ...facts(tap.order, tap) }),
  ]);
}
