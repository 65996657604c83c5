import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { programs } from "../fabric.ts";
import type { LabPod } from "../model.ts";
import { findNode, findPod } from "../names.ts";
import { defineFault, type LabParts, machineOf, type Undo, whileBooted } from "./fault.ts";
import { portOf, takeMark } from "./wire.ts";
import { startWorker } from "./worker.ts";

/** What the victim may have above what it uses, and what it asks for. */
const ROOM_BYTES = 24 << 20;
const WANTED_MB = "200";

/**
 * A neighbour's process is OOM-killed again and again, and the node does not move packets while the kernel takes it
 * down: what crosses the node's uplink is held, what goes from pod to pod of the node is lost.
 */
export const oom = defineFault(
  "oom",
  {
    node: z.string("must be a node"),
    /** The victim. */
    pod: z.string("must be a pod"),
    everyS: z.number().min(1).max(600).default(5),
    /** How long packet processing stands still after each kill. */
    stallMs: z.number().int().min(0).max(10_000).default(800),
  },
  {
    rules: [
      {
        message: "must be shorter than everyS",
        path: ["stallMs"],
        holds: ({ everyS, stallMs }) => stallMs < everyS * 1_000,
      },
    ],
    ipv4Only: true,
    prepare({ node, pod: text, everyS, stallMs }, lab) {
      const { name } = findNode(lab.store, node);
      const pod = findPod(lab.store, text);
      if (pod.node !== name) throw new NetcheckError("bad-config", `Pod ${text} is on ${pod.node}, not on ${name}.`);
      if (pod.hostNetwork) throw new NetcheckError("bad-config", `Pod ${text} is in the node's own network.`);
      return {
        description: `a process of pod ${pod.namespace}/${pod.name} is OOM-killed every ${everyS} s, and ${name} moves no packets for ${stallMs} ms each time`,
        apply: () => applyOom(lab, { node: name, pod, everyS, stallMs }),
      };
    },
  },
);

type Killing = { readonly node: string; readonly pod: LabPod; readonly everyS: number; readonly stallMs: number };

async function applyOom(lab: LabParts, { node, pod, everyS, stallMs }: Killing): Promise<Undo> {
  await using stack = new AsyncDisposableStack();
  stack.defer(limitMemory(lab, pod));
  const stall = await makeStall(lab, node, stallMs);
  stack.defer(stall.release);
  const stop = new AbortController();
  const kill = async (): Promise<void> => {
    const victim = await startWorker(lab, pod, ["eat", WANTED_MB, "batch-indexer"]);
    const end = (): void => void victim.stop();
    stop.signal.addEventListener("abort", end);
    await stall.arm();
    victim.tell("now");
    const code = await victim.exited;
    stop.signal.removeEventListener("abort", end);
    if (stop.signal.aborted) return;
    if (code !== 137) throw new Error(`the victim ended with ${code} instead of being killed`);
    await stall.once(stop.signal);
  };
  let next = Date.now();
  await kill();
  const killing = (async () => {
    while (!stop.signal.aborted) {
      next = Math.max(next + everyS * 1_000, Date.now());
      await sleep(next - Date.now(), undefined, { signal: stop.signal });
      await kill();
    }
  })().catch(() => {});
  stack.defer(async () => {
    stop.abort();
    await killing;
  });
  const applied = stack.move();
  return whileBooted(machineOf(lab, node), () => applied.disposeAsync());
}

/** Lets the pod's container have little more memory than it has. */
function limitMemory(lab: LabParts, pod: LabPod): () => Promise<void> {
  const files = [
    { limit: "memory.limit_in_bytes", use: "memory.usage_in_bytes", none: "-1" },
    { limit: "memory.max", use: "memory.current", none: "max" },
  ];
  const done = lab.pods.cgroups(pod).flatMap((folder) =>
    files
      .filter(({ limit }) => existsSync(join(folder, limit)))
      .map(({ limit, use, none }) => {
        const bytes = Number(readFileSync(join(folder, use), "utf8")) + ROOM_BYTES;
        writeFileSync(join(folder, limit), String(bytes));
        return () => writeFileSync(join(folder, limit), none);
      }),
  );
  if (done.length === 0) throw new Error("this machine has no memory cgroup");
  return async () => {
    for (const undo of done) if (pod.containers[0]?.state === "running") undo();
  };
}

type Stall = {
  /** Lets the node's packets go through the gate, which is open. */
  readonly arm: () => Promise<void>;
  /** Shuts the gate for a while. */
  readonly once: (signal: AbortSignal) => Promise<void>;
  readonly release: () => Promise<void>;
};

/** Makes ready what stops a node's packets: a queue in the switch that holds them, and the bridge that keeps pods apart. */
async function makeStall(lab: LabParts, node: string, stallMs: number): Promise<Stall> {
  const { fabric } = lab;
  await using stack = new AsyncDisposableStack();
  const { mark, bit, othersLeft, release } = takeMark(fabric);
  stack.defer(async () => {
    release();
    if (!othersLeft()) await fabric.run(["sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0"]);
  });
  const queue = String(bit + 1);
  const daemon = await fabric.daemon(["/usr/bin/python3", "-ESs", `${programs}/nfqdelay.py`, queue, mark, "gate"]);
  stack.defer(() => daemon.stop());
  await fabric.run(["sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1"]);
  const match = ["-m", "mark", "--mark", `${mark}/${mark}`, "-j", "NFQUEUE", "--queue-num", queue, "--queue-bypass"];
  await fabric.run(["iptables", "-t", "mangle", "-A", "FORWARD", ...match]);
  stack.defer(async () => {
    await fabric.run(["iptables", "-t", "mangle", "-D", "FORWARD", ...match]);
  });
  // Which ports go through the gate is a set: taking a rule or a table away would drop all that is queued anywhere.
  const table = `stall${bit}`;
  const to = `ether type ip meta mark set mark or ${mark}`;
  const text = `table bridge ${table} {\n set ports { type ifname; }\n chain w {\n  type filter hook forward priority -200;\n  iifname @ports ${to}\n  oifname @ports ${to}\n }\n}\n`;
  await fabric.run(["nft", "-f", "-"], { stdin: text });
  stack.defer(async () => {
    await fabric.run(["nft", "delete", "table", "bridge", table]);
  });
  const gate = async (how: "add" | "delete"): Promise<void> => {
    await fabric.run(["nft", how, "element", "bridge", table, "ports", `{ "${portOf(lab, node)}" }`]);
  };
  const ports = lab.plan.pods.flatMap(({ pod, veth }) => (pod.node === node && veth !== undefined ? [veth] : []));
  const isolate = (how: "on" | "off"): Promise<string> =>
    machineOf(lab, node).run(["bridge", "-batch", "-"], {
      stdin: ports.map((port) => `link set dev ${port} isolated ${how}\n`).join(""),
    });
  const all = stack.move();
  return {
    async arm() {
      if (stallMs > 0) await gate("add");
    },
    async once(signal) {
      if (stallMs === 0) return;
      daemon.tell("shut");
      const pause = sleep(stallMs, undefined, { signal }).catch(() => {});
      await isolate("on");
      await pause;
      daemon.tell("open");
      await isolate("off");
      await gate("delete");
    },
    release: () => all.disposeAsync(),
  };
}
