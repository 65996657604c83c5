import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { agentBin } from "#test/support/agent-shell.ts";
import { whyNoLab } from "../lab/cluster/can-run-lab.ts";

const program = join(agentBin, "netcheck-mtu");
const reason = whyNoLab();

/** Two places and a router between them, in namespaces that go when the script ends. `$1` is the program. */
const PLACES = `
mount -t tmpfs tmpfs /run; mkdir /run/netns
for n in left right middle; do ip netns add $n; ip -n $n link set dev lo up; done
ip link add eth0 netns left type veth peer name to-left netns middle
ip link add eth0 netns right type veth peer name to-right netns middle
ip -n left addr add 10.9.0.2/24 dev eth0; ip -n right addr add 10.9.1.2/24 dev eth0
ip -n middle addr add 10.9.0.1/24 dev to-left; ip -n middle addr add 10.9.1.1/24 dev to-right
for n in left right; do ip -n $n link set dev eth0 up; ip -n middle link set dev to-$n up; done
ip -n left route add default via 10.9.0.1; ip -n right route add default via 10.9.1.1
ip netns exec middle sysctl -qw net.ipv4.ip_forward=1
`;
const HOLE = "ip netns exec middle iptables -A FORWARD -m length --length 1381:65535 -j DROP\n";
const ROUTER = "ip -n middle route change 10.9.1.0/24 dev to-right mtu 1380\n";

async function run(between: string, listening = true): Promise<readonly string[][]> {
  const far = listening ? 'ip netns exec right timeout 9 "$1" nc-1 10.9.1.2 61234 10.9.0.2 8000 tcp >/dev/null &' : "";
  const near = 'ip netns exec left timeout 8 "$1" nc-1 10.9.0.2 61234 10.9.1.2 8000 both || true';
  const argv = ["-nm", "sh", "-ec", `${PLACES}${between}${far}\n${near}`, "sh", program];
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

describe.skipIf(reason !== undefined)(`netcheck-mtu${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  test("where all sizes cross, the largest does, and it is told how packets leave", async () => {
    const lines = await run("");
    expect(lines.find(([what]) => what === "R")?.slice(2)).toEqual(["10.9.1.2", "eth0", "1500", "-"]);
    expect(echoes(lines)).toContainEqual(expect.objectContaining({ size: 1500, outcome: "ok" }));
    expect(echoes(lines).every(({ size }) => size === 1500 || size === 100)).toBe(true);
    expect(transfers(lines)).toContain("full done");
  });

  test("a black hole is found to the byte, and full-size segments stall where small ones pass", async () => {
    const lines = await run(HOLE);
    const answered = echoes(lines).filter(({ outcome }) => outcome === "ok");
    expect(Math.max(...answered.map(({ size }) => size))).toBe(1380);
    expect(echoes(lines)).toContainEqual(expect.objectContaining({ size: 1381, outcome: "lost" }));
    expect(transfers(lines)).toEqual(expect.arrayContaining(["full stalled", "small done"]));
    expect(transfers(lines)).not.toContain("full done");
  });

  test("a router that says so is heard, and TCP adapts", async () => {
    const lines = await run(ROUTER);
    expect(echoes(lines)).toContainEqual({ size: 1500, outcome: "frag", from: "10.9.0.1", mtu: "1380" });
    expect(transfers(lines)).toContain("full done");
    expect(transfers(lines)).not.toContain("full stalled");
  });

  test("nothing is sent to a port where nobody greets", async () => {
    const lines = await run("", false);
    expect(transfers(lines)).toContain("full refused");
    expect(echoes(lines)).toContainEqual(expect.objectContaining({ size: 1500, outcome: "ok" }));
  });
});
