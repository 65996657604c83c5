import { describe, expect, test } from "vitest";
import { EvidenceSet } from "#src/core/evidence.ts";
import {
  captureApplication,
  captureClients,
  captureCoverage,
  captureDns,
  captureEvidence,
  captureFinding,
  captureIcmp,
  captureService,
  captureTcp,
} from "#src/pcap/capture-evidence.ts";
import { analyse } from "#test/support/pcap/analyse.ts";
import { pcapFile, pcapngFile, type Recorded } from "#test/support/pcap/capture-file.ts";
import { ACK, ethernet, icmpMessage, ip4, joined, RST, tcpSegment, text, vxlan } from "#test/support/pcap/frames.ts";
import { BEGAN_NS, generatedCaptures, twoInterfaces } from "#test/support/pcap/generated.ts";
import { converse, type Frame, type Seen } from "#test/support/pcap/tcp-conversation.ts";

const OUTER = { source: "192.168.50.11", destination: "192.168.50.12" };
const recorded = (
  seen: readonly Seen[],
  frame: (one: Seen) => Uint8Array = ({ packet }) => ethernet(packet),
): Recorded[] => seen.map((one) => ({ ns: BEGAN_NS + BigInt(one.atNs), bytes: frame(one) }));
const download = [{ from: "client", says: 300 } as const, { from: "server", says: 200_000, afterMs: 30 } as const];
const lossy = converse({
  turns: download,
  fate: ({ from, length, nth, again }) =>
    from === "server" && length > 0 && !again && nth % 41 === 5 ? "lost behind the tap" : undefined,
});
const generated = (name: string): Uint8Array => {
  const found = generatedCaptures().find((one) => one.name === name);
  if (!found) throw new Error(`no capture ${name}`);
  return found.file;
};

describe("cut packets", () => {
  const whole = analyse(pcapFile(recorded(lossy))).tcp;

  test.each([54, 60, 66, 68, 96, 128])("sequence numbers are followed at a snap length of %d", (snapLength) => {
    const { tcp } = analyse(pcapFile(recorded(lossy), { snapLength }));
    expect([tcp.retransmissions, tcp.duplicateAcks, tcp.handshakes]).toEqual([
      whole.retransmissions,
      whole.duplicateAcks,
      1,
    ]);
  });

  test("a tunnel that the snap length cannot carry is said, and nothing is called clean", () => {
    const frames = recorded(lossy, ({ packet }) => ethernet(vxlan(ethernet(packet), OUTER)));
    const { quality, verdict, flows } = analyse(pcapFile(frames, { snapLength: 96 }));
    expect([verdict, flows]).toEqual(["withheld", 0]);
    expect(quality.join()).toMatch(/VXLAN packets \(100 % of all\) cut .* record 192 bytes of each or more/);
    expect(analyse(pcapFile(frames, { snapLength: 192 })).tcp.retransmissions).toBe(whole.retransmissions);
  });
});

describe("time and damage", () => {
  test("time that runs backwards is said and makes no negative durations", () => {
    const { quality, tcp } = analyse(
      pcapFile(
        recorded(lossy).map((one, index) => (index % 50 === 20 ? { ...one, ns: one.ns - 3_000_000_000n } : one)),
      ),
    );
    expect(quality.join()).toMatch(/time runs backwards 6 times/);
    expect(tcp.retransmissions).toBeGreaterThan(0);
    for (const value of Object.values({ ...tcp.rttMs, ...tcp.answerMs })) expect(value).toBeGreaterThanOrEqual(0);
  });

  test("what a damaged place swallowed is not missing in the network", () => {
    const clean = converse({ turns: download });
    const file = pcapFile(recorded(clean));
    file.fill(0xff, 100_000, 104_000);
    const { tcp, quality, verdict } = analyse(file);
    expect([tcp.lostSegments, tcp.retransmissions, tcp.outOfOrder, verdict]).toEqual([0, 0, 0, "clean"]);
    expect(quality.join()).toMatch(/1 damaged place passed over/);
  });

  test("what the recorder missed is not lost in the network", () => {
    const { tcp, quality, findings } = analyse(
      pcapFile(recorded(converse({ turns: download }).filter((_, index) => index % 30 !== 17))),
    );
    expect([tcp.retransmissions, findings]).toEqual([0, []]);
    expect(tcp.unseen).toBeGreaterThan(0);
    expect(quality.join()).toMatch(/the recorder missed packets/);
  });

  describe("where one direction is recorded", () => {
    const whole = converse({ turns: download });

    test("a client that acknowledges was answered, elsewhere", () => {
      const silent = converse({ clientPort: 40_009, listens: "keeps silent" });
      const seen = [...recorded(whole), ...recorded(silent)].filter((_, index) =>
        index < whole.length ? whole[index]?.from === "client" : true,
      );
      const { findings, tcp, quality, verdict } = analyse(pcapFile(seen));
      // The other one had no chance to be answered here either.
      expect([findings, tcp.unanswered, verdict]).toEqual([[], 0, "withheld"]);
      expect(quality.join()).toMatch(/2 connections of 2 with packets of one side only/);
    });

    test("who answers a SYN is the server, whatever its port", () => {
      const seen = converse({ turns: download, clientPort: 80, serverPort: 50_000 });
      const { services } = analyse(pcapFile(recorded(seen.filter(({ from }) => from === "server"))));
      expect(services.map(({ server }) => server)).toEqual(["10.2.0.2:50000"]);
    });

    test("directions at two interfaces are not taken for silence", () => {
      const refused = converse({ clientPort: 40_009, listens: "refuses", startMs: 3_000 });
      const seen = [...recorded(whole), ...recorded(refused)].map((one, index) => ({
        ...one,
        port: [...whole, ...refused][index]?.from === "client" ? 0 : 1,
      }));
      const { findings, tcp, flows, quality } = analyse(pcapngFile(seen, [{ name: "eth0" }, { name: "eth1" }]));
      expect([findings, tcp.unanswered, tcp.lostSegments, flows]).toEqual([[], 0, 0, 2]);
      expect(quality.join()).toMatch(/2 connections of these with the other side at another interface/);
    });
  });

  test("one direction alone is said and judged no further", () => {
    const { findings, verdict, quality } = analyse(pcapFile(recorded(lossy.filter(({ from }) => from === "server"))));
    expect(findings.map(({ kind }) => kind)).not.toContain("stall");
    expect([verdict === "clean", quality.join().includes("one side only")]).toEqual([false, true]);
  });
});

describe("several interfaces", () => {
  test("a connection counts once, and both interfaces are named", () => {
    const { flows, tcp, verdict, quality, worstFlows } = analyse(twoInterfaces());
    expect([flows, tcp.handshakes, tcp.lostSegments, worstFlows]).toEqual([1, 1, 0, []]);
    expect(verdict).toBe("withheld");
    expect(quality.join()).toMatch(/43 packets dropped by the recorder.*1 connection seen at several interfaces/s);
  });

  test("the worst connection names where it was seen as well", () => {
    const [flow] = analyse(generated("all interfaces at once, cooked v2")).worstFlows;
    expect([flow?.interface, ...(flow?.alsoAt ?? [])].toSorted()).toEqual([
      "interface 12",
      "interface 2",
      "interface 4",
    ]);
  });
});

describe("the MTU black hole", () => {
  const large = ({ length }: Frame): "lost behind the tap" | undefined =>
    length > 1_000 ? "lost behind the tap" : undefined;
  const turns = [
    { from: "client", says: 100 } as const,
    { from: "server", says: 20 } as const,
    { from: "client", says: 10_000 } as const,
  ];

  test.each([
    { name: "is seen when no smaller segment is tried", options: { turns, fate: large }, seen: true },
    { name: "is not a SYN without an answer", options: { listens: "keeps silent" as const }, seen: false },
    {
      name: "is not a peer that died",
      options: {
        turns: turns.slice(2),
        fate: ({ length, from }: Frame) =>
          (length > 0 || from === "server") && length !== 0 ? ("lost behind the tap" as const) : undefined,
      },
      seen: false,
    },
    {
      name: "is not a loss that the third attempt repairs",
      options: {
        turns,
        fate: ({ offset, nth, length }: Frame) =>
          length > 1_000 && offset === 101 && nth < 12 ? ("lost behind the tap" as const) : undefined,
      },
      seen: false,
    },
    {
      name: "is not a closed window",
      options: {
        turns: [{ from: "client" as const, says: 100_000 }],
        serverBuffer: 20_000,
        scale: 0,
        deaf: { side: "server" as const, fromMs: 30, toMs: 20_000 },
      },
      seen: false,
    },
  ])("$name", ({ options, seen }) => {
    const { findings } = analyse(pcapFile(recorded(converse(options))));
    expect(findings.some(({ kind }) => kind === "mtu-black-hole")).toBe(seen);
  });
});

describe("findings", () => {
  test("carry the sentence, the numbers, the connection, the time and the packet", () => {
    const [found] = analyse(pcapFile(recorded(lossy))).findings;
    const resent = lossy.filter(({ again }) => again).length;
    const first = lossy.findIndex(({ again }) => again);
    expect(found).toMatchObject({
      kind: "loss",
      numbers: { sentAgain: resent, timeouts: 0 },
      flow: { client: "10.1.0.1:40000", server: "10.2.0.2:8080" },
      packet: first + 1,
      atUs: Number(BEGAN_NS / 1_000n) + Math.round((lossy[first]?.atNs ?? 0) / 1e3),
    });
    expect(found?.text).toMatch(new RegExp(`^10.2.0.2:8080: ${resent} of \\d+ segments .* had to be sent again`));
  });

  test("an ICMP message refuses a connection as a reset does", () => {
    const [syn] = converse({ listens: "keeps silent", untilMs: 500 });
    const message = icmpMessage(3, 3, 0, syn?.packet.subarray(0, 28) ?? new Uint8Array(0));
    const answer = ip4({ source: "10.1.0.254", destination: "10.1.0.1", protocol: 1 }, message);
    const { findings, tcp, worstFlows } = analyse(
      pcapFile([...recorded(syn ? [syn] : []), { ns: BEGAN_NS + 1_000_000n, bytes: ethernet(answer) }]),
    );
    expect(findings.map(({ kind }) => kind)).toEqual(["connection-refused", "unreachable"]);
    expect(findings[0]?.text).toMatch(/refused 1 of 1 connection with an ICMP message/);
    expect([tcp.refused, tcp.unanswered, worstFlows[0]?.state]).toEqual([1, 0, "refused"]);
  });

  test("what is sent to a peer that is gone is no loss", () => {
    const gone = converse({
      turns: [...download, { from: "client", says: 1_000, afterMs: 2_000 }],
      fate: ({ from, offset, length }) =>
        from === "client" && offset > 300 && length > 0 ? "lost behind the tap" : undefined,
      untilMs: 40_000,
    });
    const { findings, tcp } = analyse(pcapFile(recorded(gone)));
    expect(findings.map(({ kind }) => kind)).toEqual(["stall"]);
    expect(findings[0]).toMatchObject({ numbers: { inVain: tcp.retransmissions } });
  });

  test("messages that follow each other in one segment are told apart", () => {
    const get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
    const post = "POST /b HTTP/1.1\r\ncontent-length: 4\r\n\r\nGET ";
    const answer = (code: number, body: string): string =>
      `HTTP/1.1 ${code} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const http = converse({
      turns: [
        { from: "client", says: text(get + post + get) },
        { from: "server", says: text(answer(200, "HTTP/1.1 999") + answer(201, "") + answer(503, "no")) },
      ],
    });
    const serverHello = Uint8Array.of(22, 3, 3, 0, 4, 2, 0, 0, 0);
    const tls = converse({
      clientPort: 40_009,
      serverPort: 443,
      turns: [
        { from: "client", says: Uint8Array.of(22, 3, 1, 0, 4, 1, 0, 0, 0) },
        { from: "server", says: joined(serverHello, Uint8Array.of(21, 3, 3, 0, 2, 2, 40)) },
      ],
    });
    const summary = analyse(pcapFile([...recorded(http), ...recorded(tls)]));
    expect(summary.http).toMatchObject({ requests: 3, answers: { "2xx": 2, "5xx": 1 } });
    expect(summary.tls).toMatchObject({ serverHellos: 1, alerts: { "handshake failure": 1 } });
  });

  describe("HTTP messages behind bodies of many segments", () => {
    const head = (code: number, ...lines: readonly string[]): string =>
      [`HTTP/1.1 ${code} X`, ...lines, "", ""].join("\r\n");
    const body = "HTTP/1.1 500 no\n".repeat(40);
    const sized = (code: number): string => head(code, `Content-Length: ${body.length}`) + body;
    const chunk = (size: number, extension = ""): string =>
      `${size.toString(16)}${extension}\r\n${body.slice(0, size)}\r\n`;
    const chunked = (code: number): string =>
      head(code, "Transfer-Encoding: chunked") + chunk(300) + chunk(16, ";a=b") + chunk(1) + chunk(0xaf);
    const answers = (notModified: string): string =>
      `${chunked(200)}0\r\n\r\n${sized(503)}${chunked(404)}0\r\nDigest: x\r\n\r\n${notModified}${sized(200)}`;
    const get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
    const counted = (mss: number, notModified: string, options?: Partial<Parameters<typeof converse>[0]>) =>
      analyse(
        pcapFile(
          recorded(
            converse({
              mss,
              turns: [
                { from: "client", says: text(get) },
                { from: "server", says: text(answers(notModified)) },
              ],
              ...options,
            }),
          ),
        ),
      ).http.answers;

    test.each([250, 333, 500, 700, 1_400, 3_000])("are found in segments of %i bytes", (mss) => {
      expect(counted(mss, head(304, "Content-Length: 9"))).toEqual({ "2xx": 2, "3xx": 1, "4xx": 1, "5xx": 1 });
    });

    test("are found nearly always wherever the segments are cut, and none is made up", () => {
      const found = Array.from({ length: 300 }, (_, at) => counted(220 + at, head(304))).map((one) =>
        Object.values(one).reduce((sum, count) => sum + count, 0),
      );
      expect(Math.max(...found)).toBe(5);
      expect(found.filter((count) => count === 5).length).toBeGreaterThan(250);
    });

    test("are found behind what the capture lacks of a body", () => {
      const lost = counted(100, head(304), {
        fate: ({ from, offset, length }) =>
          from === "server" && length === 100 && offset > 700 && offset <= 900 ? "lost before the tap" : undefined,
      });
      expect(lost["5xx"]).toBe(1);
    });

    test("are found behind an answer to HEAD, whose body does not come", () => {
      const turns = [404, 200, 200].flatMap((code) => [
        { from: "client", says: text("HEAD /a HTTP/1.1\r\n\r\n") } as const,
        { from: "server", says: text(head(code, "Content-Length: 9000")) } as const,
      ]);
      expect(analyse(pcapFile(recorded(converse({ turns })))).http.answers).toEqual({ "2xx": 2, "4xx": 1 });
    });

    test("a request behind a body that began in an earlier segment counts", () => {
      const post = `POST /b HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const { http } = analyse(
        pcapFile(recorded(converse({ mss: 400, turns: [{ from: "client", says: text(post + post + get) }] }))),
      );
      expect(http.requests).toBe(3);
    });
  });

  test("a connection that opens late, and one that the client never hears of, are told from silence", () => {
    const late = converse({
      turns: download,
      fate: ({ from, nth }) => (from === "client" && nth === 0 ? "lost behind the tap" : undefined),
    });
    const deaf = converse({
      clientPort: 40_009,
      untilMs: 8_000,
      fate: ({ from }) => (from === "server" ? "lost behind the tap" : undefined),
    });
    const { findings, tcp, services, clients } = analyse(pcapFile([...recorded(late), ...recorded(deaf)]));
    expect(findings.map(({ kind }) => kind)).toEqual(["connection-half-open", "handshake-slow"]);
    expect(findings[1]?.numbers["longestMs"]).toBeCloseTo(1_020, -1);
    expect(tcp).toMatchObject({ handshakes: 1, handshakeFailures: 1, unanswered: 0, halfOpen: 1 });
    expect(services[0]).toMatchObject({ slowHandshakes: 1, halfOpen: 1 });
    // 0.2 ms to the client, 10 ms to the server, and back: the SYN that was answered counts.
    expect(services[0]?.handshakeMs?.p50).toBeCloseTo(20, -1);
    expect(services[0]?.toServerMs).toBeGreaterThan(services[0]?.toClientMs ?? 99);
    expect(clients).toMatchObject([{ subnet: "10.1.0.0/24", flows: 2, established: 1, failed: 1 }]);
  });

  describe("a reset of another TTL", () => {
    const seen = converse({ turns: [...download, { from: "client", says: 10 }], ending: "open" });
    const ends = { source: "10.2.0.2", destination: "10.1.0.1" };
    const reset = tcpSegment(
      {
        sourcePort: 8080,
        destinationPort: 40_000,
        sequence: 5_200_001,
        acknowledged: 1_000_311,
        flags: RST | ACK,
        window: 0,
      },
      ends,
    );
    const resetOf = (id: number, ttl = 251): Recorded => ({
      ns: BEGAN_NS + 2_000_000_000n,
      bytes: ethernet(ip4({ ...ends, protocol: 6, ttl, id }, reset)),
    });
    const later = recorded(seen)
      .slice(-4)
      .map((one) => ({ ...one, ns: one.ns + 3_000_000_000n }));

    test.each([
      {
        name: "came from elsewhere when its IP ID is none of that side's",
        after: [resetOf(40_000)],
        kinds: ["reset-from-elsewhere"],
        certain: 0,
      },
      {
        name: "certainly did when that side goes on",
        after: [resetOf(0), ...later],
        kinds: ["reset-from-elsewhere"],
        certain: 1,
      },
      {
        name: "may have come from that side when nothing else speaks against it",
        after: [resetOf(0)],
        kinds: ["reset"],
      },
      { name: "is no matter when it is the usual one", after: [resetOf(0, 64)], kinds: ["reset"] },
    ])("$name", ({ after, kinds, certain }) => {
      const { findings } = analyse(pcapFile([...recorded(seen), ...after]));
      expect(findings.map(({ kind }) => kind).filter((kind) => kind.startsWith("reset"))).toEqual(kinds);
      expect(findings.find(({ kind }) => kind === "reset-from-elsewhere")?.numbers["certain"]).toBe(certain);
    });
  });

  describe("a gap that is filled within a round trip, by a sender without time stamps", () => {
    const ends = { source: "10.0.0.2", destination: "10.0.0.1" };
    const piece = (number: number, id: number, atUs: number): Recorded => {
      const about = { sourcePort: 8080, destinationPort: 40_000, acknowledged: 1, flags: ACK, window: 500 };
      const segment = tcpSegment({ ...about, sequence: 1_000 * number, payload: new Uint8Array(1_000) }, ends);
      return {
        ns: BEGAN_NS + BigInt(atUs) * 1_000n,
        bytes: ethernet(ip4({ ...ends, protocol: 6, id: id & 0xffff }, segment)),
      };
    };

    // IP IDs of the first, the third and the second thousand bytes, in the order in which they are seen.
    test.each([
      { ids: [7, 9, 8], is: "overtaken" },
      { ids: [7, 8, 9], is: "sent again" },
      { ids: [-2, -1, 0], is: "sent again" },
      { ids: [-1, 1, 0], is: "overtaken" },
      { ids: [-3, 0, -1], is: "overtaken" },
      { ids: [-1, 0, 1], is: "sent again" },
      { ids: [0, 0, 0], is: "overtaken" },
      { ids: [20_000, 20_001, 0], is: "overtaken" },
    ])("with IP IDs of $ids: $is", ({ ids: [one = 0, three = 0, two = 0], is }) => {
      const { tcp } = analyse(pcapFile([piece(1, one, 0), piece(3, three, 10), piece(2, two, 500)]));
      expect([tcp.outOfOrder, tcp.retransmissions]).toEqual(is === "overtaken" ? [1, 0] : [0, 1]);
    });
  });

  describe("a router that says what is too big", () => {
    const turns = [
      { from: "client", says: 100 } as const,
      { from: "server", says: 20 } as const,
      { from: "client", says: 10_000 } as const,
    ];
    const fate = ({ length }: Frame): "lost behind the tap" | undefined =>
      length > 1_000 ? "lost behind the tap" : undefined;
    const told = (seen: readonly Seen[]): Recorded[] =>
      seen.flatMap((one) => {
        const frame = { ns: BEGAN_NS + BigInt(one.atNs), bytes: ethernet(one.packet) };
        if (one.length <= 1_000) return [frame];
        const message = icmpMessage(3, 4, 1_200, one.packet.subarray(0, 28));
        const answer = ip4({ source: "10.1.0.254", destination: "10.1.0.1", protocol: 1 }, message);
        return [frame, { ns: frame.ns + 50_000n, bytes: ethernet(answer) }];
      });

    test("is no trouble when the sender heeds it", () => {
      const seen = converse({ turns, fate, shrinks: { after: 1, mss: 500 } });
      const { findings, icmp } = analyse(pcapFile(told(seen)));
      expect(icmp.tooBig).toBeGreaterThan(1);
      expect(findings.map(({ kind }) => kind)).not.toContain("fragmentation-needed");
      expect(findings.map(({ kind }) => kind)).not.toContain("mtu-black-hole");
    });

    test("is a black hole when the sender does not", () => {
      const [found] = analyse(pcapFile(told(converse({ turns, fate })))).findings;
      expect(found?.kind).toBe("mtu-black-hole");
      expect(found?.text).toMatch(/the sender does not heed the router that says so/);
    });

    test("is said where no smaller segment had shown that the path works", () => {
      const seen = converse({ turns: turns.slice(2), fate });
      expect(analyse(pcapFile(told(seen))).findings.map(({ kind }) => kind)).toContain("fragmentation-needed");
    });
  });

  test("requests are shown without their query, DNS and TLS by name", () => {
    const { http, tls, dns, tcp } = analyse(generated("HTTP, TLS, DNS and ICMP"));
    expect(JSON.stringify(http)).not.toContain("secret");
    expect(http).toMatchObject({ requests: 4, answers: { "2xx": 1, "5xx": 1 }, aborted: 1, dropped: 1 });
    expect(http.slowest[0]).toMatchObject({ request: "GET /orders/7?…", server: "10.2.0.2:8080" });
    expect(tls).toMatchObject({ clientHellos: 1, alerts: { "handshake failure": 1 }, names: { "shop.x": 1 } });
    expect(dns).toMatchObject({
      queries: 7,
      responses: 5,
      repeated: 1,
      unanswered: 1,
      truncated: 1,
      codes: { SERVFAIL: 1, NXDOMAIN: 1 },
      failedNames: { "b.x": 1 },
    });
    expect(tcp.answerMs?.p99).toBeGreaterThan(1_900);
  });

  test("the worst connection is told whole", () => {
    const [flow] = analyse(generated("an MTU black hole, Geneve")).worstFlows;
    expect(flow).toMatchObject({
      client: "10.1.0.1:40000",
      state: "established",
      sent: { stuck: { bytes: 1_448 }, mss: 1_448 },
    });
    expect(flow?.timeLine[0]).toMatchObject({ by: "client", what: "sent again after a time-out" });
    expect(flow?.handshakeMs).toBeCloseTo(20.4, 1);
  });
});

test("a capture becomes evidence at its vantage point", () => {
  const evidence = new EvidenceSet(captureEvidence("node-1/eth0", analyse(pcapFile(recorded(lossy)))));
  expect(evidence.get(captureCoverage, "node-1/eth0")).toMatchObject({ flows: 1, verdict: "findings" });
  expect(evidence.get(captureTcp, "node-1/eth0")?.retransmissions).toBeGreaterThan(0);
  const service = evidence.get(captureService, "node-1/eth0 10.2.0.2:8080");
  expect(service).toMatchObject({ established: 1, meanHandshakeMs: expect.closeTo(20.4, 1) });
  expect(service?.toServerMs).toBeGreaterThan(service?.toClientMs ?? 99);
  expect(evidence.get(captureClients, "node-1/eth0 10.1.0.0/24")).toMatchObject({ flows: 1, failed: 0 });
  expect(evidence.get(captureCoverage, "node-1/eth0")?.unread).toMatchObject({ droppedByRecorder: 0, gaps: 0 });
});

test("every kind of evidence is what its schema says", () => {
  const evidence = generatedCaptures().flatMap(({ file }) => captureEvidence("p", analyse(file)));
  const kinds = [captureCoverage, captureTcp, captureService, captureClients, captureDns, captureIcmp];
  for (const kind of [...kinds, captureApplication, captureFinding]) {
    const some = evidence.filter(({ kind: name }) => name === kind.name);
    expect(some.length).toBeGreaterThan(0);
    for (const { data } of some) expect(() => kind.schema.parse(data)).not.toThrow();
  }
});

test("more connections than there is room for change no count, and it is said", () => {
  const many = Array.from({ length: 400 }, (_, index) =>
    recorded(
      converse({
        clientPort: 20_000 + index,
        startMs: index * 3_000,
        untilMs: 1e9,
        turns: [{ from: "client", says: 100 }],
        ...(index % 7 === 0 ? { listens: "refuses" as const } : {}),
      }),
    ),
  ).flat();
  const [few, all] = [{ maxFlows: 16 }, {}].map((options) => analyse(pcapFile(many), options));
  expect(few?.tcp).toEqual(all?.tcp);
  expect(few?.services).toEqual(all?.services);
  expect(few?.quality.join()).toMatch(/384 connections closed early/);
});

test("closed connections make room for others, and what comes late still belongs to them", () => {
  const connections = 10_000;
  const packets = Array.from({ length: connections }, (_, index) => {
    const refused = index % 50 === 0;
    const seen = converse({
      ...{ clientPort: 20_000 + index, turns: [{ from: "client", says: 100 } as const] },
      ...(refused ? { listens: "refuses" as const } : {}),
    });
    const began = recorded(seen).map(({ ns, bytes }) => ({ ns: ns + BigInt(index) * 50_000n, bytes }));
    // A reset once more after 1.5 s; some FINs and their ACKs after 250 ms: the first ACK was lost behind the recorder.
    const late = refused ? 1_500_000_000n : 250_000_000n;
    const again = refused ? -1 : index % 10 === 1 ? -2 : began.length;
    return [...began, ...began.slice(again).map(({ ns, bytes }) => ({ ns: ns + late, bytes }))];
  });
  const sorted = packets.flat().toSorted((a, b) => Number(a.ns - b.ns));
  const { flows, tcp, quality } = analyse(pcapFile(sorted), { maxFlows: 8_500 });
  expect([flows, tcp.handshakes, tcp.refused, tcp.reusedPorts]).toEqual([connections, 9_800, 200, 0]);
  expect(quality.join()).not.toMatch(/closed early/);
});

test("a mirror port that copies both ways is no loss", () => {
  const twice = (options: Parameters<typeof converse>[0]): Recorded[] =>
    recorded(converse({ turns: download, ...options }))
      .flatMap((one) => [one, { ...one, ns: one.ns + 9_000n }])
      .toSorted((a, b) => Number(a.ns - b.ns));
  for (const options of [{}, { timeStamps: false, countedIds: false }]) {
    const { findings, tcp, quality } = analyse(pcapFile(twice(options)));
    expect([findings, tcp.retransmissions, tcp.outOfOrder]).toEqual([[], 0, 0]);
    expect(quality.join()).toMatch(/segments of \d+ in the capture twice/);
  }
});

describe("echoes", () => {
  const ping = (id: number, sequence: number, reply = false): Uint8Array => {
    const ends = reply
      ? { source: "10.0.0.2", destination: "10.0.0.1" }
      : { source: "10.0.0.1", destination: "10.0.0.2" };
    const message = icmpMessage(reply ? 0 : 8, 0, (id << 16) | sequence, new Uint8Array(8));
    return ethernet(ip4({ ...ends, protocol: 1 }, message));
  };
  const played = (count: number, lost: (sequence: number) => boolean): Recorded[] =>
    Array.from({ length: count }, (_, sequence): Recorded[] => {
      const ns = BEGAN_NS + BigInt(sequence) * 1_000_000_000n;
      const asked = { ns, bytes: ping(7, sequence) };
      return lost(sequence) ? [asked] : [asked, { ns: ns + 800_000n, bytes: ping(7, sequence, true) }];
    }).flat();

  test("without a reply are a finding, and those of a moment ago are not", () => {
    const { findings, icmp } = analyse(pcapFile(played(20, (sequence) => sequence % 5 === 3 || sequence === 19)));
    expect(findings).toMatchObject([
      { kind: "echo-unanswered", numbers: { lost: 3, requests: 18 }, packet: 7, flow: { client: "10.0.0.1" } },
    ]);
    expect(icmp).toMatchObject({ echoRequests: 20, echoesLost: 3, echoMs: { p50: expect.closeTo(0.8, 1) } });
  });

  test("that are all answered are no finding", () => {
    expect(analyse(pcapFile(played(20, () => false)))).toMatchObject({ findings: [], verdict: "clean" });
  });
});

test("a capture in which nothing can be judged is not called clean", () => {
  const arp = { ns: BEGAN_NS, bytes: ethernet(new Uint8Array(28), [], 0x0806) };
  const { findings, verdict, quality } = analyse(pcapFile([arp]));
  expect([findings, verdict]).toEqual([[], "withheld"]);
  expect(quality).toEqual([
    "nothing in it can be judged: no connection with both its sides, no DNS answer, no echo reply",
  ]);
});

describe("what is no fault", () => {
  const beats = (count: number, afterMs: number): NonNullable<Parameters<typeof converse>[0]["turns"]> =>
    Array.from({ length: count }, () => [
      { from: "client" as const, says: 50 },
      { from: "server" as const, says: 50, afterMs },
    ]).flat();

  test.each([
    { name: "heartbeats", options: { turns: beats(6, 5_000) } },
    {
      name: "a connection that is idle for a minute",
      options: { turns: [...download, { from: "client" as const, says: 9, afterMs: 60_000 }] },
    },
    {
      name: "a client that resets what it has read",
      options: { turns: download, ending: { resetBy: "client" as const, atMs: 60_000 } },
    },
    {
      name: "a window that is full for a moment",
      options: { turns: download, clientBuffer: 20_000, scale: 0, flight: 40 },
    },
  ])("$name", ({ options }) => {
    expect(analyse(pcapFile(recorded(converse(options))))).toMatchObject({ findings: [], verdict: "clean" });
  });

  test("a slow answer among fast ones is one", () => {
    const turns = [...beats(9, 5), ...beats(1, 2_000)];
    const { findings } = analyse(pcapFile(recorded(converse({ turns }))));
    expect(findings.map(({ kind }) => kind)).toEqual(["slow-answers"]);
    expect(findings[0]?.text).toMatch(/the longest took 2 s, the mean of 10 answers is 225 ms/);
  });
});
