/**
 * Where things stand in the slot of a flow. A slot is 192 words (768 bytes): a head and one block for each direction. Words
 * are 32-bit integers; doubles lie over the same bytes, and double n covers the words 2n and 2n + 1.
 *
 *   ┌ head, 48 words ──────────────────────────────────┬ direction 0, 72 words ─┬ direction 1, 72 words ─┐
 *   0                                                  48                       120                      192
 *
 *   head   word                                         double
 *          0      hash of both ends, kind, interface    7   time of the first packet
 *          1      next slot of the same bucket, or -1   8   time of the newest packet
 *          2      flags (FLOW_…)                        9   time of the newest SYN; -1 before it
 *          3      ports: end 0 in the upper 16 bits     10  handshake round trip; -1 while unknown
 *          4-7    address of end 0                      11  when the newest request data came that waits for an answer; -1
 *          8-11   address of end 1                      12  longest time to an answer
 *          12     interface key                         13  all times to answers added up
 *          13     protocol | family << 8                14  longest stall
 *          32     epoch: gaps in the file before it     15  when that stall began
 *          33     what the data is (application-data)
 *          34     time line, number + 1; 0 = none
 *          35     request in waiting, serial number
 *          36     first packet          37  packet of the first reset
 *          38     RESET_… of the first reset
 *          39     answers               40  packet at which the longest stall ended
 *          41     STALL_… of the longest stall
 *          42     stalls                43  TTL of the first reset, and what speaks against its sender (RESET_…)
 *          44     TTL of each direction's first packet, direction 1 in bits 8 to 15; and how many SYNs each sent again,
 *                 bits 16 to 23 and 24 to 31
 *          45     pieces of data that were acknowledged but not captured
 *          46     first byte of a segment that a router called too big; 47 when, in ms
 *
 *   block  word (+ 48 or + 120)                         double (+ 24 or + 60)
 *          0      state bits                            22  when its newest ACK came
 *          1      next expected sequence number         23  when its highest byte was sent
 *          2      its newest ACK number                 24  since when its window is zero; 0 = it is open
 *          3      its window field                      25  how long it was zero in all
 *          4      window scale                          26  data bytes, sent again or not
 *          5      duplicate ACKs in a row               27  when it newly sent anything that takes a sequence number
 *          6      MSS that it announced                 28-31 when the segments of words 28-31 were sent
 *          7, 8   TSval and IP ID of its newest data    32  since when it fills the other's window; 0 = it does not
 *          9-11   data sent again and again: sequence   33  how long it did in all
 *                 number, length, how often             34  since when data waits for an ACK without progress; 0
 *          12-26  counters, in the order of COUNTERS    35  round trips added up
 *          27     place in the ring of samples
 *          28-31  ends of segments whose ACK is awaited
 *          32-37  three holes: from, to                 40  largest segment acknowledged
 *          38     initial sequence number               41  a stuck full-size segment: bytes
 *          39     largest segment in flight; 42 its end 43  and how often it was sent again
 *
 * All times are nanoseconds since the first packet of the capture.
 */
export const WORDS = 192;
export const DIRECTIONS = 48;
export const DIRECTION_WORDS = 72;

export const HASH = 0;
export const NEXT = 1;
export const FLAGS = 2;
export const PORTS = 3;
export const ENDS = 4;
export const INTERFACE = 12;
export const KIND = 13;
export const EPOCH = 32;
export const APPLICATION = 33;
export const TIME_LINE = 34;
export const REQUEST = 35;
export const FIRST_PACKET = 36;
export const RESET_PACKET = 37;
export const RESET_STATE = 38;
export const ANSWERS = 39;
export const STALL_PACKET = 40;
export const STALL_KIND = 41;
export const STALLS = 42;
export const RESET_TTL = 43;
export const TTLS = 44;
export const UNSEEN = 45;
export const TOO_BIG_AT = 46;
export const TOO_BIG_MS = 47;

export const BEGAN = 7;
export const NEWEST = 8;
export const SYN_AT = 9;
export const HANDSHAKE = 10;
export const ASKED_AT = 11;
export const ANSWER_LONGEST = 12;
export const ANSWER_SUM = 13;
export const STALL_LONGEST = 14;
export const STALL_BEGAN = 15;

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
/** Words 7 and 8 hold something. */
export const STAMPED = 16;
export const NUMBERED = 32;
/** Its newest segment was a keep-alive, or a probe of a zero window. */
export const KEEP_ALIVE = 64;
export const PROBE = 128;
/** There were more holes at once than there is room for. */
export const HOLES_LOST = 256;
/** Something was missing; words 32-37 may say what. */
export const HOLED = 512;
/** Its data came with another TTL than its first packet: by several ways, or through something that answers for it. */
export const OTHER_TTL = 1024;

export const NEXT_SEQUENCE = 1;
export const NEWEST_ACK = 2;
export const WINDOW = 3;
export const SCALE = 4;
export const DUPLICATES = 5;
export const MSS = 6;
export const TSVAL = 7;
export const ID = 8;
export const AGAIN_AT = 9;
export const AGAIN_LENGTH = 10;
export const AGAIN_TIMES = 11;
export const COUNTERS = 12;
export const RING = 27;
export const RING_ENDS = 28;
export const RING_SIZE = 4;
export const HOLES = 32;
export const HOLES_END = 38;
export const INITIAL = 38;
export const LARGEST = 39;
export const LARGEST_ACKED = 40;
export const STUCK_LENGTH = 41;
export const LARGEST_END = 42;
export const STUCK_TIMES = 43;

export const ACK_AT = 22;
export const HIGHEST_AT = 23;
export const ZERO_SINCE = 24;
export const ZERO_NS = 25;
export const DATA_BYTES = 26;
export const SENT_AT = 27;
export const RING_AT = 28;
export const FULL_SINCE = 32;
export const FULL_NS = 33;
export const WAITS_SINCE = 34;
export const ROUND_TRIP_SUM = 35;

/** Counters of a direction, in the order of their words from COUNTERS. */
export const PACKETS = 0;
/** Packets with data. */
export const DATA_PACKETS = 1;
export const RETRANSMISSIONS = 2;
export const FAST = 3;
export const SPURIOUS = 4;
export const TIMEOUTS = 5;
export const OUT_OF_ORDER = 6;
export const DUPLICATE_ACKS = 7;
export const LOST_SEGMENTS = 8;
export const ZERO_WINDOWS = 9;
export const WINDOW_FULL = 10;
export const KEEP_ALIVES = 11;
export const RESETS = 12;
/** The same packet twice, by the network or the recorder. */
export const COPIES = 13;
export const ROUND_TRIPS = 14;
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
