import { addressText, endText } from "./address-text.ts";
import { ENDS, KIND, PORTS } from "./flow-layout.ts";
import { clientOf } from "./tcp-analysis.ts";

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
