import {
  LogLevel,
  type WebAPICallResult,
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
} from "@slack/web-api";
import { z } from "zod";
import { type CallFailure, SlackCallError, type SlackPort } from "../queue/slack-port.ts";

const CALL_MS = 10_000;
const UPLOAD_MS = 30_000;
const EVENT_TYPE = "netcheck_outbox";
/** Pages of history that are searched for a message: 200 messages each. */
const MAX_PAGES = 5;

/** Slack's own trouble: whether it did what was asked is open. */
const ambiguous = new Set([
  "fatal_error",
  "internal_error",
  "service_unavailable",
  "request_timeout",
  "team_added_to_org",
]);
/** An operator can mend these, and then the same message goes out. */
const refused = new Set([
  "account_inactive",
  "invalid_auth",
  "not_authed",
  "token_expired",
  "token_revoked",
  "missing_scope",
  "org_login_required",
  "ekm_access_denied",
]);
/** The request cannot have reached Slack. */
const unsent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const authSchema = z.object({ bot_id: z.string() });
const historySchema = z.object({
  messages: z
    .array(
      z.object({
        ts: z.string(),
        bot_id: z.string().optional(),
        metadata: z.object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) }).optional(),
      }),
    )
    .default([]),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});
const postedSchema = z.object({ channel: z.string(), ts: z.string() });
const channelSchema = z.object({
  channel: z.object({
    is_im: z.boolean().optional(),
    /** With other workspaces, of the same organisation (`is_org_shared`) or of another one. */
    is_shared: z.boolean().optional(),
    is_org_shared: z.boolean().optional(),
    is_ext_shared: z.boolean().optional(),
    is_pending_ext_shared: z.boolean().optional(),
    /** Teams that are invited. */
    pending_shared: z.array(z.string()).optional(),
  }),
});
const ticketSchema = z.object({ file_id: z.string(), upload_url: z.url() });
const shareSchema = z.record(z.string(), z.array(z.object({ ts: z.string() })));
const fileSchema = z.object({
  file: z.object({ shares: z.object({ public: shareSchema, private: shareSchema }).partial().optional() }),
});

/** What both clients of a bot have in common; `fetch` is a seam for tests. */
export type SlackClientOptions = {
  readonly token: string;
  readonly apiUrl?: string | undefined;
  readonly fetch?: typeof globalThis.fetch;
  /** Longest wait for one answer, milliseconds. */
  readonly callMs?: number;
};

/**
 * The outbox's way to Slack. Two clients: the one that creates messages never repeats a call and never waits for a rate
 * limit by itself; the one that reads may repeat.
 */
export function createSlackPort({
  token,
  apiUrl,
  fetch: send = globalThis.fetch,
  callMs = CALL_MS,
}: SlackClientOptions): SlackPort {
  const options = {
    timeout: callMs,
    rejectRateLimitedCalls: true,
    logLevel: LogLevel.ERROR,
    fetch: send,
    ...(apiUrl !== undefined && { slackApiUrl: apiUrl }),
  };
  const writer = new WebClient(token, { ...options, retryConfig: { retries: 0 } });
  const reader = new WebClient(token, { ...options, retryConfig: { retries: 2, minTimeout: 300, maxTimeout: 1_000 } });
  let botId: Promise<string> | undefined;

  async function call<T>(
    client: WebClient,
    method: string,
    args: Record<string, unknown>,
    schema: z.ZodType<T>,
  ): Promise<T> {
    let answer: WebAPICallResult;
    try {
      answer = await client.apiCall(method, args);
    } catch (error) {
      throw translated(error, method);
    }
    const parsed = schema.safeParse(answer);
    // Slack said ok; what it did stays open.
    if (!parsed.success)
      throw new SlackCallError("ambiguous", `${method}: answer of another shape`, { cause: parsed.error });
    return parsed.data;
  }

  function ownId(): Promise<string> {
    botId ??= call(reader, "auth.test", {}, authSchema).then(({ bot_id }) => bot_id);
    botId.catch(() => {
      botId = undefined;
    });
    return botId;
  }

  return {
    async post({ channel, threadTs }, key, { text, blocks }) {
      const metadata = { event_type: EVENT_TYPE, event_payload: { key } };
      const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
      const look = { unfurl_links: false, unfurl_media: false };
      return call(writer, "chat.postMessage", { channel, ...thread, text, blocks, metadata, ...look }, postedSchema);
    },

    async update({ channel, ts }, { text, blocks }) {
      await call(writer, "chat.update", { channel, ts, text, blocks }, z.unknown());
    },

    async find({ channel, threadTs }, key, sinceMs) {
      const method = threadTs === undefined ? "conversations.history" : "conversations.replies";
      const oldest = (Math.max(0, sinceMs) / 1_000).toFixed(6);
      const args = {
        channel,
        oldest,
        limit: 200,
        include_all_metadata: true,
        ...(threadTs !== undefined && { ts: threadTs }),
      };
      const own = await ownId();
      let cursor: string | undefined;
      for (let page = 0; page < MAX_PAGES; page++) {
        const answer = await call(reader, method, { ...args, ...(cursor && { cursor }) }, historySchema);
        const found = answer.messages.find(
          ({ bot_id, metadata }) =>
            bot_id === own && metadata?.event_type === EVENT_TYPE && metadata.event_payload["key"] === key,
        );
        if (found) return found.ts;
        cursor = answer.response_metadata?.next_cursor;
        if (!cursor) return undefined;
      }
      return undefined;
    },

    async outsiders(channel) {
      try {
        const { channel: found } = await call(reader, "conversations.info", { channel }, channelSchema);
        const invited = found.is_pending_ext_shared === true || (found.pending_shared ?? []).length > 0;
        if (found.is_ext_shared === true || invited) return true;
        if (found.is_shared === true && found.is_org_shared !== true) return true;
        return found.is_ext_shared === false || found.is_im === true ? false : undefined;
      } catch (error) {
        if (error instanceof SlackCallError && error.failure === "definite") return undefined;
        throw error;
      }
    },

    async ticket({ fileName, bytes, altText }) {
      // The SDK's helper sends `alt_text`, which Slack does not know; the argument is `alt_txt`.
      const args = { filename: fileName, length: bytes, alt_txt: altText };
      const { file_id, upload_url } = await call(writer, "files.getUploadURLExternal", args, ticketSchema);
      return { fileId: file_id, url: upload_url };
    },

    async upload(url, bytes) {
      try {
        const answer = await send(url, {
          method: "POST",
          body: Uint8Array.from(bytes),
          signal: AbortSignal.timeout(UPLOAD_MS),
        });
        await answer.arrayBuffer();
        if (!answer.ok) throw new SlackCallError("ambiguous", `upload: HTTP ${answer.status}`);
      } catch (error) {
        throw error instanceof SlackCallError ? error : translated(error, "upload");
      }
    },

    async share({ channel, threadTs }, { fileId, title, comment }) {
      const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
      const args = { files: [{ id: fileId, title }], channel_id: channel, initial_comment: comment, ...thread };
      await call(writer, "files.completeUploadExternal", args, z.unknown());
    },

    async shared(channel, fileId) {
      try {
        const { file } = await call(reader, "files.info", { file: fileId }, fileSchema);
        return [file.shares?.public, file.shares?.private].flatMap((shares) => shares?.[channel] ?? [])[0]?.ts;
      } catch (error) {
        // A file whose upload was never completed is nobody's.
        const cause = error instanceof SlackCallError ? error.cause : undefined;
        if (cause instanceof WebAPIPlatformError && cause.data.error === "file_not_found") return undefined;
        throw error;
      }
    },
  };
}

/** Errors of the SDK in the outbox's four words. */
export function translated(error: unknown, method: string): SlackCallError {
  const said = (failure: CallFailure, text: string, more: { retryAfterMs?: number } = {}) =>
    new SlackCallError(failure, `${method}: ${text}`, { ...more, cause: error });
  if (error instanceof WebAPIRateLimitedError)
    return said("limited", "rate limited", { retryAfterMs: error.retryAfter * 1_000 });
  if (error instanceof WebAPIPlatformError) {
    const word = error.data.error;
    if (word === "ratelimited" || word === "rate_limited") return said("limited", word, { retryAfterMs: 5_000 });
    return said(ambiguous.has(word) ? "ambiguous" : refused.has(word) ? "refused" : "definite", word);
  }
  if (error instanceof WebAPIHTTPError)
    return said(error.statusCode >= 500 ? "ambiguous" : "refused", `HTTP ${error.statusCode}`);
  const cause = error instanceof WebAPIRequestError ? error.original : error;
  const code = systemCode(cause);
  return said(code !== undefined && unsent.has(code) ? "refused" : "ambiguous", code ?? "no answer");
}

/** `fetch` hides the system's error code one or two causes deep. */
function systemCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++)
    if ("code" in at && typeof at.code === "string") return at.code;
  return undefined;
}
