import { createHmac, randomBytes } from "node:crypto";
import type { Envelope } from "./delivery.ts";
import { LabError } from "./errors.ts";

/** Slack gives up on a request URL after 3 s; the connection itself is held a little longer to see late answers. */
const HOLD_MS = 10_000;

/** What came back from the app: `body` is parsed when it is JSON, and `{ text }` when it is words. */
export type HttpAnswer = { readonly status: number; readonly body: unknown; readonly noRetry: boolean };

function encode({ type, payload }: Envelope): { contentType: string; body: string } {
  if (type === "events_api") return { contentType: "application/json", body: JSON.stringify(payload) };
  const form =
    type === "interactive"
      ? { payload: JSON.stringify(payload) }
      : Object.fromEntries(Object.entries(payload).map(([key, value]) => [key, String(value)]));
  return { contentType: "application/x-www-form-urlencoded", body: new URLSearchParams(form).toString() };
}

/** Posts to the app as Slack does, signed (`v0` HMAC over timestamp and body). Times are of the wall clock. */
async function postSigned(
  url: string,
  signingSecret: string,
  { contentType, body }: { contentType: string; body: string },
  retry?: { attempt: number; reason: string },
): Promise<HttpAnswer> {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac("sha256", signingSecret).update(`v0:${timestamp}:${body}`).digest("hex");
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": contentType,
      "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
      "X-Slack-Request-Timestamp": timestamp,
      "X-Slack-Signature": `v0=${signature}`,
      ...(retry && { "X-Slack-Retry-Num": String(retry.attempt), "X-Slack-Retry-Reason": retry.reason }),
    },
    body,
    redirect: "manual",
    signal: AbortSignal.timeout(HOLD_MS),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === "" ? undefined : readBody(text),
    noRetry: response.headers.get("x-slack-no-retry") === "1",
  };
}

function readBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { text }; // A slash command may be answered in plain words.
  }
}

export const postEnvelope = (
  url: string,
  signingSecret: string,
  envelope: Envelope,
  retry?: { attempt: number; reason: string },
): Promise<HttpAnswer> => postSigned(url, signingSecret, encode(envelope), retry);

/** Checks a request URL as Slack does when it is entered: the app has to echo a challenge. Loopback only. */
export async function verifyRequestUrl(url: string, signingSecret: string): Promise<void> {
  const { hostname } = new URL(url);
  if (!["127.0.0.1", "localhost", "[::1]"].includes(hostname)) throw new LabError("The lab delivers to loopback only.");
  const challenge = randomBytes(16).toString("hex");
  const body = JSON.stringify({ type: "url_verification", token: "lab", challenge });
  const answer = await postSigned(url, signingSecret, { contentType: "application/json", body });
  const echoed =
    typeof answer.body === "object" && answer.body !== null && "challenge" in answer.body
      ? answer.body.challenge
      : undefined;
  if (echoed !== challenge) throw new LabError(`${url} did not answer the challenge (HTTP ${answer.status}).`);
}
