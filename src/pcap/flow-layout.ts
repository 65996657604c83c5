/**
 * Where things stand in the slot of a flow. A slot is 192 words (768 bytes): a head and one block for each direction. Words
 * are 32-bit integers; doubles lie over the same bytes, and double n covers the words 2n and 2n + 1.
 *
 *   ┌ head, 32 words ──────┬ direction 0, 72 words ─┬ 8 of the flow ┬ direction 1, 72 words ─┬ 8 of the flow ┐
 *   0                      32                       104             112                      184             192
 *
 * What nearly every packet needs stands at the beginning of each: the head, and 48 words of each direction. Those are eight
 * whole cache lines (16 words each; flow-table.ts puts slots where lines begin), the other four are seldom touched.
 *
 *   head   word                                         double
 *          0      hash of both ends, kind, interface    7   time of the newest packet
 *          1      next slot of the same bucket, or -1   8   when the newest request data came that waits for an answer; -1
 *          2      flags (FLOW_…)                        11  time of the first packet
 *          3      ports: end 0 in the upper 16 bits     12  time of the newest SYN; -1 before it
 *          4-7    address of end 0                      13  handshake round trip; -1 while unknown
 *          8-11   address of end 1                      14  longest time to an answer
 *          12     interface key                         15  all times to answers added up
 *          13     protocol | family << 8
 *          18     epoch: gaps in the file before it
 *          19     what the data is (application-data)
 *          20     RESET_… of the first reset
 *          21     TTL of each direction's first packet, direction 1 in bits 8 to 15; and how many SYNs each sent again,
 *                 bits 16 to 23 and 24 to 31
 *          ── seldom ──
 *          104    first packet                          92  longest stall
 *          105    request in waiting, serial number     93  when that stall began
 *          106    answers
 *          107    time line, number + 1; 0 = none
 *          108    packet of the first reset
 *          109    TTL of the first reset, RESET_…
 *          110    packet at which the longest stall ended
 *          111    STALL_… of the longest stall
 *          188    stalls
 *          189    pieces of data that were acknowledged but not captured
 *          190    first byte of a segment that a router called too big; 191 when, in ms
 *
 *   block  word (+ 32 or + 112)                         double (+ 16 or + 56)
 *          0      state bits                            8   when its highest byte was sent
 *          1      next expected sequence number         9   since when data waits for an ACK without progress; 0
 *          2      its newest ACK number                 10  when it newly sent anything that takes a sequence number
 *          3      its window field                      11  when its newest ACK came
 *          4      window scale                          12  data bytes, sent again or not
 *          5      duplicate ACKs in a row               13  since when it fills the other's window; 0 = it does not
 *          6      place in the ring of samples          14-17 when the segments of words 12-15 were sent
 *          7      largest segment in flight; 8 its end  18  round trips added up
 *          9      data sent again and again: where
 *          10, 11 TSval and IP ID of its newest data
 *          12-15  ends of segments whose ACK is awaited
 *          38     largest segment acknowledged
 *          39     data sent again and again: how often
 *          40     a stuck full-size segment: bytes
 *          41     and how often it was sent again
 *          42     MSS that it announced
 *          43     initial sequence number
 *          44-58  counters, in the order of COUNTERS; from 48 on, most connections have none
 *          ── seldom ──
 *          59     data sent again and again: length     33  since when its window is zero; 0 = it is open
 *          60-65  three holes: from, to                 34  how long it was zero in all
 *                                                       35  how long it filled the other's window in all
 *
 * All times are nanoseconds since the first packet of the capture.
 */
export const WORDS = 192;
export const DIRECTIONS = 32;
export const DIRECTION_WORDS = 80;

export const HASH = 0;
export const NEXT = 1;
export const FLAGS = 2;
export const PORTS = 3;
export const ENDS = 4;
export const INTERFACE = 12;
export const KIND = 13;
/** From this word on, nothing stays when the ports are used again. */
export const RENEWED = 14;
export const EPOCH = 18;
export const APPLICATION = 19;
export const RESET_STATE = 20;
export const TIME_LINE = 107;
export const FIRST_PACKET = 104;
export const RESET_PACKET = 108;
export const RESET_TTL = 109;
export const REQUEST = 105;
export const ANSWERS = 106;
export const STALL_PACKET = 110;
export const STALL_KIND = 111;
export const STALLS = 188;
export const TTLS = 21;
export const UNSEEN = 189;
export const TOO_BIG_AT = 190;
export const TOO_BIG_MS = 191;

export const NEWEST = 7;
export const ASKED_AT = 8;
export const BEGAN = 11;
export const SYN_AT = 12;
export const HANDSHAKE = 13;
export const ANSWER_LONGEST = 14;
export const ANSWER_SUM = 15;
export const STALL_LONGEST = 92;
export const STALL_BEGAN = 93;

/** Flags of a flow. */
export const FLOW_USED = 1;
/** Direction 1 sent the SYN. */
export const FLOW_CLIENT_1 = 2;
export const FLOW_SYN = 4;
export const FLOW_SYN_ACK = 8;
export const FLOW_ESTABLISHED = 16;
/** Reset, or closed from both sides. */
export const FLOW_CLOSED = 32;
export const FLOW_REFUSED = 64;
/** An ICMP message said that a packet of it was too big, or that it was not let through. */
export const FLOW_TOO_BIG = 128;
export const FLOW_UNREACHABLE = 256;
/** Its ports had been used by another connection before. */
export const FLOW_REUSED = 512;
/** The same connection was seen at another interface before: what it carries and its round trips are counted there. */
export const FLOW_COPY = 1024;
/** Direction 1 sent what a router called too big; and it was still sending it a second later. */
export const FLOW_TOO_BIG_1 = 2048;
export const FLOW_TOO_BIG_AGAIN = 4096;

/** State bits of a direction. */
export const SEEN = 1;
export const ACKED = 2;
/** The window scale is known: the SYN was seen whole. */
export const SCALED = 4;
export const FINISHED = 8;
/** Words 10 and 11 hold something. */
export const STAMPED = 16;
export const NUMBERED = 32;
/** Its newest segment was a keep-alive, or a probe of a zero window. */
export const KEEP_ALIVE = 64;
export const PROBE = 128;
/** There were more holes at once than there is room for. */
export const HOLES_LOST = 256;
/** Something was missing; words 60-65 may say what. */
export const HOLED = 512;
/** Its data came with another TTL than its first packet: by several ways, or through something that answers for it. */
export const OTHER_TTL = 1024;

export const NEXT_SEQUENCE = 1;
export const NEWEST_ACK = 2;
export const WINDOW = 3;
export const SCALE = 4;
export const DUPLICATES = 5;
export const RING = 6;
export const LARGEST = 7;
export const LARGEST_END = 8;
export const AGAIN_AT = 9;
export const TSVAL = 10;
export const ID = 11;
export const RING_ENDS = 12;
export const COUNTERS = 44;
export const LARGEST_ACKED = 38;
export const AGAIN_TIMES = 39;
export const AGAIN_LENGTH = 59;
export const STUCK_LENGTH = 40;
export const STUCK_TIMES = 41;
export const MSS = 42;
export const INITIAL = 43;
export const HOLES = 60;
export const HOLES_END = 66;
export const RING_SIZE = 4;

export const HIGHEST_AT = 8;
export const WAITS_SINCE = 9;
export const SENT_AT = 10;
export const ACK_AT = 11;
export const DATA_BYTES = 12;
export const FULL_SINCE = 13;
export const RING_AT = 14;
export const ROUND_TRIP_SUM = 18;
export const ZERO_SINCE = 33;
export const ZERO_NS = 34;
export const FULL_NS = 35;

/** In the word APPLICATION: nobody wants to see the data of this flow. */
export const UNINTERESTING = 3;

/** Counters of a direction, in the order of their words from COUNTERS. */
export const PACKETS = 0;
/** Packets with data. */
export const DATA_PACKETS = 1;
export const ROUND_TRIPS = 2;
export const DUPLICATE_ACKS = 3;
/** From this counter on, most connections have none. */
export const SELDOM = 4;
export const RETRANSMISSIONS = 4;
export const FAST = 5;
export const SPURIOUS = 6;
export const TIMEOUTS = 7;
export const OUT_OF_ORDER = 8;
export const LOST_SEGMENTS = 9;
export const ZERO_WINDOWS = 10;
export const WINDOW_FULL = 11;
export const KEEP_ALIVES = 12;
export const RESETS = 13;
/** The same packet twice, by the network or the recorder. */
export const COPIES = 14;
export const COUNTED = 15;

/** In what state the first reset found the connection; RESET_BY_1 is added when direction 1 sent it. */
export const RESET_BY_1 = 16;
export const RESET_OF_SYN = 1;
export const RESET_IDLE = 2;
export const RESET_WITH_DATA = 3;
export const RESET_AFTER_FIN = 4;

/** In the word of the reset's TTL: its IP ID or time stamp is none of its side's; and that side went on afterwards. */
export const RESET_ODD = 256;
export const RESET_WENT_ON = 512;

/** What a stall waited for; STALL_BY_1 is added when direction 1 was the silent one. */
export const STALL_BY_1 = 16;
export const STALL_NO_ACK = 1;
export const STALL_NO_ANSWER = 2;

/** How one flow is handed over: its slot in words, and the same in doubles. */
export type Slot = {
  readonly words: Int32Array;
  readonly at: number;
  readonly times: Float64Array;
  readonly timesAt: number;
};
