import type { CheckRequest } from "#src/core/check.ts";
import type { ClusterView } from "#src/core/cluster-view.ts";
import { diagnose } from "#src/core/diagnose.ts";
import { type Evidence, EvidenceSet } from "#src/core/evidence.ts";
import { makePlan } from "#src/core/make-plan.ts";
import { openReader } from "#src/core/open-reader.ts";
import type { End, Leg, Plan, Vantage } from "#src/core/plan.ts";
import type { Report } from "#src/core/report.ts";
import { dataPlanes } from "#src/probes/data-plane/data-planes.ts";
import { probes } from "#src/probes/index.ts";
import { rules } from "#src/rules/index.ts";
import { printsOfMtu, type Sizes } from "./simulate-mtu.ts";

/**
 * A cluster on paper: what each node task would print if the network behaved in a given way. The text goes through the
 * real parsers, so a simulated check is whole except for the network.
 */

export type World = {
  readonly nodes: readonly {
    readonly name: string;
    readonly ip: string;
    readonly zone?: string;
    readonly agent?: boolean;
  }[];
  readonly pods: readonly {
    readonly name: string;
    readonly node: string;
    readonly ip: string;
    /** Of both IP families, where it has both. */
    readonly ips?: readonly string[];
    readonly port?: number;
    readonly hostNetwork?: boolean;
    readonly labels?: Readonly<Record<string, string>>;
  }[];
  /** `name` is ns/name; `backends` are names of pods. */
  readonly services?: readonly {
    readonly name: string;
    readonly ip: string;
    readonly port: number;
    readonly targetPort: number;
    readonly backends: readonly string[];
    readonly selector?: Readonly<Record<string, string>>;
  }[];
};

/** One packet on one way. `node`s are where it leaves and arrives; `atMs` is when it leaves. */
export type Packet = {
  readonly leg: Leg;
  readonly way: "request" | "reply";
  readonly protocol: "icmp" | "tcp";
  readonly fromNode: string;
  readonly toNode: string;
  readonly from: string;
  readonly to: string;
  readonly atMs: number;
};

/** What a fault does to a packet; undefined = nothing. Called in the order of time, so that it may count. */
export type Fault = (
  packet: Packet,
  random: () => number,
) => { readonly lost?: true; readonly lateMs?: number; readonly refused?: true } | undefined;

export type Scene = {
  readonly world?: World;
  readonly from?: string;
  readonly to?: string;
  readonly port?: number;
  readonly seconds?: number;
  readonly seed?: number;
  readonly faults?: readonly Fault[];
  /** One-way times in ms. */
  readonly base?: { readonly local: number; readonly cross: (fromNode: string, toNode: string) => number };
  /** A busy observer: share of round trips that wait for the CPU, and for how long on average. */
  readonly busy?: { readonly share: number; readonly meanMs: number };
  /** Stretches in which nothing on any node moved, seconds after the start. */
  readonly stalls?: readonly { readonly atS: number; readonly ms: number }[];
  /** Clock of each node against the true one, ms. */
  readonly clocks?: Readonly<Record<string, number>>;
  /** What becomes of large packets; all cross when absent. */
  readonly sizes?: Sizes;
  readonly withoutTaps?: boolean;
  /** Nodes whose tasks print nothing after that many seconds. */
  readonly silentAfterS?: Readonly<Record<string, number>>;
  /** What a survey prints at a place; nothing when absent. */
  readonly surveys?: (at: Vantage, probe: string, plan: Plan) => string | undefined;
  /** What readings print, by vantage label and probe; a list is one per round. */
  readonly facts?: (at: Vantage, probe: string, atMs: number) => string | undefined;
  /** Exit codes of readings other than 0. */
  readonly exits?: (at: Vantage, probe: string, atMs: number) => number | undefined;
  readonly views?: (view: ClusterView) => readonly ClusterView[];
  /** Stop reading after that many seconds, as a running check would. */
  readonly untilS?: number;
};

const START = 1_800_000_000_000;

export function randomFrom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A small cluster: `count` nodes with three pods each. Names are chosen so that nothing can rely on them. */
export function cluster(count: number, zones: readonly string[] = []): World {
  const names = ["ulm", "graz", "bern", "linz", "basel"];
  const nodes = names
    .slice(0, count)
    .map((name, n) => ({ name, ip: `172.20.7.${20 + n}`, ...(zones[n] ? { zone: zones[n] } : {}) }));
  const pods = nodes.flatMap(({ name }, n) =>
    ["api", "cart", "mail"].map((pod, p) => ({
      name: `shop/${pod}-${n}`,
      node: name,
      ip: `10.42.${n}.${p + 5}`,
      port: 7000 + p,
    })),
  );
  return { nodes, pods };
}

/** The same cluster with addresses of IPv6 and no others. */
export function inIpv6({ nodes, pods, ...rest }: World): World {
  return {
    ...rest,
    nodes: nodes.map((node, n) => ({ ...node, ip: `fd20::7:${20 + n}` })),
    pods: pods.map((pod, p) => ({
      ...pod,
      ip: `fd${42 + nodes.findIndex(({ name }) => name === pod.node)}::${p + 5}`,
    })),
  };
}

export function viewOf({ nodes, pods, services = [] }: World): ClusterView {
  return {
    atMs: START - 5_000,
    nodes: nodes.map(({ name, ip, zone }, n) => ({
      name,
      ip,
      ready: "True",
      leaseAgeMs: 3_000,
      bootId: `boot-${name}`,
      ...(zone === undefined ? {} : { zone }),
      podCidrs: [`10.42.${n}.0/24`],
    })),
    pods: pods.map(({ name, node, ip, ips, port, hostNetwork = false, labels = {} }, p) => ({
      namespace: name.split("/")[0] ?? "",
      name: name.split("/")[1] ?? "",
      uid: `0000aaaa-0000-4000-8000-${`${p}`.padStart(12, "0")}`,
      node,
      ip,
      ...(ips ? { ips: [...ips] } : {}),
      hostNetwork,
      phase: "Running",
      ready: true,
      labels,
      containers: [
        {
          name: "main",
          ports: port === undefined ? [] : [{ port, protocol: "TCP" }],
          restarts: 0,
          state: "running" as const,
        },
      ],
    })),
    services: services.map(({ name, ip, port, targetPort, backends, selector = {} }) => ({
      namespace: name.split("/")[0] ?? "",
      name: name.split("/")[1] ?? "",
      clusterIp: ip,
      selector,
      ports: [{ port, targetPort, protocol: "TCP" }],
      endpoints: pods
        .filter((pod) => backends.includes(pod.name))
        .map((pod) => ({
          ip: pod.ip,
          pod: pod.name.split("/")[1] ?? "",
          node: pod.node,
          ready: true,
          ports: [targetPort],
        })),
    })),
    agents: nodes
      .filter(({ agent = true }) => agent)
      .map(({ name }) => ({ node: name, pod: `netcheck-${name}`, namespace: "netcheck", ready: true })),
    events: [],
  };
}

export function endOf(world: World, name: string, port?: number): End {
  const withPort = port === undefined ? {} : { port };
  const pod = world.pods.find((candidate) => candidate.name === name);
  if (pod) return { kind: "pod", name, ip: pod.ip, node: pod.node, ...withPort };
  const service = world.services?.find((candidate) => `svc/${candidate.name}` === name);
  if (service) {
    const backend = world.pods.find((candidate) => candidate.name === service.backends[0]);
    return {
      kind: "service",
      name,
      ip: service.ip,
      port: port ?? service.port,
      ...(backend ? { node: backend.node, backend: backend.name } : {}),
    };
  }
  const node = world.nodes.find((candidate) => candidate.name === name);
  if (node) return { kind: "node", name, ip: node.ip, node: name, ...withPort };
  return { kind: "address", name, ip: name, ...withPort };
}

export function requestFor(seconds: number): CheckRequest {
  return {
    id: "nc-4f2a",
    command: "shop/api-0 shop/api-1",
    cluster: "test",
    from: { kind: "pod", namespace: "shop", name: "api-0" },
    to: { kind: "pod", namespace: "shop", name: "api-1" },
    durationMs: seconds * 1_000,
    requestedAtMs: START - 5_000,
  };
}

/** Plays a whole check and returns what it says. */
export function play(scene: Scene): { readonly report: Report; readonly plan: Plan; readonly evidence: EvidenceSet } {
  const { world = cluster(3), from = "shop/api-0", to = "shop/api-1", port, seconds = 20 } = scene;
  const request = requestFor(seconds);
  const window = { startMs: START, endMs: START + seconds * 1_000 };
  const view = viewOf(world);
  const plan = makePlan({ request, window, from: endOf(world, from), to: endOf(world, to, port), view, probes });
  const evidence = measure(plan, scene, view);
  const planes = dataPlanes({ plan, evidence });
  const report = diagnose({ request, plan, evidence, gaps: plan.gaps, rules, planes });
  return { report, plan, evidence };
}

/** All evidence that a plan would give in this scene. */
export function measure(plan: Plan, scene: Scene, view: ClusterView): EvidenceSet {
  const set = new EvidenceSet();
  const outputs = run(plan, scene);
  for (const task of plan.tasks) {
    const output = outputs.get(task.id);
    if (output === undefined || (scene.withoutTaps && task.probe === "echo-arrivals")) continue;
    const reader = openReader(task, plan, probes);
    reader.push(output);
    for (const evidence of reader.evidence({ nowMs: plan.window.endMs + 2_000, done: true })) set.add(evidence);
  }
  const views = scene.views?.(view) ?? [view, { ...view, atMs: plan.window.endMs }];
  for (const probe of probes)
    if (probe.kind === "cluster") for (const evidence of probe.read(views)) set.add(evidence as Evidence);
  return set;
}

type Line = { readonly atMs: number; readonly text: string };

/** What every task of the plan prints. */
export function run(plan: Plan, scene: Scene): ReadonlyMap<string, string> {
  const random = randomFrom(scene.seed ?? 1);
  const untilMs = Math.min(
    plan.window.endMs + 2_000,
    plan.window.startMs + (scene.untilS ?? Number.POSITIVE_INFINITY) * 1_000,
  );
  const lines = new Map<string, Line[]>(plan.tasks.map(({ id }) => [id, []]));
  const at = (id: string): Vantage | undefined => plan.vantages.find((vantage) => vantage.id === id);
  const taskOf = (probe: string, subject: string) =>
    plan.tasks.find((task) => task.probe === probe && task.subject === subject);
  const clock = (node: string): number => scene.clocks?.[node] ?? 0;
  const events: { atMs: number; happen: () => void }[] = [];

  const oneWay = (packet: Packet): { lost: boolean; ms: number; refused: boolean } => {
    const base = scene.base ?? { local: 0.02, cross: () => 0.15 };
    const own = packet.fromNode === packet.toNode ? base.local : base.cross(packet.fromNode, packet.toNode);
    let ms = own * (0.85 + 0.3 * random()) + (random() < 0.01 ? own * 3 * random() : 0);
    for (const { atS, ms: length } of scene.stalls ?? []) {
      const begin = plan.window.startMs + atS * 1_000;
      if (packet.atMs >= begin && packet.atMs < begin + length) ms += begin + length - packet.atMs;
    }
    let lost = false;
    let refused = false;
    for (const fault of scene.faults ?? []) {
      const effect = fault(packet, random);
      if (effect?.lost) lost = true;
      if (effect?.refused) refused = true;
      ms += effect?.lateMs ?? 0;
    }
    return { lost, ms, refused };
  };

  for (const leg of plan.legs) {
    const from = at(leg.from);
    const to = at(leg.to);
    const task = taskOf(leg.port === undefined ? "ping" : "tcp", leg.id);
    if (!task || !from) continue;
    const asked = Number(leg.port === undefined ? Number(task.argv[5]) * 1_000 : task.argv[3]);
    const step = leg.port === undefined ? Math.ceil(asked / 4) * 4 : asked;
    const tap = to && taskOf("echo-arrivals", to.id);
    const id = task.argv[7];
    const first = plan.window.startMs + random() * 40;
    const count = Math.floor((plan.window.endMs - first) / step);
    const print = (task: string, atMs: number, text: string, node: string): void => {
      const silent = plan.window.startMs + (scene.silentAfterS?.[node] ?? Number.POSITIVE_INFINITY) * 1_000;
      if (atMs <= Math.min(untilMs, silent)) lines.get(task)?.push({ atMs, text });
    };
    const toNode = to?.node ?? "outside";
    const common = { leg, protocol: leg.port === undefined ? ("icmp" as const) : ("tcp" as const) };
    const there = {
      ...common,
      way: "request" as const,
      fromNode: from.node,
      toNode,
      from: from.label,
      to: to?.label ?? leg.toIp,
    };
    const back = {
      ...common,
      way: "reply" as const,
      fromNode: toNode,
      toNode: from.node,
      from: to?.label ?? leg.toIp,
      to: from.label,
    };
    const stamp = (atMs: number, node: string): string => ((atMs + clock(node)) / 1_000).toFixed(6);

    for (let n = 0; n < count; n++) {
      const leftMs = first + n * step + random();
      if (leg.port === undefined)
        events.push({
          atMs: leftMs,
          happen: () => {
            const wait = scene.busy && random() < scene.busy.share ? -Math.log(1 - random()) * scene.busy.meanMs : 0;
            const out = oneWay({ ...there, atMs: leftMs });
            const arrivedMs = leftMs + out.ms;
            const seen = !out.lost && !out.refused;
            if (seen && tap && to)
              print(
                tap.id,
                arrivedMs,
                `${stamp(arrivedMs, to.node)} IP ${from.ip} > ${leg.toIp}: ICMP echo request, id ${id}, seq ${n + 1}, length 64`,
                to.node,
              );
            const home = seen ? oneWay({ ...back, atMs: arrivedMs }) : undefined;
            const rtt = home && !home.lost && !home.refused ? out.ms + home.ms + wait : undefined;
            if (rtt !== undefined)
              print(
                task.id,
                leftMs + rtt,
                `[${stamp(leftMs + rtt, from.node)}] 64 bytes from ${leg.toIp}: icmp_seq=${n + 1} ttl=62 time=${rtt >= 100 ? rtt.toFixed(0) : rtt.toPrecision(3)} ms`,
                from.node,
              );
            if (out.refused)
              print(
                task.id,
                leftMs + 1,
                `[${stamp(leftMs + 1, from.node)}] From 172.20.7.1 icmp_seq=${n + 1} Packet filtered`,
                from.node,
              );
            if (rtt === undefined || rtt > step)
              print(
                task.id,
                leftMs + step,
                `[${stamp(leftMs + step, from.node)}] no answer yet for icmp_seq=${n + 1}`,
                from.node,
              );
          },
        });
      else
        events.push({
          atMs: leftMs,
          happen: () => {
            let took = 0;
            let outcome = "timeout";
            let resent = 0;
            for (const wait of [0, 1_000]) {
              const out = oneWay({ ...there, atMs: leftMs + wait });
              const home = out.lost ? undefined : oneWay({ ...back, atMs: leftMs + wait + out.ms });
              resent = wait === 0 ? 0 : 1;
              if (!home || home.lost) continue;
              took = wait + out.ms + home.ms;
              outcome = out.refused || home.refused ? "refused" : "connected";
              break;
            }
            if (outcome === "timeout") took = 2_500;
            const node = from.node;
            print(
              task.id,
              leftMs + took,
              `${(leftMs + clock(node)).toFixed(3)} ${took.toFixed(3)} ${outcome} 40000 ${resent}`,
              node,
            );
          },
        });
    }
  }
  for (const { happen } of events.toSorted((a, b) => a.atMs - b.atMs)) happen();

  const outputs = new Map<string, string>();
  for (const [id, printed] of lines)
    if (printed.length > 0)
      outputs.set(
        id,
        printed
          .toSorted((a, b) => a.atMs - b.atMs)
          .map(({ text }) => `${text}\n`)
          .join(""),
      );
  for (const { id, probe, subject } of plan.tasks) {
    const place = at(subject);
    const printed = place && scene.surveys?.(place, probe, plan);
    if (printed !== undefined) outputs.set(id, printed);
  }
  for (const task of plan.tasks)
    if (task.probe === "mtu") outputs.set(task.id, printsOfMtu(task, plan, scene.sizes ?? {}, untilMs));
  for (const task of plan.tasks) if (task.readings) outputs.set(task.id, readings(task.readings, plan, scene, untilMs));
  return outputs;
}

/** What `netcheck-read` prints: a round every five seconds. */
function readings(
  wanted: readonly { readonly probes: readonly string[]; readonly subject: string }[],
  plan: Plan,
  scene: Scene,
  untilMs: number,
): string {
  let text = "";
  for (let atMs = plan.window.startMs; atMs <= untilMs; atMs += 5_000)
    for (const [index, { probes: sharing, subject }] of wanted.entries()) {
      const at = plan.vantages.find(({ id }) => id === subject);
      if (!at || atMs > plan.window.startMs + (scene.silentAfterS?.[at.node] ?? 1e9) * 1_000) continue;
      const told = (of: string): string => scene.facts?.(at, of, atMs) ?? ordinaryFacts(at, of, plan);
      const [probe = ""] = sharing;
      const sections = () => sharing.map((name) => `== ${name}\n${told(name)}\n`.replace(/\n+$/, "\n")).join("");
      const stdout =
        sharing.length > 1
          ? `${sections()}== end\n`
          : probe === "links"
            ? together(told("links"), told("addresses"))
            : told(probe);
      const exit = sharing.map((name) => scene.exits?.(at, name, atMs)).find((code) => code !== undefined) ?? 0;
      text += `@@ ${index} ${atMs + (scene.clocks?.[at.node] ?? 0)} ${exit} ${Buffer.byteLength(stdout)}\n${stdout}`;
    }
  return text;
}

/** Devices as `ip addr` prints them, of what a scene says of links and of addresses; garbage stays garbage. */
function together(links: string, addresses: string): string {
  const all = new Map<string, object>();
  for (const text of [addresses, links]) {
    if (!text.startsWith("[")) return text;
    for (const device of JSON.parse(text) as { ifname: string }[])
      all.set(device.ifname, { ...all.get(device.ifname), ...device });
  }
  return JSON.stringify([...all.values()]);
}

/** What a healthy node of an overlay network prints. */
export function ordinaryFacts(at: Vantage, probe: string, plan: Plan): string {
  const pod = at.id.startsWith("pod/");
  const mine = at.ip.split(".")[2];
  switch (probe) {
    case "addresses":
      return JSON.stringify([
        {
          ifname: pod ? "eth0" : "ens5",
          mtu: 1500,
          flags: ["UP", "LOWER_UP"],
          addr_info: [{ local: at.ip, prefixlen: 24, scope: "global" }],
        },
      ]);
    case "routes":
      return JSON.stringify(pod ? podRoutes(at) : nodeRoutes(at, plan));
    case "listeners":
      return plan.legs
        .filter(({ to, port }) => to === at.id && port !== undefined)
        .map(({ port }) => `LISTEN 0      128          0.0.0.0:${port}       0.0.0.0:*\n`)
        .slice(0, 1)
        .join("");
    case "packet-filter":
      return `*filter\n:INPUT ACCEPT [${mine}:0]\n:FORWARD ACCEPT [0:0]\n:KUBE-FORWARD - [0:0]\n[3:180] -A FORWARD -j KUBE-FORWARD\n[0:0] -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n`;
    case "nft-rules":
      return '{"nftables": []}';
    case "counters":
      return '{"kernel":{"IpInReceives":100}}';
    default:
      return "[]";
  }
}

export function podRoutes(at: Vantage): object[] {
  const gateway = at.ip.replace(/\d+$/, "1");
  return [
    { dst: "default", gateway, dev: "eth0" },
    { dst: at.ip.replace(/\d+$/, "0/24"), dev: "eth0" },
    { type: "local", dst: at.ip, dev: "eth0", table: "local" },
  ];
}

export function nodeRoutes(at: Vantage, plan: Plan): object[] {
  const others = new Map<string, string>();
  for (const vantage of plan.vantages)
    if (vantage.id.startsWith("pod/")) others.set(vantage.ip.replace(/\d+$/, "0/24"), vantage.node);
  return [
    { dst: "default", gateway: "172.20.7.1", dev: "ens5" },
    { dst: "172.20.7.0/24", dev: "ens5" },
    { type: "local", dst: at.ip, dev: "ens5", table: "local" },
    ...[...others].map(([dst, node]) =>
      node === at.node ? { dst, dev: "cni0" } : { dst, gateway: dst.replace("0/24", "0"), dev: "vx.7" },
    ),
  ];
}

/** Every n-th packet that leaves or enters a node's NIC is late; all traffic of the NIC shares the counter. */
export function everyNth(
  node: string,
  n: number,
  [low, high]: readonly [number, number],
  { way = "out", others = 0 }: { readonly way?: "out" | "in" | "both"; readonly others?: number } = {},
): Fault {
  const counters = { out: 0, in: 2 };
  return (packet, random) => {
    if (packet.fromNode === packet.toNode) return undefined;
    const direction = packet.fromNode === node ? "out" : packet.toNode === node ? "in" : undefined;
    if (direction === undefined || (way !== "both" && way !== direction)) return undefined;
    counters[direction] += 1 + Math.floor(random() * (2 * others + 1));
    const hit =
      others === 0
        ? counters[direction] % n === 0
        : Math.floor(counters[direction] / n) > Math.floor((counters[direction] - 1) / n);
    return hit ? { lateMs: low + random() * (high - low) } : undefined;
  };
}

export const loses =
  (share: number, concerns: (packet: Packet) => boolean): Fault =>
  (packet, random) =>
    concerns(packet) && random() < share ? { lost: true } : undefined;

export const delays =
  ([low, high]: readonly [number, number], concerns: (packet: Packet) => boolean): Fault =>
  (packet, random) =>
    concerns(packet) ? { lateMs: low + random() * (high - low) } : undefined;

export const crossing = ({ fromNode, toNode }: Packet): boolean => fromNode !== toNode;
export const through =
  (node: string) =>
  (packet: Packet): boolean =>
    crossing(packet) && (packet.fromNode === node || packet.toNode === node);
export const toPort =
  (label: string, port: number) =>
  ({ leg, way, to, from }: Packet): boolean =>
    leg.port === port && (way === "request" ? to : from) === label;
export const startOf = START;
