import { seeded } from "#test/support/pcap/mutant.ts";
import type { CaptureWriter } from "./capture-writer.ts";

/** How packets are wrapped. */
export type Wrapping = "ethernet" | "vxlan" | "ipv6";

/** What was put into a capture on purpose, to hold the counters of a timed run against. */
export type Made = { packets: number; bytes: number; retransmissions: number; handshakes: number };

const SYN = 2;
const ACK = 16;
const FIN = 1;
const PSH = 8;
const MSS = 1_448;
const TCP_HEADER = 32;

type Said = { side: 0 | 1; sequence: number; acknowledged: number; length: number; flags: number; again?: true };
/** IP ID and time stamp are the sender's when it left, not when it is seen. */
type Segment = Said & { id: number; stamp: number };

/** A TCP connection with its two heads, and the segments that it will send next. */
class Connection {
  readonly #heads: readonly [Buffer, Buffer];
  readonly #ip: number;
  readonly #tcp: number;
  readonly #six: boolean;
  /** Next sequence number of the client and the server. */
  readonly next: [number, number];
  readonly queue: Segment[] = [];
  readonly #ids: [number, number] = [0, 0];
  #nowMs = 0;

  constructor(index: number, wrapping: Wrapping, random: () => number) {
    this.#six = wrapping === "ipv6";
    this.#ip = wrapping === "vxlan" ? 64 : 14;
    this.#tcp = this.#ip + (this.#six ? 40 : 20);
    const client = [10 + ((index >> 22) & 63), (index >> 14) & 255, (index >> 6) & 255, 1 + (index & 63)];
    const server = [172, 16, index % 7, 1 + (index % 40)];
    const ports = [20_000 + (index % 40_000), [80, 443, 5_432, 6_379][index % 4] ?? 80] as const;
    const head = (side: 0 | 1): Buffer => {
      const bytes = Buffer.alloc(this.#tcp + TCP_HEADER);
      if (wrapping === "vxlan") outer(bytes, index, side);
      bytes.writeUInt16BE(this.#six ? 0x86dd : 0x0800, this.#ip - 2);
      const ends = side === 0 ? [client, server] : [server, client];
      if (this.#six) {
        bytes.set([0x60], this.#ip);
        bytes.set([6, 64], this.#ip + 6);
        for (const [place, end] of ends.entries()) {
          bytes.set([0xfd, 0], this.#ip + 8 + place * 16);
          bytes.set(end, this.#ip + 20 + place * 16);
        }
      } else {
        bytes.set([0x45], this.#ip);
        bytes.set([0x40, 0, 64, 6], this.#ip + 6);
        for (const [place, end] of ends.entries()) bytes.set(end, this.#ip + 12 + place * 4);
      }
      bytes.writeUInt16BE(ports[side], this.#tcp);
      bytes.writeUInt16BE(ports[1 - side] ?? 0, this.#tcp + 2);
      bytes.set([TCP_HEADER << 2], this.#tcp + 12);
      bytes.writeUInt16BE(2_000, this.#tcp + 14);
      bytes.set([1, 1, 8, 10], this.#tcp + 20);
      return bytes;
    };
    this.#heads = [head(0), head(1)];
    this.next = [Math.floor(random() * 2 ** 32), Math.floor(random() * 2 ** 32)];
  }

  write(writer: CaptureWriter, us: number, { side, sequence, acknowledged, length, flags, id, stamp }: Segment): void {
    const head = this.#heads[side];
    const tcp = this.#tcp;
    const whole = tcp + TCP_HEADER + length;
    if (this.#six) head.writeUInt16BE(whole - tcp, this.#ip + 4);
    else {
      head.writeUInt16BE(whole - this.#ip, this.#ip + 2);
      head.writeUInt16BE(id, this.#ip + 4);
    }
    if (this.#ip === 64) {
      head.writeUInt16BE(whole - 14, 16);
      head.writeUInt16BE(whole - 34, 38);
    }
    head.writeUInt32BE(sequence >>> 0, tcp + 4);
    head.writeUInt32BE(acknowledged >>> 0, tcp + 8);
    head[tcp + 13] = flags;
    head.writeUInt32BE(stamp, tcp + 24);
    this.#nowMs = Math.floor(us / 1_000);
    writer.add(us, head, whole);
  }

  /** One side sends, whether or not it is seen; answers the sequence number. */
  send(side: 0 | 1, length: number, flags: number, { seen = true } = {}): number {
    const sequence = this.next[side];
    const taken = length + ((flags & (SYN | FIN)) !== 0 ? 1 : 0);
    this.next[side] = (sequence + taken) >>> 0;
    if (seen) this.say({ side, sequence, acknowledged: this.next[1 - side] ?? 0, length, flags });
    return sequence;
  }

  say(said: Said): void {
    const id = (this.#ids[said.side] + 1) & 0xffff;
    this.#ids[said.side] = id;
    this.queue.push({ ...said, id, stamp: this.#nowMs });
  }
}

/** Ethernet, IPv4, UDP and VXLAN between two nodes. */
function outer(bytes: Buffer, index: number, side: 0 | 1): void {
  bytes.writeUInt16BE(0x0800, 12);
  bytes.set([0x45], 14);
  bytes.set([0, 0, 64, 17], 20);
  bytes.set([192, 168, 0, 1 + ((index + side) % 3)], 26);
  bytes.set([192, 168, 0, 1 + ((index + 1 - side) % 3)], 30);
  bytes.writeUInt16BE(40_000 + (index % 20_000), 34);
  bytes.writeUInt16BE(4_789, 36);
  bytes.set([8, 0, 0, 0, 0, 0, 1, 0], 42);
}

/** Long-lived flows that send data both ways, lose a segment of 500 now and then, and pass each other on the way. */
export function longFlows(
  writer: CaptureWriter,
  { packets, flows, wrapping, seed }: { packets: number; flows: number; wrapping: Wrapping; seed: number },
): Made {
  const random = seeded(seed);
  const made: Made = { packets: 0, bytes: 0, retransmissions: 0, handshakes: flows };
  const connections = Array.from({ length: flows }, (_, index) => {
    const connection = new Connection(index, wrapping, random);
    handshake(connection);
    return connection;
  });
  let us = 0;
  while (writer.packets < packets) {
    const connection = connections[Math.floor(random() * flows)];
    if (!connection) break;
    if (connection.queue.length === 0) talk(connection, random);
    // Some packets at once, as a network card hands them over.
    for (let burst = 1 + Math.floor(random() * 3); burst > 0; burst--) {
      const segment = connection.queue.shift();
      if (!segment) break;
      us += 1 + Math.floor(random() * 15);
      connection.write(writer, us, segment);
      if (segment.again) made.retransmissions++;
    }
  }
  return { ...made, packets: writer.packets };
}

function handshake(connection: Connection): void {
  connection.say({ side: 0, sequence: connection.next[0], acknowledged: 0, length: 0, flags: SYN });
  connection.next[0] = (connection.next[0] + 1) >>> 0;
  connection.send(1, 0, SYN | ACK);
  connection.send(0, 0, ACK);
}

function talk(connection: Connection, random: () => number): void {
  const side = random() < 0.8 ? 1 : 0;
  const other = (1 - side) as 0 | 1;
  const chance = random();
  if (chance < 0.012) {
    // Lost before it was seen: duplicate ACKs for what follows, then it is sent again.
    const hole = connection.send(side, MSS, ACK, { seen: false });
    for (let at = 0; at < 4; at++) {
      connection.send(side, MSS, ACK);
      connection.say({
        side: other,
        sequence: connection.next[other],
        acknowledged: hole,
        length: 0,
        flags: ACK,
      });
    }
    connection.say({
      side,
      sequence: hole,
      acknowledged: connection.next[other],
      length: MSS,
      flags: ACK,
      again: true,
    });
    connection.send(other, 0, ACK);
    return;
  }
  for (let at = 0; at < 4; at++) {
    connection.send(side, at === 3 ? 700 : MSS, at === 3 ? ACK | PSH : ACK);
    if (at % 2 === 1) connection.send(other, 0, ACK);
  }
  if (chance > 0.996) {
    const { queue } = connection;
    const [one, two] = queue.splice(-3, 2);
    if (one && two) queue.splice(queue.length - 1, 0, two, one);
  }
}

/** Short connections: handshake, a question, an answer of some segments, and an orderly end; `alive` of them at a time. */
export function shortFlows(
  writer: CaptureWriter,
  {
    connections,
    alive = 400,
    answer = 6,
    seed,
  }: { connections: number; alive?: number; answer?: number; seed: number },
): Made {
  const random = seeded(seed);
  const made: Made = { packets: 0, bytes: 0, retransmissions: 0, handshakes: connections };
  const open: Connection[] = [];
  let begun = 0;
  let us = 0;
  while (begun < connections || open.length > 0) {
    while (open.length < alive && begun < connections) open.push(short(begun++, answer, random));
    const index = Math.floor(random() * open.length);
    const connection = open[index];
    const segment = connection?.queue.shift();
    us += 1 + Math.floor(random() * 8);
    if (segment?.again) made.retransmissions++;
    if (connection && segment) connection.write(writer, us, segment);
    else open[index] = open.at(-1) ?? (connection as Connection);
    if (!segment) open.pop();
  }
  return { ...made, packets: writer.packets };
}

function short(index: number, answer: number, random: () => number): Connection {
  const connection = new Connection(index, "ethernet", random);
  handshake(connection);
  if (answer > 0) {
    connection.send(0, 200, ACK | PSH);
    connection.send(1, 0, ACK);
    for (let at = 1; at <= answer; at++) {
      connection.send(1, MSS, ACK);
      // A receiver acknowledges at least every second full segment (RFC 5681, 4.2).
      if (at % 2 === 0 || at === answer) connection.send(0, 0, ACK);
    }
    if (random() < 0.01) {
      const sequence = (connection.next[1] - MSS) >>> 0;
      connection.say({ side: 1, sequence, acknowledged: connection.next[0], length: MSS, flags: ACK, again: true });
    }
  }
  connection.send(0, 0, FIN | ACK);
  connection.send(1, 0, FIN | ACK);
  connection.send(0, 0, ACK);
  return connection;
}
