import { randomUUID } from "node:crypto";
import type { Json, LabFailure } from "../protocol.ts";
import { postEnvelope } from "./request-url.ts";
import { createSocketHub, type SocketHub } from "./sockets.ts";
import { record, type World } from "./world.ts";

/** The app has this long to acknowledge anything. */
const ACK_MS = 3_000;
/** When an event that was not acknowledged comes again, after the first try: at once, after 1 min, after 5 min. */
const EVENT_RETRY_MS = [0, 60_000, 300_000] as const;
/** Sent envelopes kept for redelivery on demand. */
const SENT_KEPT = 500;

export type Envelope = {
  readonly id: string;
  readonly type: "slash_commands" | "events_api" | "interactive";
  readonly payload: Json;
  readonly acceptsResponse: boolean;
};

export type Ack = {
  readonly envelopeId: string;
  readonly delivered: boolean;
  readonly ackMs?: number;
  /** What the app put into the acknowledgement. */
  readonly body?: unknown;
  readonly failed?: Extract<LabFailure, "dispatch_failed" | "operation_timeout">;
};

type Retry = { readonly attempt: number; readonly reason: string };
type Pending = { readonly connection: number | "http"; readonly settle: (ack: Omit<Ack, "envelopeId">) => void };

export type Delivery = {
  readonly hub: SocketHub;
  /** Sends once; what is not acknowledged in time has failed. */
  readonly deliver: (type: Envelope["type"], payload: Json, acceptsResponse: boolean) => Promise<Ack>;
  /** Sends an event and again when it is not acknowledged; resolves with the first try. */
  readonly deliverEvent: (payload: Json) => Promise<Ack>;
  /** Sends an envelope once more, as Slack has been seen to do: same id, same payload. */
  readonly redeliver: (envelopeId: string, retryAttempt: number) => Promise<Ack>;
  /** HTTP instead of Socket Mode while an address is set. */
  requestUrl: string | undefined;
};

/** Carries payloads to the app over one of its connections or its request URL, and times the acknowledgement. */
export function createDelivery(world: World): Delivery {
  const pending = new Map<string, Pending>();
  const sent = new Map<string, { envelope: Envelope; connection: number | "http" | undefined }>();

  const hub = createSocketHub(world, {
    onAck: (envelopeId, payload, connection) => acknowledged(envelopeId, payload, connection),
    onLost: (connection) => {
      // Payloads on a lost connection are not lost to Slack: events come again, commands run into their timer.
      for (const [id, waiting] of pending)
        if (waiting.connection === connection && sent.get(id)?.envelope.type === "events_api")
          waiting.settle({ delivered: true, failed: "operation_timeout" });
    },
  });

  function acknowledged(envelopeId: string, body: unknown, connection: number | "http"): void {
    const waiting = pending.get(envelopeId);
    if (!waiting) {
      const type = sent.get(envelopeId)?.envelope.type;
      record(world, {
        kind: "ack",
        name: type ?? "unknown",
        ok: false,
        error: type ? "late_or_repeated" : "unknown_envelope",
        envelopeId,
        connection,
      });
      return;
    }
    waiting.settle({ delivered: true, body });
  }

  function remember(envelope: Envelope, connection: number | "http" | undefined): void {
    sent.delete(envelope.id);
    sent.set(envelope.id, { envelope, connection });
    const oldest = sent.keys().next().value;
    if (sent.size > SENT_KEPT && oldest !== undefined) sent.delete(oldest);
  }

  function send(envelope: Envelope, retry: Retry | undefined, avoid?: number): Promise<Ack> {
    const sentMs = world.clock.nowMs();
    const startMs = performance.now();
    const { promise, resolve } = Promise.withResolvers<Ack>();
    const connection = delivery.requestUrl ? "http" : hub.send(frameOf(envelope, retry), avoid);
    remember(envelope, connection);
    const finish = (ack: Omit<Ack, "envelopeId">): void => {
      cancel();
      pending.delete(envelope.id);
      const answered = ack.failed === undefined;
      // On a standing clock the real time still says how quick the app was.
      const ackMs = Math.round(
        world.clock.mode === "real" ? world.clock.nowMs() - sentMs : performance.now() - startMs,
      );
      record(world, {
        kind: "delivery",
        name: envelope.type,
        ok: answered,
        envelopeId: envelope.id,
        ...(connection !== undefined && { connection }),
        ...(retry && { retryAttempt: retry.attempt }),
        ...(answered ? { ackMs } : { error: ack.failed ?? "" }),
      });
      resolve({ envelopeId: envelope.id, ...ack, ...(answered && { ackMs }) });
    };
    const cancel = world.clock.after(ACK_MS, () => finish({ delivered: true, failed: "operation_timeout" }));
    if (connection === undefined) {
      finish({ delivered: false, failed: "dispatch_failed" });
      return promise;
    }
    pending.set(envelope.id, { connection, settle: finish });
    if (delivery.requestUrl) void overHttp(delivery.requestUrl, envelope, retry, finish);
    return promise;
  }

  async function overHttp(
    url: string,
    envelope: Envelope,
    retry: Retry | undefined,
    finish: (ack: Omit<Ack, "envelopeId">) => void,
  ): Promise<void> {
    try {
      const answer = await postEnvelope(url, world.tokens.signingSecret, envelope, retry);
      if (answer.status >= 200 && answer.status < 300) acknowledged(envelope.id, answer.body, "http");
      else if (pending.has(envelope.id)) {
        if (answer.noRetry) sent.delete(envelope.id);
        finish({ delivered: true, failed: "dispatch_failed" });
      }
    } catch {
      if (pending.has(envelope.id)) finish({ delivered: false, failed: "dispatch_failed" });
    }
  }

  async function retryEvent(envelope: Envelope, attempt: number, reason: string): Promise<void> {
    const delayMs = EVENT_RETRY_MS[attempt - 1];
    if (delayMs === undefined || !sent.has(envelope.id)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    world.clock.after(delayMs, resolve);
    await promise;
    const ack = await send(envelope, { attempt, reason }, numbered(sent.get(envelope.id)?.connection));
    if (ack.failed) await retryEvent(envelope, attempt + 1, reasonOf(ack));
  }

  const delivery: Delivery = {
    hub,
    requestUrl: undefined,
    deliver: (type, payload, acceptsResponse) => send({ id: randomUUID(), type, payload, acceptsResponse }, undefined),
    deliverEvent: async (payload) => {
      const envelope: Envelope = { id: randomUUID(), type: "events_api", payload, acceptsResponse: false };
      const ack = await send(envelope, undefined);
      if (ack.failed) void retryEvent(envelope, 1, reasonOf(ack));
      return ack;
    },
    redeliver: (envelopeId, attempt) => {
      const again = sent.get(envelopeId);
      if (!again) return Promise.resolve({ envelopeId, delivered: false, failed: "dispatch_failed" });
      return send(again.envelope, attempt > 0 ? { attempt, reason: "timeout" } : undefined, numbered(again.connection));
    },
  };
  return delivery;
}

const numbered = (connection: number | "http" | undefined): number | undefined =>
  typeof connection === "number" ? connection : undefined;

const reasonOf = (ack: Ack): string => (ack.failed === "operation_timeout" ? "timeout" : "http_error");

function frameOf({ id, type, payload, acceptsResponse }: Envelope, retry: Retry | undefined): Json {
  const again = retry ? { retry_attempt: retry.attempt, retry_reason: retry.reason } : undefined;
  return {
    envelope_id: id,
    type,
    payload,
    accepts_response_payload: acceptsResponse,
    ...(type === "events_api" ? (again ?? { retry_attempt: 0, retry_reason: "" }) : again),
  };
}
