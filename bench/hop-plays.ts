import { seededRandom } from "#lab/cluster/random.ts";
import type { Traffic } from "#lab/cluster/traffic.ts";

/** One play on the lab: where packets vanish, if they do, and how much of a path is made difficult to see it. */
export type HopPlay = {
  readonly about: string;
  /** The two devices between which they do, by their labels; absent where nothing is lost. */
  readonly hop?: readonly [RegExp, RegExp];
  readonly place: string;
  readonly way: "there" | "back";
  readonly share: "0.5-2 %" | "2-8 %" | "8-30 %";
  readonly overlay: "vxlan" | "host-gw";
  readonly to: "pod" | "Service";
  readonly clocks: "up to 2 s apart" | "up to 6 s apart" | "up to 10 s apart";
  readonly faults: readonly Fault[];
  readonly traffic: readonly Traffic[];
  readonly busyLoops: number;
  readonly command: string;
  readonly seconds: number;
};

const LEAST_PERCENT = 0.5;
const MOST_PERCENT = 30;
/** Clocks are ahead by as much, or behind. */
const MOST_OFFSET_MS = 5_000;
const MOST_DRIFT_PPM = 200;
/** Below this share the probes of a check alone are too few packets to lose. */
const FEW_PERCENT = 3;
const SECONDS = { lossy: 75, healthy: 60 } as const;

/** Devices of a node from its pod outwards: where packets that leave the pod come in, and those that go on by the others. */
const DEVICES = [
  { name: "cable end", label: "veth", leaving: "in" },
  { name: "bridge", label: "cni0", leaving: "in" },
  { name: "tunnel", label: "flannel", leaving: "out" },
  { name: "NIC", label: "eth0", leaving: "out" },
] as const;
const ENDS = [
  { node: "node-1", pod: "web-0" },
  { node: "node-2", pod: "db-0" },
] as const;

type Where = Pick<HopPlay, "place" | "way"> & {
  readonly hop: readonly [RegExp, RegExp];
  readonly fault: Fault;
};

/** Every place where packets can vanish, both ways. What comes in by a device is seen there before, what goes out is not. */
function wheres(overlay: HopPlay["overlay"], percent: number): readonly Where[] {
  return (["there", "back"] as const).flatMap((way) => {
    const [near, far] = way === "there" ? ENDS : [ENDS[1], ENDS[0]];
    const devices = DEVICES.filter(({ name }) => overlay === "vxlan" || name !== "tunnel");
    const points = [
      ...devices.map((device) => ({ ...device, ...near, side: "sender", direction: device.leaving })),
      ...devices.toReversed().map((device) => {
        const direction = device.leaving === "in" ? "out" : "in";
        return { ...device, ...far, side: "receiver", direction } as const;
      }),
    ];
    const labels = points.map(({ node, label }) => new RegExp(`^${node} ${label}`));
    const hopAt = (index: number): Where["hop"] => [labels[index] ?? /^$/, labels[index + 1] ?? /^$/];
    const at = points.map(({ name, side, node, pod, label, direction }, index): Where => {
      const device = name === "tunnel" ? "tunnel" : label;
      const what = name === "cable end" ? { pod } : { node, device };
      const fault = { kind: "device-loss", ...what, direction, percent };
      return { place: `${name} of the ${side}`, way, hop: hopAt(direction === "in" ? index : index - 1), fault };
    });
    const wire = { kind: "loss", from: near.node, to: far.node, direction: "out", percent };
    return [...at, { place: "wire", way, hop: hopAt(devices.length - 1), fault: wire }];
  });
}

/** Play `number` of a seed: the odd ones lose nothing. */
export function hopPlay(seed: number, number: number): HopPlay {
  const random = seededRandom(seed * 1_000 + number);
  // Overlays and places in turn: by lot, some would be left out.
  const turn = Math.floor(number / 2);
  const overlay = turn % 2 === 0 ? "vxlan" : "host-gw";
  const to = random.pick<HopPlay["to"]>(["pod", "Service"]);
  const ahead = ENDS.map(() => Math.round((random.next() * 2 - 1) * MOST_OFFSET_MS));
  const skew = ahead.map((offsetMs, index) => ({
    ...{ kind: "clock", node: ENDS[index]?.node, offsetMs },
    driftPpm: Math.round((random.next() * 2 - 1) * MOST_DRIFT_PPM),
  }));
  const lossy = number % 2 === 0;
  const percent = rounded(LEAST_PERCENT * (MOST_PERCENT / LEAST_PERCENT) ** random.next());
  const places = wheres(overlay, percent);
  const where = lossy ? places[Math.floor(turn / 2) % places.length] : undefined;
  const noise = random.pick(NOISES);
  const perSecond = where && percent < FEW_PERCENT ? 40 : 8;
  const seconds = lossy ? SECONDS.lossy : SECONDS.healthy;
  const what = where ? `${percent} % lost ${where.way}, ${where.place}` : `nothing lost, ${noise.name}`;
  const [first = 0, second = 0] = ahead;
  return {
    about: `play ${number}: ${what}, ${overlay}, to a ${to}, clocks ${first} and ${second} ms ahead`,
    ...(where ? { hop: where.hop } : {}),
    ...{ place: where?.place ?? noise.name, way: where?.way ?? "there" },
    share: percent < 2 ? "0.5-2 %" : percent < 8 ? "2-8 %" : "8-30 %",
    ...{ overlay, to, clocks: apart(Math.abs(first - second)) },
    faults: [...skew, ...(where ? [where.fault] : noise.faults)],
    traffic: [{ from: "default/web-0", to: "default/db-0", kind: "tcp", port: 5432, perSecond }],
    busyLoops: where ? 0 : noise.busyLoops,
    ...{ command: `capture web-0 ${to === "pod" ? "db-0" : "svc/db"} ${seconds}s`, seconds },
  };
}

type Fault = { readonly kind: string } & Readonly<Record<string, unknown>>;
type Noise = { readonly name: string; readonly faults: HopPlay["faults"]; readonly busyLoops: number };

/** What is not a loss on the path. */
const NOISES: readonly [Noise, ...Noise[]] = [
  { name: "healthy", faults: [], busyLoops: 0 },
  { name: "busy", faults: [], busyLoops: 2 },
  { name: "late", faults: [{ kind: "delay", node: "node-2", every: 4, delayMs: [20, 60] }], busyLoops: 0 },
  { name: "duplicates", faults: [{ kind: "duplicate", node: "node-1", percent: 5 }], busyLoops: 0 },
  { name: "loss beside the path", faults: [{ kind: "loss", pod: "api-0", percent: 10 }], busyLoops: 0 },
  { name: "port closed", faults: [{ kind: "port-closed", pod: "db-0", port: 5432 }], busyLoops: 0 },
];

const rounded = (percent: number): number => Math.round(percent * 10) / 10;
const apart = (ms: number): HopPlay["clocks"] =>
  ms <= 2_000 ? "up to 2 s apart" : ms <= 6_000 ? "up to 6 s apart" : "up to 10 s apart";
