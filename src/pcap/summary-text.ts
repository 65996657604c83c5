import type { CaptureSummary } from "./capture-summary.ts";

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
  for (const flow of summary.worstFlows) paragraph(flowText(flow), "  ", "    ");
  heading("Counters");
  for (const line of counterLines(summary)) paragraph(line, "  ", "       ");
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
    : "Nothing wrong was found, but too much could not be read to say that nothing is wrong.";
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

function counterLines({ tcp, dns, icmp, tunnels }: CaptureSummary): string[] {
  const listed = (entries: readonly (readonly [string, number])[]): string =>
    entries.flatMap(([words, count]) => (count > 0 ? [`${grouped(count)} ${words}`] : [])).join(", ") || "none";
  const spread = (words: string, ms?: { readonly p50: number; readonly p99: number }): string =>
    ms ? `; ${words} ${ms.p50} ms, 99 % below ${ms.p99} ms` : "";
  return [
    `TCP  ${listed([
      ["handshakes", tcp.handshakes],
      ["of them failed", tcp.handshakeFailures],
      ["retransmissions", tcp.retransmissions],
      ["of them fast", tcp.fastRetransmissions],
      ["of them spurious", tcp.spuriousRetransmissions],
      ["out of order", tcp.outOfOrder],
      ["duplicate ACKs", tcp.duplicateAcks],
      ["segments lost to the capture", tcp.lostSegments],
      ["zero windows", tcp.zeroWindows],
      ["full windows", tcp.windowFull],
      ["keep-alives", tcp.keepAlives],
      ["resets", tcp.resets],
      ["reused ports", tcp.reusedPorts],
    ])}${spread("half of the round trips below", tcp.rttMs)}`,
    `DNS  ${listed([
      ["queries", dns.queries],
      ["answers", dns.responses],
      ["asked again", dns.repeated],
      ["unanswered", dns.unanswered],
      ["truncated", dns.truncated],
      ...Object.entries(dns.codes),
    ])}${spread("half of the answers within", dns.timeMs)}`,
    `ICMP ${listed([
      ["echo requests", icmp.echoRequests],
      ["echo replies", icmp.echoReplies],
      ["unreachable", icmp.unreachable],
      ["prohibited", icmp.prohibited],
      ["time exceeded", icmp.timeExceeded],
      ["packets too big", icmp.tooBig],
    ])}`,
    ...(Object.keys(tunnels).length === 0 ? [] : [`Tunnels ${listed(Object.entries(tunnels))}`]),
  ];
}

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
