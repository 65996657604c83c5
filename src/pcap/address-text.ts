/** An address of one word (IPv4) or four (IPv6) as text (RFC 5952). */
export function addressText(words: Int32Array, at: number, six: boolean): string {
  const word = (index: number): number => (words[at + index] as number) >>> 0;
  if (!six) return [24, 16, 8, 0].map((shift) => (word(0) >>> shift) & 255).join(".");
  const groups = [0, 1, 2, 3].flatMap((index) =>
    [word(index) >>> 16, word(index) & 0xffff].map((group) => group.toString(16)),
  );
  const text = groups.join(":");
  const zeros = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].toSorted((a, b) => b[0].length - a[0].length)[0];
  if (!zeros) return text;
  return `${text.slice(0, zeros.index)}::${text.slice(zeros.index + zeros[0].length).replace(/^:/, "")}`;
}

/** `10.0.0.1:80`, `[2001:db8::1]:80`. */
export function endText(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
