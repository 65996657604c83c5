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

/** Two places and two routers between them, in namespaces that go when the script ends. `$1` is the program. */
const PLACES = `
mount -t tmpfs tmpfs /run; mkdir /run/netns
for n in left one two right; do
  ip netns add $n; ip -n $n link set dev lo up
  ip netns exec $n sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
done
wire() {
  ip link add $1-$2 netns $1 type veth peer name $2-$1 netns $2
  ip -n $1 addr add 10.9.$3.1/24 dev $1-$2; ip -n $2 addr add 10.9.$3.2/24 dev $2-$1
  ip -n $1 link set dev $1-$2 up; ip -n $2 link set dev $2-$1 up
}
wire left one 1; wire one two 2; wire two right 3
ip -n left route add default via 10.9.1.2; ip -n right route add default via 10.9.3.1
ip -n one route add 10.9.3.0/24 via 10.9.2.2; ip -n two route add 10.9.1.0/24 via 10.9.2.1
`;

async function trace(between: string, program_ = "100 700 10.9.3.2") {
  const script = `${PLACES}${between}\nip netns exec left timeout 4 "$1" ${program_} || true`;
  const { stdout } = await promisify(execFile)("unshare", ["-nm", "sh", "-ec", script, "sh", program]);
  const reader = openTrace("pod/a/b");
  reader.push(stdout);
  const [evidence] = reader.evidence({ nowMs: 0, done: true });
  return evidence && traceEvidence.schema.parse(evidence.data);
}

describe.skipIf(reason !== undefined)(`netcheck-trace${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  test("both routers and the target answer at their distance, the target twice as often", async () => {
    const found = await trace("");
    expect(found?.distance).toBe(3);
    expect(found?.hops.map(({ ttl, addresses }) => [ttl, addresses[0]?.ip])).toEqual([
      [1, "10.9.1.2"],
      [2, "10.9.2.2"],
      [3, "10.9.3.2"],
    ]);
    const [first, , last] = found?.hops.map(({ sent }) => sent) ?? [];
    expect(last).toBeGreaterThan(first ?? 0);
  });

  test("what a router swallows is lost there and beyond", async () => {
    const found = await trace("ip netns exec two iptables -A FORWARD -j DROP");
    expect(found?.distance).toBeUndefined();
    expect(found?.hops.slice(0, 2).every(({ lost }) => lost === 0)).toBe(true);
    expect(found?.hops.slice(2).every(({ sent, lost }) => sent > 0 && lost === sent)).toBe(true);
    expect(found?.hops.at(-1)?.ttl).toBeLessThanOrEqual(5);
  });

  test("a router that turns packets away ends the way", async () => {
    const found = await trace("ip -n two route add unreachable 10.9.3.2/32");
    // Linux limits refusals, too: those beyond were sent when one was missing, and may be refused by the same router.
    const answered = found?.hops.flatMap(({ addresses }) => addresses[0]?.ip ?? []);
    expect([...new Set(answered)]).toEqual(["10.9.1.2", "10.9.2.2"]);
    expect(found?.distance).toBeUndefined();
  });

  test("a circle is walked until it is known to be one", async () => {
    const found = await trace("ip -n two route del 10.9.3.0/24; ip -n two route add 10.9.3.0/24 via 10.9.2.1");
    expect(found?.hops.map(({ addresses }) => addresses[0]?.ip).slice(0, 4)).toEqual([
      "10.9.1.2",
      "10.9.2.2",
      "10.9.1.2",
      "10.9.2.2",
    ]);
    expect(found?.hops.length).toBeLessThan(8);
  });
});
