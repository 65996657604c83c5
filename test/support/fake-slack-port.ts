import { type Place, SlackCallError, type SlackPort } from "#src/queue/slack-port.ts";
import type { Message } from "#src/report/blocks.ts";

export type FakeMessage = {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | undefined;
  readonly key: string | undefined;
  message: Message;
  updates: number;
  readonly fileId?: string;
};

/**
 * What happens at the next call of a method: `lost`: Slack does it and the answer is lost · `crash`: Slack does it and
 * this process dies before it hears · `refused`: it never arrives · `limited`: 429 · `definite`: a lasting error.
 */
export type Fault = "lost" | "crash" | "refused" | "limited" | "definite";

export class Crash extends Error {}

/** Slack as the outbox sees it, with one queue of faults per method. */
export function fakeSlackPort() {
  const messages: FakeMessage[] = [];
  const files = new Map<
    string,
    { bytes: number; altText: string; sharedAfter: number; shares: { channel: string; ts: string }[] }
  >();
  const faults = new Map<keyof SlackPort, Fault[]>();
  const calls: string[] = [];
  /** Channels that another organisation reads as well. */
  const shared = new Set<string>();
  let clock = 1_000;

  function perform<T>(method: keyof SlackPort, work: () => T): T {
    calls.push(method);
    const fault = faults.get(method)?.shift();
    if (fault === "refused") throw new SlackCallError("refused", `${method}: ECONNREFUSED`);
    if (fault === "limited") throw new SlackCallError("limited", `${method}: rate limited`, { retryAfterMs: 40 });
    if (fault === "definite") throw new SlackCallError("definite", `${method}: channel_not_found`);
    const result = work();
    if (fault === "lost") throw new SlackCallError("ambiguous", `${method}: no answer`);
    if (fault === "crash") throw new Crash("the process is gone");
    return result;
  }

  function add({ channel, threadTs }: Place, key: string | undefined, message: Message, fileId?: string): FakeMessage {
    const ts = `${++clock}.000000`;
    const added = { channel, ts, threadTs, key, message, updates: 0, ...(fileId !== undefined && { fileId }) };
    messages.push(added);
    return added;
  }

  const port: SlackPort = {
    post: async (to, key, message) =>
      perform("post", () => {
        const { channel, ts } = add(to, key, message);
        return { channel, ts };
      }),
    update: async ({ channel, ts }, message) =>
      perform("update", () => {
        const found = messages.find((one) => one.channel === channel && one.ts === ts);
        if (!found) throw new SlackCallError("definite", "update: message_not_found");
        found.message = message;
        found.updates++;
      }),
    find: async ({ channel, threadTs }, key) =>
      perform(
        "find",
        () => messages.find((one) => one.channel === channel && one.threadTs === threadTs && one.key === key)?.ts,
      ),
    outsiders: async (channel) => perform("outsiders", () => shared.has(channel)),
    ticket: async ({ bytes, altText }) =>
      perform("ticket", () => {
        const fileId = `F${files.size + 1}`;
        files.set(fileId, { bytes, altText, sharedAfter: 2, shares: [] });
        return { fileId, url: `https://files.example/${fileId}` };
      }),
    upload: async () => perform("upload", () => undefined),
    share: async (to, { fileId, comment }) =>
      perform("share", () => {
        const { channel, ts } = add(to, undefined, { text: comment, blocks: [] }, fileId);
        files.get(fileId)?.shares.push({ channel, ts });
      }),
    shared: async (channel, fileId) =>
      perform("shared", () => {
        const file = files.get(fileId);
        // The share shows some looks after it was made, as at Slack.
        if (!file || file.shares.length === 0 || file.sharedAfter-- > 0) return undefined;
        return file.shares.find((share) => share.channel === channel)?.ts;
      }),
  };
  return { port, messages, files, faults, calls, shared };
}
