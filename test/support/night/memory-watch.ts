import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Looks twice a second at how much memory processes use; answers with the most that each ever used, MB. Killed ones count too. */
export function watchMemory(processes: Readonly<Record<string, () => number | undefined>>): {
  readonly stop: () => Promise<Readonly<Record<string, number>>>;
} {
  const stopping = new AbortController();
  const most: Record<string, number> = {};
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      for (const [name, pid] of Object.entries(processes)) most[name] = Math.max(most[name] ?? 0, residentMb(pid()));
      await sleep(500, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
      return most;
    },
  };
}

function residentMb(pid: number | undefined): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1_000;
  } catch {
    return 0; // just killed
  }
}
