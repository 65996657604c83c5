import { readCapture } from "./read-capture.ts";

/**
 * What a sender did, told by the IP IDs with which Linux numbers the segments of a connection: an independent judge of what
 * was sent again and what was overtaken. `either` of the overtaken ones had been sent again as well, and may be told as one
 * or the other: by which of two CPUs a segment passed, it comes in front of or behind what was sent again after it. Takes IPv4 over Ethernet, segments with data or a FIN from (or to) `port`, fewer
 * than 32,768.
 */
export function sendingOrder(
  file: Uint8Array,
  port: number,
  way: "from" | "to" = "from",
): { readonly sentAgain: number; readonly overtaken: number; readonly either: number } {
  const segments = readCapture(file).packets.flatMap(({ bytes }, arrived) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint16(12) !== 0x0800 || view.getUint8(23) !== 6 || view.getUint16(way === "from" ? 34 : 36) !== port)
      return [];
    // A FIN takes one, too: what comes behind it fills a gap.
    const fin = view.getUint8(47) & 1;
    const length = view.getUint16(16) - 20 - ((view.getUint8(46) >> 4) << 2) + fin;
    return length > 0 ? [{ arrived, id: view.getUint16(18), sequence: view.getUint32(38), length }] : [];
  });
  const first = segments[0]?.id ?? 0;
  const rank = ({ id }: { readonly id: number }): number => (id - first + 32_768) & 0xffff;
  const again = new Set<number>();
  let sentTo = 0;
  for (const { arrived, sequence, length } of segments.toSorted((a, b) => rank(a) - rank(b))) {
    if (sequence < sentTo) again.add(arrived);
    sentTo = Math.max(sentTo, sequence + length);
  }
  let newest = -1;
  let highest = 0;
  let sentAgain = 0;
  let overtaken = 0;
  let either = 0;
  for (const segment of segments) {
    const late = rank(segment) < newest;
    const end = segment.sequence + segment.length;
    // Below the highest byte: what only arrives after something that was sent again fills no gap.
    if (late && segment.sequence < highest) {
      overtaken++;
      if (again.has(segment.arrived)) either++;
    }
    // What arrives before its original is nothing that was seen before; one that also brings something new is both.
    else if (again.has(segment.arrived) && segment.sequence < highest) sentAgain++;
    newest = Math.max(newest, rank(segment));
    highest = Math.max(highest, end);
  }
  return { sentAgain, overtaken, either };
}
