import { ACK, FIN, ip4, ip6, PSH, RST, SYN, tcpSegment } from "./frames.ts";

/** A TCP conversation between two hosts, simulated packet by packet, as a tap somewhere between them sees it. */

type Side = "client" | "server";

/** What is known of a packet that only its sender knows. */
export type Frame = {
  readonly from: Side;
  /** How many packets this side had sent before. */
  readonly nth: number;
  /** First byte, counted from the SYN (0), and how many bytes of data. */
  readonly offset: number;
  readonly length: number;
  readonly flags: number;
  /** Some of it was sent before. */
  readonly again: boolean;
  readonly why: "new" | "time-out" | "fast" | "probe" | "keep-alive";
};

/** What the path does to a packet. Losses are on either side of the tap; `lateMs` is spent before it. */
type Fate = "lost before the tap" | "lost behind the tap" | "doubled" | { readonly lateMs: number } | undefined;

/** A packet at the tap. */
export type Seen = Frame & {
  /** Nanoseconds since the simulation began. */
  readonly atNs: number;
  /** The second of two that the network made out of one. */
  readonly copy: boolean;
  /** The IP packet. */
  readonly packet: Uint8Array;
};

/** One turn of the application: after `afterMs` (from the moment when the turn before has arrived), `from` sends. */
type Turn = {
  readonly from: Side;
  readonly afterMs?: number;
  /** How many bytes, or which. */
  readonly says: number | Uint8Array;
};

type Conversation = {
  readonly client?: string;
  readonly server?: string;
  readonly clientPort?: number;
  readonly serverPort?: number;
  readonly startMs?: number;
  /** From the client to the tap and from the tap to the server, one way. */
  readonly clientToTapMs?: number;
  readonly tapToServerMs?: number;
  readonly mss?: number;
  /** Segments in flight. */
  readonly flight?: number;
  /** Largest segment that is handed to the network card, in MSS: more than 1 = segmentation offload. */
  readonly offload?: number;
  readonly timeStamps?: boolean;
  readonly countedIds?: boolean;
  /** Receive buffers, and the window scale of both. */
  readonly clientBuffer?: number;
  readonly serverBuffer?: number;
  readonly scale?: number;
  readonly turns?: readonly Turn[];
  /** While this lasts the side does not read. */
  readonly deaf?: { readonly side: Side; readonly fromMs: number; readonly toMs: number };
  /** Probes of a closed window: one byte of new data (BSD), or none in front of what was acknowledged (Linux). */
  readonly probes?: "byte" | "empty";
  readonly keepAlivesMs?: readonly number[];
  readonly fate?: (frame: Frame) => Fate;
  readonly ending?:
    | "fin"
    | "open"
    | { readonly resetBy: Side; readonly atMs: number }
    | { readonly closedBy: Side; readonly atMs: number };
  /** What the server does about a SYN. */
  readonly listens?: "accepts" | "refuses" | "keeps silent";
  /** After so many time-outs of one segment its sender takes smaller ones. */
  readonly shrinks?: { readonly after: number; readonly mss: number };
  readonly clientStart?: number;
  readonly serverStart?: number;
  readonly untilMs?: number;
};

const FIRST_RTO_MS = 200;
const SYN_RTO_MS = 1_000;

/** Plays a conversation to its end and gives what the tap saw, in the order of time. */
export function converse(options: Conversation): Seen[] {
  return new Play(options).run();
}

type Peer = {
  readonly side: Side;
  readonly address: string;
  readonly port: number;
  readonly start: number;
  readonly buffer: number;
  /** Offsets: the oldest unacknowledged, the next to send, and the end of what there is to send. */
  una: number;
  next: number;
  end: number;
  /** Behind the last byte that was ever sent. */
  sentTo: number;
  finAt: number;
  finished: boolean;
  /** Bytes that arrived in order; beyond it, what arrived out of order. */
  received: number;
  readonly early: { from: number; to: number }[];
  unread: number;
  deaf: boolean;
  peerWindow: number;
  shownWindow: number;
  duplicates: number;
  recover: number;
  rtoMs: number;
  timeouts: number;
  timer: number;
  mss: number;
  sent: number;
  established: boolean;
  dead: boolean;
  peerFinAt: number;
  stampOfPeer: number;
};

class Play {
  readonly #o: Conversation;
  readonly #seen: Seen[] = [];
  readonly #events: { atNs: number; order: number; act: () => void }[] = [];
  #order = 0;
  #now = 0;
  #serial = 0;
  readonly #client: Peer;
  readonly #server: Peer;
  #turn = 0;
  #turnEnds = 0;
  readonly #spoken = { client: new Map<number, Uint8Array>(), server: new Map<number, Uint8Array>() };

  constructor(options: Conversation) {
    this.#o = options;
    const peer = (side: Side): Peer => ({
      side,
      address: side === "client" ? (options.client ?? "10.1.0.1") : (options.server ?? "10.2.0.2"),
      port: side === "client" ? (options.clientPort ?? 40_000) : (options.serverPort ?? 8080),
      start: side === "client" ? (options.clientStart ?? 1_000_000) : (options.serverStart ?? 5_000_000),
      buffer: (side === "client" ? options.clientBuffer : options.serverBuffer) ?? 262_144,
      una: 0,
      next: 0,
      end: 1,
      sentTo: 0,
      finAt: -1,
      finished: false,
      received: 0,
      early: [],
      unread: 0,
      deaf: false,
      peerWindow: 65_535,
      shownWindow: 0,
      duplicates: 0,
      recover: 0,
      rtoMs: SYN_RTO_MS,
      timeouts: 0,
      timer: 0,
      mss: options.mss ?? 1448,
      sent: 0,
      established: false,
      dead: false,
      peerFinAt: -1,
      stampOfPeer: 0,
    });
    this.#client = peer("client");
    this.#server = peer("server");
  }

  run(): Seen[] {
    const { deaf, ending, keepAlivesMs = [], untilMs = 120_000, startMs = 0 } = this.#o;
    this.#at(startMs, () => this.#sendSyn(this.#client));
    if (deaf) {
      const peer = this.#peer(deaf.side);
      this.#at(deaf.fromMs, () => {
        peer.deaf = true;
      });
      this.#at(deaf.toMs, () => {
        peer.deaf = false;
        peer.unread = 0;
        this.#acknowledge(peer);
      });
    }
    for (const atMs of keepAlivesMs) this.#at(atMs, () => this.#keepAlive(this.#client));
    if (typeof ending === "object" && "resetBy" in ending)
      this.#at(ending.atMs, () => this.#reset(this.#peer(ending.resetBy)));
    if (typeof ending === "object" && "closedBy" in ending)
      this.#at(ending.atMs, () => this.#close(this.#peer(ending.closedBy)));
    for (;;) {
      let first = 0;
      for (let index = 1; index < this.#events.length; index++) {
        const [a, b] = [this.#events[index], this.#events[first]];
        if (a && b && (a.atNs < b.atNs || (a.atNs === b.atNs && a.order < b.order))) first = index;
      }
      const event = this.#events.splice(first, 1)[0];
      if (!event || event.atNs > untilMs * 1e6) break;
      this.#now = event.atNs;
      event.act();
    }
    return this.#seen.toSorted((a, b) => a.atNs - b.atNs);
  }

  #peer(side: Side): Peer {
    return side === "client" ? this.#client : this.#server;
  }

  #other(peer: Peer): Peer {
    return peer === this.#client ? this.#server : this.#client;
  }

  #at(ms: number, act: () => void): void {
    this.#events.push({ atNs: Math.round(ms * 1e6), order: this.#order++, act });
  }

  #after(ms: number, act: () => void): void {
    this.#at(this.#now / 1e6 + ms, act);
  }

  /** Hands a packet to the path. */
  #put(peer: Peer, offset: number, length: number, flags: number, why: Frame["why"]): void {
    const other = this.#other(peer);
    const { clientToTapMs = 0.2, tapToServerMs = 10, fate } = this.#o;
    const counted = (length > 0 || (flags & (SYN | FIN)) !== 0) && why !== "probe" && why !== "keep-alive";
    const again = counted && offset < peer.sentTo;
    if (counted) peer.sentTo = Math.max(peer.sentTo, offset + length + ((flags & (SYN | FIN)) !== 0 ? 1 : 0));
    const frame: Frame = { from: peer.side, nth: peer.sent++, offset, length, flags, again, why };
    const window = peer.deaf ? Math.max(0, peer.buffer - peer.unread) : peer.buffer;
    const scaled = (flags & SYN) !== 0 ? Math.min(65_535, window) : Math.min(65_535, window >> (this.#o.scale ?? 7));
    peer.shownWindow = scaled;
    const packet = this.#packet(peer, other, frame, scaled);
    const before = peer === this.#client ? clientToTapMs : tapToServerMs;
    const behind = peer === this.#client ? tapToServerMs : clientToTapMs;
    const what = fate?.(frame);
    if (what === "lost before the tap") return;
    const late = typeof what === "object" ? what.lateMs : 0;
    const atMs = this.#now / 1e6 + before + late;
    const see = (ms: number, copy: boolean): void => {
      this.#seen.push({ ...frame, atNs: Math.round(ms * 1e6), copy, packet });
      if (what === "lost behind the tap") return;
      const stamp = Math.floor(this.#now / 1e6);
      const acknowledged = peer.received;
      this.#at(ms + behind, () => this.#arrive(other, frame, acknowledged, scaled, stamp));
    };
    see(atMs, false);
    if (what === "doubled") see(atMs + 0.009, true);
  }

  #packet(peer: Peer, other: Peer, frame: Frame, window: number): Uint8Array {
    const { timeStamps = true, countedIds = true, scale = 7, mss = 1448 } = this.#o;
    const ends = { source: peer.address, destination: other.address };
    const stamp = [1, 1, 8, 10, ...word(Math.floor(this.#now / 1e6) + 77_000), ...word(peer.stampOfPeer + 77_000)];
    const syn = (frame.flags & SYN) !== 0;
    const options = syn
      ? [2, 4, mss >> 8, mss & 255, ...(timeStamps ? stamp : []), 1, 3, 3, scale]
      : timeStamps
        ? stamp
        : [];
    const segment = tcpSegment(
      {
        sourcePort: peer.port,
        destinationPort: other.port,
        sequence: peer.start + frame.offset,
        acknowledged: (frame.flags & ACK) !== 0 ? other.start + peer.received : 0,
        flags: frame.flags,
        window,
        options: Uint8Array.from(options),
        payload: this.#payload(peer, frame),
      },
      ends,
    );
    if (peer.address.includes(":")) return ip6({ ...ends, protocol: 6 }, segment);
    return ip4({ ...ends, protocol: 6, id: countedIds ? (peer.start + ++this.#serial) & 0xffff : 0 }, segment);
  }

  #payload(peer: Peer, { offset, length }: Frame): Uint8Array {
    const bytes = new Uint8Array(length);
    for (const [from, said] of this.#spoken[peer.side]) {
      const start = Math.max(from, offset);
      const stop = Math.min(from + said.length, offset + length);
      if (start < stop) bytes.set(said.subarray(start - from, stop - from), start - offset);
    }
    return bytes;
  }

  #sendSyn(peer: Peer): void {
    peer.next = 1;
    this.#put(peer, 0, 0, SYN | (peer === this.#server ? ACK : 0), peer.sentTo > 0 ? "time-out" : "new");
    this.#arm(peer);
  }

  #arm(peer: Peer): void {
    const timer = ++peer.timer;
    this.#after(peer.rtoMs, () => {
      if (timer === peer.timer && !peer.dead && peer.una < peer.next + (peer.peerWindow === 0 ? 1 : 0))
        this.#timeout(peer);
    });
  }

  #timeout(peer: Peer): void {
    peer.rtoMs = Math.min(60_000, peer.rtoMs * 2);
    peer.timeouts++;
    if (peer.timeouts > 8) {
      peer.dead = true;
      return;
    }
    if (peer.una === 0) {
      this.#sendSyn(peer);
      return;
    }
    if (peer.peerWindow === 0 && peer.una === peer.next) {
      if (peer.next < peer.end) this.#probe(peer);
      this.#arm(peer);
      return;
    }
    const { shrinks } = this.#o;
    if (shrinks && peer.timeouts >= shrinks.after) peer.mss = shrinks.mss;
    peer.recover = peer.next;
    this.#again(peer, "time-out");
    this.#arm(peer);
  }

  #probe(peer: Peer): void {
    if (this.#o.probes === "byte") this.#put(peer, peer.next, 1, ACK, "probe");
    else this.#put(peer, peer.una - 1, 0, ACK, "probe");
  }

  #keepAlive(peer: Peer): void {
    if (peer.established && !peer.dead) this.#put(peer, peer.next - 1, 0, ACK, "keep-alive");
  }

  /** Sends what is oldest once more. */
  #again(peer: Peer, why: "time-out" | "fast"): void {
    const length = Math.min(peer.mss, Math.min(peer.next, peer.finAt === -1 ? peer.next : peer.finAt) - peer.una);
    if (length <= 0 && peer.una === peer.finAt) this.#put(peer, peer.una, 0, FIN | ACK, why);
    else if (length > 0) this.#put(peer, peer.una, length, ACK | PSH, why);
  }

  /** Sends as much as windows allow. */
  #pump(peer: Peer): void {
    if (peer.dead || !peer.established) return;
    const { flight = 10, offload = 1 } = this.#o;
    for (;;) {
      const limit = Math.min(peer.una + flight * peer.mss, peer.una + peer.peerWindow);
      const length = Math.min(peer.mss * offload, peer.end - peer.next, limit - peer.next);
      if (length <= 0) break;
      const last = peer.next + length === peer.end;
      const idle = peer.una === peer.next;
      this.#put(peer, peer.next, length, ACK | (last ? PSH : 0), "new");
      peer.next += length;
      if (idle) this.#arm(peer);
    }
    if (peer.finished && peer.finAt === -1 && peer.next === peer.end) {
      peer.finAt = peer.next;
      this.#put(peer, peer.next, 0, FIN | ACK, "new");
      peer.next++;
      this.#arm(peer);
    }
    if (peer.next < peer.end && peer.una === peer.next && peer.peerWindow === 0) this.#arm(peer);
  }

  #acknowledge(peer: Peer): void {
    if (!peer.dead) this.#put(peer, peer.next, 0, ACK, "new");
  }

  #reset(peer: Peer): void {
    if (peer.dead) return;
    peer.dead = true;
    this.#put(peer, peer.next, 0, RST | ACK, "new");
  }

  #close(peer: Peer): void {
    peer.finished = true;
    this.#pump(peer);
  }

  #arrive(peer: Peer, frame: Frame, acknowledged: number, window: number, stamp: number): void {
    if (peer.dead) {
      if ((frame.flags & RST) === 0 && frame.length > 0 && !this.#quiet(peer))
        this.#put(peer, peer.next, 0, RST, "new");
      return;
    }
    if ((frame.flags & RST) !== 0) {
      peer.dead = true;
      return;
    }
    peer.stampOfPeer = Math.max(peer.stampOfPeer, stamp);
    const { listens = "accepts" } = this.#o;
    if ((frame.flags & SYN) !== 0) {
      if (peer === this.#server && listens === "keeps silent") return;
      peer.received = 1;
      if (peer === this.#server && listens === "refuses") {
        peer.dead = true;
        this.#put(peer, 0, 0, RST | ACK, "new");
        return;
      }
      peer.peerWindow = window;
      if (peer === this.#server) this.#sendSyn(peer);
      else {
        this.#acked(peer, 1);
        peer.established = true;
        this.#acknowledge(peer);
        this.#say();
      }
      return;
    }
    const scaled = window << (this.#o.scale ?? 7);
    const opened = scaled !== peer.peerWindow;
    peer.peerWindow = scaled;
    if (acknowledged > peer.una) this.#acked(peer, acknowledged);
    else if (
      acknowledged === peer.una &&
      frame.length === 0 &&
      !opened &&
      peer.next > peer.una &&
      (frame.flags & FIN) === 0
    )
      this.#duplicate(peer);
    if (frame.why === "keep-alive" || (frame.why === "probe" && frame.length === 0)) this.#acknowledge(peer);
    if (frame.length > 0 || (frame.flags & FIN) !== 0) this.#take(peer, frame);
    this.#pump(peer);
    this.#turns();
  }

  /** After its own reset a host that has refused stays quiet. */
  #quiet(peer: Peer): boolean {
    return this.#o.listens === "refuses" || peer === this.#client;
  }

  #acked(peer: Peer, to: number): void {
    peer.una = to;
    peer.duplicates = 0;
    peer.timeouts = 0;
    peer.rtoMs = FIRST_RTO_MS;
    if (peer === this.#server) peer.established = true;
    if (peer.una < peer.recover) this.#again(peer, "fast");
    if (peer.una < peer.next) this.#arm(peer);
    else peer.timer++;
  }

  #duplicate(peer: Peer): void {
    if (++peer.duplicates !== 3 || peer.una < peer.recover) return;
    peer.recover = peer.next;
    this.#again(peer, "fast");
    this.#arm(peer);
  }

  #take(peer: Peer, { offset, length, flags, why }: Frame): void {
    const room = peer.deaf ? peer.buffer - peer.unread : peer.buffer;
    if (length > room || (why === "probe" && room === 0)) {
      this.#acknowledge(peer);
      return;
    }
    if ((flags & FIN) !== 0) peer.peerFinAt = offset + length;
    if (length > 0) peer.early.push({ from: offset, to: offset + length });
    for (let grew = true; grew; ) {
      grew = false;
      for (const piece of peer.early)
        if (piece.from <= peer.received && piece.to > peer.received) {
          if (peer.deaf) peer.unread += piece.to - peer.received;
          peer.received = piece.to;
          grew = true;
        }
    }
    if (peer.peerFinAt !== -1 && peer.received === peer.peerFinAt) {
      peer.received++;
      this.#acknowledge(peer);
      if (!peer.finished && typeof this.#o.ending !== "object") this.#after(1, () => this.#close(peer));
      return;
    }
    this.#acknowledge(peer);
  }

  /** Goes on with the next turn when the present one has arrived whole. */
  #turns(): void {
    const turn = this.#o.turns?.[this.#turn];
    if (!turn || this.#turnEnds === 0) return;
    const listener = this.#other(this.#peer(turn.from));
    if (listener.received < this.#turnEnds || listener.deaf) return;
    this.#turn++;
    this.#turnEnds = 0;
    this.#say();
  }

  #say(): void {
    const turn = this.#o.turns?.[this.#turn];
    if (!turn) {
      if ((this.#o.ending ?? "fin") === "fin") this.#after(1, () => this.#close(this.#client));
      return;
    }
    const peer = this.#peer(turn.from);
    this.#after(turn.afterMs ?? 0, () => {
      if (peer.dead || peer.finished) return;
      const { says } = turn;
      if (typeof says !== "number") this.#spoken[peer.side].set(peer.end, says);
      peer.end += typeof says === "number" ? says : says.length;
      this.#turnEnds = peer.end;
      peer.established = true;
      this.#pump(peer);
    });
  }
}

const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/** What a tap can know of what its captured packets are, told by those who sent them. */
export type Truth = {
  /** Packets with data, SYN or FIN that were sent before; probes and keep-alives are none. */
  readonly sentAgain: number;
  /** Of these with data: sent because nothing had come for too long. */
  readonly timeouts: number;
  /** First transmissions that came after something that was sent later. */
  readonly overtaken: number;
  /** Doubled by the network. */
  readonly copies: number;
  readonly resets: number;
  readonly keepAlives: number;
};

export function truthOf(seen: readonly Seen[]): Truth {
  let overtaken = 0;
  const newest = { client: -1, server: -1 };
  for (const { from, nth, again, length, copy } of seen) {
    if (!copy && length > 0 && !again && nth < newest[from]) overtaken++;
    if (!copy && length > 0) newest[from] = Math.max(newest[from], nth);
  }
  const count = (which: (one: Seen) => boolean): number => seen.filter(which).length;
  return {
    sentAgain: count(({ again, copy }) => again && !copy),
    timeouts: count(({ again, copy, why, flags }) => again && !copy && why === "time-out" && (flags & SYN) === 0),
    overtaken,
    copies: count(({ copy }) => copy),
    resets: count(({ flags }) => (flags & RST) !== 0),
    keepAlives: count(({ why }) => why === "keep-alive"),
  };
}
