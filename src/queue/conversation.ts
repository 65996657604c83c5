import type { CheckRequest } from "../core/check.ts";
import { joinedProgress } from "../core/joined-progress.ts";
import type { Chart } from "../core/report.ts";
import type { Language } from "../core/sentence.ts";
import type { Message } from "../report/blocks.ts";
import { drawDone, drawRunning, drawStopped } from "../report/headline.ts";
import { drawFirstFinding, drawReplies, type Reply } from "../report/replies.ts";
import { type Wording, wordings } from "../report/words.ts";
import type { CheckRecords, CheckStatus, Thread } from "./check-record.ts";
import type { Finished } from "./finished.ts";
import { type HandOutDeps, handOut } from "./hand-out.ts";
import type { Outcome } from "./outbox.ts";
import { shareFile } from "./share-file.ts";

/** What happened to a step of the thread: everything is out, or what is left is to be tried again after `delayMs`. */
export type Told = { readonly is: "told" } | { readonly is: "later"; readonly delayMs: number };
const told: Told = { is: "told" };

export type ConversationDeps = HandOutDeps & {
  readonly records: CheckRecords;
  /** Of checks that name none. */
  readonly language: Language;
  /** Draws a chart as PNG. */
  readonly render: (chart: Chart, language: Language) => Promise<Uint8Array>;
  readonly updateIntervalMs: () => number;
};

/** The messages of one check in Slack, each exactly once and in order, however often a step is repeated. */
export function createConversation(deps: ConversationDeps) {
  const { outbox, records, render, log, port, nowMs = Date.now } = deps;
  const key = (id: string, what: string) => `${id}:${what}`;
  const wordingOf = ({ language = deps.language }: CheckRequest): Wording => wordings[language];

  /** The headline while the check runs. */
  function running({ request, progress }: CheckStatus): (revision: number) => Message {
    const shown = joinedProgress(progress);
    const updateIntervalMs = deps.updateIntervalMs();
    const wording = wordingOf(request);
    return (revision) => drawRunning({ request, progress: shown, revision, wording, nowMs: nowMs(), updateIntervalMs });
  }

  /** Posts the headline. Where netcheck may not post, the person who asked gets it as a direct message. */
  async function open(status: CheckStatus): Promise<Told | Thread> {
    const { request, thread } = status;
    if (thread) return thread;
    const { slack, id } = request;
    if (!slack) return told;
    const place = { channel: slack.channel, threadTs: slack.threadTs };
    const message = running(status)(0);
    // A person is told that a channel is shared when asking; a schedule may be older than the sharing.
    const elsewhere = request.schedule !== undefined && (await port.outsiders(slack.channel));
    const posted: Outcome = elsewhere
      ? { is: "failed", why: "another organisation reads the channel" }
      : await outbox.send(key(id, "open"), place, message);
    if (posted.is === "later") return posted;
    const direct =
      posted.is === "failed" ? await outbox.send(key(id, "open-direct"), { channel: slack.user }, message) : posted;
    if (direct.is === "later") return direct;
    if (direct.is === "failed") {
      log.error({ check: id, why: direct.why }, "no thread could be opened; the report is only in the history");
      return told;
    }
    const threadTs = posted.is === "sent" ? (slack.threadTs ?? direct.ts) : direct.ts;
    const opened = { channel: direct.channel, ts: direct.ts, threadTs };
    await records.setThread(id, opened);
    return opened;
  }

  const headlineKey = ({ request }: CheckStatus, thread: Thread): string =>
    key(request.id, thread.channel === request.slack?.channel ? "open" : "open-direct");

  /** Says the first thing found wrong, as soon as there is one. */
  async function finding(status: CheckStatus, thread: Thread): Promise<Told> {
    const found = status.progress.find(({ firstFinding }) => firstFinding)?.firstFinding;
    if (!found) return told;
    const message = drawFirstFinding(found, wordingOf(status.request));
    return settled(await outbox.send(key(status.request.id, "finding"), thread, message), status, "finding");
  }

  /** Redraws the headline while the check runs; a final one is never overwritten. */
  async function refresh(status: CheckStatus, thread: Thread): Promise<Outcome> {
    return outbox.update(headlineKey(status, thread), running(status));
  }

  /** The final headline, once unless `again`. `shaky`: an update before it may still reach Slack after it. */
  async function conclude(
    status: CheckStatus,
    thread: Thread,
    finished: Finished,
    { again = false } = {},
  ): Promise<Outcome & { shaky?: boolean }> {
    return outbox.update(headlineKey(status, thread), (revision) => last(status, finished, revision), {
      final: true,
      again,
    });
  }

  function last({ request }: CheckStatus, { report, ended, measured }: Finished, revision: number): Message {
    const end = ended && withoutAbsent(ended);
    const wording = wordingOf(request);
    if (measured || !end) return drawDone({ request, revision, wording, report, ended: end });
    return drawStopped({ request, revision, wording, ...end, text: end.text ?? report.verdict });
  }

  /** Everything that the thread says once the report exists. */
  async function replies(status: CheckStatus, thread: Thread, { report, plans, measured }: Finished): Promise<Told> {
    if (!measured) return told;
    const { request } = status;
    for (const reply of drawReplies({ request, report, wording: wordingOf(request), plans })) {
      const outcome = settled(await say(request, reply, thread), status, reply.key);
      if (outcome.is === "later") return outcome;
    }
    return told;
  }

  function say(request: CheckRequest, reply: Reply, thread: Thread): Promise<Outcome> {
    const { id, language = deps.language } = request;
    if (reply.kind === "capture") return handOut(key(id, reply.key), thread, reply.file, wordingOf(request), deps);
    if (reply.kind === "message") return outbox.send(key(id, reply.key), thread, reply.message);
    const { chart, comment, altText, fileName } = reply;
    return shareFile(
      key(id, reply.key),
      thread,
      { fileName, altText, comment, bytes: () => render(chart, language) },
      deps,
    );
  }

  /** A message that can never be posted must not hold up those after it. */
  function settled(outcome: Outcome, { request }: CheckStatus, what: string): Told {
    if (outcome.is === "later") return outcome;
    if (outcome.is === "failed")
      log.error({ check: request.id, what, why: outcome.why }, "a message of the thread was refused");
    return told;
  }

  return { open, finding, refresh, conclude, replies, running };
}

export type Conversation = ReturnType<typeof createConversation>;

/** Absent fields are left out, as the drawing functions want them. */
function withoutAbsent({ how, text, by }: NonNullable<Finished["ended"]>) {
  return { how, ...(text !== undefined && { text }), ...(by !== undefined && { by }) };
}
