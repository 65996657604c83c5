import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { channelNamed } from "#lab/play.ts";
import type { Session } from "#lab/session.ts";
import type { Message } from "#lab/slack/protocol.ts";
import { keysOf } from "#src/queue/keys.ts";
import { type ScheduleState, scheduleStore } from "#src/queue/schedules.ts";

const POLL_MS = 200;
/** For what takes seconds, also while somebody is killed. */
const PATIENCE_MS = 120_000;

/** A schedule that somebody typed in a lab session. Nobody waits for a night: what is due is moved to now, where the bot keeps it. */
export type Scheduled = Disposable & {
  readonly id: string;
  /** Types another command and answers with what came back, as one text. */
  readonly say: (words: string) => Promise<string>;
  /** Starts a run and resolves when it has started. */
  readonly run: () => Promise<{ readonly dueMs: number; readonly check: string }>;
  readonly ended: (dueMs: number, timeoutMs: number) => Promise<void>;
  /** Lets the digest be due and resolves with its message. */
  readonly digest: () => Promise<Message>;
  /** What everybody in the channel sees. */
  readonly posted: () => readonly Message[];
  readonly redisPid: () => Promise<number>;
};

export const keyOf = ({ metadata }: Message): string => String(metadata?.event_payload["key"] ?? "");

/** `words`: as they follow `/netcheck`, with the word `schedule`. */
export async function schedule({ slack, folder }: Session, words: string): Promise<Scheduled> {
  const channel = channelNamed(slack, "network");
  const user = slack.state().me.id;
  async function say(text: string): Promise<string> {
    const { response, failed } = await slack.command({ channel, user, text: `/netcheck ${text}` });
    if (failed !== undefined) throw new Error(`netcheck did not take "${text}": ${failed}`);
    return `${response?.text ?? ""} ${JSON.stringify(response?.blocks ?? [])}`;
  }
  const answer = await say(words);
  const id = /\bsc-[a-z0-9]{6}\b/.exec(answer)?.[0];
  if (id === undefined) throw new Error(`no schedule was made: ${answer}`);
  const redis = new Redis({ path: join(folder, "redis", "redis.sock"), maxRetriesPerRequest: null });
  redis.on("error", () => {}); // whoever supervises it may be killed
  const store = scheduleStore(redis, keysOf("netcheck"));
  const move = (to: Partial<ScheduleState>) => store.change(id, ({ state }) => ({ ...state, ...to }));
  return {
    id,
    say,
    async run() {
      const dueMs = Date.now();
      await move({ nextMs: dueMs });
      const started = async () => {
        const latest = (await store.find(id))?.state.latest;
        return latest?.dueMs === dueMs ? latest.check : undefined;
      };
      return { dueMs, check: await until(started, "the run to start", PATIENCE_MS) };
    },
    async ended(dueMs, timeoutMs) {
      await until(() => store.ended(id, dueMs), "the run to end", timeoutMs);
    },
    async digest() {
      const dueMs = Date.now();
      await move({ digestMs: dueMs });
      return slack.waitFor((message) => keyOf(message).startsWith(`${id}:digest:${dueMs}`), { timeoutMs: PATIENCE_MS });
    },
    posted: () => (slack.state().messages[channel] ?? []).filter(({ ephemeral_for }) => ephemeral_for === undefined),
    async redisPid() {
      return Number(/process_id:(\d+)/.exec(await redis.info("server"))?.[1]);
    },
    [Symbol.dispose]: () => redis.disconnect(),
  };
}

async function until<T>(look: () => Promise<T | undefined | false>, what: string, timeoutMs: number): Promise<T> {
  const lastAt = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > lastAt) throw new Error(`waited ${timeoutMs / 1_000} s for ${what}`);
    await sleep(POLL_MS);
  }
}
