import { type AskedPort, askedPorts, endedIn, handshaken } from "../core/asked-ports.ts";
import { hasOwnKernel, type NodeLoad, nodeLoadEvidence } from "../core/node-load.ts";
import { askedNodes } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { durationText } from "../core/units.ts";

/** Nodes whose clocks may be apart by more than this are apart for whatever compares times, µs. */
const WRONG_US = 50_000;
const MIN_REFUSED = 3;
const MIN_SHARE = 0.5;

/**
 * Nobody keeps the clock of a node on the path right (adjtimex says STA_UNSYNC, or that it is off by more than 50 ms), and what
 * depends on time fails: TLS handshakes end without an answer, or requests are refused as not allowed (401, 403). It breaks
 * certificates and tokens, never packets.
 * Fooled by machines whose clock is kept by the hypervisor and which say "unsynchronised" all the same, by kernels whose daemon
 * (ntpd, some chrony set-ups) never clears the flag, and by a clock that is wrong and harms nobody: all of these are cleared. Servers
 * that want a login answer 401 too: therefore only a possibility.
 */
export const clockUnsynchronised: Rule = {
  name: "clock-unsynchronised",
  title: "Clock of the node is not kept right",
  needs: [nodeLoadEvidence],
  evaluate(seen) {
    const read = askedNodes(seen.plan).filter((node) => seen.evidence.get(nodeLoadEvidence, `node/${node}`)?.clock);
    const suspicions = read.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0) return { status: "unknown", because: say("no node of the path tells of its clock") };
    return {
      status: "cleared",
      because: say("nothing failed that depends on clocks: {clocks}", {
        clocks: listed(read.map((node) => clockText(node, seen))),
      }),
    };
  },
};

function wrong(clock: NodeLoad["clock"]): boolean {
  return clock !== undefined && (!clock.synchronised || Math.abs(clock.offsetUs) > WRONG_US);
}

function clockText(node: string, { evidence }: Case): Sentence {
  const clock = evidence.get(nodeLoadEvidence, `node/${node}`)?.clock;
  return clock?.synchronised
    ? say("the clock of {node} is kept right to within {error}", {
        node,
        error: durationText(clock.maxErrorUs / 1_000),
      })
    : say("nobody keeps the clock of {node} right", { node });
}

/** What fails at a port in the way that a wrong clock makes it fail. */
function refusedAt({ at, port, source, self, node }: AskedPort): Sentence | undefined {
  for (const data of [self, node, source]) {
    if (!data) continue;
    const values = { port: `${port}`, pod: at.label };
    const of = handshaken(data);
    const ended = endedIn(data, "closed", "reset");
    if (data.mode === "tls" && ended >= MIN_REFUSED && ended >= MIN_SHARE * of)
      return say("port {port} of {pod} ended {bad} of {of} TLS handshakes without an answer", {
        ...values,
        bad: ended,
        of,
      });
    const refused = (data.statuses["401"] ?? 0) + (data.statuses["403"] ?? 0);
    if (refused >= MIN_REFUSED && refused >= MIN_SHARE * of)
      return say("port {port} of {pod} refused {bad} of {of} requests as not allowed (401, 403)", {
        ...values,
        bad: refused,
        of,
      });
  }
  return undefined;
}

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const clock = seen.evidence.get(nodeLoadEvidence, `node/${node}`)?.clock;
  // One clock for all nodes, as containers of a host have, is never apart from itself.
  if (!clock || !wrong(clock) || !hasOwnKernel(seen.evidence, node)) return [];
  const found = askedPorts(seen).flatMap((asked) => {
    const text = refusedAt(asked);
    return text ? [{ text, legs: asked.legs }] : [];
  });
  if (found.length === 0) return [];
  return [
    {
      status: "suspected",
      confidence: "possible",
      where: { kind: "node", name: node },
      because: [
        clock.synchronised
          ? say("the clock of {node} is off by {time} and being set", {
              node,
              time: durationText(Math.abs(clock.offsetUs) / 1_000),
            })
          : say("nobody keeps the clock of {node} right (adjtimex: STA_UNSYNC)", { node }),
        ...found.map(({ text }) => text),
      ],
      against: [say("a server that wants a login or another certificate refuses in the same way")],
      confirm: [`timedatectl; chronyc tracking || ntpq -pn; date -u   # on ${node}, and on another node`],
      advice: [
        say("Start chrony or systemd-timesyncd on {node}, and see that it reaches its time servers (UDP 123)", {
          node,
        }),
        say("Compare the time of {node} with the validity of certificates and tokens", { node }),
      ],
      explains: ["tls-failure", "mtls-mismatch", "mesh-certificate-expired"],
      legs: [...new Set(found.flatMap(({ legs }) => legs))],
    },
  ];
}
