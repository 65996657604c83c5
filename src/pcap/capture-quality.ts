import { percentText } from "#src/core/units.ts";
import type { CapturePort } from "./capture-reader.ts";
import { counted } from "./finding.ts";
import { TUNNELS } from "./packet-registers.ts";

/** What a capture could not show, counted. */
export type Shortcomings = {
  readonly packets: number;
  readonly ipPackets: number;
  readonly incompleteFragments: number;
  /** Packets cut before the end of a header that is needed, by the outermost tunnel (place in TUNNELS). */
  readonly cut: Float64Array;
  /** Bytes in front of the inner IP header, the most that a tunnel had. */
  readonly outerBytes: Float64Array;
  readonly malformed: number;
  readonly backwards: number;
  readonly evicted: number;
  readonly timeLinesLost: number;
  readonly otherServices: number;
  readonly otherClients: number;
  readonly halfSeen: number;
  /** Of these, those whose other side was seen at another interface. */
  readonly split: number;
  readonly flows: number;
  readonly unseen: number;
  /** Connections that were seen at several interfaces. */
  readonly merged: number;
  readonly copies: number;
  /** Data segments, and how many of them are there twice. */
  readonly segments: number;
  readonly twice: number;
  readonly unknownLinks: ReadonlyMap<number, number>;
  readonly ports: readonly CapturePort[];
  readonly gaps: readonly { readonly offset: number; readonly bytes: number }[];
  readonly gapCount: number;
  readonly gapBytes: number;
  /** SYNs, DNS questions and echo requests at the end of the capture, for whose answers there was no time. */
  readonly open: number;
  /** Packets of WireGuard. */
  readonly encrypted: number;
  /** Connections with both sides, DNS answers and echo replies: what can be judged at all. */
  readonly answers: number;
  /** Packets of interfaces that the file never describes. */
  readonly undescribed: number;
};

/** A share of packets that cannot be read, from which on "nothing is wrong" cannot be said. */
const WITHHELD_SHARE = 0.01;
/** Every capture ends while something is asked: so many, for each that was answered, are worth a word. */
const OPEN_SHARE = 0.1;
const TWICE_SHARE = 0.02;
/** Damaged places whose offsets are told. */
const TOLD_GAPS = 3;
/** Bytes of TCP with all options, and of an IPv6 header: what a snap length has to leave room for behind the outer headers. */
const INNER_BYTES = 40 + 60;

/** What a capture does not show, in numbers: of packets, of connections that were seen from one side, of damaged places. */
export type Unread = {
  readonly cut: number;
  readonly malformed: number;
  readonly unknownLinks: number;
  readonly droppedByRecorder: number;
  readonly oneSided: number;
  readonly gaps: number;
};

type Quality = {
  readonly sentences: readonly string[];
  /** Too much for a clean verdict. */
  readonly withheld: boolean;
  readonly unread: Unread;
};

/** What could not be read or not be judged. `found` tells that something is known to be wrong. */
export function qualityOf(of: Shortcomings, found: boolean): Quality {
  const dropped = of.ports.reduce((sum, port) => sum + port.droppedByKernel, 0);
  const cut = of.cut.reduce((sum, one) => sum + one, 0);
  const said: [number, string][] = [
    ...[...of.cut].map((count, tunnel): [number, string] => [count, cutText(count, tunnel, of)]),
    [of.malformed, `${counted(of.malformed, "packet")} with a header that cannot be`],
    [of.incompleteFragments, `${counted(of.incompleteFragments, "fragmented packet")} incomplete in the capture`],
    [
      of.backwards,
      `time runs backwards ${counted(of.backwards, "time")}: clocks were set, or files joined; durations across it count as 0`,
    ],
    [
      of.unseen,
      `${counted(of.unseen, "piece")} of data acknowledged but not in the capture: the recorder missed packets, the network did not lose them`,
    ],
    [dropped, `${counted(dropped, "packet")} dropped by the recorder, by its own count`],
    [
      of.copies,
      `${counted(of.copies, "packet")} seen again at another interface of the same machine, and counted once`,
    ],
    [
      of.twice > of.segments * TWICE_SHARE ? of.twice : 0,
      `${counted(of.twice, "segment")} of ${of.segments} in the capture twice (a mirror port that copies both ways, or a network that doubles packets), and not taken for sent again; their ACKs may be counted as duplicate ACKs`,
    ],
    [of.merged, `${counted(of.merged, "connection")} seen at several interfaces, and counted once`],
    [
      of.halfSeen,
      `${counted(of.halfSeen, "connection")} of ${of.flows} with packets of one side only (the other takes another way, or was not recorded): losses, stalls and whether an answer came cannot be judged there`,
    ],
    [
      of.split,
      `${counted(of.split, "connection")} of these with the other side at another interface: mergecap -F pcap makes one interface of the files`,
    ],
    [
      of.evicted,
      `${counted(of.evicted, "connection")} closed early to bound memory: the counts are kept, later packets count as new connections`,
    ],
    [of.timeLinesLost, `${counted(of.timeLinesLost, "time line")} given up to bound memory`],
    [
      of.otherServices,
      `${counted(of.otherServices, "connection")} of further servers added up as one, to bound memory`,
    ],
    [
      of.otherClients,
      `${counted(of.otherClients, "connection")} of further client subnets added up as one, to bound memory`,
    ],
    [
      of.gapCount,
      `${counted(of.gapCount, "damaged place")} passed over (${counted(of.gapBytes, "byte")} in all), at byte ${of.gaps
        .slice(0, TOLD_GAPS)
        .map(({ offset }) => offset)
        .join(", ")}${of.gapCount > TOLD_GAPS ? " …" : ""}`,
    ],
    [of.undescribed, `${counted(of.undescribed, "packet")} of interfaces that the file does not describe, left out`],
    [
      of.open > of.answers * OPEN_SHARE ? of.open : 0,
      `${counted(of.open, "question")} (SYNs, DNS, echoes) asked too close to the end of the capture to know whether an answer came`,
    ],
    [
      of.encrypted,
      `${counted(of.encrypted, "packet")} encrypted by WireGuard: what they carry can be recorded at the tunnel's own device`,
    ],
  ];
  const links = [...of.unknownLinks].map(
    ([link, count]) => `${counted(count, "packet")} of link type ${link}, which cannot be decoded`,
  );
  const unknown = [...of.unknownLinks.values()].reduce((sum, one) => sum + one, 0);
  const unread = cut + of.malformed + unknown;
  const nothing = of.packets > 0 && of.answers === 0 && !found;
  if (nothing)
    links.push("nothing in it can be judged: no connection with both its sides, no DNS answer, no echo reply");
  return {
    unread: {
      cut,
      malformed: of.malformed,
      unknownLinks: unknown,
      droppedByRecorder: dropped,
      oneSided: of.halfSeen,
      gaps: of.gapCount,
    },
    sentences: [...said.flatMap(([count, text]) => (count > 0 ? [text] : [])), ...links],
    withheld:
      nothing ||
      unread > WITHHELD_SHARE * Math.max(1, of.ipPackets + unknown) ||
      dropped > WITHHELD_SHARE * of.packets ||
      (of.flows > 0 && of.halfSeen > of.flows / 2),
  };
}

function cutText(count: number, tunnel: number, { outerBytes, packets }: Shortcomings): string {
  const share = percentText(count / Math.max(1, packets));
  const wants = Math.ceil(((outerBytes[tunnel] as number) + INNER_BYTES) / 32) * 32;
  const what = tunnel === 0 ? "packet" : `${TUNNELS[tunnel]} packet`;
  return `${counted(count, what)} (${share} of all) cut before the end of a header that is needed: record ${wants} bytes of each or more`;
}
