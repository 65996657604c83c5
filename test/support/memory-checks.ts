import type { CheckSeen, ChecksPort } from "#src/commands/grammar/command.ts";
import type { Language } from "#src/core/sentence.ts";
import { smallInventory } from "./small-inventory.ts";

/** The queue's port for tests of what is said to people: keeps everything in memory, never fails unless told to. */
export function memoryChecks(more: Partial<ChecksPort> = {}) {
  const all = new Map<string, CheckSeen>();
  const once = new Map<string, string>();
  const threads = new Map<string, string>();
  const languages = new Map<string, Language>();
  const clusters = new Map<string, string>();
  const checks: ChecksPort = {
    async submit(request, options = {}) {
      const first = options.once === undefined ? undefined : once.get(options.once);
      if (first !== undefined) return { position: 1, duplicate: first };
      if (options.once !== undefined) once.set(options.once, request.id);
      all.set(request.id, { request, state: "queued", progress: [] });
      return { position: all.size };
    },
    async cancel(id) {
      const seen = all.get(id);
      if (seen === undefined) return "unknown";
      return seen.state === "done" ? "finished" : "cancelling";
    },
    status: async (id) => all.get(id),
    list: async () => [...all.values()].filter(({ state }) => state !== "done"),
    byThread: async (channel, ts) => threads.get(`${channel}:${ts}`),
    readInventory: async (cluster) => (cluster === "prod" ? smallInventory : undefined),
    clusters: async () => [{ name: "prod", workers: 1 }],
    channelCluster: async (channel) => clusters.get(channel),
    async setChannelCluster(channel, cluster) {
      if (cluster === undefined) clusters.delete(channel);
      else clusters.set(channel, cluster);
    },
    language: async (channel) => languages.get(channel),
    setLanguage: async (channel, language) => void languages.set(channel, language),
    ...more,
  };
  return { ...checks, all, threads };
}
