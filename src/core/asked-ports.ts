import { endsOf, isPod } from "./elements.ts";
import { type HttpData, type HttpOutcome, httpEvidence, httpOutcomes } from "./http-evidence.ts";
import { asked } from "./path-facts.ts";
import type { Vantage } from "./plan.ts";
import type { Case } from "./rule.ts";
import { type Sentence, say } from "./sentence.ts";

/** A port of the asked path, and how the program behind it answered from each place. */
export type AskedPort = {
  readonly at: Vantage;
  readonly port: number;
  /** Ids of the asked TCP legs that end there. */
  readonly legs: readonly string[];
  /** From the source of the check. */
  readonly source: HttpData | undefined;
  /** From the target's own node. */
  readonly node: HttpData | undefined;
  /** From another pod of its node. */
  readonly beside: HttpData | undefined;
  /** From inside the target's own network: no network is between, nor a sidecar. */
  readonly self: HttpData | undefined;
};

/** All ports that the check connects to at places of its own, with what was asked of the programs behind them. */
export function askedPorts({ plan, evidence }: Case): readonly AskedPort[] {
  const legs = plan.legs.filter((leg) => leg.port !== undefined && asked(leg) && endsOf(leg, plan).to);
  return [...Map.groupBy(legs, ({ to, port }) => `${to}:${port}`).values()].flatMap((same): AskedPort[] => {
    const [leg] = same;
    const at = leg && endsOf(leg, plan).to;
    const port = leg?.port;
    if (!leg || !at || port === undefined) return [];
    const from = (id: string | undefined): HttpData | undefined =>
      id === undefined ? undefined : evidence.get(httpEvidence, `${id}>${at.id}:${port}`);
    const beside = plan.vantages.find(
      ({ id, node, role }) => role === "control" && node === at.node && isPod({ id }) && from(id) !== undefined,
    )?.id;
    const source = plan.vantages.find(({ role }) => role === "from")?.id;
    return [
      {
        at,
        port,
        legs: same.map(({ id }) => id),
        source: from(source),
        node: at.id === `node/${at.node}` ? undefined : from(`node/${at.node}`),
        beside: from(beside),
        self: source === at.id ? undefined : from(at.id),
      },
    ];
  });
}

/** How many connections ended in one of these ways. */
export function endedIn({ outcomes }: HttpData, ...wanted: readonly HttpOutcome[]): number {
  return wanted.reduce((sum, outcome) => sum + (outcomes[outcome] ?? 0), 0);
}

/** Connections that got through the handshake, and were reset after it or not. */
export function handshaken(data: HttpData): number {
  return endedIn(data, "answer", "greeting", "quiet", "no-answer", "closed", "reset");
}

/**
 * Requests that waited at least this long for the first byte, of all that can tell; unanswered ones waited too. A round
 * trip, as the handshake took it, is the network's part of the wait.
 */
export function slowerThan(
  { requests, connectMs }: HttpData,
  ms: number,
): { readonly slow: number; readonly of: number } {
  let slow = 0;
  let of = 0;
  for (const [, index, waitMs] of requests) {
    const outcome = httpOutcomes[index];
    if (outcome !== "answer" && outcome !== "no-answer") continue;
    of++;
    if (waitMs - (connectMs?.p50 ?? 0) >= ms || outcome === "no-answer") slow++;
  }
  return { slow, of };
}

/** Why nothing is known of how programs answer. */
export function notAsked(ports: readonly AskedPort[]): Sentence {
  return ports.some(({ source, self }) => source?.mode === "hello" || self?.mode === "hello")
    ? say("nothing is written to a port that does not plainly speak HTTP or TLS: only its connects were timed")
    : say("no program behind an asked port answered HTTP requests");
}
