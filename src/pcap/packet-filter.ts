import { type AddressWords, readAddress } from "./address.ts";
import * as packetRegisters from "./packet-registers.ts";

const { DESTINATION, FAMILY, FRAGMENT, NOT_IP, PROTOCOL, SOURCE, TRANSPORT, UNKNOWN_LINK } = packetRegisters;

/**
 * True for a packet that is wanted. Judges the innermost packet: what a tunnel carries, not the tunnel. Ports are -1 where
 * there are none.
 */
export type PacketFilter = (registers: Int32Array, sourcePort: number, destinationPort: number) => boolean;

/** A filter that cannot be read: a sentence that says what is wrong and what would be right. */
export class FilterError extends Error {}

const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  icmp6: 58,
  sctp: 132,
};
const WITH_PORTS: readonly number[] = [6, 17, 132];
const MAX_DEPTH = 50;
const HELP =
  "It reads: host A, net A/N, port N or N-M, proto NAME, tcp, udp, icmp, icmp6, ip, ip6; src and dst; and, or, not, ().";

/** Asks a filter about a packet that was decoded with `outcome`; `end` is where what was captured of it ends. */
export function passes(
  filter: PacketFilter,
  registers: Int32Array,
  view: DataView,
  outcome: number,
  end: number,
): boolean {
  if (outcome === NOT_IP || outcome === UNKNOWN_LINK) return false;
  const at = registers[TRANSPORT] as number;
  const ports = outcome !== FRAGMENT && WITH_PORTS.includes(registers[PROTOCOL] as number) && end - at >= 4;
  return filter(registers, ports ? view.getUint16(at, false) : -1, ports ? view.getUint16(at + 2, false) : -1);
}

type Side = "src" | "dst" | "any";

/**
 * Reads a filter in the words of tcpdump (docs/adr/080): `host 10.0.0.1 and tcp port 443`, `net 10.1.0.0/16 or not port 53`.
 * "and" may be left out and binds closer than "or". Throws FilterError.
 */
export function readFilter(text: string): PacketFilter {
  return new FilterReader(text).read();
}

class FilterReader {
  readonly #words: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#words = (text.match(/[()!]|&&|\|\||[^\s()!&|]+|[&|]/g) ?? []).map((word) => word.toLowerCase());
  }

  read(): PacketFilter {
    if (this.#words.length === 0) throw new FilterError(`The filter is empty. ${HELP}`);
    const filter = this.#either();
    if (this.#at < this.#words.length) this.#refuse("was not expected");
    return filter;
  }

  #refuse(why: string): never {
    const word = this.#words[this.#at];
    throw new FilterError(
      word === undefined
        ? `The filter ends too early. ${HELP}`
        : `"${word}" ${why} in the filter (its word ${this.#at + 1}). ${HELP}`,
    );
  }

  #take(...words: readonly string[]): boolean {
    const taken = words.includes(this.#words[this.#at] ?? "");
    if (taken) this.#at++;
    return taken;
  }

  #either(): PacketFilter {
    let filter = this.#both();
    while (this.#take("or", "||")) {
      const [one, other] = [filter, this.#both()];
      filter = (r, source, destination) => one(r, source, destination) || other(r, source, destination);
    }
    return filter;
  }

  #both(): PacketFilter {
    let filter = this.#one();
    for (;;) {
      const word = this.#words[this.#at];
      if (!this.#take("and", "&&") && (word === undefined || word === ")" || word === "or" || word === "||"))
        return filter;
      const [one, other] = [filter, this.#one()];
      filter = (r, source, destination) => one(r, source, destination) && other(r, source, destination);
    }
  }

  #one(): PacketFilter {
    if (++this.#depth > MAX_DEPTH) throw new FilterError(`The filter is nested more than ${MAX_DEPTH} deep.`);
    const filter = this.#take("not", "!") ? inverted(this.#one()) : this.#take("(") ? this.#bracket() : this.#term();
    this.#depth--;
    return filter;
  }

  #bracket(): PacketFilter {
    const filter = this.#either();
    if (!this.#take(")")) this.#refuse('was found where ")" was expected');
    return filter;
  }

  #term(): PacketFilter {
    const side: Side = this.#take("src") ? "src" : this.#take("dst") ? "dst" : "any";
    if (this.#take("port", "portrange"))
      return portFilter(side, this.#next(readPorts, "is no port (0 to 65535, or a range N-M)"));
    if (this.#take("net")) return netFilter(side, this.#next(readNet, "is no network such as 10.0.0.0/8"));
    if (this.#take("host")) return netFilter(side, this.#next(readHost, "is no address"));
    if (side !== "any") return netFilter(side, this.#next(readNet, "is no address"));
    if (this.#take("proto"))
      return protocolFilter(this.#next(readProtocol, "is no protocol that is known by name or number"));
    const word = this.#words[this.#at] ?? "";
    const protocol = PROTOCOLS[word];
    if (protocol === undefined && word !== "ip" && word !== "ip6")
      return netFilter("any", this.#next(readNet, "is not known"));
    this.#at++;
    if (protocol !== undefined) return protocolFilter(protocol);
    const family = word === "ip" ? 4 : 6;
    return (registers) => registers[FAMILY] === family;
  }

  #next<T>(read: (word: string) => T | undefined, why: string): T {
    const word = this.#words[this.#at];
    const value = word === undefined ? undefined : read(word);
    if (value === undefined) this.#refuse(why);
    this.#at++;
    return value;
  }
}

type Ports = { readonly least: number; readonly most: number };
type Net = AddressWords & { readonly bits: number };

function readPorts(word: string): Ports | undefined {
  const [, least, most = least] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(word) ?? [];
  if (least === undefined || Number(most) > 65_535 || Number(most) < Number(least)) return undefined;
  return { least: Number(least), most: Number(most) };
}

function readHost(word: string): Net | undefined {
  const address = readAddress(word);
  return address && { ...address, bits: address.family === 4 ? 32 : 128 };
}

function readNet(word: string): Net | undefined {
  const [text = "", length] = word.split("/");
  const host = readHost(text);
  if (!host || length === undefined) return host;
  return /^\d{1,3}$/.test(length) && Number(length) <= host.bits ? { ...host, bits: Number(length) } : undefined;
}

function readProtocol(word: string): number | undefined {
  return PROTOCOLS[word] ?? (/^\d{1,3}$/.test(word) && Number(word) < 256 ? Number(word) : undefined);
}

const inverted =
  (filter: PacketFilter): PacketFilter =>
  (registers, source, destination) =>
    !filter(registers, source, destination);

const protocolFilter =
  (protocol: number): PacketFilter =>
  (registers) =>
    registers[PROTOCOL] === protocol;

function portFilter(side: Side, { least, most }: Ports): PacketFilter {
  return (_, source, destination) =>
    (side !== "dst" && source >= least && source <= most) ||
    (side !== "src" && destination >= least && destination <= most);
}

function netFilter(side: Side, { family, words, bits }: Net): PacketFilter {
  const masks = words.map((_, index) => {
    const kept = Math.min(32, Math.max(0, bits - index * 32));
    return kept === 0 ? 0 : -1 << (32 - kept);
  });
  const within = (registers: Int32Array, at: number): boolean =>
    masks.every((mask, index) => (((registers[at + index] ?? 0) ^ (words[index] ?? 0)) & mask) === 0);
  return (registers) =>
    registers[FAMILY] === family &&
    ((side !== "dst" && within(registers, SOURCE)) || (side !== "src" && within(registers, DESTINATION)));
}
