import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { agentBin } from "#test/support/agent-shell.ts";

const program = join(agentBin, "netcheck-tcp");
type Line = { startMs: number; durationMs: number; outcome: string; port: string; resent: string };

const parse = (stdout: string): Line[] =>
  stdout
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [start, duration, outcome = "", port = "", resent = ""] = line.split(" ");
      return { startMs: Number(start), durationMs: Number(duration), outcome, port, resent };
    });
const probe = async (...words: (string | number)[]) =>
  parse((await promisify(execFile)(program, words.map(String))).stdout);
/** Runs a script in a network namespace of its own; `$1` is the program. */
const inNetns = async (script: string) =>
  parse(
    (await promisify(execFile)("unshare", ["-n", "sh", "-ec", `ip link set lo up; ${script}`, "sh", program])).stdout,
  );

async function listener(onSocket: (socket: Socket) => void) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    onSocket(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: async () => void server.close() };
}

describe("netcheck-tcp", () => {
  test("connects at a steady pace and reports time, outcome and local port", async () => {
    const ports = new Set<string>();
    await using server = await listener((socket) => {
      ports.add(String(socket.remotePort));
      socket.on("end", () => socket.end()).resume();
    });
    const began = Date.now();
    const lines = await probe("127.0.0.1", server.port, 100, 1_000, "--for", 1_000);
    expect(lines).toHaveLength(10);
    for (const [n, { outcome, durationMs, startMs, port, resent }] of lines.entries()) {
      expect([outcome, resent]).toEqual(["connected", "0"]);
      expect(durationMs).toBeLessThan(1_000); // its time limit
      expect(ports).toContain(port);
      expect(Math.abs(startMs - (lines[0]?.startMs ?? 0) - n * 100)).toBeLessThan(500);
    }
    expect(Math.abs((lines[0]?.startMs ?? 0) - began)).toBeLessThan(60_000);
  });

  test("jitter moves the starts, not the pace", async () => {
    await using server = await listener((socket) => socket.on("end", () => socket.end()).resume());
    const lines = await probe("127.0.0.1", server.port, 100, 1_000, "--for", 1_500, "--jitter", 60);
    const shifts = lines.map(({ startMs }, n) => startMs - (lines[0]?.startMs ?? 0) - n * 100);
    expect(Math.max(...shifts) - Math.min(...shifts)).toBeGreaterThan(5);
    for (const shift of shifts) expect(Math.abs(shift)).toBeLessThan(600);
  });

  test("closes without a reset, also when the server talks first", async () => {
    const resets: unknown[] = [];
    const closed: Promise<unknown>[] = [];
    await using server = await listener((socket) => {
      socket.on("error", (error) => resets.push(error));
      closed.push(once(socket, "close"));
      socket.write("220 welcome\r\n");
      socket.on("end", () => setTimeout(() => socket.end("421 bye\r\n"), 50)).resume();
    });
    await probe("127.0.0.1", server.port, 50, 1_000, "--for", 300);
    await Promise.all(closed);
    expect(closed).toHaveLength(6);
    expect(resets).toEqual([]);
  });

  test("a closed port is refused, at once", async () => {
    const [line] = await probe("127.0.0.1", 1, 100, 1_000, "--for", 50);
    expect(line).toMatchObject({ outcome: "refused" });
    expect(line?.durationMs).toBeLessThan(1_000); // its time limit
  });

  test("what is pending at the end is called pending, not lost; TERM and INT end it", async () => {
    for (const signal of ["TERM", "INT"]) {
      const lines = await inNetns(`iptables -A INPUT -p tcp --dport 80 -j DROP
        timeout -s ${signal} 2 "$1" 127.0.0.1 80 200 9000 || [ $? = 124 ]`);
      expect(lines.length).toBeGreaterThanOrEqual(2);
      expect(new Set(lines.map(({ outcome }) => outcome))).toEqual(new Set(["pending"]));
    }
  });

  test("names what the network does", async () => {
    const kinds = await Promise.all([
      inNetns('iptables -A INPUT -p tcp --dport 80 -j DROP; "$1" 127.0.0.1 80 100 300 --for 50'),
      inNetns('"$1" 192.0.2.1 80 100 300 --for 50'),
      inNetns('ip addr add 192.0.2.1/32 dev lo; ip route add prohibit 192.0.2.9; "$1" 192.0.2.9 80 100 300 --for 50'),
      inNetns(
        'ip link add v0 type veth peer name v1; ip addr add 192.0.2.1/24 dev v0; ip link set v0 up; ip link set v1 up; "$1" 192.0.2.9 80 100 6000 --for 50',
      ),
      inNetns(
        'iptables -A OUTPUT -p tcp --dport 80 -j REJECT --reject-with tcp-reset; "$1" 127.0.0.1 80 100 300 --for 50',
      ),
      inNetns('ip addr add 192.0.2.1/32 dev lo; ip route add blackhole 192.0.2.9; "$1" 192.0.2.9 80 100 300 --for 50'),
    ]);
    expect(kinds.map(([line]) => line?.outcome)).toEqual([
      "timeout",
      "unreachable-net",
      "prohibited",
      "unreachable-host",
      "refused",
      "error:EINVAL",
    ]);
  });

  test("a SYN that had to be sent again is counted", async () => {
    const lines = await inNetns(`nc -lk 127.0.0.1 80 & server=$!
      iptables -A INPUT -p tcp --dport 80 --syn -m statistic --mode nth --every 2 --packet 0 -j DROP
      sleep 0.2; "$1" 127.0.0.1 80 5000 4000 --for 100; kill $server`);
    expect(lines).toEqual([expect.objectContaining({ outcome: "connected", resent: "1" })]);
    expect(lines[0]?.durationMs).toBeGreaterThan(900);
  });

  test("running out of local ports is an outcome", async () => {
    const lines = await inNetns(`nc -lk 127.0.0.1 80 >/dev/null & server=$!; sleep 0.2
      sysctl -qw net.ipv4.ip_local_port_range='40000 40001'
      "$1" 127.0.0.1 80 20 1000 --for 200; kill $server`);
    expect(lines.map(({ outcome }) => outcome)).toContain("no-port");
  });

  test("many attempts are in flight at once when nobody answers", async () => {
    const lines = await inNetns('iptables -A INPUT -p tcp --dport 80 -j DROP; "$1" 127.0.0.1 80 10 800 --for 500');
    expect(lines.length).toBeGreaterThan(10);
    for (const { outcome, durationMs } of lines) {
      expect(outcome).toBe("timeout");
      expect(durationMs).toBeGreaterThan(790);
      expect(durationMs).toBeLessThan(10_000); // the kernel gives up after two minutes
    }
  });

  test("IPv6 works", async () => {
    const lines = await inNetns('"$1" ::1 80 100 300 --for 50');
    expect(lines).toEqual([expect.objectContaining({ outcome: "refused" })]);
  });

  test("lines come as they are known", async () => {
    const child = spawn(program, ["127.0.0.1", "1", "200", "1000"]);
    const first = await Promise.race([once(child.stdout, "data").then(() => "line"), sleep(10_000, "nothing")]);
    child.kill("SIGTERM");
    expect(first).toBe("line");
  });

  test.each([
    [[]],
    [["localhost", "80", "100", "100"]],
    [["127.0.0.1", "0", "100", "100"]],
    [["127.0.0.1", "80", "0", "100"]],
    [["127.0.0.1", "80", "1", "1", "--x", "1"]],
  ])("%o is refused with exit code 64", async (words) => {
    const error = await promisify(execFile)(program, words).catch((failed) => failed as { code: number });
    expect(error).toMatchObject({ code: 64 });
  });
});
