import { describe, expect, test } from "vitest";
import { pcapFile, RAW_IP, type Recorded } from "../support/pcap/capture-file.ts";
import { ethernet } from "../support/pcap/frames.ts";
import { merged, tapOf } from "../support/pcap/merging.ts";
import { readCapture } from "../support/pcap/read-capture.ts";
import { converse } from "../support/pcap/tcp-conversation.ts";

const T0 = 1_700_000_000_000_000_000n;
const window = { startMs: 1_700_000_000_000, endMs: 1_700_000_600_000 };
type Play = Parameters<typeof converse>[0];
const talk = (play: Play, { shiftNs = 0n, wrap = ethernet as (packet: Uint8Array) => Uint8Array } = {}): Recorded[] =>
  converse(play).map(({ atNs, packet }) => ({ ns: T0 + shiftNs + BigInt(Math.round(atNs)), bytes: wrap(packet) }));
const raw = (packet: Uint8Array): Uint8Array => packet;
const plain: Play = { client: "10.0.0.9", turns: [{ from: "client", says: 30_000 }] };
const lossy: Play = {
  ...{ client: "10.0.0.7", clientPort: 40_007, serverPort: 5_432, turns: [{ from: "client", says: 400_000 }] },
  fate: ({ from, nth }) => (from === "client" && nth % 20 === 7 ? "lost behind the tap" : undefined),
};
const inOrder = (times: readonly bigint[]): boolean =>
  times.every((ns, at) => at === 0 || (times[at - 1] as bigint) <= ns);

/** Reads a file back: names of interfaces with what lies at each, and all comments in it. */
function look(file: Uint8Array) {
  const { packets, reader, gaps, stopped } = readCapture(file);
  const comments = [...new TextDecoder().decode(file).matchAll(/Packet \d+ of [^.]*\.|Lost behind this point[^.]*\./g)];
  return { packets, names: reader.ports.map(({ name }) => name), gaps, stopped, said: comments.map(([text]) => text) };
}

describe("several points in one file", () => {
  test("stand in the order of one clock, whatever each node's clock shows", () => {
    // The same packets at three points, 100 µs apart; the second node's clock is two minutes ahead and drifts by 200 ppm.
    const packets = talk(plain);
    const ahead = (ns: bigint): bigint => ns + 120_000_000_000n + BigInt(Math.round(Number(ns - T0) * 200e-6));
    const near = packets;
    const between = packets.map((one) => ({ ...one, ns: one.ns + 100_000n }));
    const far = packets.map((one) => ({ ...one, ns: ahead(one.ns + 200_000n) }));
    const clock = { offsetMs: 120_000, driftPpm: 200, atMs: window.startMs };
    const { file, ...counts } = merged(
      [
        tapOf("node-1 veth7", [pcapFile(near)]),
        tapOf("node-1 eth0", [pcapFile(between)]),
        tapOf("node-2 eth0", [pcapFile(far)], { clock }),
      ],
      { window },
    );
    const { packets: seen, names } = look(file);
    expect(counts).toEqual({
      ...{ packets: 3 * packets.length, comments: 0, leftOut: 0, disordered: 0, bytes: file.length },
    });
    expect(names).toEqual(["node-1 veth7", "node-1 eth0", "node-2 eth0"]);
    expect(inOrder(seen.map(({ ns }) => ns))).toBe(true);
    const byPort = [0, 1, 2].map((port) => seen.filter((one) => one.port === port));
    expect(byPort.map((some) => some.map(({ bytes }) => bytes))).toEqual(
      [near, between, far].map((some) => some.map(({ bytes }) => bytes)),
    );
    // Corrected to within a few nanoseconds: 200 µs behind the first point.
    for (const [at, one] of (byPort[2] ?? []).entries())
      expect(Math.abs(Number(one.ns - (near[at]?.ns ?? 0n) - 200_000n))).toBeLessThan(20);
  });

  test("go on over segments, and a cut one costs its last packet", () => {
    const packets = talk(plain);
    const [first, second] = [packets.slice(0, 20), packets.slice(20)];
    const cut = pcapFile(first).subarray(0, -5);
    const { file, packets: count } = merged([tapOf("node-1 eth0", [cut, pcapFile(second)])], { window });
    expect(count).toBe(packets.length - 1);
    expect(look(file)).toMatchObject({ names: ["node-1 eth0"], gaps: [], stopped: undefined });
    expect(new TextDecoder().decode(file)).toContain("Segment 1 ends early, at byte ");
  });

  test("may have different link types, or nothing", () => {
    const { file } = merged(
      [
        tapOf("node-1 eth0", [pcapFile(talk(plain))]),
        tapOf("node-1 tunl0", [pcapFile(talk(plain, { shiftNs: 5_000n, wrap: raw }), { link: RAW_IP })]),
        tapOf("node-2 tunl0", []),
        tapOf("node-2 eth0", [pcapFile([])]),
      ],
      { window },
    );
    const { packets } = look(file);
    expect(new Set(packets.map(({ port, link }) => `${port} ${link}`))).toEqual(new Set(["0 1", "1 101"]));
    const bytes = new TextDecoder().decode(file);
    for (const name of ["node-1 eth0", "node-1 tunl0", "node-2 tunl0", "node-2 eth0"]) expect(bytes).toContain(name);
  });

  test("packets a little out of order, as several CPUs record them, are put in order", () => {
    const packets = talk(plain);
    const swapped = packets.map((_, at) => packets[at ^ 3] ?? packets[at]) as Recorded[];
    const { file, disordered } = merged([tapOf("node-1 eth0", [pcapFile(swapped)])], { window });
    expect(disordered).toBe(0);
    expect(inOrder(look(file).packets.map(({ ns }) => ns))).toBe(true);
  });

  test.each([1, 2, 3, 4, 5])("random packets come out as a plain sort would put them (%d)", (seed) => {
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const all: { readonly us: number; readonly tap: number; readonly nth: number }[] = [];
    const taps = [0, 1, 2, 3].map((tap) => {
      const offsetMs = tap === 0 ? 0 : random(600_000) - 300_000;
      const times = Array.from({ length: random(3_000) }, () => random(5_000_000)).toSorted((a, b) => a - b);
      for (const [nth, us] of times.entries()) all.push({ us, tap, nth });
      const packets = times.map((us, nth) => ({
        ns: T0 + BigInt(us * 1_000 + offsetMs * 1_000_000),
        bytes: Uint8Array.of(tap, nth >> 8, nth & 255),
      }));
      const cuts = [0, random(packets.length + 1), packets.length].toSorted((a, b) => a - b);
      const segments = [0, 1].map((part) => pcapFile(packets.slice(cuts[part], cuts[part + 1])));
      return tapOf(`tap-${tap}`, segments, { clock: { offsetMs, driftPpm: 0, atMs: window.startMs } });
    });
    const expected = all
      .toSorted((a, b) => a.us - b.us || a.tap - b.tap || a.nth - b.nth)
      .map(({ us, tap, nth }) => [us, tap, nth]);
    const got = look(merged(taps, { window }).file).packets.map(({ ns, bytes: [tap = 0, high = 0, low = 0] }) => [
      ...[Number((ns - T0) / 1_000n), tap, (high << 8) | low],
    ]);
    expect(got).toEqual(expected);
  });

  test("every truncation of a segment gives a readable file", () => {
    const whole = pcapFile(talk({ ...plain, turns: [] }));
    for (let length = 0; length <= whole.length; length++) {
      const { file } = merged([tapOf("node-1 eth0", [whole.subarray(0, length)])], { window });
      const { gaps, stopped } = look(file);
      expect([length, gaps, stopped]).toEqual([length, [], undefined]);
    }
  });
});

describe("comments", () => {
  test("say what was found and what was lost, at the packets of the point where it is seen", () => {
    const segments = [pcapFile(talk(lossy))];
    const near = tapOf("shop/web-0 eth0", segments, { analysed: true, lost: new Map([[9, "node-1 eth0"]]) });
    const [finding] = near.summary?.findings ?? [];
    expect(finding?.kind).toBe("loss");
    const { file, comments } = merged([tapOf("node-1 eth0", [pcapFile(talk(plain))]), near], { window });
    const { said } = look(file);
    expect(said).toContain("Packet 9 of shop/web-0 eth0.");
    expect(said).toContain("Lost behind this point: seen at shop/web-0 eth0, not at node-1 eth0.");
    expect(said).toContain(`Packet ${finding?.packet} of shop/web-0 eth0.`);
    const text = new TextDecoder().decode(file);
    expect(text).toContain(finding?.text);
    expect(text).toMatch(/client: sent again/);
    expect(comments).toBeGreaterThan(3);
  });
});

describe("a file that may not hold everything", () => {
  // One bad connection among a minute of others, 200 packets/s.
  const others = Array.from({ length: 60 }, (_, second) =>
    talk({
      ...plain,
      clientPort: 41_000 + second,
      startMs: second * 1_000,
      turns: [{ from: "client", says: 200_000 }],
    }),
  ).flat();
  const bad = talk({ ...lossy, startMs: 30_000 });
  const all = [...others, ...bad].toSorted((one, other) => Number(one.ns - other.ns));
  const tap = tapOf("node-1 eth0", [pcapFile(all)], { analysed: true });
  const isBad = (bytes: Uint8Array): boolean => bytes[29] === 7 || bytes[33] === 7;
  const badBytes = bad.reduce((sum, { bytes }) => sum + bytes.length + 36, 0);
  const everything = merged([tap], { window }).bytes;

  test.each([1, 0.5, 0.3, 0.2, 0.1, 0.05])("stays within it, at %d of what all would need", (share) => {
    const maxBytes = Math.ceil(everything * share) + (share === 1 ? 30_000 : 0);
    const { file, packets, leftOut } = merged([tap], { window, maxBytes });
    expect(file.length).toBeLessThanOrEqual(maxBytes);
    expect(packets + leftOut).toBe(all.length);
    expect(leftOut === 0).toBe(share === 1);
    const { packets: seen, gaps, stopped } = look(file);
    expect([seen.length, gaps, stopped]).toEqual([packets, [], undefined]);
  });

  test("keeps the connection with the finding whole, then what is near it, then the beginning", () => {
    const { file } = merged([tap], { window, maxBytes: badBytes + 3_000_000 });
    const { packets } = look(file);
    expect(packets.filter(({ bytes }) => isBad(bytes))).toHaveLength(bad.length);
    const seconds = new Set(
      packets.filter(({ bytes }) => !isBad(bytes)).map(({ ns }) => Number((ns - T0) / 1_000_000_000n)),
    );
    const atS = Math.floor((tap.summary?.findings[0]?.atUs ?? 0) / 1e6) - 1_700_000_000;
    expect([...seconds].toSorted((a, b) => a - b)[0]).toBeGreaterThanOrEqual(atS - 10);
    expect(seconds.has(atS)).toBe(true);
    const text = new TextDecoder().decode(file);
    expect(text).toMatch(/whole connections with findings: 10\.0\.0\.7:40007 and /);
    expect(text).toContain("What is missing here was left out, and not lost by the network.");
  });

  test("of which nothing is wrong keeps the beginning", () => {
    const { file, packets } = merged([tapOf("node-1 eth0", [pcapFile(others)])], { window, maxBytes: 3_000_000 });
    expect(packets).toBeGreaterThan(1_000);
    expect(look(file).packets[0]?.ns).toBe(others[0]?.ns);
  });

  test("keeps moments that others have named", () => {
    const momentsMs = [window.startMs + 50_500];
    const { file } = merged([tapOf("node-1 eth0", [pcapFile(others)])], { window, momentsMs, maxBytes: 1_000_000 });
    const seconds = look(file).packets.map(({ ns }) => Number((ns - T0) / 1_000_000_000n));
    expect([...new Set(seconds)]).toContain(50);
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(40);
  });

  test("even without room for anything is a file", () => {
    const { file, packets, leftOut } = merged([tap], { window, maxBytes: 0 });
    expect([packets, leftOut]).toEqual([0, all.length]);
    expect(look(file).stopped).toBeUndefined();
  });
});
