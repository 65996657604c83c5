import type { HopCounts } from "./capture.ts";
import { type Share, wilson } from "./stats.ts";

/** Packets lost between two neighbouring points, more than the recorders explain. */
export type LossyHop = {
  /** Labels, as in the evidence. */
  readonly from: string;
  readonly to: string;
  readonly direction: HopCounts["direction"];
  readonly lost: number;
  readonly sent: number;
  /** Lost of sent, with its 95 % interval. */
  readonly share: Share;
  /** So many of the lost, at most, may have passed: the recorders missed them, or they were changed on the way. */
  readonly excused: number;
  /** True when the network certainly lost packets here. Otherwise `doubt` says why not. */
  readonly sure: boolean;
  readonly doubt?: Doubt;
};

/**
 * few       too few were lost to build upon
 * recorder  the recorders missed packets, too: about as many as are missing
 * changed   about as many packets that nobody sent have appeared behind: they were changed on the way, and not lost
 */
export type Doubt = "few" | "recorder" | "changed";

/** A single hop of a path with no loss is suspected in 1 of 740 cases (one side of 3 σ): of 24 hops and directions, in 1 of 30 paths. */
const Z_SURE = 3;
/** Every network loses a packet now and then: less than this is not worth a name, unless it comes in a burst. */
const WORTH_SHARE = 1e-4;
const BURST = 5;
const LEAST_LOST = 5;
/**
 * Who misses an answer sends again, also what had arrived, and conntrack ends such packets on purpose once it knows better: up to
 * 1.1 in 100 of the lost ones on the lab, at other hops than theirs.
 */
const NEEDLESS_SHARE = 0.03;

/**
 * Which hops lose packets, the surest and worst first.
 *
 * A packet counts as lost on a hop when it was seen at its beginning, and neither at its end nor behind it. Recorders miss
 * packets as well, and that looks the same in three cases, each of which excuses so many of the lost:
 *
 * - All recorders from `to` on have missed it. None of them misses more than it counts itself, so that the least of their
 *   counts is the most that all have missed together. At the last point there is nobody behind; there `missShare` is what it
 *   missed of the packets that it sent itself (the other direction), if it missed any.
 * - `to` has missed it, and it was lost behind `to`. Of those that reached a point behind it, `to` missed the share m; then
 *   m / (1 - m) of those that were lost on the next hop are counted here, and so on along the way.
 * - It was changed on the way, and is another packet behind: then it has `appeared` there.
 *
 * Loss at one hop also makes a little at others, where packets end that were sent again without need. So a hop is sure only with
 * more than that share of what all others have lost.
 *
 * A hop is sure when the lower end of the interval of its loss (Wilson; 3 σ since many hops are looked at) lies above what is
 * excused. It is told of as unsure when it does not, but is above the smallest share at the usual 95 %.
 */
export function lossyHops({ hops }: { readonly hops: readonly HopCounts[] }): readonly LossyHop[] {
  return hops
    .flatMap((hop) => judged(hop, hops) ?? [])
    .toSorted((one, other) => Number(other.sure) - Number(one.sure) || other.share.low - one.share.low);
}

function judged(hop: HopCounts, hops: readonly HopCounts[]): LossyHop | undefined {
  const { from, to, direction, lost, sent } = hop;
  if (lost === 0 || sent === 0) return undefined;
  const share = wilson(lost, sent);
  const recorder = Math.min(lost, Math.round(missedByAll(hop, hops) + lostBehind(hop, hops)));
  const changed = Math.min(lost, Math.max(0, (hop.appeared ?? 0) - droppedBefore(hop, hops)));
  const excused = Math.min(lost, recorder + changed);
  const needless = NEEDLESS_SHARE * hops.reduce((sum, other) => sum + (other === hop ? 0 : other.lost), 0);
  const about = { from, to, direction, lost, sent, share, excused };
  if (isAbove(hop, excused) && lost > excused + needless)
    return isWorth(hop, excused) ? { ...about, sure: true } : undefined;
  if (share.low <= WORTH_SHARE && !isBurst(hop)) return undefined;
  // Without the excuse it would be one.
  const doubt = !isAbove(hop, 0) || lost <= needless ? "few" : changed > recorder ? "changed" : "recorder";
  return { ...about, sure: false, doubt };
}

function isAbove({ lost, sent }: HopCounts, excused: number): boolean {
  return lost >= LEAST_LOST && wilson(lost, sent, Z_SURE).low > excused / sent;
}

function isWorth(hop: HopCounts, excused: number): boolean {
  return (hop.lost - excused) / hop.sent > WORTH_SHARE || isBurst(hop);
}

function isBurst({ lostAt }: HopCounts): boolean {
  return lostAt.some(([, lost]) => lost >= BURST);
}

/** The most that `to` and everybody behind it may have missed together. */
function missedByAll(hop: HopCounts, hops: readonly HopCounts[]): number {
  const behind = theNext(hop, hops);
  if (!behind) return Math.max(hop.dropped, missesItself(hop) ? hop.missShare.high * hop.sent : 0);
  return Math.min(hop.dropped, missedByAll(behind, hops));
}

/** An interval without a single miss is wide for want of packets, and says nothing. */
function missesItself({ missShare }: HopCounts): boolean {
  return missShare.share > 0;
}

/** How many were missed by `to` and lost behind it. */
function lostBehind(hop: HopCounts, hops: readonly HopCounts[]): number {
  const behind = theNext(hop, hops);
  if (!behind || !missesItself(hop)) return 0;
  const missed = Math.min(0.99, hop.missShare.high);
  return ((behind.lost + lostBehind(behind, hops)) * missed) / (1 - missed);
}

/** What all recorders before the hop may have missed together: it appears at `to` as well. */
function droppedBefore(hop: HopCounts, hops: readonly HopCounts[]): number {
  const back = hops.filter(({ direction }) => direction !== hop.direction);
  const here = back.find(({ to }) => to === hop.from);
  if (!here) return 0;
  const before = hops.find(({ to, direction }) => to === hop.from && direction === hop.direction);
  return before ? Math.min(here.dropped, droppedBefore(before, hops)) : here.dropped;
}

function theNext(hop: HopCounts, hops: readonly HopCounts[]): HopCounts | undefined {
  return hops.find(({ from, direction }) => from === hop.to && direction === hop.direction);
}
