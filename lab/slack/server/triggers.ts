import { randomBytes } from "node:crypto";
import { ApiError } from "./errors.ts";
import type { World } from "./world.ts";

/** A trigger_id is good for this long, and for one call. */
const TRIGGER_MS = 3_000;
/** A response_url is good for this long and this many posts. */
const RESPONSE_MS = 30 * 60_000;
const RESPONSE_USES = 5;
const KEPT = 2_000;

type Trigger = { readonly user: string; readonly issuedMs: number; readonly fromModal: boolean; used: boolean };

/** Where answers through a response_url go. */
export type ResponseTarget = {
  readonly user: string;
  readonly channel: string;
  /** The message whose control was used. */
  readonly messageTs?: string;
  readonly threadTs?: string;
};
type ResponseUrl = ResponseTarget & { readonly issuedMs: number; uses: number };

export type Triggers = {
  readonly newTrigger: (user: string, more?: { fromModal: boolean }) => string;
  /** Exchanges a trigger; throws as views.open answers. */
  readonly exchange: (id: string | undefined, more?: { toPush: boolean }) => { readonly user: string };
  readonly newResponseUrl: (target: ResponseTarget) => string;
  /** Counts one use, or says why there is none left. */
  readonly spendResponseUrl: (id: string) => ResponseTarget | "expired_url" | "used_url" | "unknown_url";
};

function put<T>(map: Map<string, T>, id: string, value: T): void {
  map.set(id, value);
  const oldest = map.keys().next().value;
  if (map.size > KEPT && oldest !== undefined) map.delete(oldest);
}

/** Keeps the short-lived rights that come with every command and click. */
export function createTriggers(world: World): Triggers {
  const triggers = new Map<string, Trigger>();
  const urls = new Map<string, ResponseUrl>();
  const random = (bytes: number): string => randomBytes(bytes).toString("hex");
  return {
    newTrigger: (user, more) => {
      const issuedMs = world.clock.nowMs();
      const id = `${issuedMs}.${parseInt(random(4), 16)}.${random(16)}`;
      put(triggers, id, { user, issuedMs, fromModal: more?.fromModal ?? false, used: false });
      return id;
    },
    exchange: (id, more) => {
      const trigger = triggers.get(id ?? "");
      if (!trigger) throw new ApiError("invalid_trigger_id");
      if (trigger.used) throw new ApiError("exchanged_trigger_id");
      if (world.clock.nowMs() - trigger.issuedMs > TRIGGER_MS) throw new ApiError("expired_trigger_id");
      if (more?.toPush && !trigger.fromModal) throw new ApiError("invalid_trigger_id");
      trigger.used = true;
      return trigger;
    },
    newResponseUrl: (target) => {
      const id = random(24);
      put(urls, id, { ...target, issuedMs: world.clock.nowMs(), uses: 0 });
      return `${world.baseUrl}/response/${id}`;
    },
    spendResponseUrl: (id) => {
      const url = urls.get(id);
      if (!url) return "unknown_url";
      if (world.clock.nowMs() - url.issuedMs > RESPONSE_MS) return "expired_url";
      if (url.uses >= RESPONSE_USES) return "used_url";
      url.uses += 1;
      return url;
    },
  };
}
