import type { CheckRequest } from "#src/core/check.ts";
import type { Inventory } from "#src/core/inventory.ts";
import type { Judged } from "#src/core/judged.ts";
import type { Progress } from "#src/core/progress.ts";
import type { Report } from "#src/core/report.ts";
import type { RunSeen, Schedule } from "#src/core/schedule.ts";
import type { Language, Text } from "#src/core/sentence.ts";
import type { Message } from "#src/report/blocks.ts";
import type { Wording } from "#src/report/words.ts";
import type { Words } from "./words.ts";

/** A check as the queue knows it. */
export type CheckSeen = {
  readonly request: CheckRequest;
  readonly state: "queued" | "running" | "reporting" | "done";
  readonly progress: readonly Progress[];
  readonly cancel?: { readonly by: string; readonly atMs: number };
  readonly outcome?: { readonly status: string; readonly verdict: string };
};

/** A cluster and how many of its workers have been heard of in the last 15 s. */
export type ClusterSeen = { readonly name: string; readonly workers: number };

/** What commands ask of the queue. Every call throws NetcheckError("queue-unavailable") when Redis is away. */
export type ChecksPort = {
  /** Durable when it returns. The same `once` starts nothing again and names the first check as `duplicate`. */
  readonly submit: (
    request: CheckRequest,
    options?: { readonly once?: string },
  ) => Promise<{ readonly position: number; readonly duplicate?: string }>;
  readonly cancel: (id: string, by: string) => Promise<"cancelling" | "already-cancelled" | "finished" | "unknown">;
  readonly status: (id: string) => Promise<CheckSeen | undefined>;
  /** Checks that have not ended, oldest first. */
  readonly list: () => Promise<readonly CheckSeen[]>;
  /** The check whose thread hangs on this message. */
  readonly byThread: (channel: string, ts: string) => Promise<string | undefined>;
  readonly readInventory: (cluster: string) => Promise<Inventory | undefined>;
  /** Clusters that had a worker within a week, in the order of the alphabet. */
  readonly clusters: () => Promise<readonly ClusterSeen[]>;
  /** The cluster that a channel has chosen. */
  readonly channelCluster: (channel: string) => Promise<string | undefined>;
  /** `undefined` takes the choice back. */
  readonly setChannelCluster: (channel: string, cluster: string | undefined) => Promise<void>;
  /** The language that a channel has chosen. */
  readonly language: (channel: string) => Promise<Language | undefined>;
  readonly setLanguage: (channel: string, language: Language) => Promise<void>;
};

/** A schedule as the queue knows it. */
export type ScheduleSeen = {
  readonly schedule: Schedule;
  readonly state: "active" | "paused";
  /** Who paused it. */
  readonly by?: string | undefined;
  /** When its next run is due, Unix milliseconds; absent while it is paused. */
  readonly nextMs?: number | undefined;
  /** The newest run that was started. */
  readonly latest?: RunSeen | undefined;
};

/** What commands ask of schedules. Every call throws NetcheckError("queue-unavailable") when Redis is away. */
export type SchedulesPort = {
  /** Durable when it returns. The same `once` makes nothing again and names the first schedule as `duplicate`. */
  readonly create: (schedule: Schedule, options: { readonly once: string }) => Promise<{ readonly duplicate?: string }>;
  /** In the order in which they were made. */
  readonly list: () => Promise<readonly ScheduleSeen[]>;
  /** No further runs until it is resumed. One that goes on is not touched. */
  readonly pause: (id: string, by: string) => Promise<"done" | "already" | "unknown">;
  /** `nextMs` is when the next run is due. Runs that were due in between are not made up for. */
  readonly resume: (
    id: string,
    nowMs: number,
  ) => Promise<{ readonly nextMs?: number | undefined } | "already" | "unknown">;
  /** Ends it for good. What ran and was not told yet is still told at the usual hour. */
  readonly remove: (id: string, by: string) => Promise<"done" | "unknown">;
};

/** Reports of checks that have ended. */
export type PastPort = {
  readonly report: (check: string) => Promise<Report | undefined>;
  /** The newest healthy report of the same path that began before this one. */
  readonly lastGood: (report: Report) => Promise<Report | undefined>;
  /** Keeps what somebody said of a cause. */
  readonly judge: (judged: Judged) => Promise<void>;
};

/** Who asks, where, and everything a command may use; clocks and ids come from outside. */
export type Asked = {
  readonly checks: ChecksPort;
  readonly schedules: SchedulesPort;
  readonly past: PastPort;
  readonly slack: NonNullable<CheckRequest["slack"]>;
  /** Unique per invocation, the same when Slack delivers it twice. */
  readonly once: string;
  readonly newId: () => string;
  /** Unix milliseconds. */
  readonly nowMs: number;
  /** The cluster that is meant when neither a command nor its channel names one. */
  readonly cluster: string;
  /** The cluster that is meant when a command names none. Throws "queue-unavailable": a wrong cluster is worse than no answer. */
  readonly usualCluster: () => Promise<string>;
  readonly maxDurationMs: number;
  /** The slash command's name, for examples: "/netcheck". */
  readonly command: string;
  /** In which language this is answered, and the check reported. */
  readonly language: Language;
  readonly wording: Wording;
};

/** What is said to the person who asked; `started` is the check that runs now because of it. */
export type Answer = { readonly message: Message; readonly started?: string };

/** One word of the command line. */
export type Command = {
  readonly name: string;
  /** Other spellings of the word. */
  readonly also: readonly string[];
  /** What follows the word: "<from> <to> [duration]". */
  readonly usage: string;
  /** One sentence for the list of commands. */
  readonly about: Text;
  /** Further lines for `help <word>`, examples among them. */
  readonly more: readonly Text[];
  readonly answer: (words: Words, asked: Asked) => Promise<Answer>;
  /**
   * For words that start a check: the request that they make, with nothing queued, so that it can be started later and again.
   * `namesChecked` is false when no worker has published names to compare with.
   */
  readonly request?: (
    words: Words,
    asked: Asked,
  ) => Promise<{ readonly request: CheckRequest; readonly namesChecked: boolean }>;
};

/** Joins reading the words and doing what they say; what passes between the two stays in the command's file. */
export function defineCommand<T>({
  parse,
  run,
  ...named
}: Omit<Command, "answer"> & {
  /** Throws NetcheckError("bad-command") with a pointer. Must not touch the queue. */
  readonly parse: (words: Words, asked: Asked) => T;
  readonly run: (parsed: T, asked: Asked, words: Words) => Promise<Answer>;
}): Command {
  return {
    ...named,
    answer: async (words, asked) => run(parse(words, asked), asked, words),
  };
}
