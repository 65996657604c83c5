import { clustersOf } from "#src/core/across.ts";
import type { RunSeen, Schedule } from "#src/core/schedule.ts";
import { inWords, type Sentence, say, type Text } from "#src/core/sentence.ts";
import { durationText } from "#src/core/units.ts";
import { openZone, type Zone, zoneTime } from "#src/core/zone.ts";
import { context, type Message, section } from "./blocks.ts";
import { REPLY, withinLimits } from "./limits.ts";
import { bold, code, safe, user } from "./mrkdwn.ts";
import type { Wording } from "./words.ts";

type Seen = {
  readonly schedule: Schedule;
  readonly state: "active" | "paused";
  readonly by?: string | undefined;
  readonly nextMs?: number | undefined;
  readonly latest?: RunSeen | undefined;
};

/** More are counted only. */
const MOST_LISTED = 20;

function answer(lines: readonly string[], text: string, ...notes: readonly string[]): Message {
  const blocks = [section(lines.join("\n")), ...(notes.length > 0 ? [context(...notes)] : [])];
  return withinLimits({ text: safe(text), blocks }, REPLY);
}

/** A pattern with its zone. In code, because stars would make it bold. */
export const patternMarkup = ({ cron, zone }: Pick<Schedule, "cron" | "zone">): string => `${code(cron)} ${safe(zone)}`;

/** What a new schedule does, and when: what only its author can check. */
export function drawScheduled({
  schedule,
  zone,
  next,
  duplicate,
  namesChecked,
  wording,
}: {
  readonly schedule: Schedule;
  readonly zone: Zone;
  /** Unix milliseconds. */
  readonly next: readonly number[];
  /** The schedule that the same command had made before. */
  readonly duplicate: string | undefined;
  readonly namesChecked: boolean;
  readonly wording: Wording;
}): Message {
  const worded = (text: Text): string => inWords(text, wording.language);
  const { id, request, digestAt, quiet, missed } = schedule;
  const title = worded(
    duplicate === undefined
      ? say("Scheduled as {id}: {command}, {duration}.", {
          id,
          command: request.command,
          duration: durationText(request.durationMs),
        })
      : say("{id} was already made by this command; nothing was made twice.", { id: duplicate }),
  );
  const times = next.map((at) => zoneTime(at, zone)).join(" · ");
  const lines = [
    worded(say("Next runs in {zone}: {times}.", { zone: zone.name, times })),
    worded(
      quiet
        ? say("Runs post nothing by themselves, also when the path is broken.")
        : say("Every run posts its thread in this channel at once."),
    ),
    ...(digestAt === undefined ? [] : [worded(say("The digest comes at {at}.", { at: clockText(digestAt) }))]),
    worded(
      missed === "skip"
        ? say("A run that cannot start in time is left out, and that is said.")
        : say("A run that cannot start in time starts late, if it ends before the next one."),
    ),
    worded(say("A run that is still going on when the next is due makes that one be left out.")),
  ];
  const notes = namesChecked ? [] : [safe(wording.namesUnchecked(clustersOf(request).join(", ")))];
  return answer([bold(title), ...lines.map(safe)], [title, ...lines].join(" "), ...notes);
}

/** All schedules, one line each. */
export function drawSchedules(
  all: readonly Seen[],
  { wording, channel }: { readonly wording: Wording; readonly channel: string },
): Message {
  const worded = (text: Text): string => inWords(text, wording.language);
  if (all.length === 0) {
    const none = worded(say("Nothing is scheduled."));
    return answer([none], none);
  }
  const title = worded(all.length === 1 ? say("1 schedule") : say("{count} schedules", { count: all.length }));
  const lines = all.slice(0, MOST_LISTED).map((seen) => {
    const { schedule } = seen;
    const elsewhere = schedule.request.slack.channel === channel ? "" : `<#${schedule.request.slack.channel}>`;
    const parts = [
      `${code(schedule.id)} ${patternMarkup(schedule)}`,
      safe(schedule.request.command),
      whenMarkup(seen, wording),
      safe(worded(latestText(seen))),
      elsewhere,
      user(schedule.request.slack.user),
    ];
    return `• ${parts.filter((part) => part !== "").join(" · ")}`;
  });
  if (all.length > MOST_LISTED) lines.push(wording.more(all.length - MOST_LISTED));
  return answer([bold(title), ...lines], title);
}

function whenMarkup({ schedule, state, by, nextMs }: Seen, { language }: Wording): string {
  if (state === "paused")
    return inWords(by === undefined ? say("paused") : say("paused by {who}", { who: user(by) }), language);
  const zone = openZone(schedule.zone);
  if (nextMs === undefined || zone === undefined) return "";
  return safe(inWords(say("next run {at}", { at: zoneTime(nextMs, zone) }), language));
}

function latestText({ latest }: Seen): Text {
  if (latest === undefined) return "";
  const check = latest.check ?? "";
  if (latest.end === undefined) return say("{check} is running", { check });
  if (latest.end.is !== "reported") return say("the outcome of {check} was lost", { check });
  return say("last run {check}: {verdict}", { check, verdict: latest.end.summary.verdict });
}

export function drawPaused(
  id: string,
  outcome: "done" | "already" | "unknown",
  { command, wording }: { readonly command: string; readonly wording: Wording },
): Message {
  return sentence(
    {
      done: say("{id} rests. {command} lets it run again.", { id, command: `${command} resume ${id}` }),
      already: say("{id} is paused already.", { id }),
      unknown: unknown(id),
    }[outcome],
    wording,
  );
}

export function drawResumed(
  id: string,
  outcome: { readonly nextMs?: number | undefined } | "already" | "unknown",
  zoneName: string | undefined,
  wording: Wording,
): Message {
  if (outcome === "unknown") return sentence(unknown(id), wording);
  if (outcome === "already") return sentence(say("{id} is not paused.", { id }), wording);
  const zone = openZone(zoneName ?? "UTC");
  const at =
    outcome.nextMs === undefined || zone === undefined ? "–" : `${zoneTime(outcome.nextMs, zone)} (${zone.name})`;
  return sentence(say("{id} runs again, next at {at}.", { id, at }), wording);
}

export const drawUnscheduled = (id: string, outcome: "done" | "unknown", wording: Wording): Message =>
  sentence(outcome === "done" ? say("{id} has ended and does not run again.", { id }) : unknown(id), wording);

/** Said at once about a run that did not take place, when no digest would tell. */
export function drawNotRun(schedule: Schedule, run: RunSeen, wording: Wording): Message {
  return sentence(say("{id}: {why}", { id: schedule.id, why: notRunText(schedule, run) }), wording);
}

/** Why a due time made no report. */
export function notRunText(schedule: Schedule, run: RunSeen): Sentence {
  const zone = openZone(schedule.zone);
  const at = (ms: number): string => (zone === undefined ? new Date(ms).toISOString() : zoneTime(ms, zone));
  if (run.is === "overlapped")
    return say("the run of {at} was left out: {check} of {before} was still going on.", {
      at: at(run.dueMs),
      check: run.byCheck,
      before: at(run.byDueMs),
    });
  if (run.is === "started") return say("the run of {at} was started, and its outcome was lost.", { at: at(run.dueMs) });
  if (run.count === 1)
    return say("the run of {at} was left out: no bot was there to start it in time.", { at: at(run.dueMs) });
  return say("{count} runs from {from} to {to} were left out: no bot was there to start them in time.", {
    count: run.count,
    from: at(run.dueMs),
    to: at(run.untilMs),
  });
}

const unknown = (id: string): Sentence => say("There is no schedule {id}.", { id });

function sentence(said: Sentence, wording: Wording): Message {
  const text = inWords(said, wording.language);
  return answer([safe(text)], text);
}

/** Minutes after midnight as a clock shows them: `08:00`. */
export const clockText = (minutes: number): string =>
  `${`${Math.floor(minutes / 60)}`.padStart(2, "0")}:${`${minutes % 60}`.padStart(2, "0")}`;
