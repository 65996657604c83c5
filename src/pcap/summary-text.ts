import type { CaptureSummary } from "./capture-summary.ts";

/** Of so many connections so many events are told, and of so many services how they do; --json has all. */
const TOLD_FLOWS = 3;
const TOLD_EVENTS = 6;
const TOLD_SERVICES = 5;

/** The findings for people at a terminal, worst first; then the worst flows, the counters, and how far to trust them. */
export function summaryText(
  summary: CaptureSummary,
  name: string,
  { columns = 100, colour = false }: { readonly columns?: number; readonly colour?: boolean } = {},
): string {
  const ansi = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines: string[] = [];
  const heading = (text: string): void => void lines.push("", ansi(1, text));
  const paragraph = (text: string, first = "  ", indent = first): void =>
    void lines.push(...wrapped(printable(text), columns, first, indent));

  paragraph(`${name}: ${headline(summary)}`, "");
  heading(summary.findings.length === 0 ? nothingFound(summary) : "What is wrong, worst first");
  for (const [index, finding] of summary.findings.entries())
    paragraph(finding.text, `${`${index + 1}.`.padStart(4)} `, "     ");
  if (summary.worstFlows.length > 0) heading("Worst flows");
  for (const [index, flow] of summary.worstFlows.entries()) {
    paragraph(flowText(flow), "  ", "    ");
    if (index < TOLD_FLOWS) for (const line of timeLineTexts(flow)) paragraph(line, "      ", "        ");
  }
  if (summary.services.length > 0) heading("Services, most trouble first");
  for (const service of summary.services.slice(0, TOLD_SERVICES)) paragraph(serviceText(service), "  ", "    ");
  const counters = counterLines(summary);
  if (counters.length > 0) heading("Counters");
  for (const line of counters) paragraph(line, "  ", "       ");
  if (summary.quality.length > 0 || summary.stopped) heading("How far this can be trusted");
  for (const line of summary.quality) paragraph(line, "  - ", "    ");
  if (summary.stopped) paragraph(`${summary.stopped.reason}, at byte ${summary.stopped.offset}`, "  - ", "    ");
  return lines.join("\n");
}

function headline({ packets, bytes, flows, firstUs, lastUs }: CaptureSummary): string {
  const counted = `${many(packets, "packet")}, ${sized(bytes)} on the wire, ${many(flows, "flow")}`;
  if (firstUs === undefined || lastUs === undefined) return counted;
  return `${counted}; ${utc(firstUs)} UTC, for ${lasting((lastUs - firstUs) / 1e6)}`;
}

function nothingFound({ packets, verdict }: CaptureSummary): string {
  if (packets === 0) return "There are no packets in it, so nothing can be said.";
  return verdict === "clean"
    ? "Nothing wrong was found."
    : "Nothing wrong was found, but too much could not be read or judged to say that nothing is wrong.";
}

function flowText(flow: CaptureSummary["worstFlows"][number]): string {
  const { client, server, state, sent, received, handshakeMs, fromS, toS, reset } = flow;
  const both = (key: "retransmissions" | "zeroWindows" | "outOfOrder"): number => sent[key] + received[key];
  const facts = [
    state,
    many(sent.packets + received.packets, "packet"),
    ...(handshakeMs === undefined ? [] : [`handshake ${Number(handshakeMs.toPrecision(3))} ms`]),
    ...(
      [
        ["retransmissions", "sent again"],
        ["outOfOrder", "out of order"],
        ["zeroWindows", "zero windows"],
      ] as const
    ).flatMap(([key, words]) => (both(key) > 0 ? [`${grouped(both(key))} ${words}`] : [])),
    ...(reset ? [`reset by the ${reset.by} (packet ${reset.packet})`] : []),
  ];
  return `${client} → ${server}  ${seconds(fromS)} to ${seconds(toS)}: ${facts.join(", ")}`;
}

/** The first events of a connection; the same again and again in one line. */
function timeLineTexts({ timeLine }: CaptureSummary["worstFlows"][number]): string[] {
  const runs: { readonly first: (typeof timeLine)[number]; count: number }[] = [];
  for (const event of timeLine) {
    const run = runs.at(-1);
    if (run?.first.what === event.what && run.first.by === event.by) run.count++;
    else runs.push({ first: event, count: 1 });
  }
  const told = runs.slice(0, TOLD_EVENTS).map(({ first: { atS, by, what, packet }, count }) => {
    const again = count > 1 ? `, and ${many(count - 1, "time")} more` : "";
    return `${seconds(atS)}  ${by}: ${what} (packet ${packet}${again})`;
  });
  return runs.length > TOLD_EVENTS ? [...told, "…"] : told;
}

function serviceText(service: CaptureSummary["services"][number]): string {
  const { server, flows, bytes, meanHandshakeMs, toServerMs, toClientMs, answers, meanAnswerMs } = service;
  const ms = (value: number): string => `${Number(value.toPrecision(3))} ms`;
  const failed = service.refused + service.unanswered + service.halfOpen;
  return [
    `${server}  ${many(flows, "connection")}, ${sized(bytes)} of data`,
    ...(failed > 0 ? [`${grouped(failed)} failed to open`] : []),
    ...(service.retransmissions > 0 ? [`${grouped(service.retransmissions)} sent again`] : []),
    ...(meanHandshakeMs === undefined ? [] : [`handshakes ${ms(meanHandshakeMs)} on average`]),
    ...(toServerMs === undefined ? [] : [`round trip from here to the server ${ms(toServerMs)}`]),
    ...(toClientMs === undefined ? [] : [`to the client ${ms(toClientMs)}`]),
    ...(answers > 0 ? [`${many(answers, "answer")} after ${ms(meanAnswerMs)} on average`] : []),
  ].join(", ");
}

function counterLines({ tcp, dns, icmp, http, tls, tunnels }: CaptureSummary): string[] {
  const spread = (words: string, ms?: { readonly p50: number; readonly p99: number }): string =>
    ms ? `; ${words} ${ms.p50} ms, 99 % below ${ms.p99} ms` : "";
  const lines: readonly [name: string, entries: readonly Entry[], more?: string][] = [
    [
      "TCP",
      [
        [tcp.handshakes, "handshake"],
        [tcp.handshakeFailures, "connection that failed to open", "connections that failed to open"],
        [tcp.retransmissions, "retransmission"],
        [tcp.fastRetransmissions, "of them fast", "of them fast"],
        [tcp.spuriousRetransmissions, "of them spurious", "of them spurious"],
        [tcp.timeouts, "of them after a time-out", "of them after time-outs"],
        [tcp.outOfOrder, "out of order", "out of order"],
        [tcp.copies, "twice the same", "twice the same"],
        [tcp.duplicateAcks, "duplicate ACK"],
        [tcp.lostSegments, "gap before a segment", "gaps before segments"],
        [tcp.zeroWindows, "zero window"],
        [tcp.windowFull, "full window"],
        [tcp.keepAlives, "keep-alive"],
        [tcp.resets, "reset"],
        [tcp.reusedPorts, "pair of ports used again", "pairs of ports used again"],
      ],
      spread("half of the round trips below", tcp.rttMs),
    ],
    [
      "DNS",
      [
        [dns.queries, "query", "queries"],
        [dns.responses, "answer"],
        [dns.repeated, "asked again", "asked again"],
        [dns.unanswered, "unanswered", "unanswered"],
        [dns.truncated, "truncated", "truncated"],
        ...Object.entries(dns.codes).map(([code, count]): Entry => [count, code, code]),
      ],
      spread("half of the answers within", dns.timeMs),
    ],
    [
      "HTTP",
      [
        [http.requests, "request"],
        ...Object.entries(http.answers).map(([kind, count]): Entry => [count, kind, kind]),
        [http.aborted, "given up by the client", "given up by clients"],
        [http.dropped, "closed by the server", "closed by servers"],
      ],
      spread("half of the answers begin within", http.timeMs),
    ],
    [
      "TLS",
      [
        [tls.clientHellos, "client hello"],
        [tls.serverHellos, "server hello"],
        ...Object.entries(tls.alerts).map(([alert, count]): Entry => [count, `alert: ${alert}`, `alerts: ${alert}`]),
      ],
    ],
    [
      "ICMP",
      [
        [icmp.echoRequests, "echo request"],
        [icmp.echoReplies, "echo reply", "echo replies"],
        [icmp.echoesLost, "without a reply", "without a reply"],
        [icmp.unreachable, "unreachable", "unreachable"],
        [icmp.prohibited, "of them prohibited", "of them prohibited"],
        [icmp.timeExceeded, "time exceeded", "time exceeded"],
        [icmp.tooBig, "packet called too big", "packets called too big"],
      ],
      [
        icmp.smallestMtu === undefined ? "" : `; the smallest MTU named is ${icmp.smallestMtu}`,
        spread("half of the echoes within", icmp.echoMs),
      ].join(""),
    ],
    ["Tunnels", Object.entries(tunnels).map(([name, count]): Entry => [count, name, name])],
  ];
  return lines.flatMap(([name, entries, more = ""]) => {
    const said = entries.flatMap(([count, one, several]) =>
      count > 0 ? [`${grouped(count)} ${count === 1 ? one : (several ?? `${one}s`)}`] : [],
    );
    if (said.length === 0) return [];
    return [`${`${name} `.padEnd(5)}${said.join(", ")}${more}`];
  });
}

/** How many there are of something, and its name: of one, and of several where that is not an s more. */
type Entry = readonly [count: number, one: string, several?: string];

const grouped = (count: number): string => String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");
const many = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
const seconds = (value: number): string => `${Number(value.toFixed(3))} s`;

/** A clock that is damaged may show any time. */
function utc(us: number): string {
  const date = new Date(us / 1e3);
  return Number.isNaN(date.getTime()) ? `${us} µs after 1970` : date.toISOString().slice(0, 19).replace("T", " ");
}

function sized(bytes: number): string {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}

function lasting(s: number): string {
  if (s < 120) return seconds(s);
  return s < 7_200 ? `${Number((s / 60).toFixed(1))} min` : `${Number((s / 3_600).toFixed(1))} h`;
}

/** What packets say (names in DNS, TLS and HTTP) must not steer a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, "\ufffd");
}

function wrapped(text: string, columns: number, first: string, indent: string): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(" ")) {
    if (line.length + word.length > columns && line.trim() !== "") {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
