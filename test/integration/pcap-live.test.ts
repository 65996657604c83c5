import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { CaptureSummary } from "#src/pcap/capture-summary.ts";
import { analyse } from "#test/support/pcap/analyse.ts";
import { flagDifferences } from "#test/support/pcap/flag-differences.ts";
import { ADDRESSES, LiveNetwork } from "#test/support/pcap/live-network.ts";
import { sendingOrder } from "#test/support/pcap/sending-order.ts";
import { FLAGS, type Flag, tsharkOnly, tsharkSays } from "#test/support/pcap/tshark.ts";

/** Captures of real kernels, recorded now. */
type Live = {
  readonly name: string;
  /** Makes the network bad. */
  readonly prepare?: (net: LiveNetwork) => Promise<void>;
  readonly play: (net: LiveNetwork) => Promise<void>;
  readonly device?: string;
  readonly options?: readonly string[];
  /** Where every packet is there several times: a display filter for one of each, which is what tshark is shown. */
  readonly once?: string;
  /** All packets sent again pass the place of the capture, and none is overtaken: their number is that of the kernels. */
  readonly allAgainSeen?: true;
  readonly findings: readonly string[];
  /** More may be found when the machine is slow. */
  readonly mayFind?: readonly string[];
  readonly holds?: (summary: CaptureSummary, file: Uint8Array) => void;
};

const { b, b6 } = ADDRESSES;
const slow = ["slow-answers", "stall", "needless-retransmissions", "loss", "receiver-limited"];
/** A kernel of several CPUs may itself put one packet before another: what was overtaken is told by the sender's IP IDs. */
const asSent =
  (way: "from" | "to"): NonNullable<Live["holds"]> =>
  ({ tcp, findings }, file) => {
    const { sentAgain, overtaken, either } = sendingOrder(file, 8080, way);
    expect(tcp.retransmissions + tcp.outOfOrder + tcp.copies).toBe(sentAgain + overtaken);
    expect(tcp.retransmissions).toBeGreaterThanOrEqual(sentAgain);
    expect(tcp.retransmissions).toBeLessThanOrEqual(sentAgain + either);
    if (overtaken === 0) expect(findings.map(({ kind }) => kind)).not.toContain("reordering");
  };

const download = async (net: LiveNetwork, bytes = 600_000, host = b): Promise<void> => {
  await net.serve("b", "serve", "8080", "send", String(bytes));
  await net.play("a", "get", host, "8080");
};
const upload = async (net: LiveNetwork, bytes: number): Promise<void> => {
  await net.serve("b", "serve", "8080", "sink");
  await net.play("a", "upload", b, "8080", String(bytes));
};

const captures: readonly Live[] = [
  {
    name: "a healthy download",
    play: download,
    allAgainSeen: true,
    findings: [],
    mayFind: slow,
    holds: ({ tcp }) => expect(tcp.handshakes).toBe(1),
  },
  {
    name: "every 40th packet lost before the capture",
    prepare: (net) => net.rule('iifname "rb" tcp sport 8080 numgen inc mod 40 == 39 drop'),
    play: download,
    findings: ["loss"],
    mayFind: [...slow, "reordering"],
    holds: asSent("from"),
  },
  {
    name: "every 40th packet lost behind the capture",
    prepare: (net) => net.rule('iifname "ra" tcp dport 8080 numgen inc mod 40 == 39 drop'),
    play: (net) => upload(net, 600_000),
    allAgainSeen: true,
    findings: ["loss"],
    mayFind: [...slow, "reordering"],
    holds: asSent("to"),
  },
  {
    name: "30 ms more in each direction, IPv6",
    prepare: (net) => net.delay("fifo:const:30", "-p", "tcp"),
    play: (net) => download(net, 200_000, b6),
    allAgainSeen: true,
    findings: [],
    mayFind: slow,
    holds: ({ tcp }) => expect(tcp.rttMs?.p99).toBeGreaterThan(50),
  },
  {
    name: "one data packet in ten 20 ms late",
    prepare: (net) =>
      net.delay(
        "const:20",
        "-p",
        "tcp",
        "--sport",
        "8080",
        "-m",
        "statistic",
        "--mode",
        "nth",
        "--every",
        "10",
        "--packet",
        "0",
      ),
    // Long enough that what is late arrives before the last of it: what comes behind the end of a recording is seen by nobody.
    play: (net) => download(net, 4_000_000),
    findings: ["reordering"],
    mayFind: slow,
    holds: (summary, file) => {
      expect(sendingOrder(file, 8080).overtaken).toBeGreaterThan(9);
      asSent("from")(summary, file);
    },
  },
  {
    name: "an MTU black hole",
    prepare: (net) => net.rule('iifname "ra" meta length > 1000 drop'),
    play: async (net) => {
      await net.serve("b", "serve", "8080", "hold", "3");
      await net.play("a", "both", b, "8080", "5000");
    },
    findings: ["mtu-black-hole"],
    mayFind: [...slow, "reset"],
  },
  {
    name: "a router that says what fits",
    prepare: async (net) => void (await net.run("r", "ip", "link", "set", "rb", "mtu", "1200")),
    play: (net) => upload(net, 100_000),
    // It is heard: nothing is wrong.
    findings: [],
    mayFind: [...slow, "reordering"],
    // What is sent again is cut anew; the kernel counts the segments that it had been.
    holds: (summary, file) => {
      expect(summary.icmp.smallestMtu).toBe(1200);
      asSent("to")(summary, file);
    },
  },
  {
    name: "a program that does not read for two seconds",
    play: async (net) => {
      await net.serve("b", "serve", "8080", "deaf", "2");
      await net.play("a", "upload", b, "8080", "200000");
    },
    allAgainSeen: true,
    findings: ["receiver-stopped"],
    mayFind: slow,
    holds: ({ tcp }) => {
      expect(tcp.zeroWindowMs).toBeGreaterThan(1_000);
      expect(tcp.zeroWindows).toBeGreaterThan(0);
    },
  },
  {
    name: "a closed port and one that nobody answers for",
    prepare: (net) => net.rule("tcp dport 8082 drop"),
    play: async (net) => {
      await net.play("a", "try", b, "8081", "1");
      await net.play("a", "try", b, "8082", "2.5");
    },
    allAgainSeen: true,
    findings: ["connection-refused", "connection-unanswered"],
    holds: ({ tcp }) => expect([tcp.refused, tcp.unanswered]).toEqual([1, 1]),
  },
  {
    name: "a server that resets a connection",
    play: async (net) => {
      await net.serve("b", "serve", "8080", "reset", "50000");
      await net.play("a", "get", b, "8080");
    },
    allAgainSeen: true,
    findings: ["reset"],
    mayFind: slow,
    holds: ({ tcp }) => expect(tcp.resets).toBeGreaterThanOrEqual(1),
  },
  {
    name: "DNS that answers, fails and keeps silent",
    play: async (net) => {
      await net.serve("b", "dns", "53");
      await net.play("a", "ask", b, "ok.x", "fail.x", "ok.y");
    },
    findings: ["dns-failures"],
    holds: ({ dns }) => expect([dns.queries, dns.responses, dns.codes]).toEqual([3, 3, { SERVFAIL: 1 }]),
  },
  {
    name: "keep-alives",
    play: async (net) => {
      await net.serve("b", "serve", "8080", "hold", "3.5");
      await net.play("a", "keep", b, "8080");
    },
    allAgainSeen: true,
    findings: [],
    holds: ({ tcp }) => expect(tcp.keepAlives).toBeGreaterThanOrEqual(2),
  },
  ...(["LINUX_SLL2", "LINUX_SLL"] as const).map(
    (link): Live => ({
      name: `all interfaces of the router at once, ${link}`,
      play: (net) => download(net, 100_000),
      device: "any",
      options: ["-y", link],
      allAgainSeen: true,
      once: "sll.pkttype == 0",
      findings: [],
      mayFind: slow,
      holds: ({ tcp, flows }) => expect([flows, tcp.handshakes, tcp.outOfOrder]).toEqual([1, 1, 0]),
    }),
  ),
];

const folder = mkdtempSync(join(tmpdir(), "netcheck-pcap-live-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GROUP: readonly Flag[] = ["retransmissions", "fastRetransmissions", "spuriousRetransmissions", "outOfOrder"];

test.each(captures.map((one, index) => ({ ...one, index })))("$name", async (live) => {
  const { prepare, play, device = "ra", options = [], once, findings, mayFind = [] } = live;
  await using net = await LiveNetwork.make();
  await prepare?.(net);
  const file = join(folder, `${live.index}.pcap`);
  await net.record(file, device, options, () => play(net));
  const bytes = readFileSync(file);
  const summary = analyse(bytes);
  const { tcp } = summary;
  const shown = once === undefined ? file : join(folder, `${live.index}-once.pcap`);
  if (once !== undefined) await tsharkOnly(file, once, shown);
  const theirs = await tsharkSays(shown);
  for (const flag of Object.keys(FLAGS) as Flag[])
    if (!GROUP.includes(flag)) expect([flag, tcp[flag]]).toEqual([flag, theirs.counts[flag]]);
  const { ours, packets } = flagDifferences(readFileSync(shown), theirs);
  expect(packets.filter(({ why }) => why === undefined)).toEqual([]);
  expect({
    sentAgain: tcp.retransmissions,
    fast: tcp.fastRetransmissions,
    spurious: tcp.spuriousRetransmissions,
    outOfOrder: tcp.outOfOrder,
    twice: tcp.copies,
  }).toEqual({
    sentAgain: ours["sent again"] + ours.fast + ours.spurious,
    fast: ours.fast,
    spurious: ours.spurious,
    outOfOrder: ours["out of order"],
    twice: ours.twice,
  });
  if (live.allAgainSeen) expect(tcp.retransmissions).toBe(await net.sentAgain());
  const kinds = summary.findings.map(({ kind }) => kind);
  expect(kinds).toEqual(expect.arrayContaining([...findings]));
  expect(kinds.filter((kind) => !findings.includes(kind) && !mayFind.includes(kind))).toEqual([]);
  live.holds?.(summary, bytes);
});
