import type { CaptureWish, Tap } from "./capture.ts";
import { type CapturePoint, capturePoints, type EndState } from "./capture-points.ts";
import { devicesEvidence } from "./devices.ts";
import type { EvidenceSet } from "./evidence.ts";
import type { Gap, Plan, Vantage } from "./plan.ts";
import { lookUp, routesEvidence } from "./routes.ts";
import { say } from "./sentence.ts";
import { nodeVantage, steeredTunnel, tunnelsEvidence } from "./tunnels.ts";

/** Name of the probe whose tasks record; their output is read by `recorder.ts`. */
export const RECORD = "record";

/** Bytes up to the options of TCP (60), for IPv6 too: bare, and in a tunnel. Geneve has options of its own, up to 252 bytes. */
const SNAP = { bare: 128, tunnelled: 192, geneve: 384 } as const;
/** Whole packets. */
export const FULL_SNAP = 262_144;
const MAX_TAPS = 16;
/** Whole packets of more than this are too much to fetch: those around triggers are. */
const WHOLE_MS = 30 * 60_000;
const RING = "-ring";

/** Whether it is the ring of a tap (`Tap.ring`), by its task's name. */
export const isRing = (task: string): boolean => task.endsWith(RING);

type PathEndsOf = Pick<Plan, "from" | "to" | "vantages" | "aliases">;

/**
 * Addresses by which the packets of each end are known on the way. `mayBeMasked`: a node may give packets that its pods send to the
 * other end an address that is none of these.
 */
export type PathAddresses = {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly mayBeMasked: boolean;
};

/** Its own address first, then those of Services that stand for it, and of the node that masks its packets to the outside. */
export function pathAddresses({ from, to, vantages, aliases }: PathEndsOf): PathAddresses {
  const [source, target] = endVantages({ vantages });
  const masked = (at: Vantage | undefined, other: Plan["from"]): readonly string[] =>
    at && other.kind !== "pod" && other.kind !== "node"
      ? vantages.flatMap(({ id, ip }) => (id === `node/${at.node}` ? [ip] : []))
      : [];
  const known = (all: readonly (string | undefined)[]): readonly string[] => [
    ...new Set(all.filter((ip): ip is string => ip !== undefined && ip !== "")),
  ];
  return {
    from: known([source?.ip, from.ip, ...(aliases?.from ?? []), ...masked(source, to)]),
    to: known([target?.ip, to.ip, ...(aliases?.to ?? [])]),
    mayBeMasked: [from, to].some(({ kind }) => kind === "node" || kind === "address"),
  };
}

/** UDP ports in which tunnels of the path's nodes wrap packets. */
export function tunnelPorts({ vantages }: Pick<Plan, "vantages">, evidence: EvidenceSet): readonly number[] {
  const devices = vantages.flatMap(({ id }) => evidence.get(devicesEvidence, id)?.devices ?? []);
  return [...new Set(devices.flatMap(({ tunnelPort }) => tunnelPort ?? []))];
}

/**
 * Where the packets between the two ends of a check can be recorded, by what their nodes said about themselves; undefined while
 * facts of a node are awaited that `unreachable` does not name.
 */
export function planTaps(
  plan: Plan,
  evidence: EvidenceSet,
  { wish, unreachable }: { readonly wish: CaptureWish; readonly unreachable: ReadonlySet<string> },
): { readonly taps: readonly Tap[]; readonly gaps: readonly Gap[] } | undefined {
  const [source, target] = endVantages(plan);
  const ends = [source, target].filter((at) => at !== undefined);
  const awaited = ends.flatMap((at) => [at.id, `node/${at.node}`].map((id) => ({ id, node: at.node })));
  const known = (id: string): boolean =>
    evidence.get(devicesEvidence, id) !== undefined && routesAt(id, evidence).length > 0;
  const missing = awaited.filter(({ id }) => !known(id));
  if (missing.some(({ node }) => !unreachable.has(node))) return undefined;
  const blind = new Set(missing.map(({ node }) => node));
  const state = (at: Vantage | undefined, other: Vantage | undefined, otherIp: string): EndState | undefined =>
    at && !blind.has(at.node) ? endState(at, { other, otherIp }, plan, evidence) : undefined;
  const points = capturePoints(state(source, target, plan.to.ip), state(target, source, plan.from.ip));
  const wanted = points.filter(({ kind }) => wish.points?.includes(kind) ?? true);
  const taps = wanted
    .slice(0, MAX_TAPS)
    .map((point, order) => tapOf(point, order, { plan, points, evidence, whole: wholePackets(plan, wish) }));
  return { taps, gaps: gapsOf([...blind], { found: points.length, wanted: wanted.length, taken: taps.length }) };
}

/** Of which packets what the programs say is recorded. */
function wholePackets({ window }: Plan, { full }: CaptureWish): "none" | "all" | "around-triggers" {
  if (!full) return "none";
  return window.endMs - window.startMs > WHOLE_MS ? "around-triggers" : "all";
}

const endVantages = ({ vantages }: Pick<Plan, "vantages">): readonly [Vantage | undefined, Vantage | undefined] => [
  vantages.find(({ role }) => role === "from"),
  vantages.find(({ role }) => role === "to"),
];

const routesAt = (id: string, evidence: EvidenceSet) => evidence.get(routesEvidence, id)?.versions.at(-1)?.value ?? [];

function endState(
  at: Vantage,
  { other, otherIp }: { readonly other: Vantage | undefined; readonly otherIp: string },
  plan: Plan,
  evidence: EvidenceSet,
): EndState {
  const devicesAt = (id: string) => evidence.get(devicesEvidence, id)?.devices ?? [];
  const node = `node/${at.node}`;
  const way = (id: string, ip: string): string => lookUp(routesAt(id, evidence), ip).route?.dev ?? "";
  const ip = other?.ip ?? otherIp;
  return {
    node: at.node,
    netns: at.netns,
    device: way(at.id, ip),
    links: devicesAt(at.id),
    nodeLinks: devicesAt(node),
    towardsEnd: way(node, ip),
    towardsNode: way(node, (other && nodeVantage(plan, other.node)?.ip) ?? ip),
    steered: steeredTunnel(evidence.get(tunnelsEvidence, node)?.devices ?? [])?.name,
  };
}

function tapOf(
  { node, netns, device, kind, mtu, mayBeSkipped }: CapturePoint,
  order: number,
  {
    plan,
    points,
    evidence,
    whole,
  }: {
    readonly plan: Plan;
    readonly points: readonly CapturePoint[];
    readonly evidence: EvidenceSet;
    readonly whole: ReturnType<typeof wholePackets>;
  },
): Tap {
  const at = plan.vantages.find((vantage) => vantage.netns === netns && vantage.node === node);
  const tunnels = points.filter((point) => point.kind === "tunnel");
  const geneve = tunnels.some((point) =>
    evidence
      .get(devicesEvidence, `node/${point.node}`)
      ?.devices.some(({ name, kind: made }) => name === point.device && made === "geneve"),
  );
  const outside = kind === "nic" || kind === "bond-member";
  const headers = !outside || tunnels.length === 0 ? SNAP.bare : geneve ? SNAP.geneve : SNAP.tunnelled;
  const task = `${RECORD}-${order + 1}`;
  return {
    task,
    label: `${netns === "node" ? node : (at?.label ?? node)} ${device}`,
    order,
    ...{ node, netns, device, kind, mtu, mayBeSkipped },
    snapLength: whole === "all" ? FULL_SNAP : headers,
    ...(whole === "around-triggers" ? { ring: `${task}${RING}` } : {}),
  };
}

function gapsOf(
  blind: readonly string[],
  { found, wanted, taken }: { readonly found: number; readonly wanted: number; readonly taken: number },
): readonly Gap[] {
  const gap = (subject: string, reason: Gap["reason"]): Gap => ({ probe: RECORD, subject, reason });
  return [
    ...blind.map((node) => gap(`node/${node}`, say("its devices are not known: nothing was recorded there"))),
    ...(found === 0 && blind.length === 0
      ? [gap("path", say("no device was found through which the packets of both ends go"))]
      : []),
    ...(found > 0 && wanted === 0 ? [gap("path", say("the path has no point of the asked kinds"))] : []),
    ...(taken < wanted ? [gap("path", say("only the first {most} points were recorded", { most: MAX_TAPS }))] : []),
  ];
}
