import { CaptureReader, type Stopped } from "#src/pcap/capture-reader.ts";

export type SeenPacket = {
  /** Nanoseconds since 1970. */
  readonly ns: bigint;
  readonly bytes: Uint8Array;
  readonly original: number;
  readonly link: number;
  readonly port: number;
};

export type SeenCapture = {
  readonly packets: readonly SeenPacket[];
  readonly gaps: readonly { readonly offset: number; readonly bytes: number }[];
  readonly stopped: Stopped | undefined;
  readonly reader: CaptureReader;
};

/** Everything that a reader tells of inputs that come in pieces of `chunk` bytes. */
export function readCapture(input: Uint8Array | readonly Uint8Array[], chunk = Number.POSITIVE_INFINITY): SeenCapture {
  const packets: SeenPacket[] = [];
  const gaps: { offset: number; bytes: number }[] = [];
  let buffer = new Uint8Array(0);
  const reader: CaptureReader = new CaptureReader({
    buffer: (bytes) => {
      buffer = bytes as Uint8Array<ArrayBuffer>;
    },
    packet: (at, captured, original, link, port) => {
      const ns = (reader.firstNs ?? 0n) + BigInt(Math.round(reader.clock[0] ?? 0));
      packets.push({ ns, bytes: buffer.slice(at, at + captured), original, link, port });
    },
    gap: (offset, bytes) => gaps.push({ offset, bytes }),
  });
  let stopped: Stopped | undefined;
  for (const bytes of input instanceof Uint8Array ? [input] : input) {
    for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk));
    stopped = reader.end() ?? stopped;
  }
  return { packets, gaps, stopped, reader };
}
