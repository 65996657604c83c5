import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Report, reportSchema } from "#src/core/report.ts";
import type { Session } from "./session.ts";
import type { Block, Message } from "./slack/protocol.ts";

/** One message of a check's thread, with the files that came with it saved to disk. */
export type ThreadMessage = {
  readonly ts: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly files: readonly string[];
};

export type Played = {
  readonly check: string;
  readonly report: Report;
  /** M1 first, then the replies in order. */
  readonly thread: readonly ThreadMessage[];
  /** Milliseconds from sending the command. `firstFindingMs` is absent when nothing was found wrong. */
  readonly timings: { readonly ackMs: number; readonly firstFindingMs?: number; readonly reportMs: number };
};

/** How long a check may take beyond the window it asked for, before it counts as hung. */
const SLACK_MS = 60_000;

/** The id of a channel by its name. */
export function channelNamed(slack: Session["slack"], name: string): string {
  const channel = slack.state().channels.find((one) => one.name === name);
  if (channel === undefined) throw new Error(`the lab Slack has no channel #${name}`);
  return channel.id;
}

const outboxKey = (message: Message): string => String(message.metadata?.event_payload["key"] ?? "");

/**
 * Types `/netcheck <words>` as a person would, waits for the closing line of the thread and returns all of it.
 * `onTaken` is told the check's id when the command was acknowledged.
 */
export async function playCommand(
  { slack, folder }: Session,
  words: string,
  { timeoutMs, onTaken }: { readonly timeoutMs: number; readonly onTaken?: (check: string) => void },
): Promise<Played> {
  const channel = channelNamed(slack, "network");
  const earlier = new Set((slack.state().messages[channel] ?? []).map(outboxKey));
  const sentAt = performance.now();
  const since = (): number => Math.round(performance.now() - sentAt);
  const answer = await slack.command({ channel, user: slack.state().me.id, text: `/netcheck ${words}` });
  const answered = JSON.stringify(answer.response ?? {});
  // Where the machine is busy, the acknowledgement is empty and the answer follows; the thread tells which check it is.
  const opened = async (): Promise<string> =>
    outboxKey(
      await slack.waitFor((message) => /:open$/.test(outboxKey(message)) && !earlier.has(outboxKey(message)), {
        timeoutMs: SLACK_MS,
      }),
    );
  const said = answered === "{}" && answer.failed === undefined ? await opened() : answered;
  const check = /\bnc-[a-z0-9]{4,16}\b/.exec(said)?.[0];
  if (answer.failed !== undefined || check === undefined)
    throw new Error(`netcheck did not take the command: ${answer.failed ?? answered}`);
  onTaken?.(check);
  let firstFindingMs: number | undefined;
  const unwatch = slack.watch((event) => {
    if (event.type === "message" && outboxKey(event.message) === `${check}:finding`) firstFindingMs ??= since();
  });
  const closing = await slack
    .waitFor((message) => outboxKey(message) === `${check}:audit`, { timeoutMs: timeoutMs + SLACK_MS })
    .finally(unwatch);
  const reportMs = since();
  const messages = slack.thread(channel, closing.thread_ts ?? closing.ts);
  return {
    check,
    report: reportSchema.parse(JSON.parse(readFileSync(join(folder, "history", check, "report.json"), "utf8"))),
    thread: messages.map((message) => ({
      ts: message.ts,
      text: message.text,
      blocks: message.blocks ?? [],
      files: saveFiles(slack, message, join(folder, "thread", check)),
    })),
    timings: { ackMs: answer.ackMs ?? since(), ...(firstFindingMs === undefined ? {} : { firstFindingMs }), reportMs },
  };
}

function saveFiles(slack: Session["slack"], message: Message, folder: string): string[] {
  return (message.files ?? []).map((file) => {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${file.id}-${file.name.replaceAll(/[^\w.-]/g, "_")}`);
    writeFileSync(path, slack.file(file.id) ?? Buffer.alloc(0));
    return path;
  });
}
