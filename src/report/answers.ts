import { clustersOf, endTexts } from "#src/core/across.ts";
import type { CheckRequest } from "#src/core/check.ts";
import { joinedProgress } from "#src/core/joined-progress.ts";
import type { Progress } from "#src/core/progress.ts";
import { inWords, type Text } from "#src/core/sentence.ts";
import { durationText } from "#src/core/units.ts";
import { context, type Message, section } from "./blocks.ts";
import { REPLY, withinLimits } from "./limits.ts";
import { bold, code, codeBlock, safe, user } from "./mrkdwn.ts";
import { elapsedText, partText } from "./numbers.ts";
import { columns } from "./width.ts";
import type { Wording } from "./words.ts";

/** A message of one section; `text` is the same without markup. */
const say = (markup: string, text: string, ...notes: readonly string[]): Message =>
  withinLimits(
    { text: safe(text), blocks: [section(markup), ...(notes.length > 0 ? [context(...notes)] : [])] },
    REPLY,
  );

type Queued = {
  readonly request: CheckRequest;
  readonly position: number;
  /** The check that the same invocation had started before. */
  readonly duplicate?: string | undefined;
  readonly namesChecked: boolean;
  readonly wording: Wording;
};

/** M0: what was understood and where it stands in the queue. Only the person who asked sees it. */
export function drawQueued({ request, position, duplicate, namesChecked, wording }: Queued): Message {
  const what = `${endTexts(request).join(" → ")}, ${durationText(request.durationMs)}, ${clustersOf(request).join(", ")}`;
  const first = duplicate === undefined ? wording.queued(request.id, position) : wording.queuedTwice(duplicate);
  const notes = [
    wording.threadWillOpen,
    ...(namesChecked ? [] : [safe(wording.namesUnchecked(clustersOf(request).join(", ")))]),
  ];
  return say(`${bold(first)}\n${safe(what)}`, `${first} ${what}`, ...notes);
}

/** Where a command went wrong; offsets are code units of `line`. */
export type Mistake = {
  readonly line: string;
  readonly start: number;
  readonly end: number;
  readonly understood: readonly Text[];
  readonly nearest: readonly string[];
};

type MistakeWords = {
  readonly problem: Text;
  readonly hint?: Text | undefined;
  readonly command: string;
  readonly wording: Wording;
};

/** A refused command: what is wrong, a caret under it, what was understood, what would have worked. */
export function drawMistake(mistake: Mistake | undefined, words: MistakeWords): Message {
  const { problem, hint, command, understood, wording } = wordedMistake(mistake, words);
  const hintText = hint === undefined ? "" : ` ${hint}`;
  const lines = [`${bold(problem)}${safe(hintText)} ${wording.nothingStarted}`];
  if (mistake !== undefined) {
    lines.push(codeBlock(caretLines(command, mistake).join("\n")));
    if (understood !== "") lines.push(`${wording.understood}: ${safe(understood)}`);
    if (mistake.nearest.length > 0)
      lines.push(`${wording.nearest}: ${mistake.nearest.map((near) => code(`${command} ${near}`)).join(" · ")}`);
  }
  return say(lines.join("\n"), `${problem}${hintText} ${wording.nothingStarted}`);
}

function wordedMistake(mistake: Mistake | undefined, { problem, hint, command, wording }: MistakeWords) {
  const worded = (text: Text): string => inWords(text, wording.language);
  return {
    problem: worded(problem),
    hint: hint === undefined ? undefined : worded(hint),
    understood: wording.listed((mistake?.understood ?? []).map(worded)),
    command,
    wording,
  };
}

/** The same for a terminal. */
export function mistakeText(mistake: Mistake | undefined, words: MistakeWords): string {
  const { problem, hint, command, understood, wording } = wordedMistake(mistake, words);
  const lines = [[problem, hint].filter((part) => part !== undefined).join(" ")];
  if (mistake !== undefined) {
    lines.push(...caretLines(command, mistake).map((line) => `  ${line}`));
    if (understood !== "") lines.push(`${wording.understood}: ${understood}`);
    lines.push(...mistake.nearest.map((near) => `${wording.nearest}: ${command} ${near}`));
  }
  return lines.join("\n");
}

/** Columns shown on either side of a mistake in a long line. */
const AROUND = 40;

/** The line, and below it carets under the bad part; long lines are cut around it. */
export function caretLines(command: string, { line, start, end }: Mistake): readonly [string, string] {
  const from = start > AROUND + 10 ? start - AROUND : 0;
  const to = Math.min(line.length, Math.max(end, start) + AROUND, start + 2 * AROUND);
  const shown = `${command} ${from > 0 ? "…" : ""}${line.slice(from, to)}${to < line.length ? "…" : ""}`;
  const missing = start >= line.length;
  const before = `${command} ${from > 0 ? "…" : ""}${line.slice(from, start)}${missing && line !== "" && !line.endsWith("…") ? " " : ""}`;
  const width = Math.max(1, columns(line.slice(start, Math.min(end, to))));
  return [shown, `${" ".repeat(columns(before))}${"^".repeat(width)}`];
}

type Seen = {
  readonly request: CheckRequest;
  readonly state: string;
  readonly progress: readonly Progress[];
  readonly cancel?: { readonly by: string } | undefined;
  readonly outcome?: { readonly verdict: string } | undefined;
};

/** One check in one line: its ends, how far it is, loss so far, or its verdict. */
export function drawCheckStatus(seen: Seen, nowMs: number, wording: Wording): Message {
  return say(seenMarkup(seen, nowMs, wording), seenText(seen, nowMs, wording));
}

export function drawRunningList(all: readonly Seen[], nowMs: number, wording: Wording): Message {
  if (all.length === 0) return say(wording.nothingRunning, wording.nothingRunning);
  const shown = all.slice(0, 20);
  const lines = shown.map((seen) => `• ${seenMarkup(seen, nowMs, wording)}`);
  if (all.length > shown.length) lines.push(wording.more(all.length - shown.length));
  return say(`${bold(wording.running(all.length))}\n${lines.join("\n")}`, wording.running(all.length));
}

function seenMarkup(seen: Seen, nowMs: number, wording: Wording): string {
  const { request, cancel } = seen;
  const by = request.slack === undefined ? "" : ` · ${user(request.slack.user)}`;
  const cancelled = cancel === undefined ? "" : ` · ${wording.cancelledBy(user(cancel.by))}`;
  return `${code(request.id)} ${safe(seenText(seen, nowMs, wording))}${by}${cancelled}`;
}

function seenText({ request, state, progress, outcome }: Seen, nowMs: number, wording: Wording): string {
  const ends = endTexts(request).join(" → ");
  if (outcome !== undefined) return `${ends}: ${outcome.verdict}`;
  const newest = joinedProgress(progress);
  const parts = [wording.state[state] ?? state];
  if (newest?.window !== undefined) {
    const { startMs, endMs } = newest.window;
    const elapsed = Math.min(Math.max(0, nowMs - startMs), endMs - startMs);
    parts.push(wording.ofTotal(elapsedText(elapsed), elapsedText(endMs - startMs)));
  }
  if (newest?.soFar !== undefined && newest.soFar.sent > 0)
    parts.push(wording.lossSoFar(partText(newest.soFar.lost, newest.soFar.sent)));
  if (newest?.firstFinding !== undefined) parts.push(newest.firstFinding.text);
  if (newest?.trouble !== undefined) parts.push(inWords(newest.trouble, wording.language));
  return `${ends}: ${parts.join(" · ")}`;
}

export const drawUnknownCheck = (id: string, wording: Wording): Message =>
  say(safe(wording.unknownCheck(id)), wording.unknownCheck(id));

export function drawCancel(
  id: string,
  outcome: "cancelling" | "already-cancelled" | "finished" | "unknown",
  wording: Wording,
): Message {
  const text = {
    cancelling: wording.cancelling(id),
    "already-cancelled": wording.cancelling(id),
    finished: wording.alreadyEnded(id),
    unknown: wording.unknownCheck(id),
  }[outcome];
  return say(safe(text), text);
}

type HelpEntry = {
  readonly name: string;
  readonly usage: string;
  readonly about: Text;
  readonly more: readonly Text[];
};

/** Help about the given words; with `detailed` every line of them. */
export function drawHelp(
  entries: readonly HelpEntry[],
  { command, detailed, wording }: { readonly command: string; readonly detailed: boolean; readonly wording: Wording },
): Message {
  const worded = (text: Text): string => inWords(text, wording.language);
  const lines = entries.map(({ name, usage, about, more }) =>
    [
      `${code(`${command} ${name} ${usage}`)}`,
      safe(worded(about)),
      ...(detailed ? more.map((line) => `• ${safe(worded(line))}`) : []),
    ].join("\n"),
  );
  const first = entries[0]?.more.at(-1);
  const example = detailed || first === undefined ? [] : [safe(worded(first))];
  return say(
    [...(detailed ? [] : [safe(wording.helpTitle)]), ...lines].join("\n\n"),
    `${wording.helpTitle} ${entries.map(({ name, usage }) => `${command} ${name} ${usage}`).join("; ")}`,
    ...example,
    ...(detailed ? [] : [wording.helpMore(command)]),
  );
}

/** One sentence that needs no more: a denial, an outage, a thank-you. `markup` is ours, not data. */
export const drawNotice = (markup: string): Message => ({ text: markup, blocks: [section(markup)] });
