import type { Message } from "../report/blocks.ts";

/**
 * How a call to Slack failed. refused: it never got there, or Slack cannot take it for the moment · limited: too many,
 * try again after `retryAfterMs` · definite: it will never work, `message` has Slack's word for it · ambiguous: nobody
 * knows whether Slack did it.
 */
export type CallFailure = "refused" | "limited" | "definite" | "ambiguous";

export class SlackCallError extends Error {
  readonly failure: CallFailure;
  readonly retryAfterMs: number | undefined;

  constructor(
    failure: CallFailure,
    message: string,
    { retryAfterMs, cause }: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "SlackCallError";
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A channel, and the thread in it if the message is a reply. */
export type Place = { readonly channel: string; readonly threadTs?: string | undefined };

/**
 * The calls that the outbox makes. Each is one request that is not repeated by itself and has a time limit; each throws
 * nothing but SlackCallError. `key` travels as message metadata, by which `find` knows a message again.
 */
export type SlackPort = {
  readonly post: (
    to: Place,
    key: string,
    message: Message,
  ) => Promise<{ readonly channel: string; readonly ts: string }>;
  readonly update: (at: { readonly channel: string; readonly ts: string }, message: Message) => Promise<void>;
  /** The `ts` of our message with this key, if the place has one that is not older than `sinceMs` (Unix milliseconds). */
  readonly find: (at: Place, key: string, sinceMs: number) => Promise<string | undefined>;
  /** Whether people of another organisation read this channel, or are invited to; undefined when Slack does not say. */
  readonly outsiders: (channel: string) => Promise<boolean | undefined>;
  /** Where to send the bytes of a file that does not exist for anybody yet. */
  readonly ticket: (file: {
    readonly fileName: string;
    readonly bytes: number;
    readonly altText: string;
  }) => Promise<{ readonly fileId: string; readonly url: string }>;
  readonly upload: (url: string, bytes: Uint8Array) => Promise<void>;
  /** Makes the file a message with `comment` (mrkdwn). Slack does so some time after it has answered. */
  readonly share: (
    to: Place,
    file: { readonly fileId: string; readonly title: string; readonly comment: string },
  ) => Promise<void>;
  /** The `ts` of the message that the file became in this channel; undefined until Slack has made it. */
  readonly shared: (channel: string, fileId: string) => Promise<string | undefined>;
};
