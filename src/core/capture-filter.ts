import type { z } from "zod";
import type { pointKindSchema } from "./capture.ts";
import { NetcheckError } from "./errors.ts";
import { type Address, readAddress } from "./packet-address.ts";
import { say } from "./sentence.ts";

type PointKind = z.infer<typeof pointKindSchema>;

export type FilterOrder = {
  /** Every address by which packets of an end may go: its own, and those that it is translated to. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly kind: PointKind;
  /** UDP ports of tunnels, at either side: VXLAN and Geneve are looked into, whatever else comes there is taken whole. */
  readonly tunnelPorts: readonly number[];
  /** What a person asked for, in the language of pcap-filter(7). */
  readonly user?: string | undefined;
};

const MOST_CHARACTERS = 1_000;
/** With more addresses than this, only those of the end that has fewer are compared: the kernel takes 4,096 instructions. */
const MOST_ADDRESSES = 8;
/** Where tunnels may be around the packets. */
const OUTSIDE: readonly PointKind[] = ["tunnel", "nic", "bond-member"];

const [ICMP, IP_IN_IP, UDP, IP6_IN_IP, FRAGMENT, GRE, ICMP6, OPTIONS] = [1, 4, 17, 41, 44, 47, 58, 60];
const [IP4_TYPE, ARP_TYPE, IP6_TYPE, BRIDGED] = ["0x0800", "0x0806", "0x86dd", "0x6558"];
const TAGS = ["0x8100", "0x88a8"];

/** Reads 1, 2 or 4 bytes of a header, as pcap-filter spells it: `udp[8:2]`. Offsets count from where the header begins. */
type At = (offset: number, bytes: 1 | 2 | 4) => string;
const headerAt =
  (protocol: string): At =>
  (offset, bytes) =>
    `${protocol}[${offset}:${bytes}]`;
const behind =
  (at: At, header: number): At =>
  (offset, bytes) =>
    at(header + offset, bytes);
/** Behind a header whose length is only known from the packet. */
const farBehind =
  (at: At, header: number, more: string): At =>
  (offset, bytes) =>
    at(header + offset, bytes).replace(/\[(\d+)/, `[$1 + (${more})`);

const join = (words: readonly (string | undefined)[], by: string): string | undefined => {
  const said = words.filter((word) => word !== undefined);
  return said.length < 2 ? said[0] : `(${said.join(by)})`;
};
const any = (...words: readonly (string | undefined)[]): string | undefined => join(words, " or ");
/** Nothing when one of them is: a form of which no packet could be ours. */
const all = (...words: readonly (string | undefined)[]): string | undefined =>
  words.includes(undefined) ? undefined : join(words, " and ");
const oneOf = (value: string, among: readonly (number | string)[]): string | undefined =>
  any(...among.map((one) => `${value} = ${one}`));

/**
 * What is to be recorded at a point, for tcpdump: packets between the two ends in either direction with whatever lies around
 * them there (VLAN tags everywhere; VXLAN, Geneve, IPIP, 6in4 and GRE at tunnels and NICs), their fragments, ICMP errors to
 * either end, and ARP between them. What cannot be told is taken: fragments of a tunnel's own packets, its ICMP errors, and
 * what tunnels carry that is not understood. The user's words narrow only packets that nothing lies around: inside a tunnel or
 * behind a tag they cannot be asked, nor of a fragment. Throws NetcheckError `bad-command` for the user's words, TypeError for
 * addresses that are none.
 */
export function captureFilter({ from, to, kind, tunnelPorts, user }: FilterOrder): string {
  const ends = endsOf(from, to);
  const [ip4, ip6] = [headerAt("ip"), headerAt("ip6")];
  const plain = any(ends.pair4(ip4), ends.pair6(ip6), ends.arp(headerAt("arp")));
  const around = OUTSIDE.includes(kind) ? tunnels(ends, tunnelPorts) : undefined;
  const wide = any(
    ends.errors4(ip4),
    ends.errors6(ip6),
    around?.in4(ip4),
    around?.in6(ip6),
    // Tunnel devices may be without Ethernet, and carry no tags.
    kind === "tunnel" ? undefined : tagged(headerAt("ether"), ends, around),
  );
  if (user === undefined) return any(wide, plain) ?? "";
  // Last, because some of its words (vlan, mpls) move what is behind them.
  return `${wide} or (${plain} and (ip[6:2] & 0x1fff != 0 or ip6[6] = ${FRAGMENT} or (${checkedFilter(user)})))`;
}

/**
 * A user's filter without blanks around it. Whether tcpdump understands it only tcpdump can say (`netcheck-record --compile`); here
 * it is refused when it could be anything but a filter. Throws NetcheckError `bad-command`.
 */
export function checkedFilter(user: string): string {
  const filter = user.trim();
  const refuse = (text: ReturnType<typeof say>): never => {
    throw new NetcheckError("bad-command", text);
  };
  if (filter === "") refuse(say("The filter is empty."));
  if (filter.length > MOST_CHARACTERS)
    refuse(
      say("The filter has {count} characters; at most {most} are taken.", {
        count: filter.length,
        most: MOST_CHARACTERS,
      }),
    );
  const odd = /[^ -~]|["'`]/u.exec(filter)?.[0];
  if (odd !== undefined)
    refuse(
      say("A filter is one line of plain characters without quotes; it has {character}.", {
        character: /[!-~]/.test(odd)
          ? odd
          : `U+${(odd.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`,
      }),
    );
  const option = /(?:^|[\s()])(-\S*)/.exec(filter)?.[1];
  if (option !== undefined) refuse(say("{word} looks like an option, which a filter cannot have.", { word: option }));
  let depth = 0;
  for (const character of filter) {
    depth += character === "(" ? 1 : character === ")" ? -1 : 0;
    if (depth < 0) break;
  }
  if (depth !== 0) refuse(say("The brackets of the filter do not match."));
  return filter;
}

/** Tests of a header for packets of the two ends; nothing where there can be none. */
type Ends = {
  /** Packets between them. */
  readonly pair4: Test;
  readonly pair6: Test;
  readonly arp: Test;
  /** ICMP errors to either end: they speak of what it sent. */
  readonly errors4: Test;
  readonly errors6: Test;
  /** Both. */
  readonly ip4: Test;
  readonly ip6: Test;
};
type Test = (at: At) => string | undefined;
type Tunnels = {
  readonly in4: Test;
  readonly in6: Test;
  /** Whatever tunnels send. */
  readonly whole4: Test;
  readonly whole6: Test;
};

/** ICMP other than echoes: few in number, and nearly all of them errors. */
const isError4 = (at: At) => `${at(20, 1)} & 0xf7 != 0`;
const isError6 = (at: At) => `${at(40, 1)} < 5`;

function endsOf(from: readonly string[], to: readonly string[]): Ends {
  const [a, b] = [from, to].map((addresses) => addresses.map(readAddress)) as [Address[], Address[]];
  if (a.length === 0 || b.length === 0) throw new TypeError("A capture filter needs addresses of both ends.");
  const both = [...a, ...b];
  const few = both.length <= MOST_ADDRESSES;
  const fewer = a.length <= b.length ? a : b;
  const of = (family: 4 | 6, addresses: readonly Address[]) => addresses.filter((one) => one.family === family);
  // Ends that share no family talk through a translator.
  const translated = ![4, 6].some((family) => [a, b].every((end) => of(family as 4 | 6, end).length > 0));

  const among = (at: At, offset: number, addresses: readonly Address[]) =>
    any(
      ...addresses.map(({ words }) => all(...words.map((word, n) => `${at(offset + 4 * n, 4)} = ${word}`).reverse())),
    );
  const pair = (family: 4 | 6, source: number, destination: number) => (at: At) => {
    const [one, other] = [of(family, a), of(family, b)];
    if (translated || (!few && one.length > 0 && other.length > 0)) {
      const compared = of(family, translated ? both : fewer);
      return any(among(at, source, compared), among(at, destination, compared));
    }
    return any(
      all(among(at, source, one), among(at, destination, other)),
      all(among(at, source, other), among(at, destination, one)),
    );
  };
  const [pair4, pair6] = [pair(4, 12, 16), pair(6, 8, 24)];
  const known = few ? both : fewer;
  const errors4: Test = (at) => all(`${at(9, 1)} = ${ICMP}`, isError4(at), among(at, 16, of(4, known)));
  const errors6: Test = (at) => all(`${at(6, 1)} = ${ICMP6}`, isError6(at), among(at, 24, of(6, known)));
  return {
    pair4,
    pair6,
    arp: pair(4, 14, 24),
    errors4,
    errors6,
    ip4: (at) => any(pair4(at), errors4(at)),
    ip6: (at) => any(pair6(at), errors6(at)),
  };
}

/** What may lie around packets of the ends; `in4` and `in6` look behind an outer header of IPv4 or IPv6. */
function tunnels(ends: Ends, ports: readonly number[]): Tunnels {
  const payload = (type: string, at: At) =>
    any(all(`${type} = ${IP4_TYPE}`, ends.ip4(at)), all(`${type} = ${IP6_TYPE}`, ends.ip6(at)));
  const frame = (at: At) => any(payload(at(12, 2), behind(at, 14)), oneOf(at(12, 2), [ARP_TYPE, ...TAGS]));
  const carriers = [IP_IN_IP, IP6_IN_IP, GRE, ...(ports.length > 0 ? [UDP] : [])];
  const ported = (udp: At) => any(oneOf(udp(2, 2), ports), oneOf(udp(0, 2), ports));

  const datagram = (at: At) => {
    const inGeneve = farBehind(at, 8, `(${at(0, 1)} & 63) << 2`);
    const geneve = oneOf(at(2, 2), [BRIDGED, IP4_TYPE, IP6_TYPE]);
    return any(
      all(`${at(2, 2)} = ${BRIDGED}`, frame(inGeneve)),
      payload(at(2, 2), inGeneve),
      all(`not ${geneve}`, any(`${at(0, 1)} & 12 != 8`, frame(behind(at, 8)))),
    );
  };
  const gre = (at: At) => {
    const with4 = (header: number) =>
      any(payload(at(2, 2), behind(at, header)), all(`${at(2, 2)} = ${BRIDGED}`, frame(behind(at, header))));
    // Without anything more, or with a key. Others are rare.
    return any(
      all(`${at(0, 2)} = 0`, with4(4)),
      all(`${at(0, 2)} = 0x2000`, with4(8)),
      all(`${at(0, 2)} != 0`, `${at(0, 2)} != 0x2000`),
    );
  };
  const carried = (protocol: string, at: At) =>
    any(
      all(`${protocol} = ${UDP}`, ported(at), datagram(behind(at, 8))),
      all(`${protocol} = ${IP_IN_IP}`, ends.ip4(at)),
      all(`${protocol} = ${IP6_IN_IP}`, ends.ip6(at)),
      all(`${protocol} = ${GRE}`, gre(at)),
    );
  /** The beginning of a tunnel's packet, as an ICMP error quotes it. */
  const quoted = (protocol: string, at: At) =>
    any(oneOf(protocol, [IP_IN_IP, IP6_IN_IP, GRE]), all(`${protocol} = ${UDP}`, ported(at)));

  return {
    in4: (at) =>
      any(
        all(`${at(0, 1)} & 15 = 5`, `${at(6, 2)} & 0x1fff = 0`, carried(at(9, 1), behind(at, 20))),
        all(any(`${at(0, 1)} & 15 != 5`, `${at(6, 2)} & 0x1fff != 0`), oneOf(at(9, 1), carriers)),
        all(`${at(9, 1)} = ${ICMP}`, isError4(at), quoted(at(37, 1), behind(at, 48))),
      ),
    in6: (at) =>
      any(
        carried(at(6, 1), behind(at, 40)),
        // ip6tnl puts a limit of nesting between, eight bytes; longer options and fragments are not looked into.
        all(
          `${at(6, 1)} = ${OPTIONS}`,
          any(
            all(`${at(40, 1)} = ${IP_IN_IP}`, ends.ip4(behind(at, 48))),
            all(`${at(40, 1)} = ${IP6_IN_IP}`, ends.ip6(behind(at, 48))),
            oneOf(at(40, 1), [UDP, GRE, FRAGMENT]),
            `${at(41, 1)} != 0`,
          ),
        ),
        all(`${at(6, 1)} = ${FRAGMENT}`, oneOf(at(40, 1), [...carriers, OPTIONS])),
        all(
          `${at(6, 1)} = ${ICMP6}`,
          isError6(at),
          any(quoted(at(54, 1), behind(at, 88)), oneOf(at(54, 1), [OPTIONS, FRAGMENT])),
        ),
      ),
    whole4: (at) =>
      any(all(`${at(9, 1)} = ${UDP}`, ported(behind(at, 20))), oneOf(at(9, 1), [IP_IN_IP, IP6_IN_IP, GRE])),
    whole6: (at) =>
      any(
        all(`${at(6, 1)} = ${UDP}`, ported(behind(at, 40))),
        oneOf(at(6, 1), [IP_IN_IP, IP6_IN_IP, GRE, OPTIONS, FRAGMENT]),
      ),
  };
}

/** Frames with one or two tags that the kernel has left in them. Tunnels behind a tag are not looked into. */
function tagged(at: At, ends: Ends, around: Tunnels | undefined): string | undefined {
  const behindTags = (type: string, ip: At) =>
    any(
      all(`${type} = ${IP4_TYPE}`, any(ends.ip4(ip), around?.whole4(ip))),
      all(`${type} = ${IP6_TYPE}`, any(ends.ip6(ip), around?.whole6(ip))),
      all(`${type} = ${ARP_TYPE}`, ends.arp(ip)),
    );
  return all(
    oneOf(at(12, 2), TAGS),
    any(behindTags(at(16, 2), behind(at, 18)), all(oneOf(at(16, 2), TAGS), behindTags(at(20, 2), behind(at, 22)))),
  );
}
