import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { traceEvidence } from "#src/core/trace-evidence.ts";
import { openTrace } from "#src/probes/trace.ts";
import { agentBin } from "#test/support/agent-shell.ts";
import { whyNoLab } from "../lab/cluster/can-run-lab.ts";

const program = join(agentBin, "netcheck-trace");
const reason = whyNoLab();

/** The n-th wire's network in each family, and the address of one of its two ends. */
const families = [
  { family: "IPv4", bits: 24, whole: 32, tables: "iptables", at: (wire: number, end: number) => `10.9.${wire}.${end}` },
  {
    family: "IPv6",
    bits: 64,
    whole: 128,
    tables: "ip6tables",
    at: (wire: number, end: number) => `fd00:9:${wire}::${end}`,
  },
] as const;
type Family = (typeof families)[number];

/** Two places and two routers between them, in namespaces that go when the script ends. `$1` is the program. */
const placesOf = ({ bits, at }: Family): string => `
mount -t tmpfs tmpfs /run; mkdir /run/netns
for n in left one two right; do
  ip netns add $n; ip -n $n link set dev lo up
  ip netns exec $n sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0 net.ipv6.conf.all.forwarding=1 net.ipv6.icmp.ratelimit=0
  ip netns exec $n sysctl -qw net.ipv6.conf.default.accept_dad=0
done
wire() {
  ip link add $1-$2 netns $1 type veth peer name $2-$1 netns $2
  ip -n $1 addr add $3/${bits} dev $1-$2; ip -n $2 addr add $4/${bits} dev $2-$1
  ip -n $1 link set dev $1-$2 up; ip -n $2 link set dev $2-$1 up
}
wire left one ${at(1, 1)} ${at(1, 2)}; wire one two ${at(2, 1)} ${at(2, 2)}; wire two right ${at(3, 1)} ${at(3, 2)}
ip -n left route add default via ${at(1, 2)}; ip -n right route add default via ${at(3, 1)}
ip -n one route add ${at(3, 0)}/${bits} via ${at(2, 2)}; ip -n two route add ${at(1, 0)}/${bits} via ${at(2, 1)}
# What was sent before all neighbours are known would count as lost.
ip netns exec left ping -q -c 1 -w 5 ${at(3, 2)} >/dev/null
`;

async function trace(family: Family, between: string) {
  const script = `${placesOf(family)}${between}\nip netns exec left timeout 4 "$1" 100 700 ${family.at(3, 2)} || true`;
  const { stdout } = await promisify(execFile)("unshare", ["-nm", "sh", "-ec", script, "sh", program]);
  const reader = openTrace("pod/a/b");
  reader.push(stdout);
  const [evidence] = reader.evidence({ nowMs: 0, done: true });
  return evidence && traceEvidence.schema.parse(evidence.data);
}

const why = reason === undefined ? "" : ` (skipped: ${reason})`;

describe.skipIf(reason !== undefined).each(families)(
  `netcheck-trace over $family${why}`,
  { concurrent: true },
  (family) => {
    const { at, bits, whole, tables } = family;

    test("both routers and the target answer at their distance, the target twice as often", async () => {
      const found = await trace(family, "");
      expect(found?.distance).toBe(3);
      expect(found?.hops.map(({ ttl, addresses }) => [ttl, addresses[0]?.ip])).toEqual([
        [1, at(1, 2)],
        [2, at(2, 2)],
        [3, at(3, 2)],
      ]);
      const [first, , last] = found?.hops.map(({ sent }) => sent) ?? [];
      expect(last).toBeGreaterThan(first ?? 0);
    });

    test("what a router swallows is lost there and beyond", async () => {
      const found = await trace(family, `ip netns exec two ${tables} -A FORWARD -j DROP`);
      expect(found?.distance).toBeUndefined();
      expect(found?.hops.slice(0, 2).map(({ lost }) => lost)).toEqual([0, 0]);
      expect(found?.hops.slice(2).every(({ sent, lost }) => sent > 0 && lost === sent)).toBe(true);
      expect(found?.hops.at(-1)?.ttl).toBeLessThanOrEqual(5);
    });

    test("a router that turns packets away ends the way", async () => {
      const found = await trace(family, `ip -n two route add unreachable ${at(3, 2)}/${whole}`);
      // Linux limits refusals, too: those beyond were sent when one was missing, and may be refused by the same router.
      const answered = found?.hops.flatMap(({ addresses }) => addresses[0]?.ip ?? []);
      expect([...new Set(answered)]).toEqual([at(1, 2), at(2, 2)]);
      expect(found?.distance).toBeUndefined();
    });

    test("a circle is walked until it is known to be one", async () => {
      const found = await trace(
        family,
        `ip -n two route del ${at(3, 0)}/${bits}; ip -n two route add ${at(3, 0)}/${bits} via ${at(2, 1)}`,
      );
      expect(found?.hops.map(({ addresses }) => addresses[0]?.ip).slice(0, 4)).toEqual([
        at(1, 2),
        at(2, 2),
        // Linux answers from the address where the packet came in; with IPv4, from that of the way back.
        family.family === "IPv6" ? at(2, 1) : at(1, 2),
        at(2, 2),
      ]);
      expect(found?.hops.length).toBeLessThan(8);
    });
  },
);
