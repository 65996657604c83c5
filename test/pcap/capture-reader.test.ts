import { describe, expect, test } from "vitest";
import { join, PcapngBlocks, pcapBytes, type RecordFields } from "../support/pcap/file-bytes.ts";
import { readCapture } from "../support/pcap/read-capture.ts";

const T0 = 1_700_000_000;
const bytes = (length: number, first = 0): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 7 + first) & 255);
const records = (count: number): RecordFields[] =>
  Array.from({ length: count }, (_, index) => ({
    seconds: T0 + index,
    fraction: 1_000 + index,
    bytes: bytes(40 + (index % 9), index),
  }));
const ten = pcapBytes(records(10));
/** Offset of a record of `ten`. */
const recordAt = (index: number): number =>
  24 + records(index).reduce((sum, record) => sum + 16 + record.bytes.length, 0);
const without = (whole: Uint8Array, at: number, length: number): Uint8Array =>
  join([whole.subarray(0, at), whole.subarray(at + length)]);
const patched = (whole: Uint8Array, at: number, patch: Uint8Array): Uint8Array =>
  join([whole.subarray(0, at), patch, whole.subarray(at + patch.length)]);
const word = (value: number): Uint8Array => Uint8Array.from([0, 8, 16, 24], (shift) => (value >>> shift) & 255);

const le = new PcapngBlocks();
const be = new PcapngBlocks(false);
const tsresol = (value: number): [number, Uint8Array] => [9, Uint8Array.of(value)];
const named = (name: string): [number, Uint8Array] => [2, new TextEncoder().encode(name)];
const US = BigInt(T0) * 1_000_000n;
const nanoseconds = (units: bigint): bigint => units * 1_000n;

describe("pcap", () => {
  test.each([
    ["µs, little-endian", 0xa1b2c3d4, true, 1_000n],
    ["µs, big-endian", 0xa1b2c3d4, false, 1_000n],
    ["ns, little-endian", 0xa1b23c4d, true, 1n],
    ["ns, big-endian", 0xa1b23c4d, false, 1n],
    ["modified, little-endian", 0xa1b2cd34, true, 1_000n],
    ["modified, big-endian", 0xa1b2cd34, false, 1_000n],
  ])("%s is read with exact times", (_, magic, little, unit) => {
    const list = records(5);
    const { packets, stopped, gaps } = readCapture(pcapBytes(list, { magic, little, link: 113 }));
    expect(packets.map(({ ns }) => ns)).toEqual(
      list.map(({ seconds, fraction = 0 }) => BigInt(seconds) * 1_000_000_000n + BigInt(fraction) * unit),
    );
    expect(packets.map((packet) => packet.bytes)).toEqual(list.map((record) => record.bytes));
    expect(packets.every(({ link, port }) => link === 113 && port === 0)).toBe(true);
    expect({ stopped, gaps }).toEqual({ stopped: undefined, gaps: [] });
  });

  test.each([
    ["an original length below the captured one", { original: 3 }, 40],
    ["a packet cut by the snap length", { original: 1_500 }, 1_500],
    ["a fraction of up to two seconds", { fraction: 1_999_999 }, 40],
  ])("%s is read", (_, wrong, original) => {
    const { packets, gaps } = readCapture(pcapBytes([{ seconds: T0, bytes: bytes(40), ...wrong }, ...records(1)]));
    expect(packets[0]?.original).toBe(original);
    expect({ packets: packets.length, gaps }).toEqual({ packets: 2, gaps: [] });
  });

  test("a packet of no bytes, a time before the first, and upper bits of the link type are read", () => {
    const list = [
      { seconds: T0, bytes: bytes(0), original: 60 },
      { seconds: T0 - 5, bytes: bytes(9) },
    ];
    const { packets } = readCapture(pcapBytes(list, { link: 0xf000_0001 }));
    expect(packets.map(({ ns, link }) => [ns, link])).toEqual([
      [BigInt(T0) * 1_000_000_000n, 1],
      [BigInt(T0 - 5) * 1_000_000_000n, 1],
    ]);
  });
});

describe("damage in a pcap file", () => {
  test.each([
    ["an absurd captured length", patched(ten, recordAt(4) + 8, word(0x7fff_ffff)), [9, 1]],
    ["an absurd original length", patched(ten, recordAt(4) + 12, word(0x7fff_ffff)), [9, 1]],
    ["a fraction of ten seconds", patched(ten, recordAt(4) + 4, word(10_000_000)), [9, 1]],
    ["zeros over a record and a half", patched(ten, recordAt(4), new Uint8Array(90)), [8, 1]],
    ["noise over three records", patched(ten, recordAt(4), bytes(150, 91)), [7, 1]],
    ["bytes missing in the middle of a record", without(ten, recordAt(4) + 20, 11), [9, 1]],
    ["bytes missing in a header", without(ten, recordAt(4) + 2, 11), [9, 1]],
    ["an absurd length in the last record but one", patched(ten, recordAt(8) + 8, word(0x7fff_ffff)), [9, 1]],
    ["a length in the last record but one that leads past the end", patched(ten, recordAt(8) + 8, word(4_000)), [9, 1]],
    ["an absurd length in the first record", patched(ten, 24 + 8, word(0x7fff_ffff)), [9, 1]],
  ])("%s costs that and no more", (_, file, [packets, gaps]) => {
    const seen = readCapture(file);
    expect([seen.packets.length, seen.gaps.length]).toEqual([packets, gaps]);
    expect(seen.stopped).toBeUndefined();
    expect(seen.packets.at(-1)?.bytes).toEqual(records(10)[9]?.bytes);
  });

  test("the gap is told by its place and length", () => {
    const { gaps } = readCapture(patched(ten, recordAt(4) + 8, word(0x7fff_ffff)));
    expect(gaps).toEqual([{ offset: recordAt(4), bytes: recordAt(5) - recordAt(4) }]);
  });

  test("a last record that is cut is told, and nothing else", () => {
    const { packets, gaps, stopped } = readCapture(ten.subarray(0, ten.length - 1));
    expect([packets.length, gaps]).toEqual([9, []]);
    expect(stopped).toEqual({ reason: "the last record is cut", offset: recordAt(9) });
  });

  test("damage to the end is told with the place where it begins", () => {
    const { packets, stopped } = readCapture(patched(ten, recordAt(4), new Uint8Array(ten.length - recordAt(4))));
    expect(packets.length).toBe(4);
    expect(stopped).toEqual({ reason: "no further record was found behind damage", offset: recordAt(4) });
  });

  test("reading ends behind 256 MiB without a record", () => {
    const reader = readCapture(ten.subarray(0, 24)).reader;
    reader.push(ten);
    const zeros = new Uint8Array(1 << 20);
    let pushed = 0;
    while (!reader.done && pushed < 300) {
      reader.push(zeros);
      pushed++;
    }
    expect(pushed).toBe(257);
    expect(reader.end()).toEqual({ reason: "no further record was found behind damage", offset: ten.length });
  });
});

describe("files joined", () => {
  const ng = join([le.section(), le.port(), le.packet(US, bytes(60)), le.packet(US + 1n, bytes(60))]);
  test.each([
    ["two pcap files", [ten, ten], 20],
    [
      "pcap files of different byte order and unit",
      [ten, pcapBytes(records(5), { little: false, magic: 0xa1b23c4d })],
      15,
    ],
    ["pcapng behind pcap", [ten, ng], 12],
    ["pcap behind pcapng", [ng, ten, ng], 14],
  ])("%s are all read", (_, files, packets) => {
    const seen = readCapture(join(files));
    expect([seen.packets.length, seen.gaps, seen.stopped]).toEqual([packets, [], undefined]);
  });

  test("files of one recorder have one interface, files whose times overlap have two", () => {
    const later = pcapBytes(records(3).map((record) => ({ ...record, seconds: record.seconds + 100 })));
    expect(readCapture([ten, later]).packets.at(-1)?.port).toBe(0);
    expect(readCapture([ten, ten]).packets.at(-1)?.port).toBe(1);
  });

  test("a file that is cut does not disturb the next one", () => {
    const { packets, stopped } = readCapture([ten.subarray(0, ten.length - 1), ten]);
    expect(packets.length).toBe(19);
    expect(stopped?.reason).toBe("the last record is cut");
  });
});

describe("pcapng", () => {
  const drop = (code: number, count: bigint): [number, Uint8Array] => [code, le.count(count)];
  test.each([
    ["little-endian", le],
    ["big-endian", be],
  ])("%s packets of every kind of block are read", (_, blocks) => {
    const { packets, stopped } = readCapture(
      join([
        blocks.section(),
        blocks.port({ snapLength: 50 }),
        blocks.port({ link: 101, options: [named("eth1"), tsresol(9)] }),
        blocks.packet(US + 5n, bytes(61), { original: 99 }),
        blocks.block(4, bytes(20)),
        blocks.packet(nanoseconds(US) + 1n, bytes(30), { port: 1 }),
        blocks.block(0xbad, bytes(33)),
        blocks.oldPacket(US + 7n, bytes(44)),
        blocks.block(0x0a, bytes(7)),
        blocks.simplePacket(bytes(50), 70),
      ]),
    );
    const base = nanoseconds(US);
    expect(
      packets.map(({ ns, bytes: { length }, original, link, port }) => [ns - base, length, original, link, port]),
    ).toEqual([
      [5_000n, 61, 99, 1, 0],
      [1n, 30, 30, 101, 1],
      [7_000n, 44, 44, 1, 0],
      [7_000n, 50, 70, 1, 0],
    ]);
    expect(stopped).toBeUndefined();
  });

  test.each([
    ["10^-9 s", tsresol(9), 1_700_000_000_123_456_789n, 1_700_000_000_123_456_789n],
    ["10^-3 s", tsresol(3), 1_700_000_000_123n, 1_700_000_000_123_000_000n],
    ["2^-10 s", tsresol(0x8a), 1_700_000_000n * 1024n + 512n, 1_700_000_000_500_000_000n],
    ["2^-32 s", tsresol(0xa0), (1_700_000_000n << 32n) + (1n << 31n), 1_700_000_000_500_000_000n],
  ])("times in units of %s are right", (_, option, units, ns) => {
    const { packets } = readCapture(join([le.section(), le.port({ options: [option] }), le.packet(units, bytes(20))]));
    expect(packets[0]?.ns).toBe(ns);
  });

  test("an offset of seconds is added", () => {
    const offset: [number, Uint8Array] = [14, le.count(-3_600n)];
    const { packets } = readCapture(join([le.section(), le.port({ options: [offset] }), le.packet(US, bytes(20))]));
    expect(packets[0]?.ns).toBe(nanoseconds(US) - 3_600_000_000_000n);
  });

  test("sections have their own byte order and interfaces; one of the same name goes on", () => {
    const { packets, reader } = readCapture(
      join([
        ...[le.section(), le.port({ options: [named("a")] }), le.packet(US, bytes(20))],
        ...[be.section(), be.port({ link: 113, options: [named("b")] }), be.packet(US + 1n, bytes(20))],
        ...[le.section(), le.port({ options: [named("a")] }), le.packet(US + 2n, bytes(20))],
      ]),
    );
    expect(packets.map(({ link, port }) => [link, port])).toEqual([
      [1, 0],
      [113, 1],
      [1, 0],
    ]);
    expect(reader.ports.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("dropped packets are summed over interfaces, in statistics, packet options and old packets", () => {
    const { reader } = readCapture(
      join([
        ...[le.section(), le.port(), le.port({ options: [named("x")] })],
        le.packet(US, bytes(20), { options: [drop(4, 3n)] }),
        le.oldPacket(US, bytes(20), { drops: 2 }),
        le.statistics(0, [drop(5, 10n), drop(7, 5n)]),
        le.statistics(0, [drop(5, 12n), drop(7, 5n)]),
        le.statistics(1, [drop(7, 1n)]),
      ]),
    );
    expect(reader.ports.map(({ droppedByKernel }) => droppedByKernel)).toEqual([3 + 2 + 17, 1]);
  });

  const blocks = [
    ...[le.section(), le.port()],
    ...Array.from({ length: 8 }, (_, index) => le.packet(US + BigInt(index), bytes(40, index))),
  ];
  const whole = join(blocks);
  const blockAt = (index: number): number => join(blocks.slice(0, index)).length;
  test.each([
    [
      "a packet of an interface that was never described",
      join([...blocks.slice(0, 4), le.packet(US, bytes(9), { port: 7 }), ...blocks.slice(4)]),
      [8, 0],
    ],
    ["a wrong length behind a block", patched(whole, blockAt(5) - 4, word(99)), [8, 0]],
    ["an absurd length before a block", patched(whole, blockAt(4) + 4, word(0x7fff_fff0)), [7, 1]],
    ["a length of 0", patched(whole, blockAt(4) + 4, word(0)), [7, 1]],
    ["a length that is too long", patched(whole, blockAt(4) + 4, word(84)), [7, 1]],
    ["a length that leads past the end", patched(whole, blockAt(4) + 4, word(8_000)), [7, 1]],
    ["noise over two blocks", patched(whole, blockAt(4), bytes(90, 3)), [6, 1]],
    ["zeros over two blocks", patched(whole, blockAt(4), new Uint8Array(90)), [6, 1]],
    ["a captured length beyond the block", patched(whole, blockAt(4) + 20, word(70_000)), [8, 0]],
    ["an unknown type", patched(whole, blockAt(4), word(0x1234)), [7, 0]],
  ])("%s costs that and no more", (_, file, [packets, gaps]) => {
    const seen = readCapture(file);
    expect([seen.packets.length, seen.gaps.length, seen.stopped]).toEqual([packets, gaps, undefined]);
    expect(seen.packets.at(-1)?.bytes).toEqual(bytes(40, 7));
  });

  test("a last block that is cut is told", () => {
    const { packets, stopped } = readCapture(whole.subarray(0, whole.length - 3));
    expect(packets.length).toBe(7);
    expect(stopped).toEqual({ reason: "the last block is cut", offset: blockAt(9) });
  });

  test("a block larger than the buffer is read, and the buffer shrinks behind it", () => {
    const large = bytes(3_000_000);
    const { packets, reader } = readCapture(join([...blocks, le.packet(US, large), ...blocks]));
    expect(packets.length).toBe(17);
    expect(packets[8]?.bytes).toEqual(large);
    expect(reader.room().length).toBeLessThanOrEqual(1 << 20);
  });
});

describe("what is no capture", () => {
  test.each([
    ["nothing", new Uint8Array(0), "the input is empty", false],
    ["three bytes", bytes(3), "not a capture: it ends after 3 bytes", false],
    [
      "text",
      new TextEncoder().encode("hello, this is a log file\n"),
      "not a capture: it begins like neither pcap nor pcapng",
      false,
    ],
    ["half a pcap header", ten.subarray(0, 11), "the file header is cut", false],
    ["half a section header", le.section().subarray(0, 11), "the last block is cut", false],
    ["a pcap header alone", ten.subarray(0, 24), undefined, true],
    ["a section header alone", le.section(), undefined, true],
  ])("%s is said in words", (_, input, reason, recognised) => {
    const { stopped, reader } = readCapture(input);
    expect([stopped?.reason, reader.headers > 0]).toEqual([reason, recognised]);
  });
});

describe("the way the input is cut", () => {
  const damaged = patched(patched(ten, recordAt(4) + 8, word(0x7fff_ffff)), recordAt(8) + 8, word(4_000));
  const ng = join([
    le.section(),
    le.port(),
    ...Array.from({ length: 8 }, (_, at) => le.packet(US + BigInt(at), bytes(40, at))),
  ]);
  test.each([
    ["a whole pcap file", ten],
    ["a damaged pcap file", damaged],
    ["files joined, the last one cut", join([ten, ng, damaged.subarray(0, damaged.length - 7)])],
    [
      "a damaged pcapng file",
      join([patched(ng, 160, word(0x7fff_fff0)), be.section(), be.port(), be.packet(US, bytes(5))]),
    ],
    ["text", new TextEncoder().encode("hello, this is a log file\n")],
  ])("changes nothing of %s", (_, file) => {
    const said = ({ packets, gaps, stopped }: ReturnType<typeof readCapture>): unknown => ({ packets, gaps, stopped });
    const expected = said(readCapture(file));
    for (const chunk of [1, 2, 3, 5, 16, 23, 64, 100, 1_000]) expect(said(readCapture(file, chunk))).toEqual(expected);
  });
});
