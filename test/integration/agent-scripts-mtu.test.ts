import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { agentBin } from "#test/support/agent-shell.ts";
import { whyNoLab } from "../lab/cluster/can-run-lab.ts";

const program = join(agentBin, "netcheck-mtu");
const reason = whyNoLab();

/** A family's addresses, and how its router lets large packets vanish or refuses them. */
const families = [
  {
    family: "IPv4",
    ...{ left: "10.9.0.2", right: "10.9.1.2", router: "10.9.0.1", farRouter: "10.9.1.1", bits: 24 },
    forwarding: "net.ipv4.ip_forward=1",
    hole: "ip netns exec middle iptables -A FORWARD -m length --length 1381:65535 -j DROP",
    refusing: "ip -n middle route change 10.9.1.0/24 dev to-right mtu 1380",
  },
  {
    family: "IPv6",
    ...{ left: "fd00:9::2", right: "fd00:9:0:1::2", router: "fd00:9::1", farRouter: "fd00:9:0:1::1", bits: 64 },
    forwarding: "net.ipv6.conf.all.forwarding=1",
    hole: "ip netns exec middle nft 'add table ip6 t; add chain ip6 t c { type filter hook forward priority 0; }; add rule ip6 t c meta length > 1380 drop'",
    refusing: "ip -n middle route replace fd00:9:0:1::/64 dev to-right metric 1 mtu 1380",
  },
] as const;
type Family = (typeof families)[number];

/** Two places and a router between them, in namespaces that go when the script ends. `$1` is the program. */
const placesOf = ({ left, right, router, farRouter, bits, forwarding }: Family): string => `
mount -t tmpfs tmpfs /run; mkdir /run/netns
for n in left right middle; do ip netns add $n; ip -n $n link set dev lo up; done
ip link add eth0 netns left type veth peer name to-left netns middle
ip link add eth0 netns right type veth peer name to-right netns middle
add() { ip -n $1 addr add $2/${bits} dev $3 ${bits === 64 ? "nodad" : ""}; ip -n $1 link set dev $3 up; }
add left ${left} eth0; add right ${right} eth0
add middle ${router} to-left; add middle ${farRouter} to-right
ip -n left route add default via ${router}; ip -n right route add default via ${farRouter}
ip netns exec middle sysctl -qw ${forwarding}
`;
async function run(family: Family, between: string, listening = true): Promise<readonly string[][]> {
  const { left, right } = family;
  const far = listening ? `ip netns exec right timeout 9 "$1" nc-1 ${right} 61234 ${left} 8000 tcp >/dev/null &` : "";
  const near = `ip netns exec left timeout 8 "$1" nc-1 ${left} 61234 ${right} 8000 both || true`;
  const argv = ["-nm", "sh", "-ec", `${placesOf(family)}${between}\n${far}\n${near}`, "sh", program];
  const { stdout } = await promisify(execFile)("unshare", argv);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
}

const echoes = (lines: readonly string[][]) =>
  lines.flatMap(([what, , , , size, outcome, from, mtu]) =>
    what === "E" ? [{ size: Number(size), outcome, from, mtu }] : [],
  );
const transfers = (lines: readonly string[][]) =>
  lines.flatMap(([what, , , size, outcome]) => (what === "T" ? [`${size} ${outcome}`] : []));

const why = reason === undefined ? "" : ` (skipped: ${reason})`;

describe.skipIf(reason !== undefined).each(families)(
  `netcheck-mtu over $family${why}`,
  { concurrent: true },
  (family) => {
    const { right, router, hole, refusing } = family;

    test("where all sizes cross, the largest does, and it is told how packets leave", async () => {
      const lines = await run(family, "");
      expect(lines.find(([what]) => what === "R")?.slice(2)).toEqual([right, "eth0", "1500", "-"]);
      expect(echoes(lines)).toContainEqual(expect.objectContaining({ size: 1500, outcome: "ok" }));
      expect(echoes(lines).every(({ size }) => size === 1500 || size === 100)).toBe(true);
      expect(transfers(lines)).toContain("full done");
    });

    test("a black hole is found to the byte, and full-size segments stall where small ones pass", async () => {
      const lines = await run(family, hole);
      const answered = echoes(lines).filter(({ outcome }) => outcome === "ok");
      expect(Math.max(...answered.map(({ size }) => size))).toBe(1380);
      expect(echoes(lines)).toContainEqual(expect.objectContaining({ size: 1381, outcome: "lost" }));
      expect(transfers(lines)).toEqual(expect.arrayContaining(["full stalled", "small done"]));
      expect(transfers(lines)).not.toContain("full done");
    });

    test("a router that says so is heard, and TCP adapts", async () => {
      const lines = await run(family, refusing);
      expect(echoes(lines)).toContainEqual({ size: 1500, outcome: "frag", from: router, mtu: "1380" });
      expect(transfers(lines)).toContain("full done");
      expect(transfers(lines)).not.toContain("full stalled");
    });

    test("nothing is sent to a port where nobody greets", async () => {
      const lines = await run(family, "", false);
      expect(transfers(lines)).toContain("full refused");
      expect(echoes(lines)).toContainEqual(expect.objectContaining({ size: 1500, outcome: "ok" }));
    });
  },
);
