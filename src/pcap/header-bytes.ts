import { CUT, FRAGMENT, MALFORMED, NOT_IP, PROTOCOL, TRANSPORT, UNKNOWN_LINK } from "./packet-registers.ts";

const TCP = 6;
const UDP = 17;
const SCTP = 132;
const ICMP = 1;
const ICMP6 = 58;
const ARP = 0x0806;
/** An ARP message for Ethernet and IPv4. */
const ARP_BYTES = 28;

/**
 * How many bytes of a packet are headers: everything up to and with the transport header of the innermost packet, and of ICMP
 * errors the headers that they quote. What programs say lies behind that, DNS included. Of what cannot be understood only the
 * link header counts: whatever follows may be anything.
 *
 * `outcome` and `registers` are the decoder's; the packet lies between `at` and `end`.
 */
export function headerBytes(
  view: DataView,
  {
    at,
    end,
    link,
    outcome,
    registers,
  }: { at: number; end: number; link: number; outcome: number; registers: Int32Array },
): number {
  const captured = end - at;
  if (outcome === UNKNOWN_LINK) return 0;
  // The capture ends within a header.
  if (outcome === CUT) return captured;
  if (outcome === NOT_IP || outcome === MALFORMED) return Math.min(captured, linkBytes(view, at, end, link));
  const transport = registers[TRANSPORT] as number;
  const behind = outcome === FRAGMENT ? 0 : transportBytes(view, registers[PROTOCOL] as number, transport, end);
  return Math.min(captured, transport - at + behind);
}

function transportBytes(view: DataView, protocol: number, at: number, end: number): number {
  switch (protocol) {
    case TCP:
      return end - at > 12 ? Math.max(20, (view.getUint8(at + 12) >> 4) << 2) : 20;
    case UDP:
      return 8;
    case SCTP:
      return 12;
    case ICMP:
      return 8 + (end - at > 8 && isError4(view.getUint8(at)) ? quotedBytes(view, at + 8, end) : 0);
    case ICMP6:
      return 8 + (end - at > 8 && view.getUint8(at) < 128 ? quotedBytes(view, at + 8, end) : 0);
    default:
      return 0;
  }
}

/** Unreachable, source quench, redirect, time exceeded, parameter problem (RFC 792). */
const isError4 = (type: number): boolean => type === 3 || type === 4 || type === 5 || type === 11 || type === 12;

/** The IP header that an ICMP error quotes, and the beginning of the transport header behind it. */
function quotedBytes(view: DataView, at: number, end: number): number {
  const version = view.getUint8(at) >> 4;
  if (version === 4) {
    const header = (view.getUint8(at) & 15) << 2;
    if (header < 20 || end - at < 20) return 0;
    // Behind a later fragment's header lies no transport header.
    const later = (view.getUint16(at + 6, false) & 0x1fff) !== 0;
    return header + (later ? 0 : quotedTransport(view.getUint8(at + 9)));
  }
  return version === 6 && end - at >= 40 ? 40 + quotedTransport(view.getUint8(at + 6)) : 0;
}

function quotedTransport(protocol: number): number {
  if (protocol === TCP) return 20;
  return protocol === UDP || protocol === ICMP || protocol === ICMP6 ? 8 : 0;
}

/** The header in front of the network's, with VLAN tags, and ARP. */
function linkBytes(view: DataView, at: number, end: number, link: number): number {
  switch (link) {
    case 1: {
      let bytes = 14;
      while (end - at >= bytes && isTag(view.getUint16(at + bytes - 2, false)) && bytes < 30) bytes += 4;
      const arp = end - at >= bytes && view.getUint16(at + bytes - 2, false) === ARP;
      return bytes + (arp ? ARP_BYTES : 0);
    }
    case 113:
      return 16 + (end - at >= 16 && view.getUint16(at + 14, false) === ARP ? ARP_BYTES : 0);
    case 276:
      return 20 + (end - at >= 20 && view.getUint16(at, false) === ARP ? ARP_BYTES : 0);
    case 0:
    case 108:
      return 4;
    default:
      return 0;
  }
}

const isTag = (type: number): boolean => type === 0x8100 || type === 0x88a8 || type === 0x9100;
