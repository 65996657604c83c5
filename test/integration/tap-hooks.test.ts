import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { analyse } from "#test/support/pcap/analyse.ts";
import { ADDRESSES, LiveNetwork } from "#test/support/pcap/live-network.ts";

/** What docs/captures.md says of taps, on this kernel: packets from a to b, seen where the router receives and where it sends. */

const folder = mkdtempSync(join(tmpdir(), "tap-hooks-"));
afterAll(() => rmSync(folder, { recursive: true }));
const PINGS = 12;
const requests = ["icmp[icmptype] == icmp-echo", "and", "src", "host", ADDRESSES.a];

const drops = (family: string, hook: string): readonly string[] => [
  "nft",
  `add table ${family} x; add chain ${family} x c { type filter hook ${hook} priority 0; }; add rule ${family} x c ${family === "netdev" ? "meta protocol ip " : ""}meta l4proto icmp drop`,
];

test.each<{ name: string; place?: "a" | "b" | "r"; argv?: readonly string[]; received: boolean; sent: boolean }>([
  { name: "nothing drops", received: true, sent: true },
  {
    name: "the queue of the device in front of the first tap",
    place: "a",
    argv: ["tc", "qdisc", "add", "dev", "eth0", "root", "blackhole"],
    received: false,
    sent: false,
  },
  { name: "ingress of the receiving device", argv: drops("netdev", "ingress device ra"), received: true, sent: false },
  { name: "netfilter PREROUTING", argv: drops("inet", "prerouting"), received: true, sent: false },
  { name: "netfilter FORWARD", argv: drops("inet", "forward"), received: true, sent: false },
  { name: "netfilter POSTROUTING", argv: drops("inet", "postrouting"), received: true, sent: false },
  { name: "a missing route", argv: ["ip", "route", "add", "blackhole", "10.9.2.2/32"], received: true, sent: false },
  { name: "egress of the sending device", argv: drops("netdev", "egress device rb"), received: true, sent: false },
  {
    name: "the queue of the sending device",
    argv: ["tc", "qdisc", "add", "dev", "rb", "root", "blackhole"],
    received: true,
    sent: false,
  },
  { name: "netfilter INPUT of the target", place: "b", argv: drops("inet", "input"), received: true, sent: true },
])("$name: received $received, sent $sent", async ({ name, place = "r", argv, received, sent }) => {
  await using net = await LiveNetwork.make();
  // Neighbours are known before anything drops.
  await net.run("a", "ping", "-c", "1", "-W", "2", ADDRESSES.b);
  if (argv) await net.run(place, ...argv);
  const files = ["ra", "rb"].map((device) => join(folder, `${name.replaceAll(" ", "-")}-${device}.pcap`));
  const [first = "", second = ""] = files;
  await net.record(first, "ra", requests, () =>
    net.record(second, "rb", requests, async () => {
      // Without answers it ends with 1.
      await net.run("a", "ping", "-c", `${PINGS}`, "-i", "0.05", "-W", "1", ADDRESSES.b).catch(() => undefined);
    }),
  );
  const seen = files.map((file) => analyse(readFileSync(file)).icmp.echoRequests);
  expect(seen).toEqual([received ? PINGS : 0, sent ? PINGS : 0]);
});
