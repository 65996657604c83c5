/** One packet that a point sees twice (in and out of a bridge) is seen again within this. */
const COPY_NS = 1e6;
/** The same at the point that sees packets first, where nothing before it says how many there are. */
const FIRST_COPY_NS = 50e3;
/** A packet that was doubled on the way, and what answers both, come this close; who sends again by himself waits for longer. */
const TWIN_NS = 50e6;
/** Clocks that agree are trusted to this much. */
const SLACK_NS = 100e3;

/**
 * Which sightings of packets that look alike belong together: a segment and its copy that was sent again carry the same
 * marks when there are no time stamps. Those who arrive are given to the newest that could have come so far by then: what
 * was sent first and never arrived is lost, and not late. A point that sees more than were before it, one close behind the
 * other, sees the same ones twice. One that vanishes close behind another that came through is a copy as well, and no loss:
 * the network has delivered what it says, and conntrack ends such packets on purpose (a second reset of a connection).
 *
 * `seen`: for each point on the way of the packets when it saw one, by one clock that is right within `uncertainNs`,
 * ascending. Answers for each packet the index of its sighting at each point, -1 = none; the same for those that vanished as
 * copies. Sightings that are in neither are second ones of one packet.
 */
export function alikePackets(
  seen: readonly (readonly number[])[],
  uncertainNs: number,
): { readonly packets: readonly (readonly number[])[]; readonly needless: readonly (readonly number[])[] } {
  const packets: { readonly sightings: number[]; lastNs: number; matched: boolean }[] = [];
  for (const [point, times] of seen.entries()) {
    if (times.length === 0) continue;
    const first = packets.length === 0;
    const expected = first ? Math.max(0, ...seen.slice(point + 1).map(({ length }) => length)) : packets.length;
    const kept = expected === 0 ? [...times.keys()] : withoutCopies(times, expected, first ? FIRST_COPY_NS : COPY_NS);
    for (const packet of packets) packet.matched = false;
    for (const index of kept.toReversed()) {
      const ns = times[index] as number;
      const latest = ns + uncertainNs + SLACK_NS;
      let packet = first ? undefined : packets.findLast(({ matched, lastNs }) => !matched && lastNs <= latest);
      if (!packet) {
        packet = { sightings: seen.map(() => -1), lastNs: ns, matched: true };
        packets.unshift(packet);
      }
      packet.sightings[point] = index;
      packet.lastNs = ns;
      packet.matched = true;
    }
    packets.sort((one, other) => one.lastNs - other.lastNs);
  }
  const all = packets.map(({ sightings }) => sightings);
  const needless = all.filter((sightings) => isNeedless(sightings, all, seen, uncertainNs + SLACK_NS));
  return { packets: all.filter((sightings) => !needless.includes(sightings)), needless };
}

/** Whether it vanished behind a point that another has passed just before; within `unsureNs` nobody knows which came first. */
function isNeedless(
  sightings: readonly number[],
  packets: readonly (readonly number[])[],
  seen: readonly (readonly number[])[],
  unsureNs: number,
): boolean {
  const last = sightings.findLastIndex((index) => index >= 0);
  if (last === seen.length - 1) return false;
  const timeOf = (one: readonly number[]): number => seen[last]?.[one[last] ?? -1] ?? Number.NaN;
  return packets.some((other) => {
    const later = timeOf(sightings) - timeOf(other);
    const passed = other.findLastIndex((index) => index >= 0) > last;
    return passed && later >= -unsureNs && later <= TWIN_NS;
  });
}

/** Indices of the times without the closest followers, as long as there are more than `expected`. */
function withoutCopies(times: readonly number[], expected: number, withinNs: number): readonly number[] {
  const gaps = times.map((ns, index) => ({
    index,
    gap: index === 0 ? Number.POSITIVE_INFINITY : ns - (times[index - 1] as number),
  }));
  const copies = gaps
    .filter(({ gap }) => gap <= withinNs)
    .toSorted((one, other) => one.gap - other.gap)
    .slice(0, Math.max(0, times.length - expected));
  const dropped = new Set(copies.map(({ index }) => index));
  return gaps.flatMap(({ index }) => (dropped.has(index) ? [] : [index]));
}
