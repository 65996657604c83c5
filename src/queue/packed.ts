import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";

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
