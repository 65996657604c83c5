import { addressText, endText } from "./address-text.ts";
import * as layout from "./flow-layout.ts";

const { ENDS, FLAGS, FLOW_CLIENT_1, FLOW_SYN, FLOW_SYN_ACK, KIND, PORTS } = layout;

/** The two ends of a flow as text; the client is the one that sent the SYN, else the one with the higher port. */
export type FlowEnds = { readonly client: string; readonly server: string };

export function flowEnds(words: Int32Array, at: number): FlowEnds {
  const client = clientOf(words, at);
  return { client: flowEnd(words, at, client), server: flowEnd(words, at, client === 0 ? 1 : 0) };
}

function flowEnd(words: Int32Array, at: number, end: 0 | 1): string {
  const ports = words[at + PORTS] as number;
  const address = addressText(words, at + ENDS + end * 4, (words[at + KIND] as number) >> 8 === 6);
  return endText(address, end === 0 ? ports >>> 16 : ports & 0xffff);
}

/** The direction that asks: the one that sent the SYN or got the answer to it; else the one with the higher port. */
export function clientOf(words: Int32Array, at: number): 0 | 1 {
  const flags = words[at + FLAGS] as number;
  if ((flags & (FLOW_SYN | FLOW_SYN_ACK)) !== 0) return (flags & FLOW_CLIENT_1) !== 0 ? 1 : 0;
  const ports = words[at + PORTS] as number;
  return ports >>> 16 > (ports & 0xffff) ? 0 : 1;
}
