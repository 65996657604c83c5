import type { CaptureSummary } from "./capture-summary.ts";
import { counted, severityOf } from "./finding.ts";
import { MergeChoice, type Point } from "./merge-choice.ts";
import { packetComments } from "./packet-comments.ts";
import { interfaceBlock, packetBlock, packetBlockBytes, sectionBlock, statisticsBlock } from "./pcapng-writer.ts";
import { correction, type PacketAt, type ReadBytes, type TapClock, TapPackets } from "./tap-packets.ts";
import { TapQueue } from "./tap-queue.ts";

/** What was recorded at one point, and what is known about it. */
export type MergedTap = {
  /** Names the interface: `node-1 eth0`. */
  readonly label: string;
  readonly snapLength: number;
  /** Absent for the node whose clock all times are given in. */
  readonly clock?: TapClock | undefined;
  /** By the recorder's own counters: packets that matched, and those of them that it lost. */
  readonly received: number;
  readonly dropped: number;
  /** What else there is to say: which segments were let go, since when it recorded. */
  readonly remarks: readonly string[];
  /** Opens its segments, oldest first, one when the one before is at its end. Called up to three times. */
  readonly segments: () => Iterable<ReadBytes>;
  /** Of the analysis of the same segments in the same order: packet numbers are those of all of them together, from 1. */
  readonly summary?: Pick<CaptureSummary, "findings" | "worstFlows"> | undefined;
  /** Packets of this tap (number from 1) that were seen nowhere behind it → label of the next tap, where they should have been. */
  readonly lost: ReadonlyMap<number, string>;
};

export type Merge = {
  /** First lines of the section's comment: which check, which ends, what filter, the coverage. */
  readonly about: readonly string[];
  /** Unix milliseconds. */
  readonly window: { readonly startMs: number; readonly endMs: number };
  readonly taps: readonly MergedTap[];
  /** Moments that somebody will want to see besides the findings, the worst first: seconds with losses, triggers; Unix milliseconds. */
  readonly momentsMs: readonly number[];
  /** Cuts every packet behind its transport header. */
  readonly headersOnly: boolean;
  /** Size of the file at most. Comments and interfaces need some thousand bytes of it. */
  readonly maxBytes: number;
};

/** What has become of it. */
export type Merged = {
  readonly packets: number;
  readonly bytes: number;
  readonly comments: number;
  /** Packets that did not fit. */
  readonly leftOut: number;
  /** Packets that stand behind a later one: they had been recorded too far out of order. */
  readonly disordered: number;
};

/** Of the section's comment, bytes. */
const MAX_ABOUT = 16_384;
const MAX_LOST_COMMENTS = 20_000;
const MAX_SNAP = 262_144;
const SHOWN = 5;

/**
 * Writes one pcapng file of what all taps recorded: an interface for each, its packets in the order of one clock, comments on
 * those that a finding or a loss is about, and what the recorders counted. The segments are read as streams, two or three times;
 * what is kept of them at a time is some MB.
 */
export function writeMergedCapture(merge: Merge, write: (bytes: Uint8Array) => void): Merged {
  const baseNs = BigInt(Math.floor(merge.window.startMs)) * 1_000_000n;
  const options = { baseNs, headersOnly: merge.headersOnly };
  const comments = merge.taps.map(commentsOf);
  const seen = merge.taps.map(() => new Seen());

  const fixed = merge.taps.reduce((sum, { remarks }) => sum + 2_048 + 2 * remarks.join("").length, MAX_ABOUT);
  const choice = new MergeChoice(pointsOf(merge, baseNs), merge.maxBytes - fixed);
  const everyPacket = (
    visit: (packet: PacketAt, tap: number, said: readonly string[]) => void,
  ): readonly TapPackets[] =>
    merge.taps.map((tap, index) => {
      const said = comments[index] as ReadonlyMap<number, readonly string[]>;
      const packets = new TapPackets({ segments: tap.segments(), clock: tap.clock }, options, (packet) =>
        visit(packet, index, said.get(packet.number) ?? NONE),
      );
      try {
        while (packets.pull());
      } finally {
        packets.close();
      }
      return packets;
    });

  const read = everyPacket((packet, tap, said) => {
    (seen[tap] as Seen).add(packet);
    choice.weigh(packet, packetBlockBytes(packet.kept, said), said.length > 0);
  });
  choice.chooseFlows();
  if (!choice.all) {
    everyPacket((packet, _, said) => choice.weighAgain(packet, packetBlockBytes(packet.kept, said), said.length > 0));
    choice.chooseSeconds();
  }

  const file = new Counting(write);
  file.write(sectionBlock(aboutText(merge, choice)));
  const ports = new Map<string, number>();
  for (const [index, tap] of merge.taps.entries()) {
    const { links, longest } = seen[index] as Seen;
    // A device that was made anew may have another kind of link.
    for (const link of links.size > 0 ? links : [1]) {
      ports.set(`${index} ${link}`, ports.size);
      const snapLength = Math.max(Math.min(tap.snapLength, MAX_SNAP), longest);
      file.write(interfaceBlock(link, snapLength, tap.label, remarksOf(tap, read[index] as TapPackets)));
    }
  }
  const counts = writePackets(merge, { options, choice, comments, ports, baseNs }, file);
  for (const [index, tap] of merge.taps.entries()) {
    const { links, firstNs, lastNs } = seen[index] as Seen;
    const port = ports.get(`${index} ${[...links][0] ?? 1}`) as number;
    const when = (ns: number, otherwise: number): bigint =>
      Number.isFinite(ns) ? baseNs + BigInt(Math.round(ns)) : BigInt(Math.floor(otherwise)) * 1_000_000n;
    const fromNs = when(firstNs, merge.window.startMs);
    const toNs = when(lastNs, merge.window.endMs);
    file.write(statisticsBlock(port, { fromNs, toNs, received: tap.received, dropped: tap.dropped }));
  }
  return { ...counts, bytes: file.bytes, leftOut: choice.total.packets - counts.packets };
}

const NONE: readonly string[] = [];

/** Takes the earliest packet of all taps, again and again. */
function writePackets(
  { taps }: Merge,
  {
    options,
    choice,
    comments,
    ports,
    baseNs,
  }: {
    options: ConstructorParameters<typeof TapPackets>[1];
    choice: MergeChoice;
    comments: readonly ReadonlyMap<number, readonly string[]>[];
    ports: ReadonlyMap<string, number>;
    baseNs: bigint;
  },
  file: Counting,
): Pick<Merged, "packets" | "comments" | "disordered"> {
  const queues = taps.map(({ segments, clock }, tap) => {
    const said = comments[tap] as ReadonlyMap<number, readonly string[]>;
    return new TapQueue({ segments: segments(), clock }, options, (packet) =>
      choice.wants(packet, said.has(packet.number)),
    );
  });
  const counts = { packets: 0, comments: 0, disordered: 0 };
  let newest = Number.NEGATIVE_INFINITY;
  try {
    for (;;) {
      let tap = -1;
      let earliest = Number.POSITIVE_INFINITY;
      for (const [index, queue] of queues.entries()) {
        const ns = queue.first?.ns ?? Number.POSITIVE_INFINITY;
        if (ns >= earliest) continue;
        earliest = ns;
        tap = index;
      }
      const queue = queues[tap];
      const packet = queue?.first;
      if (!queue || !packet) return counts;
      queue.take();
      const said = comments[tap]?.get(packet.number) ?? NONE;
      const ns = baseNs + BigInt(Math.round(packet.ns));
      const port = ports.get(`${tap} ${packet.link}`) as number;
      file.write(packetBlock(port, ns, packet.bytes, packet.original, said));
      counts.packets++;
      if (said.length > 0) counts.comments++;
      if (packet.ns < newest) counts.disordered++;
      else newest = packet.ns;
    }
  } finally {
    for (const queue of queues) queue.close();
  }
}

/** What the first reading tells of a tap. */
class Seen {
  readonly links = new Set<number>();
  longest = 0;
  firstNs = Number.POSITIVE_INFINITY;
  lastNs = Number.NEGATIVE_INFINITY;

  add({ link, kept, ns }: PacketAt): void {
    this.links.add(link);
    if (kept > this.longest) this.longest = kept;
    if (ns < this.firstNs) this.firstNs = ns;
    if (ns > this.lastNs) this.lastNs = ns;
  }
}

class Counting {
  readonly #write: (bytes: Uint8Array) => void;
  bytes = 0;

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  write(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.#write(bytes);
  }
}

/** What to say at which packet of a tap. Numbers in the text are those of the tap, so it is said with them. */
function commentsOf({ label, summary, lost }: MergedTap): ReadonlyMap<number, readonly string[]> {
  const said = summary ? packetComments(summary) : new Map<number, string[]>();
  for (const [packet, behind] of [...lost].slice(0, MAX_LOST_COMMENTS))
    said.set(packet, [`Lost behind this point: seen at ${label}, not at ${behind}.`, ...(said.get(packet) ?? [])]);
  return new Map([...said].map(([packet, texts]) => [packet, [`Packet ${packet} of ${label}.`, ...texts]]));
}

function pointsOf({ taps, momentsMs }: Merge, baseNs: bigint): readonly Point[] {
  const found = taps.flatMap(({ summary, clock }) => {
    const toCommon = clock ? correction(clock, baseNs) : (ns: number) => ns;
    return (summary?.findings ?? []).map((finding) => ({
      ...{ severity: severityOf(finding), flow: finding.flow },
      atNs:
        finding.atUs === undefined ? undefined : toCommon(Number(BigInt(Math.round(finding.atUs)) * 1_000n - baseNs)),
    }));
  });
  const moments = momentsMs.map((ms) => ({ atNs: Number(BigInt(Math.floor(ms)) * 1_000_000n - baseNs) }));
  return [...found.toSorted((one, other) => other.severity - one.severity), ...moments];
}

function remarksOf({ remarks, clock }: MergedTap, { cut, gaps }: TapPackets): readonly string[] {
  return [
    ...remarks,
    ...(clock ? [`Its clock showed ${clock.offsetMs.toFixed(3)} ms more, and was corrected.`] : []),
    ...cut
      .slice(0, SHOWN)
      .map(({ segment, reason, offset }) => `Segment ${segment} ends early, at byte ${offset}: ${reason}.`),
    ...(gaps > 0 ? [`${counted(gaps, "damaged place")} passed over.`] : []),
  ];
}

function aboutText({ about, window, taps, headersOnly, maxBytes }: Merge, choice: MergeChoice): string {
  const at = (ms: number): string => new Date(ms).toISOString();
  const own = taps.find(({ clock }) => clock === undefined);
  const lines = [
    ...about,
    `Window: ${at(window.startMs)} to ${at(window.endMs)}.`,
    `${counted(taps.length, "point")}${own ? `; all times are those of the clock of ${own.label}` : ""}.`,
    ...(headersOnly ? ["Headers only: every packet is cut behind its transport header."] : []),
    choice.all ? `All packets are here: ${choice.total.packets}.` : leftOutText(choice, maxBytes),
  ];
  return lines.join("\n").slice(0, MAX_ABOUT / 4);
}

function leftOutText({ total, flows, secondsAround, firstSeconds }: MergeChoice, maxBytes: number): string {
  const shown = flows.slice(0, SHOWN).map(({ client, server }) => `${client} and ${server}`);
  const more = flows.length > SHOWN ? ` and ${flows.length - SHOWN} more` : "";
  return [
    `Not all of the ${total.packets} packets fit into ${maxBytes} bytes. What is missing here was left out, and not lost by the network. Kept are:`,
    "- packets with comments",
    ...(flows.length > 0 ? [`- whole connections with findings: ${shown.join(", ")}${more}`] : []),
    ...(secondsAround > 0 ? [`- ${counted(secondsAround, "second")} around findings and other bad moments`] : []),
    ...(firstSeconds > 0 ? [`- the first ${counted(firstSeconds, "second")} of the rest`] : []),
  ].join("\n");
}
