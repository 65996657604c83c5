import { msText, percentText } from "#src/core/units.ts";
import { counted, type FindingKind, type Found, SLOW_NS, secondsText, whenText } from "./finding.ts";
import { DATA_PACKETS, FAST, OUT_OF_ORDER, RETRANSMISSIONS, SPURIOUS, TIMEOUTS } from "./flow-layout.ts";
import type { Example, ServiceTotals, Trouble } from "./service-totals.ts";

/** From here on it is worth a sentence; below, a healthy network does it too. */
const LEAST = 3;
const LEAST_SHARE = 0.005;
/** A time-out stops a connection for 200 ms and more: a smaller share of them is felt. */
const LEAST_TIMEOUT_SHARE = 0.001;
const LEAST_ZERO_NS = 200e6;
const LEAST_FULL_NS = 1e9;
/** So many answers show what is usual for a service; a mean above this is no time that a program needs. */
const HABIT = 5;
const HABITUAL_NS = 333e6;

const ms = (ns: number): number => Math.round(ns / 1e3) / 1e3;

/** What is wrong with the connections of a service, in sentences. */
export function serviceFindings(service: ServiceTotals): Found[] {
  return [
    blackHole(service),
    tooBig(service),
    loss(service),
    refused(service),
    unanswered(service),
    halfOpen(service),
    slowHandshake(service),
    foreignReset(service),
    reset(service),
    stall(service),
    receiverStopped(service),
    receiverLimited(service),
    slow(service),
    reordering(service),
    needless(service),
  ].flatMap((found) => (found ? [found] : []));
}

/** Puts a finding together; `text` is told the example and the words for it. */
function found(
  service: ServiceTotals,
  trouble: Trouble,
  kind: FindingKind,
  numbers: Readonly<Record<string, number>>,
  text: (example: Example, when: string) => string,
): Found | undefined {
  const example = service.examples.get(trouble);
  if (!example) return undefined;
  const { ends, atNs, packet } = example;
  return { kind, text: text(example, whenText(atNs, packet)), numbers, flow: ends, atNs, packet };
}

const speaker = ({ by, ends }: Example): string => `the ${by} (${by === "client" ? ends.client : ends.server})`;
const listener = ({ by, ends }: Example): string =>
  by === "client" ? `the server (${ends.server})` : `the client (${ends.client})`;

function blackHole(service: ServiceTotals): Found | undefined {
  if (service.blackHoles === 0) return undefined;
  const { blackHoles, blackHoleBytes: bytes } = service;
  return found(service, "blackHole", "mtu-black-hole", { connections: blackHoles, bytes }, (example, when) => {
    const times = example.score + 1;
    const told = service.blackHolesTold > 0 ? "the sender does not heed the router that says so" : "nobody says so";
    return `${service.server}: full-size segments of ${bytes} bytes do not get through in ${counted(blackHoles, "connection")}, smaller ones do: the path has a smaller MTU, and ${told}. Worst: ${speaker(example)} sent the same one ${times} times, first again ${when}.`;
  });
}

function tooBig(service: ServiceTotals): Found | undefined {
  if (service.tooBig === 0) return undefined;
  return found(
    service,
    "tooBig",
    "fragmentation-needed",
    { connections: service.tooBig },
    (example, when) =>
      `${service.server}: in ${counted(service.tooBig, "connection")} a router said that a segment is too big, and it was sent again as it was for a second and more and never acknowledged: the messages do not reach the sender, or it does not heed them. For example ${speaker(example)}, told ${when}.`,
  );
}

function loss(service: ServiceTotals): Found | undefined {
  const { counts } = service;
  // SYNs are no data: those who wait for a connection are told of apart.
  const resent =
    (counts[RETRANSMISSIONS] as number) - (counts[SPURIOUS] as number) - service.synsAgain - service.inVain;
  const timeouts = counts[TIMEOUTS] as number;
  const segments = counts[DATA_PACKETS] as number;
  const share = resent / Math.max(1, segments);
  if (segments === 0 || resent < LEAST) return undefined;
  if (share < LEAST_SHARE && timeouts / segments < LEAST_TIMEOUT_SHARE) return undefined;
  const numbers = { sentAgain: resent, segments, share, timeouts, fast: counts[FAST] as number };
  return found(service, "loss", "loss", numbers, (example, when) => {
    const overtaken = counts[OUT_OF_ORDER] as number;
    const doubt =
      overtaken * 2 >= resent ? ` ${overtaken} were overtaken: to their sender they may have looked lost only.` : "";
    const ways = `${timeouts} after a time-out, ${counts[FAST]} after duplicate ACKs`;
    return `${service.server}: ${resent} of ${segments} segments (${percentText(share)}) had to be sent again, ${ways}. Worst: ${speaker(example)} sent ${example.score} again to ${listener(example)}, first ${when}.${doubt}`;
  });
}

function refused(service: ServiceTotals): Found | undefined {
  if (service.refused === 0) return undefined;
  return found(
    service,
    "refused",
    "connection-refused",
    { refused: service.refused, byIcmp: service.refusedByIcmp, tried: service.flows },
    ({ ends }, when) =>
      `${service.server} refused ${service.refused} of ${counted(service.flows, "connection")} ${refusedHow(service)}. For example ${ends.client} ${when}.`,
  );
}

function refusedHow({ refused, refusedByIcmp }: ServiceTotals): string {
  const byIcmp = "an ICMP message (a port without a program, a Service without endpoints, or a firewall)";
  const byReset = "a reset: nothing listens there, or something says so in its name";
  if (refusedByIcmp === 0) return `with ${byReset}`;
  return refusedByIcmp === refused ? `with ${byIcmp}` : `(${refusedByIcmp} with ${byIcmp}), the others with ${byReset}`;
}

function unanswered(service: ServiceTotals): Found | undefined {
  if (service.unanswered === 0) return undefined;
  const numbers = { unanswered: service.unanswered, tried: service.flows };
  return found(
    service,
    "unanswered",
    "connection-unanswered",
    numbers,
    (example, when) =>
      `${service.server} never answered ${service.unanswered} of ${counted(service.flows, "connection")}. Worst: ${example.ends.client} sent ${counted(example.score, "SYN")}, the first ${when}.`,
  );
}

function halfOpen(service: ServiceTotals): Found | undefined {
  if (service.halfOpen === 0) return undefined;
  const numbers = { halfOpen: service.halfOpen, tried: service.flows };
  return found(
    service,
    "halfOpen",
    "connection-half-open",
    numbers,
    (example, when) =>
      `${service.server} answered the SYN of ${service.halfOpen} of ${counted(service.flows, "connection")}, and the client never acknowledged it: the answers get lost behind this place, or the client is not there. Worst: ${example.ends.client}, answered ${counted(example.score, "time")}, its SYN ${when}.`,
  );
}

function slowHandshake(service: ServiceTotals): Found | undefined {
  if (service.slowHandshakes === 0) return undefined;
  const { slowHandshakes: slow, established, longestHandshakeNs } = service;
  const numbers = { slow, established, longestMs: ms(longestHandshakeNs) };
  return found(
    service,
    "handshake",
    "handshake-slow",
    numbers,
    (example, when) =>
      `${service.server}: ${slow} of ${counted(established, "connection")} took about a second or more to open: SYNs or their answers were lost, or dropped because a queue of the server was full. The longest, of ${example.ends.client}, took ${msText(numbers.longestMs)} from its first SYN ${when}.`,
  );
}

function foreignReset(service: ServiceTotals): Found | undefined {
  const { foreignResets: resets, foreignCertain: certain } = service;
  if (resets === 0) return undefined;
  return found(service, "foreignReset", "reset-from-elsewhere", { resets, certain }, (example, when) => {
    const sure = [
      ...(certain > 0 ? [`certainly ${certain}: that side went on afterwards`] : []),
      ...(certain < resets
        ? [`probably ${resets - certain}: neither TTL nor IP ID or time stamp are that side's`]
        : []),
    ].join("; ");
    return `${service.server}: ${counted(resets, "reset")} came from something between the two ends, not from the side in whose name they were sent (${sure}). For example in the name of ${speaker(example)} ${when}.`;
  });
}

function reset(service: ServiceTotals): Found | undefined {
  const { resetsWithData, resetsIdle, resetsOtherTtl: otherTtl } = service;
  if (resetsWithData + resetsIdle === 0) return undefined;
  const connections = resetsWithData + resetsIdle;
  const numbers = { connections, withDataInFlight: resetsWithData, idle: resetsIdle, otherTtl };
  return found(service, "reset", "reset", numbers, (example, when) => {
    const doubt =
      otherTtl === 0
        ? ""
        : ` ${otherTtl} of them had another TTL than what came before from that side: perhaps something on the way sent them.`;
    return `${service.server}: ${counted(resetsWithData, "connection")} ended by a reset with data in flight, ${resetsIdle} by a reset of the server while idle. For example ${speaker(example)} reset the connection with ${listener(example)} ${when}.${doubt}`;
  });
}

function stall(service: ServiceTotals): Found | undefined {
  if (service.stalls === 0) return undefined;
  const longestMs = ms(service.examples.get("stall")?.score ?? 0);
  const inVain =
    service.inVain > 0 ? ` ${counted(service.inVain, "segment")} were sent again to the end, in vain.` : "";
  return found(
    service,
    "stall",
    "stall",
    { stalls: service.stalls, longestMs, inVain: service.inVain },
    (example) =>
      `${service.server}: ${counted(service.stalls, "connection")} stood still for a second or more because no acknowledgement came. Longest: ${speaker(example)} acknowledged nothing of ${listener(example)} for ${msText(longestMs)}, from ${secondsText(example.atNs)} on (see packet ${example.packet}).${inVain}`,
  );
}

function receiverStopped(service: ServiceTotals): Found | undefined {
  if ((service.examples.get("zero")?.score ?? 0) < LEAST_ZERO_NS) return undefined;
  const longestMs = ms(service.examples.get("zero")?.score ?? 0);
  const numbers = { closedMs: ms(service.zeroNs), longestMs, connections: service.zeroConnections };
  return found(
    service,
    "zero",
    "receiver-stopped",
    numbers,
    (example, when) =>
      `${service.server}: in ${counted(service.zeroConnections, "connection")} a receiver had no room for ${msText(numbers.closedMs)} in all (zero window): a program did not read. Worst: ${speaker(example)} for ${msText(numbers.longestMs)}, first ${when}.`,
  );
}

function receiverLimited(service: ServiceTotals): Found | undefined {
  if ((service.examples.get("full")?.score ?? 0) < LEAST_FULL_NS) return undefined;
  // A window that is closed is full before: that its receiver stopped says it better.
  if (service.zeroNs * 2 > service.fullNs) return undefined;
  const longestMs = ms(service.examples.get("full")?.score ?? 0);
  const numbers = { limitedMs: ms(service.fullNs), longestMs, connections: service.fullConnections };
  return found(
    service,
    "full",
    "receiver-limited",
    numbers,
    (example, when) =>
      `${service.server}: in ${counted(service.fullConnections, "connection")} a sender waited ${msText(numbers.limitedMs)} in all because the receiver's window was full. Worst: ${speaker(example)} for ${msText(numbers.longestMs)}, held back by ${listener(example)}, first ${when}.`,
  );
}

function slow(service: ServiceTotals): Found | undefined {
  if (service.longestAnswerNs < SLOW_NS) return undefined;
  // Where every answer is late, the protocol is none of question and answer: heartbeats, subscriptions, long polls.
  if (service.answers >= HABIT && service.meanAnswerNs > HABITUAL_NS) return undefined;
  const numbers = {
    connections: service.slowAnswers,
    longestMs: ms(service.longestAnswerNs),
    meanMs: ms(service.meanAnswerNs),
    answers: service.answers,
  };
  return found(service, "slow", "slow-answers", numbers, ({ ends, atNs, packet }) => {
    const asked = `came at ${secondsText(atNs)} (answered at packet ${packet})`;
    return `${service.server} took a second or more for an answer in ${counted(service.slowAnswers, "connection")}; the longest took ${msText(numbers.longestMs)}, the mean of ${counted(service.answers, "answer")} is ${msText(numbers.meanMs)}. The request of ${ends.client} ${asked}; it was acknowledged, the program was silent.`;
  });
}

function reordering(service: ServiceTotals): Found | undefined {
  const some = ofSegments(service, OUT_OF_ORDER);
  if (!some) return undefined;
  const { count: overtaken, segments, share } = some;
  return found(
    service,
    "reordering",
    "reordering",
    { overtaken, segments, share },
    (example, when) =>
      `${service.server}: ${overtaken} of ${segments} segments (${percentText(share)}) were overtaken on the way. Worst: ${example.score} from ${speaker(example)}, first ${when}.`,
  );
}

function needless(service: ServiceTotals): Found | undefined {
  const some = ofSegments(service, SPURIOUS);
  if (!some) return undefined;
  const { count: spurious, segments, share } = some;
  return found(
    service,
    "spurious",
    "needless-retransmissions",
    { spurious, segments, share },
    (example, when) =>
      `${service.server}: ${spurious} of ${segments} segments (${percentText(share)}) were sent again though they had been acknowledged: ACKs are lost or late. Worst: ${example.score} from ${speaker(example)}, first ${when}.`,
  );
}

/** How many of all segments with data a counter concerns; undefined when they are too few to speak of. */
function ofSegments(
  { counts }: ServiceTotals,
  counter: number,
): { readonly count: number; readonly segments: number; readonly share: number } | undefined {
  const [count, segments] = [counts[counter] as number, counts[DATA_PACKETS] as number];
  const share = count / Math.max(1, segments);
  return count < LEAST || share < LEAST_SHARE ? undefined : { count, segments, share };
}
