import { expect, test } from "vitest";
import { parseKernelLog } from "#src/core/kernel-log.ts";

const one = (...texts: readonly string[]) => parseKernelLog(texts.map((text, n) => ({ atMs: 1_000 + n, text })));
const uid = "f9fd9cc7-df1b-4ac8-989c-899b053e7b29";
const id = "79e101df226bd3005430ee44cfbf59eede20ba12e2e7d453992688021ec15959";

test.each([
  ["nf_conntrack: table full, dropping packet", { kind: "conntrack-full" }],
  ["nf_conntrack: nf_conntrack: table full, dropping packet", { kind: "conntrack-full" }],
  [
    "nf_conntrack: nf_conntrack: table full in netns 4026532331, dropping packet",
    { kind: "conntrack-full", netns: "4026532331" },
  ],
  ["watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [kworker/3:1:88]", { kind: "lockup", cpu: 3, seconds: 26 }],
  ["rcu: INFO: rcu_sched self-detected stall on CPU", { kind: "lockup" }],
  ["INFO: rcu_sched detected stalls on CPUs/tasks: { 2}", { kind: "lockup" }],
  [
    "INFO: task jbd2/sda1-8:312 blocked for more than 120 seconds.",
    { kind: "task-hung", process: "jbd2/sda1-8", seconds: 120 },
  ],
  [
    "TCP: request_sock_TCP: Possible SYN flooding on port 8080. Sending cookies.  Check SNMP counters.",
    { kind: "syn-flood", port: 8080 },
  ],
  [
    "TCP: request_sock_TCP: Possible SYN flooding on port 10.0.0.4:443. Dropping request.",
    { kind: "syn-flood", port: 443 },
  ],
  ["TCP: out of memory -- consider tuning tcp_mem", { kind: "tcp-memory" }],
  ["kworker/0:1: page allocation failure: order:2, mode:0x20", { kind: "page-allocation", order: 2, atomic: true }],
  [
    "swapper/0: page allocation failure: order:0, mode:0x1080020(GFP_ATOMIC), nodemask=(null)",
    { kind: "page-allocation", order: 0, atomic: true },
  ],
  ["java: page allocation failure. order:1, mode:0xd0", { kind: "page-allocation", order: 1, atomic: false }],
  [
    "java: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL), nodemask=(null)",
    { kind: "page-allocation", order: 0, atomic: false },
  ],
  [
    "ixgbe 0000:01:00.0 ens5: NETDEV WATCHDOG: CPU: 3: transmit queue 5 timed out 5016 ms",
    { kind: "nic-reset", device: "ens5" },
  ],
  ["igb 0000:01:00.0 eth0: Reset adapter", { kind: "nic-reset", device: "eth0" }],
  ["e1000e 0000:00:19.0 eno1: Detected Hardware Unit Hang:", { kind: "nic-reset", device: "eno1" }],
  ["ixgbe 0000:01:00.0 eth2: Detected Tx Unit Hang", { kind: "nic-reset", device: "eth2" }],
  ["i40e 0000:5e:00.0 ens3f0: tx_timeout: VSI_seid: 390, Q 5, NTC: 0x1a2", { kind: "nic-reset", device: "ens3f0" }],
  ["i40e 0000:5e:00.0: TX driver issue detected, PF reset issued", { kind: "nic-reset" }],
  ["mlx5_core 0000:3b:00.0 ens1f0np0: TX timeout detected", { kind: "nic-reset", device: "ens1f0np0" }],
  ["mlx5_core 0000:3b:00.0: poll_health:800: device's health compromised - reached miss count", { kind: "nic-reset" }],
  ["bnxt_en 0000:19:00.0 eno1np0: TX timeout detected, starting reset task!", { kind: "nic-reset", device: "eno1np0" }],
  ["ena 0000:00:05.0: Keep alive watchdog timeout.", { kind: "nic-reset" }],
  ["gve 0000:00:04.0 eth0: Performing reset", { kind: "nic-reset", device: "eth0" }],
  ["pcieport 0000:00:1c.0: AER: Corrected error received: 0000:3b:00.0", { kind: "pcie", corrected: true }],
  ["pcieport 0000:00:1c.0: AER: Uncorrected (Fatal) error received: 0000:3b:00.0", { kind: "pcie", corrected: false }],
  [
    "mlx5_core 0000:3b:00.0: PCIe Bus Error: severity=Correctable, type=Physical Layer, (Receiver ID)",
    { kind: "pcie", corrected: true },
  ],
  ["VFS: file-max limit 65536 reached", { kind: "files-full" }],
  [
    "cgroup: fork rejected by pids controller in /kubepods/burstable/podf9fd9cc7-df1b-4ac8-989c-899b053e7b29/79e101df226b",
    { kind: "fork-rejected", podUid: "f9fd9cc7-df1b-4ac8-989c-899b053e7b29" },
  ],
  ["BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 31s!", { kind: "lockup" }],
  ["general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP", { kind: "crash" }],
  ["Kernel panic - not syncing: Fatal exception in interrupt", { kind: "crash" }],
  ["neighbour: arp_cache: neighbor table overflow!", { kind: "neighbours-full" }],
  ["NETDEV WATCHDOG: eth0 (ixgbe): transmit queue 5 timed out", { kind: "nic-reset" }],
  ["mlx5_core 0000:3b:00.0 ens1f0: Link down", { kind: "link" }],
  ["unregister_netdevice: waiting for veth1 to become free. Usage count = 1", { kind: "netns-leak" }],
  ["BUG: kernel NULL pointer dereference, address: 0000000000000008", { kind: "crash" }],
])("%.50s…", (text, expected) => {
  expect(one(text)).toEqual([expect.objectContaining(expected)]);
});

test.each([
  ["cgroupfs", `/kubepods/burstable/pod${uid}/${id}`],
  ["below a folder of the host", `/a/${"b".repeat(32)}/node-2/kubepods/burstable/pod${uid}/${id}`],
  [
    "systemd",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll("-", "_")}.slice/cri-containerd-${id}.scope`,
  ],
])("an OOM kill names process, pod and container: %s", (_, memcg) => {
  const events = one(
    `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=${id},mems_allowed=0,oom_memcg=${memcg},task_memcg=${memcg},task=java,pid=4233,uid=0`,
    "Memory cgroup out of memory: Killed process 4233 (java) total-vm:4194304kB, anon-rss:524288kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:108kB oom_score_adj:968",
  );
  expect(events).toEqual([
    expect.objectContaining({
      kind: "oom",
      process: "java",
      podUid: uid,
      container: id,
      scope: "cgroup",
      rssKb: 524_288,
    }),
  ]);
});

test("older kernels say it in other words, and twice", () => {
  const events = one(
    `Task in /kubepods/burstable/pod${uid}/${id} killed as a result of limit of /kubepods/burstable/pod${uid}`,
    "Memory cgroup out of memory: Kill process 99 (ruby) score 1042 or sacrifice child",
    "Killed process 99 (ruby) total-vm:400000kB, anon-rss:200000kB, file-rss:100kB",
  );
  expect(events).toEqual([
    expect.objectContaining({ process: "ruby", podUid: uid, container: id, scope: "cgroup", rssKb: 200_000 }),
  ]);
});

test("when the node itself is out of memory the kill is the node's", () => {
  const events = one(
    "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/system.slice/logstash.service,task=java,pid=7,uid=998",
    "Out of memory: Killed process 7 (java) total-vm:1kB, anon-rss:2kB",
  );
  expect(events).toEqual([
    expect.objectContaining({ scope: "node", cgroup: "/system.slice/logstash.service", process: "java" }),
  ]);
});

test("other lines, and lines that were cut anywhere, do no harm", () => {
  expect(one("veth1: entered promiscuous mode", "", "cni0: port 2(veth1) entered disabled state")).toEqual([]);
  const line = `oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/kubepods/pod${uid}/${id},task=java,pid=4233,uid=0`;
  for (let end = 0; end <= line.length; end++)
    expect(() => one(line.slice(0, end), "Killed process 4233 (ja")).not.toThrow();
});
