import { z } from "zod";

/** A line of the kernel log that is about a fault. Unix milliseconds of the node's clock. */
export const kernelEventSchema = z.object({
  atMs: z.number(),
  kind: z.enum([
    "oom",
    "conntrack-full",
    "syn-flood",
    "lockup",
    "task-hung",
    "tcp-memory",
    "page-allocation",
    "neighbours-full",
    "nic-reset",
    "link",
    "martian",
    "netns-leak",
    "pcie",
    "crash",
    "files-full",
    "fork-rejected",
  ]),
  text: z.string(),
  /** Of an OOM kill or a hung task: the process. */
  process: z.string().optional(),
  /** Of an OOM kill: the pod's UID and the container's id, when the process was in one; and whose limit was reached. */
  podUid: z.string().optional(),
  container: z.string().optional(),
  scope: z.enum(["cgroup", "node"]).optional(),
  /** The cgroup of the process, when it was in no pod. */
  cgroup: z.string().optional(),
  rssKb: z.number().optional(),
  /** Of a full table: the network namespace, where the line says so. */
  netns: z.string().optional(),
  /** Of a flooded port. */
  port: z.number().optional(),
  /** Of a NIC that was reset, or a link: its device, where the line says so. */
  device: z.string().optional(),
  /** Of a page allocation failure: pages wanted as a power of two, and whether the caller could not wait (GFP_ATOMIC). */
  order: z.number().optional(),
  atomic: z.boolean().optional(),
  /** Of a PCIe error: whether the hardware repaired it. */
  corrected: z.boolean().optional(),
  /** CPU that was stuck, and for how long. */
  cpu: z.number().optional(),
  seconds: z.number().optional(),
});
export type KernelEvent = z.infer<typeof kernelEventSchema>;

type Line = { readonly atMs: number; readonly text: string };

const MAX_TEXT = 300;
/** Lines about one kill are written within this time. */
const ONE_KILL_MS = 3_000;

/**
 * Reads lines of the kernel log, in old and new wordings. Log lines say that something happened; how often is told by
 * counters, because the kernel leaves lines out.
 */
export function parseKernelLog(lines: readonly Line[]): KernelEvent[] {
  const sorted = lines.toSorted((a, b) => a.atMs - b.atMs);
  const others = sorted.flatMap((line): KernelEvent[] => {
    const found = eventOf(line.text);
    return found ? [{ atMs: line.atMs, text: line.text.slice(0, MAX_TEXT), ...found }] : [];
  });
  return [...kills(sorted), ...others].toSorted((a, b) => a.atMs - b.atMs);
}

type Found = Omit<KernelEvent, "atMs" | "text">;

/** The order matters: a soft lockup begins with `BUG:` as well. */
function eventOf(text: string): Found | undefined {
  // New kernels write `nf_conntrack: table full in netns 4026532331`, older ones no namespace for the first one.
  if (/conntrack: .*table full/i.test(text)) {
    const netns = /in netns (\d+)/.exec(text)?.[1];
    return { kind: "conntrack-full", ...(netns === undefined ? {} : { netns }) };
  }
  const stuck = /soft lockup - CPU#(\d+) stuck for (\d+)s/i.exec(text);
  if (stuck) return { kind: "lockup", cpu: Number(stuck[1]), seconds: Number(stuck[2]) };
  if (/hard LOCKUP|workqueue lockup|rcu: INFO: .*stall|rcu_\w+ (?:self-)?detected stall/i.test(text))
    return { kind: "lockup" };
  const hung = /task (\S+):\d+ blocked for more than (\d+) seconds/.exec(text);
  if (hung) return { kind: "task-hung", process: hung[1] ?? "", seconds: Number(hung[2]) };
  // "… on port 8080." and, newer, "… on port 0.0.0.0:8080."
  const flooded = /SYN flooding on port (?:\S*:)?(\d+)/.exec(text);
  if (flooded) return { kind: "syn-flood", port: Number(flooded[1]) };
  if (/TCP: .*out of memory/i.test(text)) return { kind: "tcp-memory" };
  if (/page allocation failure/.test(text)) return { kind: "page-allocation", ...allocationOf(text) };
  if (/file-max limit \d+ reached/.test(text)) return { kind: "files-full" };
  // kernel/cgroup/pids.c: the cgroup is the one whose limit was reached, or one below it.
  const forked = /fork rejected by pids controller in (\S+)/.exec(text);
  if (forked) return { kind: "fork-rejected", ...placeOf(forked[1]) };
  if (/neighbou?r table overflow/i.test(text)) return { kind: "neighbours-full" };
  if (NIC_RESET.test(text)) return { kind: "nic-reset", ...deviceOf(text) };
  if (/unregister_netdevice/.test(text)) return { kind: "netns-leak" };
  if (/martian source/.test(text)) return { kind: "martian" };
  if (/link (?:is )?(?:up|down)\b/i.test(text)) return { kind: "link" };
  // drivers/pci/pcie/aer.c: "AER: Corrected error received", "AER: Uncorrected (Non-Fatal) error received", later
  // "Correctable" and "Uncorrectable"; then "PCIe Bus Error: severity=Corrected, type=Data Link Layer".
  if (/\bAER: |PCIe Bus Error: /.test(text))
    return { kind: "pcie", corrected: /\bCorrect(?:ed|able)\b/.test(text) && !/\bUncorrect/.test(text) };
  if (/\bBUG: |\bOops\b|Kernel panic|general protection fault/.test(text)) return { kind: "crash" };
  return undefined;
}

/**
 * What drivers and the kernel say when a NIC has to be started anew. net/sched/sch_generic.c: "NETDEV WATCHDOG: eth0
 * (e1000e): transmit queue 0 timed out"; since 6.5 the device stands before it, and "CPU: 3: transmit queue 0 timed out 5016
 * ms" behind. igb, e1000e, ixgbe: "Reset adapter", "Detected Tx Unit Hang", "Detected Hardware Unit Hang"; i40e: "tx_timeout: VSI_seid: 390", "TX driver
 * issue detected, PF reset issued"; ice: "tx_timeout: VSI_num: 6"; mlx5: "TX timeout detected", "device's health
 * compromised"; bnxt_en: "TX timeout detected, starting reset task!"; ena: "Keep alive watchdog timeout.", "Reset device";
 * gve: "Performing reset".
 */
const NIC_RESET =
  /NETDEV WATCHDOG|Reset(?:ting)? adapter|(?:Tx|Hardware) Unit Hang|tx[ _]timeout(?: detected|: VSI)|PF reset issued|health compromised|Keep alive watchdog timeout|\bena\b.*Reset device|\bgve\b.*Performing reset|starting reset task/i;

/** `NETDEV WATCHDOG: eth0 (e1000e): …`, or a driver's prefix `igb 0000:01:00.0 eth0: …`, without or with its port behind. */
function deviceOf(text: string): Pick<KernelEvent, "device"> {
  const device =
    /NETDEV WATCHDOG: (?!CPU)(\S+) \(/.exec(text)?.[1] ??
    /^[\w-]+ (?:[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]|\w+) ([^\s:]+)(?: \([^)]*\))?: /.exec(text)?.[1];
  return device === undefined ? {} : { device };
}

/**
 * mm/page_alloc.c: "swapper/0: page allocation failure: order:0, mode:0x1080020(GFP_ATOMIC), nodemask=(null)"; before 4.6
 * the mode is a number alone, of which 0x20 is __GFP_HIGH and no 0x10 (__GFP_WAIT) means that it could not wait; before 3.x a
 * dot stands for the colon.
 */
function allocationOf(text: string): Pick<KernelEvent, "order" | "atomic"> {
  const order = /order:(\d+)/.exec(text)?.[1];
  const [, mode, names] = /mode:(0x[0-9a-f]+)(\([^)]*\))?/i.exec(text) ?? [];
  const atomic =
    names === undefined ? mode !== undefined && (Number(mode) & 0x30) === 0x20 : names.includes("GFP_ATOMIC");
  return { ...(order === undefined ? {} : { order: Number(order) }), ...(mode === undefined ? {} : { atomic }) };
}

type Groups = { readonly atMs: number; readonly pid?: string; readonly memcg: string; readonly text: string };

function kills(lines: readonly Line[]): KernelEvent[] {
  const events: (KernelEvent & { pid: string })[] = [];
  const groups: Groups[] = [];
  for (const { atMs, text } of lines) {
    // oom-kill:constraint=CONSTRAINT_MEMCG,…,task_memcg=/kubepods/…/pod<uid>/<id>,task=java,pid=4233,uid=0
    const summary = /oom-kill:constraint=(\w+),/.exec(text);
    if (summary) {
      const memcg = /task_memcg=([^,]*)/.exec(text)?.[1] ?? "";
      const pid = /\bpid=(\d+)/.exec(text)?.[1];
      groups.push({ atMs, memcg, text, ...(pid === undefined ? {} : { pid }) });
      continue;
    }
    const old = /Task in (\S+) killed as a result of limit of/.exec(text);
    if (old) groups.push({ atMs, memcg: old[1] ?? "", text });
    const killed = /Kill(?:ed)? process (\d+)(?:, UID \d+,)? \(([^)]*)\)/.exec(text);
    if (!killed) continue;
    const [, pid = "", process = ""] = killed;
    const again = events.find((event) => event.pid === pid && atMs - event.atMs < ONE_KILL_MS);
    const rss = /anon-rss:(\d+)kB/.exec(text)?.[1];
    const memory = rss === undefined ? {} : { rssKb: Number(rss) };
    if (again) {
      Object.assign(again, memory);
      continue;
    }
    const group = groups.findLast(
      (one) => (one.pid === undefined || one.pid === pid) && Math.abs(atMs - one.atMs) < ONE_KILL_MS,
    );
    const scope = /memory cgroup/i.test(text) || group?.text.includes("CONSTRAINT_MEMCG") || old ? "cgroup" : "node";
    events.push({
      atMs,
      kind: "oom",
      text: text.slice(0, MAX_TEXT),
      pid,
      process,
      scope,
      ...placeOf(group?.memcg),
      ...memory,
    });
  }
  return events.map(({ pid: _, ...event }) => event);
}

/** `/kubepods/burstable/pod<uid>/<id>`, or as systemd names it: `…/kubepods-pod<uid with _>.slice/cri-containerd-<id>.scope`. */
function placeOf(memcg: string | undefined): Pick<KernelEvent, "podUid" | "container" | "cgroup"> {
  if (memcg === undefined || memcg === "") return {};
  const pod =
    /pod([0-9a-f]{8}[-_][0-9a-f_-]{20,27}|[0-9a-f]{32})(?:\.slice)?(?:\/(?:[a-z-]+-)?([0-9a-f]{12,64}))?/.exec(memcg);
  if (!pod) return { cgroup: memcg };
  const podUid = (pod[1] ?? "").replaceAll("_", "-");
  return { podUid, ...(pod[2] === undefined ? {} : { container: pod[2] }) };
}
