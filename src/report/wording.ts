import type { Leg } from "#src/core/plan.ts";
import type { Report, ReportFile } from "#src/core/report.ts";
import type { Confidence } from "#src/core/rule.ts";
import type { Language } from "#src/core/sentence.ts";
import type { Layer } from "./layers.ts";

/** Labels of the form that an empty command opens; titles have at most 24 characters. */
export type FormWords = {
  readonly title: string;
  readonly submit: string;
  readonly close: string;
  readonly from: string;
  /** `cluster`: the one that is meant when no `@cluster` follows, where it is known. */
  readonly fromHint: (cluster: string | undefined) => string;
  readonly to: string;
  readonly toHint: string;
  readonly duration: string;
  readonly durationHint: string;
};

/** Why a file is named and not handed out. */
export type Withheld = "shared" | "unknown" | "large" | "elsewhere" | "refused";

export type FileWords = {
  readonly title: Readonly<Record<ReportFile["holds"], string>>;
  readonly headers: string;
  readonly payload: string;
  readonly linkUntil: (until: string) => string;
  /** Before the command that fetches it. */
  readonly command: string;
  readonly because: Readonly<Record<Withheld, string>>;
};

/** Everything netcheck says in its own voice. Sentences of rules and names from clusters are data and come as they are. */
export type Wording = {
  readonly language: Language;
  readonly status: Readonly<Record<Report["status"], string>>;
  readonly confidence: Readonly<Record<Confidence, string>>;
  readonly queued: (check: string, position: number) => string;
  readonly queuedTwice: (check: string) => string;
  readonly threadWillOpen: string;
  readonly namesUnchecked: (cluster: string) => string;
  readonly checking: string;
  readonly starting: string;
  readonly finishing: string;
  readonly ofTotal: (elapsed: string, total: string) => string;
  readonly lossSoFar: (percent: string) => string;
  readonly slowest: (ms: string) => string;
  readonly updatesEvery: (interval: string) => string;
  readonly startedAt: (clock: string) => string;
  readonly startedBy: (user: string) => string;
  readonly cancel: string;
  readonly cancelTitle: string;
  readonly cancelText: string;
  readonly cancelNo: string;
  readonly runAgain: string;
  readonly because: string;
  readonly against: string;
  readonly confirm: string;
  readonly doNext: string;
  readonly explains: string;
  readonly loss: string;
  readonly latency: string;
  readonly path: string;
  readonly window: string;
  readonly coverage: string;
  readonly dataPlanes: string;
  readonly tcp: string;
  readonly probes: (count: string) => string;
  readonly lostOf: (lost: string, sent: string, percent: string) => string;
  readonly noAnswer: string;
  readonly notMeasured: string;
  readonly fromTo: (from: string, to: string) => string;
  readonly trendTitle: (bucket: string) => string;
  readonly lossTitle: (bucket: string) => string;
  readonly cancelledBy: (who: string | undefined) => string;
  readonly stopped: string;
  readonly partialResult: string;
  readonly firstFinding: (clock: string) => string;
  readonly firstFindingNote: string;
  readonly causes: (count: number) => string;
  readonly sure: (confidence: string) => string;
  readonly moreCauses: (count: number) => string;
  readonly right: string;
  readonly wrong: string;
  readonly thanks: string;
  readonly checklist: (counts: { found: number; unknown: number; gaps: number; cleared: number }) => string;
  readonly checkColumn: string;
  readonly resultColumn: string;
  readonly detailColumn: string;
  readonly found: string;
  readonly unknown: string;
  readonly gap: string;
  readonly clear: string;
  readonly more: (count: number) => string;
  readonly details: string;
  readonly plan: string;
  readonly measured: string;
  readonly thresholds: string;
  readonly ranBy: (who: string, span: string, probes: string) => string;
  readonly ranByTerminal: (span: string, probes: string) => string;
  readonly noCapture: string;
  readonly captures: (count: number, bytes: string) => string;
  readonly capturedAt: (points: number) => string;
  /** Names of the two ways along a path. */
  readonly way: Readonly<Record<"forward" | "backward", string>>;
  /** What is missing of a capture: lost by the kernel before it was read; seen behind this point only; files let go. */
  readonly dropped: (packets: string) => string;
  readonly missed: (packets: string) => string;
  readonly letGo: (files: number) => string;
  readonly notWhole: string;
  readonly file: FileWords;
  readonly gapsNote: (count: number) => string;
  readonly nothingStarted: string;
  readonly understood: string;
  /** Short parts in one sentence: "from pod a, to pod b." Nothing when there are none. */
  readonly listed: (parts: readonly string[]) => string;
  readonly nearest: string;
  readonly nothingRunning: string;
  readonly running: (count: number) => string;
  readonly alreadyEnded: (check: string) => string;
  readonly cancelling: (check: string) => string;
  readonly unknownCheck: (check: string) => string;
  readonly unavailable: string;
  readonly notAllowed: string;
  readonly external: string;
  readonly inviteMe: (bot: string) => string;
  readonly sharedChannel: string;
  readonly unverified: string;
  readonly staleControl: string;
  readonly form: FormWords;
  readonly internal: (id: string) => string;
  readonly helpTitle: string;
  readonly helpMore: (command: string) => string;
  readonly state: Readonly<Record<string, string>>;
  readonly lost: string;
  /** The name of a cause in the check list, when no rule gave it a title: "nic-periodic-delay". */
  readonly cause: (cause: string) => string;
  readonly layers: Readonly<Record<Layer, string>>;
  /** Names one after the other. */
  readonly names: (names: readonly string[]) => string;
  /** "Route missing, node-2". */
  readonly at: (what: string, place: string) => string;
  /** "node-2: what is to be said about it". */
  readonly about: (subject: string, text: string) => string;
  readonly planned: (counts: { legs: number; tasks: number; nodes: readonly string[] }) => string;
  readonly parts: Readonly<Record<Leg["part"], string>>;
  readonly scopes: Readonly<Record<Leg["scope"], string>>;
  readonly confidenceMeans: Readonly<Record<Confidence, string>>;
  /** How connects ended. */
  readonly outcome: (outcome: string) => string;
  readonly languageIs: (command: string) => string;
  readonly languageSet: string;
  readonly clusters: {
    /** `changed`: from now on. */
    readonly own: (cluster: string, changed: boolean) => string;
    readonly usual: (cluster: string, changed: boolean) => string;
    readonly workers: (cluster: string, count: number) => string;
    readonly served: (clusters: string) => string;
    readonly noneServed: string;
    readonly unserved: (clusters: string) => string;
    readonly how: (command: string) => string;
  };
};
