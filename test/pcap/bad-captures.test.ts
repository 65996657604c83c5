import { describe, expect, test } from "vitest";
import { CaptureAnalysis } from "#src/pcap/capture-analysis.ts";
import { analysed } from "../support/pcap/analysed.ts";
import { pcapFile } from "../support/pcap/capture-file.ts";
import { pcapBytes } from "../support/pcap/file-bytes.ts";
import { ethernet, ip4, ip6, ipInIp, SYN, tcpSegment, udpDatagram, vxlan } from "../support/pcap/frames.ts";
import { mutantOf, seeded } from "../support/pcap/mutant.ts";
import { readCapture } from "../support/pcap/read-capture.ts";
import { smallCaptures } from "../support/pcap/small-captures.ts";

const captures = Object.entries(smallCaptures);
/** In CI; all hundred thousand are `npm run -s bench -- pcap-mutants`. */
const MUTANTS = 200;
const SMALL = 1_000;

describe.each(captures)("%s", (_, file) => {
  const whole = readCapture(file);

  test("is read whole, and alike in pieces", () => {
    expect([whole.stopped, whole.gaps]).toEqual([undefined, []]);
    expect(whole.packets.length).toBeGreaterThan(6);
    const summary = analysed(file);
    for (const chunk of [1, 7, 64, 1_000]) expect(analysed(file, { chunk })).toEqual(summary);
  });

  test("gives a prefix of its packets wherever it is cut off", () => {
    const wrong: number[] = [];
    for (let length = 0; length < file.length; length++) {
      const { packets, gaps, stopped } = readCapture(file.subarray(0, length));
      const same = packets.every((packet, at) => {
        const { ns, bytes, original } = whole.packets[at] ?? {};
        return (
          ns === packet.ns &&
          original === packet.original &&
          Buffer.compare(bytes ?? new Uint8Array(0), packet.bytes) === 0
        );
      });
      if (!same || gaps.length > 0 || (stopped && stopped.offset > length)) wrong.push(length);
    }
    expect(wrong).toEqual([]);
  });

  test("gives numbers whichever byte is wrong", () => {
    // Of the larger ones, a sample: an analysis takes milliseconds.
    const step = file.length < SMALL ? 1 : 61;
    for (let at = 0; at < file.length; at += step) {
      const wrong = file.slice();
      wrong[at] = (wrong[at] ?? 0) ^ 0xff;
      const summary = analysed(wrong);
      expect(Number.isFinite(summary.packets) && Number.isFinite(summary.bytes), `byte ${at}`).toBe(true);
    }
  });
});

test("one wrong byte costs at most two packets of a pcap file, unless it is in the file's header", () => {
  const file = smallCaptures["pcap, nanoseconds, Ethernet"] ?? new Uint8Array(0);
  const all = readCapture(file).packets.length;
  for (let at = 24; at < file.length; at++) {
    const wrong = file.slice();
    wrong[at] = (wrong[at] ?? 0) ^ 0x80;
    expect(readCapture(wrong).packets.length, `byte ${at}`).toBeGreaterThanOrEqual(all - 2);
  }
});

test(`${MUTANTS} mutants are read without a crash, and alike in pieces`, () => {
  const random = seeded(1);
  for (let index = 0; index < MUTANTS; index++) {
    const [, file = new Uint8Array(0)] = captures[index % captures.length] ?? [];
    const mutant = mutantOf(file, random);
    expect(analysed(mutant, { chunk: 101 }), `mutant ${index}`).toEqual(analysed(mutant));
  }
});

describe("hostile packets", () => {
  const ends = { source: "10.0.0.1", destination: "10.0.0.2" };
  const one = (bytes: Uint8Array, link = 1): ReturnType<typeof analysed> =>
    analysed(pcapBytes([{ seconds: 1_700_000_000, bytes }], { link }));

  test("a DNS name that points to itself ends", () => {
    const name = Uint8Array.from([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1]);
    const { dns } = one(ethernet(ip4({ ...ends, protocol: 17 }, udpDatagram(4_000, 53, name, ends))));
    expect(dns.queries).toBe(1);
  });

  test("200 extension headers end", () => {
    const extension = Uint8Array.from([60, 0, 1, 4, 0, 0, 0, 0]);
    const chain = Uint8Array.from(Array.from({ length: 200 }, () => [...extension]).flat());
    const packet = ip6({ source: "fd00::1", destination: "fd00::2", protocol: 60 }, chain);
    expect(one(ethernet(packet)).packets).toBe(1);
  });

  test("50 nested tunnels are given up", () => {
    let packet = ip4({ ...ends, protocol: 17 }, udpDatagram(1, 2, new Uint8Array(4), ends));
    for (let depth = 0; depth < 50; depth++) packet = ipInIp(packet, ends);
    const { quality } = one(ethernet(packet));
    expect(quality).toContainEqual(expect.stringContaining("header that cannot be"));
    let frame = ethernet(packet);
    for (let depth = 0; depth < 50; depth++) frame = ethernet(vxlan(frame, ends));
    expect(one(frame).packets).toBe(1);
  });

  test("VXLAN cut at 60 bytes is said, not counted as nothing", () => {
    const segment = tcpSegment(
      { sourcePort: 1, destinationPort: 2, sequence: 1, acknowledged: 0, flags: SYN, window: 9 },
      ends,
    );
    const frame = ethernet(vxlan(ethernet(ip4({ ...ends, protocol: 6 }, segment)), ends));
    const { verdict, quality } = analysed(pcapFile([{ ns: 1n, bytes: frame }], { snapLength: 60 }));
    expect(verdict).toBe("withheld");
    expect(quality).toContainEqual(expect.stringContaining("1 VXLAN packet "));
  });
});

test.each([
  ["nothing", new Uint8Array(0)],
  ["text", new TextEncoder().encode('{"level":"info"}\n'.repeat(99))],
  ["noise", Uint8Array.from({ length: 5_000 }, seeded256(3))],
  ["noise behind a header", Uint8Array.from([...pcapBytes([]), ...Uint8Array.from({ length: 5_000 }, seeded256(4))])],
])("%s has no packets and a reason", (_, bytes) => {
  const { packets, stopped } = analysed(bytes);
  expect(packets).toBe(0);
  expect(stopped).toBeDefined();
});

function seeded256(seed: number): () => number {
  const random = seeded(seed);
  return () => Math.floor(random() * 256);
}

test("a million connections of one packet are counted in a table of bounded size", () => {
  const analysis = new CaptureAnalysis({ maxFlows: 4_096 });
  const record = pcapBytes([
    {
      seconds: 1_700_000_000,
      bytes: ethernet(
        ip4(
          { source: "10.0.0.1", destination: "10.255.0.1", protocol: 6 },
          tcpSegment(
            { sourcePort: 0, destinationPort: 80, sequence: 1, acknowledged: 0, flags: SYN, window: 9 },
            { source: "10.0.0.1", destination: "10.255.0.1" },
          ),
        ),
      ),
    },
  ]);
  analysis.reader.push(record.subarray(0, 24));
  const packet = record.slice(24);
  const view = new DataView(packet.buffer);
  for (let index = 0; index < 1_000_000; index++) {
    view.setUint32(0, 1_700_000_000 + (index >> 14), true);
    view.setUint16(16 + 14 + 14, index >> 14);
    view.setUint16(16 + 14 + 20, 1_024 + (index & 16_383));
    analysis.reader.push(packet);
  }
  analysis.end();
  const { flows, tcp } = analysis.summary();
  // Those of the last second may yet be answered.
  expect([flows, tcp.unanswered]).toEqual([1_000_000, 1_000_000 - (1_000_000 % 16_384)]);
});
