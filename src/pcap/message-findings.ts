import { msText, percentText } from "#src/core/units.ts";
import type { DnsAnalysis, DnsQuestion } from "./dns-analysis.ts";
import { counted, type FindingKind, type Found, SLOW_NS, secondsText, whenText } from "./finding.ts";
import type { FlowEnds } from "./flow-ends.ts";
import type { HttpAnalysis, HttpRequest } from "./http-analysis.ts";
import type { IcmpAnalysis, IcmpError } from "./icmp-analysis.ts";
import type { TlsAnalysis } from "./tls-analysis.ts";

/** Fewer echoes than that may be lost anywhere. */
const LEAST_ECHOES = 3;
/** Names of codes (RFC 1035, 4.1.1). */
export const DNS_CODES: Readonly<Record<number, string>> = {
  1: "FORMERR",
  2: "SERVFAIL",
  3: "NXDOMAIN",
  4: "NOTIMP",
  5: "REFUSED",
};

const ms = (ns: number): number => Math.round(ns / 1e3) / 1e3;

export function dnsFindings(dns: DnsAnalysis): Found[] {
  const found: Found[] = [];
  const lost = dns.lost.list()[0];
  if (lost && dns.unanswered > 0) {
    const servers = dns.servers
      .filter(({ unanswered }) => unanswered > 0)
      .toSorted((a, b) => b.unanswered - a.unanswered)
      .slice(0, 3)
      .map(({ address, unanswered, queries }) => `${address} (${unanswered} of ${queries})`);
    // A server that never answers, or a capture that does not show answers.
    const none = dns.responses === 0 ? " No DNS answer at all is in the capture: perhaps they take another way." : "";
    found.push({
      kind: "dns-unanswered",
      text: `${counted(dns.unanswered, "DNS question")} of ${dns.queries} had no answer within 5 s: ${servers.join(", ")}. For example ${whenText(lost.atNs, lost.packet)}.${none}`,
      numbers: { unanswered: dns.unanswered, queries: dns.queries, repeated: dns.repeated },
      ...flowOf(lost),
      atNs: lost.atNs,
      packet: lost.packet,
    });
  }
  const failed = dns.failed.list()[0];
  const failures = [...dns.codes].filter(([code]) => code !== 3);
  const count = failures.reduce((sum, [, one]) => sum + one, 0);
  if (failed) {
    const codes = failures.map(([code, one]) => `${one} × ${DNS_CODES[code] ?? `code ${code}`}`).join(", ");
    found.push({
      kind: "dns-failures",
      text: `${counted(count, "DNS answer")} of ${dns.responses} said that the server failed or refused (${codes}). For example ${questionText(failed)} ${whenText(failed.atNs, failed.packet)}.`,
      numbers: { failures: count, responses: dns.responses },
      ...flowOf(failed),
      atNs: failed.atNs,
      packet: failed.packet,
    });
  }
  const slowest = dns.slowest.list()[0];
  if (slowest && (slowest.tookNs ?? 0) >= SLOW_NS)
    found.push({
      kind: "dns-slow",
      text: `The slowest DNS answer took ${msText(ms(slowest.tookNs ?? 0))}: ${questionText(slowest)}, asked at ${secondsText(slowest.atNs)} (answered at packet ${slowest.packet}). ${counted(dns.slow, "answer")} of ${dns.responses} took a second or more.`,
      numbers: { longestMs: ms(slowest.tookNs ?? 0), slow: dns.slow },
      ...flowOf(slowest),
      atNs: slowest.atNs,
      packet: slowest.packet,
    });
  return found;
}

const flowOf = ({ ends }: DnsQuestion): { readonly flow?: FlowEnds } => (ends ? { flow: ends } : {});
const questionText = ({ name, server }: DnsQuestion): string =>
  name === undefined ? `a question to ${server}` : `${name} from ${server}`;

export function icmpFindings(icmp: IcmpAnalysis): Found[] {
  const found: Found[] = [];
  const add = (
    kind: FindingKind,
    first: IcmpError | undefined,
    count: number,
    text: (one: IcmpError) => string,
  ): void => {
    if (!first) return;
    const { atNs, packet, ends } = first;
    const example = `For example about ${first.about ?? "a packet that is not quoted"} ${whenText(atNs, packet)}.`;
    found.push({
      kind,
      text: `${text(first)} ${example}`,
      numbers: { messages: count, ...mtuOf(first) },
      ...(ends ? { flow: ends } : {}),
      atNs,
      packet,
    });
  };
  const { lost, firstLost, open } = icmp.echoes;
  const asked = icmp.echoRequests - open;
  if (firstLost && lost >= LEAST_ECHOES) {
    const none = icmp.echoReplies === 0 ? " No reply at all is in the capture: perhaps they take another way." : "";
    const { ends, atNs, packet } = firstLost;
    const who = ends ? `from ${ends.client} to ${ends.server} ` : "";
    found.push({
      kind: "echo-unanswered",
      text: `${lost} of ${counted(asked, "echo request")} (ping) had no reply within 2 s (${percentText(lost / Math.max(1, asked))}). The first went ${who}${whenText(atNs, packet)}.${none}`,
      numbers: { lost, requests: asked },
      ...(ends ? { flow: ends } : {}),
      atNs,
      packet,
    });
  }
  add(
    "fragmentation-needed",
    icmp.unheededFirst.list()[0],
    icmp.unheeded,
    ({ from, mtu }) =>
      `${counted(icmp.unheeded, "sender")} went on for a second and more with packets that a router (${from}) had called too big${mtu === undefined ? "" : ` for its MTU of ${mtu}`}: the messages do not reach them, or they do not heed them.`,
  );
  add(
    "prohibited",
    icmp.prohibitedFirst.list()[0],
    icmp.prohibited,
    ({ from }) =>
      `${from} said ${counted(icmp.prohibited, "time")} that traffic is not allowed (ICMP administratively prohibited).`,
  );
  const unreachable = icmp.unreachable - icmp.prohibited - icmp.lateAnswers;
  add(
    "unreachable",
    icmp.unreachableFirst.list()[0],
    unreachable,
    ({ from, type, code }) =>
      `${from} said ${counted(unreachable, "time")} that something cannot be reached (ICMP type ${type} code ${code}).`,
  );
  add(
    "hops-exceeded",
    icmp.timeExceededFirst.list()[0],
    icmp.astray,
    ({ from }) =>
      `${from} dropped ${counted(icmp.astray, "packet")} because their TTL had run out: routes go round in a circle, or somebody traces.`,
  );
  return found;
}

const mtuOf = ({ mtu }: IcmpError): Record<string, number> => (mtu === undefined ? {} : { mtu });

export function httpFindings(http: HttpAnalysis): Found[] {
  const answers = http.answers.reduce((sum, one) => sum + one, 0);
  const failures = http.answers[5] as number;
  const about = (
    kind: FindingKind,
    one: HttpRequest | undefined,
    numbers: Readonly<Record<string, number>>,
    text: (one: HttpRequest) => string,
  ): Found[] => {
    if (!one) return [];
    const { client, server, atNs, packet } = one;
    return [{ kind, text: text(one), numbers, flow: { client, server }, atNs, packet }];
  };
  const slowest = http.slowest.list()[0];
  return [
    ...about(
      "http-errors",
      http.failed.list()[0],
      { failures, answers },
      (one) =>
        `${counted(failures, "HTTP answer")} of ${answers} (${percentText(failures / Math.max(1, answers))}) had a code of 5xx. For example ${one.status} for ${one.request} of ${one.server} ${whenText(one.atNs, one.packet)}.`,
    ),
    ...about(
      "http-aborted",
      http.abortedLongest.list()[0],
      { aborted: http.aborted, requests: http.requests },
      (one) =>
        `Clients gave up ${counted(http.aborted, "HTTP request")} of ${http.requests} before an answer came (servers log 499). The longest waited ${msText(ms(one.tookNs))}: ${one.request} of ${one.server}, asked ${whenText(one.atNs, one.packet)}.`,
    ),
    ...about(
      "http-dropped",
      http.droppedLongest.list()[0],
      { dropped: http.dropped, requests: http.requests },
      (one) =>
        `Servers closed the connection instead of answering ${counted(http.dropped, "HTTP request")} of ${http.requests} (proxies log 502). For example ${one.request} of ${one.server} after ${msText(ms(one.tookNs))}, asked ${whenText(one.atNs, one.packet)}.`,
    ),
    ...about(
      "http-slow",
      slowest && slowest.tookNs >= SLOW_NS ? slowest : undefined,
      { longestMs: ms(slowest?.tookNs ?? 0), slow: http.slow },
      (one) =>
        `${counted(http.slow, "HTTP answer")} of ${answers} began after a second or more. The slowest began after ${msText(ms(one.tookNs))}: ${one.status} for ${one.request} of ${one.server}, asked ${whenText(one.atNs, one.packet)}.`,
    ),
  ];
}

export function tlsFindings(tls: TlsAnalysis): Found[] {
  const worst = tls.failures.list()[0];
  if (!worst) return [];
  const alerts = [...tls.alerts.values()].reduce((sum, one) => sum + one, 0);
  const { client, server, atNs, packet } = worst;
  return [
    {
      kind: "tls-failures",
      text: `${counted(alerts + tls.unanswered, "TLS handshake")} of ${tls.clientHellos} failed: ${counted(alerts, "fatal alert")}, ${tls.unanswered} ended before the server's hello. For example ${server}: ${worst.what}, by the ${worst.by}, ${whenText(atNs, packet)}.`,
      numbers: { failed: alerts + tls.unanswered, alerts, unanswered: tls.unanswered, clientHellos: tls.clientHellos },
      flow: { client, server },
      atNs,
      packet,
    },
  ];
}
