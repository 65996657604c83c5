/** NOP NOP TIMESTAMP of 10 bytes: how nearly every segment after the handshake begins its options. */
const USUAL = 0x0101080a;

/** TSval of the TCP header at `at` with `header` bytes, as far as it was recorded (RFC 7323, 3.2); 0 when there is none, or it is. */
export function stampOf(view: DataView, at: number, header: number, end: number): number {
  if (header >= 32 && end - at >= 28 && view.getInt32(at + 20, false) === USUAL) return view.getInt32(at + 24, false);
  const stop = Math.min(at + header, end);
  for (let place = at + 20; place < stop; ) {
    const kind = view.getUint8(place);
    if (kind === 0) return 0;
    if (kind === 1) {
      place++;
      continue;
    }
    if (place + 2 > stop) return 0;
    const size = view.getUint8(place + 1);
    if (size < 2) return 0;
    if (kind === 8 && size === 10) return place + 6 <= stop ? view.getInt32(place + 2, false) : 0;
    place += size;
  }
  return 0;
}
