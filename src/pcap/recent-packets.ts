import * as packetRegisters from "./packet-registers.ts";

const { DESTINATION, FAMILY, IP_ID, PROTOCOL, SOURCE, TRANSPORT, TRANSPORT_LENGTH } = packetRegisters;

const ENTRIES = 4_096;
/** A packet passes the interfaces of one machine within this; while the machine is busy with other things, within that. */
const COPY_NS = 1e6;
const BUSY_NS = 20e6;
const TCP = 6;

/**
 * Tells the second and later sightings of one packet at several interfaces of a machine (`tcpdump -i any`) from packets that
 * are alike: everything is the same but where it was seen, or everything and an IP ID that counts. Addresses, ports, sequence
 * and ACK number, flags and window are compared; TTL and checksum are not, since they change on the way through a machine.
 */
export class RecentPackets {
  copies = 0;
  /** Two hashes of a packet, and where it was seen. */
  #words = new Int32Array(0);
  /** When; both are empty before the first packet. */
  #times = new Float64Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  buffer(view: DataView): void {
    this.#view = view;
  }

  /** True when the packet in `registers` was seen before; `where` tells interfaces and directions apart. */
  seen(registers: Int32Array, end: number, where: number, now: number): boolean {
    const view = this.#view;
    const at = registers[TRANSPORT] as number;
    const tcp = registers[PROTOCOL] === TCP;
    if (end - at < (tcp ? 16 : 8)) return false;
    const id = registers[IP_ID] as number;
    let one = Math.imul((registers[SOURCE] as number) ^ id, 0x85ebca6b) ^ (registers[DESTINATION] as number);
    let two = Math.imul((registers[DESTINATION] as number) ^ 0x9e3779b1, 0xc2b2ae35) ^ (registers[SOURCE] as number);
    if (registers[FAMILY] === 6)
      for (let word = 1; word < 4; word++) {
        one =
          Math.imul(one ^ (registers[SOURCE + word] as number), 0x85ebca6b) ^ (registers[DESTINATION + word] as number);
        two = Math.imul(two, 0xc2b2ae35) ^ (registers[SOURCE + word] as number);
      }
    const length = registers[TRANSPORT_LENGTH] as number;
    // Ports (TCP, UDP) or type and code; then what tells messages apart, without the checksum.
    const first =
      registers[PROTOCOL] === 1 || registers[PROTOCOL] === 58 ? view.getUint16(at, false) : view.getInt32(at, false);
    one = mixed(one ^ first, (view.getInt32(at + 4, false) >>> (registers[PROTOCOL] === 17 ? 16 : 0)) ^ length);
    two = mixed(two ^ length, first);
    if (tcp) {
      one = mixed(one, view.getInt32(at + 8, false));
      two = mixed(two ^ view.getInt32(at + 4, false), view.getInt32(at + 12, false));
    } else if (registers[PROTOCOL] === 17 && end - at >= 12) two = mixed(two, view.getInt32(at + 8, false));
    const entry = (one ^ (one >>> 15)) & (ENTRIES - 1);
    if (this.#words.length === 0) {
      this.#words = new Int32Array(ENTRIES * 3);
      this.#times = new Float64Array(ENTRIES).fill(Number.NEGATIVE_INFINITY);
    }
    const words = this.#words;
    const place = entry * 3;
    const elsewhere = words[place + 2] !== where;
    // Senders that number their packets give a number to no second one so soon: they need not be close.
    const within = id > 0 && elsewhere ? BUSY_NS : COPY_NS;
    const same = words[place] === one && words[place + 1] === two && now - (this.#times[entry] as number) < within;
    if (same && (id > 0 || elsewhere)) {
      this.copies++;
      return true;
    }
    words[place] = one;
    words[place + 1] = two;
    words[place + 2] = where;
    this.#times[entry] = now;
    return false;
  }
}

function mixed(hash: number, word: number): number {
  const next = Math.imul(hash ^ word, 0x27d4eb2f);
  return next ^ (next >>> 15);
}
