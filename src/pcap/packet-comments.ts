import type { CaptureSummary } from "./capture-summary.ts";

/** What to say at which packet of a capture, by its number from 1: its findings, and the time lines of their connections. */
export function packetComments({
  findings,
  worstFlows,
}: Pick<CaptureSummary, "findings" | "worstFlows">): Map<number, string[]> {
  const comments = new Map<number, string[]>();
  const say = (packet: number, text: string): void => {
    const said = comments.get(packet);
    if (said) said.push(text);
    else comments.set(packet, [text]);
  };
  for (const { packet, text } of findings) if (packet !== undefined) say(packet, text);
  const found = new Set(findings.flatMap(({ flow }) => (flow ? [`${flow.client} ${flow.server}`] : [])));
  for (const { client, server, timeLine } of worstFlows) {
    if (!found.has(`${client} ${server}`)) continue;
    for (const { packet, by, what } of timeLine) say(packet, `${by}: ${what}`);
  }
  return comments;
}
