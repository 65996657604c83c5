import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { sectionsOf } from "#src/core/link-text.ts";
import { parseClock, parseCpuTimes, parseDisks, parseFiles, parseSoftnet, parseTasks } from "#src/core/node-load.ts";
import { parseListeners } from "#src/probes/listeners.ts";
import { parseSockets } from "#src/probes/sockets.ts";
import { agentBin } from "#test/support/agent-shell.ts";

/** Runs a script in a network namespace of its own, with the agent's programs in PATH; its lines. */
async function inNetns(script: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)("unshare", ["-n", "sh", "-ec", `ip link set lo up; ${script}`], {
    env: { ...process.env, PATH: `${agentBin}:${process.env["PATH"]}` },
  });
  return stdout.split("\n").filter(Boolean);
}

/** Servers on 7000 (every address), 7001 (one IPv4 address) and 7002 (IPv6 alone), and clients; 100 bytes are not read. */
const SOCKETS = `python3 -ESs -c '
import os, socket, time
def server(family, address, port, only=0):
    s = socket.socket(family)
    if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    s.bind((address, port)); s.listen(9)
    return s
servers = [server(socket.AF_INET6, "::", 7000), server(socket.AF_INET, "127.0.0.1", 7001), server(socket.AF_INET6, "::", 7002, 1)]
clients = [socket.create_connection(to) for to in [("127.0.0.2", 7000), ("127.0.0.1", 7001), ("::1", 7002)]]
clients[1].send(b"x" * 100)
print(os.getpid(), flush=True); time.sleep(60)
' | { read -r pid; `;

describe.concurrent("sockets", () => {
  test("listeners are those that ss prints", async () => {
    const lines = await inNetns(`${SOCKETS} netcheck-netns /proc/none; ss -Hltn; kill $pid; }`);
    const [from, to] = [lines.indexOf("== listeners"), lines.indexOf("== end")];
    const [ours, theirs] = [lines.slice(from + 1, to), lines.slice(to + 1)].map((text) =>
      parseListeners(text.join("\n")),
    );
    expect(ours).toHaveLength(3);
    expect(new Set(ours)).toEqual(new Set(theirs));
  });

  test("counts are by state and by destination", async () => {
    const lines = await inNetns(`${SOCKETS} netcheck-sockets; kill $pid; }`);
    const { states, destinations } = parseSockets(lines.map((line) => `${line}\n`).join(""));
    expect(states).toEqual({ ESTAB: 6, LISTEN: 3 });
    expect(destinations.map(({ ip, port, total }) => `${ip} ${port} ${total}`)).toEqual(
      expect.arrayContaining(["127.0.0.2 7000 1", "127.0.0.1 7001 1", "::1 7002 1"]),
    );
  });

  test("connections are those with the addresses, also where IPv4 comes in by an IPv6 socket", async () => {
    const of = (address: string) =>
      inNetns(`${SOCKETS} timeout -s INT 1 netcheck-connections 5000 ${address} || true; kill $pid; }`);
    const [one, both, none] = await Promise.all([of("127.0.0.2"), of("::1 127.0.0.1"), of("192.0.2.1")]);
    expect(one).toEqual([
      expect.stringMatching(/^@ \d{13} 1 1$/),
      expect.stringMatching(/^c ESTAB 127\.0\.0\.1:\d+ 127\.0\.0\.2:7000 0 0 - rtt=[\d.]+ /),
    ]);
    expect(both[0]).toMatch(/^@ \d{13} 5 5$/);
    expect(both[1]).toMatch(/^c ESTAB 127\.0\.0\.1:7001 127\.0\.0\.1:\d+ 100 0 - .*bytes_received=100/);
    expect(both).toContainEqual(
      expect.stringMatching(/^c ESTAB \[::ffff:127\.0\.0\.2\]:7000 \[::ffff:127\.0\.0\.1\]:/),
    );
    expect(none).toEqual([expect.stringMatching(/^@ \d{13} 0 0$/)]);
  });
});

describe.concurrent.each([
  { ip: "127.0.0.1", tables: "iptables" },
  { ip: "::1", tables: "ip6tables" },
])("netcheck-ports to $ip", ({ ip, tables }) => {
  test("asks at its pace, from each source port in turn, and counts answers", async () => {
    const lines = await inNetns(`timeout -s INT 4 netcheck-ports 20 800 33001 8 877 ${ip} 9 || true`);
    const last = lines.slice(lines.lastIndexOf(`# ${ip} 9 refused`) + 1).map((line) => line.split(" ").map(Number));
    expect(last.map(([port]) => port)).toEqual(Array.from({ length: 8 }, (_, n) => 33_001 + 877 * n));
    const tried = last.map(([, count]) => count ?? 0);
    // Four seconds of 50 a second are 200, but for a machine that is held up.
    expect(tried.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(60);
    expect(Math.max(...tried) - Math.min(...tried)).toBeLessThanOrEqual(2);
    for (const [, count, answered] of last) expect(answered).toBe(count);
  });

  test("a source port whose packets vanish is one that has no answers", async () => {
    const lines = await inNetns(`${tables} -A INPUT -p tcp --sport 33878 -j DROP
      timeout -s INT 4 netcheck-ports 50 500 33001 4 877 ${ip} 9 || true`);
    const last = lines.slice(lines.lastIndexOf(`# ${ip} 9 refused`) + 1).map((line) => line.split(" ").map(Number));
    for (const [port, tried = 0, answered] of last) {
      expect(tried).toBeGreaterThan(2);
      expect(answered).toBe(port === 33_878 ? 0 : tried);
    }
  });
});

test("netcheck-arp hears every owner of an address, and of its own only the others", async () => {
  const lines = await inNetns(`others=; ip link add br0 type bridge; ip link set br0 up; ip addr add 10.1.0.1/24 dev br0
    for n in 1 2 3; do
      unshare -n sleep 20 & others="$others $!"; sleep 0.5
      ip link add a$n type veth peer name eth0 netns $!; ip link set a$n master br0 up
      [ $n = 1 ] && address=10.1.0.1 || address=10.1.0.2
      nsenter -t $! -n sh -c "ip addr add $address/24 dev eth0; ip link set eth0 address 02:00:00:00:00:0$n up"
    done
    timeout -s INT 4 netcheck-arp 30 10.1.0.1 10.1.0.2 10.1.0.9 192.0.2.1 127.0.0.1 || true; kill $others`);
  const reply = (ip: string, n: number) => `Unicast reply from ${ip} [02:00:00:00:00:0${n}]`;
  const asked = lines.flatMap((line, at) => (line.startsWith("?") ? [at] : []));
  expect(asked.map((at) => lines[at])).toEqual(["? 10.1.0.1 br0 own", "? 10.1.0.2 br0 ask", "? 10.1.0.9 br0 ask"]);
  const [own, other, nobody] = asked.map((at, nth) => new Set(lines.slice(at + 1, asked[nth + 1])));
  expect(own).toEqual(new Set([reply("10.1.0.1", 1)]));
  expect(other).toEqual(new Set([reply("10.1.0.2", 2), reply("10.1.0.2", 3)]));
  expect(nobody).toEqual(new Set());
});

/** A name server on port 5353 to which every name is 10.96.0.1. */
const NAMES = `python3 -ESs -c '
import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 5353)); print(os.getpid(), flush=True)
answer = bytes.fromhex("c00c00010001000000050004" "0a600001")
while True:
    query, asker = s.recvfrom(512)
    s.sendto(query[:2] + bytes.fromhex("81800001000100000000") + query[12:] + answer, asker)
' | { read -r pid; `;

test("a name server is asked at the port that is said, others at 53", async () => {
  const lines = await inNetns(
    `${NAMES} timeout -s INT 1 netcheck-dns 100 500 --server 127.0.0.1#5353 --server 127.0.0.2 --name cluster=a.test || true; kill $pid; }`,
  );
  expect(lines).toContainEqual(
    expect.stringMatching(/ query 127\.0\.0\.1 udp single cluster A ok [\d.]+ 10\.96\.0\.1$/),
  );
  expect(lines).toContainEqual(expect.stringMatching(/ query 127\.0\.0\.2 udp single cluster A refused /));
});

test("where the cluster's addresses are of IPv6, names are asked for those", async () => {
  const lines = await inNetns(
    `${NAMES} timeout -s INT 1 netcheck-dns 100 500 --server 127.0.0.1#5353 --ipv6 --name cluster=a.test || true; kill $pid; }`,
  );
  const types = lines.flatMap((line) => / udp single cluster (\S+) /.exec(line)?.[1] ?? []);
  expect(new Set(types)).toEqual(new Set(["AAAA"]));
});

test("name servers are asked in ever another order", async () => {
  const servers = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];
  const asked = servers.map((server) => `--server ${server}`).join(" ");
  const lines = await inNetns(`timeout -s INT 4 netcheck-dns 60 200 ${asked} --name cluster=names. || true`);
  const turns = lines.flatMap((line) => line.match(/^[\d.]+ query (\S+)/)?.[1] ?? []);
  const next = new Set(turns.slice(1).flatMap((server, n) => (server === turns[n] ? [] : [`${turns[n]} ${server}`])));
  // In a fixed order each would always be followed by the same one.
  expect([...next].toSorted()).toEqual(
    servers.flatMap((one) => servers.flatMap((other) => (one === other ? [] : [`${one} ${other}`]))),
  );
});

test("what netcheck-kernel prints of this machine is what its files say", async () => {
  const { stdout } = await promisify(execFile)(`${agentBin}/netcheck-kernel`, ["1"]).catch(
    // Without the right to read the log all of the rest is there.
    (error: { code: number; stdout: string }) => (error.code === 77 ? error : Promise.reject(error)),
  );
  const sections = sectionsOf(stdout);
  expect(sections.map(({ name }) => name)).toEqual(["node-load", "kernel", "end"]);
  const text = sections[0]?.text ?? "";
  expect(text).toContain(`@boot ${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} `);
  const cpus = parseCpuTimes(text);
  expect(cpus?.soft.size).toBe(readFileSync("/proc/stat", "utf8").match(/^cpu\d/gm)?.length);
  expect(cpus && cpus.idle + cpus.stolen).toBeLessThan(cpus?.all ?? 0);
  expect(parseSoftnet(text)).toMatchObject({ dropped: expect.any(Number) });
  expect(parseFiles(text)?.max).toBe(Number(readFileSync("/proc/sys/fs/file-nr", "utf8").split(/\s+/)[2]));
  expect(parseTasks(text)?.used).toBeGreaterThan(1);
  for (const { bytes, freeBytes } of parseDisks(text)) expect(bytes).toBeGreaterThanOrEqual(freeBytes);
  expect(parseDisks(text)[0]?.path).toBe("/");
  expect(parseClock(text)).toMatchObject({ synchronised: expect.any(Boolean) });
});
