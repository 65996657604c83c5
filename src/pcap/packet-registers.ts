/**
 * Where the decoder leaves what it found, and what decoding a packet may end with.
 *
 * Modules that run for every packet take these numbers into constants of their own (`const { SOURCE } = packetRegisters`): the
 * compiler folds those into the code, while an imported one is read and checked each time, which costs a quarter of the speed.
 */

/** Addresses are four words; IPv4 uses the first. */
export const SOURCE = 0;
export const DESTINATION = 4;
/** 4 or 6: the innermost. */
export const FAMILY = 8;
/** IP protocol of the innermost packet: 6, 17, 1, 58 … */
export const PROTOCOL = 9;
/** Position of the transport header, and how many of its bytes (header and data) the IP header announces. */
export const TRANSPORT = 10;
export const TRANSPORT_LENGTH = 11;
/** IP ID of IPv4, 0 to 65535; -1 for IPv6. */
export const IP_ID = 12;
export const TTL = 13;
/** Tunnels around the innermost packet. */
export const DEPTH = 14;
/** Interface index of Linux cooked captures v2; 0 elsewhere. */
export const COOKED_INDEX = 15;
/** Packet type of Linux cooked captures (0 to us … 4 sent by us); -1 elsewhere. */
export const COOKED_TYPE = 16;
/** 1 when more fragments follow this one. */
export const FRAGMENTED = 17;
/** Which tunnel is the outermost: one of TUNNELS; 0 = none. */
export const TUNNEL = 18;
/** Of a fragment: its place in the whole, in bytes, and what all fragments of a packet have in common. */
export const FRAGMENT_AT = 19;
export const FRAGMENT_ID = 20;
/** Bytes in front of the innermost IP header that was found, for what a snap length would have to carry. */
export const OUTER_BYTES = 21;
export const REGISTERS = 22;
/** Link type of packets that begin with their IP header. */
export const RAW_IP = 101;

/** What decoding a packet ends with. */
export const WHOLE = 0;
/** No IP: ARP, LLDP, STP … */
export const NOT_IP = 1;
/** A later fragment: it has no transport header. */
export const FRAGMENT = 2;
/** The capture length cuts a header that is needed. */
export const CUT = 3;
/** A header that cannot be. */
export const MALFORMED = 4;
export const UNKNOWN_LINK = 5;

export const TUNNELS = ["none", "VXLAN", "Geneve", "IPIP", "GRE", "6in4", "WireGuard"] as const;
