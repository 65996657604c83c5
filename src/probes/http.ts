import { spreadOf } from "../core/buckets.ts";
import type { Window } from "../core/check.ts";
import { type Evidence, evidenceOf } from "../core/evidence.ts";
import { type HttpData, type HttpOutcome, httpEvidence, httpOutcomes } from "../core/http-evidence.ts";
import { lineReader } from "../core/line-reader.ts";
import { packetsIn } from "../core/pace.ts";
import type { Leg, Plan, Vantage } from "../core/plan.ts";
import { type Speaks, spokenOn } from "../core/port-protocol.ts";
import type { Reader, SurveyProbe, TapContext } from "../core/probe.ts";

const TIMEOUT_MS = 5_000;
const FASTEST_MS = 1_500;
/** Requests per target that a long check is held to. */
const MAX_REQUESTS = 1_500;
/** Ports that one place asks: the Service address, the target, and further backends. */
const MAX_TARGETS = 3;
const BYTES_PER_LINE = 140;
/** Handshake, request, answer, two ends, and their acknowledgements, on Ethernet. */
const PACKETS_PER_REQUEST = 10;
const BYTES_PER_REQUEST = 1_100;

/** How a port is spoken to, by what it speaks. */
const modes: Readonly<Record<Speaks, HttpData["mode"]>> = {
  http: "head",
  tls: "tls",
  other: "hello",
  unknown: "hello",
};

/**
 * One small request (`HEAD / HTTP/1.1`) every 1.5 s to the real port where it speaks HTTP, in phases: connect, first byte,
 * end. Where it speaks TLS, the first message of a handshake and its answer. Where it speaks something else, or nobody knows
 * what, nothing is sent: connect, and 0.4 s of listening. Asked from
 * the source, from the target's own node and another pod of it, and inside the target's own network, where no network is between: what is slow
 * or resets there is the program itself.
 */
export const http: SurveyProbe = {
  kind: "survey",
  name: "http",
  wants: ({ at, plan }) => targetsAt(at, plan).length > 0,
  argv: ({ at, plan, view }) => [
    "netcheck-http",
    `${intervalMs(plan.window)}`,
    `${TIMEOUT_MS}`,
    ...targetsAt(at, plan).flatMap((leg) => [modes[spokenOn(leg, view)], leg.toIp, `${leg.port ?? 0}`]),
  ],
  maxBytes: ({ at, plan }) =>
    4_096 + targetsAt(at, plan).length * packetsIn(plan.window, intervalMs(plan.window)) * BYTES_PER_LINE,
  traffic: ({ at, plan }) => {
    // What a pod asks itself stays inside it.
    const perSecond = targetsAt(at, plan).filter(({ to }) => to !== at.id).length * (1_000 / intervalMs(plan.window));
    return { packetsPerSecond: perSecond * PACKETS_PER_REQUEST, bytesPerSecond: perSecond * BYTES_PER_REQUEST };
  },
  open: openHttp,
};

type Target = Pick<Leg, "id" | "to" | "toIp" | "port" | "scope">;

/** The legs that a place asks along: the source all asked ones, the target's node and a pod beside it; and the target itself. */
export function targetsAt(at: Vantage, { legs, vantages }: Pick<Plan, "legs" | "vantages">): readonly Target[] {
  const asked = legs.filter(({ port, part }) => port !== undefined && part !== "control");
  const isBeside = ({ to, port }: Leg): boolean =>
    vantages.find(({ id }) => id === to)?.node === at.node &&
    asked.some((leg) => leg.to === to && leg.port === port && port !== undefined);
  const mine = legs.filter((leg) => leg.from === at.id && (at.role === "from" ? asked.includes(leg) : isBeside(leg)));
  const self = asked.filter(({ to }) => to === at.id).map((leg) => ({ ...leg, id: `${at.id}>${at.id}:${leg.port}` }));
  const distinct = new Map([...self, ...mine].map((leg) => [`${leg.toIp}:${leg.port}`, leg]));
  return [...distinct.values()].slice(0, MAX_TARGETS);
}

function intervalMs({ startMs, endMs }: Window): number {
  return Math.max(FASTEST_MS, Math.ceil((endMs - startMs) / MAX_REQUESTS));
}

type Request = {
  readonly atMs: number;
  readonly outcome: HttpOutcome;
  readonly connectMs: number | undefined;
  readonly waitMs: number | undefined;
  readonly totalMs: number | undefined;
  readonly status: number;
  readonly resent: number;
  readonly unacked: number | undefined;
  readonly upstreamMs: number | undefined;
};

/** Reads the lines of `netcheck-http`; those still pending are left out. */
export function openHttp({ at, plan }: TapContext): Reader {
  const targets = new Map(
    targetsAt(at, plan).map((leg) => [
      `${leg.toIp} ${leg.port}`,
      { leg, mode: "hello" as HttpData["mode"], requests: [] as Request[] },
    ]),
  );
  const push = lineReader((line) => {
    const [start, address = "", port = "", mode, word = "", ...rest] = line.trim().split(/\s+/);
    const target = targets.get(`${address} ${port}`);
    const atMs = Number(start);
    const outcome = outcomeOf(word);
    if (!target || !(atMs > 0) || !outcome || rest.length < 7 || target.requests.length >= 2 * MAX_REQUESTS) return;
    const [connectMs, waitMs, totalMs, status, resent, unacked, , upstreamMs] = rest.map((text) => {
      const value = text === "-" ? Number.NaN : Number(text);
      return Number.isFinite(value) ? value : undefined;
    });
    if (mode === "head" || mode === "tls") target.mode = mode;
    target.requests.push({
      atMs,
      outcome,
      connectMs,
      waitMs,
      totalMs,
      status: status ?? 0,
      resent: resent ?? 0,
      unacked,
      upstreamMs,
    });
  });
  return {
    push,
    evidence: () =>
      [...targets.values()].flatMap(({ leg, mode, requests }) =>
        requests.length === 0 ? [] : [summed(leg, at, mode, requests)],
      ),
  };
}

function summed(leg: Target, at: Vantage, mode: HttpData["mode"], unordered: readonly Request[]): Evidence {
  const requests = unordered.toSorted((a, b) => a.atMs - b.atMs);
  const startMs = requests[0]?.atMs ?? 0;
  const outcomes: Partial<Record<HttpOutcome, number>> = {};
  const statuses: Record<string, number> = {};
  for (const { outcome, status } of requests) {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (status > 0) statuses[status] = (statuses[status] ?? 0) + 1;
  }
  const spread = (name: "connectMs" | "waitMs" | "totalMs" | "upstreamMs", of: readonly Request[]) => {
    const found = spreadOf(of.flatMap((request) => request[name] ?? []));
    return found ? { [name]: found } : {};
  };
  const answered = requests.filter(({ outcome }) => outcome === "answer");
  return evidenceOf(httpEvidence, leg.id, Math.max(...requests.map(({ atMs, totalMs = 0 }) => atMs + totalMs)), {
    from: at.id,
    to: leg.to,
    port: leg.port ?? 0,
    mode,
    sent: requests.length,
    outcomes,
    statuses,
    ...spread("connectMs", requests),
    ...spread("waitMs", answered),
    ...spread("totalMs", answered),
    ...spread("upstreamMs", answered),
    resent: requests.filter(({ resent }) => resent > 0).length,
    acknowledged: requests.filter(({ outcome, unacked }) => outcome === "no-answer" && unacked === 0).length,
    startMs,
    requests: requests.map(({ atMs, outcome, waitMs = 0, status }): [number, number, number, number] => [
      Math.round(atMs - startMs),
      httpOutcomes.indexOf(outcome),
      Number(waitMs.toFixed(2)),
      status,
    ]),
  });
}

function outcomeOf(word: string): HttpOutcome | undefined {
  if (word === "pending" || word === "") return undefined;
  if (/^(error:|unreachable-|no-port$|prohibited$)/.test(word)) return "failed";
  return httpOutcomes.find((known) => known === word && known !== "failed");
}
