import { PROTOCOL, TRANSPORT } from "./decode.ts";

const ICMP = 1;

/** ICMP and ICMPv6 messages that matter, by type and code (RFC 792, RFC 1191, RFC 4443). */
export class IcmpAnalysis {
  echoRequests = 0;
  echoReplies = 0;
  unreachable = 0;
  /** "Fragmentation needed" and "packet too big", with the smallest MTU that they named. */
  tooBig = 0;
  smallestMtu = 0;
  /** Filters that say so: codes 9, 10 and 13 of type 3; code 1 of ICMPv6 type 1. */
  prohibited = 0;
  timeExceeded = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));

  buffer(view: DataView): void {
    this.#view = view;
  }

  message(registers: Int32Array, end: number): void {
    const at = registers[TRANSPORT] as number;
    if (end - at < 8) return;
    const type = this.#view.getUint8(at);
    const code = this.#view.getUint8(at + 1);
    if (registers[PROTOCOL] === ICMP) {
      if (type === 8) this.echoRequests++;
      else if (type === 0) this.echoReplies++;
      else if (type === 11) this.timeExceeded++;
      else if (type === 3 && code === 4) this.#mtu(this.#view.getUint16(at + 6, false));
      else if (type === 3) {
        this.unreachable++;
        if (code === 9 || code === 10 || code === 13) this.prohibited++;
      }
      return;
    }
    if (type === 128) this.echoRequests++;
    else if (type === 129) this.echoReplies++;
    else if (type === 3) this.timeExceeded++;
    else if (type === 2) this.#mtu(this.#view.getUint32(at + 4, false));
    else if (type === 1) {
      this.unreachable++;
      if (code === 1) this.prohibited++;
    }
  }

  #mtu(mtu: number): void {
    this.tooBig++;
    if (mtu > 0 && (this.smallestMtu === 0 || mtu < this.smallestMtu)) this.smallestMtu = mtu;
  }
}
