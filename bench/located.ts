import type { LoadedScenario } from "#lab/cluster/scenario.ts";
import { topologySchema } from "#lab/cluster/topology.ts";
import { playScenario } from "#lab/run.ts";
import type { Report } from "#src/core/report.ts";
import type { Bench, Figure } from "./figure.ts";
import { type HopPlay, hopPlay } from "./hop-plays.ts";

const SEED = Number(process.env["LOCATED_BENCH_SEED"] ?? 20_261_126);
/** Which plays, such as 0-119: every second one loses packets. They are the same whichever of them are played. */
const [FIRST = 0, LAST = 119] = (process.env["LOCATED_BENCH_PLAYS"] ?? "0-119").split("-").map(Number);
const AT_ONCE = Number(process.env["LOCATED_BENCH_AT_ONCE"] ?? 1);

/** Packets of one way; the rule itself asks for as many before it says that none are lost. */
const LEAST_SENT = 100;

type Played = HopPlay & { readonly right: boolean };

/**
 * How often a capture names the two devices between which packets vanish, and nothing where none do: on clusters of the
 * lab, with nodes whose clocks are seconds apart and drift. A loss counts as located when its two devices are named and no
 * others; one that is not named at all is a miss, however few packets there were.
 */
export const located: Bench = {
  name: "located",
  async *run() {
    const plays = Array.from({ length: LAST - FIRST + 1 }, (_, index) => hopPlay(SEED, FIRST + index));
    const played: Played[] = [];
    for await (const { play, report, wrong } of playedAll(plays)) {
      const named = report && namedHops(report);
      const right = report !== undefined && named !== undefined && wasCompared(report) && isRight(play, named);
      played.push({ ...play, right });
      const said = named?.map((hop) => hop.join(" > ")).join(", ") || "nothing";
      const metric = `${play.about}: ${named ? `named ${said}` : wrong.join("; ")}${right ? "" : why(report)}`;
      yield { bench: "located", metric, value: Number(right), unit: "right" };
    }
    yield* sums(played);
  },
};

type Answer = { readonly play: HopPlay; readonly report: Report | undefined; readonly wrong: readonly string[] };

/** Answers as they come, so many at once. */
async function* playedAll(plays: readonly HopPlay[]): AsyncIterable<Answer> {
  const waiting = [...plays];
  const running = new Map<HopPlay, Promise<Answer>>();
  while (waiting.length + running.size > 0) {
    for (let next = waiting[0]; next && running.size < AT_ONCE; next = waiting[0]) {
      const play = next;
      waiting.shift();
      running.set(
        play,
        playScenario(scenarioOf(play)).then(({ report, wrong }) => ({ play, report, wrong })),
      );
    }
    const answer = await Promise.race(running.values());
    running.delete(answer.play);
    yield answer;
  }
}

function scenarioOf({ about, overlay, faults, traffic, busyLoops, command, seconds }: HopPlay): LoadedScenario {
  return {
    ...{ scenario: "located", about, traffic: [...traffic], faults: [...faults], command, repeat: 1, expect: {} },
    ...(busyLoops === 0 ? {} : { noise: { busyLoops } }),
    ...{
      file: "",
      topology: topologySchema.parse({ overlay, nodes: 2 }),
      insists: [],
      timeoutMs: (seconds + 120) * 1_000,
    },
  };
}

const NAMED = /packets? that (.+) saw came neither to (.+) nor to any point behind it/;

/** Pairs of devices between which the report says that packets vanish, wherever it stands among the causes. */
function namedHops({ causes }: Report): readonly (readonly [string, string])[] {
  return causes
    .flatMap((cause) => [cause, ...cause.explains])
    .filter(({ cause }) => cause === "capture-loss-located")
    .map(({ because }): readonly [string, string] => {
      const [, from = "", to = ""] = NAMED.exec(String(because[0])) ?? [];
      return [from, to];
    });
}

/** Nothing named proves nothing where no packets of both ways were followed. */
function wasCompared({ hops }: Report): boolean {
  return (["forward", "backward"] as const).every((way) =>
    hops.some(({ direction, sent }) => direction === way && sent >= LEAST_SENT),
  );
}

function isRight({ hop }: HopPlay, named: readonly (readonly [string, string])[]): boolean {
  if (!hop) return named.length === 0;
  return named.length === 1 && named.every(([from, to]) => hop[0].test(from) && hop[1].test(to));
}

/** What the report says of the path instead, for whoever reads a miss. */
function why(report: Report | undefined): string {
  if (!report) return "";
  const doubts = report.unknown.filter(({ cause }) => cause === "capture-loss-located").map(({ because }) => because);
  const lost = report.hops
    .filter((hop) => hop.lost > 0)
    .map((hop) => `${hop.from} > ${hop.to} ${hop.lost}/${hop.sent}`);
  const gaps = report.gaps.map(({ subject, reason }) => `${subject}: ${reason}`);
  return `; lost ${lost.join(", ") || "nothing"}; ${[...doubts, ...gaps, ...report.causes.map(({ cause }) => cause)].join("; ")}`;
}

function* sums(played: readonly Played[]): Iterable<Figure> {
  const sum = (metric: string, some: readonly Played[], wanted?: number): Figure => {
    const value = some.filter(({ right }) => right).length;
    return {
      ...{ bench: "located", metric, value, unit: `right of ${some.length}` },
      ...(wanted === undefined ? {} : { wanted: `at least ${wanted * 100} %`, met: value >= wanted * some.length }),
    };
  };
  const lossy = played.filter(({ hop }) => hop);
  yield sum("a device or wire loses packets", lossy, 0.95);
  yield sum(
    "none does",
    played.filter(({ hop }) => !hop),
    1,
  );
  for (const key of ["place", "way", "share", "overlay", "to", "clocks"] as const)
    for (const [value, some] of Map.groupBy(lossy, (one) => one[key])) yield sum(`${key}: ${value}`, some);
}
