import { CaptureWriter } from "./capture-writer.ts";
import { longFlows, type Made, shortFlows } from "./traffic.ts";

/** Against what a capture is measured; tshark and tcptrace only when they are installed. */
export type Anchor = "tshark" | "tshark lean" | "tshark -2" | "tcptrace" | "pipe" | "long pipe" | "gzip" | "zstd";

/** A kind of capture (reference/pcap.md, 1.1): what is in it, and what it is compared with. */
export type Kind = {
  readonly name: string;
  /** Packets or connections at full size. */
  readonly size: number;
  /** Each with how many times the user CPU of netcheck it should need at least (a pipe: the wall time, at most), if anything. */
  readonly anchors: Readonly<Partial<Record<Anchor, number | undefined>>>;
  /** Packets per second of wall time that there should be at least, millions. */
  readonly wantedMps?: number;
  readonly make: (file: string, size: number) => Made;
};

const HEADERS = 128;
const long = (wrapping: "ethernet" | "vxlan" | "ipv6", snapLength: number) => (file: string, size: number) =>
  written(file, snapLength, (writer) => longFlows(writer, { packets: size, flows: 500, wrapping, seed: 7 }));

export const kinds: readonly Kind[] = [
  {
    name: "LONG",
    size: 2_000_000,
    anchors: { tshark: 25, tcptrace: undefined, pipe: undefined, gzip: undefined, zstd: undefined },
    make: long("ethernet", HEADERS),
  },
  { name: "VXLAN", size: 2_000_000, anchors: { tshark: 25 }, make: long("vxlan", HEADERS) },
  { name: "V6", size: 2_000_000, anchors: { tshark: 25, tcptrace: undefined }, make: long("ipv6", HEADERS) },
  { name: "FULL", size: 2_000_000, anchors: { tshark: 25, tcptrace: undefined }, make: long("ethernet", 262_144) },
  {
    name: "SHORT",
    size: 200_000,
    anchors: { tshark: 35, tcptrace: 10 },
    make: (file, size) => written(file, HEADERS, (writer) => shortFlows(writer, { connections: size, seed: 8 })),
  },
  {
    name: "FLOWS",
    size: 4_000_000,
    anchors: {},
    make: (file, size) =>
      written(file, HEADERS, (writer) => shortFlows(writer, { connections: size, alive: 20_000, answer: 0, seed: 9 })),
  },
  {
    name: "BIG",
    size: 10_000_000,
    anchors: {
      tshark: 35,
      "tshark lean": undefined,
      "tshark -2": 70,
      tcptrace: 1.5,
      pipe: 1.25,
      "long pipe": undefined,
    },
    wantedMps: 6,
    make: long("ethernet", HEADERS),
  },
];

function written(file: string, snapLength: number, fill: (writer: CaptureWriter) => Made): Made {
  const writer = new CaptureWriter(file, { snapLength });
  const made = fill(writer);
  writer.close();
  return { ...made, bytes: writer.bytes };
}
