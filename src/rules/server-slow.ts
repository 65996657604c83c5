import { type AskedPort, askedPorts, endedIn, notAsked, slowerThan } from "../core/asked-ports.ts";
import { isPod, placeOf } from "../core/elements.ts";
import { type HttpData, httpEvidence } from "../core/http-evidence.ts";
import { bracketed } from "../core/packet-address.ts";
import { suffers } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, type Sentence, say, type Text } from "../core/sentence.ts";
import { ascending, quantile } from "../core/stats.ts";
import { msText, percentText } from "../core/units.ts";
import { captureService } from "../pcap/capture-evidence.ts";
import { serversOf } from "../pcap/captured-opens.ts";
import { isWhole, tapsOf } from "../pcap/tap-evidence.ts";

/** First bytes of one small request that take longer are late, ms; more where the machine itself is busy. */
const SLOW_MS = 200;
const TIMES_BUSY = 5;
const MIN_REQUESTS = 4;
const MIN_SLOW = 3;
/** One slow request in many is nobody's fault. */
const MIN_SHARE = 0.15;

/**
 * The program itself is slow, not the network: connects are answered at once (the kernel does that), the first byte of the
 * answer comes late (200 ms or more, for at least 15 % and three of the requests) or not within 5 s.
 * Decisive is the same wait inside the target's own network, where no network is between. Where that was not measured,
 * the wait has to be seen from its own node, or on a path without losses and delays.
 * A capture at the target's own device tells as well how long answers took there.
 * Fooled by a path that loses or delays (then only the target's own network counts), by a sidecar in front of the program
 * (its own network is fast then: sidecar-starved), by one slow request in many, and by a busy node (what its own echoes
 * wait is allowed for).
 */
export const serverSlow: Rule = {
  name: "server-slow",
  title: "Server answers slowly",
  needs: [httpEvidence],
  evaluate(seen) {
    const ports = askedPorts(seen).filter(({ source, self, node }) => [source, self, node].some(isAsked));
    const suspicions = ports.flatMap((port) => suspect(port, seen));
    if (suspicions.length > 0) return suspicions;
    const fast = ports.flatMap(({ source, self, ...rest }) => {
      const data = [source, self].find((one) => one && isAsked(one) && endedIn(one, "answer") >= MIN_REQUESTS);
      return data?.waitMs ? [{ ...rest, wait: data.waitMs }] : [];
    })[0];
    if (!fast) return { status: "unknown", because: notAsked(askedPorts(seen)) };
    return {
      status: "cleared",
      because: say("port {port} of {pod} answers requests within {p50} (p50), {p99} (p99)", {
        port: `${fast.port}`,
        pod: fast.at.label,
        p50: msText(fast.wait.p50),
        p99: msText(fast.wait.p99),
      }),
    };
  },
};

const isAsked = (data: HttpData | undefined): data is HttpData => data !== undefined && data.mode !== "hello";

function suspect(asked: AskedPort, seen: Case): readonly Suspicion[] {
  const { at, port, source, node, self, legs } = asked;
  const limitMs = Math.max(SLOW_MS, TIMES_BUSY * (seen.comparison.busy.get(at.node) ?? 0));
  const late = (data: HttpData | undefined): boolean => {
    if (!isAsked(data)) return false;
    const { slow, of } = slowerThan(data, limitMs);
    return of >= MIN_REQUESTS && slow >= MIN_SLOW && slow / of >= MIN_SHARE;
  };
  const outside = [source, node].find(late);
  const inside = late(self) ? self : undefined;
  if (!inside && (self !== undefined || !outside)) return [];
  const captured = capturedAt(asked, seen);
  // Its answers leave at once: what makes them late is on the way.
  if (!inside && captured && captured.longestAnswerMs < limitMs) return [];
  const lateThere = captured !== undefined && captured.meanAnswerMs >= limitMs;
  // A path that works and shows nothing of it contradicts what is measured inside.
  if (inside && source && isAsked(source) && !late(source) && slowerThan(source, limitMs).of >= MIN_REQUESTS) return [];
  const results = legs.flatMap((id) => seen.comparison.legs.get(id) ?? []);
  const troubled = results.some((result) => suffers(result)) || seen.comparison.late.some(({ onPath }) => onPath);
  if (!inside && !lateThere && (troubled || (outside === source && outside && outside.resent > 0))) return [];
  const clean = outside ? cleanText(outside, seen) : undefined;
  return [
    {
      status: "suspected",
      confidence: outside && (inside || lateThere) ? "certain" : "likely",
      where: placeOf(at),
      because: [
        ...(outside ? [waitText(outside, limitMs, asked, seen)] : []),
        ...(inside
          ? [
              say(
                "it is not the network: inside the network of {pod} itself, with no network between, the first byte takes {wait}",
                {
                  pod: at.label,
                  wait: spreadText(inside),
                },
              ),
            ]
          : []),
        ...(captured && lateThere
          ? [
              say(
                "captured at {tap}: requests arrived, and {answers} left only {mean} later on average, {longest} at the longest",
                {
                  tap: captured.tap,
                  answers: counted(captured.answers, "answer"),
                  mean: msText(captured.meanAnswerMs),
                  longest: msText(captured.longestAnswerMs),
                },
              ),
            ]
          : []),
        ...(clean && !troubled ? [clean] : []),
      ],
      against:
        inside || lateThere ? [] : [say("nothing could be asked inside the network of {pod}", { pod: at.label })],
      confirm: [
        curl(at, port, outside ?? inside),
        ...(isPod(at) ? [`kubectl top pod -n ${at.label.replace("/", " ")} --containers`] : []),
      ],
      advice: [
        say(
          "Look at what {pod} waits for while it answers: its log, its database and other services it calls, its CPU limit; the network needs no change",
          {
            pod: at.label,
          },
        ),
      ],
      explains: ["http-error", "high-latency"],
      legs: [...legs],
    },
  ];
}

/** How long answers took at the target's own device, when enough of them were recorded there. */
function capturedAt({ at, port }: AskedPort, { plan, evidence }: Case) {
  const tap = tapsOf(evidence).find(({ netns, kind }) => kind === "pod" && netns === at.netns);
  if (!tap || !isWhole(tap, evidence)) return undefined;
  return serversOf(at, port, plan)
    .flatMap((server) => evidence.get(captureService, `${tap.label} ${server}`) ?? [])
    .filter(({ answers }) => answers >= MIN_REQUESTS)
    .map((service) => ({ tap: tap.label, ...service }))[0];
}

/** One request by hand, its phases in seconds. */
function curl({ ip, label }: AskedPort["at"], port: number, data: HttpData | undefined): string {
  const [begin, scheme] = data?.mode === "tls" ? ["curl -ks", "https"] : ["curl -s", "http"];
  const phases = "connect %{time_connect} TLS %{time_appconnect} first byte %{time_starttransfer}";
  return `${begin}So /dev/null -w '${phases}\\n' ${scheme}://${bracketed(ip)}:${port}/   # in the network of ${label}`;
}

/** `from shop/web: connects take 0.3 ms, the first byte p50 3 s …`. */
function waitText(data: HttpData, limitMs: number, { at, port }: AskedPort, { plan }: Case): Sentence {
  const { slow, of } = slowerThan(data, limitMs);
  const from = plan.vantages.find(({ id }) => id === data.from)?.label ?? data.from;
  return say(
    "port {port} of {pod} accepts connections of {from} within {connect}, but the first byte of the answer takes {wait}: {slow} of {of} ({share}) wait {limit} or longer",
    {
      port: `${port}`,
      pod: at.label,
      from,
      connect: msText(data.connectMs?.p50 ?? 0),
      wait: spreadText(data),
      slow,
      of: counted(of, "request"),
      share: percentText(slow / of),
      limit: msText(limitMs),
    },
  );
}

/** p50 and p99 of what requests waited, unanswered ones as far as they were waited for. */
function spreadText(data: HttpData): Text {
  const waits = ascending(data.requests.map(([, , waitMs]) => waitMs));
  const [p50 = 0, p99 = 0] = [0.5, 0.99].map((q) => quantile(waits, q));
  const unanswered = endedIn(data, "no-answer");
  const values = { p50: msText(p50), p99: msText(p99), requests: counted(data.sent, "request") };
  return unanswered === 0
    ? say("{p50} (p50), {p99} (p99) over {requests}", values)
    : say("{p50} (p50), {p99} (p99) over {requests}, of which {unanswered} got no answer at all in that time", {
        ...values,
        unanswered,
      });
}

/** What the kernel says of these very connections. */
function cleanText(data: HttpData, { plan }: Case): Sentence | undefined {
  if (data.resent > 0) return undefined;
  const from = plan.vantages.find(({ id }) => id === data.from)?.label ?? data.from;
  return say("the transport is clean: of {requests} from {from} no segment had to be sent again", {
    requests: counted(data.sent, "request"),
    from,
  });
}
