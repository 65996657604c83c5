import type { CapturePort } from "./capture-reader.ts";

/** Options of an interface: its name, the unit and the offset of its times (draft-ietf-opsawg-pcapng, 4.2). */
const IF_NAME = 2;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
const NO_LIMIT = 16 << 20;
const MAX_NAME = 256;

/** An interface description block. */
export type PortDescription = {
  readonly about: CapturePort;
  readonly unitNs: number;
  /** Units per second, for times that must be exact. */
  readonly unitsPerSecond: bigint;
  /** Seconds that are added to each time. */
  readonly offsetS: bigint;
};

/** Reads the body of an interface description block, 8 bytes or more from `at`. */
export function describePort(view: DataView, at: number, end: number, little: boolean): PortDescription {
  const snapLength = view.getUint32(at + 4, little);
  let name = "";
  let unitsPerSecond = 1_000_000n;
  let offsetS = 0n;
  for (const [code, from, length] of pcapngOptions(view, at + 8, end, little)) {
    if (code === IF_NAME) name = textAt(view, from, Math.min(length, MAX_NAME));
    if (code === IF_TSOFFSET && length >= 8) offsetS = view.getBigInt64(from, little);
    if (code === IF_TSRESOL && length >= 1) {
      const resolution = view.getUint8(from);
      const power = BigInt(resolution & 0x7f);
      unitsPerSecond = (resolution & 0x80) === 0 ? 10n ** power : 1n << power;
    }
  }
  const about = {
    link: view.getUint16(at, little),
    snapLength: snapLength === 0 ? NO_LIMIT : snapLength,
    name,
    droppedByKernel: 0,
  };
  return { about, unitNs: 1e9 / Number(unitsPerSecond), unitsPerSecond, offsetS };
}

/** Code, position and length of each option between `start` and `end` (3.5). Ends at the first that does not fit. */
export function* pcapngOptions(
  view: DataView,
  start: number,
  end: number,
  little: boolean,
): Generator<readonly [code: number, at: number, length: number]> {
  for (let at = start; end - at >= 4; ) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === 0 || at + 4 + length > end) return;
    yield [code, at + 4, length];
    at += 4 + ((length + 3) & ~3);
  }
}

function textAt(view: DataView, at: number, length: number): string {
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, length));
}
