/** One record as a test writes it: any field may be wrong on purpose. */
export type RecordFields = {
  readonly seconds: number;
  /** In units of the file. */
  readonly fraction?: number;
  readonly bytes: Uint8Array;
  readonly captured?: number;
  readonly original?: number;
};

type PcapKind = {
  readonly little?: boolean;
  readonly magic?: number;
  readonly snapLength?: number;
  readonly link?: number;
};

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function fields(length: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer));
  return bytes;
}

/** A pcap file of any kind: `magic` as a number in the file's own byte order. */
export function pcapBytes(
  records: readonly RecordFields[],
  { little = true, magic = 0xa1b2c3d4, snapLength = 262_144, link = 1 }: PcapKind = {},
): Uint8Array {
  const header = fields(24, (view) => {
    view.setUint32(0, magic, little);
    view.setUint16(4, 2, little);
    view.setUint16(6, 4, little);
    view.setUint32(16, snapLength, little);
    view.setUint32(20, link, little);
  });
  const size = magic === 0xa1b2cd34 ? 24 : 16;
  return join([header, ...records.flatMap((record) => [recordHeader(record, size, little), record.bytes])]);
}

function recordHeader(record: RecordFields, size: number, little: boolean): Uint8Array {
  const { seconds, fraction = 0, bytes, captured = bytes.length, original = bytes.length } = record;
  return fields(size, (view) => {
    for (const [index, value] of [seconds, fraction, captured, original].entries())
      view.setUint32(index * 4, value, little);
  });
}

export type OptionFields = readonly [code: number, value: Uint8Array];

/** Makes blocks of pcapng in one byte order. */
export class PcapngBlocks {
  readonly #little: boolean;

  constructor(little = true) {
    this.#little = little;
  }

  block(type: number, body: Uint8Array, { length, trailer }: { length?: number; trailer?: number } = {}): Uint8Array {
    const room = 12 + ((body.length + 3) & ~3);
    const bytes = fields(room, (view) => {
      view.setUint32(0, type, this.#little);
      view.setUint32(4, length ?? room, this.#little);
      view.setUint32(room - 4, trailer ?? room, this.#little);
    });
    bytes.set(body, 8);
    return bytes;
  }

  section(): Uint8Array {
    return this.block(
      0x0a0d0d0a,
      fields(16, (view) => {
        view.setUint32(0, 0x1a2b3c4d, this.#little);
        view.setUint16(4, 1, this.#little);
        view.setBigInt64(8, -1n, this.#little);
      }),
    );
  }

  port({ link = 1, snapLength = 0, options = [] as readonly OptionFields[] } = {}): Uint8Array {
    const head = fields(8, (view) => {
      view.setUint16(0, link, this.#little);
      view.setUint32(4, snapLength, this.#little);
    });
    return this.block(1, join([head, this.options(options)]));
  }

  packet(
    units: bigint,
    bytes: Uint8Array,
    {
      port = 0,
      captured = bytes.length,
      original = bytes.length,
      options = [],
    }: { port?: number; captured?: number; original?: number; options?: readonly OptionFields[] } = {},
  ): Uint8Array {
    const head = fields(20, (view) => {
      const values = [port, Number(units >> 32n), Number(units & 0xffff_ffffn), captured, original];
      for (const [index, value] of values.entries()) view.setUint32(index * 4, value, this.#little);
    });
    return this.block(6, join([head, padded(bytes), this.options(options)]));
  }

  simplePacket(bytes: Uint8Array, original = bytes.length): Uint8Array {
    return this.block(3, join([fields(4, (view) => view.setUint32(0, original, this.#little)), bytes]));
  }

  oldPacket(units: bigint, bytes: Uint8Array, { port = 0, drops = 0xffff } = {}): Uint8Array {
    const head = fields(20, (view) => {
      view.setUint16(0, port, this.#little);
      view.setUint16(2, drops, this.#little);
      const values = [Number(units >> 32n), Number(units & 0xffff_ffffn), bytes.length, bytes.length];
      for (const [index, value] of values.entries()) view.setUint32(4 + index * 4, value, this.#little);
    });
    return this.block(2, join([head, bytes]));
  }

  statistics(port: number, options: readonly OptionFields[]): Uint8Array {
    return this.block(5, join([fields(12, (view) => view.setUint32(0, port, this.#little)), this.options(options)]));
  }

  count(value: bigint): Uint8Array {
    return fields(8, (view) => view.setBigInt64(0, value, this.#little));
  }

  options(options: readonly OptionFields[]): Uint8Array {
    if (options.length === 0) return new Uint8Array(0);
    const parts = options.map(([code, value]) => {
      const head = fields(4, (view) => {
        view.setUint16(0, code, this.#little);
        view.setUint16(2, value.length, this.#little);
      });
      return join([head, padded(value)]);
    });
    return join([...parts, new Uint8Array(4)]);
  }
}

function padded(bytes: Uint8Array): Uint8Array {
  return join([bytes, new Uint8Array((4 - (bytes.length % 4)) % 4)]);
}
