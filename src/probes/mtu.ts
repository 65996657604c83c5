import { type Evidence, evidenceOf } from "../core/evidence.ts";
import { isIpv6 } from "../core/ip-family.ts";
import { lineReader } from "../core/line-reader.ts";
import type { Leg, Vantage } from "../core/plan.ts";
import type { Reader, SurveyProbe, TapContext } from "../core/probe.ts";
import { mtuEvidence, type Transfer, type Way } from "../core/size-evidence.ts";
import { type Echo, limitOf } from "../core/size-limit.ts";
import { type SizedWay, sizedWays } from "../core/sized-ways.ts";

/** Longest line, and how many a way prints while a limit is searched and in each later round. */
const BYTES_PER_LINE = 90;
const LINES_OF_SEARCH = 200;
const LINES_PER_ROUND = 12;
const MAX_ECHOES = 4_000;
const MAX_TRANSFERS = 12;
const MAX_REPORTERS = 4;
/** Ethernet, and the usual size of a packet on it. */
const FRAME = 1_514;
/** A transfer is two full frames and about ten small ones. */
const BYTES_PER_TRANSFER = 2 * FRAME + 10 * 70;
/** Transfers come at half the pace of echoes. */
const ROUNDS_PER_TRANSFER = 2;

/**
 * The largest packet that crosses, by `netcheck-mtu`: echoes that must not be fragmented, from 1 answer in a healthy network
 * to a search down to the byte where the largest stays unanswered, and two full-size TCP segments to our own listener at
 * the far end as the proof. It says whether "fragmentation needed" came back, and from whom.
 */
export const mtu: SurveyProbe = {
  kind: "survey",
  name: "mtu",
  wants: ({ at, plan }) => waysAt(at, plan).length > 0 || listens(at, plan),
  argv: ({ at, plan }) => [
    "netcheck-mtu",
    plan.check,
    at.ip,
    `${portOf(plan.check)}`,
    ...waysAt(at, plan).flatMap(({ leg, everyMs, kind }) => [leg.toIp, `${everyMs}`, kind]),
  ],
  maxBytes: ({ at, plan }) =>
    4_096 +
    waysAt(at, plan).reduce((bytes, { everyMs }) => {
      const rounds = (plan.window.endMs - plan.window.startMs) / everyMs;
      return bytes + (LINES_OF_SEARCH + rounds * LINES_PER_ROUND) * BYTES_PER_LINE;
    }, 0),
  traffic: ({ at, plan }) => {
    const seconds = (plan.window.endMs - plan.window.startMs) / 1_000;
    let [packets, bytes] = [0, 0];
    for (const { everyMs, kind } of waysAt(at, plan)) {
      const rounds = Math.ceil((seconds * 1_000) / everyMs);
      if (kind !== "tcp") [packets, bytes] = [packets + 2 * rounds, bytes + 2 * FRAME * rounds];
      const transfers = Math.ceil(rounds / ROUNDS_PER_TRANSFER);
      if (kind !== "echo") [packets, bytes] = [packets + 12 * transfers, bytes + BYTES_PER_TRANSFER * transfers];
    }
    return { packetsPerSecond: packets / seconds, bytesPerSecond: bytes / seconds };
  },
  open: openMtu,
};

function waysAt(at: Vantage, plan: TapContext["plan"]): readonly SizedWay[] {
  return sizedWays(plan).filter(({ leg }) => leg.from === at.id);
}

function listens(at: Vantage, plan: TapContext["plan"]): boolean {
  return sizedWays(plan).some(({ leg, kind }) => leg.to === at.id && kind !== "echo");
}

/** Where our own listeners wait: above the ports that systems hand out by default, and different from check to check. */
export function portOf(check: string): number {
  let hash = 11;
  for (const char of check) hash = (hash * 31 + char.charCodeAt(0)) % 4_001;
  return 61_100 + hash;
}

type Entry = {
  device?: string;
  deviceMtu?: number;
  routeMtu?: number;
  readonly echoes: Map<number, Echo>;
  readonly reporters: Map<string, { from: string; mtu: number; count: number }>;
  readonly transfers: Transfer[];
};

/** Reads what `netcheck-mtu` prints; see there. */
export function openMtu({ at, plan }: TapContext): Reader {
  const entries = new Map<string, { readonly leg: Leg; readonly entry: Entry }>();
  for (const { leg } of waysAt(at, plan))
    entries.set(leg.toIp, { leg, entry: { echoes: new Map(), reporters: new Map(), transfers: [] } });
  let listening = false;
  let newestMs = 0;

  const push = lineReader((line) => {
    const [what = "", time, ip = "", ...words] = line.trim().split(/\s+/);
    const atMs = Number(time);
    if (!Number.isFinite(atMs) || atMs <= 0) return;
    newestMs = Math.max(newestMs, atMs);
    if (what === "L") listening ||= ip === "listening";
    const entry = entries.get(ip)?.entry;
    if (!entry) return;
    if (what === "R") {
      const [device = "-", deviceMtu, routeMtu] = words;
      if (device !== "-") entry.device = device;
      if (Number(deviceMtu) > 0) entry.deviceMtu = Number(deviceMtu);
      if (Number(routeMtu) > 0) entry.routeMtu = Number(routeMtu);
    }
    if (what === "E") readEcho(entry, atMs, words);
    if (what === "T") readTransfer(entry, atMs, words, isIpv6(ip) ? 60 : 40);
  });

  return {
    push,
    evidence: (): readonly Evidence[] => {
      if (newestMs === 0) return [];
      const ways = [...entries.values()].map(({ leg, entry }) => wayOf(leg, entry));
      return [evidenceOf(mtuEvidence, at.id, newestMs, { listening, ways })];
    },
  };
}

function readEcho(entry: Entry, atMs: number, [sequence, bytes, outcome, ...more]: readonly string[]): void {
  const key = Number(sequence);
  const size = Number(bytes);
  if (!Number.isInteger(key) || !Number.isInteger(size) || size <= 0) return;
  if (entry.echoes.size >= MAX_ECHOES && !entry.echoes.has(key)) return;
  if (outcome === "ok") entry.echoes.set(key, { atMs: entry.echoes.get(key)?.atMs ?? atMs, size, answered: true });
  else if (outcome === "lost" || outcome === "frag" || outcome === "unreach")
    entry.echoes.set(key, { atMs, size, answered: false });
  if (outcome !== "frag") return;
  const [from = "", mtu] = more;
  const name = `${from} ${mtu}`;
  const known = entry.reporters.get(name);
  if (known) known.count++;
  else if (entry.reporters.size < MAX_REPORTERS) entry.reporters.set(name, { from, mtu: Number(mtu) || 0, count: 1 });
}

const OUTCOMES: readonly Transfer["outcome"][] = [
  "done",
  "stalled",
  "refused",
  "timeout",
  "unreachable",
  "foreign",
  "closed",
];
/** Bit of tcpi_options: every segment carries 12 bytes of time stamps. */
const TIMESTAMPS = 1;

/** `headers`: those of IP and TCP in bytes, without options. */
function readTransfer(entry: Entry, atMs: number, words: readonly string[], headers: number): void {
  const [size, word, ms, bytes, mss, pmtu, options, , backoff, resent] = words;
  const outcome = OUTCOMES.find((known) => known === word);
  if ((size !== "full" && size !== "small") || !outcome || !Number.isFinite(Number(ms))) return;
  const number = (text: string | undefined): number | undefined =>
    text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  const segment = number(mss);
  const packet = segment === undefined ? undefined : segment + headers + ((number(options) ?? 0) & TIMESTAMPS ? 12 : 0);
  const optional = { packet, pmtu: number(pmtu), backoff: number(backoff), resent: number(resent) };
  const known = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  entry.transfers.push({ atMs, size, outcome, ms: Number(ms), bytes: number(bytes) ?? 0, ...known });
  // The first ones tell when it began, the last ones how it is.
  if (entry.transfers.length > MAX_TRANSFERS) entry.transfers.splice(MAX_TRANSFERS / 2, 1);
}

function wayOf(leg: Leg, { device, deviceMtu, routeMtu, echoes, reporters, transfers }: Entry): Way {
  const all = [...echoes.values()];
  const sizes = all.flatMap(({ size, answered }) => (answered ? [size] : []));
  const limit = limitOf(all);
  return {
    to: leg.to,
    ...(device === undefined ? {} : { device }),
    ...(deviceMtu === undefined ? {} : { deviceMtu }),
    ...(routeMtu === undefined ? {} : { routeMtu }),
    sent: all.length,
    answered: sizes.length,
    ...(sizes.length === 0 ? {} : { largest: Math.max(...sizes) }),
    ...(limit ? { limit } : {}),
    fragNeeded: [...reporters.values()],
    transfers: [...transfers],
  };
}
