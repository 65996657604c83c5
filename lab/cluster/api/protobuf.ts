import { badRequest } from "./status.ts";

/** Length-delimited fields of one message by number, in order of appearance; numbers are skipped, nobody here needs them. */
export type WireFields = ReadonlyMap<number, readonly Buffer[]>;

const MAGIC = Buffer.from("k8s\0");
/** Field `raw` of `runtime.Unknown`: the object itself. */
const RAW = 2;

/** Takes the object out of Kubernetes' envelope: `k8s\0` and a `runtime.Unknown` message. */
export function readProtobuf(body: Buffer): WireFields {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw badRequest("the body is not a Kubernetes protobuf message");
  return wireFields(wireFields(body.subarray(MAGIC.length)).get(RAW)?.[0] ?? Buffer.alloc(0));
}

/** Reads one message. https://protobuf.dev/programming-guides/encoding/ */
export function wireFields(message: Buffer): WireFields {
  const fields = new Map<number, Buffer[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined || scale > 2 ** 49) throw badRequest("the protobuf message is cut short");
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const [field, wireType] = [Math.floor(tag / 8), tag % 8];
    if (wireType === 0) varint();
    else if (wireType === 1 || wireType === 5) at += wireType === 1 ? 8 : 4;
    else if (wireType === 2) {
      const length = varint();
      if (at + length > message.length) throw badRequest("the protobuf message is cut short");
      fields.set(field, [...(fields.get(field) ?? []), message.subarray(at, at + length)]);
      at += length;
    } else throw badRequest(`protobuf wire type ${wireType} is not used by Kubernetes`);
  }
  return fields;
}

/** A string field, or undefined when it is absent or empty, which is the same in Kubernetes' messages. */
export const textField = (fields: WireFields, field: number): string | undefined =>
  fields.get(field)?.at(-1)?.toString("utf8") || undefined;
