/** Names of all keys and queues under one prefix; the table in docs/architecture.md says what they hold. */
export function keysOf(prefix: string) {
  return {
    /** Prefix of BullMQ's own keys. */
    queues: `${prefix}:q`,
    check: (id: string) => `${prefix}:check:${id}`,
    /** Checks whose last message is not out yet, by the time they were asked for. */
    active: `${prefix}:active`,
    /** Checks that hold or await one of a cluster's places, by the time they were asked for. */
    places: (cluster: string) => `${prefix}:places:${cluster}`,
    recent: `${prefix}:recent`,
    once: (key: string) => `${prefix}:once:${key}`,
    /** Ids of all schedules, by the time at which something is to be done for them. */
    schedules: `${prefix}:schedules`,
    schedule: (id: string) => `${prefix}:schedule:${id}`,
    scheduleRuns: (id: string) => `${prefix}:schedule-runs:${id}`,
    /** Due times of runs that no digest has told yet. */
    scheduleUntold: (id: string) => `${prefix}:schedule-untold:${id}`,
    /** Due times of the runs that one digest tells. */
    digest: (id: string, dueMs: number) => `${prefix}:digest:${id}:${dueMs}`,
    thread: (channel: string, ts: string) => `${prefix}:thread:${channel}:${ts}`,
    measure: (id: string, cluster: string) => `${prefix}:measure:${id}:${cluster}`,
    report: (id: string) => `${prefix}:report:${id}`,
    outbox: (key: string) => `${prefix}:outbox:${key}`,
    lock: (name: string) => `${prefix}:lock:${name}`,
    pace: (channel: string) => `${prefix}:pace:${channel}`,
    inventory: (cluster: string) => `${prefix}:inventory:${cluster}`,
    clusters: `${prefix}:clusters`,
    /** The language that each channel has chosen. */
    languages: `${prefix}:languages`,
    /** The cluster that each channel has chosen. */
    channelClusters: `${prefix}:channel-clusters`,
    workers: (cluster: string) => `${prefix}:workers:${cluster}`,
    leftovers: (cluster: string) => `${prefix}:leftovers:${cluster}`,
  } as const;
}

export type Keys = ReturnType<typeof keysOf>;

/** Queue names; BullMQ allows no colon in them. */
export const queueNames = {
  measure: (cluster: string) => `measure.${cluster}`,
  report: "report",
  notify: "notify",
} as const;
