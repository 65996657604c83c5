/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Numbers that confuse lengths, counts and times. */
const ODD = [0, 1, 2, 3, 4, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 0x40000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** A capture with one to eight things wrong: bytes, words, pieces that are missing, doubled, moved or noise. */
export function mutantOf(whole: Uint8Array, random: () => number): Uint8Array {
  let bytes = whole.slice();
  const below = (most: number): number => Math.floor(random() * most);
  for (let wrongs = 1 + below(8); wrongs > 0 && bytes.length > 8; wrongs--) {
    const at = below(bytes.length - 4);
    const length = 1 + below(Math.min(200, bytes.length - at));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    switch (below(8)) {
      case 0:
        bytes[at] = below(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 2:
        view.setUint32(at, ODD[below(ODD.length)] ?? 0, random() < 0.7);
        break;
      case 3:
        view.setUint16(at, ODD[below(ODD.length)] ?? 0, random() < 0.3);
        break;
      case 4:
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
        break;
      case 5:
        bytes = Uint8Array.from([...bytes.subarray(0, at + length), ...bytes.subarray(at)]);
        break;
      case 6:
        for (let place = at; place < at + length; place++) bytes[place] = random() < 0.5 ? 0 : below(256);
        break;
      default:
        bytes = bytes.slice(0, bytes.length - below(Math.min(300, bytes.length)));
    }
  }
  return bytes;
}
