import { CaptureReader, type PacketSink } from "./capture-reader.ts";
import type { CaptureSummary } from "./capture-summary.ts";
import { Decoder } from "./decode.ts";
import { FlowKeys } from "./flow-keys.ts";
import { packetComments } from "./packet-comments.ts";
import { passes } from "./packet-filter.ts";
import { interfaceBlock, packetBlock, sectionBlock } from "./pcapng-writer.ts";

/**
 * The second pass over a capture: what the findings are about goes into a pcapng file of its own, with the findings as
 * comments of the packets that show them. Give its reader the same inputs in the same order as in the first pass.
 */
export class FlowExtract implements PacketSink {
  readonly reader: CaptureReader;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #decoder = new Decoder();
  readonly #keys: FlowKeys;
  readonly #comments: ReadonlyMap<number, readonly string[]>;
  /** Interfaces of the capture that were written → their number in the file. */
  readonly #ports = new Map<number, number>();
  #bytes = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #number = 0;
  /** Packets that were written. */
  packets = 0;

  constructor(summary: CaptureSummary, write: (bytes: Uint8Array) => void) {
    this.#write = write;
    const { findings, packets } = summary;
    this.#keys = new FlowKeys(findings.flatMap(({ flow }) => (flow ? [flow] : [])));
    this.#comments = commentsOf(summary);
    write(sectionBlock(`What netcheck found in a capture of ${packets} packets: ${findings.length} findings.`));
    this.reader = new CaptureReader(this);
  }

  buffer(bytes: Uint8Array, view: DataView): void {
    this.#bytes = bytes as Uint8Array<ArrayBuffer>;
    this.#view = view;
    this.#decoder.buffer(view);
  }

  packet(at: number, captured: number, original: number, link: number, port: number): void {
    const number = ++this.#number;
    const comments = this.#comments.get(number) ?? [];
    const { registers } = this.#decoder;
    const outcome = this.#decoder.decode(at, captured, original, link);
    const wanted = comments.length > 0 || passes(this.#within, registers, this.#view, outcome, at + captured);
    if (!wanted) return;
    const ns = (this.reader.firstNs ?? 0n) + BigInt(Math.round(this.reader.clock[0] as number));
    const packet = this.#bytes.subarray(at, at + captured);
    this.#write(packetBlock(this.#port(port, link), ns, packet, original, comments));
    this.packets++;
  }

  gap(): void {
    // The first pass has told of it.
  }

  readonly #within = (registers: Int32Array, source: number, destination: number): boolean =>
    this.#keys.has(registers, source, destination);

  #port(port: number, link: number): number {
    const known = this.#ports.get(port);
    if (known !== undefined) return known;
    const about = this.reader.ports[port];
    this.#write(interfaceBlock(link, about?.snapLength ?? 0, about?.name ?? ""));
    this.#ports.set(port, this.#ports.size);
    return this.#ports.size - 1;
  }
}

/** Numbers in the text are those of the whole capture, so it is said with them. */
function commentsOf(summary: CaptureSummary): ReadonlyMap<number, readonly string[]> {
  const comments = packetComments(summary);
  return new Map([...comments].map(([packet, said]) => [packet, [`Packet ${packet} of the whole capture.`, ...said]]));
}
