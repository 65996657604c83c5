import { loadTopology } from "#lab/cluster/topology.ts";
import { startSession } from "#lab/session.ts";
import { judgeNight } from "#test/support/night/judgement.ts";
import { playNight, victims } from "#test/support/night/night.ts";
import type { Bench } from "./figure.ts";

/** The night that is played, and in how many seconds; `NETCHECK_NIGHT_SECONDS` and `…_PER_SECOND` make it smaller. */
const SECONDS = Number(process.env["NETCHECK_NIGHT_SECONDS"] ?? 720);
const PER_SECOND = Number(process.env["NETCHECK_NIGHT_PER_SECOND"] ?? 3_500);
const CAPTURE_MB = 1_500;
/** So far apart are kills, milliseconds; when exactly is chance. */
const KILL_EVERY_MS = SECONDS >= 300 ? 45_000 : 20_000;
/** The window is so much longer than what is killed in: recorders have to be started, and files sealed. */
const EDGES_MS = 45_000;

/**
 * A scheduled capture as long as a night, its packets in minutes: everybody is killed in turn, at random moments, and what was
 * kept and told is held against what was sent and what lay on the nodes.
 */
export const night: Bench = {
  name: "night",
  async *run() {
    const figure = { bench: "night" };
    await using session = await startSession({
      name: "bench-night",
      topology: await loadTopology(),
      entries: ["bot", "worker"],
      programs: { worker: "bench/night-worker.ts" },
      env: { NETCHECK_CAPTURE_MB: String(CAPTURE_MB) },
    });
    const kills = Array.from({ length: Math.floor((SECONDS * 1_000 - EDGES_MS) / KILL_EVERY_MS) }, (_, n) => ({
      atMs: (n + Math.random()) * KILL_EVERY_MS,
      victim: victims[n % victims.length] ?? "worker",
    }));
    const log = (line: string) => void process.stderr.write(`${line}\n`);
    const played = await playNight(session, { seconds: SECONDS, perSecond: PER_SECOND, kills, log });
    for (const line of played.left.slice(0, 50)) log(`left: ${line}`);
    yield { ...figure, metric: "kills", value: kills.length, unit: "kills" };
    for (const one of judgeNight(played, { captureMb: CAPTURE_MB })) yield { ...figure, ...one };
  },
};
