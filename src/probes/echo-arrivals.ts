import { type Evidence, evidenceOf } from "../core/evidence.ts";
import { arrivalEvidence } from "../core/leg-evidence.ts";
import { lineReader } from "../core/line-reader.ts";
import { echoId, packetsIn, pingIntervalMs } from "../core/pace.ts";
import { encodeTimes } from "../core/packet-series.ts";
import type { Leg } from "../core/plan.ts";
import type { Reader, TapContext, TapProbe } from "../core/probe.ts";

const BYTES_PER_LINE = 110;
const MAX_SEQUENCE = 65_000;

/** tcpdump writes `ICMP echo request` and `ICMP6, echo request`. */
const ECHO_REQUEST = /^(\d+\.\d+) IP6? \S+ > \S+: ICMP6?,? echo request, id (\d+), seq (\d+)/;

/**
 * Our echo requests as they arrive at a vantage point, seen by a text tap on its own interface. It tells a request
 * that was lost or late on the way out from a reply that was lost or late on the way back, which no ping can.
 * Only requests are recorded, and nothing of their content. The clock offset between nodes cancels: lateness counts
 * from the earliest arrival.
 */
export const echoArrivals: TapProbe = {
  kind: "tap",
  name: "echo-arrivals",
  wants: (at, legs) => legs.some((leg) => heard(leg, at.id)),
  argv: ({ at }) => ["netcheck-echo", at.ip],
  maxBytes: ({ at, plan }) =>
    plan.legs.reduce((bytes, leg, index) => {
      if (!heard(leg, at.id)) return bytes;
      return bytes + packetsIn(plan.window, pingIntervalMs(index, plan.window)) * BYTES_PER_LINE;
    }, 65_536),
  open: openArrivals,
};

/** A pod reaches its own node by the bridge, not by the device that is tapped; Services answer no echo. */
function heard(leg: Leg, vantage: string): boolean {
  if (leg.to !== vantage || leg.port !== undefined) return false;
  return !(leg.scope === "local" && leg.to.startsWith("node/"));
}

/** Reads what `tcpdump -n -tt -l` writes about echo requests. */
export function openArrivals({ at, plan }: TapContext): Reader {
  const byId = new Map<number, { leg: Leg; intervalMs: number; times: (number | undefined)[] }>();
  for (const [index, leg] of plan.legs.entries())
    if (heard(leg, at.id))
      byId.set(echoId(plan.check, index), { leg, intervalMs: pingIntervalMs(index, plan.window), times: [] });
  let fromMs: number | undefined;
  let toMs = 0;

  const push = lineReader((line) => {
    const match = ECHO_REQUEST.exec(line);
    if (!match) return;
    const timeMs = Number(match[1]) * 1_000;
    fromMs ??= timeMs;
    toMs = Math.max(toMs, timeMs);
    const stream = byId.get(Number(match[2]));
    const sequence = Number(match[3]);
    if (!stream || sequence < 1 || sequence > MAX_SEQUENCE) return;
    while (stream.times.length < sequence) stream.times.push(undefined);
    stream.times[sequence - 1] ??= timeMs;
  });

  return {
    push,
    evidence: (): readonly Evidence[] => {
      if (fromMs === undefined) return [];
      const tapFromMs = fromMs;
      return [...byId.values()].map(({ leg, intervalMs, times }) => {
        const first = times.findIndex((time) => time !== undefined);
        const startMs = Number(((times[first] ?? tapFromMs) - Math.max(0, first) * intervalMs).toFixed(1));
        return evidenceOf(arrivalEvidence, leg.id, toMs, {
          arrived: times.filter((time) => time !== undefined).length,
          tapFromMs,
          tapToMs: toMs,
          startMs,
          intervalMs,
          times: encodeTimes(times, { startMs, stepMs: intervalMs }),
        });
      });
    },
  };
}
