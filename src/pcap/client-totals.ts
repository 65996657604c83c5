import { addressText } from "./address-text.ts";
import { NONE } from "./service-totals.ts";

const MAX_CLIENTS = 1_024;

/** All connections of the clients of one subnet: IPv4 /24, IPv6 /64. */
export class ClientTotals {
  readonly subnet: string;
  flows = 0;
  established = 0;
  /** Refused, unanswered and half open. */
  failed = 0;
  bytes = NONE;
  dataPackets = 0;
  retransmissions = 0;
  timeouts = 0;
  resets = 0;
  /** Handshakes that were timed, and their round trips added up, nanoseconds. */
  handshakes = 0;
  handshakeNs = NONE;

  constructor(subnet: string) {
    this.subnet = subnet;
  }
}

/** Finds the totals of a subnet. 1,024 are told apart; all further ones are one. */
export class Clients {
  readonly others = new ClientTotals("other clients");
  readonly #list: ClientTotals[] = [];
  /** By the upper 24 bits of an IPv4 address; by the first two words of an IPv6 address. */
  readonly #four = new Map<number, ClientTotals>();
  readonly #six = new Map<number, Map<number, ClientTotals>>();

  get list(): readonly ClientTotals[] {
    return this.others.flows > 0 ? [...this.#list, this.others] : this.#list;
  }

  /** The address stands in `words` from `end` on. */
  of(words: Int32Array, end: number, six: boolean): ClientTotals {
    const first = words[end] as number;
    const map = six ? this.#inner(first) : this.#four;
    const key = six ? (words[end + 1] as number) : first >>> 8;
    return map.get(key) ?? this.#begin(map, first, key, six);
  }

  // Of its own: what happens once for each subnet would be compiled into what each connection runs through, and the first
  // client beyond the bound would throw that code away.
  #begin(map: Map<number, ClientTotals>, first: number, key: number, six: boolean): ClientTotals {
    if (this.#list.length === MAX_CLIENTS) return this.others;
    const net = six ? Int32Array.of(first, key, 0, 0) : Int32Array.of(first & ~255, 0, 0, 0);
    const made = new ClientTotals(`${addressText(net, 0, six)}/${six ? 64 : 24}`);
    map.set(key, made);
    this.#list.push(made);
    return made;
  }

  #inner(first: number): Map<number, ClientTotals> {
    let inner = this.#six.get(first);
    if (!inner) {
      inner = new Map();
      // Beyond the bound nothing is kept under it.
      if (this.#list.length < MAX_CLIENTS) this.#six.set(first, inner);
    }
    return inner;
  }
}
