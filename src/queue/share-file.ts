import { withLock } from "./lock.ts";
import { backoffMs, type OutboxDeps, type Outcome } from "./outbox.ts";
import { outboxRow } from "./outbox-row.ts";
import { waitForPace } from "./pace.ts";
import { type Place, SlackCallError } from "./slack-port.ts";

/** "ok" without a share happens; then it is asked for again, but only after this long. */
const GIVE_UP_ON_SHARE_MS = 15_000;
/** Slack shares a file some time after it has said so: looked at soon, then ever more rarely. */
const lookAgainMs = (sinceMs: number): number => Math.round(Math.min(3_000, Math.max(300, sinceMs / 2)));
const MIN_LOOKS = 5;
const MAX_SHARES = 3;
/** A picture that took too long on a busy machine is drawn again; one that cannot be drawn stops nobody. */
const MAX_MAKINGS = 3;
const BUSY_MS = 500;

type Row = ReturnType<typeof outboxRow>;

export type FileToShare = {
  readonly fileName: string;
  readonly altText: string;
  /** Mrkdwn above the file. */
  readonly comment: string;
  readonly bytes: () => Promise<Uint8Array>;
};

/**
 * Shares a file as a message, once per key. Three calls: a ticket and the bytes, which nobody sees and which may be
 * repeated, and the share, before which the file's id is written down; in doubt the file itself tells whether it was
 * shared.
 */
export async function shareFile(key: string, to: Place, file: FileToShare, deps: OutboxDeps): Promise<Outcome> {
  const work = () => step(key, to, file, deps);
  return (await withLock(deps.redis, deps.keys.lock(`outbox:${key}`), work)) ?? { is: "later", delayMs: BUSY_MS };
}

async function step(key: string, to: Place, file: FileToShare, deps: OutboxDeps): Promise<Outcome> {
  const { redis, keys, log, nowMs = Date.now } = deps;
  const row = outboxRow(redis, keys, key);
  const { state, channel, ts, why = "unknown", fileId, attempts, atMs } = await row.read();
  if (state === "sent") return { is: "sent", channel: channel ?? to.channel, ts: ts ?? "" };
  if (state === "failed") return { is: "failed", why };
  try {
    if (state === "sending" && fileId !== undefined) {
      const found = await deps.port.shared(to.channel, fileId);
      if (found !== undefined) return await done(found, to, row);
      const looks = await row.looked();
      // After a crash time has passed, but nobody has looked.
      if (nowMs() - atMs < GIVE_UP_ON_SHARE_MS || looks < MIN_LOOKS)
        return { is: "later", delayMs: lookAgainMs(nowMs() - atMs) };
      if (attempts >= MAX_SHARES) {
        await row.write({ state: "failed", why: "Slack did not share the file" });
        return { is: "failed", why: "Slack did not share the file" };
      }
    }
    const id = state !== "new" && fileId !== undefined ? fileId : await put(file, row, deps);
    if (state === "new") await row.write({ state: "uploaded", fileId: id });
    const paceMs = await waitForPace(redis, keys, to.channel, nowMs());
    if (paceMs > 0) return { is: "later", delayMs: paceMs };
    await row.write({ state: "sending", atMs: nowMs(), attempts: attempts + 1, looks: 0 });
    try {
      await deps.port.share(to, { fileId: id, title: file.altText, comment: file.comment });
    } catch (error) {
      if (error instanceof SlackCallError && error.failure !== "ambiguous" && error.failure !== "definite")
        await row.write({ state: "uploaded", attempts });
      throw error;
    }
    const found = await deps.port.shared(to.channel, id);
    return found === undefined ? { is: "later", delayMs: lookAgainMs(0) } : await done(found, to, row);
  } catch (error) {
    if (!(error instanceof SlackCallError)) throw error;
    log.warn({ key, failure: error.failure, err: error }, "slack call failed");
    if (error.failure !== "definite") return { is: "later", delayMs: error.retryAfterMs ?? backoffMs(attempts) };
    await row.write({ state: "failed", why: error.message });
    return { is: "failed", why: error.message };
  }
}

/** Sends the bytes. Until the share nobody sees the file, so a lost try costs nothing. */
async function put({ fileName, altText, bytes }: FileToShare, row: Row, { port }: OutboxDeps): Promise<string> {
  const content = await bytes().catch(async (cause: unknown) => {
    const given = (await row.made()) < MAX_MAKINGS ? "refused" : "definite";
    throw new SlackCallError(given, "the file could not be made", { cause });
  });
  const { fileId, url } = await port.ticket({ fileName, altText, bytes: content.length });
  await port.upload(url, content);
  return fileId;
}

async function done(ts: string, { channel }: Place, row: Row): Promise<Outcome> {
  await row.write({ state: "sent", channel, ts });
  return { is: "sent", channel, ts };
}
