import { z } from "zod";

/** The head of a list; the bookkeeping in it is the API server's. */
const headSchema = z.object({
  metadata: z.object({
    continue: z.string().optional(),
    remainingItemCount: z.number().optional(),
    resourceVersion: z.string().optional(),
  }),
});
type ListHead = z.infer<typeof headSchema>["metadata"];

const [QUOTE, BACKSLASH, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];
/** Objects of a list stand in the list that stands in the list object. */
const ITEM_DEPTH = 2;

/**
 * Reads a list of the API object by object as it arrives, so that a page is never held whole, neither as text nor as objects:
 * what is left over of a page of megabytes lingers until old memory is collected. Throws SyntaxError for what is no list.
 */
export async function readListStream(
  chunks: AsyncIterable<Uint8Array>,
  take: (item: unknown) => void,
): Promise<ListHead> {
  let head = "";
  /** What came since the last object began or ended. Views: copies of all that is read would be most of the memory. */
  let begun: Uint8Array[] = [];
  let depth = 0;
  let isText = false;
  let isEscaped = false;
  for await (const chunk of chunks) {
    let from = 0;
    const upTo = (end: number): string => {
      const text = textOf([...begun, chunk.subarray(from, end)]);
      begun = [];
      from = end;
      return text;
    };
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (isText) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isText = false;
      } else if (byte === QUOTE) isText = true;
      else if (byte === OPEN || byte === OPEN_LIST) {
        if (byte === OPEN && depth === ITEM_DEPTH) head += upTo(at);
        depth++;
      } else if (byte === CLOSE || byte === CLOSE_LIST) {
        depth--;
        if (byte === CLOSE && depth === ITEM_DEPTH) take(JSON.parse(upTo(at + 1)));
      }
    }
    begun.push(chunk.subarray(from));
  }
  head += textOf(begun);
  // Between the objects only commas are left.
  return headSchema.parse(JSON.parse(head.replace(/\[[\s,]*\]/, "[]"))).metadata;
}

function textOf(parts: readonly Uint8Array[]): string {
  const [only] = parts;
  if (only === undefined || parts.length > 1) return Buffer.concat(parts).toString();
  return Buffer.from(only.buffer, only.byteOffset, only.length).toString();
}
