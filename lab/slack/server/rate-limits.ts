/** Slack's tiers, in calls per minute per method. `channel` is chat.postMessage: about 1/s per channel. */
export type Tier = "T1" | "T2" | "T3" | "T4" | "channel" | "none";

const PER_MINUTE = { T1: 1, T2: 20, T3: 50, T4: 100 } as const;
const MINUTE_MS = 60_000;
/** Messages that may follow each other at once before the 1 per second holds. */
const CHANNEL_BURST = 3;
/** Messages of the app per minute in all channels together. */
const WORKSPACE_PER_MINUTE = 300;

export type RateLimits = {
  /** Counts a call; the seconds to wait when it is one too many. */
  readonly spend: (method: string, tier: Tier, channel: string | undefined, nowMs: number) => number | undefined;
  readonly clear: () => void;
};

/** The budgets of one app in one workspace, by whatever clock the caller reads. */
export function createRateLimits(): RateLimits {
  const calls = new Map<string, number[]>();
  const buckets = new Map<string, { level: number; atMs: number }>();

  function spendWindow(key: string, max: number, nowMs: number): number | undefined {
    const recent = (calls.get(key) ?? []).filter((atMs) => atMs > nowMs - MINUTE_MS);
    calls.set(key, recent);
    const [oldest] = recent;
    if (oldest !== undefined && recent.length >= max)
      return Math.max(1, Math.ceil((oldest + MINUTE_MS - nowMs) / 1_000));
    recent.push(nowMs);
    return undefined;
  }

  function spendBucket(key: string, nowMs: number): number | undefined {
    const bucket = buckets.get(key) ?? { level: CHANNEL_BURST, atMs: nowMs };
    const level = Math.min(CHANNEL_BURST, bucket.level + (nowMs - bucket.atMs) / 1_000);
    buckets.set(key, { level: level >= 1 ? level - 1 : level, atMs: nowMs });
    return level >= 1 ? undefined : 1;
  }

  return {
    spend: (method, tier, channel, nowMs) => {
      if (tier === "none") return undefined;
      if (tier !== "channel") return spendWindow(method, PER_MINUTE[tier], nowMs);
      return spendWindow("messages", WORKSPACE_PER_MINUTE, nowMs) ?? spendBucket(`${method} ${channel}`, nowMs);
    },
    clear: () => {
      calls.clear();
      buckets.clear();
    },
  };
}
