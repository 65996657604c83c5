import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentCapabilities, confined } from "#lab/cluster/chart.ts";
import { AgentShell } from "#test/support/agent-shell.ts";
import { cgroupRoot, type PodLike, podLike } from "#test/support/pod-like.ts";

// What agents run, with the capabilities of their container. A pod of the test has more, as root in a container has by default.
const root = cgroupRoot();
const uid = randomUUID();
const cleanup = new AsyncDisposableStack();
const all = agentCapabilities();
let agent: AgentShell;
let pod: PodLike;

beforeAll(async () => {
  agent = cleanup.use(new AgentShell("dash"));
  if (root !== undefined)
    pod = cleanup.use(
      await podLike(root, `netcheck-test-${process.pid}/kubepods/pod${uid}/0123abcd`, { ip: "10.99.1.1" }),
    );
});
afterAll(() => cleanup.disposeAsync());

/** How a command ends with these capabilities: its exit code, and the last of what it said. */
async function run(
  capabilities: readonly string[],
  argv: readonly string[],
): Promise<{ code: number | null; said: string }> {
  const [command = "", ...rest] = confined(capabilities, argv);
  const child = spawn(command, rest, { env: agent.env, cwd: agent.folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-2_000);
    });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, said };
}

/** One reading by netcheck-read, in a network namespace; ends with the reading's own exit code. */
const reading = (netns: string, ...argv: string[]): string[] => [
  "perl",
  "-e",
  `my $pid = open my $out, "-|", @ARGV or die; my $head = <$out> // ""; print $head; kill TERM => $pid; exit +(split " ", $head)[3] // 99`,
  "netcheck-read",
  "60",
  "--read",
  netns,
  `${argv.length}`,
  ...argv,
];

const usesDmesg = readFileSync("/proc/sys/kernel/dmesg_restrict", "utf8").trim() === "1";

/** For each capability a command that needs it, and that works with all of them. `on`: whether this machine can tell. */
const needs: readonly { capability: string; argv: (podUid: string) => readonly string[]; on?: boolean }[] = [
  { capability: "NET_ADMIN", argv: () => ["iptables-save", "-c"] },
  { capability: "NET_ADMIN", argv: () => ["nft", "-j", "list", "ruleset"] },
  { capability: "NET_ADMIN", argv: () => ["conntrack", "-S"] },
  { capability: "NET_RAW", argv: () => ["ping", "-c", "1", "-W", "5", "127.0.0.1"] },
  {
    capability: "NET_RAW",
    argv: () => ["timeout", "--preserve-status", "-s", "INT", "1", "tcpdump", "-Z", "root", "-n", "-p", "-i", "lo"],
  },
  {
    capability: "SETGID",
    argv: () => ["timeout", "--preserve-status", "-s", "INT", "1", "tcpdump", "-Z", "root", "-n", "-p", "-i", "lo"],
  },
  { capability: "SYS_ADMIN", argv: (id) => reading(id, "ip", "-br", "addr") },
  { capability: "SYS_PTRACE", argv: (id) => reading(id, "ip", "-br", "addr") },
  { capability: "SYS_PTRACE", argv: (id) => ["netcheck-pod", "file", id, "/etc/hosts"] },
  { capability: "SYS_CHROOT", argv: (id) => ["netcheck-pod", "file", id, "/etc/hosts"] },
  { capability: "SYSLOG", argv: () => ["netcheck-kernel", "60"], on: usesDmesg },
];

test("every capability of the chart is shown to be needed", () => {
  expect([...new Set(needs.map(({ capability }) => capability))].sort()).toEqual([...all].sort());
});

describe.skipIf(root === undefined || spawnSync("tcpdump", ["--version"]).status !== 0)("an agent's container", () => {
  test.for(needs)(
    "without $capability a command fails that works with it",
    async ({ capability, argv, on = true }, { skip }) => {
      if (!on) skip("kernel.dmesg_restrict is 0 here");
      const words = argv(uid);
      const whole = await run(all, words);
      expect(whole, words.join(" ")).toMatchObject({ code: 0 });
      const less = await run(
        all.filter((name) => name !== capability),
        words,
      );
      expect(less.code, `${words.join(" ")} without ${capability}: ${less.said}`).not.toBe(0);
    },
  );

  test("readings of the node and of a pod, and what of a pod's own is read, work", async () => {
    const inPod = reading(uid, "netcheck-netns", "/proc/sys/net/ipv4/ip_forward");
    for (const argv of [
      ["netcheck-cgroup", uid],
      ["netcheck-sockets"],
      ["netcheck-nic", "state", "127.0.0.1"],
      ["netcheck-nic", "qdiscs"],
      ["netcheck-netns", "/proc/sys/net/ipv4/ip_forward"],
      ["ip", "-j", "-d", "-s", "-s", "addr"],
      ["ip", "-j", "route", "show", "table", "all"],
      ["bridge", "-j", "fdb"],
      ["tc", "-s", "-j", "qdisc"],
      inPod,
    ]) {
      const { code, said } = await run(all, argv);
      expect(code, `${argv.join(" ")}: ${said}`).toBe(0);
    }
    expect(pod.ip).toBe("10.99.1.1");
  });

  test("a node task runs in a pod's network, is stopped and removed", async () => {
    const check = "nc-ca9a";
    const now = Date.now();
    const window = [now, now + 60_000].map(String);
    const start = [
      "netcheck-task",
      "start",
      check,
      "60",
      ...window,
      "1",
      "--task",
      "a",
      uid,
      "10000",
      "2",
      "sleep",
      "50",
    ];
    const started = await run(all, start);
    expect(started.said).toContain('"state":"running"');
    expect((await run(all, ["netcheck-task", "sync", check, "0", "a", "0"])).said).toContain('"state":"running"');
    expect(await run(all, ["netcheck-task", "rm", check])).toMatchObject({ code: 0 });
  });
});
