import { z } from "zod";

/** An address as it stands in packets: its 32-bit words, in hexadecimal. */
export type Address = { readonly family: 4 | 6; readonly words: readonly string[] };

const ip4 = z.ipv4();
const ip6 = z.ipv6();

/** Reads "10.0.0.1" or "fd00::1". Throws TypeError for anything else. */
export function readAddress(text: string): Address {
  if (ip4.safeParse(text).success) return { family: 4, words: [ip4Word(text)] };
  if (!ip6.safeParse(text).success) throw new TypeError(`${text} is not an IP address.`);
  const [head = [], tail] = text.split("::").map(groupsOf);
  const zeros = Array.from({ length: 8 - head.length - (tail?.length ?? 0) }, () => "0000");
  const groups = [...head, ...zeros, ...(tail ?? [])];
  return { family: 6, words: [0, 2, 4, 6].map((n) => `0x${groups[n]}${groups[n + 1]}`) };
}

/** A host as it stands before a port or in a URL: an IPv6 address in brackets (RFC 3986, 3.2.2), all others as they are. */
export const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);

const ip4Word = (text: string) =>
  `0x${text
    .split(".")
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join("")}`;

/** Groups of an IPv6 address, the last two perhaps written as IPv4 (RFC 4291, 2.2). */
function groupsOf(part: string): readonly string[] {
  return part.split(":").flatMap((group) => {
    if (!group.includes(".")) return group === "" ? [] : [group.padStart(4, "0")];
    const word = ip4Word(group);
    return [word.slice(2, 6), word.slice(6)];
  });
}
