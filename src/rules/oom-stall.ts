import { captureKept } from "../core/capture.ts";
import { endsOf } from "../core/elements.ts";
import type { KernelEvent } from "../core/kernel-log.ts";
import { tcpEvidence, tcpOutcomes } from "../core/leg-evidence.ts";
import { packetsOf } from "../core/leg-packets.ts";
import { asked, legsTouching, servingNodes } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { ascending, binomialTail, quantile } from "../core/stats.ts";
import { msText, percentText } from "../core/units.ts";
import { MOST_STRETCHES, tapFactsEvidence, tapsOf } from "../pcap/tap-evidence.ts";
import { kernelEventsOf, kernelEvidence } from "../probes/kernel.ts";
import { podWithUid } from "../probes/pod-state.ts";

/** A packet is held up when it takes this much longer than its leg's fastest ones, ms. */
const HELD_MS = 60;
/** Bad packets further apart than this belong to two stretches; a stretch has at least so many. */
const APART_MS = 700;
const MIN_PACKETS = 2;
/** Stretches that are milder than this share of the worst one are other people's: a machine that is busy has many. */
const AS_BAD = 0.25;
/** A lost packet is as bad as one that was held for so long, ms. */
const LOST_MS = 1_000;
/** How long after a kill (or half as long before) a stretch may begin; each width is tried. */
const WIDTHS_MS = [500, 1_000, 2_000];
/** Probability that so many stretches begin next to kills by chance: below the first it is named, below the second it is sure. */
const CHANCE = 0.02;
const SURE = 0.001;
const MIN_HITS = 3;
/** Share of the stretches that kills must account for, and of the kills that must have had a stretch. */
const MIN_EXPLAINED = 0.6;

type Moment = { readonly atMs: number; readonly heldMs: number };
type Stretch = { readonly startMs: number; readonly endMs: number; readonly packets: number; readonly worstMs: number };
type Watched = { readonly moments: readonly Moment[]; readonly fromMs: number; readonly toMs: number };
type Match = { readonly hits: readonly Stretch[]; readonly lagsMs: readonly number[]; readonly chance: number };

/**
 * A process on a node of the path is OOM-killed again and again, and while the kernel takes it down (hundreds of threads,
 * gigabytes of pages) the node moves no packets: everything through the node is late or lost for a moment.
 * Decisive is the alignment in time: stretches of late or lost packets, measured by the node's own clock, begin within
 * 0.5 to 2 s of kills in the node's kernel log (or stretches in which a tap of the node saw data sent again), more often than chance would have it (2 %; 0.1 % to be certain), at least
 * three times, and at least 60 % of the stretches and of the kills belong together.
 * Fooled by a stranger's kills (outside of the bad moments: cleared), by log lines of other machines that share the kernel
 * (only lines that name a pod of this node count), by kills so frequent that any moment is next to one (chance is high).
 * The victim need not be a pod of the check: it is its neighbour.
 */
export const oomStall: Rule = {
  name: "oom-stall",
  title: "Node stalls while a process is OOM-killed",
  needs: [kernelEvidence],
  evaluate(seen) {
    const nodes = servingNodes(seen.plan);
    const read = nodes.filter((node) => seen.evidence.get(kernelEvidence, `node/${node}`)?.logRead);
    const suspicions = read.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0)
      return { status: "unknown", because: say("the kernel log of no node of the path could be read") };
    const kills = read.flatMap((node) => killsDuring(node, seen));
    return {
      status: "cleared",
      because:
        kills.length === 0
          ? say("no process was OOM-killed on {nodes} during the check", { nodes: listed(read) })
          : say("{kills} on {nodes}, but not when packets were late or lost", {
              kills: counted(kills.length, "OOM kill"),
              nodes: listed(read),
            }),
    };
  },
};

function killsDuring(node: string, { evidence }: Case): readonly KernelEvent[] {
  const { fromMs, toMs } = evidence.get(kernelEvidence, `node/${node}`) ?? { fromMs: 0, toMs: 0 };
  return kernelEventsOf(evidence, node).filter(
    ({ kind, atMs }) => kind === "oom" && atMs >= fromMs - 3_000 && atMs <= toMs + 1_000,
  );
}

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const { plan, comparison } = seen;
  const kills = killsDuring(node, seen);
  const bad = legsTouching(node, plan).filter(({ id }) => {
    const state = comparison.legs.get(id)?.state;
    return state === "late" || state === "lossy" || state === "dead";
  });
  if (kills.length < MIN_HITS) return [];
  const measured = bad.some(asked) ? aligned(momentsOf(node, seen), kills) : undefined;
  const captured = tapsOf(seen.evidence)
    .filter((tap) => tap.node === node)
    .flatMap(({ label }) => {
      const found = aligned(resentAt(label, seen), kills);
      return found ? [{ tap: label, ...found }] : [];
    })
    .toSorted((a, b) => a.match.chance - b.match.chance)[0];
  const best = measured ?? captured;
  if (!best) return [];
  const victims = victimsOf(kills, seen);
  const [worst] = victims;
  return [
    {
      status: "suspected",
      confidence: best.match.chance <= SURE ? "certain" : "likely",
      where: { kind: "node", name: node },
      because: [
        say("{kills} on {node} during the check: {victims}", {
          kills: counted(kills.length, "OOM kill"),
          node,
          victims: listed(
            victims.map(({ text }) => text),
            3,
          ),
        }),
        ...(measured ? measuredTexts(measured, node) : []),
        ...(captured
          ? [
              say(
                "captured at {tap}: {hits} of {all} in which data was sent again began within {lag} of a kill; by chance that happens in {chance} of cases",
                { tap: captured.tap, ...numbersOf(captured) },
              ),
            ]
          : []),
      ],
      against: [],
      confirm: [
        `dmesg -T | grep -iE 'out of memory|oom-kill'   # on ${node}`,
        ...(worst?.pod === undefined ? [] : [`kubectl describe pod -n ${worst.pod.replace("/", " ")}`]),
      ],
      advice: [
        worst?.pod === undefined
          ? say("Give {process} on {node} more memory or less to do, so that it is not killed", {
              process: worst?.process ?? "the process",
              node,
            })
          : say("Raise the memory limit of {pod}, or find out why {process} needs more than it may", {
              pod: worst.pod,
              process: worst.process,
            }),
        say("Until then keep it on a node of its own, away from what must not stall"),
      ],
      explains: ["path-loss", "link-delay", "nic-periodic-delay", "high-latency", "server-slow", "link-rate-limited"],
      legs: (bad.some(asked) ? bad : legsTouching(node, plan).filter(asked)).map(({ id }) => id),
    },
  ];
}

type Aligned = { readonly match: Match; readonly stretches: readonly Stretch[] };

/** The stretches that begin next to kills, when that is no chance and holds for most of both. */
function aligned({ moments, fromMs, toMs }: Watched, kills: readonly KernelEvent[]): Aligned | undefined {
  const stretches = stretchesOf(moments);
  const match = WIDTHS_MS.map((width) => matchOf(stretches, kills, { width, fromMs, toMs })).toSorted(
    (a, b) => a.chance - b.chance,
  )[0];
  if (!match || match.chance > CHANCE || match.hits.length < MIN_HITS) return undefined;
  const followed = kills.filter(({ atMs }) => match.hits.some(({ startMs }) => Math.abs(startMs - atMs) <= 2_000));
  const within = kills.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  return match.hits.length < MIN_EXPLAINED * stretches.length || followed.length < MIN_EXPLAINED * within.length
    ? undefined
    : { match, stretches };
}

function numbersOf({ match, stretches }: Aligned) {
  return {
    hits: match.hits.length,
    all: counted(stretches.length, "stretch", "stretches"),
    lag: msText(Math.max(...match.lagsMs.map(Math.abs))),
    chance: percentText(match.chance),
  };
}

function measuredTexts(found: Aligned, node: string): readonly Sentence[] {
  const lengths = ascending(found.match.hits.map(({ startMs, endMs }) => endMs - startMs));
  return [
    say(
      "{hits} of {all} in which packets of {node} were late or lost began within {lag} of a kill; by chance that happens in {chance} of cases",
      { node, ...numbersOf(found) },
    ),
    say("each time the node moved no packets for about {length}", { length: msText(quantile(lengths, 0.5) ?? 0) }),
  ];
}

/** When a tap saw data sent again, by the same clock as the kernel log. One segment alone is nothing. */
function resentAt(tap: string, { evidence }: Case): Watched {
  const kept = evidence.get(captureKept, tap);
  const again = evidence.get(tapFactsEvidence, tap)?.sentAgain ?? [];
  const moments = again.flatMap(([startMs, endMs, segments]) =>
    segments < MIN_PACKETS ? [] : [startMs, endMs].map((atMs) => ({ atMs, heldMs: LOST_MS })),
  );
  // Where there is no room for more, nothing is known of the time behind the last one.
  const listedMs = again.length >= MOST_STRETCHES ? (again.at(-1)?.[1] ?? 0) : Number.POSITIVE_INFINITY;
  return { moments, fromMs: kept?.fromMs ?? 0, toMs: Math.min(kept?.toMs ?? 0, listedMs) };
}

/** When packets that began on this node were held up or lost: all by the node's own clock, like its kernel log. */
function momentsOf(node: string, { plan, evidence }: Case): Watched {
  const moments: Moment[] = [];
  const times: number[] = [];
  const legs = new Set(
    plan.legs.filter((leg) => endsOf(leg, plan).from?.node === node && leg.scope !== "external").map(({ id }) => id),
  );
  for (const { leg, leftMs, rttMs, lost, floorMs } of packetsOf(plan, evidence)) {
    if (!legs.has(leg.id) || floorMs === undefined) continue;
    for (const [index, atMs] of leftMs.entries()) {
      times.push(atMs);
      const rtt = rttMs[index];
      const heldMs = lost[index] ? LOST_MS : rtt === undefined ? 0 : rtt - floorMs;
      if (heldMs >= HELD_MS) moments.push({ atMs, heldMs });
    }
  }
  for (const leg of plan.legs) {
    const data = legs.has(leg.id) && leg.port !== undefined ? evidence.get(tcpEvidence, leg.id) : undefined;
    for (const [offsetMs, outcome, , resent] of data?.attempts ?? [])
      if (data && (resent > 0 || tcpOutcomes[outcome] === "timeout"))
        moments.push({ atMs: data.startMs + offsetMs, heldMs: LOST_MS });
  }
  return { moments, fromMs: Math.min(...times), toMs: Math.max(...times) };
}

function stretchesOf(moments: readonly Moment[]): readonly Stretch[] {
  const stretches: { startMs: number; endMs: number; packets: number; worstMs: number }[] = [];
  for (const { atMs, heldMs } of moments.toSorted((a, b) => a.atMs - b.atMs)) {
    const open = stretches.at(-1);
    if (open && atMs - open.endMs <= APART_MS)
      Object.assign(open, { endMs: atMs, packets: open.packets + 1, worstMs: Math.max(open.worstMs, heldMs) });
    else stretches.push({ startMs: atMs, endMs: atMs, packets: 1, worstMs: heldMs });
  }
  const whole = stretches.filter(({ packets }) => packets >= MIN_PACKETS);
  const worstMs = Math.max(...whole.map((stretch) => stretch.worstMs));
  return whole.filter((stretch) => stretch.worstMs >= AS_BAD * worstMs);
}

function matchOf(
  stretches: readonly Stretch[],
  kills: readonly KernelEvent[],
  { width, fromMs, toMs }: { readonly width: number; readonly fromMs: number; readonly toMs: number },
): Match {
  const lagOf = ({ startMs }: Stretch): number | undefined =>
    kills.map(({ atMs }) => startMs - atMs).find((lag) => lag >= -width / 2 && lag <= width);
  const hits = stretches.filter((stretch) => lagOf(stretch) !== undefined);
  let covered = 0;
  let end = fromMs;
  for (const { atMs } of kills.toSorted((a, b) => a.atMs - b.atMs)) {
    const [from, to] = [Math.max(end, atMs - width / 2), Math.min(toMs, atMs + width)];
    if (to > from) covered += to - from;
    end = Math.max(end, to);
  }
  const share = Math.min(1, covered / Math.max(1, toMs - fromMs));
  const chance = Math.min(1, WIDTHS_MS.length * binomialTail(hits.length, stretches.length, share));
  return { hits, lagsMs: hits.map((stretch) => lagOf(stretch) ?? 0), chance };
}

type Victim = { readonly text: Sentence; readonly pod: string | undefined; readonly process: string };

/** Who was killed, the most often killed first. */
function victimsOf(kills: readonly KernelEvent[], { evidence }: Case): readonly Victim[] {
  const groups = Map.groupBy(kills, ({ podUid, process, cgroup }) => `${podUid ?? cgroup ?? ""} ${process ?? ""}`);
  return [...groups.values()]
    .toSorted((a, b) => b.length - a.length)
    .flatMap((same): Victim[] => {
      const [event] = same;
      if (!event) return [];
      const { process = "?", podUid, container: id, cgroup, scope } = event;
      const pod = podUid === undefined ? undefined : podWithUid(evidence, podUid);
      const container = pod?.containers.find((one) => id !== undefined && one.id.startsWith(id))?.name;
      const times = counted(same.length, "time");
      const limit = scope === "node" ? say("the node was out of memory") : say("over its memory limit");
      const who = pod?.name ?? podUid ?? cgroup;
      const text =
        who === undefined
          ? say("{process} {times} ({limit})", { process, times, limit })
          : container === undefined
            ? say("{process} of {pod} {times} ({limit})", { process, pod: who, times, limit })
            : say("{process} of {pod}, container {container}, {times} ({limit})", {
                process,
                pod: who,
                container,
                times,
                limit,
              });
      return [{ text, pod: pod?.name, process }];
    });
}
