/** An address as the decoder has it: one word of IPv4, or four of IPv6. */
export type AddressWords = { readonly family: 4 | 6; readonly words: readonly number[] };

/** Reads "10.0.0.1" or "fd00::1"; undefined for anything else. */
export function readAddress(text: string): AddressWords | undefined {
  if (!text.includes(":")) {
    const word = readIp4(text);
    return word === undefined ? undefined : { family: 4, words: [word] };
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(readGroups);
  if (!head || (halves.length === 2 && !tail)) return undefined;
  const zeros = 8 - head.length - (tail?.length ?? 0);
  if (tail ? zeros < 1 : zeros !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: zeros }, () => 0), ...(tail ?? [])];
  const words = [0, 2, 4, 6].map((at) => ((groups[at] ?? 0) << 16) | (groups[at + 1] ?? 0));
  return { family: 6, words };
}

function readIp4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((word, part) => (word << 8) | Number(part), 0);
}

/** Groups of an IPv6 address, the last two perhaps written as IPv4 (RFC 4291, 2.2). */
function readGroups(text: string): readonly number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else {
      const word = index === parts.length - 1 ? readIp4(part) : undefined;
      if (word === undefined) return undefined;
      groups.push(word >>> 16, word & 0xffff);
    }
  }
  return groups.length <= 8 ? groups : undefined;
}
