import type { PastPort, ScheduleSeen, SchedulesPort } from "#src/commands/grammar/command.ts";
import type { Judged } from "#src/core/judged.ts";
import type { Report } from "#src/core/report.ts";

/** Schedules and reports for tests of what is said to people: kept in memory, never failing unless told to. */
export function memorySchedules(more: Partial<SchedulesPort> = {}) {
  const all = new Map<string, ScheduleSeen>();
  const once = new Map<string, string>();
  const schedules: SchedulesPort = {
    async create(schedule, options) {
      const first = once.get(options.once);
      if (first !== undefined) return { duplicate: first };
      once.set(options.once, schedule.id);
      all.set(schedule.id, { schedule, state: "active", nextMs: schedule.createdAtMs });
      return {};
    },
    list: async () => [...all.values()],
    async pause(id, by) {
      const seen = all.get(id);
      if (seen === undefined) return "unknown";
      all.set(id, { schedule: seen.schedule, state: "paused", by });
      return seen.state === "paused" ? "already" : "done";
    },
    async resume(id, nowMs) {
      const seen = all.get(id);
      if (seen === undefined) return "unknown";
      all.set(id, { schedule: seen.schedule, state: "active", nextMs: nowMs });
      return seen.state === "active" ? "already" : { nextMs: nowMs };
    },
    remove: async (id) => (all.delete(id) ? "done" : "unknown"),
    ...more,
  };
  return { ...schedules, all };
}

export function memoryPast(reports: readonly Report[] = []): PastPort & { readonly judged: readonly Judged[] } {
  const judged: Judged[] = [];
  return {
    judged,
    judge: async (one) => void judged.push(one),
    report: async (check) => reports.find((one) => one.check === check),
    lastGood: async ({ window }) =>
      reports
        .filter((one) => one.status === "healthy" && one.window.startMs < window.startMs)
        .toSorted((a, b) => b.window.startMs - a.window.startMs)[0],
  };
}
