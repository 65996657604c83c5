import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadTopology } from "#lab/cluster/topology.ts";
import { playCommand } from "#lab/play.ts";
import { startSession } from "#lab/session.ts";
import { countedTraffic } from "#test/support/night/counted-traffic.ts";
import type { Bench } from "./figure.ts";

const MB_PER_S = 1;
const SECONDS = 60;
/** Ten points record some 310 bytes of each, twice the budget together: not all of it comes before the check ends. */
const PER_SECOND = 6_000;
const LOOK_MS = 250;
const SPAN_S = 10;
/** Files are fetched whole, and show when they are: each worker may owe one of each node when its budget is used up. */
const [WORKERS, NODES, FILE_MB] = [2, 2, 8];
const MOST_MB = MB_PER_S * (SPAN_S + 2) + WORKERS * NODES * FILE_MB;

/** How fast recorded packets come from a cluster when more is recorded than two workers together may fetch. */
export const fetchBudget: Bench = {
  name: "fetch",
  async *run() {
    const figure = { bench: "fetch" };
    await using session = await startSession({
      name: "bench-fetch",
      topology: await loadTopology(),
      entries: ["bot", "worker", "worker"],
      env: { NETCHECK_FETCH_MB_PER_S: String(MB_PER_S) },
    });
    await using _traffic = await countedTraffic(session.lab.cluster, {
      ...{ from: "default/web-0", to: "default/db-0", perSecond: PER_SECOND },
    });
    const root = join(session.folder, "artifacts", "captures");
    const looks: { readonly atMs: number; readonly bytes: number }[] = [];
    const over = new AbortController();
    const watching = (async () => {
      while (!over.signal.aborted) {
        looks.push({ atMs: performance.now(), bytes: segmentBytes(root) });
        await sleep(LOOK_MS);
      }
    })();
    const { report } = await playCommand(session, `capture web-0 db-0 ${SECONDS}s`, { timeoutMs: 400_000 });
    over.abort();
    await watching;
    const all = looks.at(-1);
    if (!all || all.bytes === 0) throw new Error("nothing was fetched");
    const mb = (bytes: number): number => Math.round(bytes / 1e5) / 10;
    const most = Math.max(
      ...looks.map(({ atMs, bytes }) => bytes - (looks.findLast((one) => one.atMs <= atMs - SPAN_S * 1e3)?.bytes ?? 0)),
    );
    const rate = all.bytes / 1e3 / (all.atMs - (looks[0]?.atMs ?? 0));
    yield { ...figure, metric: "budget of the cluster", value: MB_PER_S, unit: "MB/s" };
    yield { ...figure, metric: "workers", value: 2, unit: "processes" };
    yield { ...figure, metric: "fetched", value: mb(all.bytes), unit: "MB" };
    yield {
      ...figure,
      metric: "let go",
      value: report.captures.reduce((sum, { letGo = 0 }) => sum + letGo, 0),
      unit: "files",
    };
    yield {
      ...{
        ...figure,
        metric: "fetched per second of the whole check",
        value: Math.round(rate * 100) / 100,
        unit: "MB/s",
      },
      ...{ wanted: `≤ ${MB_PER_S * 1.1}`, met: rate <= MB_PER_S * 1.1 },
    };
    yield {
      ...{ ...figure, metric: `most that came within ${SPAN_S} s`, value: mb(most), unit: "MB" },
      ...{ wanted: `≤ ${MOST_MB}`, met: most <= MOST_MB * 1e6 },
    };
  },
};

function segmentBytes(root: string): number {
  try {
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter(({ name }) => name.endsWith(".pcap"))
      .reduce(
        (sum, { parentPath, name }) => sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0),
        0,
      );
  } catch {
    return 0; // not there yet
  }
}
