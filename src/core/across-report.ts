import { clustersOf, endTexts, isBeyond, withOtherEnd, withPort } from "./across.ts";
import type { CheckRequest } from "./check.ts";
import { worstOf } from "./hops-chart.ts";
import type { Place } from "./place.ts";
import type { End, Plan } from "./plan.ts";
import type { Cause, Chart, Report } from "./report.ts";
import { inWords, listed, type Sentence, say, type Text } from "./sentence.ts";
import { clockText } from "./units.ts";
import { causesText, healthyNumbers } from "./verdict-text.ts";

/** One part of a check between two clusters, diagnosed by itself. `plan` is absent where nothing could be planned. */
export type PartSeen = { readonly cluster: string; readonly plan: Plan | undefined; readonly report: Report };

/** With less than this of the shorter window in common, the two parts saw different times. */
const TOGETHER = 0.9;
const CONFIDENCES: readonly Cause["confidence"][] = ["certain", "likely", "possible"];
/** Worst last. A part that measured nothing says nothing of the path. */
const STATUSES: readonly Report["status"][] = ["failed", "healthy", "partial", "degraded", "broken"];

/**
 * One report of both parts of a check between two clusters. Each part is judged by its own rules within its own cluster and knows the
 * other end as a mere address: what it finds there, or on the way, is a symptom where the other part has found a cause at home, and is
 * the same trouble where both see it. The second part measures a way that nobody asked for by itself: where nothing at all
 * arrives on it though the asked way works, addresses of the first cluster are not reached from the second (masked, or not routed), which
 * is no fault of the asked path.
 */
export function acrossReport(request: CheckRequest, seen: readonly [PartSeen, PartSeen]): Report {
  const { language } = request;
  const [from, to] = endTexts(request);
  const masked = isMasked(...seen);
  const parts = seen.map((part, index) => labelled(part, { isBack: index === 1, masked: masked && index === 1 }));
  const [first, second] = parts as [Labelled, Labelled];
  const causes = joinedCauses(first, second, { name: from, peer: to });
  const reports = parts.map(({ report }) => report);
  const judged = reports.filter((report, index) => report.status !== "failed" && !(masked && index === 1));
  const worst = STATUSES[Math.max(0, ...judged.map(({ status }) => STATUSES.indexOf(status)))] ?? "failed";
  const main = judged.find((report) => report.status === worst) ?? first.report;
  const isWhole = reports.every(({ status }) => status !== "failed");
  const clean = worst === "healthy" && !isWhole ? "partial" : worst;
  const status = causes.length > 0 && STATUSES.indexOf(clean) < STATUSES.indexOf("degraded") ? "degraded" : clean;
  const notes = [...addressNotes(request, seen), ...routeNotes(seen, masked, from)];
  const report: Report = {
    ...main,
    ...{ check: request.id, command: request.command, cluster: clustersOf(request).join(", "), from, to, status },
    causes: [...causes],
    ...openQuestions(parts, causes),
    notes: [...reports.flatMap((one) => one.notes ?? []), ...notes.map((note) => inWords(note, language))],
    gaps: [...reports.flatMap(({ gaps }) => gaps), ...timeGaps(seen, language)],
    measurements: reports.flatMap(({ measurements }) => measurements),
    captures: reports.flatMap(({ captures }) => captures),
    hops: reports.flatMap(({ hops }) => hops),
    coverage: {
      share: reports.reduce((sum, { coverage }) => sum + coverage.share, 0) / reports.length,
      text: parts.map(({ cluster, report: { coverage } }) => `${cluster}: ${coverage.text}`).join(" "),
    },
    charts: chartsOf(main, reports),
    window: first.report.status === "failed" ? second.report.window : first.report.window,
    ...whereAny("files", reports),
    ...whereAny("dataPlanes", reports),
  };
  const verdict = causesText(causes) ?? cleanText(report, seen, masked) ?? main.verdict;
  return { ...report, verdict: inWords(verdict, language) };
}

/** The verdict where nothing is wrong; undefined where something is. */
function cleanText(
  report: Report,
  [first, second]: readonly [PartSeen, PartSeen],
  masked: boolean,
): Sentence | undefined {
  const { from, to, coverage } = report;
  if (report.status === "partial")
    return say("No fault seen between {from} → {to} in what could be measured: {coverage}", {
      ...{ from, to, coverage: coverage.text },
    });
  if (report.status !== "healthy" || !first.plan || !second.plan) return undefined;
  const numbers = healthyNumbers(first.report, first.plan);
  return masked
    ? say("No fault between {from} → {to}: {numbers}.", { from, to, numbers })
    : say("No fault between {from} → {to}: {numbers}; from the other end {back}.", {
        ...{ from, to, numbers },
        back: healthyNumbers(second.report, second.plan),
      });
}

type Labelled = PartSeen & {
  /** Causes that are no more than the other end's address, and the way to it. */
  readonly beyond: readonly Cause[];
  /** Causes at a place of its own cluster. */
  readonly inside: readonly Cause[];
};

/**
 * A part with its cluster behind every name that means something there only, and the other end by its name. `isBack`: its way there is
 * the way back of the whole.
 */
function labelled(
  { cluster, plan, report }: PartSeen,
  { isBack, masked }: { readonly isBack: boolean; readonly masked: boolean },
): Labelled {
  const other = plan?.to;
  const at = (text: string): string => nameAt(text, cluster, other);
  const placed = (where: Place): Place => placeAt(where, cluster, other);
  const worded = (text: string): string => withOtherEnd(text, other);
  const causeAt = (cause: Cause): Cause => ({
    ...cause,
    where: placed(cause.where),
    because: cause.because.map(worded),
    against: cause.against.map(worded),
    explains: cause.explains.map((one) => ({
      ...one,
      where: placed(one.where),
      because: one.because.map(worded),
    })),
  });
  const causes = report.causes.filter(({ where }) => !(masked && isBeyond(where, other)));
  return {
    ...{ cluster, plan },
    beyond: causes.filter(({ where }) => isBeyond(where, other)).map(causeAt),
    inside: causes.filter(({ where }) => !isBeyond(where, other)).map(causeAt),
    report: {
      ...report,
      gaps: report.gaps.map((gap) => ({ ...gap, subject: at(gap.subject) })),
      measurements: report.measurements.map((row) => ({ ...row, from: at(row.from), to: at(row.to) })),
      captures: report.captures.map((one) => ({ ...one, node: at(one.node) })),
      hops: report.hops.map((hop) => ({
        ...hop,
        ...{ from: at(hop.from), to: at(hop.to) },
        ...(hop.direction && isBack && { direction: hop.direction === "forward" ? "backward" : "forward" }),
      })),
      charts: report.charts.map((chart) => ({ ...chart, title: `${worded(chart.title)} (${cluster})` })),
      ...(report.dataPlanes && {
        dataPlanes: report.dataPlanes.map((one) => ({
          ...one,
          nodes: one.nodes.map(at),
          text: `${cluster}: ${one.text}`,
        })),
      }),
    },
  };
}

/** `shop/web-0:80` of edge-1 is `shop/web-0:80@edge-1`; the other end's address becomes its name. */
function nameAt(text: string, cluster: string, other: End | undefined): string {
  if (other === undefined || (text !== other.ip && !text.startsWith(`${other.ip}:`)))
    return isAddress(text) || text.startsWith("cluster/") ? text : `${text}@${cluster}`;
  const port = text.slice(other.ip.length + 1);
  return port === "" ? other.name : withPort(other.name, port);
}

const isAddress = (text: string): boolean => /^[\d.]+(:\d+)?$/.test(text) || /^[\da-f]*:[\da-f:]*$/i.test(text);

function placeAt(where: Place, cluster: string, other: End | undefined): Place {
  const { name, peer } = where;
  if (where.kind === "device") return { ...where, name: name.replace("/", `@${cluster}/`) };
  return { ...where, name: nameAt(name, cluster, other), ...(peer && { peer: nameAt(peer, cluster, other) }) };
}

/**
 * Causes at home first, surest first. What only one part sees on the way to the other is beneath what that other one has found at home;
 * what both see is one trouble, between the two ends.
 */
function joinedCauses(first: Labelled, second: Labelled, ends: { name: string; peer: string }): readonly Cause[] {
  const inside = [...first.inside, ...second.inside];
  const beyond: Cause[] = [];
  let beneath: readonly Cause[] = [];
  let root: Cause | undefined;
  if (first.beyond.length > 0 && second.beyond.length > 0) {
    const seenByBoth = (cause: Cause): Cause | undefined => second.beyond.find((one) => one.cause === cause.cause);
    for (const cause of first.beyond) {
      const same = seenByBoth(cause);
      beyond.push(same ? under({ ...cause, where: { kind: "pair", ...ends } }, [same]) : cause);
    }
    beyond.push(...second.beyond.filter((one) => !first.beyond.some(({ cause }) => cause === one.cause)));
  } else if (first.beyond.length > 0) [root, beneath] = [second.inside[0], first.beyond];
  else [root, beneath] = [first.inside[0], second.beyond];
  if (root === undefined) beyond.push(...beneath);
  const homes = inside.map((cause) => (cause === root ? under(cause, beneath) : cause));
  return [...homes, ...beyond].toSorted(
    (a, b) => CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence),
  );
}

const under = (cause: Cause, symptoms: readonly Cause[]): Cause => ({
  ...cause,
  explains: [
    ...cause.explains,
    ...symptoms.map(({ cause: name, where, because }) => ({ cause: name, where, because })),
  ],
});

/** Cleared is what each part that asked has cleared; what one of them could not tell is not known. */
function openQuestions(parts: readonly Labelled[], causes: readonly Cause[]): Pick<Report, "cleared" | "unknown"> {
  const named = new Set(causes.flatMap(({ cause, explains }) => [cause, ...explains.map((one) => one.cause)]));
  const from = (field: "cleared" | "unknown") =>
    parts.flatMap(({ cluster, report }) =>
      report[field].map(({ cause, because }) => ({ cause, because: `${cluster}: ${because}` })),
    );
  const unknown = from("unknown").filter(({ cause }) => !named.has(cause));
  const open = new Set(unknown.map(({ cause }) => cause));
  const cleared = from("cleared").filter(({ cause }) => !named.has(cause) && !open.has(cause));
  const once = (all: readonly Report["cleared"][number][]): Report["cleared"] =>
    [...Map.groupBy(all, ({ cause }) => cause)].map(([cause, same]) => ({
      cause,
      because: same.map(({ because }) => because).join("; "),
    }));
  return { cleared: once(cleared), unknown: once(unknown) };
}

const asked = ({ report }: PartSeen) =>
  report.measurements.filter(({ part, sent }) => part === "end-to-end" && sent > 0);
const isDead = (part: PartSeen): boolean =>
  asked(part).length > 0 && asked(part).every(({ sent, lost }) => lost === sent);

const isMasked = (first: PartSeen, second: PartSeen): boolean =>
  isDead(second) && asked(first).some(({ sent, lost }) => lost < sent);

/** What may be odd about addresses between two clusters, and is no fault by itself. */
function routeNotes(seen: readonly [PartSeen, PartSeen], masked: boolean, from: string): readonly Text[] {
  const [{ cluster: first }, { cluster: second }] = seen;
  if (masked)
    return [
      say(
        "Nothing of {second} reaches the address of {from} by itself, and its answers do: {first} masks it, does not route it or lets no echoes in.",
        { first, second, from },
      ),
    ];
  if (!seen.every(isDead)) return [];
  return [
    say(
      "Nothing passes either way. If pods of these clusters are not routed to each other, check what applications use: {forms}.",
      { forms: say("node ports and load balancers") },
    ),
  ];
}

function addressNotes(request: CheckRequest, seen: readonly PartSeen[]): readonly Text[] {
  const known = seen.flatMap(({ plan }) => (plan?.to.cluster !== undefined ? [plan.to] : []));
  const spelled = known
    .filter(({ name, ip }) => !name.startsWith(ip))
    .map(({ name, ip }) => say("{name} is {ip}", { name, ip }));
  const missing = clustersOf(request).filter((cluster) => !seen.some((one) => one.cluster === cluster && one.plan));
  return [
    ...(spelled.length > 0 ? [say("Measured from both ends: {names}.", { names: listed(spelled) })] : []),
    ...missing.map((cluster) => say("Nothing was measured from {cluster}.", { cluster })),
  ];
}

function timeGaps(seen: readonly PartSeen[], language: CheckRequest["language"]): Report["gaps"] {
  const windows = seen.flatMap(({ plan }) => (plan ? [plan.window] : []));
  const [one, other] = windows;
  if (!one || !other) return [];
  const both = Math.min(one.endMs, other.endMs) - Math.max(one.startMs, other.startMs);
  const shorter = Math.min(one.endMs - one.startMs, other.endMs - other.startMs);
  if (both >= TOGETHER * shorter) return [];
  const reason = say("the two clusters were measured at different times, from {first} and from {second}", {
    first: clockText(one.startMs),
    second: clockText(other.startMs),
  });
  return [
    { probe: "cluster", subject: seen.map(({ cluster }) => cluster).join(", "), reason: inWords(reason, language) },
  ];
}

/** One chart of a kind: of ladders the one with a loss, else that of the part which the verdict is about. */
function chartsOf(main: Report, reports: readonly Report[]): Report["charts"] {
  const all = [main, ...reports.filter((report) => report !== main)].flatMap(({ charts }) => charts);
  const lossy = (chart: Chart): boolean => chart.kind === "hops" && worstOf(chart) !== undefined;
  return [...Map.groupBy(all, ({ kind }) => kind).values()].flatMap((same) => same.find(lossy) ?? same[0] ?? []);
}

function whereAny<Key extends "files" | "dataPlanes">(key: Key, reports: readonly Report[]): Pick<Report, Key> {
  const all = reports.flatMap((report) => (report[key] ?? []) as unknown[]);
  return (all.length > 0 ? { [key]: all } : {}) as Pick<Report, Key>;
}
