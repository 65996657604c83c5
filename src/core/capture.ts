import { z } from "zod";
import { triggerSchema } from "./capture-triggers.ts";
import { defineEvidence } from "./evidence.ts";

/** What can be tapped on the way of a packet: see `capture-points.ts`. */
export const pointKindSchema = z.enum(["pod", "host-end", "bridge", "tunnel", "nic", "bond-member"]);

/** What a check is asked to record. Crosses Redis. */
export const captureWishSchema = z.object({
  /** In the language of pcap-filter(7); the packets of the two ends are recorded in any case, this narrows them. */
  filter: z.string().max(1_000).optional(),
  /** Whole packets with what the programs say; otherwise headers only. */
  full: z.boolean(),
  /** Only points of these kinds; absent = all. */
  points: z.array(pointKindSchema).optional(),
});
export type CaptureWish = z.infer<typeof captureWishSchema>;

/**
 * A point at which packets are recorded, as the check has planned it: one node task with its own tap. Points are numbered in the
 * order in which packets of the first end cross them.
 */
export const tapSchema = z.object({
  /** The node task: `capture-3`. */
  task: z.string(),
  /** How people see it: `node-1 cni0`, `shop/web-0 eth0`. Unique within the check. */
  label: z.string(),
  order: z.number().int(),
  node: z.string(),
  /** "node", or the UID of the pod whose network namespace it lies in. */
  netns: z.string(),
  device: z.string(),
  kind: pointKindSchema,
  /** Largest IP packet of the device, bytes. */
  mtu: z.number().int(),
  /** Bytes recorded of each packet. */
  snapLength: z.number().int(),
  /** The node task that holds the last while of whole packets, of which only seconds around triggers are fetched. */
  ring: z.string().optional(),
  /** Programs of the data plane may pass packets by this device: that one was not seen here proves nothing. */
  mayBeSkipped: z.boolean(),
});
export type Tap = z.infer<typeof tapSchema>;

const count = z.number().int().nonnegative();
const ms = z.number();

/** One closed file of a recording. */
export const segmentSchema = z.object({
  number: count,
  bytes: count,
  sha256: z.string(),
  /** Time of its first packet, and when it was closed; Unix milliseconds of the node's clock. */
  fromMs: ms,
  toMs: ms,
  /**
   * Its recorder died and it was closed later: bytes of an unfinished packet that were cut off its end. `toMs` is then the time of
   * its last packet.
   */
  cutBytes: count.optional(),
});
export type Segment = z.infer<typeof segmentSchema>;

/** What a recorder says of itself. Subject: the task. Times are Unix milliseconds of the node's clock. */
export const recordingEvidence = defineEvidence(
  "recording",
  z.object({
    /** When the tap stood; absent while it does not. */
    listeningMs: ms.optional(),
    /** It died and went on: when the tap stood again, and the number of the first segment of that life. What came between is lost. */
    resumed: z.array(z.object({ atMs: ms, firstSegment: count })).optional(),
    /** Until when everything that came and was not dropped is in segments; absent while it runs, and when it was killed. */
    endedMs: ms.optional(),
    /** stopped: was asked to · tcpdump: it ended by itself · total-bytes, cpu: a limit · disk: could not write. */
    endReason: z.enum(["stopped", "tcpdump", "total-bytes", "cpu", "disk"]).optional(),
    /** The newest counts of the recorder: packets written, matched by the filter, and lost before they were read. */
    written: count,
    matched: count,
    dropped: count,
    /** Closed files that were not let go, ascending. Numbers are never used twice. */
    segments: z.array(segmentSchema),
    /** Closed files that were deleted on the node before anybody had fetched them, because the ring was full. */
    letGo: z.array(segmentSchema),
    /** Why nothing is recorded, or not any more, in tcpdump's words or the system's: no such device, not permitted, bad filter. */
    trouble: z.string().optional(),
  }),
);
export type Recording = z.infer<typeof recordingEvidence.schema>;

const share = z.object({ share: z.number(), low: z.number(), high: z.number() });

/**
 * What happened between two neighbouring points in one direction; the words are those of `pcap/hop-chain.ts`. The points of a
 * direction are a chain of their own: those that its packets pass by are left out of it. Which hops lose packets:
 * `hop-loss.ts`.
 */
export const hopSchema = z.object({
  /** Labels of the taps; members of a bond are one point: the first one's label, and `+` the devices of the others. */
  from: z.string(),
  to: z.string(),
  direction: z.enum(["forward", "backward"]),
  sent: count,
  seen: count,
  lost: count,
  /** Not seen at `to`, but behind it: the recorder lost them, or they went another way, and not the network. */
  missed: count,
  /** What `to` missed of those that reached a point behind it; the last point: of those that it sent itself. */
  missShare: share,
  lossShare: share,
  /** Seen at `to` and nowhere before it: the recorders missed them, or what tells packets apart was changed on the way. */
  appeared: count.optional(),
  /** What the recorder at `to` says it lost, packets. */
  dropped: count,
  smallestLost: count,
  largestSeen: count,
  delayMs: z.object({ p50: ms, p99: ms, max: ms, uncertainMs: ms }).optional(),
  /** Unix seconds by our clock, and how many were lost in each, ascending. */
  lostAt: z.array(z.tuple([z.number(), count])),
});
export type HopCounts = z.infer<typeof hopSchema>;

/** The same packets at all points of the path. Subject: the two ends, `from>to`. */
export const hopsEvidence = defineEvidence(
  "hops",
  z.object({
    taps: z.array(tapSchema),
    hops: z.array(hopSchema),
    /** Clocks of other nodes against that of the first tap's node, as the packets themselves tell; those that they do tell. */
    clocks: z.array(z.object({ node: z.string(), offsetMs: ms, uncertainMs: ms, driftPpm: z.number() })),
    strangers: count,
    unidentified: count,
    refused: count,
    /** Points that say nothing of one or both directions, and taps of which something could not be read; and why. */
    left: z.array(z.object({ tap: z.string(), reason: z.string() })),
  }),
);
export type Hops = z.infer<typeof hopsEvidence.schema>;

/**
 * Moments that were worth keeping, by time, and what is kept of their seconds -10..+10: all, in part (some files were gone or did
 * not fit), or none. `whole`: it is whole packets that are meant. Subject: the two ends, `from>to`.
 */
export const triggersEvidence = defineEvidence(
  "capture.triggers",
  z.object({
    whole: z.boolean(),
    triggers: z.array(triggerSchema.extend({ kept: z.enum(["all", "part", "none"]) })),
  }),
);
export type KeptTrigger = z.infer<typeof triggersEvidence.schema>["triggers"][number];

/** A file for people, as it lies in the artifact store. Subject: its key. */
export const captureFile = defineEvidence(
  "capture.file",
  z.object({
    /** People paste it into a shell. */
    key: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/),
    bytes: count,
    sha256: z.string(),
    /** all: every point, the whole time · moments: whole packets of the seconds around triggers, every point. */
    holds: z.enum(["all", "moments"]),
    /** What programs say is in it. */
    payload: z.boolean(),
  }),
);

/** What was recorded at one point and kept. Subject: the tap's label. */
export const captureKept = defineEvidence(
  "capture.kept",
  z.object({
    tap: tapSchema,
    packets: count,
    bytes: count,
    droppedByKernel: count,
    fromMs: ms,
    toMs: ms,
    /** How long of the window packets were recorded and came to us; files that were let go on the node are not in it. */
    recordedMs: ms,
    /** Where it is to be found: a key of the artifact store. */
    file: z.string(),
    /** Files that were let go before they could be kept. */
    letGo: count,
  }),
);
