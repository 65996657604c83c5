import { describe, expect, test } from "vitest";
import type { Rule } from "#src/core/rule.ts";
import { clockUnsynchronised } from "#src/rules/clock-unsynchronised.ts";
import { diskFull } from "#src/rules/disk-full.ts";
import { fdLimit } from "#src/rules/fd-limit.ts";
import { kernelCrash } from "#src/rules/kernel-crash.ts";
import { netnsLeak } from "#src/rules/netns-leak.ts";
import { sysctlDrift } from "#src/rules/sysctl-drift.ts";
import { taskHung } from "#src/rules/task-hung.ts";
import { delays, loses, type Scene, startOf, through, toPort } from "../core/simulate.ts";
import { ask } from "./ask.ts";
import { answers, type Host, hosts } from "./host-scene.ts";

const lossy = { faults: [loses(0.1, through("graz"))] };
const late = { faults: [delays([80, 120], through("graz"))] };
const port = { port: 7001 };
type Facts = NonNullable<Scene["facts"]>;
const both =
  (...all: readonly Facts[]): Facts =>
  (...asked) =>
    all.map((facts) => facts(...asked)).find((text) => text !== undefined);
type Row = { name: string; scene: Scene; more?: ReturnType<typeof answers>; want: string };
const check = (rule: Rule, rows: readonly Row[]): void => {
  test.each(rows)("says $want when $name", ({ scene, more, want }) => {
    expect(ask(rule, scene, more).brief).toBe(want);
  });
};
const slow = answers((s) => (s > 4 && s < 15 ? { outcome: "no-answer", waitMs: 5_000 } : {}));
const fine = answers(() => ({}));
const errors = answers((s) => (s % 2 ? { status: 500 } : {}));
const log = (text: string, ...atS: readonly number[]): Facts =>
  hosts({ graz: { log: (atS.length > 0 ? atS : [9]).map((s): [number, string] => [s, text]) } });

describe("kernel-crash", () => {
  const bug = "BUG: unable to handle page fault for address: ffffc90000a3f000";
  const rebooted: Facts = hosts({
    graz: (s): Host => ({ log: [[9, bug]], ...(s > 12 ? { boot: `9${"e".repeat(35)}` } : {}) }),
  });
  check(kernelCrash, [
    { name: "an oops while packets are lost", scene: { facts: log(bug), ...lossy }, want: "graz likely" },
    { name: "the node was started anew", scene: { facts: rebooted, ...lossy }, want: "graz certain" },
    {
      name: "a general protection fault",
      scene: { facts: log("general protection fault, probably for non-canonical address"), ...lossy },
      want: "graz likely",
    },
    { name: "no line", scene: { facts: hosts({}), ...lossy }, want: "cleared" },
    // What can fool it.
    {
      name: "a CPU was stuck",
      scene: { facts: log("watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [x:1]"), ...lossy },
      want: "cleared",
    },
    {
      name: "work waited for a CPU",
      scene: { facts: log("BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 31s!"), ...lossy },
      want: "cleared",
    },
    { name: "nothing suffers", scene: { facts: log(bug) }, want: "cleared" },
    { name: "it is old", scene: { facts: log(bug, -200), ...lossy }, want: "cleared" },
    {
      name: "a planned reboot",
      scene: { facts: hosts({ graz: (s) => (s > 12 ? { boot: `9${"e".repeat(35)}` } : {}) }), ...lossy },
      want: "cleared",
    },
    {
      name: "it is another machine's",
      scene: { facts: hosts({ graz: { log: [[9, bug]] }, bern: { log: [[9, bug]] } }), ...lossy },
      want: "cleared",
    },
    { name: "nobody could read it", scene: lossy, want: "unknown" },
  ]);
});

describe("task-hung", () => {
  const hung = "INFO: task postgres:312 blocked for more than 122 seconds.";
  check(taskHung, [
    { name: "answers do not come", scene: { ...port, facts: log(hung) }, more: slow, want: "graz likely" },
    {
      name: "the line is written minutes before",
      scene: { ...port, facts: log(hung, -100) },
      more: slow,
      want: "graz likely",
    },
    { name: "no line", scene: { ...port, facts: hosts({}) }, more: slow, want: "cleared" },
    // What can fool it.
    { name: "answers are in time", scene: { ...port, facts: log(hung) }, more: fine, want: "cleared" },
    { name: "only packets are late", scene: { ...port, facts: log(hung), ...late }, want: "cleared" },
    { name: "the program says errors", scene: { ...port, facts: log(hung) }, more: errors, want: "cleared" },
    {
      name: "it is the asking node's",
      scene: { ...port, facts: hosts({ ulm: { log: [[9, hung]] } }) },
      more: slow,
      want: "cleared",
    },
    {
      name: "it is another machine's",
      scene: { ...port, facts: hosts({ graz: { log: [[9, hung]] }, ulm: { log: [[9, hung]] } }) },
      more: slow,
      want: "cleared",
    },
    { name: "nobody could read it", scene: port, more: slow, want: "unknown" },
  ]);
});

describe("fd-limit", () => {
  const id = "c".repeat(64);
  const cgroup =
    (label: string, lines: readonly string[]): Facts =>
    (at, probe) =>
      probe === "cgroups" && (at.label === label || at.id === "pod/shop/api-1")
        ? `${[`${id}/cpu.stat:nr_periods 5`, ...(at.label === label ? lines : [`${id}/fds:12 1024 7 server`])].join("\n")}\n`
        : undefined;
  const open = (count: number, label = "shop/api-1"): Facts =>
    cgroup(label, [`${id}/fds:${count} 1024 4711 java server`]);
  const dead = { faults: [loses(1, toPort("shop/api-1", 7001))] };
  const waiting: Facts = (at, probe) =>
    probe === "listeners" && at.label === "shop/api-1" ? "LISTEN 100 128 0.0.0.0:7001 0.0.0.0:*\n" : undefined;
  const whole = "VFS: file-max limit 65536 reached";
  check(fdLimit, [
    {
      name: "no file is left, and nothing is answered",
      scene: { ...port, facts: open(1_024) },
      more: slow,
      want: "shop/api-1 likely",
    },
    { name: "connects fail", scene: { ...port, facts: open(1_020), ...dead }, want: "shop/api-1 likely" },
    {
      name: "connections wait to be accepted",
      scene: { ...port, facts: both(open(1_024), waiting) },
      want: "shop/api-1 likely",
    },
    {
      name: "no thread is left",
      scene: { ...port, facts: cgroup("shop/api-1", [`${id}/pids.current:100`, `${id}/pids.max:100`]) },
      more: slow,
      want: "shop/api-1 likely",
    },
    {
      name: "the node has no file left, and says so",
      scene: {
        ...port,
        facts: both(open(9), hosts({ graz: { lines: ["@files 65500\t0\t65536"], log: [[9, whole]] } })),
      },
      more: slow,
      want: "shop/api-1 certain",
    },
    { name: "files are left", scene: { ...port, facts: open(90) }, more: slow, want: "cleared" },
    // What can fool it.
    { name: "it serves all the same", scene: { ...port, facts: open(1_024) }, more: fine, want: "cleared" },
    {
      name: "another pod is at its limit",
      scene: { ...port, facts: open(1_024, "shop/cart-1") },
      more: slow,
      want: "cleared",
    },
    { name: "nobody could read it", scene: port, more: slow, want: "unknown" },
  ]);
});

describe("clock-unsynchronised", () => {
  const clock = (status: number, offset = 0, state = 0): Host => ({
    lines: [`@clock ${status} ${offset} 16000000 16000000 ${state}`],
  });
  const tls = answers((s) => (s % 3 ? { outcome: "closed" } : {}), { mode: "tls" });
  const login = answers(() => ({ status: 401 }));
  const on = (graz: Host): Pick<Scene, "facts"> => ({ facts: hosts({ graz }) });
  check(clockUnsynchronised, [
    { name: "handshakes end", scene: { ...port, ...on(clock(0x40, 0, 5)) }, more: tls, want: "graz possible" },
    { name: "requests are refused", scene: { ...port, ...on(clock(0x40)) }, more: login, want: "graz possible" },
    {
      name: "the clock is being set, by far (ns)",
      scene: { ...port, ...on(clock(0x2001, 90_000_000)) },
      more: login,
      want: "graz possible",
    },
    { name: "clocks are right", scene: { ...port, ...on(clock(0x2001, 900)) }, more: tls, want: "cleared" },
    // What can fool it.
    { name: "nothing suffers", scene: { ...port, ...on(clock(0x40, 0, 5)) }, more: fine, want: "cleared" },
    { name: "packets are lost", scene: { ...port, ...on(clock(0x40, 0, 5)), ...lossy }, more: fine, want: "cleared" },
    {
      name: "the server has errors of its own",
      scene: { ...port, ...on(clock(0x40, 0, 5)) },
      more: errors,
      want: "cleared",
    },
    {
      name: "all nodes have the host's clock",
      scene: {
        ...port,
        facts: hosts(
          Object.fromEntries(
            ["ulm", "graz", "bern"].map((node) => [node, { boot: "f".repeat(36), ...clock(0x40, 0, 5) }]),
          ),
        ),
      },
      more: login,
      want: "cleared",
    },
    { name: "nobody could read it", scene: port, more: login, want: "unknown" },
  ]);
});

/** The target of the check is not what it should be, by the cluster's word. */
const views =
  (
    change: object,
    { conditions = [] as { type: string; status: string }[], events = [] as string[] } = {},
  ): NonNullable<Scene["views"]> =>
  (view) => [
    {
      ...view,
      atMs: startOf + 20_000,
      pods: view.pods.map((pod) => (pod.name === "api-1" ? { ...pod, ...change } : pod)),
      nodes: view.nodes.map((node) => (node.name === "graz" ? { ...node, conditions } : node)),
      events: events.map((reason) => ({
        atMs: startOf,
        object: "pod/shop/api-1",
        reason,
        message: "The node was low on resource: ephemeral-storage.",
        count: 1,
      })),
    },
  ];

describe("netns-leak", () => {
  const line = "unregister_netdevice: waiting for eth0 to become free. Usage count = 1";
  const creating = views({
    phase: "Pending",
    containers: [{ name: "main", ports: [], restarts: 0, state: "waiting", reason: "ContainerCreating" }],
  });
  check(netnsLeak, [
    {
      name: "a pod waits while the kernel waits",
      scene: { facts: log(line, -15, -5, 5, 15), views: creating },
      want: "graz likely",
    },
    { name: "no line", scene: { facts: hosts({}), views: creating }, want: "cleared" },
    // What can fool it.
    { name: "it passes", scene: { facts: log(line, 5, 15), views: creating }, want: "cleared" },
    {
      name: "it was over before the check",
      scene: { facts: log(line, -150, -140, -130, -120), views: creating },
      want: "cleared",
    },
    { name: "no pod waits", scene: { facts: log(line, -15, -5, 5, 15) }, want: "cleared" },
    {
      name: "another node's kernel waits",
      scene: {
        facts: hosts({ ulm: { log: [-15, -5, 5, 15].map((s): [number, string] => [s, line]) } }),
        views: creating,
      },
      want: "cleared",
    },
    { name: "nobody could read it", scene: { views: creating }, want: "unknown" },
  ]);
});

describe("disk-full", () => {
  const disk = (share: number, { inodes = 0.1, path = "/" } = {}): Host => ({
    lines: [`@disk ${path} 100000000000 ${Math.round((1 - share) * 1e11)} 1000000 ${Math.round((1 - inodes) * 1e6)}`],
  });
  const on = (graz: Host): Pick<Scene, "facts"> => ({ facts: hosts({ graz }) });
  const evicted = views(
    { phase: "Failed", ready: false, containers: [] },
    { events: ["Evicted"], conditions: [{ type: "DiskPressure", status: "True" }] },
  );
  const gone = views({ phase: "Failed", ready: false, containers: [] });
  check(diskFull, [
    { name: "the target was evicted", scene: { ...on(disk(0.93)), views: evicted }, want: "graz certain" },
    {
      name: "inodes are used up",
      scene: { ...on(disk(0.4, { inodes: 0.97, path: "/var/lib/containerd" })), views: evicted },
      want: "graz certain",
    },
    { name: "programs cannot write", scene: { ...port, ...on(disk(0.999)) }, more: errors, want: "graz likely" },
    { name: "there is room", scene: { ...port, ...on(disk(0.4)) }, more: errors, want: "cleared" },
    // What can fool it.
    { name: "it is nearly full and harms nobody", scene: { ...port, ...on(disk(0.96)) }, more: fine, want: "cleared" },
    { name: "a pod failed for another reason", scene: { ...on(disk(0.93)), views: gone }, want: "cleared" },
    {
      name: "errors, and there is room for writes",
      scene: { ...port, ...on(disk(0.93)) },
      more: errors,
      want: "cleared",
    },
    {
      name: "a file system without inodes",
      scene: { ...port, facts: hosts({ graz: { lines: ["@disk / 100 90 0 0"] } }) },
      more: errors,
      want: "cleared",
    },
    { name: "nobody could read it", scene: { ...port }, more: errors, want: "unknown" },
  ]);
});

describe("sysctl-drift", () => {
  const settings = (path: string, own: string, usual: string, more: Facts = () => undefined, label = "graz"): Facts =>
    both(more, (at, probe) =>
      probe === "sysctls"
        ? `/proc/sys/net/ipv4/ip_forward:1\n/proc/sys/net/${path}:${at.label === label ? own : usual}\n`
        : undefined,
    );
  const dropping = hosts({
    graz: (s) => ({ lines: [`@softnet 0 00001000 ${(16 * s).toString(16).padStart(8, "0")} 00000000 00000000`] }),
  });
  const full = hosts({
    graz: { lines: ["@sockstat TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 95", "@tcp_mem 50\t100\t150"] },
  });
  const overflowing: Facts = (at, probe, atMs) =>
    probe === "counters" && at.label === "shop/api-1"
      ? JSON.stringify({ kernel: { TcpExtListenOverflows: (atMs - startOf) / 1_000 } })
      : undefined;
  check(sysctlDrift, [
    {
      name: "a short backlog drops",
      scene: { facts: settings("core/netdev_max_backlog", "100", "1000", dropping), ...lossy },
      want: "graz possible",
    },
    {
      name: "little memory for TCP is used up",
      scene: { facts: settings("ipv4/tcp_mem", "50\t100\t150", "50000\t100000\t150000", full), ...lossy },
      want: "graz possible",
    },
    {
      name: "a pod's short queue overflows",
      scene: { facts: settings("core/somaxconn", "128", "4096", overflowing, "shop/api-1"), ...lossy },
      want: "shop/api-1 possible",
    },
    {
      name: "all are alike",
      scene: { facts: settings("core/netdev_max_backlog", "1000", "1000", dropping), ...lossy },
      want: "cleared",
    },
    // What can fool it.
    {
      name: "it is low and limits nothing",
      scene: { facts: settings("core/netdev_max_backlog", "100", "1000"), ...lossy },
      want: "cleared",
    },
    {
      name: "nothing suffers",
      scene: { facts: settings("core/netdev_max_backlog", "100", "1000", dropping) },
      want: "cleared",
    },
    {
      name: "it is a little lower",
      scene: { facts: settings("core/netdev_max_backlog", "800", "1000", dropping), ...lossy },
      want: "cleared",
    },
    { name: "nobody could read it", scene: lossy, want: "unknown" },
  ]);
});
