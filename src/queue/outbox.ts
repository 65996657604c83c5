import type { Redis } from "ioredis";
import type { Log } from "../log.ts";
import type { Message } from "../report/blocks.ts";
import type { Keys } from "./keys.ts";
import { withLock } from "./lock.ts";
import { outboxRow } from "./outbox-row.ts";
import { waitForPace } from "./pace.ts";
import { type Place, SlackCallError, type SlackPort } from "./slack-port.ts";

/** A message that was accepted a moment ago may not be in the history yet. */
const SETTLE_MS = 3_000;
/** Our clock and Slack's may differ by this much; the key is what counts. */
const CLOCK_SLACK_MS = 60_000;
const BUSY_MS = 500;

/** `later`: nothing is lost, ask again after `delayMs`. `failed`: it will never work. */
export type Outcome =
  | { readonly is: "sent"; readonly channel: string; readonly ts: string }
  | { readonly is: "failed"; readonly why: string }
  | { readonly is: "later"; readonly delayMs: number };

type UpdateOptions = { readonly final?: boolean; readonly again?: boolean };

export type Outbox = {
  /** Posts the message of this key once, however often and from wherever it is asked to. */
  readonly send: (key: string, to: Place, message: Message) => Promise<Outcome>;
  /**
   * Changes the message of this key. `draw` gets a number that only grows. Nothing but another final update is done
   * after a final one, and a final one is done once unless it is wanted `again`. `shaky` tells that an update before may
   * still reach Slack after this one.
   */
  readonly update: (
    key: string,
    draw: (revision: number) => Message,
    options?: UpdateOptions,
  ) => Promise<Outcome & { readonly shaky?: boolean }>;
};

export type OutboxDeps = {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly port: SlackPort;
  readonly log: Log;
  /** Unix milliseconds. */
  readonly nowMs?: () => number;
};

/** The only one that posts: one key per message, its state written before every call, doubt resolved before another try. */
export function createOutbox({ redis, keys, port, log, nowMs = Date.now }: OutboxDeps): Outbox {
  const locked = async (key: string, work: () => Promise<Outcome>): Promise<Outcome> =>
    (await withLock(redis, keys.lock(`outbox:${key}`), work)) ?? { is: "later", delayMs: BUSY_MS };

  async function send(key: string, to: Place, message: Message): Promise<Outcome> {
    const row = outboxRow(redis, keys, key);
    const { state, channel, ts, why = "unknown", attempts, firstMs, atMs } = await row.read();
    if (state === "sent" && channel !== undefined && ts !== undefined) return { is: "sent", channel, ts };
    if (state === "failed") return { is: "failed", why };
    if (state === "sending") {
      const settledMs = atMs + SETTLE_MS - nowMs();
      if (settledMs > 0) return { is: "later", delayMs: settledMs };
      const found = await attempt(attempts, () => port.find(to, key, firstMs - CLOCK_SLACK_MS));
      if ("is" in found) return found;
      if (found.value !== undefined) {
        log.info({ key }, "message was already posted");
        await row.write({ state: "sent", channel: to.channel, ts: found.value });
        return { is: "sent", channel: to.channel, ts: found.value };
      }
    }
    const paceMs = await waitForPace(redis, keys, to.channel, nowMs());
    if (paceMs > 0) return { is: "later", delayMs: paceMs };
    await row.write({ state: "sending", atMs: nowMs(), firstMs: firstMs || nowMs(), attempts: attempts + 1 });
    try {
      const posted = await port.post(to, key, message);
      await row.write({ state: "sent", channel: posted.channel, ts: posted.ts });
      return { is: "sent", ...posted };
    } catch (error) {
      if (!(error instanceof SlackCallError)) throw error;
      if (error.failure === "definite") await row.write({ state: "failed", why: error.message });
      // Slack did not take this one; whether it took an earlier one is as open as before.
      else if (error.failure !== "ambiguous" && state !== "sending") await row.write({ state: "new", firstMs: 0 });
      return failedCall(error, attempts, key);
    }
  }

  async function update(
    key: string,
    draw: (revision: number) => Message,
    { final = false, again = false }: UpdateOptions = {},
  ): Promise<Outcome & { shaky?: boolean }> {
    const row = outboxRow(redis, keys, key);
    const { state, channel, ts, why, attempts, ...before } = await row.read();
    if (state !== "sent" || channel === undefined || ts === undefined)
      return state === "failed" ? { is: "failed", why: why ?? "unknown" } : { is: "later", delayMs: BUSY_MS };
    if (before.final && !again) return { is: "sent", channel, ts };
    const shaky = before.shakyMs !== undefined;
    await row.write(shaky ? { atMs: nowMs() } : { atMs: nowMs(), shakyMs: nowMs() });
    try {
      await port.update({ channel, ts }, draw(await row.nextRevision()));
      if (final) await row.write({ final: "yes", attempts: 0 });
      // An earlier one in doubt stays in doubt until a final update after it.
      if (!shaky || final) await row.forget("shakyMs");
      return { is: "sent", channel, ts, shaky };
    } catch (error) {
      if (!(error instanceof SlackCallError)) throw error;
      if (error.failure !== "ambiguous" && !shaky) await row.forget("shakyMs");
      await row.write({ attempts: attempts + 1 });
      return failedCall(error, attempts, key);
    }
  }

  function failedCall(error: SlackCallError, attempts: number, key: string): Outcome {
    const { failure, message, retryAfterMs } = error;
    log.warn({ key, failure, retryAfterMs, err: error }, "slack call failed");
    if (failure === "definite") return { is: "failed", why: message };
    return { is: "later", delayMs: retryAfterMs ?? backoffMs(attempts) };
  }

  async function attempt<T>(attempts: number, call: () => Promise<T>): Promise<{ readonly value: T } | Outcome> {
    try {
      return { value: await call() };
    } catch (error) {
      if (!(error instanceof SlackCallError)) throw error;
      // Without a look at the history nobody may post again, whatever the reason is.
      return { is: "later", delayMs: error.retryAfterMs ?? backoffMs(attempts) };
    }
  }

  return {
    send: (key, to, message) => locked(key, () => send(key, to, message)),
    update: (key, draw, options) => locked(key, () => update(key, draw, options)),
  };
}

/** From one second to one minute; an outage of Slack is waited out. */
export const backoffMs = (attempts: number): number => Math.min(60_000, 1_000 * 2 ** Math.min(attempts, 6));
