import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { createGunzip, createGzip, gunzip, gzip } from "node:zlib";

const deflate = promisify(gzip);
const inflate = promisify(gunzip);

/** JSON, compressed and as text, for what is too big to keep in Redis as it is. */
export async function pack(value: unknown): Promise<string> {
  return (await deflate(JSON.stringify(value))).toString("base64");
}

/** The opposite of `pack`. Throws when it would become larger than `maxBytes`. */
export async function unpack(packed: string, { maxBytes }: { readonly maxBytes: number }): Promise<unknown> {
  return JSON.parse((await inflate(Buffer.from(packed, "base64"), { maxOutputLength: maxBytes })).toString());
}

/** Many values, for what is too big to be held as JSON as well: a line of it for each value, compressed as it is made. */
export function packLines(values: Iterable<unknown>): Promise<Buffer> {
  return buffer(Readable.from(linesOf(values)).pipe(createGzip()));
}

function* linesOf(values: Iterable<unknown>): Generator<string> {
  for (const value of values) yield `${JSON.stringify(value)}\n`;
}

/** The opposite of `packLines`. Throws when the lines would become larger than `maxBytes` together. */
export async function* unpackLines(
  packed: Buffer,
  { maxBytes }: { readonly maxBytes: number },
): AsyncGenerator<unknown> {
  const inflated = Readable.from([packed]).pipe(createGunzip()).setEncoding("utf8");
  let bytes = 0;
  let begun = "";
  for await (const chunk of inflated as AsyncIterable<string>) {
    bytes += Buffer.byteLength(chunk);
    if (bytes > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
    const lines = (begun + chunk).split("\n");
    begun = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
}
