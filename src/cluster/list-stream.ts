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
  const head: Buffer[] = [];
  let rest = Buffer.alloc(0);
  let depth = 0;
  let isText = false;
  let isEscaped = false;
  for await (const chunk of chunks) {
    const start = rest.length;
    const bytes = start === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at];
      if (isText) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isText = false;
      } else if (byte === QUOTE) isText = true;
      else if (byte === OPEN || byte === OPEN_LIST) {
        if (byte === OPEN && depth === ITEM_DEPTH) {
          head.push(Buffer.from(bytes.subarray(from, at)));
          from = at;
        }
        depth++;
      } else if (byte === CLOSE || byte === CLOSE_LIST) {
        depth--;
        if (byte === CLOSE && depth === ITEM_DEPTH) {
          take(JSON.parse(bytes.toString("utf8", from, at + 1)));
          from = at + 1;
        }
      }
    }
    rest = Buffer.from(bytes.subarray(from));
  }
  head.push(rest);
  // Between the objects only commas are left.
  const text = Buffer.concat(head)
    .toString("utf8")
    .replace(/\[[\s,]*\]/, "[]");
  return headSchema.parse(JSON.parse(text)).metadata;
}
